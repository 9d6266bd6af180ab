import Foundation
import FoundationXML
import Testing

@testable import FlashpaperDemoModel

/// Both sample apps are one: the same screens, the same names of states, the same words.
@Suite struct SameAppTests {
    @Test(arguments: ["en", "fa"])
    func theWordsAreThoseOfTheAndroidApp(_ language: String) throws {
        let file = "app/src/main/res/values\(language == "en" ? "" : "-\(language)")/strings.xml"
        let android = try Resources(Files.text(file, in: Files.android)).strings
        let catalogue = try Catalogue.load().texts(language)
        #expect(android.count > 250)
        #expect(Set(android.keys) == Set(catalogue.keys), "run Tools/strings.py")
        for (key, text) in android { #expect(catalogue[key] == text, "\(key): run Tools/strings.py") }
    }

    @Test func everyKeyOfTheModelIsInEveryLanguage() throws {
        let catalogue = try Catalogue.load()
        #expect(catalogue.sourceLanguage == "en")
        #expect(Set(TextKey.allCases.map(\.rawValue)) == Set(catalogue.strings.keys))
        for language in ["en", "fa"] {
            let texts = catalogue.texts(language)
            for key in TextKey.allCases {
                let places = Set((texts[key.rawValue] ?? "").matches(of: /%(\d+)\$@/).compactMap { Int($0.output.1) })
                #expect(places == Set(1..<key.places + 1), "\(language) \(key)")
            }
        }
    }

    @Test func theScreensAreThoseOfTheAndroidApp() throws {
        let kotlin = try model("Screen.kt").matches(of: /data (?:object|class) (\w+).*: Screen/).map { String($0.output.1) }
        let swift = try Files.text("Sources/FlashpaperDemoModel/Screen.swift")
        let body = try #require(swift.firstMatch(of: /public enum Screen.*?\n}/.dotMatchesNewlines())).output
        let own = body.matches(of: /\n    case (\w+)/).map { String($0.output.1).capitalizedFirst }
        #expect(own == kotlin && own.count == 13)
        let views = try Files.all("View.swift", below: Files.demo.appending(path: "App/Views")).map {
            try Files.text("App/Views/\($0)")
        }.joined()
        for screen in own { #expect(views.contains("struct \(screen)View: View"), "\(screen) has no view") }
    }

    /// Names and fields, in their order. Swift calls `Text` a `Phrase` and `Button` an `ActButton`: SwiftUI has these names.
    @Test(arguments: ["Look", "StartState", "BurnersState", "ContactsState", "ChatState", "VerifyState", "SettingsState", "BurnState"])
    func theStatesAreThoseOfTheAndroidApp(_ file: String) throws {
        let kotlin = try model("\(file).kt")
        let swift = try Files.text("Sources/FlashpaperDemoModel/\(file).swift")
        var names = 0
        for found in kotlin.matches(of: /data class (\w+)(?:<A>)?\((.*?)\)\n/.dotMatchesNewlines()) {
            let name = found.output.1 == "Button" ? "ActButton" : String(found.output.1)
            let theirs = found.output.2.matches(of: /val (\w+):/).map { String($0.output.1) }
            let body = try #require(
                swift.firstMatch(of: Regex("public struct \(name)\\b[^{]*\\{(.*?)\\n(?:\\}|    public init)").dotMatchesNewlines()), "\(name)")
            let text = String(body.output[1].substring ?? "")
            #expect(text.matches(of: /public (?:let|private\(set\) var) (\w+):/).map { String($0.output.1) } == theirs, "\(name)")
            names += 1
        }
        for found in kotlin.matches(of: /enum class (\w+) \{(.*?)\}/.dotMatchesNewlines()) {
            let theirs = found.output.2.replacing(/\/\*\*.*?\*\//.dotMatchesNewlines(), with: "").matches(of: /[A-Z][A-Z_]*/)
                .map { String($0.output).camelCase }
            let body = try #require(
                swift.firstMatch(of: Regex("public enum \(found.output.1): [^{]*\\{(.*?)\\n\\}").dotMatchesNewlines()))
            let text = String(body.output[1].substring ?? "").split(separator: "\n").filter { $0.contains("    case ") }
            let own = text.flatMap { $0.replacing("case", with: "").split(separator: ",") }
                .map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " `")) }
            #expect(own == theirs, "\(found.output.1)")
            names += 1
        }
        #expect(names > 0)
    }

    /// What the Android app has in addition is not in this one, and the other way.
    @Test func theLicencesAreThoseOfTheAndroidAppThatApplyHere() throws {
        let all = try model("Licences.kt").matches(of: /"([^"]+)" to "([^"]+)"/).map { (String($0.output.1), String($0.output.2)) }
        let androids = ["Kotlin", "JNA", "ZXing", "Compose"]
        let shared = all.filter { name, _ in !androids.contains { name.contains($0) } }
        #expect(shared.count > 5)
        #expect(Licence.all == shared.map { Licence(name: Verbatim($0), licence: Verbatim($1)) })
    }

    private func model(_ file: String) throws -> String {
        try Files.text("model/src/main/kotlin/org/flashpaper/demo/\(file)", in: Files.android)
    }
}

/// The strings of a resource file, in the form that iOS has them.
private final class Resources: NSObject, XMLParserDelegate {
    private(set) var strings: [String: String] = [:]
    private var name: String?
    private var text = ""

    init(_ file: String) throws {
        super.init()
        let parser = XMLParser(data: Data(file.utf8))
        parser.delegate = self
        guard parser.parse() else { throw CocoaError(.fileReadCorruptFile) }
    }

    func parser(
        _ parser: XMLParser, didStartElement element: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        name = element == "string" ? attributes["name"] : nil
        text = ""
    }

    func parser(_ parser: XMLParser, foundCharacters characters: String) { text += characters }

    func parser(_ parser: XMLParser, didEndElement element: String, namespaceURI: String?, qualifiedName: String?) {
        guard let name else { return }
        let plain = text.replacing("\\n", with: "\n").replacing(/\\(['"@?\\])/) { String($0.output.1) }
        strings[name] = plain.replacing(/%(\d+)\$s/) { "%\($0.output.1)$@" }
        self.name = nil
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }

    fileprivate var camelCase: String {
        let parts = lowercased().split(separator: "_")
        return String(parts[0]) + parts.dropFirst().map { String($0).capitalizedFirst }.joined()
    }
}
