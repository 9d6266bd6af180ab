//! Bad input to every option: one clear line, and an exit code for the kind of the fault. No network is touched.

use std::fs;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Runs in `home`; the error lines and the exit code.
fn run(home: &str, args: &[&str]) -> (Vec<String>, Option<i32>) {
    try_run(home, args).unwrap_or_default()
}

fn try_run(home: &str, args: &[&str]) -> Result<(Vec<String>, Option<i32>), Box<dyn std::error::Error>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flashpaper"));
    command.args(args).stdin(Stdio::null()).env("HOME", home).env_remove("XDG_DATA_HOME");
    let output = command.output()?;
    let text = String::from_utf8(output.stderr)?;
    let lines = text.lines().filter(|line| !line.starts_with("warning: ")).map(str::to_owned).collect();
    Ok((lines, output.status.code()))
}

#[test]
fn bad_input_gets_one_line_and_its_code() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let home = path("home");
    fs::write(path("file"), "").unwrap();
    fs::write(path("noise"), "{\"network\": 1}").unwrap();
    fs::write(path("passphrase"), "swordfish\n").unwrap();
    fs::write(path("other"), "marlin\n").unwrap();
    let network = |arti: &str, ca: &str, server: &str| {
        let server = format!("{{\"domain\": \"{server}\", \"in_band_registration\": \"yes\"}}");
        format!("{{\"network\": {{\"arti\": \"{arti}\", \"ca_pem\": \"{ca}\", \"servers\": [{server}]}}}}")
    };
    fs::write(path("no-ca"), network("", "none", "burner.test")).unwrap();
    fs::write(path("no-server"), network("", "none", "localhost")).unwrap();
    let sealed = path("sealed");
    assert_eq!(run(&home, &["--home", &sealed, "--passphrase", &path("passphrase"), "list"]), (vec![], Some(0)));
    let in_file = path("file/home");
    let (file, noise, missing) = (path("file"), path("noise"), path("missing"));
    let (out, nowhere) = (path("out"), path("file/out"));
    let (no_ca, no_server, other) = (path("no-ca"), path("no-server"), path("other"));

    let cases: &[(&[&str], i32)] = &[
        (&[], 2),
        (&["dance"], 2),
        (&["list", "more"], 2),
        (&["list", "--bogus"], 2),
        (&["--home"], 2),
        (&["--home", "", "list"], 2),
        (&["--home", &file, "list"], 3),
        (&["--home", &in_file, "list"], 3),
        (&["--passphrase", &missing, "list"], 2),
        (&["--passphrase", &file, "list"], 2),
        (&["--home", &sealed, "--passphrase", &other, "list"], 3),
        (&["--home", &sealed, "list"], 3),
        (&["--network", &missing, "list"], 2),
        (&["--network", &noise, "list"], 2),
        (&["--network", &no_ca, "list"], 2),
        (&["--network", &no_server, "list"], 2),
        (&["--tor-timeout", "0", "list"], 2),
        (&["--tor-timeout", "soon", "list"], 2),
        (&["--tor-timeout", "86401", "list"], 2),
        (&["new", "--bridge", ""], 2),
        (&["new", "--bridge", "192.0.2.1:443"], 2),
        (&["new", "--bridge", "obfs4 192.0.2.1:443 0BAC39417268B96B9F514E7F63FA6FBA1A788955"], 2),
        (&["new", "--transport", "obfs4=127.0.0.1:4000"], 2),
        (&["list", "--bridge", "", "--transport", "obfs4=4000"], 2),
        (&["--json=yes", "list"], 2),
        (&["new", "--server"], 2),
        (&["new", "--server", ""], 2),
        (&["new", "--server", "localhost"], 2),
        (&["new", "--server", "127.0.0.1"], 2),
        (&["new", "--server", "me@jabber.example"], 2),
        (&["new", "--onion", "--server", "jabber.example"], 2),
        (&["new", "--onion", "--exit"], 2),
        (&["new", "--recoverable=no"], 2),
        (&["new", "--ask-nothing=no"], 2),
        (&["new", "--invitation"], 2),
        (&["new", "--invitation", &missing], 2),
        (&["new", "--invitation", &noise], 2),
        (&["new", "--invitation", "xmpp:jabber.example?register"], 2),
        (&["new", "--server", "other.example", "--invitation", "xmpp:jabber.example?register;preauth=x"], 2),
        (&["burn"], 2),
        (&["burn", "nobody"], 2),
        (&["burn", "--ticket", &missing], 2),
        (&["burn", "--ticket", &noise], 2),
        (&["burn", "nobody", "--ticket", &noise], 2),
        (&["burn", "--all", "--ticket", &noise], 2),
        (&["panic", "--ticket"], 2),
        (&["panic", "--ticket", &file], 2),
        (&["--home", &sealed, "panic", "--ticket", &out], 3),
        (&["--home", &sealed, "--passphrase", &other, "panic", "--ticket", &out], 3),
        (&["lock", "nobody"], 2),
        (&["chat", "nobody", "--auto-lock", "0"], 2),
        (&["receive"], 2),
        (&["receive", "nobody"], 2),
        (&["receive", "nobody", "--count", "0"], 2),
        (&["receive", "nobody", "--count", "-1"], 2),
        (&["receive", "nobody", "--timeout", "never"], 2),
        (&["chat"], 2),
        (&["chat", "nobody"], 2),
        (&["chat", "nobody", "friend@jabber.example"], 2),
        (&["chat", "nobody", "one@jabber.example", "two@jabber.example"], 2),
        (&["uri"], 2),
        (&["uri", "nobody"], 2),
        (&["label"], 2),
        (&["label", "nobody", "name"], 2),
        (&["label", "nobody", "name", "--peer"], 2),
        (&["directory"], 2),
        (&["directory", &missing], 2),
        (&["directory", &file], 2),
        (&["doctor", "--server", "printer.local"], 2),
        (&["doctor", "--onion", "--server", "jabber.example"], 2),
        (&["doctor", "--onion", "--exit"], 2),
        (&["doctor", "--servers", "--exit"], 2),
        (&["doctor", "--servers", "--server", "jabber.example"], 2),
        (&["doctor", "--out", &out], 2),
        (&["doctor", "--servers", "--out", &nowhere], 2),
    ];
    for (args, code) in cases {
        let (lines, found) = run(&home, args);
        assert_eq!(found, Some(*code), "{args:?}: {lines:?}");
        assert_eq!(lines.len(), 1, "{args:?}: {lines:?}");
        assert!(lines[0].starts_with("error: ") && lines[0].len() > 12, "{args:?}: {lines:?}");
    }
}

