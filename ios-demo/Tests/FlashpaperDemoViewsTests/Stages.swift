import FlashpaperTesting
import SwiftUI

@testable import FlashpaperDemoModel
@testable import FlashpaperDemoViews

extension Stage {
    /// Each picture and what is on it: each is drawn in light and in dark.
    static let all = most + rare

    private static let most: [(String, [Stage])] = [
        (
            "01-start",
            [
                Stage(caption: "the first screen") { _ in },
                Stage(caption: "bridges are chosen before anything connects") { theatre in
                    guard case .start(let start) = theatre.app.page(.start) else { return }
                    start.choose(.bridges)
                },
            ]
        ),
        (
            "02-creating",
            [
                Stage(caption: "Tor is blocked") { theatre in
                    theatre.fake.fail(.startTor, with: .torBlocked)
                    try await theatre.begin()
                },
                Stage(caption: "the server asks") { theatre in
                    theatre.fake.ask(Theatre.captcha)
                    try await theatre.begin()
                },
            ]
        ),
        (
            "03-burners",
            [
                Stage(caption: "all burners") { theatre in
                    try await theatre.twoBurners()
                },
                Stage(caption: "not connected, and a removal waits for its server") { theatre in
                    try await theatre.twoBurners()
                    theatre.fake.nextBurn(is: BurnReport(outcome: .queued, reason: .serverUnreachable))
                    _ = try await theatre.fake.burn(theatre.fake.state.burners[1].id)
                    theatre.fake.setTor(.connecting(0.6, .directory))
                },
            ]
        ),
        (
            "04-contacts",
            [
                Stage(caption: "contacts, and people who are not known") { theatre in
                    try await theatre.contacts()
                },
                Stage(caption: "the burner's own code") { theatre in
                    _ = try await theatre.withBurner()
                } shows: { app in
                    guard case .contacts(let contacts) = app.page(app.state.screen) else { return SwiftUI.draw(EmptyView()) }
                    return SwiftUI.draw(OwnCodeView(state: contacts.state))
                },
            ]
        ),
        (
            "05-chat-waiting",
            [
                Stage(caption: "nothing private yet") { theatre in
                    _ = try await theatre.chatting(false)
                },
                Stage(caption: "a text waits until the contact is online") { theatre in
                    let chat = try await theatre.chatting(false)
                    try await theatre.say("Is the bicycle still there?", chat)
                },
            ]
        ),
        (
            "06-chat-private",
            [
                Stage(caption: "private, not verified") { theatre in
                    _ = try await theatre.chatting()
                },
                Stage(caption: "private and verified") { theatre in
                    let chat = try await theatre.chatting()
                    try await theatre.verified(chat)
                    try await theatre.say("Through the green gate.", chat)
                },
            ]
        ),
        (
            "07-chat-changed-ended",
            [
                Stage(caption: "another safety code: verifying comes first") { theatre in
                    let chat = try await theatre.chatting()
                    theatre.mara.changesKey()
                    try await theatre.until { chat.state.mode == .keyChanged }
                    theatre.mara.sends("It is me.", to: theatre.burner)
                    try await theatre.until { chat.state.bubbles.count == 4 }
                },
                Stage(caption: "the contact has ended it; one text was not delivered") { theatre in
                    let chat = try await theatre.chatting()
                    theatre.mara.endsPrivate()
                    try await theatre.until { chat.state.mode == .finished }
                    try await theatre.say("Are you there?", chat)
                    let last = chat.state.bubbles[3].id
                    theatre.mara.fails(last, .unreachable, at: theatre.burner)
                    try await theatre.until { chat.state.bubbles.last?.canRetry == true }
                },
            ]
        ),
        (
            "08-chat-stranger-clear",
            [
                Stage(caption: "somebody who is not known, in the clear") { theatre in
                    _ = try await theatre.withBurner()
                    let stranger = theatre.fake.peer(JID(rawValue: "k4711@other.example"))
                    stranger.sends("Hello, is this about the bicycle?", to: theatre.burner)
                    theatre.app.go(to: .chat(theatre.burner, stranger.jid))
                },
                Stage(caption: "accepting a code asks once more") { theatre in
                    let chat = try await theatre.chatting()
                    theatre.mara.changesKey()
                    try await theatre.until { chat.state.mode == .keyChanged }
                    chat.act(.acceptKey)
                },
            ]
        ),
        (
            "09-verify",
            [
                Stage(caption: "by a question") { theatre in
                    let verify = try await theatre.verify(try await theatre.chatting())
                    verify.writeQuestion("Whose dog was it?")
                    verify.writeSecret("the neighbour's")
                },
                Stage(caption: "by digits that are read aloud") { theatre in
                    let verify = try await theatre.verify(try await theatre.chatting())
                    verify.choose(.digits)
                },
            ]
        ),
        (
            "10-verified-not",
            [
                Stage(caption: "not the same secret") { theatre in
                    let verify = try await theatre.verify(try await theatre.chatting())
                    verify.writeSecret("cat")
                    verify.compare()
                    try await theatre.until { verify.state.waits != nil }
                    theatre.mara.knows("dog")
                    try await theatre.until { verify.state.result != nil }
                },
                Stage(caption: "the contact asks") { theatre in
                    let verify = try await theatre.verify(try await theatre.chatting())
                    theatre.mara.asks("Where did we meet?", secret: "at the lake", of: theatre.burner)
                    try await theatre.until { verify.state.asked != nil }
                },
            ]
        ),
        (
            "11-words",
            [
                Stage(caption: "recovery words, shown once", size: (390, 1020)) { theatre in
                    try await theatre.words()
                },
                Stage(caption: "brought back from them: some are missing") { theatre in
                    theatre.app.go(to: .restore)
                    guard case .restore(let restore) = theatre.app.page(.restore) else { return }
                    restore.writeWords("apple river stone")
                    restore.writeServer("chat.example")
                    restore.restore()
                    try await theatre.until { restore.state.words.fault != nil }
                },
            ]
        ),
        (
            "12-settings",
            [
                Stage(caption: "a burner's settings", size: (390, 1240)) { theatre in
                    _ = try await theatre.withBurner()
                    theatre.app.settings(theatre.burner)
                    try await theatre.fake.burner(theatre.burner)?.setExpiry(theatre.fake.now + 86_400)
                },
                Stage(caption: "the app's settings", size: (390, 1240)) { theatre in
                    _ = try await theatre.withBurner()
                    theatre.app.settings()
                },
            ]
        ),
        (
            "24-persian",
            [
                Stage(caption: "from right to left", language: "fa") { theatre in
                    _ = try await theatre.chatting()
                },
                Stage(caption: "all burners, from right to left", language: "fa") { theatre in
                    try await theatre.twoBurners()
                },
            ]
        ),
        (
            "25-large-text",
            [
                Stage(caption: "twice the size of text on a narrow screen", size: (320, 1100), text: 2) { theatre in
                    _ = try await theatre.chatting()
                },
                Stage(caption: "twice the size of text on a narrow screen", size: (320, 1100), text: 2) { theatre in
                    try await theatre.contacts()
                },
            ]
        ),
    ]
}
