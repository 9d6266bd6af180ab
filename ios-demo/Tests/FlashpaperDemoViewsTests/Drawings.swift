import FlashpaperTesting
import Foundation
import SwiftUI
import Testing

@testable import FlashpaperDemoModel
@testable import FlashpaperDemoViews

/// All screens in all their states, drawn from the real models over the fake by the app's own views.
@MainActor
@Suite(.serialized) struct Drawings {
    private struct Phone {
        let caption: String
        let node: Node
        var isDark = false
        var language = "en"
        var size = (390, 780)
        var text = 1.0
    }

    @Test func drawings() async throws {
        var pages: [(String, [Phone])] = []
        for (name, stages) in Stage.all {
            var phones: [Phone] = []
            for stage in stages {
                try speak(stage.language)
                let node = try await stage.draw()
                check(node, "\(name): \(stage.caption)")
                for isDark in [false, true] {
                    phones.append(
                        Phone(
                            caption: stage.caption, node: node, isDark: isDark, language: stage.language, size: stage.size,
                            text: stage.text))
                }
            }
            pages.append((name, phones))
        }
        #expect(pages.count >= 12)
        guard let folder = ProcessInfo.processInfo.environment["DRAWINGS"] else { return }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (name, phones) in pages {
            try html(phones).write(toFile: "\(folder)/\(name).html", atomically: true, encoding: .utf8)
        }
    }

    /// A dialog of the screen below a sheet does not show.
    @Test func anotherSafetyCodeIsAskedAboutAboveTheSheet() async throws {
        try speak("en")
        let theatre = Theatre()
        await theatre.app.launched()
        try await theatre.anotherCode()
        guard case .contacts(let contacts) = theatre.app.page(theatre.app.state.screen) else { throw CancellationError() }
        #expect(SwiftUI.draw(AddView(model: contacts) { _ in AnyView(EmptyView()) }).all("dialog").count == 1)
        #expect(SwiftUI.draw(AppView(app: theatre.app) { _ in AnyView(EmptyView()) }).all("dialog").isEmpty)
    }

    /// Who was burned does not speak any more.
    @Test func aReportOfABurnSaysWhoTheUserWas() async throws {
        try speak("en")
        let stage = try #require(Stage.all.first { $0.0 == "13-burn" }).1[1]
        let words = try await stage.draw().words.joined(separator: " ")
        #expect(words.contains("You were \u{2068}Flea market") && !words.contains("You are"))
    }

    /// All that is on a screen is words of the catalogue or somebody's own, and nothing is without a name.
    private func check(_ node: Node, _ what: String) {
        #expect(!node.words.isEmpty, "\(what)")
        for word in node.words {
            #expect(!word.contains("%1$") && !word.hasPrefix("?"), "\(what): \(word)")
        }
        for button in node.all("button") { #expect(!button.words.joined().isEmpty, "\(what): a button without a word") }
        // No sign is a colour or a picture alone.
        for symbol in node.all("label") { #expect(!symbol.words.joined().isEmpty, "\(what): a picture alone") }
    }

    private func speak(_ language: String) throws {
        let texts = try Catalogue.load().texts(language)
        Words.table = { texts[$0] ?? "?\($0)" }
        Words.locale = Locale(identifier: language)
    }

    /// A row for each stage: the same in light and in dark.
    private func html(_ phones: [Phone]) -> String {
        let width = phones.map { 2 * $0.size.0 + 60 }.max() ?? 0
        let height = stride(from: 0, to: phones.count, by: 2).reduce(20) { $0 + phones[$1].size.1 + 72 }
        let figures = phones.map { phone in
            let (kind, turn) = (phone.isDark ? "dark" : "light", phone.language == "fa" ? "rtl" : "ltr")
            return """
                <figure style="--width:\(phone.size.0)px;--height:\(phone.size.1)px"><div class="phone \(kind)" dir="\(turn)" \
                style="--text:\(phone.text)">\(phone.node.html)</div><figcaption>Drawing, not a screenshot: \(phone.caption)</figcaption></figure>
                """
        }
        return "<body data-size=\"\(width) \(height)\" style=\"width:\(width)px\">\(figures.joined())</body>"
    }
}
