import FlashpaperKit

/// Where the user is. The way there is a list of these: see ``AppState/way``.
public enum Screen: Hashable, Sendable {
    /// Direct or bridges, and one button.
    case start
    /// A burner is being made.
    case creating
    /// All burners.
    case burners
    /// Brings a burner back from its words.
    case restore
    /// The contacts of a burner.
    case contacts(BurnerID)
    /// A conversation.
    case chat(BurnerID, JID)
    /// Shows that a contact is who they say.
    case verify(BurnerID, JID)
    /// A burner's recovery words, shown once.
    case words(BurnerID)
    /// The app's settings, and those of a burner where one is given.
    case settings(BurnerID?)
    /// Burns a burner.
    case burn(BurnerID)
    /// How a burn went.
    case burnReport(BurnerID)
    /// Ends everything on this device.
    case panic
    /// The store is locked.
    case unlock

    /// The burner without which it is left.
    var burner: BurnerID? {
        switch self {
        case .contacts(let id), .chat(let id, _), .verify(let id, _), .words(let id): id
        case .settings(let id): id
        case .start, .creating, .burners, .restore, .burn, .burnReport, .panic, .unlock: nil
        }
    }
}

/// What holds for all screens.
public struct AppState: Equatable, Sendable {
    /// The way to the screen that is shown, which is the last. Never empty.
    public internal(set) var way: [Screen] = [.start]
    /// What is wrong as long as the app runs: a network for tests, a damaged store. On top of each screen.
    public internal(set) var warnings: [Sign] = []
    /// The app is not in front: nothing of it is to be seen.
    public internal(set) var covered = false

    public var screen: Screen { way[way.count - 1] }

    /// Back leads to another screen of the app. Otherwise it leaves the app.
    public var canGoBack: Bool { way.count > 1 }

    /// The panic button is on every screen but its own.
    public var canPanic: Bool { screen != .panic }
}

/// A screen's model.
public enum Page {
    case start(StartModel)
    case creating(CreatingModel)
    case burners(BurnersModel)
    case restore(RestoreModel)
    case contacts(ContactsModel)
    case chat(ChatModel)
    case verify(VerifyModel)
    case words(WordsModel)
    case settings(SettingsModel)
    case burn(BurnModel)
    case burnReport(BurnReportModel)
    case panic(PanicModel)
    case unlock(UnlockModel)

    var model: any ScreenModel {
        switch self {
        case .start(let model): model
        case .creating(let model): model
        case .burners(let model): model
        case .restore(let model): model
        case .contacts(let model): model
        case .chat(let model): model
        case .verify(let model): model
        case .words(let model): model
        case .settings(let model): model
        case .burn(let model): model
        case .burnReport(let model): model
        case .panic(let model): model
        case .unlock(let model): model
        }
    }
}

/// What the app asks of the models of its screens.
@MainActor
protocol ScreenModel: AnyObject {
    /// Something may have changed: makes the state anew.
    func refresh()
    /// Something is in front of the app.
    func covered()
    /// The screen is left.
    func leave()
    /// The screen that was on top of it is left.
    func returned()
}

extension ScreenModel {
    func covered() {}
    func leave() {}
    func returned() {}
}
