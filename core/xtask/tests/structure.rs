//! The shape of the sources: no circle of imports inside a crate; no long file and no long function in the two crates that hold
//! the product's logic; a README for each crate.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Modules by their paths inside the crate, the root's is empty. A path is a list of names.
type Modules = BTreeMap<Names, Module>;
type Names = Vec<String>;
/// Which modules each module uses.
type Uses = BTreeMap<Names, BTreeSet<Names>>;

/// What an import names, and what it is called by then.
struct Import {
    path: Names,
    name: String,
    /// A re-export: its users use the module behind it.
    is_public: bool,
}

struct Module {
    /// Without imports, comments and tests.
    code: String,
    imports: Vec<Import>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Files of Rust in a folder and those inside.
fn files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}

/// How many lines an item has that begins with the first of these: rustfmt ends a long one by a brace below its beginning.
fn length(lines: &[&str]) -> usize {
    let Some(first) = lines.first() else { return 0 };
    if first.ends_with([';', '}']) {
        return 1;
    }
    let indent = &first[..first.len() - first.trim_start().len()];
    let is_last = |line: &&str| {
        line.strip_prefix(indent).is_some_and(|line| line == "}" || line.starts_with(')') && line.ends_with(';'))
    };
    lines.iter().position(is_last).map_or(lines.len(), |last| last + 1)
}

/// A source without comments, and without what is compiled for tests alone.
fn shipped(source: &str) -> String {
    let lines: Vec<&str> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let (mut kept, mut at) = (String::new(), 0);
    while let Some(line) = lines.get(at) {
        if line.trim() == "#[cfg(test)]" {
            at += 1;
            at += lines[at..].iter().take_while(|line| line.trim_start().starts_with("#[")).count();
            at += length(&lines[at..]);
        } else {
            kept.extend([*line, "\n"]);
            at += 1;
        }
    }
    kept
}

/// An item without `pub`, and whether it had that.
fn without_visibility(item: &str) -> (&str, bool) {
    let item = item.trim_start();
    match item.strip_prefix("pub(") {
        Some(rest) => (rest.split_once(") ").map_or(item, |(_, rest)| rest), true),
        None => item.strip_prefix("pub ").map_or((item, false), |rest| (rest, true)),
    }
}

/// The paths of a tree of imports.
fn expand(before: &[&str], tree: &str, is_public: bool, found: &mut Vec<Import>) {
    let tree = tree.trim();
    if let Some((first, rest)) = tree.split_once("::").filter(|(first, _)| !first.contains('{')) {
        return expand(&[before, &[first]].concat(), rest, is_public, found);
    }
    if let Some(parts) = tree.strip_prefix('{').and_then(|tree| tree.strip_suffix('}')) {
        let (mut depth, mut start) = (0, 0);
        for (at, c) in parts.char_indices().chain([(parts.len(), ',')]) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    expand(before, &parts[start..at], is_public, found);
                    start = at + 1;
                }
                _ => {}
            }
        }
    } else if !tree.is_empty() {
        let (last, name) = tree.split_once(" as ").unwrap_or((tree, tree));
        let last = Some(last).filter(|last| *last != "self" && *last != "*");
        let path: Names = before.iter().copied().chain(last).map(str::to_owned).collect();
        let name = if name == "self" { path.last().cloned().unwrap_or_default() } else { name.to_owned() };
        found.push(Import { path, name, is_public });
    }
}

impl Module {
    fn new(source: &str) -> Self {
        let (mut module, mut statement) = (Self { code: String::new(), imports: Vec::new() }, String::new());
        for line in shipped(source).lines() {
            if statement.is_empty() && !without_visibility(line).0.starts_with("use ") {
                module.code.extend([line, "\n"]);
                continue;
            }
            statement.push_str(line);
            if line.ends_with(';') {
                let (item, is_public) = without_visibility(&statement);
                let tree = item.trim_start_matches("use ").trim_end_matches(';');
                expand(&[], tree, is_public, &mut module.imports);
                statement.clear();
            }
        }
        module
    }
}

