//! Each claim of SECURITY.md names the tests that would fail if it broke, and those tests exist.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

const CLAIMS: &str = "## What holds, and how it is shown";
/// What stands before a test's name, and what marks a function as a test, by the end of the file's name.
const LANGUAGES: [(&str, &str, &[&str]); 3] = [
    ("rs", "fn ", &["#[test]", "#[tokio::test"]),
    ("kt", "fun ", &["@Test", "@ParameterizedTest"]),
    ("swift", "func ", &["@Test"]),
];

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The tests that a text names, as `file: function` in code spans.
fn named(text: &str) -> Vec<(String, String)> {
    // A span may be broken over two lines.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let spans = text.split('`').skip(1).step_by(2);
    let tests = spans.filter_map(|span| span.split_once(": ")).filter(|(file, _)| language(file).is_some());
    tests.map(|(file, test)| (file.to_owned(), test.to_owned())).collect()
}

fn language(file: &str) -> Option<&'static (&'static str, &'static str, &'static [&'static str])> {
    let (_, end) = file.rsplit_once('.')?;
    LANGUAGES.iter().find(|(known, ..)| *known == end)
}

/// Whether a source defines this test: the function, with a test's mark before it.
fn defines(source: &str, file: &str, test: &str) -> bool {
    let Some((_, keyword, marks)) = language(file) else { return false };
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let is_marked = |line: &str| marks.iter().any(|mark| line.starts_with(mark));
    let is_about_the_next =
        |line: &str| ["#[", "//", "@"].iter().any(|start| line.starts_with(start)) && !line.contains(keyword);
    lines.iter().enumerate().any(|(at, line)| {
        let names = line.split_once(keyword).and_then(|(_, rest)| rest.trim_start_matches('`').strip_prefix(test));
        let is_it = names.is_some_and(|rest| rest.trim_start_matches('`').starts_with(['(', '<']));
        let mut before = lines[..at].iter().rev().take_while(|line| is_about_the_next(line));
        is_it && (is_marked(line) || before.any(|line| is_marked(line)))
    })
}

/// The points of the list under the heading of the claims.
fn claims(document: &str) -> Vec<&str> {
    let section = document.split_once(CLAIMS).map_or("", |(_, rest)| rest);
    let section = section.split("\n## ").next().unwrap_or_default();
    section.split("\n- ").skip(1).collect()
}

#[test]
fn every_claim_names_a_test_and_every_test_named_exists() -> Outcome {
    let document = fs::read_to_string(root().join("SECURITY.md"))?;
    let claims = claims(&document);
    assert!(claims.len() >= 10, "{} claims: this is not the document that is meant", claims.len());
    let unshown: Vec<&&str> = claims.iter().filter(|claim| named(claim).is_empty()).collect();
    assert!(unshown.is_empty(), "claims without a test: {unshown:#?}");
    let missing: Vec<_> = named(&document)
        .into_iter()
        .filter(|(file, test)| {
            let source = fs::read_to_string(root().join(file));
            !source.is_ok_and(|source| defines(&source, file, test))
        })
        .collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
    Ok(())
}

/// What ships; core/tor opens streams by Arti alone.
const SHIPPED: [&str; 8] =
    ["core/chat", "core/cli", "core/engine", "core/otr", "core/tor", "core/vault", "core/xmpp", "bindings"];

/// What opens sockets and resolves names.
const WAYS_OUT: [&str; 8] = [
    "std::net::TcpStream::connect",
    "std::net::TcpStream::connect_timeout",
    "std::net::ToSocketAddrs::to_socket_addrs",
    "std::net::UdpSocket::bind",
    "tokio::net::TcpSocket",
    "tokio::net::TcpStream::connect",
    "tokio::net::UdpSocket::bind",
    "tokio::net::lookup_host",
];

/// Clippy refuses the calls that would. What it was told, and by whom it is not overruled.
#[test]
fn no_crate_but_tor_may_open_a_socket() -> Outcome {
    let rules = fs::read_to_string(root().join("clippy.toml"))?;
    for call in WAYS_OUT {
        assert!(rules.contains(&format!("path = \"{call}\"")), "{call}");
    }
    for package in SHIPPED {
        let folder = root().join(package);
        assert!(!folder.join("clippy.toml").exists() && !folder.join(".clippy.toml").exists(), "{package}");
        let has_arti = fs::read_to_string(folder.join("Cargo.toml"))?.contains("arti-client");
        assert_eq!(has_arti, package == "core/tor", "{package}");
        let mut folders = vec![folder.join("src")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    assert!(!fs::read_to_string(&path)?.contains("clippy::disallowed"), "{}", path.display());
                }
            }
        }
    }
    Ok(())
}

/// What would make `core/chat` more than a machine: a clock, a disk, a network, tasks, the engine.
const INPUT_AND_OUTPUT: [&str; 8] =
    ["Instant", "SystemTime::now", "std::fs", "std::net", "std::thread", "tokio", "async ", "flashpaper::"];

#[test]
fn core_chat_does_nothing_by_itself() -> Outcome {
    let folder = root().join("core/chat");
    let manifest = fs::read_to_string(folder.join("Cargo.toml"))?;
    let ours: Vec<&str> = manifest.lines().filter(|line| line.starts_with("flashpaper-")).collect();
    assert_eq!(ours, ["flashpaper-otr.workspace = true", "flashpaper-xmpp.workspace = true"]);
    assert!(!manifest.contains("tokio"));
    let mut folders = vec![folder.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                // Tests take their time, and may use threads for it.
                folders.extend((!path.ends_with("src/tests")).then_some(path));
                continue;
            }
            let source = fs::read_to_string(&path)?;
            let found: Vec<_> = INPUT_AND_OUTPUT.iter().filter(|word| source.contains(**word)).collect();
            assert!(found.is_empty(), "{}: {found:?}", path.display());
        }
    }
    Ok(())
}

#[test]
fn only_a_test_counts_as_one() {
    let rust =
        "#[tokio::test]\n#[ignore = \"slow\"]\nasync fn a_test() -> T {}\n\nfn a_helper() {}\n// #[test]\nfn b(){}";
    assert!(defines(rust, "a.rs", "a_test"));
    for (file, other) in
        [("a.rs", "a_helper"), ("a.rs", "a_tes"), ("a.rs", "b"), ("a.kt", "a_test"), ("a.md", "a_test")]
    {
        assert!(!defines(rust, file, other), "{other}");
    }
    let kotlin = "@Test\nfun `with spaces`() = run {}\n@Test fun short() {}\nfun helper() {}";
    assert_eq!(["with spaces", "short", "helper"].map(|test| defines(kotlin, "a.kt", test)), [true, true, false]);
    let swift = "@Test func one() async throws {}\n@Test(.timeLimit(.minutes(5)))\nfunc two() {}\nfunc three() {}";
    assert_eq!(["one", "two", "three"].map(|test| defines(swift, "a.swift", test)), [true, true, false]);
    let text = "- **A.** It holds (`core/a.rs:\n  a_test`), see `core/b` and `x: y`.\n- **B.** So it is.";
    assert_eq!(named(text), [("core/a.rs".to_owned(), "a_test".to_owned())]);
    assert_eq!(claims(&format!("{CLAIMS}\n\n{text}\n\n## Next\n- c")).len(), 2);
}
