//! Who knows of the protocol that encrypts.

use std::path::{Path, PathBuf};

#[test]
fn nothing_outside_encryption_names_a_protocol_that_encrypts() {
    fn sources(folder: &Path) -> Vec<PathBuf> {
        let entries = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let all = sources(&root);
    let may = |path: &Path| ["encryption", "tests"].iter().any(|folder| path.starts_with(root.join(folder)));
    let names = |path: &Path| {
        ["flashpaper_otr", "?OTR"].iter().any(|name| std::fs::read_to_string(path).unwrap().contains(name))
    };
    let outside: Vec<&PathBuf> = all.iter().filter(|path| !may(path) && names(path)).collect();
    assert!(outside.is_empty(), "{outside:?}");
    assert!(all.iter().any(|path| may(path) && names(path)), "the test looks in the wrong place");
}
