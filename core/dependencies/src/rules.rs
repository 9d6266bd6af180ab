//! Licences, bans, versions and sources. Each rule gives a line for each fault.

use std::collections::BTreeMap;

use spdx::{Expression, Licensee, ParseMode};

use crate::done::Done;
use crate::graph::{Crate, Graph};
use crate::settings::{Bans, Deny, Licences, Sources};

/// The only registry.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
/// What is handed out…
const RELEASES: [&str; 2] = ["flashpaper-cli", "flashpaper-ffi"];
/// …and what has no business in it.
const FOR_DEVELOPMENT: [&str; 3] = ["flashpaper-lab", "flashpaper-xtask", "flashpaper-dependencies"];

/// Each crate can be had under licences that are allowed, to all or to it.
pub(crate) fn licences(graph: &Graph, settings: &Licences) -> Done<Vec<String>> {
    let parse = |names: &[String]| names.iter().map(|n| Licensee::parse(n)).collect::<Result<Vec<_>, _>>();
    let allowed = parse(&settings.allow)?;
    let mut faults = Vec::new();
    for exception in &settings.exceptions {
        if graph.named([exception.name.as_str()]).is_empty() {
            faults.push(format!("deny.toml: a licence is excepted for {}, which is not used", exception.name));
        }
    }
    for package in &graph.crates {
        let own = settings.exceptions.iter().filter(|e| e.name == package.name).map(|e| parse(&e.allow));
        let own = own.collect::<Result<Vec<_>, _>>()?.concat();
        let license = package.license.as_deref().unwrap_or_default();
        // Old crates write `MIT/Apache-2.0`.
        let granted = Expression::parse_mode(license, ParseMode::LAX).is_ok_and(|expression| {
            expression.evaluate(|wanted| allowed.iter().chain(&own).any(|licensee| licensee.satisfies(wanted)))
        });
        if !granted {
            faults.push(format!("{}: its licence is {license:?}", shown(package)));
        }
    }
    Ok(faults)
}

/// No crate that is banned, one version of each, none taken in any version.
pub(crate) fn bans(graph: &Graph, settings: &Bans) -> Vec<String> {
    let Bans { multiple_versions: Deny::Deny, wildcards: Deny::Deny, skip_tree, allow_wildcard_paths, deny } = settings;
    let mut faults = Vec::new();
    if !allow_wildcard_paths {
        faults.push("deny.toml: our own crates have no versions to name".to_owned());
    }
    for banned in deny {
        let found = graph.named([banned.name.as_str()]);
        faults.extend(found.iter().map(|i| format!("{} is banned: {}", shown(&graph.crates[*i]), banned.reason)));
    }
    for name in skip_tree.iter().map(|tree| &tree.name) {
        if graph.named([name.as_str()]).is_empty() {
            faults.push(format!("deny.toml: {name} is skipped and not used"));
        }
    }
    let skipped = graph.trees(graph.named(skip_tree.iter().map(|tree| tree.name.as_str())));
    let mut versions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (_, package) in graph.crates.iter().enumerate().filter(|(index, _)| !skipped.contains(index)) {
        versions.entry(&package.name).or_default().push(package.version.to_string());
    }
    let several = versions.iter().filter(|(_, versions)| versions.len() > 1);
    faults.extend(several.map(|(name, versions)| format!("{name} in more than one version: {}", versions.join(", "))));
    for package in &graph.crates {
        faults.extend(package.wildcards.iter().map(|name| format!("{} takes any version of {name}", shown(package))));
    }
    faults
}

/// Everything is ours, or from the registry.
pub(crate) fn sources(graph: &Graph, settings: &Sources) -> Vec<String> {
    let Sources { unknown_registry: Deny::Deny, unknown_git: Deny::Deny } = settings;
    let known = |package: &&Crate| match &package.source {
        Some(source) => source == REGISTRY,
        None => package.member,
    };
    let unknown = graph.crates.iter().filter(|package| !known(package));
    unknown.map(|p| format!("{} is from {}", shown(p), p.source.as_deref().unwrap_or("a folder"))).collect()
}

/// No release is built from what is for development only.
pub(crate) fn releases(graph: &Graph) -> Vec<String> {
    let mut faults = Vec::new();
    for release in RELEASES {
        let tree = graph.trees(graph.named([release]));
        if tree.is_empty() {
            faults.push(format!("there is no {release}"));
        }
        let ours = tree.iter().map(|index| &graph.crates[*index]);
        let found = ours.filter(|package| FOR_DEVELOPMENT.contains(&package.name.as_str()));
        faults.extend(found.map(|package| format!("{release} is built from {}", package.name)));
    }
    faults
}

/// Name and version.
pub(crate) fn shown(package: &Crate) -> String {
    format!("{} {}", package.name, package.version)
}

#[cfg(test)]
pub(crate) mod tests {
    use semver::Version;

    use super::*;
    use crate::graph::ForTests;
    use crate::settings::Settings;