#[test]
fn a_panic_that_cannot_leave_its_ticket_ends_nothing_and_one_without_accounts_leaves_no_file() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (home, passphrase, ticket) = (path("home"), path("passphrase"), path("ticket"));
    fs::write(&passphrase, "swordfish\n").unwrap();
    let run = |args: &[&str]| run("", &[&["--home", &home], args].concat()).1;
    assert_eq!(run(&["--passphrase", &passphrase, "list"]), Some(0));
    assert_eq!(run(&["panic", "--ticket", &ticket]), Some(3), "without the passphrase");
    assert_eq!(run(&["--passphrase", &passphrase, "panic", "--ticket", &passphrase]), Some(2), "a file that is there");
    assert_eq!(fs::exists(&ticket).ok(), Some(false));
    assert_eq!(run(&["--passphrase", &passphrase, "list"]), Some(0), "it is as it was");
    for _ in 0..2 {
        assert_eq!(run(&["--passphrase", &passphrase, "panic", "--ticket", &ticket]), Some(0));
        assert_eq!((fs::exists(&home).ok(), fs::exists(&ticket).ok()), (Some(false), Some(false)));
    }
}

#[test]
fn a_folder_that_no_chat_has_open_is_locked() {
    let folder = TempDir::new().unwrap();
    let home = folder.path().join("home");
    let lock = || run("", &["--home", home.to_str().unwrap(), "lock"]);
    assert_eq!(lock(), (vec![], Some(0)));
    assert!(!home.exists(), "it makes nothing");
    // One that no chat holds.
    fs::create_dir(&home).unwrap();
    let held = fs::File::create(home.join("lock")).unwrap();
    held.lock().unwrap();
    let (lines, code) = lock();
    assert_eq!(
        (lines, code),
        (vec!["error: in use: by another program, which is no chat that could be asked: end it".to_owned()], Some(3))
    );
    drop(held);
    assert_eq!(lock(), (vec![], Some(0)));
}

