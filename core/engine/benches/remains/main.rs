//! What is left of a burner's secrets in memory and on disk after a burn, a lock and a panic: counts by form, as a table or with
//! `--json` as one object. It fails where anything is left. Needs a lab, as `cargo xtask remains` starts one.
//!
//! An app with two burners is a process of its own. They talk with two friends here, and the kernel gives the memory of the
//! process while it stands still. Each secret is looked for in the forms that code may give it: see [`forms`]. So that a count
//! of 0 says something, each form is planted in that process and in its folder afterwards, and has to be found there; and some
//! have to be there by themselves before.

#[path = "../../tests/engine/direct.rs"]
mod direct;
mod forms;
mod friend;
mod memory;
mod secrets;
mod subject;

use std::alloc::System;
use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;

use flashpaper_lab::Remote;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::sleep;
use zeroizing_alloc::ZeroAlloc;

use forms::Forms;
use friend::Friend;
use memory::Search;
use secrets::Secrets;
use subject::Subject;

/// As the programs of this library have it.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

type Done<T = ()> = Result<T, Box<dyn Error>>;
type Counts = BTreeMap<String, usize>;

/// For tasks that end by themselves once the call has returned.
const SETTLING: Duration = Duration::from_secs(1);
/// They are there while a burner is connected: a form that was made wrongly would be nowhere.
const ALIVE: [&str; 7] = [
    "password_utf8",
    "peer_utf8",
    "otr_seed_bytes",
    "otr_private_key_little_endian",
    "session_exponent_little_endian",
    "session_aes_key_bytes",
    "vault_data_key_bytes",
];
const ROUNDS: usize = 3;

fn main() -> Done {
    if let Some(home) = std::env::var_os(subject::HOME) {
        return subject::run(Path::new(&home));
    }
    let found = Runtime::new()?.block_on(measure())?;
    if std::env::args().any(|arg| arg == "--json") {
        println!("{}", serde_json::to_string(&found)?);
    } else {
        found.iter().for_each(|(form, count)| println!("{form:<40}{count:>6}"));
    }
    if found.values().all(|count| *count == 0) { Ok(()) } else { Err("secrets are left; see above".into()) }
}

async fn measure() -> Done<Counts> {
    forms::check_schedule()?;
    let lab = Remote::from_env()?;
    let mut found = Counts::new();
    for end in ["burn", "lock", "panic"] {
        let folder = TempDir::new()?;
        let mut friends = Vec::new();
        for name in ["friend 0", "friend 1"] {
            friends.push(Friend::begin(&lab, &folder.path().join(name)).await?);
        }
        eprintln!("after a {end}:");
        add(&mut found, after(end, &lab, folder.path(), &mut friends).await?);
        for friend in friends {
            friend.end().await?;
        }
    }
    Ok(found)
}

/// What is left after one kind of end, of the first burner by a burn, of both by the others.
async fn after(end: &str, lab: &Remote, folder: &Path, friends: &mut [Friend]) -> Done<Counts> {
    let home = folder.join("home");
    let passphrase = friend::random_text();
    let mut subject = Subject::start(&home, &passphrase)?;
    let mut secrets = Vec::new();
    for (number, friend) in friends.iter().enumerate() {
        let jid = subject.create(number, friend.jid())?;
        secrets.push(Secrets::new(jid, friend.jid().to_owned()));
    }
    for _ in 0..ROUNDS {
        // Its keys change with each answer.
        for (number, friend) in friends.iter_mut().enumerate() {
            secrets[number].texts.extend(friend.talk(&mut subject, number).await?);
        }
        let copy = folder.join("copy");
        memory::while_stopped(subject.pid(), || copy_files(&home, &copy))?;
        secrets::read(&copy, &passphrase, lab, &mut secrets)?;
        fs::remove_dir_all(&copy)?;
    }
    let (first, second) = (Forms::of(&secrets[0])?, Forms::of(&secrets[1])?);
    let all = || Forms::of_passphrase(&passphrase).and(first.clone()).and(second.clone());
    let gone = if end == "burn" { first.clone() } else { all() };
    let counts = Search::new(&gone)?.memory(subject.pid(), false)?;
    are_alive(&counts)?;
    if counts["words_utf8"] == 0 {
        return Err("the words are nowhere before they were shown".into());
    }
    subject.show_words()?;
    subject.end(end)?;
    sleep(SETTLING).await;
    let search = Search::new(&gone)?;
    let mut found = search.memory(subject.pid(), true)?;
    add(&mut found, search.folder(&home, true)?);
    if end == "burn" {
        are_alive(&Search::new(&second)?.memory(subject.pid(), false)?)?;
        friends[1].talk(&mut subject, 1).await?;
    }

    let planted = home.join("planted");
    fs::create_dir_all(&home)?;
    fs::write(&planted, gone.one_of_each())?;
    subject.plant(&planted)?;
    for counts in [search.memory(subject.pid(), false)?, search.folder(&home, false)?] {
        if let Some((form, _)) = counts.iter().find(|(_, count)| **count == 0) {
            return Err(format!("{form} is not found where it is").into());
        }
    }
    Ok(found)
}

fn add(sum: &mut Counts, counts: Counts) {
    for (form, count) in counts {
        *sum.entry(form).or_default() += count;
    }
}

fn are_alive(counts: &Counts) -> Done {
    match ALIVE.iter().find(|form| counts.get(**form).is_none_or(|count| *count == 0)) {
        Some(form) => Err(format!("{form} is nowhere in a burner that is connected").into()),
        None => Ok(()),
    }
}

fn copy_files(from: &Path, to: &Path) -> Done {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
