//! The Kotlin modules, built and tested by Maven on the JVM.

use std::path::Path;

use crate::bindings;
use crate::run::{Done, limited, run};

/// Runs the tests of the library and of the sample app on the lab with its facts in the file `facts`.
pub(crate) fn test(facts: &Path) -> Done {
    let mut maven = limited("mvn");
    maven.args(["--batch-mode", "--quiet", "--file", "android-demo/pom.xml", "test"]);
    maven.arg(format!("-Dlibrary.folder={}", bindings::library_folder().display()));
    run(maven.env("FLASHPAPER_LAB", facts))
}
