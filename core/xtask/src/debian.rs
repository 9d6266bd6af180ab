//! Debian systems of other releases, for tools that this machine's release does not have. Each is made once, in a folder
//! outside of any clone.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::packages;
use crate::run::Done;

/// What makes such a system.
const MAKER: &[&str] = &["debootstrap"];

/// Run inside namespaces of its own: mounts and processes die with it.
const ENTER: &str = r#"
set -e
mount -t proc proc "$SYSTEM/proc"
mount -t tmpfs tmpfs "$SYSTEM/tmp"
mount --rbind /dev "$SYSTEM/dev"
printf '%s\n' "$FOLDERS" | while IFS= read -r folder; do
    mkdir -p "$SYSTEM$folder"
    mount --bind "$folder" "$SYSTEM$folder"
done
exec chroot "$SYSTEM" "$@"
"#;

/// Where the system of a name is, or would be.
pub(crate) fn folder(name: &str) -> Done<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache"))).ok_or("no HOME")?;
    Ok(cache.join("flashpaper").join(name))
}

/// Makes a system of these packages; the names of packages have commas between them.
pub(crate) fn make(system: &Path, release: &str, names: &str) -> Done {
    packages::need(&[MAKER])?;
    println!("making a Debian system ({release}) with {names} in {}", system.display());
    let making = system.with_extension("making");
    if making.exists() {
        // An interrupted run has left it.
        fs::remove_dir_all(&making)?;
    }
    fs::create_dir_all(&making)?;
    // Its own mounts are not to outlive it either.
    let mut debootstrap = Command::new("unshare");
    debootstrap.args(["--mount", "debootstrap", "--variant=minbase"]).arg(format!("--include={names}"));
    let output = debootstrap.arg(release).arg(&making).arg(mirror()?).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        return Err(format!("debootstrap failed:\n{}", String::from_utf8_lossy(&output.stdout)).into());
    }
    Ok(fs::rename(making, system)?)
}

/// Makes of `unshare` a command inside a system that sees these folders of this machine; the program and its arguments follow.
pub(crate) fn enter(unshare: Command, system: &Path, folders: &[&Path]) -> Done<Command> {
    let folders = folders.iter().map(|folder| folder.to_str().ok_or("a path that is no text"));
    let mut command = unshare;
    command.args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER, "sh"]);
    command.env("SYSTEM", system).env("FOLDERS", folders.collect::<Result<Vec<_>, _>>()?.join("\n"));
    command.args(["env", "HOME=/root", "TMPDIR=/tmp"]);
    Ok(command)
}

/// Where this machine's own packages come from.
fn mirror() -> Done<String> {
    let format = ["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian", "Label: Debian"];
    let output = Command::new("apt-get").args(format).output()?;
    let uris = String::from_utf8(output.stdout)?;
    Ok(uris.lines().next().ok_or("apt knows no Debian packages; run\n  sudo apt-get update")?.to_owned())
}
