//! What a release may not be built from (design: "Never" is enforced).

use std::process::Command;

/// Crates that resolve names, open connections of their own, or bring a second TLS; and the lab.
const FORBIDDEN: [&str; 9] = [
    "hickory-resolver",
    "hickory-client",
    "trust-dns-resolver",
    "c-ares",
    "native-tls",
    "openssl",
    "openssl-sys",
    "aws-lc-rs",
    "flashpaper-lab",
];

/// What a release is built from, without what only tests use.
const RELEASE: &str = "normal,build";

/// The names of all crates that `package` is built from, for every platform.
fn crates_of(package: &str, edges: &str) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let tree = ["tree", "--locked", "--package", package, "--edges", edges, "--target", "all"];
    let output = Command::new(env!("CARGO")).args(tree).args(["--prefix", "none", "--format", "{p}"]).output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
}

#[test]
fn the_release_holds_no_resolver_no_second_tls_and_no_lab() {
    for package in ["flashpaper-cli", "flashpaper-ffi"] {
        let crates = crates_of(package, RELEASE).unwrap();
        assert!(crates.iter().any(|c| c == "arti-client"), "this is not the tree that is meant");
        let found: Vec<_> = crates.iter().filter(|c| FORBIDDEN.contains(&c.as_str())).collect();
        assert!(found.is_empty(), "{package}: {found:?}");
    }
}

#[test]
fn a_forbidden_crate_would_be_found() {
    // Tests of the command line use the lab.
    let crates = crates_of("flashpaper-cli", "normal,build,dev").unwrap();
    assert!(crates.iter().any(|c| FORBIDDEN.contains(&c.as_str())));
}
