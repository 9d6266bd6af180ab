//! The tests that take as long as one likes, with their full counts.

use crate::lab::Lab;
use crate::packages;
use crate::run::{Done, cargo, run};

/// `cargo xtask soak [NAME] [--minutes N]`.
pub(crate) fn soak(options: &[&str]) -> Done {
    match options {
        [] => {
            otr()
                .and_then(|()| vault())
                .and_then(|()| duress())
                .and_then(|()| stanzas())
                .and_then(|()| registration())?;
            world().and_then(|()| chat("0")).and_then(|()| peers()).and_then(|()| liar()).and_then(|()| moves())
        }
        ["otr"] => otr(),
        ["chat"] => chat("0"),
        ["chat", "--minutes", minutes] if minutes.parse::<u64>().is_ok() => chat(minutes),
        ["peers"] => peers(),
        ["vault"] => vault(),
        ["duress"] => duress(),
        ["liar"] => liar(),
        ["stanzas"] => stanzas(),
        ["registration"] => registration(),
        ["world"] => world(),
        ["moves"] => moves(),
        _ => Err(
            "soak takes otr, vault, duress, stanzas, registration, world, peers, liar, moves, or chat with --minutes N"
                .into(),
        ),
    }
}

fn otr() -> Done {
    packages::need(&[packages::OTR])?;
    let mut tests = cargo(&["test", "--quiet", "--profile", "dist", "--package", "flashpaper-otr", "--tests"]);
    tests.args(["--", "--include-ignored", "--nocapture", "--test-threads=1", "--skip", "constant_time"]);
    run(tests.env("FLASHPAPER_SOAK", "1"))
}

/// Kills a process that changes the vault at each write.
fn vault() -> Done {
    packages::need(&[packages::TESTS])?;
    let mut tests =
        cargo(&["test", "--quiet", "--profile", "dist", "--package", "flashpaper-vault", "--test", "crash"]);
    tests.args(["--", "--ignored", "--nocapture", "--test-threads=1"]);
    run(tests.env("FLASHPAPER_SOAK", "1"))
}

/// A thousand pairs of folders with and without a duress passphrase, which nothing may tell apart: half an hour of Argon2id.
fn duress() -> Done {
    let mut tests =
        cargo(&["test", "--quiet", "--profile", "dist", "--package", "flashpaper-vault", "--test", "duress"]);
    run(tests.args(["--", "--nocapture", "cannot_be_told"]).env("FLASHPAPER_SOAK", "1"))
}

/// Some hundred thousand stanzas of odd parts.
fn stanzas() -> Done {
    let mut tests = cargo(&["test", "--quiet", "--workspace", "--all-features", "--test", "hostile"]);
    tests.args(["--", "--nocapture", "grammar"]);
    run(tests.env("FLASHPAPER_SOAK", "1"))
}

/// Ten thousand malformed or hostile answers at each step of a registration, of its login and of the trial behind it.
fn registration() -> Done {
    let mut tests = cargo(&["test", "--quiet", "--profile", "dist", "--package", "flashpaper-xmpp"]);
    tests.args(["--lib", "--test", "hostile", "--", "--nocapture", "registration::tests::hostile", "replies::"]);
    run(tests.env("FLASHPAPER_SOAK", "1"))
}

/// Two phones in memory: ten thousand times for each property of `core/chat`'s world.
fn world() -> Done {
    let mut tests = cargo(&["test", "--quiet", "--profile", "dist", "--package", "flashpaper-chat", "--lib"]);
    tests.args(["--", "--nocapture", "--test-threads=1", "world"]);
    run(tests.env("FLASHPAPER_SOAK", "1"))
}

/// Between burners: round after round of the full counts until the minutes are over, and one at least.
fn chat(minutes: &str) -> Done {
    engine_tests("chat::nothing_is_lost", minutes)
}

/// Ten thousand texts each way with each library; then nothing is lost with libotr, but what is marked so.
fn peers() -> Done {
    engine_tests("peers::many_texts_each_way_in_pieces_too", "0")?;
    engine_tests("chat::nothing_is_lost_unmarked_with_libotr", "0")
}

/// A hundred seeds of a server that lies, between burners and with libotr.
fn liar() -> Done {
    engine_tests("liar::a_lying_server_doubles_no_text_and_forges_no_delivery", "0")?;
    engine_tests("liar::a_lying_server_doubles_no_text_with_libotr_and_forges_no_delivery", "0")
}

/// A creation that goes on from one server to another, killed and cancelled at every point of its way.
fn moves() -> Done {
    engine_tests("crash_moves::killed_on_the_way_to_a_second_server_and_while_a_person_is_asked", "0")?;
    engine_tests("crash_moves::killed_at_the_commits_on_the_way_to_a_second_server", "0")?;
    engine_tests("crash_moves::cancelled_on_the_way_to_a_second_server_and_while_a_person_is_asked", "0")
}

fn engine_tests(name: &str, minutes: &str) -> Done {
    packages::need(&[packages::LAB, packages::OTR])?;
    run(&mut cargo(&["build", "--quiet", "--workspace", "--all-features", "--all-targets"]))?;
    let test = || {
        let mut test = cargo(&["test", "--quiet", "--workspace", "--all-features", "--test", "engine"]);
        test.args(["--", "--ignored", "--exact", name]);
        test
    };
    // A name of no test would run none, and pass.
    if !String::from_utf8_lossy(&test().arg("--list").output()?.stdout).contains(&format!("{name}: test")) {
        return Err(format!("there is no test {name}").into());
    }
    let lab = Lab::start(0)?;
    let mut tests = test();
    tests
        .arg("--nocapture")
        .env("FLASHPAPER_LAB", lab.facts_file())
        .env("FLASHPAPER_SOAK", "1")
        .env("FLASHPAPER_MINUTES", minutes);
    run(&mut tests)
}
