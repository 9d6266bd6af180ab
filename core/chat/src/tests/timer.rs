//! Texts that go by the timer of their conversation.

use flashpaper_otr::Timer;

use super::phones::*;
use super::support::*;
use crate::contact::Peer;
use crate::message::Entry;

/// Two in private that keep history.
fn keepers() -> (Phone, Phone) {
    let (mut one, mut two) = friends();
    (one.history, two.history) = (History::UntilBurn, History::UntilBurn);
    (one, two)
}

fn set(phone: &mut Phone, seconds: Option<u64>) {
    let row = phone.row;
    phone.work(|talk| talk.set_timer(row, seconds.map(Duration::from_secs))).unwrap();
}

/// How long texts are kept, and whether the peer does the same.
fn timer(phone: &Phone) -> (Option<u64>, bool) {
    let conversation = phone.conversation();
    (conversation.timer.map(|after| after.as_secs()), conversation.timer_is_shared)
}

fn changes(phone: &Phone) -> usize {
    phone.notices.iter().filter(|notice| **notice == Notice::TimerChanged).count()
}

/// The peer has a text, and its user has seen it.
fn is_read(one: &mut Phone, two: &mut Phone, text: &str) {
    one.writes(text);
    carry(one, two);
    let came = two.mailbox.rows(|entry| entry.text == text);
    two.work(|talk| came.iter().for_each(|message| talk.take(*message)));
}

/// The texts that are there after so many seconds.
fn left(phone: &mut Phone, time: u64) -> Vec<String> {
    phone.time = time;
    phone.work(|_| ());
    phone.mailbox.messages.values().map(|entry| entry.text.clone()).collect()
}

#[test]
fn both_sides_go_by_a_timer_that_one_has_set_and_the_other_is_told() {
    let (mut one, mut two) = keepers();
    is_read(&mut one, &mut two, "before");
    assert!(one.mailbox.messages.is_empty() && two.mailbox.messages.is_empty(), "history");
    set(&mut one, Some(60));
    assert_eq!(timer(&one), (Some(60), false));
    carry(&mut one, &mut two);
    assert_eq!((timer(&one), timer(&two)), ((Some(60), true), (Some(60), true)));
    assert_eq!((changes(&one), changes(&two)), (0, 1));
    is_read(&mut one, &mut two, "hello");
    for (after, texts) in [(59, 1), (60, 0)] {
        assert_eq!((left(&mut one, after).len(), left(&mut two, after).len()), (texts, texts), "after {after} s");
    }
    // What is not read does not go.
    one.writes("later");
    carry(&mut one, &mut two);
    assert_eq!((left(&mut one, 200).len(), left(&mut two, 200)), (0, vec!["later".to_owned()]));
    // Taken away by the other side.
    set(&mut two, None);
    carry(&mut one, &mut two);
    assert_eq!((timer(&one), timer(&two), changes(&one)), ((None, true), (None, true), 1));
}

#[test]
fn a_timer_that_was_lost_on_the_way_comes_with_the_next_text_and_one_that_comes_twice_changes_nothing() {
    let (mut one, mut two) = keepers();
    set(&mut one, Some(60));
    assert_eq!(one.says().len(), 1, "lost");
    is_read(&mut one, &mut two, "hello");
    assert_eq!((timer(&one), timer(&two)), ((Some(60), true), (Some(60), true)));
    assert!(left(&mut two, 60).is_empty(), "the text that it came with goes by it");
    is_read(&mut one, &mut two, "again");
    assert_eq!((changes(&one), changes(&two)), (0, 1));
}

#[test]
fn a_timer_is_told_as_a_conversation_begins_also_where_it_was_set_before() {
    let (mut one, mut two) = (Phone::new(TWO, 1, 0x1000), Phone::new(ONE, 2, 0x2000));
    set(&mut one, Some(60));
    assert!(one.says().is_empty(), "nobody is asked for that");
    let row = two.row;
    two.work(|talk| talk.start(row));
    carry(&mut one, &mut two);
    assert_eq!((timer(&one), timer(&two)), ((Some(60), true), (Some(60), true)));
}

