//! People's user names, as a burner's could be.

use std::collections::BTreeSet;
use std::error::Error;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use serde::Deserialize;

/// As the package `owners` lists them.
#[derive(Deserialize)]
struct Owner {
    username: String,
}

/// So many of the list at most. Separators are left out, and names that no burner could have. Of the package's names, sorted,
/// each second is taken: the others were in what the engine's table was made from.
pub(super) fn read(count: usize) -> Result<Vec<String>, Box<dyn Error>> {
    let file = std::env::var("FLASHPAPER_NAMES").map_err(|_| "FLASHPAPER_NAMES names no file")?;
    let text = std::fs::read_to_string(file)?;
    let mut names: Vec<String> = match serde_json::from_str::<Vec<Owner>>(&text) {
        Ok(owners) => possible(owners.iter().map(|owner| owner.username.as_str())).skip(1).step_by(2).collect(),
        Err(_) => possible(text.lines()).collect(),
    };
    names.shuffle(&mut StdRng::seed_from_u64(1));
    names.truncate(count);
    if names.len() < 200 {
        return Err("too few names to compare".into());
    }
    Ok(names)
}

/// Sorted, each once.
fn possible<'a>(names: impl Iterator<Item = &'a str>) -> impl Iterator<Item = String> {
    names.map(plain).filter(|name| is_possible(name)).collect::<BTreeSet<String>>().into_iter()
}

fn plain(name: &str) -> String {
    name.trim().chars().filter(|c| !"-_. ".contains(*c)).map(|c| c.to_ascii_lowercase()).collect()
}

/// `[a-z][a-z0-9]{5,19}`.
fn is_possible(name: &str) -> bool {
    (6..=20).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}
