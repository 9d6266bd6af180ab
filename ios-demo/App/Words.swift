import FlashpaperKit

// The app's words for what the library tells. One sentence each.

func words(for error: FlashpaperError) -> String {
    switch error {
    case .Auth: "The server does not accept the login."
    case .NoSuchBurner: "This burner is not here any more."
    default: words(for: error.action, code: error.code)
    }
}

private func words(for action: Action, code: String) -> String {
    switch action {
    case .checkNetwork: "Tor cannot be reached. Check the network."
    case .setClock: "The clock is wrong. Set it, then try again."
    case .updateApp: "This app is too old for the Tor network. Update it."
    case .tryLater: "The server does not answer or asks to wait. Try again later."
    case .chooseServer: "This server cannot be used. Try again: another may be drawn."
    case .unlock: "The passphrase is wrong."
    case .freeSpace: "The device is full. Free some space."
    case .closeOther: "Another app or window uses this folder. Close it."
    case .correctInput: "This input cannot be used."
    case .report: "Something is broken. Please report it: \(code)."
    case .nothing: "It has ended."
    }
}

func words(for outcome: BurnOutcome) -> String {
    switch outcome {
    case .proven: "Burned: the server refuses the login."
    case .alreadyGone: "Burned: the server did not know it any more."
    case .unproven: "Removed, but not yet proven. It will be tried again."
    case .queued: "The server could not be asked yet. It will be tried again."
    }
}

func words(for step: Step) -> String {
    switch step {
    case .sealed: "Identity drawn and sealed"
    case .connected: "Connected through Tor"
    case .secured: "Server's certificate checked"
    case .registered: "Registered"
    case .loggedIn: "Logged in"
    case .reachable: "Can be reached"
    case .removed: "Removed at the server"
    case .provenGone: "Shown to be gone"
    }
}

func words(for burner: Burner) -> String {
    let route = burner.via == .onion ? "by onion service" : "through an exit"
    return switch burner.state {
    case .pending: "Not finished, \(route)"
    case .active: "Active, \(route)"
    case .burning: "Being removed, \(route)"
    }
}
