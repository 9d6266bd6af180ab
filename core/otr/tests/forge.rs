//! Nobody can prove later who wrote what: with the MAC keys that a conversation has revealed, anybody who recorded it
//! changes what was said. The forger is libotr's own toolkit, which gets the recording and nothing else.

mod common;

use std::error::Error;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use common::{ALICE, BOB, Pair, Say as _, wires};
use flashpaper_otr::{Attention, Output, Session, Settings};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use zeroize::Zeroizing;

type Tested<T = ()> = Result<T, Box<dyn Error>>;

const SAID: &str = "I owe you 500";
const CHOSEN: &str = "you owe me 70";

/// A data message on the wire.
struct Recorded {
    from: usize,
    wire: String,
    arrived: bool,
    /// The MAC keys that it reveals, in hexadecimal.
    revealed: Vec<String>,
    /// The sender, right after that.
    sender: State,
}

type State = Zeroizing<Vec<u8>>;

fn resume(side: usize, state: &State) -> Tested<Session> {
    let (identity, rng) = ([&ALICE, &BOB][side], Box::new(StdRng::seed_from_u64(99)));
    Ok(Session::resume(state, Arc::clone(identity), Settings::default(), rng, Duration::ZERO)?)
}

/// One of the toolkit's programs reads a message; `None`: it refuses to go on.
fn toolkit(program: &str, arguments: &[&str], wire: &str) -> Tested<Option<String>> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut running = command.spawn().map_err(|error| format!("{program}: {error}"))?;
    running.stdin.take().ok_or("no input")?.write_all(wire.as_bytes())?;
    let output = running.wait_with_output()?;
    Ok(output.status.success().then_some(String::from_utf8(output.stdout)?.trim_end().to_owned()))
}

/// Puts a text in the place of one that is guessed; `None`: the message's MAC is not by this key.
fn modify(wire: &str, mac_key: &str, guess: &str, text: &str) -> Tested<Option<String>> {
    toolkit("otr_modify", &[mac_key, guess, text, "0"], wire)
}

/// One side's message; it may be that it does not arrive.
fn say(pair: &mut Pair, from: usize, outputs: Vec<Output>, arrived: bool) -> Tested<Recorded> {
    let [wire] = <[String; 1]>::try_from(wires(&outputs)).map_err(|wires| format!("{wires:?}"))?;
    let sender = pair.sides[from].suspend();
    if arrived {
        pair.carry(from, outputs);
    }
    let fields = toolkit("otr_parse", &[], &wire)?.ok_or("otr_parse failed")?;
    let (_, keys) = fields.split_once("Revealed MAC keys:").unwrap_or_default();
    let revealed = keys.lines().filter_map(|line| line.split_once(": ")).map(|(_, key)| key.to_owned()).collect();
    Ok(Recorded { from, wire, arrived, revealed, sender })
}

#[test]
#[ignore = "needs libotr's toolkit: cargo xtask test"]
fn an_outsider_changes_what_was_said() -> Tested {
    let mut pair = Pair::private(Settings::default(), 1);
    let before = pair.sides[1].suspend();
    let mut recorded = Vec::new();
    for (from, text) in [(0, SAID), (1, "yes"), (0, "soon"), (1, "good")] {
        let outputs = pair.sides[from].say(text);
        recorded.push(say(&mut pair, from, outputs, true)?);
    }
    assert_eq!(pair.texts(1), [SAID, "soon"]);
    let (original, [key]) = (&recorded[0].wire, &recorded[3].revealed[..]) else { return Err("not one key".into()) };

    // The toolkit checks the MAC before it changes anything: the original's and, on the way back, the forgery's.
    let forged = modify(original, key, SAID, CHOSEN)?.ok_or("the key is not the original's")?;
    assert_eq!(modify(&forged, key, CHOSEN, SAID)?.as_ref(), Some(original));

    // With the keys of then, one is as good as the other.
    for (wire, expected) in [(original, SAID), (&forged, CHOSEN)] {
        let outputs = resume(1, &before)?.receive(wire);
        assert!(matches!(&outputs[..], [Output::Text { text, .. }] if text == expected), "{outputs:?}");
    }
    // Nobody is taken in now.
    assert_eq!(pair.sides[1].receive(&forged)[0], Output::Attention(Attention::Unreadable));
    Ok(())
}

/// A revealed key is one that the revealing side has checked a text with, and takes nothing under any more.
#[test]
#[ignore = "needs libotr's toolkit: cargo xtask test"]
fn keys_are_revealed_when_they_are_retired() -> Tested {
    let mut pair = Pair::private(Settings::default(), 3);
    let mut recorded = Vec::new();
    // The server holds some back: their receiver has not seen their counters before.
    for (from, count, held_back) in
        [(0, 2, 1), (1, 1, 0), (0, 1, 0), (1, 3, 1), (0, 1, 0), (1, 1, 0), (0, 3, 2), (1, 2, 1), (0, 2, 0)]
    {
        for place in 0..count {
            let outputs = pair.sides[from].say(SAID);
            recorded.push(say(&mut pair, from, outputs, place < count - held_back)?);
        }
    }
    let bye = pair.sides[1].end();
    recorded.push(say(&mut pair, 1, bye, true)?);

    let mut forgeable = vec![false; recorded.len()];
    for (at, revealing) in recorded.iter().enumerate() {
        for key in &revealing.revealed {
            let mut used = false;
            for (other, message) in recorded.iter().enumerate() {
                let Some(forged) = modify(&message.wire, key, SAID, CHOSEN)? else { continue };
                assert!(other < at && message.from != revealing.from, "{at} reveals the key of {other}");
                let outputs = resume(revealing.from, &revealing.sender)?.receive(&forged);
                let unreadable = Some(&Output::Attention(Attention::Unreadable));
                assert_eq!(outputs.first(), unreadable, "{at} reveals the key of {other}");
                used |= message.arrived;
                forgeable[other] = true;
            }
            assert!(used, "{at} reveals a key that has checked nothing");
        }
    }
    // The side that ends a conversation reveals the last of its keys: nothing that the other side said can be proven.
    let mut theirs = recorded.iter().zip(forgeable).filter(|(message, _)| message.from == 0);
    assert!(theirs.all(|(_, forgeable)| forgeable));
    Ok(())
}
