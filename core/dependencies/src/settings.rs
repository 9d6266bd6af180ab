//! `deny.toml`, in cargo-deny's format. A setting that is not obeyed here is an error, not silence.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) graph: GraphSettings,
    pub(crate) advisories: AdvisorySettings,
    pub(crate) licenses: Licences,
    pub(crate) bans: Bans,
    pub(crate) sources: Sources,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct GraphSettings {
    pub(crate) all_features: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdvisorySettings {
    pub(crate) ignore: Vec<Answer>,
}

/// Why an advisory harms nobody here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    pub(crate) id: String,
    pub(crate) reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Licences {
    pub(crate) allow: Vec<String>,
    pub(crate) exceptions: Vec<Exception>,
}

/// Licences that one crate may have besides.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exception {
    #[serde(rename = "crate")]
    pub(crate) name: String,
    pub(crate) allow: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Bans {
    pub(crate) multiple_versions: Deny,
    /// Crates that may bring further versions, with all that they are built from.
    pub(crate) skip_tree: Vec<Named>,
    pub(crate) wildcards: Deny,
    /// cargo-deny counts a path without a version as a wildcard.
    pub(crate) allow_wildcard_paths: bool,
    pub(crate) deny: Vec<Banned>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    #[serde(rename = "crate")]
    pub(crate) name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Banned {
    #[serde(rename = "crate")]
    pub(crate) name: String,
    pub(crate) reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Sources {
    pub(crate) unknown_registry: Deny,
    pub(crate) unknown_git: Deny,
}

/// The only level that is known here: what is no failure is not read by anybody.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Deny {
    Deny,
}