#[test]
fn of_two_timers_that_are_set_at_once_both_sides_take_the_shorter() {
    for (of_one, of_two) in [(Some(60), Some(90)), (Some(90), Some(60)), (Some(60), None)] {
        let (mut one, mut two) = keepers();
        set(&mut one, Some(30));
        carry(&mut one, &mut two);
        set(&mut one, of_one);
        set(&mut two, of_two);
        carry(&mut one, &mut two);
        assert_eq!((timer(&one), timer(&two)), ((Some(60), true), (Some(60), true)), "{of_one:?} {of_two:?}");
    }
}

#[test]
fn with_another_client_texts_go_here_alone_and_it_is_told_nothing() {
    // A Flashpaper from before there were timers, and a client that is no Flashpaper.
    for deduplicates in [true, false] {
        let mut one = Phone::new(TWO, 1, 0x1000);
        one.history = History::UntilBurn;
        let mut other = Other::with(20, Settings { deduplicates, ..Settings::default() });
        other.begins(&mut one);
        set(&mut one, Some(60));
        let told = other.hears(&one.says());
        let is_told = told.iter().any(|output| matches!(output, Output::Timer { .. }));
        assert_eq!((is_told, timer(&one)), (deduplicates, (Some(60), false)));
        let text = other.0.send("hello", "a").unwrap().1;
        other.converse(&mut one, text);
        let came = one.mailbox.rows(|entry| entry.text == "hello");
        one.work(|talk| talk.take(came[0]));
        assert_eq!((left(&mut one, 59).len(), left(&mut one, 60).len()), (1, 0));
        assert_eq!(timer(&one), (Some(60), false));
    }
}

#[test]
fn a_timer_that_is_none_is_passed_over_and_one_that_comes_often_is_answered_once() {
    let mut one = Phone::new(TWO, 1, 0x1000);
    let mut other = Other::with(20, Settings { deduplicates: true, ..Settings::default() });
    other.begins(&mut one);
    let tag = InstanceTag(0x1000);
    let longest = u32::try_from(limits::LONGEST_TIMER.as_secs()).unwrap();
    for (number, seconds) in [(0, 60), (1, longest + 1), (u32::MAX, u32::MAX)] {
        let told = other.0.send_timer(tag, Timer { number, seconds });
        other.converse(&mut one, told);
        assert_eq!((timer(&one), one.notices.pop()), ((None, false), Some(Notice::Malformed)), "{number} {seconds}");
    }
    let mut answers = 0;
    for _ in 0..1000 {
        let told = other.0.send_timer(tag, Timer { number: u32::MAX, seconds: longest });
        one.hears(&stanzas(&told));
        answers += one.says().len();
    }
    assert_eq!((answers, changes(&one), timer(&one)), (1, 1, (Some(longest.into()), true)));
    // The last number was used up: the shorter counts.
    set(&mut one, Some(60));
    let told = other.0.send_timer(tag, Timer { number: u32::MAX, seconds: longest });
    one.hears(&stanzas(&told));
    assert_eq!(timer(&one), (Some(60), false));
    // Under a key that was not accepted nothing is taken over.
    let mut mallory = Other::with(30, Settings { deduplicates: true, ..Settings::default() });
    mallory.begins(&mut one);
    let told = mallory.0.send_timer(tag, Timer { number: u32::MAX, seconds: 1 });
    one.hears(&stanzas(&told));
    assert_eq!(timer(&one), (Some(60), false));
}

#[test]
fn a_user_sets_no_timer_of_less_than_a_second_or_more_than_a_year() {
    let (mut one, _) = friends();
    let row = one.row;
    for after in [Duration::ZERO, Duration::from_millis(999), limits::LONGEST_TIMER + Duration::from_secs(1)] {
        assert_eq!(one.work(|talk| talk.set_timer(row, Some(after))), Err(ChatError::BadTimer), "{after:?}");
    }
    assert!(one.says().is_empty());
    one.work(|talk| talk.set_timer(row, Some(limits::LONGEST_TIMER))).unwrap();
}

#[test]
fn a_text_that_may_have_to_be_sent_again_stays() {
    let (mut one, mut two) = keepers();
    set(&mut one, Some(60));
    carry(&mut one, &mut two);
    one.writes("lost");
    one.says();
    assert_eq!(left(&mut one, 1000), ["lost"]);
    two.loses_all_sessions();
    let row = two.row;
    two.work(|talk| talk.start(row));
    carry(&mut one, &mut two);
    assert_eq!(two.inbox().len(), 1);
    assert!(left(&mut one, 1000).is_empty());
}