#[test]
fn a_damaged_or_used_folder_is_told() {
    let folder = TempDir::new().unwrap();
    let home = folder.path().join("home").to_str().unwrap().to_owned();
    assert_eq!(run(&home, &["--home", &home, "list"]).1, Some(0));
    let lock = fs::File::open(format!("{home}/lock")).unwrap();
    lock.lock().unwrap();
    let (lines, code) = run(&home, &["--home", &home, "list"]);
    assert!(
        lines[0].starts_with("error: in use: by another program; ") && lines[0].contains("--home DIR"),
        "{lines:?}"
    );
    assert_eq!((lines.len(), code), (1, Some(3)));
    // As one that holds it signs, and what no program would.
    fs::write(format!("{home}/lock"), "flashpaper chat, process 12\u{1b}[2J\n").unwrap();
    let (lines, _) = run(&home, &["--home", &home, "list"]);
    assert!(lines[0].starts_with("error: in use: by flashpaper chat, process 12\u{fffd}[2J; "), "{lines:?}");
    drop(lock);
    // Each opening moves the key to the other of the two.
    let removed = ["key.0", "key.1"].iter().filter(|key| fs::remove_file(format!("{home}/{key}")).is_ok()).count();
    assert_eq!(removed, 1);
    let advice = "--passphrase FILE opens it if it is under a passphrase; --home DIR takes another folder";
    let lost = (vec![format!("error: the key of the store is lost: {advice}")], Some(3));
    assert_eq!(run(&home, &["--home", &home, "list"]), lost);
    fs::write(format!("{home}/vault.db"), "damaged").unwrap();
    let damaged = (vec!["error: the store is damaged: --home DIR takes another folder".to_owned()], Some(3));
    assert_eq!(run(&home, &["--home", &home, "list"]), damaged);
}

#[test]
fn a_folder_that_could_not_be_made_has_no_key_to_warn_of() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::os::unix::fs::symlink(path("missing/home"), path("dangling")).unwrap();
    let warned = |home: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flashpaper"));
        let output = command.args(["--json", "--home", home, "list"]).stdin(Stdio::null()).output().unwrap();
        String::from_utf8(output.stdout).unwrap().contains("key_file")
    };
    assert_eq!((warned(&path("dangling")), warned(&path("home")), warned(&path("home"))), (false, true, false));
}

#[test]
fn a_wrong_passphrase_is_called_so() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (home, right, wrong) = (path("home"), path("right"), path("wrong"));
    fs::write(&right, "swordfish\n").unwrap();
    fs::write(&wrong, "Swordfish\n").unwrap();
    assert_eq!(run("", &["--home", &home, "--passphrase", &right, "list"]), (vec![], Some(0)));
    let why = "error: the store cannot be opened with this key: ";
    let advice = "the passphrase is not this folder's; --home DIR takes another folder";
    assert_eq!(run("", &["--home", &home, "--passphrase", &wrong, "list"]), (vec![format!("{why}{advice}")], Some(3)));
    let advice = "--passphrase FILE opens it if it is under a passphrase; --home DIR takes another folder";
    assert_eq!(run("", &["--home", &home, "list"]), (vec![format!("{why}{advice}")], Some(3)));
}

