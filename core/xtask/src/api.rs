//! What apps can call, as two files that change only when it does: `bindings/kotlin/api.txt` and `bindings/swift/api.txt`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::run::{Done, at_root, limited, root, run};
use crate::{packages, swift_api};

const KOTLIN: &str = "bindings/kotlin/api.txt";
const SWIFT: &str = "bindings/swift/api.txt";

/// `cargo xtask api`: writes both files anew, or none: they tell of one state of the sources.
pub(crate) fn write() -> Done {
    let swift = swift()?;
    packages::need(&[packages::KOTLIN])?;
    if !root().join("bindings/kotlin/flashpaper/src/main/kotlin/org/flashpaper/internal/ffi").is_dir() {
        return Err("the sources are not generated yet; run\n  cargo xtask bindings".into());
    }
    for module in kotlin_modules()? {
        // Classes of sources that are gone.
        let _ = fs::remove_dir_all(classes(&module));
    }
    run(limited("mvn").args(["--batch-mode", "--quiet", "--file", "bindings/kotlin/pom.xml", "compile"]))?;
    let kotlin = kotlin()?;
    fs::write(root().join(SWIFT), swift)?;
    Ok(fs::write(root().join(KOTLIN), kotlin)?)
}

/// Fails if Swift's file is not what the sources declare.
pub(crate) fn check_swift() -> Done {
    compare(SWIFT, &swift()?)
}

/// Fails if Kotlin's file is not what was compiled last.
pub(crate) fn check_kotlin() -> Done {
    compare(KOTLIN, &kotlin()?)
}

fn compare(file: &str, now: &str) -> Done {
    let then = fs::read_to_string(root().join(file)).map_err(|e| format!("{file}: {e}; run\n  cargo xtask api"))?;
    if then == now {
        return Ok(());
    }
    let differences = differences(&then, now);
    Err(format!("what apps can call has changed:\n{differences}If it is meant to, run\n  cargo xtask api").into())
}

/// Lines that are in one text only.
fn differences(then: &str, now: &str) -> String {
    let only = |sign: char, these: &str, others: &str| {
        let others: std::collections::HashSet<&str> = others.lines().collect();
        let lines = these.lines().filter(|line| !others.contains(line));
        lines.map(|line| format!("{sign} {}\n", line.trim())).collect::<String>()
    };
    let found = only('-', then, now) + &only('+', now, then);
    if found.is_empty() { "  the order of declarations\n".into() } else { found }
}

/// Each module that has something for apps.
fn kotlin_modules() -> Done<Vec<String>> {
    let text = fs::read_to_string(root().join("bindings/kotlin/pom.xml"))?;
    let modules = text.lines().filter_map(|line| line.trim().strip_prefix("<module>")?.strip_suffix("</module>"));
    // An app made for a test has a package of its own.
    let has_api =
        |module: &&str| root().join(format!("bindings/kotlin/{module}/src/main/kotlin/org/flashpaper")).is_dir();
    Ok(modules.filter(has_api).map(String::from).collect())
}

fn classes(module: &str) -> PathBuf {
    root().join("bindings/kotlin").join(module).join("target/classes")
}

fn kotlin() -> Done<String> {
    let mut made = String::new();
    for module in kotlin_modules()? {
        let classes = classes(&module);
        let files = files(&classes.join("org/flashpaper"), "class")
            .map_err(|e| format!("{module} is not compiled ({e}); run\n  cargo xtask api"))?;
        let mut javap = at_root("javap");
        javap.args(["-protected", "-classpath"]).arg(&classes);
        for file in &files {
            let name = file.strip_prefix(&classes)?.with_extension("").to_string_lossy().replace('/', ".");
            // Bodies have classes of their own, by numbers.
            let is_of_a_body = name.split('$').any(|part| part.starts_with(|c: char| c.is_ascii_digit()));
            if !(is_of_a_body || name.starts_with("org.flashpaper.internal.")) {
                javap.arg(name);
            }
        }
        let output = javap.output()?;
        if !output.status.success() {
            return Err(format!("javap: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        made.push_str(&format!("// {module}\n"));
        made.push_str(&public_classes(&String::from_utf8(output.stdout)?));
    }
    Ok(made)
}

/// What javap prints, without classes that are not public, and without members that Kotlin calls internal: the compiler adds the
/// module's name to theirs.
fn public_classes(printed: &str) -> String {
    let mut made = String::new();
    let mut is_public = false;
    for line in printed.lines() {
        let is_member = line.starts_with(' ');
        if !is_member && line != "}" {
            is_public = line.starts_with("public ");
        }
        if is_public && !line.contains("$flashpaper") && !line.contains("access$") {
            made.push_str(line);
            made.push('\n');
        }
    }
    made
}

fn swift() -> Done<String> {
    let sources = root().join("bindings/swift/Sources");
    let mut made = String::new();
    for file in files(&sources, "swift")? {
        let name = file.strip_prefix(&sources)?.to_string_lossy().into_owned();
        // Generated code is internal.
        if name.contains("/Generated/") {
            continue;
        }
        let public = swift_api::public(&fs::read_to_string(&file)?);
        if !public.is_empty() {
            made.push_str(&format!("// {name}\n{public}"));
        }
    }
    Ok(made)
}

/// The files of a kind in a folder and below, by the order of their paths.
fn files(folder: &Path, extension: &str) -> Done<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, extension)?);
        } else if path.extension().is_some_and(|end| end == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_members_and_classes_are_left_out() {
        let printed = "Compiled from \"A.kt\"\npublic final class org.flashpaper.A {\n  public final int one();\n  \
            public final int two$flashpaper();\n}\nfinal class org.flashpaper.B {\n  public final int three();\n}\n";
        assert_eq!(public_classes(printed), "public final class org.flashpaper.A {\n  public final int one();\n}\n");
    }

    #[test]
    fn a_difference_is_told_by_its_lines() {
        assert_eq!(differences("a\nb\n", "a\nc\n"), "- b\n+ c\n");
        assert_eq!(differences("a\nb\n", "b\na\n"), "  the order of declarations\n");
    }
}
