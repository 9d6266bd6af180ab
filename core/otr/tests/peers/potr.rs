//! potr, which knows version 2 only (weechat-otr, old Gajim): where that is turned off its offers are refused, and nobody
//! talks for ever.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use flashpaper_otr::{Attention, Identity, Output, Session, Settings};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::talk::Tested;

#[test]
#[ignore = "needs potr: cargo xtask test"]
fn version_2_is_refused_and_told() -> Tested {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/offers_of_potr.py");
    let mut potr = Command::new("/usr/bin/python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (mut stdin, stdout) = (potr.stdin.take().ok_or("no stdin")?, potr.stdout.take().ok_or("no stdout")?);
    let mut lines = BufReader::new(stdout).lines();
    let mut next = || lines.next().ok_or("potr has ended")?.map_err(Box::<dyn std::error::Error>::from);

    let identity = Arc::new(Identity::random(&mut StdRng::seed_from_u64(1)));
    let mut ours = Session::new(identity, Settings::default(), Box::new(StdRng::seed_from_u64(1)), Duration::ZERO);
    let refused = Output::Attention(Attention::OtherVersion);
    let (query, tagged, commit) = (next()?, next()?, next()?);
    assert!(query.starts_with("?OTRv2?") && commit.starts_with("?OTR:AAIC"), "{query} {commit}");
    assert_eq!(ours.receive(&query), std::slice::from_ref(&refused));
    assert_eq!(ours.receive(&tagged), [Output::PlainText("hello".to_owned()), refused.clone()]);
    assert_eq!(ours.receive(&commit), [refused]);

    // It has no use for our offer either.
    for output in ours.start() {
        let Output::Send(wire) = output else { continue };
        writeln!(stdin, "{wire}")?;
        assert_eq!(next()?, "0");
    }
    drop(stdin);
    assert!(potr.wait()?.success());
    Ok(())
}