#[test]
fn a_program_is_told_what_is_wrong_as_json() {
    let folder = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_flashpaper"));
    command.args(["--json", "chat", "nobody", "--home"]).arg(folder.path().join("home")).stdin(Stdio::null());
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.last().unwrap()["code"], "no_such_burner");
    assert!(lines.iter().all(|line| line["type"].is_string() && line["type"] != "ready"), "{text}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn an_update_of_the_directory_says_what_is_wrong_with_it() {
    let folder = TempDir::new().unwrap();
    let (home, file) = (folder.path().join("home"), folder.path().join("servers.csv.signed"));
    let (home, file) = (home.to_str().unwrap(), file.to_str().unwrap());
    let body = "domain,onion,ports,in_band_registration,note,source,seen\nnew.example,,,yes,,test,2026-11-28\n";
    let forged = format!("flashpaper-directory-1 2026-11-28 {}\n{body}", "0".repeat(128));
    for (update, why) in [(forged, "not signed by the right key"), (" ".repeat(2 * 1024 * 1024), "too large")] {
        fs::write(file, update).unwrap();
        let (lines, code) = run(home, &["directory", file]);
        assert!(lines.len() == 1 && lines[0].ends_with(&format!("server directory: {why}")), "{lines:?}");
        assert_eq!(code, Some(2));
        let mut command = Command::new(env!("CARGO_BIN_EXE_flashpaper"));
        let output = command.args(["--home", home, "--json", "directory", file]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        let detail = last["detail"].as_str().unwrap();
        assert!(last["code"] == "invalid_input" && detail.ends_with(why), "{text}");
    }
}

#[test]
fn a_list_of_ones_own_is_taken_and_taken_away_and_a_fault_in_it_is_named_with_its_line() {
    let folder = TempDir::new().unwrap();
    let (home, file) = (folder.path().join("home"), folder.path().join("own.csv"));
    let (home, file) = (home.to_str().unwrap(), file.to_str().unwrap());
    let list = "domain,onion,ports,in_band_registration,tor,note,source,seen\nmine.example,,,yes,,,me,2026-11-28\n";
    for (text, args, fault) in [
        (list.to_owned(), &["directory", "--own", file][..], None),
        (format!("{list}other.example\n"), &["directory", "--own", file], Some("line 3: the number of columns")),
        (list.to_owned(), &["directory", file], Some("not signed by the right key")),
        (list.to_owned(), &["directory", "--no-own"], None),
    ] {
        fs::write(file, text).unwrap();
        let (lines, code) = run(home, args);
        match fault {
            Some(fault) => assert!(lines.len() == 1 && lines[0].ends_with(fault) && code == Some(2), "{lines:?}"),
            None => assert_eq!((lines.len(), code), (0, Some(0)), "{lines:?}"),
        }
    }
    for args in [&["directory"][..], &["directory", "--no-own", file], &["directory", "--own"]] {
        assert_eq!(run(home, args).1, Some(2), "{args:?}");
    }
}

#[test]
fn help_and_version_are_no_errors() {
    for args in [&["--help"][..], &["--version"], &["new", "--help"], &["help"], &["help", "new"]] {
        assert_eq!(run("", args), (vec![], Some(0)));
    }
}

#[test]
fn a_mistyped_word_is_guessed_at() {
    for (args, meant) in
        [(&["lst"][..], "list"), (&["list", "--jsn"], "--json"), (&["new", "--recoverabel"], "--recoverable")]
    {
        let (lines, code) = run("", args);
        assert!(lines.len() == 1 && lines[0].contains(&format!("is \u{201c}{meant}\u{201d} meant?")), "{lines:?}");
        assert_eq!(code, Some(2));
    }
}

#[test]
fn a_folder_is_put_under_a_passphrase_and_under_another() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (home, one, two) = (path("home"), path("one"), path("two"));
    fs::write(&one, "swordfish\n").unwrap();
    fs::write(&two, "marlin\n").unwrap();
    let code = |args: &[&str]| run("", &[&["--home", &home], args].concat()).1;
    assert_eq!(code(&["list"]), Some(0));
    assert_eq!(code(&["passphrase", &one]), Some(0));
    assert_eq!(code(&["list"]), Some(3));
    assert_eq!(code(&["--passphrase", &one, "list"]), Some(0));
    assert_eq!(code(&["--passphrase", &two, "passphrase", &one]), Some(3), "only who knows the old one");
    assert_eq!(code(&["--passphrase", &one, "passphrase", &two]), Some(0));
    assert_eq!(code(&["--passphrase", &one, "list"]), Some(3));
    assert_eq!(code(&["--passphrase", &two, "list"]), Some(0));
    fs::write(&one, "\n").unwrap();
    assert_eq!(code(&["--passphrase", &two, "passphrase", &one]), Some(2), "an empty one");
    assert_eq!(code(&["--passphrase", &two, "list"]), Some(0));
}

#[test]
fn a_duress_passphrase_ends_a_folder_and_says_nothing() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (home, own, duress, other) = (path("home"), path("own"), path("duress"), path("other"));
    for (file, passphrase) in [(&own, "swordfish"), (&duress, "marlin"), (&other, "pike")] {
        fs::write(file, format!("{passphrase}\n")).unwrap();
    }
    let run = |args: &[&str]| run("", &[&["--home", &home], args].concat());
    assert_eq!(run(&["list"]).1, Some(0));
    let (told, code) = run(&["passphrase", "--duress", &duress]);
    let none = "invalid input: the folder has no passphrase: `flashpaper passphrase` sets one first";
    assert_eq!((told, code), (vec![format!("error: {none}")], Some(2)));
    assert_eq!(run(&["passphrase", &own]).1, Some(0));
    let (told, code) = run(&["--passphrase", &own, "passphrase", "--duress", &own]);
    let same = "invalid input: the passphrase and the duress passphrase are the same: take another";
    assert_eq!((told, code), (vec![format!("error: {same}")], Some(2)));
    let with_own = |args: &[&str]| run(&[&["--passphrase", &own], args].concat()).1;
    assert_eq!(with_own(&["passphrase", "--duress", &other]), Some(0));
    assert_eq!(with_own(&["passphrase", "--no-duress"]), Some(0));
    assert_eq!(run(&["--passphrase", &other, "list"]).1, Some(3), "taken away");
    assert_eq!(with_own(&["passphrase", "--duress", &duress]), Some(0));
    assert_eq!(with_own(&["label", "none", "a name"]), Some(2), "the folder is as it was");
    let before = fs::read(folder.path().join("home/vault.db")).unwrap();
    let ordinary = run(&["--passphrase", &own, "list"]);
    assert_eq!(run(&["--passphrase", &duress, "list"]), ordinary, "and not a word");
    assert_eq!(run(&["--passphrase", &own, "list"]).1, Some(3));
    assert_eq!(run(&["--passphrase", &duress, "list"]), ordinary);
    assert!(fs::read(folder.path().join("home/vault.db")).unwrap() != before);
}
