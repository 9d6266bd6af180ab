//! The Kotlin modules, built and tested by Maven on the JVM.

use std::fs;
use std::path::Path;

use crate::bindings;
use crate::run::{Done, at_root, limited, root, run, target};

/// Runs the tests of the library and of the sample app on the lab with its facts in the file `facts`.
pub(crate) fn test(facts: &Path) -> Done {
    let mut maven = limited("mvn");
    maven.args(["--batch-mode", "--quiet", "--file", "android-demo/pom.xml", "test"]);
    maven.arg(format!("-Dlibrary.folder={}", bindings::library_folder().display()));
    run(maven.env("FLASHPAPER_LAB", facts))
}

/// Links the sample app's manifest and resources against Android's framework.
pub(crate) fn link_resources() -> Done {
    let out = target().join("android");
    fs::create_dir_all(&out)?;
    let (app, resources, manifest) =
        (root().join("android-demo/app/src/main"), out.join("res.zip"), out.join("manifest.xml"));
    // Gradle adds the package in the same way.
    let text = fs::read_to_string(app.join("AndroidManifest.xml"))?;
    fs::write(&manifest, text.replacen("<manifest ", "<manifest package=\"org.flashpaper.demo\" ", 1))?;
    run(at_root("aapt2").arg("compile").arg("--dir").arg(app.join("res")).arg("-o").arg(&resources))?;
    let mut link = at_root("aapt2");
    link.args(["link", "-I", "/usr/share/android-framework-res/framework-res.apk", "--manifest"]).arg(manifest);
    run(link.arg("-o").arg(out.join("resources.apk")).arg(resources))
}
