//! The duress passphrase: it tells who asks the vault that it is to end, lasts as long as it should, and cannot be seen.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::env;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use flashpaper_vault::{Batch, Error, Finding, Key, KeyFile, NextKey, Table, Vault, destroy};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rusqlite::Connection;
use tempfile::TempDir;

const NOTES: Table = Table::lasting(1);
const PASSPHRASE: &[u8] = b"swordfish";
const DURESS: &[u8] = b"hunter2";
const WRONG: &[u8] = b"letmein";

fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

fn key_file(folder: &Path) -> Key {
    Key::source(Arc::new(KeyFile::new(folder)))
}

fn open(folder: &Path, key: Key) -> Result<Vault, Error> {
    let (vault, findings) = Vault::open(folder, key, &mut rng(9))?;
    assert_eq!(findings, []);
    Ok(vault)
}

fn rekey(vault: &mut Vault, change: impl FnOnce(NextKey) -> Result<NextKey, Error>) -> Result<Option<Finding>, Error> {
    let fresh = change(vault.next_key()?)?.seal(&mut rng(4))?;
    Ok(vault.change_key(fresh, &mut rng(5))?.delete())
}

fn set(vault: &mut Vault, passphrase: Option<&[u8]>) -> Result<Option<Finding>, Error> {
    rekey(vault, |next| next.with_duress(passphrase, &mut rng(6)))
}

fn change_key(vault: &mut Vault, key: Key) -> Result<Option<Finding>, Error> {
    rekey(vault, |next| next.sealed_by(key, &mut rng(6)))
}

#[test]
fn it_lasts_over_each_change_of_the_key_but_to_one_without_a_passphrase() {
    for has_source in [false, true] {
        let folder = TempDir::new().unwrap();
        let key = |passphrase: &[u8]| {
            if has_source { key_file(folder.path()).and_passphrase(passphrase) } else { Key::passphrase(passphrase) }
        };
        let error = |passphrase| open(folder.path(), key(passphrase)).err();
        let mut vault = open(folder.path(), key(PASSPHRASE)).unwrap();
        assert_eq!(set(&mut vault, Some(PASSPHRASE)), Err(Error::SamePassphrase));
        assert_eq!(set(&mut vault, Some(b"an earlier one")), Ok(None));
        assert_eq!(set(&mut vault, Some(DURESS)), Ok(None));
        let mut batch = Batch::default();
        let owner = batch.add_owner(&mut rng(2));
        vault.commit(batch, &mut rng(3)).unwrap();
        assert_eq!(vault.renew(&mut rng(7)), None);
        let fresh = vault.next_key().unwrap().seal(&mut rng(4)).unwrap();
        assert_eq!(vault.forget(&[owner], fresh, &mut rng(5)).unwrap().delete(), None);
        assert_eq!(change_key(&mut vault, key(DURESS)), Err(Error::SamePassphrase));
        assert_eq!(change_key(&mut vault, key(b"another")), Ok(None));
        let wrapped = vault.wrapped().unwrap();
        assert_eq!(wrapped.check(key(DURESS)), Err(Error::Duress));
        assert_eq!((wrapped.check(key(b"another")), wrapped.check(key(WRONG))), (Ok(()), Err(Error::WrongKey)));
        drop(vault);
        for _ in 0..2 {
            assert_eq!(error(DURESS), Some(Error::Duress), "and nothing has changed");
            assert_eq!(error(WRONG), Some(Error::WrongKey));
            assert_eq!(error(b"an earlier one"), Some(Error::WrongKey));
            assert_eq!(open(folder.path(), key(b"another")).unwrap().renew(&mut rng(8)), None);
        }
        // With a source and without one.
        let mut vault = open(folder.path(), key(b"another")).unwrap();
        let other =
            if has_source { Key::passphrase(b"other") } else { key_file(folder.path()).and_passphrase(b"other") };
        assert_eq!(change_key(&mut vault, other.clone()), Ok(None));
        drop(vault);
        let other_duress =
            if has_source { Key::passphrase(DURESS) } else { key_file(folder.path()).and_passphrase(DURESS) };
        assert_eq!(open(folder.path(), other_duress.clone()).err(), Some(Error::Duress));

        let mut vault = open(folder.path(), other.clone()).unwrap();
        assert_eq!(set(&mut vault, None), Ok(None));
        assert_eq!(vault.wrapped().unwrap().check(other_duress.clone()), Err(Error::WrongKey));
        assert_eq!(set(&mut vault, Some(DURESS)), Ok(None));
        assert_eq!(change_key(&mut vault, key_file(folder.path())), Ok(None));
        assert_eq!(set(&mut vault, Some(DURESS)), Err(Error::NoPassphrase));
        assert_eq!(set(&mut vault, None), Ok(None));
        assert_eq!(change_key(&mut vault, other), Ok(None));
        assert_eq!(vault.wrapped().unwrap().check(other_duress), Err(Error::WrongKey));
    }
}

