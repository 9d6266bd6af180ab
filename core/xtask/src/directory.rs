//! The server directory: how well a list of it ages, and the signature under an update (core/docs/directory.md).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use data_encoding::HEXLOWER;
use ed25519_dalek::{Signer as _, SigningKey};

use crate::run::{Done, root};

/// How many servers a tap tries, at most.
const TRIES: usize = 8;
/// The ages of a list that are looked at, in months.
const AGES: [u32; 3] = [1, 3, 6];
/// A day of which it is said of fewer servers that they were good makes no list: who has stayed would be most of it.
const LIST_AT_LEAST: usize = 5;

/// `cargo xtask directory-check [FILE]`: replays a history of the directory.
pub(crate) fn check(file: Option<&str>) -> Done {
    let file = file.map_or_else(|| root().join("core/engine/data/history.csv"), |file| Path::new(file).into());
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    println!("{}", report(&History::read(&text)?));
    Ok(())
}

/// What a server was, from a day to another.
struct Span {
    is_good: bool,
    from: String,
    to: String,
}

/// What servers were, by their domains; in order. Days are compared as they are written.
struct History(BTreeMap<String, Vec<Span>>);

impl History {
    fn read(text: &str) -> Done<Self> {
        let mut history = BTreeMap::<_, Vec<Span>>::new();
        let mut rows = text.lines().enumerate();
        if rows.next().map(|(_, header)| header) != Some("domain,kind,from,to") {
            return Err("line 1: the columns are domain,kind,from,to".into());
        }
        for (index, row) in rows {
            let wrong = |what: &str| format!("line {}: {what}", index + 1);
            let fields: Vec<_> = row.split(',').collect();
            let [domain, kind, from, to] = *fields else { return Err(wrong("not four columns").into()) };
            let is_good = match kind {
                "yes" | "captcha" => true,
                "web" | "no" | "unknown" | "quarantines" | "blocked" => false,
                _ => return Err(wrong("no kind").into()),
            };
            if !is_day(from) || !is_day(to) || to < from {
                return Err(wrong("not two days, the second not before the first").into());
            }
            let spans = history.entry(domain.to_owned()).or_default();
            if spans.last().is_some_and(|last| *last.to >= *from) {
                return Err(wrong("not after the one before it").into());
            }
            spans.push(Span { is_good, from: from.to_owned(), to: to.to_owned() });
        }
        Ok(Self(history))
    }

    /// The days of lists.
    fn lists(&self) -> Vec<&str> {
        let mut said = BTreeMap::<&str, usize>::new();
        for span in self.0.values().flatten().filter(|span| span.is_good) {
            BTreeSet::from([&*span.from, &*span.to]).into_iter().for_each(|day| *said.entry(day).or_default() += 1);
        }
        said.into_iter().filter(|(_, servers)| *servers >= LIST_AT_LEAST).map(|(day, _)| day).collect()
    }

    /// The last day that it names.
    fn last(&self) -> &str {
        self.0.values().flatten().map(|span| &*span.to).max().unwrap_or_default()
    }

    /// The servers that made accounts on a day.
    fn good(&self, day: &str) -> BTreeSet<&str> {
        self.0.iter().filter(|(_, spans)| is_good(spans, day)).map(|(domain, _)| domain.as_str()).collect()
    }
}

/// Whether a server made accounts on a day. Where nothing is known of that day it did if it did before and afterwards.
fn is_good(spans: &[Span], day: &str) -> bool {
    let before = spans.iter().rev().find(|span| *span.from <= *day);
    let after = spans.iter().find(|span| *span.to >= *day);
    before.zip(after).is_some_and(|(before, after)| before.is_good && after.is_good)
}

fn report(history: &History) -> String {
    let last = history.last();
    let mut lines = vec![
        "Of 100 taps so many find a server: at the first try / within 8 tries. What is not known counts as lost."
            .to_owned(),
        format!("{:<10} {:>7}{}", "list of", "servers", AGES.map(|age| format!("{:>17}", months(age))).concat()),
    ];
    let mut worst = [1.0_f64; AGES.len()];
    for day in history.lists() {
        let list = history.good(day);
        let mut line = format!("{day:<10} {:>7}", list.len());
        for (age, worst) in AGES.into_iter().zip(&mut worst) {
            let then = later(day, age);
            if *then > *last {
                line += &format!("{:>17}", "-");
                continue;
            }
            let left = list.intersection(&history.good(&then)).count();
            *worst = worst.min(share(left, list.len()));
            line += &cell(left, list.len());
        }
        lines.push(line);
    }
    let today = history.good(last).len();
    let mut line = format!("{:<10} {today:>7}", "at worst");
    for worst in worst {
        line += &cell(left_at(worst, today), today);
    }
    lines.push(line);
    lines.push(format!("The last line is the list of {last} if it ages as the worst of those above."));
    lines.join("\n")
}

