//! Bounces as news of the own server.

use flashpaper_xmpp::{PresenceNews, Subscription};

use super::phones::*;
use super::support::*;
use crate::presence;

/// A phone that has written to these, and got all of it back for this reason. Whether its server lets it write to nobody.
fn written_to(peers: &[&str], why: Refusal) -> (Phone, bool) {
    let mut one = Phone::new(TWO, 1, 0x1000);
    for peer in peers {
        let peer = address(peer);
        let row = one.mailbox.peer(&peer);
        one.mailbox.befriend(row);
        outbox::queue(&mut one.mailbox, &peer, peer.as_str().to_owned(), "hello", NOW, None).unwrap();
    }
    for query in one.says() {
        let to = one.mailbox.jid(query.peer);
        one.work(|talk| talk.refused(&to, &query.id, why));
    }
    let is_quarantined = is_quarantined(&mut one);
    (one, is_quarantined)
}

fn is_quarantined(one: &mut Phone) -> bool {
    one.work(|talk| talk.is_quarantined(&address(ONE)))
}

#[test]
fn accounts_at_two_other_servers_that_are_out_of_reach_show_a_quarantine() {
    assert!(written_to(&[TWO, "x@c.example"], Refusal::Forbidden).1);
    assert!(!written_to(&[TWO, "x@b.example"], Refusal::Forbidden).1, "one server speaks for all of its accounts");
    assert!(!written_to(&[TWO, "x@a.example"], Refusal::Forbidden).1, "the own server has no such account");
    assert!(!written_to(&[TWO, "x@c.example"], Refusal::Absent).1, "nobody is there");
    assert!(!written_to(&[TWO, "x@c.example"], Refusal::ForNow).1);
    assert!(!written_to(&[TWO, "x@c.example"], Refusal::ForGood).1, "two addresses with a slip in them");
}

#[test]
fn requests_for_presence_that_two_other_servers_forbid_show_a_quarantine() {
    let asked = |one: &mut Phone, peer: &str, is_told: bool| {
        let row = one.mailbox.peer(&address(peer));
        one.mailbox.befriend(row);
        if is_told {
            presence::server_knows(&mut one.mailbox, row, Relationship::Contact);
        }
        one.work(|talk| talk.presence(&address(peer), None, PresenceNews::Forbidden));
    };
    let mut one = Phone::new(TWO, 1, 0x1000);
    asked(&mut one, TWO, true);
    asked(&mut one, "x@b.example", true);
    asked(&mut one, "x@c.example", false);
    one.work(|talk| talk.presence(&address("stranger@d.example"), None, PresenceNews::Forbidden));
    assert!(!is_quarantined(&mut one), "one other server, one that was not asked, and a stranger");
    assert!(one.mailbox.find(&address("stranger@d.example")).is_none());
    asked(&mut one, "x@c.example", true);
    assert!(is_quarantined(&mut one));
}

#[test]
fn a_bounce_of_what_was_not_written_counts_for_nothing() {
    let mut one = Phone::new(TWO, 1, 0x1000);
    one.writes("hello");
    let query = one.says();
    for (from, id) in [(TWO, "another"), ("x@c.example", &*query[0].id), ("x@d.example", "third")] {
        one.work(|talk| talk.refused(&address(from), id, Refusal::Forbidden));
    }
    assert!(!is_quarantined(&mut one));
}

#[test]
fn an_account_that_anybody_has_answered_is_in_no_quarantine() {
    let answers: [fn(&mut Phone); 3] = [
        |one| {
            let granted = PresenceNews::Subscription(Subscription::Subscribed);
            one.work(|talk| talk.presence(&address(TWO), None, granted));
        },
        |one| one.mailbox.peer_mut(one.row).unwrap().confirms = true,
        |one| one.mailbox.peer_mut(one.row).unwrap().trust = friends().0.mailbox.peers[&one.row].trust.clone(),
    ];
    for answer in answers {
        let (mut one, _) = written_to(&["x@c.example", "x@d.example"], Refusal::Forbidden);
        assert!(is_quarantined(&mut one));
        answer(&mut one);
        assert!(!is_quarantined(&mut one));
    }
}