#[test]
fn a_vault_that_wakes_with_its_own_passphrase_is_not_taken_for_one_under_duress() {
    let folder = TempDir::new().unwrap();
    let asleep = open(folder.path(), Key::passphrase(b"first")).unwrap().close();
    // Another process.
    let mut vault = open(folder.path(), Key::passphrase(b"first")).unwrap();
    assert_eq!(change_key(&mut vault, Key::passphrase(PASSPHRASE)), Ok(None));
    assert_eq!(set(&mut vault, Some(b"first")), Ok(None));
    drop(vault);
    assert_eq!(asleep.open(folder.path(), &mut rng(9)).err(), Some(Error::WrongKey));
    assert_eq!(open(folder.path(), Key::passphrase(b"first")).err(), Some(Error::Duress));
}

#[test]
fn the_empty_vault_after_it_costs_no_second_argon2() {
    let folder = TempDir::new().unwrap();
    let mut vault = open(folder.path(), Key::passphrase(PASSPHRASE)).unwrap();
    let mut batch = Batch::default();
    batch.add_owner(&mut rng(2));
    vault.commit(batch, &mut rng(3)).unwrap();
    assert_eq!(set(&mut vault, Some(DURESS)), Ok(None));
    drop(vault);
    let key = Key::passphrase(DURESS);
    let begin = Instant::now();
    assert_eq!(open(folder.path(), key.clone()).err(), Some(Error::Duress));
    let tried = begin.elapsed();
    destroy(folder.path()).unwrap();
    let begin = Instant::now();
    let vault = open(folder.path(), key).unwrap();
    let made = begin.elapsed();
    assert_eq!(vault.owners(), []);
    drop(vault);
    assert_eq!(open(folder.path(), Key::passphrase(PASSPHRASE)).err(), Some(Error::WrongKey));
    assert!(open(folder.path(), Key::passphrase(DURESS)).is_ok());
    assert!(made < tried, "{made:?}, {tried:?}");
}

/// How many pairs of folders are told apart, or not.
fn pairs() -> u64 {
    if env::var_os("FLASHPAPER_SOAK").is_some() { 1000 } else { 24 }
}

/// What somebody sees who has a folder and does not know its passphrase: numbers of which each may tell something.
type Seen = Vec<f64>;

/// The bytes of a slot in what [`look`] gives, after the lengths of the wrapped key and the salt.
const SLOT: Range<usize> = 2 + 72..2 + 112;

fn look(folder: &Path, before: &[u8]) -> Seen {
    let db = Connection::open(folder.join("vault.db")).unwrap();
    let columns = "SELECT wrapped, salt, checksum, manifest FROM vault";
    let columns: [Vec<u8>; 4] =
        db.query_row(columns, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])).unwrap();
    drop(db);
    let [wrapped, salt, checksum, manifest] = &columns;
    let mut seen = vec![wrapped.len() as f64, salt.len() as f64];
    seen.extend(wrapped.iter().chain(salt).chain(checksum).chain(&manifest[..200]).map(|byte| f64::from(*byte)));
    // What an earlier copy of the folder has in the same place.
    seen.push(wrapped.iter().zip(before).filter(|(now, before)| now == before).count() as f64);
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    seen.push(names.len() as f64);
    for path in names {
        let bytes = fs::read(path).unwrap();
        seen.push(bytes.len() as f64);
        let mut histogram = [0; 256];
        bytes.iter().for_each(|byte| histogram[usize::from(*byte)] += 1);
        seen.extend(histogram.map(f64::from));
        // Of the database SQLite's own header.
        seen.extend((0..100).map(|at| bytes.get(at).map_or(0.0, |byte| f64::from(*byte))));
    }
    seen
}

fn wrapped(folder: &Path) -> Vec<u8> {
    let db = Connection::open(folder.join("vault.db")).unwrap();
    db.query_row("SELECT wrapped FROM vault", [], |row| row.get(0)).unwrap()
}