    /// A crate of the registry.
    pub(crate) fn package(name: &str, version: &str) -> Crate {
        Crate {
            name: name.to_owned(),
            version: Version::parse(version).unwrap(),
            license: Some("MIT".to_owned()),
            source: Some(REGISTRY.to_owned()),
            member: false,
            wildcards: Vec::new(),
            built_from: Vec::new(),
        }
    }

    pub(crate) fn settings(more: &str) -> Settings {
        let text = r#"
            graph = { all-features = true }
            advisories.ignore = [ANSWERS]
            licenses = { allow = ["MIT", "Apache-2.0"], exceptions = [{ crate = "special", allow = ["MPL-2.0"] }] }
            sources = { unknown-registry = "deny", unknown-git = "deny" }
            [bans]
            multiple-versions = "deny"
            skip-tree = [{ crate = "old" }]
            wildcards = "deny"
            allow-wildcard-paths = true
            deny = [{ crate = "openssl", reason = "one TLS" }]
        "#;
        toml::from_str(&text.replace("ANSWERS", more)).unwrap()
    }

    #[test]
    fn licences_are_those_that_are_allowed() {
        let licence = |name: &str, license: Option<&str>| {
            let license = license.map(str::to_owned);
            let crates = vec![package("special", "1.0.0"), Crate { license, ..package(name, "2.0.0") }];
            licences(&Graph { crates }, &settings("").licenses).unwrap()
        };
        for good in ["MIT", "GPL-3.0-only OR MIT", "GPL-3.0/MIT", "MIT AND (Apache-2.0 OR ISC)"] {
            assert!(licence("one", Some(good)).is_empty(), "{good}");
        }
        for bad in ["GPL-3.0-only", "MIT AND GPL-3.0-only", "MPL-2.0", "mine", "", "Apache-2.0 WITH LLVM-exception"] {
            assert_eq!(licence("one", Some(bad)), [format!("one 2.0.0: its licence is {bad:?}")]);
        }
        assert_eq!(licence("one", None).len(), 1);
        assert!(licence("special", Some("MPL-2.0")).is_empty());
        let unused = licences(&Graph { crates: Vec::new() }, &settings("").licenses).unwrap();
        assert_eq!(unused, ["deny.toml: a licence is excepted for special, which is not used"]);
    }

    #[test]
    fn what_is_banned_doubled_or_any_version_is_found() {
        let bans = |crates: Vec<Crate>| bans(&Graph { crates }, &settings("").bans);
        let old = Crate { built_from: vec![(1, ForTests::No), (2, ForTests::Only)], ..package("old", "1.0.0") };
        let crates = vec![old, package("base", "1.0.0"), package("other", "1.0.0"), package("base", "2.0.0")];
        assert!(bans(crates.clone()).is_empty(), "the old tree may have its own");
        let doubled = [crates.clone(), vec![package("base", "3.0.0"), package("other", "2.0.0")]].concat();
        let found = bans(doubled);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0], "base in more than one version: 2.0.0, 3.0.0");
        assert_eq!(
            bans([crates.clone(), vec![package("openssl", "1.0.0")]].concat()),
            ["openssl 1.0.0 is banned: one TLS"]
        );
        let wild = Crate { wildcards: vec!["base".to_owned()], ..package("wild", "1.0.0") };
        assert_eq!(bans([crates, vec![wild]].concat()), ["wild 1.0.0 takes any version of base"]);
        assert_eq!(bans(Vec::new()), ["deny.toml: old is skipped and not used"]);
    }

    #[test]
    fn what_is_not_from_the_registry_is_found() {
        let from = |source: Option<&str>, member| Crate {
            source: source.map(str::to_owned),
            member,
            ..package("one", "1.0.0")
        };
        let git = "git+https://example.org/one";
        let crates = vec![from(None, true), from(Some(REGISTRY), false), from(Some(git), false), from(None, false)];
        let found = sources(&Graph { crates }, &settings("").sources);
        assert_eq!(found, [format!("one 1.0.0 is from {git}"), "one 1.0.0 is from a folder".to_owned()]);
    }

    #[test]
    fn a_release_with_the_lab_in_it_is_found() {
        let with = |tests| {
            let cli = Crate { built_from: vec![(2, ForTests::No)], ..package("flashpaper-cli", "1.0.0") };
            let engine = Crate { built_from: vec![(3, tests)], ..package("flashpaper", "1.0.0") };
            let crates = vec![cli, package("flashpaper-ffi", "1.0.0"), engine, package("flashpaper-lab", "1.0.0")];
            releases(&Graph { crates })
        };
        assert!(with(ForTests::Only).is_empty());
        assert_eq!(with(ForTests::No), ["flashpaper-cli is built from flashpaper-lab"]);
        assert_eq!(releases(&Graph { crates: Vec::new() }).len(), 2, "no release, nothing checked");
    }

    #[test]
    fn a_setting_that_nobody_obeys_is_an_error() {
        let settings = "graph = { all-features = true, targets = [] }";
        assert!(toml::from_str::<Settings>(settings).is_err_and(|e| e.to_string().contains("targets")));
    }
}
