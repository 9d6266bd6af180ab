//! `cargo xtask`: the project's commands. It depends on almost nothing, so that it is built in seconds; the lab and the
//! command line are programs of the workspace that it builds and runs.

mod android_check;
mod android_package;
mod api;
mod apple_package;
mod bench;
mod bench_bindings;
mod bindings;
mod debian;
mod demo;
mod directory;
mod elf;
mod fuzz;
mod generated;
mod kotlin;
mod lab;
mod package;
mod packages;
mod parts;
mod run;
mod size;
mod soak;
mod swift;
mod swift_api;
mod test;

use std::process::ExitCode;

use run::{Done, cargo};

const USAGE: &str = "\
cargo xtask demo             the main job on a private Tor network, private conversations, servers that guard their
                             registration, and the other ways in which burners end, too; no internet needed
cargo xtask test             everything CI checks
    --fast                   leaves out the lab, Kotlin and Swift
    --without kotlin|swift   leaves one of them out
cargo xtask soak [NAME]      tests with their full counts; without a name: all of them, one after the other
    otr                      10,000 key exchanges and 1,000,000 messages with libotr
    chat [--minutes N]       1,000 messages each way between two burners through cuts, restarts and kills; again and
                             again until N minutes are over
    peers                    10,000 texts each way with libotr and with otr3, through the lab's server
    vault                    kills at each write and sync of the vault
    duress                   a thousand pairs of folders with and without a duress passphrase (half an hour)
    stanzas                  100,000 stanzas of odd parts in every order
    registration             10,000 hostile answers at each step of a registration
    world                    30,000 times two phones in memory: cuts, restarts, an honest server and one that lies
    moves                    a creation that goes on to another server, killed and cancelled at every point of its way
    liar                     100 seeds of a server that lies, between two burners and with libotr
cargo xtask bench NAME       otr: speed beside libotr; ct: whether secrets show in the time that things take; chat: what
                             privacy costs in time; cost: what a text costs on disk and beside what is kept; idle: bytes,
                             wake-ups and memory while nothing happens, beside tor with slixmpp (20 minutes); tap: how long
                             a new burner takes and its round trips, beside tor with slixmpp of PyPI (5 minutes); burn:
                             how long a burn takes and its round trips, a panic and a lock (2 minutes); names:
                             whether a classifier tells burners' names from people's (FLASHPAPER_NAMES: a list, one a line);
                             bindings: how large the library is, beside tor with libotr, and what calls of it take on the JVM
    --json                   one JSON object (all but ct)
cargo xtask remains          what is left in memory and on disk of a burner's secrets after a burn, a lock and a panic, by form
    --json                   one JSON object of counts
cargo xtask fuzz TARGET      hostile input for what reads it; without a target: their names
    --seconds N              for how long (60)
cargo xtask bindings         the library for Kotlin and Swift and its generated sources, for this machine
    --android-check          whether their Rust side is well typed for Android and iOS; builds nothing for a phone
cargo xtask api              writes down what apps can call, for Kotlin and Swift; `cargo xtask test` compares
cargo xtask package SYSTEM   what is handed out, in target/package/SYSTEM; says what is missing where it cannot be made
    linux                    the library, its debug symbols apart, sources of the faces and doubles, licences, a list of parts
    android                  the AAR for four ABIs, in a folder laid out as a Maven repository; needs Android's SDK and NDK
    apple [--url URL]        the XCFramework; with the URL where a release will have it, the Swift package around it, too
    --reproducible           whether two builds of the last commit in two folders have the same bytes (20 minutes)
cargo xtask advisories PATH  writes the list of RustSec's advisories anew, from a git checkout of their database
cargo xtask directory-check [FILE]
                             how many taps find a server by a list of the directory that is 1, 3 or 6 months old
cargo xtask directory-sign FILE --key KEYFILE
                             the update of the server directory that an app may hand in, as FILE.signed
cargo xtask packages NAME... installs packages of Debian, as root, and starts none of their services
cargo xtask lab [--delay MS] keeps a lab up and prints its facts as one line of JSON; ends with end of input or Ctrl-C";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["demo"] => demo::demo(),
        ["test", options @ ..] => test::Scope::parse(options).and_then(test::test),
        ["soak", options @ ..] => soak::soak(options),
        ["bench", "bindings"] => bench_bindings::bench(false),
        ["bench", "bindings", "--json"] => bench_bindings::bench(true),
        ["bench", name] => bench::bench(name, false),
        ["bench", name, "--json"] => bench::bench(name, true),
        ["remains"] => bench::remains(false),
        ["remains", "--json"] => bench::remains(true),
        ["fuzz"] => fuzz::fuzz("", "0"),
        ["fuzz", name] => fuzz::fuzz(name, "60"),
        ["fuzz", name, "--seconds", seconds] => fuzz::fuzz(name, seconds),
        ["bindings"] => bindings::make(),
        ["bindings", "--android-check"] => android_check::check(),
        ["api"] => api::write(),
        ["package", options @ ..] => package::package(options),
        ["advisories", checkout] => advisories(checkout),
        ["directory-check"] => directory::check(None),
        ["directory-check", file] => directory::check(Some(file)),
        ["directory-sign", file, "--key", key] => directory::sign(file, key),
        ["packages", names @ ..] => packages::install(names),
        ["lab"] => lab::stay_up(0),
        ["lab", "--delay", ms] => match ms.parse() {
            Ok(ms) => lab::stay_up(ms),
            Err(_) => Err("--delay takes milliseconds".into()),
        },
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(format!("unknown command\n{USAGE}").into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn advisories(checkout: &str) -> Done {
    // From the workspace's root, where cargo is run.
    let checkout = std::path::absolute(checkout)?;
    run::run(cargo(&["run", "--quiet", "--package", "flashpaper-dependencies", "--", "renew"]).arg(checkout))
}
