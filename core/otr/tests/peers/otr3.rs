//! otr3, which CoyIM uses: an engine in Go that shares nothing with libotr.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use flashpaper_otr::{Output, SmpEvent};

use crate::talk::{Build, Talk, Tested};

/// Debian's package holds its sources, outside of any module.
const OTR3: Build = |program: &Path| {
    let mut go = Command::new("go");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/otr3.go");
    go.args(["build", "-o"]).arg(program).arg(source);
    go.env("GO111MODULE", "off").env("GOPATH", "/usr/share/gocode").env("GOFLAGS", "");
    go
};

#[test]
#[ignore = "needs otr3: cargo xtask test"]
fn either_side_or_both_at_once_start() -> Tested {
    let mut talk = Talk::new(OTR3, None, 1)?;
    talk.they("Q")?;
    assert!(talk.theirs.contains(&"N secure".to_owned()), "{:?}", talk.theirs);
    talk.exchange("they started")?;

    let mut talk = Talk::new(OTR3, None, 2)?;
    let start = talk.ours.start();
    talk.we(start)?;
    talk.exchange("we started")?;
    talk.exchange("hello")?;

    let mut talk = Talk::new(OTR3, None, 3)?;
    let (ours, theirs) = (talk.ours.start(), talk.peer.command("Q")?);
    talk.ours_out(ours);
    talk.theirs_out(theirs);
    talk.carry()?;
    // If its commit wins, otr3 of 2016 waits for the wrong answer. It asks once more.
    if !talk.ours.is_private() {
        talk.they("Q")?;
    }
    talk.exchange("both started")
}

#[test]
#[ignore = "needs otr3: cargo xtask test"]
fn a_hundred_exchanges() -> Tested {
    let mut talk = Talk::private(OTR3, None, 4)?;
    for count in 0..100 {
        if count % 2 == 0 {
            let start = talk.ours.start();
            talk.we(start)?;
        } else {
            talk.they("Q")?;
        }
        talk.exchange(&format!("exchange {count}"))?;
        talk.pass(Duration::from_secs(10))?;
    }
    Ok(())
}

#[test]
#[ignore = "needs otr3: cargo xtask test"]
fn a_thousand_texts_each_way_half_of_them_in_fragments() -> Tested {
    for (limit, seed) in [(Some(150), 5), (None, 6)] {
        let mut talk = Talk::private(OTR3, limit, seed)?;
        for count in 0..500 {
            talk.exchange(&format!("text {count}"))?;
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs otr3: cargo xtask test"]
fn smp_of_every_kind() -> Tested {
    let mut talk = Talk::private(OTR3, None, 7)?;
    for (theirs, ours, result) in [("cat", "cat", "N smp_equal"), ("cat", "dog", "N smp_different")] {
        for question in [None, Some("pet?")] {
            for we_ask in [true, false] {
                talk.forget();
                if we_ask {
                    let start = talk.ours.smp_start(ours, question)?;
                    talk.we(start)?;
                    talk.they(&format!("P {theirs}"))?;
                } else {
                    talk.they(&question.map_or_else(|| format!("A {theirs}"), |q| format!("W {q}\t{theirs}")))?;
                    let answer = talk.ours.smp_answer(ours, None)?;
                    talk.we(answer)?;
                }
                assert_eq!(talk.theirs.last().map(String::as_str), Some(result));
                let equal =
                    |o: &Output| matches!(o, Output::Smp(SmpEvent::Equal { we_asked, .. }) if *we_asked == we_ask);
                assert_eq!(talk.news.iter().any(equal), ours == theirs);
            }
        }
    }
    talk.exchange("still private")
}

#[test]
#[ignore = "needs otr3: cargo xtask test"]
fn extra_key_disconnect_and_a_peer_that_lost_its_session() -> Tested {
    let mut talk = Talk::private(OTR3, None, 8)?;
    talk.exchange("hello")?;
    // What it tells of an extra symmetric key is of no use here, and disturbs nothing.
    talk.forget();
    talk.they("K")?;
    assert_eq!(talk.news, []);
    talk.exchange("still there")?;

    // It has another instance tag each time, so it takes what comes for the old one for somebody else's.
    talk.peer.restart()?;
    talk.forget();
    talk.say("are you there?")?;
    talk.they("Q")?;
    assert!(talk.news.iter().any(|o| matches!(o, Output::Unread(_))), "{:?}", talk.news);
    talk.exchange("again")?;

    talk.pass(Duration::from_secs(10))?;
    talk.forget();
    talk.they("D")?;
    assert!(matches!(talk.news[..], [Output::Ended(_)]), "{:?}", talk.news);
    let again = talk.ours.start();
    talk.we(again)?;
    talk.exchange("and again")?;
    talk.forget();
    let goodbye = talk.ours.end();
    talk.we(goodbye)?;
    assert_eq!(talk.theirs, ["N finished"]);
    Ok(())
}
