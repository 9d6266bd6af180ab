//! RustSec's advisories against the crates in use. The list holds facts only: which versions of a crate are concerned.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use semver::{Version, VersionReq};
use serde::Deserialize;

use crate::done::Done;
use crate::graph::Graph;
use crate::rules::shown;
use crate::settings::AdvisorySettings;

/// The first line of the list, before the database's time: seconds since 1970, and the date.
const HEADER: &str = "RustSec advisories (id, crate, patched, unaffected), by `cargo xtask advisories`, database of";

pub(crate) struct Advisories {
    /// When the database was as it is here: seconds since 1970, and the date.
    made: (u64, String),
    advisories: Vec<Advisory>,
}

struct Advisory {
    id: String,
    package: String,
    patched: Vec<String>,
    unaffected: Vec<String>,
}

impl Advisories {
    /// Reads the list.
    pub(crate) fn read(text: &str) -> Done<Self> {
        let (header, lines) = text.split_once('\n').ok_or("the list of advisories is empty")?;
        let made = read_time(header.strip_prefix(HEADER).ok_or("no list of advisories")?)?;
        let versions = |text: &str| text.split("; ").filter(|v| !v.is_empty()).map(str::to_owned).collect();
        let advisory = |line: &str| match line.split('\t').collect::<Vec<_>>().as_slice() {
            [id, package, patched, unaffected] => Ok(Advisory {
                id: (*id).to_owned(),
                package: (*package).to_owned(),
                patched: versions(patched),
                unaffected: versions(unaffected),
            }),
            _ => Err(format!("not an advisory: {line}")),
        };
        Ok(Self { made, advisories: lines.lines().map(advisory).collect::<Result<_, _>>()? })
    }

    /// Reads a git checkout of the database.
    pub(crate) fn collect(checkout: &Path) -> Done<Self> {
        let date = Command::new("git").arg("-C").arg(checkout).args(["log", "-1", "--format=%ct %cs"]).output()?;
        let made = read_time(&String::from_utf8(date.stdout)?).map_err(|_| "this is no git checkout")?;
        let mut advisories = Vec::new();
        for package in fs::read_dir(checkout.join("crates"))? {
            for file in fs::read_dir(package?.path())? {
                advisories.extend(read_advisory(&fs::read_to_string(file?.path())?)?);
            }
        }
        advisories.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(Self { made, advisories })
    }

    /// Advisories that concern a crate in use and have no answer; answers to nothing.
    pub(crate) fn faults(&self, graph: &Graph, settings: &AdvisorySettings) -> Vec<String> {
        let mut faults = Vec::new();
        let mut answered = Vec::new();
        for advisory in &self.advisories {
            for package in graph.crates.iter().filter(|p| p.name == advisory.package) {
                match advisory.concerns(&package.version) {
                    Err(error) => faults.push(format!("{}: {error}", advisory.id)),
                    Ok(false) => {}
                    Ok(true) if settings.ignore.iter().any(|a| a.id == advisory.id && !a.reason.trim().is_empty()) => {
                        answered.push(&advisory.id);
                    }
                    Ok(true) => faults.push(format!(
                        "{} concerns {}: take a version without it, or answer it in deny.toml",
                        advisory.id,
                        shown(package)
                    )),
                }
            }
        }
        let stale = settings.ignore.iter().filter(|answer| !answered.contains(&&answer.id));
        faults.extend(stale.map(|answer| format!("deny.toml answers {}, which concerns nothing here", answer.id)));
        faults
    }

    /// In words. An old list is no fault: that would break a build without any change to it.
    pub(crate) fn age(&self, now: SystemTime) -> String {
        let (seconds, date) = &self.made;
        let made = SystemTime::UNIX_EPOCH + Duration::from_secs(*seconds);
        let days = now.duration_since(made).unwrap_or_default().as_secs() / (24 * 60 * 60);
        format!("{} of {date}, {days} days ago; `cargo xtask advisories CHECKOUT` renews them", self.advisories.len())
    }
}

impl fmt::Display for Advisories {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER} {} {}", self.made.0, self.made.1)?;
        self.advisories.iter().try_for_each(|Advisory { id, package, patched, unaffected }| {
            writeln!(f, "{id}\t{package}\t{}\t{}", patched.join("; "), unaffected.join("; "))
        })
    }
}