/// Paths in code that begin at the crate, at the parent or at a child.
fn paths(code: &str, children: &[&str]) -> Vec<Names> {
    let is_of_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let words = code.split(|c| !is_of_path(c)).filter(|word| word.contains("::"));
    let names = words.map(|word| word.split("::").map(str::to_owned).collect::<Names>());
    let is_own = |first: &str| ["crate", "super", "self"].contains(&first) || children.contains(&first);
    names.filter(|names| names.first().is_some_and(|first| is_own(first))).collect()
}

/// Reads a module and those that it declares.
fn read(file: &Path, folder: &Path, at: Names, modules: &mut Modules) -> Outcome {
    let module = Module::new(&fs::read_to_string(file)?);
    let declared = module.code.lines().filter_map(|line| {
        let name = without_visibility(line).0.strip_prefix("mod ")?.strip_suffix(';')?;
        Some(name.to_owned())
    });
    for name in declared.collect::<Vec<_>>() {
        let inside = folder.join(&name);
        let file = [folder.join(format!("{name}.rs")), inside.join("mod.rs")].into_iter().find(|file| file.exists());
        let file = file.ok_or_else(|| format!("{} declares {name}, which is nowhere", file_name(folder)))?;
        read(&file, &inside, [at.clone(), vec![name]].concat(), modules)?;
    }
    modules.insert(at, module);
    Ok(())
}

fn file_name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The module that defines what a path names, seen from a module. `None`: another crate does, or it is no path of modules.
fn defines(modules: &Modules, at: &Names, path: &[String]) -> Option<Names> {
    let (first, mut rest) = path.split_first()?;
    let mut module = match first.as_str() {
        "crate" => Names::new(),
        "self" => at.clone(),
        "super" => at.split_last()?.1.to_vec(),
        child => [at.clone(), vec![child.to_owned()]].concat(),
    };
    modules.get(&module)?;
    while let Some((name, behind)) = rest.split_first() {
        let child = [module.clone(), vec![name.clone()]].concat();
        if name == "super" {
            module.pop();
        } else if modules.contains_key(&child) {
            module = child;
        } else {
            let import = modules[&module].imports.iter().find(|import| import.name == *name);
            let Some(import) = import else { break };
            return defines(modules, &module, &[&import.path, behind].concat());
        }
        rest = behind;
    }
    Some(module)
}

fn uses(modules: &Modules) -> Uses {
    let of = |at: &Names, module: &Module| {
        let children = modules.keys().filter(|other| other.split_last().is_some_and(|(_, parent)| parent == at));
        let children: Vec<&str> = children.filter_map(|child| child.last().map(String::as_str)).collect();
        let imported = module.imports.iter().filter(|import| !import.is_public).map(|import| import.path.clone());
        let named = imported.chain(paths(&module.code, &children));
        named.filter_map(|path| defines(modules, at, &path)).filter(|used| used != at).collect()
    };
    modules.iter().map(|(at, module)| (at.clone(), of(at, module))).collect()
}

/// What is left without those that use none of the rest, or that none of the rest uses: circles.
fn circles(mut uses: Uses) -> Uses {
    loop {
        let used: BTreeSet<Names> = uses.values().flatten().cloned().collect();
        let known: BTreeSet<Names> = uses.keys().cloned().collect();
        uses.values_mut().for_each(|of| of.retain(|module| known.contains(module)));
        uses.retain(|module, of| !of.is_empty() && used.contains(module));
        if uses.len() == known.len() {
            return uses;
        }
    }
}

/// The folders of all crates.
fn packages() -> Outcome<Vec<PathBuf>> {
    let mut packages = vec![root().join("bindings")];
    for folder in fs::read_dir(root().join("core"))? {
        packages.push(folder?.path());
    }
    packages.retain(|package| package.join("Cargo.toml").exists());
    Ok(packages)
}

