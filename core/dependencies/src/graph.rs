//! Every crate that the workspace can be built from, for all systems, and what each is built from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{CargoOpt, DependencyKind, MetadataCommand};
use semver::Version;

use crate::done::Done;

/// A crate by its place in [`Graph::crates`].
pub(crate) type Index = usize;

pub(crate) struct Graph {
    pub(crate) crates: Vec<Crate>,
}

#[derive(Clone)]
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) version: Version,
    /// As its manifest says.
    pub(crate) license: Option<String>,
    /// Nothing for a folder on this machine.
    pub(crate) source: Option<String>,
    /// Whether it is ours.
    pub(crate) member: bool,
    /// Crates that it takes from a registry in any version.
    pub(crate) wildcards: Vec<String>,
    /// What it is built from, and whether only its tests are.
    pub(crate) built_from: Vec<(Index, ForTests)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ForTests {
    Only,
    No,
}

impl Graph {
    /// Asks cargo, which downloads what it has not seen yet.
    pub(crate) fn load(manifest: &Path, all_features: bool) -> Done<Self> {
        let mut command = MetadataCommand::new();
        command.manifest_path(manifest).other_options(vec!["--locked".to_owned()]);
        if all_features {
            command.features(CargoOpt::AllFeatures);
        }
        let metadata = command.exec()?;
        let resolve = metadata.resolve.ok_or("cargo resolves nothing")?;
        let places: BTreeMap<_, Index> = metadata.packages.iter().enumerate().map(|(i, p)| (p.id.clone(), i)).collect();
        let mut crates: Vec<Crate> = metadata
            .packages
            .iter()
            .map(|package| Crate {
                name: package.name.to_string(),
                version: package.version.clone(),
                license: package.license.clone(),
                source: package.source.as_ref().map(|source| source.repr.clone()),
                member: metadata.workspace_members.contains(&package.id),
                wildcards: (package.dependencies.iter())
                    .filter(|d| d.path.is_none() && d.req == semver::VersionReq::STAR)
                    .map(|d| d.name.clone())
                    .collect(),
                built_from: Vec::new(),
            })
            .collect();
        for node in &resolve.nodes {
            let built_from = node.deps.iter().map(|dep| {
                let tests = dep.dep_kinds.iter().all(|kind| kind.kind == DependencyKind::Development);
                (places[&dep.pkg], if tests { ForTests::Only } else { ForTests::No })
            });
            crates[places[&node.id]].built_from = built_from.collect();
        }
        Ok(Self { crates })
    }

    /// The crates of these names.
    pub(crate) fn named<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Vec<Index> {
        let names: BTreeSet<&str> = names.into_iter().collect();
        (0..self.crates.len()).filter(|index| names.contains(self.crates[*index].name.as_str())).collect()
    }

    /// Some crates and all that they are built from, without what only tests need.
    pub(crate) fn trees(&self, mut waiting: Vec<Index>) -> BTreeSet<Index> {
        let mut seen = BTreeSet::new();
        while let Some(index) = waiting.pop() {
            if seen.insert(index) {
                let built_from = self.crates[index].built_from.iter();
                waiting.extend(built_from.filter(|(_, tests)| *tests == ForTests::No).map(|(of, _)| *of));
            }
        }
        seen
    }
}
