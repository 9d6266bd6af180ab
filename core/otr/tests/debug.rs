//! What `Debug` and `Display` show: no text, no key, no words of anybody's.

mod common;

use common::{ALICE, session};
use flashpaper_otr::{
    Attention, ImportError, InstanceTag, NotAsked, NotPrivate, NotSent, Output, ResumeError, Settings, SmpEvent,
    TextId, Timer, Unanswered,
};

#[test]
fn nothing_secret_is_printed() {
    let fingerprint = ALICE.fingerprint();
    let text = || "secret".to_owned();
    let from = InstanceTag(0x100);
    for (output, printed) in [
        (Output::Send(text()), "Send(..)"),
        (Output::Text { text: text(), from, fingerprint, label: Some(text()) }, "Text(..)"),
        (Output::Deduplicates(fingerprint), "Deduplicates(..)"),
        (Output::Timer { from, fingerprint, timer: Timer { number: 7, seconds: 7 } }, "Timer(..)"),
        (Output::PlainText(text()), "PlainText(..)"),
        (Output::Unread(TextId(1)), "Unread(1)"),
        (
            Output::Began { with: from, fingerprint, ssid: [7; 8], first_half_is_ours: true, renewed: false },
            "Began(..)",
        ),
        (
            Output::Began { with: from, fingerprint, ssid: [7; 8], first_half_is_ours: true, renewed: true },
            "Renewed(..)",
        ),
        (Output::Ended(from), "Ended(..)"),
        (Output::Read { labels: vec![text()], fingerprint }, "Read(..)"),
        (Output::Attention(Attention::PeerError(text())), "Attention(PeerError(..))"),
        (Output::Attention(Attention::Unreadable), "Attention(Unreadable)"),
        (Output::Smp(SmpEvent::Asked { question: Some(text()), fingerprint }), "Smp(Asked(..))"),
        (Output::Smp(SmpEvent::Equal { fingerprint, we_asked: true, with_question: false }), "Smp(Equal(..))"),
        (Output::Smp(SmpEvent::Different { fingerprint }), "Smp(Different(..))"),
        (Output::Smp(SmpEvent::Aborted), "Smp(Aborted)"),
    ] {
        assert_eq!(format!("{output:?}"), printed);
    }
    for (wire, printed) in [("secret", "Unanswered(..)"), ("?OTRv3? secret", "Unanswered(asks)")] {
        assert_eq!(format!("{:?}", Unanswered::read(wire)), printed);
    }
    assert_eq!(format!("{:?} {fingerprint:?}", *ALICE), "Identity(..) Fingerprint(..)");
    let mut in_pieces = session(&ALICE, Settings::default(), 1);
    in_pieces.receive("?OTR|1234|0,1,2,secret,");
    assert_eq!(format!("{in_pieces:?}"), "Session(..)");
    let settings = Settings { tag: Some(from), limit: Some(500), version_2: true, deduplicates: true };
    assert_eq!(
        format!("{settings:?}"),
        "Settings { tag: Some(InstanceTag(256)), limit: Some(500), version_2: true, deduplicates: true }"
    );
    let errors = format!(
        "{NotAsked} | {NotPrivate} | {} | {} | {ResumeError} | {}",
        NotSent::NotReady,
        NotSent::TooLong,
        ImportError::NoSuchAccount
    );
    assert_eq!(
        errors,
        "no comparison to answer | no private conversation | no text can be sent now | the text is too long for the network \
         | no session can be resumed from these bytes | no key for this account"
    );
}