fn months(age: u32) -> String {
    format!("{age} month{}", if age == 1 { "" } else { "s" })
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// How many whole servers are left of a list at a share.
fn left_at(share: f64, servers: usize) -> usize {
    // A share of whole numbers is not to lose a server to its rounding.
    (0..=servers).rev().find(|left| *left as f64 <= share * servers as f64 + 1e-9).unwrap_or(0)
}

fn cell(left: usize, servers: usize) -> String {
    format!("{:>17}", format!("{} / {}", of_100(found(left, servers, 1)), of_100(found(left, servers, TRIES))))
}

/// How likely one of so many servers, each drawn once and with the same chance, is among those that are left.
fn found(left: usize, servers: usize, tries: usize) -> f64 {
    let lost = servers - left;
    let all_lost = |tried: f64, n: usize| tried * share(lost.saturating_sub(n), servers - n);
    1.0 - (0..tries.min(servers)).fold(1.0, all_lost)
}

/// To a tenth, rounded down: 100.0 is certain.
fn of_100(likely: f64) -> String {
    format!("{:.1}", (likely * 1000.0 + 1e-9).floor() / 10.0)
}

fn is_day(text: &str) -> bool {
    let is_form = |(at, byte): (usize, u8)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() == 10 && text.bytes().enumerate().all(is_form)
}

/// A day some months later. That it may be none of the calendar does not matter: it is only compared.
fn later(day: &str, months: u32) -> String {
    let part = |range| day.get(range).and_then(|part: &str| part.parse::<u32>().ok()).unwrap_or_default();
    let month = part(0..4) * 12 + part(5..7) - 1 + months;
    format!("{:04}-{:02}-{:02}", month / 12, month % 12 + 1, part(8..10))
}

/// How the first line of an update begins, and what a directory's first line is.
const TITLE: &str = "flashpaper-directory-1";
const HEADER: &str = "domain,onion,ports,in_band_registration,tor,note,source,seen";

/// `cargo xtask directory-sign FILE --key KEYFILE`: writes the update beside the file, as `FILE.signed`.
pub(crate) fn sign(file: &str, key: &str) -> Done {
    let body = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let seed = fs::read_to_string(key).map_err(|error| format!("the key: {error}"))?;
    let pinned = fs::read_to_string(root().join("core/engine/data/directory.pub"))?;
    let out = format!("{file}.signed");
    fs::write(&out, signed(&body, &seed, &pinned)?)?;
    println!("{out}");
    Ok(())
}

/// An update: its day is that of the entry that was seen last.
fn signed(body: &str, seed: &str, pinned: &str) -> Done<String> {
    let seed = HEXLOWER.decode(seed.trim().as_bytes()).ok().and_then(|seed| <[u8; 32]>::try_from(seed).ok());
    let key = SigningKey::from_bytes(&seed.ok_or("the key is not 64 hex digits")?);
    if HEXLOWER.encode(key.verifying_key().as_bytes()) != pinned.trim() {
        return Err("the key does not belong to core/engine/data/directory.pub".into());
    }
    let (header, rows) = body.split_once('\n').unwrap_or_default();
    let days: Vec<_> = rows.lines().map(|row| row.rsplit(',').next().unwrap_or_default()).collect();
    if header != HEADER || days.is_empty() || !days.iter().all(|day| is_day(day)) {
        return Err("the file is no directory".into());
    }
    let day = days.iter().max().copied().unwrap_or_default();
    let signature = HEXLOWER.encode(&key.sign(format!("{TITLE} {day}\n{body}").as_bytes()).to_bytes());
    Ok(format!("{TITLE} {day} {signature}\n{body}"))
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signature, Verifier as _};

    use super::*;

    const HISTORY: &str = "domain,kind,from,to\n\
        a.example,yes,2026-01-01,2026-01-01\n\
        a.example,captcha,2026-07-22,2026-07-22\n\
        b.example,yes,2026-01-01,2026-02-01\n\
        c.example,captcha,2026-01-01,2026-01-01\n\
        c.example,web,2026-01-20,2026-07-22\n\
        d.example,yes,2026-01-01,2026-07-22\n\
        e.example,yes,2026-01-01,2026-07-22\n\
        f.example,quarantines,2026-01-01,2026-07-22\n\
        g.example,blocked,2026-01-01,2026-07-22\n";

    #[test]
    fn a_server_is_good_as_long_as_it_is_known_to_have_been() {
        let history = History::read(HISTORY).unwrap();
        let good = |day| history.good(day).into_iter().map(|domain| &domain[..1]).collect::<String>();
        for (day, servers) in [
            ("2025-12-31", ""),
            ("2026-01-01", "abcde"),
            ("2026-01-02", "abde"),
            ("2026-02-01", "abde"),
            ("2026-02-02", "ade"),
            ("2026-07-22", "ade"),
            ("2026-07-23", ""),
        ] {
            assert_eq!(good(day), servers, "{day}");
        }
    }

    #[test]
    fn the_report_of_a_history() {
        let report = report(&History::read(HISTORY).unwrap());
        let rows: Vec<Vec<_>> = report.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[2], ["2026-01-01", "5", "80.0", "/", "100.0", "60.0", "/", "100.0", "60.0", "/", "100.0"]);
        assert_eq!(rows[3][..2], ["at", "worst"]);
        assert_eq!(rows[3][2..], ["3", "66.6", "/", "100.0", "33.3", "/", "100.0", "33.3", "/", "100.0"]);
    }

    #[test]
    fn chances_are_those_of_draws_without_return() {
        for (left, servers, tries, chance) in [
            (7, 15, 1, "46.6"),
            (7, 15, 8, "99.9"),
            (0, 15, 8, "0.0"),
            (8, 15, 8, "100.0"),
            (1, 16, 8, "50.0"),
            (1, 3, 8, "100.0"),
        ] {
            assert_eq!(of_100(found(left, servers, tries)), chance, "{left} of {servers}");
        }
    }

    /// What the data of this repository says of itself.
    #[test]
    fn the_directory_and_its_history_agree() {
        let read = |name| fs::read_to_string(root().join("core/engine/data").join(name)).unwrap();
        let history = History::read(&read("history.csv")).unwrap();
        let last = history.last();
        let servers = read("servers.csv");
        let rows = servers.lines().map(|row| row.split(',').collect::<Vec<_>>());
        let is_good =
            |row: &Vec<&str>| matches!(row[3], "yes" | "captcha") && !matches!(row[4], "quarantines" | "blocked");
        let good = rows.filter(|row| is_good(row) && row.last() == Some(&last));
        assert_eq!(
            good.map(|row| row[0].to_owned()).collect::<BTreeSet<_>>(),
            history.good(last).into_iter().map(str::to_owned).collect()
        );
        assert_eq!(HEADER, servers.lines().next().unwrap());
    }

    #[test]
    fn months_go_over_the_year() {
        assert_eq!(
            [later("2025-12-12", 1), later("2026-01-31", 1), later("2025-12-12", 12)],
            ["2026-01-12", "2026-02-31", "2026-12-12"]
        );
    }

    #[test]
    fn a_history_with_a_fault_is_refused_with_its_line() {
        for (rows, line) in [
            ("", 1),
            ("domain,kind\n", 1),
            ("domain,kind,from,to\na.example,yes,2026-01-01\n", 2),
            ("domain,kind,from,to\na.example,maybe,2026-01-01,2026-01-01\n", 2),
            ("domain,kind,from,to\na.example,yes,2026-1-1,2026-01-01\n", 2),
            ("domain,kind,from,to\na.example,yes,2026-01-02,2026-01-01\n", 2),
            ("domain,kind,from,to\na.example,yes,2026-01-01,2026-01-02\na.example,no,2026-01-02,2026-01-03\n", 3),
        ] {
            let error = History::read(rows).err().unwrap().to_string();
            assert!(error.starts_with(&format!("line {line}: ")), "{error}");
        }
    }

    #[test]
    fn what_is_signed_is_the_day_and_the_file() {
        let (seed, body) =
            ("07".repeat(32), format!("{HEADER}\na.example,,,yes,,,x,2026-07-01\nb.example,,,no,,,x,2026-06-01\n"));
        let key = SigningKey::from_bytes(&[7; 32]);
        let pinned = HEXLOWER.encode(key.verifying_key().as_bytes());
        let update = signed(&body, &(seed.clone() + "\n"), &pinned).unwrap();
        let (head, rest) = update.split_once('\n').unwrap();
        let (title, signature) = head.rsplit_once(' ').unwrap();
        assert_eq!((title, rest), ("flashpaper-directory-1 2026-07-01", &*body));
        let signature = Signature::from_slice(&HEXLOWER.decode(signature.as_bytes()).unwrap()).unwrap();
        assert!(key.verifying_key().verify(format!("{title}\n{body}").as_bytes(), &signature).is_ok());
        for (body, seed, pinned) in [
            (&*body, "07", &*pinned),
            (&body, &"08".repeat(32), &pinned),
            ("", &seed, &pinned),
            (&format!("{HEADER}\n"), &seed, &pinned),
            (&format!("{HEADER}\na.example\n"), &seed, &pinned),
        ] {
            assert!(signed(body, seed, pinned).is_err());
        }
    }
}