/// The first example is a test of the documentation, or a test of the crate reads it.
#[test]
fn every_crate_has_a_readme_with_its_limits_and_a_first_example_that_is_checked() -> Outcome {
    for package in packages()? {
        let name = file_name(&package);
        let readme = fs::read_to_string(package.join("README.md")).map_err(|_| format!("{name} has no README"))?;
        assert!(readme.contains("\n## What it is not\n"), "{name}: what is it not?");
        let (_, example) = readme.split_once("\n```").ok_or_else(|| format!("{name}: no example"))?;
        let check = match example.lines().next().unwrap_or_default() {
            "rust" | "rust,no_run" => "#![doc = include_str!(\"../README.md\")]",
            _ => "fn the_first_example_of_the_readme_",
        };
        let mut sources = files(&package.join("src"))?;
        let tests = package.join("tests");
        sources.extend(if tests.is_dir() { files(&tests)? } else { Vec::new() });
        let texts = sources.iter().map(fs::read_to_string).collect::<Result<Vec<_>, _>>()?;
        assert!(texts.iter().any(|text| text.contains(check)), "{name}: nothing checks the first example");
    }
    Ok(())
}

#[test]
fn no_crate_has_a_circle_of_imports() -> Outcome {
    let mut found = Vec::new();
    for source in packages()?.iter().map(|package| package.join("src")) {
        let entry = ["lib.rs", "main.rs"].iter().map(|entry| source.join(entry)).find(|entry| entry.exists());
        let mut modules = Modules::new();
        read(&entry.ok_or("a crate without an entry")?, &source, Names::new(), &mut modules)?;
        let lines = circles(uses(&modules)).into_iter().flat_map(|(module, used)| {
            used.into_iter().map(move |used| format!("{} -> {}", module.join("::"), used.join("::")))
        });
        found.extend(lines.map(|line| format!("{}: {line}", file_name(&source))));
    }
    assert!(found.is_empty(), "{found:#?}");
    Ok(())
}

/// Says in a module's head why it is longer than the rest.
const REASON: &str = "//! Over 400 lines: ";

#[test]
fn no_file_is_long_without_a_reason_and_no_function_is() -> Outcome {
    for source in ["core/chat/src", "core/engine/src"] {
        for file in files(&root().join(source))? {
            let text = fs::read_to_string(&file)?;
            let lines: Vec<&str> = text.lines().collect();
            let has_reason =
                lines.iter().take_while(|line| line.starts_with("//!")).any(|line| line.starts_with(REASON));
            assert!(lines.len() <= 400 || has_reason, "{} has {} lines", file_name(&file), lines.len());
            for at in 0..lines.len() {
                let mut item = without_visibility(lines[at]).0;
                for word in ["const ", "async "] {
                    item = item.strip_prefix(word).unwrap_or(item);
                }
                let length = length(&lines[at..]);
                assert!(!item.starts_with("fn ") || length <= 60, "{}:{}: {length} lines", file_name(&file), at + 1);
            }
        }
    }
    Ok(())
}

#[test]
fn a_circle_is_found_through_what_is_handed_on() {
    let found = |sources: [&str; 3]| {
        let names: [&[&str]; 3] = [&[], &["a"], &["a", "b"]];
        let names = names.map(|names| names.iter().map(|name| (*name).to_owned()).collect::<Names>());
        circles(uses(&names.into_iter().zip(sources.map(Module::new)).collect())).len()
    };
    assert_eq!(found(["mod a;\npub use a::b::B as C;", "mod b;", "use super::A;\nuse crate::D;"]), 0);
    assert_eq!(
        found(["pub use a::b::B as C;", "use crate::{x, C};", "use super::{\n    y::{Y, self},\n    A,\n};"]),
        2
    );
    assert_eq!(found(["", "fn f() {\n    b::g();\n}", "fn f() {\n    super::g();\n}"]), 2);
    assert_eq!(found(["", "fn f() {\n    b::g();\n}", "#[cfg(test)]\nmod tests {\n    use super::super::A;\n}"]), 0);
    assert_eq!(
        found(["", "fn f() {\n    b::g();\n}", "// super::g();\n#[cfg(test)]\nfn f() {\n    super::g();\n}"]),
        0
    );
}
