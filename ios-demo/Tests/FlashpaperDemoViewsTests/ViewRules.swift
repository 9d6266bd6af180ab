import Foundation
import Testing

/// No view decides anything: it reads a state, and calls its model.
@Suite struct ViewRules {
    private let views: [(name: String, text: String)]

    init() throws {
        views = try Files.all(".swift", below: Files.demo.appending(path: "App/Views")).map {
            ($0, try Files.text("App/Views/\($0)"))
        }
    }

    @Test func noViewKnowsTheLibrary() throws {
        #expect(views.count > 12)
        let allowed: Set = ["CoreImage", "FlashpaperDemoModel", "Foundation", "SwiftUI", "UIKit"]
        for (name, text) in views {
            let imports = Set(text.matches(of: /(?m)^(?:@\w+ )?import (\w+)/).map { String($0.output.1) })
            #expect(imports.isSubset(of: allowed), "\(name)")
        }
    }

    @Test func noViewBranchesOnATypeOfTheLibrary() throws {
        var types: Set<String> = []
        let library = Files.demo.deletingLastPathComponent().appending(path: "bindings/swift/Sources/FlashpaperAPI")
        for file in Files.all(".swift", below: library) {
            let text = try Files.text(file, in: library)
            for found in text.matches(of: /(?m)^\s*public (?:final )?(?:enum|struct|class|protocol) (\w+)/) {
                types.insert(String(found.output.1))
            }
        }
        #expect(types.count > 40)
        // These are names of the models' own as well.
        types.subtract(["ChatState", "Field", "BurnReport", "ID"])
        for (name, text) in views {
            let words = Set(text.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init))
            // SwiftUI's, or a word of a comment.
            let used = words.intersection(types).subtracting(["State", "Key", "Message", "Picture", "Label"])
            #expect(used.subtracting(commentWords(text)).isEmpty, "\(name): \(used)")
        }
    }

    /// All words come from the string catalogue.
    @Test func noViewHasWordsOfItsOwn() {
        let calls = /(?:Text|Label|Button|Toggle|Section|TextField|SecureField|navigationTitle|accessibilityLabel|Picker)\("[^"]/
        for (name, text) in views { #expect(text.firstMatch(of: calls) == nil, "\(name)") }
    }

    /// What is typed is never corrected or learnt, and no switch is about right and left.
    @Test func fieldsLearnNothingAndEverythingTurnsWithTheLanguage() {
        for (name, text) in views {
            let fields = text.matches(of: /\b(?:TextField|SecureField)\(/).count
            #expect(fields == 0 || (name == "Look.swift" && text.contains(".autocorrectionDisabled()")), "\(name)")
            let code = text.replacing(/"[^"]*"/, with: "")
            #expect(code.firstMatch(of: /[.(]\s*(?:left|right)\b/) == nil, "\(name)")
        }
    }

    /// The app's own cover lies below a sheet.
    @Test func aSheetHasACoverOfItsOwn() throws {
        let sheets = views.flatMap { view in view.text.matches(of: /\.sheet\(.*/).map { String($0.output) } }
        #expect(sheets.count == 2 && sheets.allSatisfy { $0.contains("{ inSheet {") })
        let contacts = try #require(views.first { $0.name == "ContactsView.swift" }?.text)
        let start = try #require(contacts.range(of: "func inSheet")?.lowerBound)
        let inSheet = contacts[start...].components(separatedBy: "\n    }\n")[0]
        #expect(inSheet.contains(".overlay { if app.state.covered { CoverView() } }"))
    }

    /// Each screen of a burner says which one speaks.
    @Test func eachScreenOfABurnerSaysSo() throws {
        for name in ["BurnView", "ChatView", "ContactsView", "RestoreView", "SettingsView", "VerifyView"] {
            #expect(views.contains { $0.name == "\(name).swift" && $0.text.contains(".belongs(to: ") }, "\(name)")
        }
    }

    /// Nothing cuts a text, whatever its size: only a field that is written in ends after some lines, and then it scrolls.
    @Test func noViewCutsATextOrGivesItAHeight() {
        for (name, text) in views {
            for cut in ["minimumScaleFactor", "truncationMode", "allowsTightening", "dynamicTypeSize", ".clipped()"] {
                #expect(!text.contains(cut), "\(name): \(cut)")
            }
            let limits = text.matches(of: /.*\.lineLimit\((.*?)\)/).map { String($0.output.1) }
            #expect(limits == (name == "ChatView.swift" ? ["1...6"] : []), "\(name)")
            // A square of a burner's picture, and what covers everything.
            let heights = text.matches(of: /\b(?:height|maxHeight): ([^,)]+)/).map { String($0.output.1) }
            #expect(heights.allSatisfy { $0 == "size / 7" || $0 == ".infinity" }, "\(name): \(heights)")
        }
    }

    private func commentWords(_ text: String) -> Set<String> {
        let comments = text.split(separator: "\n").filter { $0.trimmingCharacters(in: .whitespaces).hasPrefix("//") }
        return Set(comments.joined(separator: " ").split { !$0.isLetter }.map(String.init))
    }
}