/// A folder that was used for a while, with a duress passphrase or with the passphrase set anew at that moment; what is seen of it.
fn used(has_duress: bool, story: u64, seed: u64) -> Seen {
    let folder = TempDir::new().unwrap();
    let (mut story, rng) = (rng(story), &mut rng(seed));
    let key = || Key::passphrase(PASSPHRASE);
    let mut vault = Vault::open(folder.path(), key(), rng).unwrap().0;
    let mut batch = Batch::default();
    if story.random() {
        let owner = batch.add_owner(rng);
        (0..story.random_range(0..50)).for_each(|row| batch.put(owner, NOTES, row, vec![7; 300]));
    }
    vault.commit(batch, rng).unwrap();
    let next = vault.next_key().unwrap();
    let next = if has_duress { next.with_duress(Some(DURESS), rng) } else { next.sealed_by(key(), rng) };
    let fresh = next.unwrap().seal(rng).unwrap();
    assert_eq!(vault.change_key(fresh, rng).unwrap().delete(), None);
    drop(vault);
    let before = wrapped(folder.path());
    let mut times = Vec::new();
    for passphrase in [PASSPHRASE, WRONG] {
        let begin = Instant::now();
        let opened = Vault::open(folder.path(), Key::passphrase(passphrase), rng);
        times.push(begin.elapsed().as_secs_f64());
        if let Ok((mut vault, _)) = opened {
            assert_eq!(vault.renew(rng), None);
        }
    }
    [look(folder.path(), &before), times].concat()
}

/// How often a number is greater with a duress passphrase than without one, among all: a half where it tells nothing.
fn area_under_curve(with: &[Seen], without: &[Seen], feature: usize) -> f64 {
    let mut values: Vec<(f64, bool)> = with.iter().map(|seen| (seen[feature], true)).collect();
    values.extend(without.iter().map(|seen| (seen[feature], false)));
    values.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut below, mut sum) = (0.0, 0.0);
    for equal in values.chunk_by(|one, other| one.0 == other.0) {
        let of_with = equal.iter().filter(|(_, with)| *with).count() as f64;
        let of_without = equal.len() as f64 - of_with;
        sum += of_with * (below + of_without / 2.0);
        below += of_without;
    }
    sum / (with.len() as f64 * without.len() as f64)
}

fn mean_and_variance(of: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = of.clone().count() as f64;
    let mean = of.clone().sum::<f64>() / count;
    (mean, of.map(|value| (value - mean).powi(2)).sum::<f64>() / count)
}

/// Of how many pairs a classifier tells which one has a duress passphrase, that has learnt from as many others: a half where it
/// has learnt nothing. Each number weighs by how far it was apart, for how much it varies (naive Bayes).
fn told(with: &[Seen], without: &[Seen]) -> f64 {
    let half = with.len() / 2;
    let weights: Vec<f64> = (0..with[0].len())
        .map(|feature| {
            let of = |all: &[Seen]| {
                mean_and_variance(all[..half].iter().map(|seen| seen[feature]).collect::<Vec<_>>().into_iter())
            };
            let ((one, spread), (other, other_spread)) = (of(with), of(without));
            let spread = spread + other_spread;
            if spread == 0.0 { one - other } else { (one - other) / spread }
        })
        .collect();
    let score = |seen: &Seen| seen.iter().zip(&weights).map(|(value, weight)| value * weight).sum::<f64>();
    let pairs = with[half..].iter().zip(&without[half..]);
    let right = pairs.map(|(with, without)| match score(with).total_cmp(&score(without)) {
        std::cmp::Ordering::Less => 0.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Greater => 1.0,
    });
    right.sum::<f64>() / (with.len() - half) as f64
}

/// How far the best single number, and the classifier, are from chance, in standard deviations of chance.
fn distance(with: &[Seen], without: &[Seen]) -> (f64, usize, f64) {
    let count = with.len() as f64;
    let deviation = ((2.0 * count + 1.0) / (12.0 * count * count)).sqrt();
    let areas = (0..with[0].len()).map(|feature| (area_under_curve(with, without, feature) - 0.5).abs() / deviation);
    let (feature, best) = areas.enumerate().max_by(|one, other| one.1.total_cmp(&other.1)).unwrap();
    (best, feature, (told(with, without) - 0.5).abs() / (0.5 / (count / 2.0).sqrt()))
}

#[test]
fn whether_one_is_set_cannot_be_told_from_sizes_bytes_or_times() {
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for pair in 0..pairs() {
        // What a machine does now and then meets both.
        for has_duress in [pair % 2 == 0, pair % 2 == 1] {
            let seen = used(has_duress, pair, 2 * pair + u64::from(has_duress));
            if has_duress { with.push(seen) } else { without.push(seen) }
        }
    }
    assert!(with.iter().chain(&without).all(|seen| seen.len() == with[0].len()), "the same files");
    let (best, feature, told) = distance(&with, &without);
    println!(
        "{} pairs: of {} numbers the {feature}th is farthest from chance, by {best:.2} deviations; the classifier by {told:.2}",
        with.len(),
        with[0].len()
    );
    // Of a thousand numbers one is beyond 3.3 by chance.
    assert!(best < 5.0 && told < 4.0, "{best}, {told}");

    // A number that tells is found.
    let mut planted = with.clone();
    planted.iter_mut().for_each(|seen| seen[SLOT.start] += 300.0);
    let (best, feature, _) = distance(&planted, &without);
    assert!(feature == SLOT.start && best > 5.0, "{best}, {feature}");
}
