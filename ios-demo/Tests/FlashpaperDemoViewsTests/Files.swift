import Foundation

/// The files of the repository that tests compare.
enum Files {
    /// The folder of the iOS app.
    static let demo = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let android = demo.deletingLastPathComponent().appending(path: "android-demo")

    static func text(_ path: String, in folder: URL = demo) throws -> String {
        try String(contentsOf: folder.appending(path: path), encoding: .utf8)
    }

    /// All files below a folder that end so, by their paths from there.
    static func all(_ ending: String, below folder: URL) -> [String] {
        let all = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        return all.filter { $0.hasSuffix(ending) }.sorted()
    }
}

/// The string catalogue.
struct Catalogue: Decodable {
    struct Entry: Decodable {
        let localizations: [String: Localization]
    }
    struct Localization: Decodable {
        let stringUnit: Unit
    }
    struct Unit: Decodable {
        let state: String
        let value: String
    }

    let sourceLanguage: String
    let strings: [String: Entry]

    static func load() throws -> Catalogue {
        try JSONDecoder().decode(Catalogue.self, from: Data(Files.text("App/Localizable.xcstrings").utf8))
    }

    func texts(_ language: String) -> [String: String] {
        strings.compactMapValues { $0.localizations[language]?.stringUnit.value }
    }
}
