//! The public declarations of Swift sources, in their order and without what is inside of bodies. A text of declarations is all
//! that is looked at, so that the parts for Apple's systems are in it as well.

/// A block of braces that is open.
struct Block {
    /// The declaration that it belongs to, until that is printed.
    header: Option<String>,
    members: Members,
    /// Blocks that were printed lie around it.
    depth: usize,
    is_printed: bool,
}

/// Which declarations inside a block are public.
#[derive(Clone, Copy, PartialEq)]
enum Members {
    /// A body, or a type that is not public itself.
    None,
    /// Those that say so.
    Marked,
    /// And an enum's cases.
    MarkedAndCases,
    /// A protocol's requirements.
    All,
}

/// The public declarations of a source, one a line.
pub(crate) fn public(source: &str) -> String {
    let code = without_comments(source);
    let (mut made, mut blocks, mut statement) = (String::new(), Vec::<Block>::new(), String::new());
    let mut brackets = 0_usize;
    let mut rest = code.as_str();
    while let Some(c) = rest.chars().next() {
        let literal = literal(rest);
        if literal > 0 {
            statement.push_str(&rest[..literal]);
            rest = &rest[literal..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '{' if brackets == 0 => {
                let header = std::mem::take(&mut statement);
                let around = blocks.last().map_or(Members::Marked, |block| block.members);
                let members = members(&header, around);
                if members == Members::None && is_public(&header, around) {
                    // What a property can is a part of a protocol.
                    let body = rest.split_once('}').map_or("", |(body, _)| body);
                    let can = if around == Members::All { format!(" {{ {} }}", words(body)) } else { String::new() };
                    print(&mut made, &mut blocks, &format!("{}{can}", words(&header)));
                }
                let depth = blocks.last().map_or(0, |block| block.depth + 1);
                blocks.push(Block { header: Some(words(&header)), members, depth, is_printed: false });
                let last = blocks.len() - 1;
                if members != Members::None && is_told(&header) {
                    print_block(&mut made, &mut blocks, last);
                }
            }
            '}' if brackets == 0 => {
                end(&mut made, &mut blocks, &mut statement);
                if let Some(block) = blocks.pop().filter(|block| block.is_printed) {
                    made.push_str(&format!("{}}}\n", "    ".repeat(block.depth)));
                }
            }
            '\n' if brackets == 0 && is_whole(&statement, rest) => end(&mut made, &mut blocks, &mut statement),
            _ => {
                match c {
                    '(' | '[' | '{' => brackets += 1,
                    ')' | ']' | '}' => brackets = brackets.saturating_sub(1),
                    _ => {}
                }
                statement.push(c);
            }
        }
    }
    made
}

/// Ends a declaration without a block.
fn end(made: &mut String, blocks: &mut [Block], statement: &mut String) {
    let statement = std::mem::take(statement);
    let around = blocks.last().map_or(Members::Marked, |block| block.members);
    if is_public(&statement, around) {
        print(made, blocks, &words(&statement));
    }
}

fn print(made: &mut String, blocks: &mut [Block], line: &str) {
    if let Some(last) = blocks.len().checked_sub(1) {
        print_block(made, blocks, last);
    }
    made.push_str(&format!("{}{line}\n", "    ".repeat(blocks.len())));
}

/// Prints the headers of a block and of those around it, unless that has been done.
fn print_block(made: &mut String, blocks: &mut [Block], last: usize) {
    for block in &mut blocks[..=last] {
        if let Some(header) = block.header.take() {
            made.push_str(&format!("{}{header} {{\n", "    ".repeat(block.depth)));
            block.is_printed = true;
        }
    }
}

/// The kind of declaration, and the words before it.
fn kind(declaration: &str) -> Option<(&str, Vec<&str>)> {
    const KINDS: [&str; 15] = [
        "actor",
        "associatedtype",
        "case",
        "class",
        "deinit",
        "enum",
        "extension",
        "func",
        "import",
        "init",
        "let",
        "protocol",
        "struct",
        "typealias",
        "var",
    ];
    let mut before = Vec::new();
    let mut all =
        declaration.split(|c: char| !c.is_alphanumeric() && !"_@#".contains(c)).filter(|w| !w.is_empty()).peekable();
    while let Some(word) = all.next() {
        // A class may have members of its own: `class func`.
        let is_last = word != "class" || !all.peek().is_some_and(|next| ["func", "var"].contains(next));
        if (KINDS.contains(&word) || word == "subscript") && is_last {
            return Some((word, before));
        }
        before.push(word);
    }
    None
}

fn is_public(declaration: &str, around: Members) -> bool {
    let Some((kind, before)) = kind(declaration) else { return false };
    match around {
        Members::None => false,
        Members::All => true,
        Members::MarkedAndCases if kind == "case" => true,
        Members::Marked | Members::MarkedAndCases => before.iter().any(|word| ["public", "open"].contains(word)),
    }
}

/// Which members of a declaration's block are public.
fn members(header: &str, around: Members) -> Members {
    let Some((kind, _)) = kind(header) else { return Members::None };
    match kind {
        "extension" => Members::Marked,
        _ if !is_public(header, around) => Members::None,
        "protocol" => Members::All,
        "enum" => Members::MarkedAndCases,
        "struct" | "class" | "actor" => Members::Marked,
        _ => Members::None,
    }
}

/// A block that is told even without public members: a public type, or that a type conforms to a protocol.
fn is_told(header: &str) -> bool {
    kind(header).is_some_and(|(kind, _)| kind != "extension" || header.contains(':'))
}

/// Whether a line's end ends the declaration.
fn is_whole(statement: &str, rest: &str) -> bool {
    let statement = statement.trim();
    let is_attribute = statement.starts_with('@') && kind(statement).is_none();
    let goes_on = [",", ":", "->", "=", "&"].iter().any(|end| statement.ends_with(end));
    let next = rest.trim_start();
    let is_continued =
        ["where ", "->", "throws", "async", "{", ": ", "= ", "& "].iter().any(|start| next.starts_with(start));
    statement.starts_with('#') || !(is_attribute || goes_on || is_continued)
}

fn words(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.replace("( ", "(").replace(" )", ")")
}

/// How many bytes of a literal of text the source begins with.
fn literal(source: &str) -> usize {
    let hashes = source.len() - source.trim_start_matches('#').len();
    let Some(inside) = source[hashes..].strip_prefix('"') else { return 0 };
    let quotes = if inside.starts_with("\"\"") { 3 } else { 1 };
    let (closing, escape) = ("\"".repeat(quotes) + &"#".repeat(hashes), format!("\\{}", "#".repeat(hashes)));
    let mut at = hashes + quotes;
    while at < source.len() {
        let rest = &source[at..];
        if rest.starts_with(&closing) {
            return at + closing.len();
        }
        at += match rest.strip_prefix(&escape) {
            Some(code) if code.starts_with('(') => escape.len() + interpolated(code),
            Some(escaped) => escape.len() + escaped.chars().next().map_or(0, char::len_utf8),
            None => rest.chars().next().map_or(1, char::len_utf8),
        };
    }
    source.len()
}

/// How many bytes the code in brackets has that stands in a text.
fn interpolated(code: &str) -> usize {
    let (mut at, mut open) = (0, 0_usize);
    while let Some(c) = code[at..].chars().next() {
        let text = literal(&code[at..]);
        at += text.max(if text == 0 { c.len_utf8() } else { 0 });
        match c {
            '(' => open += 1,
            ')' if open == 1 => return at,
            ')' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    code.len()
}

fn without_comments(source: &str) -> String {
    let (mut made, mut rest) = (String::with_capacity(source.len()), source);
    while let Some(c) = rest.chars().next() {
        let taken = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment(rest)
        } else {
            let taken = literal(rest).max(c.len_utf8());
            made.push_str(&rest[..taken]);
            taken
        };
        rest = &rest[taken..];
    }
    made
}

/// How many bytes a comment has; comments may lie in comments.
fn comment(source: &str) -> usize {
    let (mut at, mut open) = (0, 0_usize);
    while let Some(c) = source[at..].chars().next() {
        let rest = &source[at..];
        if rest.starts_with("/*") {
            open += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            open -= 1;
            at += 2;
            if open == 0 {
                return at;
            }
        } else {
            at += c.len_utf8();
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_declarations_stay_in_their_order() {
        let source = r##"
            @_exported import Other
            /// A public struct Fake {
            public struct Jid: Hashable, Sendable {
                public let value: String   // public let comment
                let hidden = "}"
                private(set) public var count = 0 { didSet { print("public var x: Int \("}")") } }
                public init(
                    value: String,
                    /* public /* nested */ */ count: Int = 0
                ) throws {
                    struct Inside { public let no: Int }
                    self.value = #"a "quoted" }"#
                }
                public static let all = [
                    1, 2,
                ]
                enum Kind { case one }
            }
            public enum Life: Equatable {
                case awake, asleep(since: Int)
                var text: String { switch self { case .awake: "a"; default: "b" } }
                public enum Inner { case deep }
            }
            @MainActor
            public protocol Library: AnyObject {
                var state: Int { get async }
                @discardableResult
                func send(_ text: String) async throws -> Int
                associatedtype Item
            }
            extension Library {
                func hidden() {}
                public func send() async throws
                    -> Int where Item == Int
                {
                    1
                }
            }
            extension Jid: CustomStringConvertible { public var description: String { "Jid(..)" } }
            extension Hidden { func no() {} }
            struct Hidden { public let no = 1 }
            open class Base { open class func make() -> Base { Base() } }
            public func free<T>(_ t: T) where T: Sendable {}
        "##;
        let expected = "\
public struct Jid: Hashable, Sendable {
    public let value: String
    private(set) public var count = 0
    public init(value: String, count: Int = 0) throws
    public static let all = [ 1, 2, ]
}
public enum Life: Equatable {
    case awake, asleep(since: Int)
    public enum Inner {
        case deep
    }
}
@MainActor public protocol Library: AnyObject {
    var state: Int { get async }
    @discardableResult func send(_ text: String) async throws -> Int
    associatedtype Item
}
extension Library {
    public func send() async throws -> Int where Item == Int
}
extension Jid: CustomStringConvertible {
    public var description: String
}
open class Base {
    open class func make() -> Base
}
public func free<T>(_ t: T) where T: Sendable
";
        assert_eq!(public(source), expected);
    }
}