impl Advisory {
    fn concerns(&self, version: &Version) -> Done<bool> {
        let without = self.patched.iter().chain(&self.unaffected);
        let without = without.map(|versions| VersionReq::parse(versions)).collect::<Result<Vec<_>, _>>()?;
        Ok(!without.iter().any(|versions| versions.matches(version)))
    }
}

/// Seconds since 1970, and the date.
fn read_time(text: &str) -> Done<(u64, String)> {
    let (seconds, date) = text.trim().split_once(' ').ok_or("no time")?;
    Ok((seconds.parse()?, date.to_owned()))
}

/// A file of the database: a block of TOML, and text. Nothing if it was withdrawn.
fn read_advisory(text: &str) -> Done<Option<Advisory>> {
    #[derive(Deserialize)]
    struct File {
        advisory: Head,
        versions: Versions,
    }
    #[derive(Deserialize)]
    struct Head {
        id: String,
        package: String,
        withdrawn: Option<String>,
    }
    #[derive(Deserialize)]
    struct Versions {
        patched: Vec<String>,
        #[serde(default)]
        unaffected: Vec<String>,
    }
    let block = text.trim_start().strip_prefix("```toml").and_then(|rest| rest.split_once("```"));
    let File { advisory, versions } = toml::from_str(block.ok_or("an advisory without TOML")?.0)?;
    let Versions { patched, unaffected } = versions;
    let Head { id, package, withdrawn } = advisory;
    Ok(withdrawn.is_none().then_some(Advisory { id, package, patched, unaffected }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{package, settings};

    const ADVISORY: &str = "```toml
[advisory]
id = \"RUSTSEC-2030-0001\"
package = \"one\"
date = \"2030-01-01\"

[versions]
patched = [\"^1.2.3\", \">= 2.0.1\"]
unaffected = [\"< 1.1\"]
```

# Title
";

    fn faults(version: &str, answers: &str) -> Vec<String> {
        let advisories = vec![read_advisory(ADVISORY).unwrap().unwrap()];
        // By way of the file.
        let list =
            Advisories::read(&Advisories { made: (5, "1970-01-01".to_owned()), advisories }.to_string()).unwrap();
        let graph = Graph { crates: vec![package("one", version), package("two", "1.1.0")] };
        list.faults(&graph, &settings(answers).advisories)
    }

    #[test]
    fn versions_that_an_advisory_concerns() {
        for version in ["1.0.9", "1.2.3", "1.9.0", "2.0.1", "3.0.0"] {
            assert!(faults(version, "").is_empty(), "{version}");
        }
        for version in ["1.1.0", "1.2.2", "2.0.0"] {
            let found = faults(version, "");
            assert!(
                found.len() == 1 && found[0].starts_with("RUSTSEC-2030-0001 concerns one "),
                "{version}: {found:?}"
            );
        }
    }

    #[test]
    fn each_needs_an_answer_and_each_answer_an_advisory() {
        let answer = r#"{ id = "RUSTSEC-2030-0001", reason = "not called" }"#;
        assert!(faults("1.1.0", answer).is_empty());
        assert_eq!(faults("1.2.3", answer), ["deny.toml answers RUSTSEC-2030-0001, which concerns nothing here"]);
        assert_eq!(faults("1.1.0", r#"{ id = "RUSTSEC-2030-0001", reason = " " }"#).len(), 2, "no answer");
    }

    #[test]
    fn what_was_withdrawn_is_left_out() {
        let withdrawn = ADVISORY.replace("date =", "withdrawn = \"2030-02-01\"\ndate =");
        assert!(read_advisory(&withdrawn).unwrap().is_none());
        assert!(read_advisory("# no TOML").is_err());
    }

    #[test]
    fn the_age_is_told() {
        let list = Advisories::read(&format!("{HEADER} 86400 1970-01-02\n")).unwrap();
        let age = list.age(SystemTime::UNIX_EPOCH + Duration::from_secs(11 * 86400));
        assert!(age.starts_with("0 of 1970-01-02, 10 days ago"), "{age}");
        assert!(Advisories::read("").is_err() && Advisories::read("something else\n").is_err());
    }
}