/// Whether the first text is shown at a time.
fn view_of(phone: &Phone, now: UnixTime) -> bool {
    let first = phone.mailbox.messages.keys().next().unwrap();
    shown_one(&phone.mailbox, *first, History::UntilBurn, now).is_some()
}

#[test]
fn a_clock_that_is_set_back_keeps_no_text() {
    let (mut one, mut two) = keepers();
    set(&mut one, Some(3600));
    is_read(&mut one, &mut two, "hello");
    assert!(!retention::is_mark_due(&two.mailbox, NOW + 599) && retention::is_mark_due(&two.mailbox, NOW + 600));
    assert_eq!(left(&mut two, 3599).len(), 1);
    assert!(!retention::is_mark_due(&two.mailbox, NOW + 3599), "it is stored");
    let next = retention::next_expiry(&two.mailbox, History::UntilBurn, Duration::from_secs(1 << 40));
    assert_eq!(next, Some(NOW + 3600));
    // What another run has seen counts.
    is_read(&mut one, &mut two, "another");
    assert_eq!(left(&mut two, 0).len(), 2, "both go by the latest time that was seen");
    assert!(view_of(&two, NOW + 3599) && !view_of(&two, NOW + 3600));
    assert!(left(&mut two, 3600).len() == 1 && left(&mut two, 2 * 3600).is_empty());
}

#[test]
fn what_goes_by_timers_does_not_fill_the_memory() {
    let (mut one, _) = keepers();
    set(&mut one, Some(3600));
    let text = "x".repeat(limits::TEXT);
    let count = limits::TIMED / limits::around(&text);
    for number in 0..count + 3 {
        let message = one.writes(&text);
        let entry = one.mailbox.messages.get_mut(&message).unwrap();
        let entry = Arc::make_mut(entry);
        (entry.state, entry.label) = (MessageState::Delivered, number.to_string());
    }
    one.work(|_| ());
    let left: Vec<_> = one.mailbox.messages.values().map(|entry| entry.label.clone()).collect();
    assert_eq!((left.len(), left[0].as_str()), (count, "3"));
    // They take no room in the outbox.
    one.writes("one more");
}

#[test]
fn a_conversation_of_an_earlier_version_is_read() {
    let (mut one, mut two) = keepers();
    set(&mut one, Some(60));
    is_read(&mut one, &mut two, "hello");
    let json = |value: Result<serde_json::Value, serde_json::Error>, name: &str, is_new: bool| {
        let mut json = value.unwrap();
        let field = json.as_object_mut().unwrap().remove(name);
        assert_eq!(field.is_some(), is_new, "{name}");
        json
    };
    let peer = json(serde_json::to_value(&*one.mailbox.peers[&one.row]), "timer", true);
    assert_eq!(serde_json::from_value::<Peer>(peer).unwrap().timer.after(), None);
    let entry = json(serde_json::to_value(&**one.mailbox.messages.values().next().unwrap()), "ends", true);
    assert_eq!(serde_json::from_value::<Entry>(entry).unwrap().ends, None);
    // Where nobody has set one, nothing is stored of it.
    let (mut one, _) = keepers();
    let message = one.writes("hello");
    json(serde_json::to_value(&*one.mailbox.peers[&one.row]), "timer", false);
    json(serde_json::to_value(&*one.mailbox.messages[&message]), "ends", false);
}

#[test]
fn a_timer_keeps_nothing_for_longer_than_history_does() {
    for (history, until) in [(History::None, 0_u64), (History::Expire { after: Duration::from_secs(30) }, 30)] {
        let (mut one, mut two) = friends();
        (one.history, two.history) = (history, history);
        set(&mut one, Some(60));
        is_read(&mut one, &mut two, "hello");
        if let Some(before) = until.checked_sub(1) {
            assert_eq!(left(&mut two, before).len(), 1, "{history:?}");
        }
        assert!(left(&mut two, until).is_empty(), "{history:?}");
    }
}
