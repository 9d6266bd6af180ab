import Foundation
import Testing

/// What apps can call, by the sources' text: each declaration has words above it.
@Suite struct DocumentationTests {
    @Test func everyPublicDeclarationIsDocumented() throws {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../Sources")
        let names = try FileManager.default.subpathsOfDirectory(atPath: sources.path)
        let files = names.filter { $0.hasSuffix(".swift") && !$0.contains("/Generated/") }
        let texts = try files.map { try String(contentsOf: sources.appendingPathComponent($0), encoding: .utf8) }
        // What carries out a requirement has its words there. The others are requirements of Swift's own protocols.
        let required = Set(texts.flatMap { declarations(in: $0) }.filter(\.isRequirement).map(\.name))
            .union(["init", "description", "debugDescription", "customMirror", "errorDescription", "id", "rawValue"])
        for (file, text) in zip(files, texts) {
            for found in declarations(in: text) where !found.isDocumented {
                #expect(!found.isRequirement && required.contains(found.name), "\(file):\(found.line): \(found.name)")
            }
        }
        #expect(required.contains("startTor") && required.contains("unseal"))
    }

    @Test func oneWithoutWordsIsFound() {
        let text = """
            public enum Kind {
                /// The first.
                case first
                case second(Int)
                case `private`
            }
            public protocol Some {
                @discardableResult
                func call() -> Int
            }
            /// It is.
            public struct Other: Some {
                public let one: Int
                let two: Int
                func hidden() {
                    switch two { default: break }
                }
                public static func three() {}
            }
            """
        let found = declarations(in: text).filter { !$0.isDocumented }
        #expect(found.map(\.name) == ["Kind", "second", "private", "Some", "call", "one", "three"])
    }

    private struct Declaration {
        let name: String
        let line: Int
        let isDocumented: Bool
        let isRequirement: Bool
    }

    /// The public declarations of a source, by their first lines: blocks are told by how far lines stand to the right.
    private func declarations(in text: String) -> [Declaration] {
        let kinds: Set = ["func", "var", "let", "struct", "enum", "class", "actor", "protocol", "typealias", "case", "init"]
        var (found, blocks, isDocumented) = ([Declaration](), [(indent: Int, kind: String)](), false)
        for (number, line) in text.components(separatedBy: "\n").enumerated() {
            let (indent, code) = (line.prefix { $0 == " " }.count, line.trimmingCharacters(in: .whitespaces))
            if code.isEmpty || code.hasPrefix("@") && !code.contains("public ") { continue }
            blocks.removeAll { $0.indent >= indent }
            let words = code.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init)
            if !code.hasPrefix("//"), let place = words.firstIndex(where: kinds.contains) {
                let around = blocks.last.flatMap { $0.indent + 4 == indent ? $0.kind : nil }
                let isRequirement = around == "protocol"
                let isPublic = words[..<place].contains("public") || isRequirement || (around == "enum" && words[0] == "case")
                if isPublic {
                    let name = words[place] == "init" ? "init" : words[place + 1]
                    found.append(Declaration(
                        name: name, line: number + 1, isDocumented: isDocumented, isRequirement: isRequirement))
                    if code.hasSuffix("{") { blocks.append((indent, words[place])) }
                }
            }
            isDocumented = code.hasPrefix("///")
        }
        return found
    }
}
