//! What is said of messages and notices, to people.

use std::time::SystemTime;

use flashpaper::{Message, Notice};
use jiff::{Timestamp, Zoned};

use crate::paint::Paint;
use crate::text::{self, MORE, printable};

/// A message as lines, of which only the first begins with a lock and a name.
pub(crate) fn message_lines(message: &Message, name: &str, paint: Paint) -> String {
    let text = text::lines(&message.text).join(&format!("\n{MORE}"));
    format!("{} {} {name}: {text}", clock(message.at, &Zoned::now()), paint.lock(message.security))
}

/// What a user should know of. `name`: the peer's.
pub(crate) fn notice_line(notice: &Notice, name: &str) -> String {
    match notice {
        Notice::Unreadable => format!("a message of {name} could not be read"),
        Notice::PeerError { text } => {
            format!("somebody says in the clear, in the name of {name}: {}", printable(text))
        }
        Notice::OtherVersion => {
            format!("another version of OTR was offered in the name of {name}, and refused")
        }
        Notice::Mirror => format!("somebody sends your messages to {name} back"),
        Notice::Malformed => format!("a malformed message of {name} was ignored"),
        Notice::OtherKey => format!("a key that was not accepted has begun to speak for {name}"),
        Notice::InboxFull => {
            format!("too much of {name} is unread: nothing more is taken in until you read")
        }
        Notice::TimerChanged => format!("{name} has changed how long texts are kept; /who tells how long"),
        Notice::StrangerForgotten => {
            format!("to make room for {name}, the stranger who had waited longest was forgotten")
        }
    }
}

/// That a burner expires soon.
pub(crate) fn expiring_line(at: SystemTime) -> String {
    format!("a burner expires: it is burnt at {}", time(at))
}

/// A time for people.
pub(crate) fn time(at: SystemTime) -> String {
    clock(at, &Zoned::now())
}

/// A time for people, where they are: without the day if that is today.
fn clock(at: SystemTime, now: &Zoned) -> String {
    let Ok(at) = Timestamp::try_from(at) else { return String::new() };
    let at = at.to_zoned(now.time_zone().clone());
    let format = if at.date() == now.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    at.strftime(format).to_string()
}

#[cfg(test)]
#[test]
fn a_time_has_its_day_when_that_is_not_today() {
    use std::time::Duration;

    use jiff::tz::{TimeZone, offset};

    let now = Timestamp::from_second(1_790_000_000).unwrap().to_zoned(TimeZone::fixed(offset(2)));
    assert_eq!(now.to_string(), "2026-09-21T16:13:20+02:00[+02:00]");
    let ago = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000 - seconds);
    assert_eq!(clock(ago(3600), &now), "15:13");
    assert_eq!(clock(ago(86_400), &now), "2026-09-20 16:13");
}
