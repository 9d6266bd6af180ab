//! What privacy costs in time, beside slixmpp with libotr on the same server in the same minutes. Prints a table, or with
//! `--json` one object with the keys `flashpaper`, `slixmpp_libotr` and `ratio` (ours by theirs). Needs a lab without
//! delay, as `cargo xtask bench chat` starts one.
//!
//! - `messages_per_second`: two clients, one conversation, each text given to the library as soon as it takes it, until
//!   the last one can be read.
//! - `private_ms`, `plain_ms`: one text alone, from there to where it can be read, in OTR and as plain XMPP; medians.
//! - `added_ms`: the one less the other.
//!
//! None of them goes through Tor: the way is the same for a text in OTR and a plain one, and what a network adds would
//! hide what is compared. Ours has a sealed row on the disk before a text leaves and before one is confirmed, and a
//! receipt for each; libotr's side keeps nothing. Plain on our side is core/xmpp alone, which is what the engine speaks.

// What tests dial with, past Tor.
#[path = "../../tests/engine/direct.rs"]
mod direct;
mod ours;

use std::error::Error;
use std::time::{Duration, Instant};

use flashpaper_lab::{OtrEvent, OtrLibrary, OtrPeer, Peer, Remote};
use serde_json::{Map, Value, json};

use crate::ours::Pair;

type Done<T = ()> = Result<T, Box<dyn Error>>;

const PATIENCE: Duration = Duration::from_secs(120);
/// Texts in a row.
const MANY: u32 = 500;
/// Texts alone.
const ALONE: u32 = 100;
/// As long as what people write.
const TEXT: &str = "The train is late, I will be there at half past eight. Wait for me at the usual place";

fn main() -> Done {
    let json = std::env::args().any(|arg| arg == "--json");
    let sides = tokio::runtime::Runtime::new()?.block_on(measure())?;
    if json {
        let names = ["flashpaper", "slixmpp_libotr", "ratio"];
        let objects = names.iter().zip(0..).map(|(name, column)| ((*name).to_owned(), object(&sides, column)));
        println!("{}", Value::Object(objects.collect()));
    } else {
        println!("{:<22}{:>12}{:>16}{:>8}", "", "flashpaper", "slixmpp, libotr", "ratio");
        for (name, [ours, theirs, ratio]) in rows(&sides) {
            let goal = match name {
                "messages_per_second" => goal("at least 1,500", ours >= 1500.0),
                "added_ms" => goal("at most 5", ours <= 5.0),
                _ => String::new(),
            };
            println!("{name:<22}{ours:>12.2}{theirs:>16.2}{ratio:>8.2}{goal}");
        }
    }
    Ok(())
}

fn goal(limit: &str, is_met: bool) -> String {
    format!("  {limit}: {}", if is_met { "met" } else { "NOT MET" })
}

/// What is measured of one side.
struct Side {
    per_second: f64,
    private: Duration,
    plain: Duration,
}

async fn measure() -> Done<[Side; 2]> {
    let lab = Remote::from_env()?;
    let mut pair = Pair::private(&lab).await?;
    let mut plain = (Peer::register(lab.facts()).await?, Peer::register(lab.facts()).await?);
    let (mut libotr, mut slixmpp) = (theirs(&lab, true).await?, theirs(&lab, false).await?);

    let mut alone: [Vec<Duration>; 4] = Default::default();
    // By turns, so that whatever else the machine does is the same for all.
    for _ in 0..ALONE {
        alone[0].push(timed(pair.text()).await?);
        alone[1].push(timed(plain_text(&mut plain)).await?);
        alone[2].push(timed(their_text(&mut libotr, &format!("say {TEXT}"))).await?);
        alone[3].push(timed(their_text(&mut slixmpp, &format!("raw {TEXT}"))).await?);
    }
    let [private, plain_xmpp, their_private, their_plain] = alone.map(median);
    let ours = timed(pair.texts(MANY)).await?;
    let their_many = timed(their_texts(&mut libotr)).await?;

    pair.end().await?;
    for peer in [plain.0, plain.1] {
        peer.remove().await?;
    }
    for peer in [libotr.0, libotr.1, slixmpp.0, slixmpp.1] {
        peer.remove().await?;
    }
    let per_second = |took: Duration| f64::from(MANY) / took.as_secs_f64();
    Ok([
        Side { per_second: per_second(ours), private, plain: plain_xmpp },
        Side { per_second: per_second(their_many), private: their_private, plain: their_plain },
    ])
}

async fn timed(work: impl Future<Output = Done>) -> Done<Duration> {
    let begin = Instant::now();
    tokio::time::timeout(PATIENCE, work).await??;
    Ok(begin.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

async fn plain_text((from, to): &mut (Peer, Peer)) -> Done {
    from.send(to.jid(), TEXT).await?;
    to.next().await?;
    Ok(())
}

/// Two of theirs, in private or not.
async fn theirs(lab: &Remote, private: bool) -> Done<(OtrPeer, OtrPeer)> {
    let mut from = OtrPeer::register(lab.facts(), OtrLibrary::Libotr).await?;
    let mut to = OtrPeer::register(lab.facts(), OtrLibrary::Libotr).await?;
    from.command(&format!("to {}", to.full_jid())).await?;
    to.command(&format!("to {}", from.full_jid())).await?;
    if private {
        from.command("start").await?;
        for peer in [&mut from, &mut to] {
            peer.until(PATIENCE, |event| *event == OtrEvent::Secure).await?;
        }
    }
    Ok((from, to))
}

async fn their_text((from, to): &mut (OtrPeer, OtrPeer), command: &str) -> Done {
    from.command(command).await?;
    to.text(PATIENCE).await?;
    Ok(())
}

async fn their_texts((from, to): &mut (OtrPeer, OtrPeer)) -> Done {
    from.command(&format!("count {MANY} {TEXT}")).await?;
    let last = format!("{TEXT} {MANY}");
    to.until(PATIENCE, |event| matches!(event, OtrEvent::Text { text, .. } if *text == last)).await?;
    Ok(())
}

/// Each figure by its name: ours, theirs, and the ratio.
fn rows([ours, theirs]: &[Side; 2]) -> [(&'static str, [f64; 3]); 4] {
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let row = |figure: &dyn Fn(&Side) -> f64| [figure(ours), figure(theirs), figure(ours) / figure(theirs)];
    [
        ("messages_per_second", row(&|side| side.per_second)),
        ("private_ms", row(&|side| ms(side.private))),
        ("plain_ms", row(&|side| ms(side.plain))),
        ("added_ms", row(&|side| ms(side.private) - ms(side.plain))),
    ]
}

fn object(sides: &[Side; 2], column: usize) -> Value {
    let rounded = |figure: f64| json!((figure * 1000.0).round() / 1000.0);
    rows(sides).iter().map(|(name, row)| ((*name).to_owned(), rounded(row[column]))).collect::<Map<_, _>>().into()
}
