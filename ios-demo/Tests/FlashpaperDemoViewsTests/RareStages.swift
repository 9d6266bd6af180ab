import FlashpaperTesting
import SwiftUI

@testable import FlashpaperDemoModel
@testable import FlashpaperDemoViews

/// What ends, fails or asks once more.
extension Stage {
    static let rare: [(String, [Stage])] = [
        (
            "13-burn",
            [
                Stage(caption: "burning takes a button that is held") { theatre in
                    _ = try await theatre.withBurner()
                    theatre.app.go(to: .burn(theatre.burner))
                },
                Stage(caption: "without a network: the server is asked later") { theatre in
                    _ = try await theatre.withBurner()
                    theatre.fake.setTor(.blocked(.offline))
                    try await theatre.burnt()
                },
            ]
        ),
        (
            "14-panic-unlock",
            [
                Stage(caption: "the second touch of a panic is a slide") { theatre in
                    _ = try await theatre.withBurner()
                    theatre.app.panic()
                },
                Stage(caption: "locked, with a passphrase that was wrong") { theatre in
                    theatre.refuse(.vaultLocked)
                    await theatre.app.launched()
                    guard case .unlock(let unlock) = theatre.app.page(.unlock) else { return }
                    theatre.refuse(.vaultLocked)
                    unlock.writePassphrase("open sesame")
                    unlock.unlock()
                    try await theatre.until { unlock.state.passphrase?.fault != nil }
                },
            ]
        ),
        (
            "15-panic-done",
            [
                Stage(caption: "after a panic") { theatre in
                    try await theatre.panics(PanicReport())
                },
                Stage(caption: "a panic that has left something: once more, or close") { theatre in
                    try await theatre.panics(PanicReport(filesLeft: .storage))
                },
            ]
        ),
        (
            "16-chat-held-offline",
            [
                Stage(caption: "the burner's server holds its messages back") { theatre in
                    let chat = try await theatre.chatting()
                    theatre.fake.setConnection(of: theatre.burner, to: .quarantined)
                    try await theatre.until { chat.state.mode == .quarantined }
                },
                Stage(caption: "not connected: a text waits") { theatre in
                    let chat = try await theatre.chatting()
                    theatre.mara.goesOffline()
                    theatre.fake.setTor(.blocked(.offline))
                    try await theatre.until { chat.state.offline != nil }
                    try await theatre.say("I am late.", chat)
                },
            ]
        ),
        (
            "17-chat-blocked-link",
            [
                Stage(caption: "a contact who is blocked") { theatre in
                    let chat = try await theatre.chatting()
                    chat.act(.block)
                    chat.confirm()
                    try await theatre.until { chat.state.mode == .blocked }
                },
                Stage(caption: "a link asks before it leaves Tor") { theatre in
                    let chat = try await theatre.chatting()
                    theatre.mara.sends("It looks like this: https://shop.example/bicycle", to: theatre.burner)
                    try await theatre.until { chat.state.bubbles.count == 4 }
                    chat.touchLink("https://shop.example/bicycle")
                },
            ]
        ),
        (
            "18-chat-verified-you-sure",
            [
                Stage(caption: "only the contact has verified") { theatre in
                    let chat = try await theatre.chatting()
                    let verify = try await theatre.verify(chat)
                    theatre.mara.asks("Where did we meet?", secret: "at the lake", of: theatre.burner)
                    try await theatre.until { verify.state.asked != nil }
                    verify.writeSecret("at the lake")
                    verify.compare()
                    try await theatre.until { chat.state.mode == .theyVerifiedYou }
                    theatre.app.back()
                },
                Stage(caption: "deleting a text asks once more") { theatre in
                    let chat = try await theatre.chatting()
                    chat.delete(chat.state.bubbles[1].id)
                },
                Stage(caption: "blocking asks once more") { theatre in
                    let chat = try await theatre.chatting()
                    chat.act(.block)
                },
            ]
        ),
        (
            "19-add-contact",
            [
                Stage(caption: "a contact is added") { theatre in
                    let contacts = try await theatre.withBurner()
                    contacts.writeAddress("jo@post.example")
                } shows: { app in
                    add(app)
                },
                Stage(caption: "another safety code than before is asked about") { theatre in
                    try await theatre.anotherCode()
                } shows: { app in
                    add(app)
                },
            ]
        ),
        (
            "20-burning",
            [
                Stage(caption: "the button is held") { theatre in
                    _ = try await theatre.withBurner()
                    theatre.app.go(to: .burn(theatre.burner))
                    guard case .burn(let burn) = theatre.app.page(theatre.app.state.screen) else { return }
                    theatre.pass(moments: 18)
                    burn.holdStarted()
                    try await theatre.until { burn.state.held > 0.55 }
                },
                Stage(caption: "the account is gone, and that was proven") { theatre in
                    _ = try await theatre.withBurner()
                    try await theatre.burnt()
                },
            ]
        ),
        (
            "21-settings-sure",
            [
                Stage(caption: "a history that keeps less asks once more") { theatre in
                    _ = try await theatre.withBurner()
                    try await theatre.fake.burner(theatre.burner)?.setHistory(.untilBurn)
                    theatre.app.settings(theatre.burner)
                    guard case .settings(let settings) = theatre.app.page(theatre.app.state.screen) else { return }
                    settings.setHistory(.oneDay)
                },
                Stage(caption: "an expiry asks once more") { theatre in
                    _ = try await theatre.withBurner()
                    theatre.app.settings(theatre.burner)
                    guard case .settings(let settings) = theatre.app.page(theatre.app.state.screen) else { return }
                    settings.setExpiry(.oneWeek)
                },
            ]
        ),
        (
            "22-store-question",
            [
                Stage(caption: "a store that does not open") { theatre in
                    theatre.refuse(.vaultDamaged)
                    await theatre.app.launched()
                },
                Stage(caption: "a server's form: what is needed, and what is missing", size: (390, 1060)) { theatre in
                    theatre.fake.ask(Theatre.form)
                    try await theatre.begin()
                    guard case .creating(let creating) = theatre.app.page(.creating) else { return }
                    creating.choose(2, 1)
                    creating.send()
                    try await theatre.until { creating.state.question?.fields.contains { $0.fault != nil } == true }
                },
            ]
        ),
        (
            "23-wide",
            [
                Stage(caption: "a wide screen", size: (820, 620)) { theatre in
                    let chat = try await theatre.chatting()
                    try await theatre.verified(chat)
                },
            ]
        ),
    ]

    /// The sheet over the contacts.
    @MainActor private static func add(_ app: AppModel) -> Node {
        guard case .contacts(let contacts) = app.page(app.state.screen) else { return SwiftUI.draw(EmptyView()) }
        return SwiftUI.draw(AddView(model: contacts) { _ in AnyView(EmptyView()) })
    }
}
