//! What UniFFI generates, as a part of the modules that apps import: none of it is theirs to see.

use std::collections::BTreeSet;

/// Generated Kotlin with nothing in it that apps could see, and that the compiler is not to warn of: it is a part of the module
/// that apps use, and only that module may call it.
pub(crate) fn kotlin(generated: &str) -> String {
    const DECLARATIONS: &str =
        "abstract annotation class const data enum fun inline interface object open sealed suspend typealias";
    let mut text = String::new();
    for line in generated.replace("@file:Suppress(\"NAME_SHADOWING\")", "@file:Suppress(\"warnings\")").lines() {
        let declaration = line.strip_prefix("public ").unwrap_or(line);
        let first = declaration.split(' ').next().unwrap_or_default();
        if !first.is_empty() && DECLARATIONS.split(' ').any(|word| word == first) {
            text.push_str("internal ");
            text.push_str(declaration);
        } else {
            // A function with a comment stands behind its end.
            text.push_str(&line.replacen("         */ fun ", "         */ internal fun ", 1));
        }
        text.push('\n');
    }
    text
}

/// Generated Swift as a part of the module that apps import: none of it is theirs to see, and none of its types has the name
/// of one of that module's own.
pub(crate) fn swift(generated: &str) -> String {
    let types: BTreeSet<&str> = generated.lines().filter_map(own_type).collect();
    let mut made = String::with_capacity(generated.len());
    for line in generated.lines() {
        let line = without_access(line);
        let import = if line.trim_start().starts_with("import FlashpaperFFI") { "internal " } else { "" };
        made.push_str(import);
        for word in line.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_') {
            let name = word.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '_');
            if types.contains(name) {
                made.push_str("Ffi");
            }
            made.push_str(word);
        }
        made.push('\n');
    }
    made
}

/// The name of a type that a line declares, but for the generator's own helpers.
fn own_type(line: &str) -> Option<&str> {
    // Errors have their access in the line before.
    let rest = line.strip_prefix("public ").or_else(|| line.strip_prefix("open ")).unwrap_or(line);
    let mut words = rest.split(|c: char| !c.is_alphanumeric() && c != '_');
    let kind = words.find(|word| *word != "indirect")?;
    let name = words.next()?;
    let declares = ["struct", "enum", "class", "protocol", "typealias"].contains(&kind);
    (declares && !name.starts_with("FfiConverter")).then_some(name)
}

/// A line without `public` or `open` among the words that a declaration begins with.
fn without_access(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    let (mut kept, mut rest) = (line[..indent].to_owned(), &line[indent..]);
    while let Some((word, after)) = rest.split_once(' ') {
        match word {
            "public" | "open" => {}
            "override" | "required" | "convenience" => kept.extend([word, " "]),
            _ => break,
        }
        rest = after.trim_start();
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_code_is_internal_and_its_types_have_names_of_their_own() {
        let generated = "import FlashpaperFFI\n\
            public indirect enum Key: Equatable {\n    case file\n}\n\
            open class Engine: EngineProtocol {\n    required public init() {}\n    \
            public static func `open`(key: Key?) -> [Engine] {}\n}\n\
            public protocol EngineProtocol {}\n\
            public \nenum Fault: Swift.Error {}\n\
            public typealias Id = String\n\
            public struct FfiConverterTypeKey: FfiConverter {}\n\
            /// A public Key.\nfileprivate struct Keys {}\n";
        let expected = "internal import FlashpaperFFI\n\
            indirect enum FfiKey: Equatable {\n    case file\n}\n\
            class FfiEngine: FfiEngineProtocol {\n    required init() {}\n    \
            static func `open`(key: FfiKey?) -> [FfiEngine] {}\n}\n\
            protocol FfiEngineProtocol {}\n\
            \nenum FfiFault: Swift.Error {}\n\
            typealias FfiId = String\n\
            struct FfiConverterTypeKey: FfiConverter {}\n\
            /// A public FfiKey.\nfileprivate struct Keys {}\n";
        assert_eq!(swift(generated), expected);
    }
}
