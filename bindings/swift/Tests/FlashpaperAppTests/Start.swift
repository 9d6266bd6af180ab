import FlashpaperKit
import Foundation

func start(folder: URL, key: Key, friend: String, privateNetwork: String?) async throws -> BurnOutcome {
    let library = try await FlashpaperLibrary.open(Config(folder: folder, key: key, privateNetwork: privateNetwork))
    try await library.startTor()                       // touches the network for the first time
    let creation = library.create()                    // its progress() tells each step and each question
    let burner = try await creation.burner             // cancel the task, and it is gone at the server, too
    try await burner.connect()
    let chat = try await burner.add(friend)            // a bare JID, or a link with the friend's key
    try await chat.send("hello")                       // never in the clear: it waits until the friend is there
    for await state in chat.states() where state.outbox == 0 { break }
    try await chat.compare("rex", question: "What was our dog called?")
    for await state in chat.states() where state.security == .verified { break }   // the friend has typed the same
    let report = try await burner.burn()
    await library.close()
    return report.outcome
}
