//! What a release's own sources may not name: generators that are seeded once. See `random` in `core/chat`.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// Generators that keep a key from which what they drew can be computed again, and the ways to one.
const FORBIDDEN: [&str; 8] =
    ["SeedableRng", "StdRng", "SmallRng", "ThreadRng", "Xoshiro", "ChaCha8Rng", "ChaCha12Rng", "ChaCha20Rng"];
/// The thread's own generator, by its calls.
const CALLS: [&str; 2] = ["rand::rng()", "rand::random"];

const SHIPPED: [&str; 8] =
    ["bindings", "core/chat", "core/cli", "core/engine", "core/otr", "core/tor", "core/vault", "core/xmpp"];

#[test]
fn no_source_of_a_release_keeps_a_generator() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    SHIPPED.iter().for_each(|part| collect(&root.join(part).join("src"), &mut files).unwrap());
    assert!(files.len() > 100, "this is not the folder that is meant");
    let sources: Vec<(PathBuf, String)> =
        files.into_iter().map(|path| (path.clone(), shipped(&fs::read_to_string(path).unwrap()))).collect();
    // Modules that only tests have.
    let is_test = |path: &Path| {
        let is_in_tests = path.ancestors().any(|folder| folder.ends_with("tests"));
        is_in_tests || path.ends_with("tests.rs") || path.ends_with("constant_time.rs")
    };
    let found: Vec<_> =
        sources.iter().filter(|(path, text)| !is_test(path) && names(text)).map(|(path, _)| path).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn what_is_forbidden_would_be_found() {
    let tests = "fn f() {}\n\n#[cfg(test)]\nmod tests {\n    use rand::rngs::StdRng;\n}\n";
    assert!(!names(&shipped(tests)));
    for behind in ["use rand::rngs::StdRng;\n", "fn g() -> u8 {\n    rand::random()\n}\n"] {
        assert!(names(&shipped(&format!("{tests}\n{behind}"))), "{behind}");
    }
    assert!(!names(&shipped("    #[cfg(test)]\n    use rand::rngs::StdRng;\n    let a = 1;\n")));
}

fn names(text: &str) -> bool {
    FORBIDDEN.iter().chain(&CALLS).any(|name| text.contains(name))
}

/// A source without what only tests and fuzzers have, as rustfmt lays it out.
fn shipped(source: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut shipped = String::new();
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        if ["#[cfg(test)]", "#[cfg(fuzzing)]"].contains(&line.trim()) {
            // The item that follows.
            let _ = lines.find(|end| indent(end) == indent(line) && (end.ends_with('}') || end.ends_with(';')));
        } else {
            shipped.push_str(line);
            shipped.push('\n');
        }
    }
    shipped
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}
