//! The actions of a world: each by itself, with the sides as 0 and 1.

use proptest::prelude::*;

use super::ALL;
use super::server::Memory;
use super::side::Fate;

#[derive(Debug, Clone)]
pub(super) enum Action {
    Write(usize, Fate),
    /// So many rounds in which everything is sent, arrives and is stored.
    Flow(usize),
    /// At most so many stanzas are numbered and written.
    Send(usize, usize, Fate),
    /// So many stanzas arrive at the server, which may acknowledge them.
    Arrive(usize, usize, bool),
    /// So much of what the server has said is stored by a phone, and with it at most so many stanzas are numbered, which are
    /// written. It may acknowledge what came. Where that is nothing but what the server has, it is not stored yet.
    Hear(usize, usize, usize, bool, Fate),
    /// The connection breaks. So many stanzas of the phone's arrive still.
    Cut(usize, usize),
    Connect(usize, Memory, Fate),
    /// The server loses what it has in memory.
    Crash,
    /// The phone's process ends, and its connection as in a cut.
    Restart(usize, usize),
    /// Seconds pass.
    Pass(u64),
    /// The app takes what has come.
    Take(usize),
    /// The user wants a new private conversation.
    Renew(usize, Fate),
    /// The user adds the peer.
    Befriend(usize),
    Lie(Lie),
}

/// What a lying server does, and users who believe it.
#[derive(Debug, Clone)]
pub(super) enum Lie {
    /// So many of the next stanzas of a side are acknowledged, and go nowhere.
    Drop(usize, usize),
    /// So many are held back.
    Hold(usize, usize),
    /// What was held back goes on behind later ones.
    Release(usize),
    /// One of a side's earlier stanzas comes to the peer again.
    Replay(usize, usize),
    /// A receipt outside the encryption, for a stanza that a side has sent.
    Receipt(usize, usize),
    /// One of a side's stanzas comes back.
    Bounce(usize, usize),
    /// Something in the clear, in the peer's name.
    Says(usize, &'static str),
    /// The impostor reads what a side sends, or not any more.
    Copy(usize, bool),
    /// The same, and the peer does not get it.
    Divert(usize, bool),
    /// The impostor says something to a side.
    Speak(usize),
    /// The user accepts whichever key the conversation has.
    Accept(usize),
    /// The user accepts the peer's key alone.
    Verify(usize),
    /// The user ends the private conversation.
    Finish(usize),
}

/// With an honest server.
pub(super) fn honest() -> impl Strategy<Value = Vec<Action>> {
    prop::collection::vec(action(), 1..30)
}

/// With a server that lies now and then.
pub(super) fn lying() -> impl Strategy<Value = Vec<Action>> {
    prop::collection::vec(prop_oneof![2 => action(), 1 => lie().prop_map(Action::Lie)], 1..30)
}

fn action() -> impl Strategy<Value = Action> {
    let (side, count) = (0..2_usize, || prop_oneof![1..4_usize, Just(ALL)]);
    let none_or_all = || prop_oneof![0..3_usize, Just(ALL)];
    let pass = prop_oneof![Just(1), Just(11), Just(61), Just(601), Just(3601), Just(7201)];
    prop_oneof![
        6 => (side.clone(), fate()).prop_map(|(side, fate)| Action::Write(side, fate)),
        6 => (1..4_usize).prop_map(Action::Flow),
        4 => (side.clone(), count(), fate()).prop_map(|(side, room, fate)| Action::Send(side, room, fate)),
        4 => (side.clone(), count(), any::<bool>()).prop_map(|(side, count, acks)| Action::Arrive(side, count, acks)),
        4 => (side.clone(), count(), none_or_all(), any::<bool>(), fate())
            .prop_map(|(side, count, room, acks, fate)| Action::Hear(side, count, room, acks, fate)),
        2 => (side.clone(), none_or_all()).prop_map(|(side, arrive)| Action::Cut(side, arrive)),
        4 => (side.clone(), memory(), fate()).prop_map(|(side, memory, fate)| Action::Connect(side, memory, fate)),
        1 => Just(Action::Crash),
        2 => (side.clone(), none_or_all()).prop_map(|(side, arrive)| Action::Restart(side, arrive)),
        3 => pass.prop_map(Action::Pass),
        1 => side.clone().prop_map(Action::Take),
        1 => (side.clone(), fate()).prop_map(|(side, fate)| Action::Renew(side, fate)),
        1 => side.prop_map(Action::Befriend),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![10 => Just(Fate::Stored), 1 => Just(Fate::Undone), 1 => Just(Fate::Killed)]
}

fn memory() -> impl Strategy<Value = Memory> {
    prop_oneof![3 => Just(Memory::Resumes), 1 => Just(Memory::Counts), 1 => Just(Memory::Stores), 1 => Just(Memory::Mistakes)]
}

fn lie() -> impl Strategy<Value = Lie> {
    let (side, count, which) = (0..2_usize, 1..4_usize, 0..40_usize);
    let words = prop::sample::select(vec!["?OTRv3?", "?OTRv2?", "?OTR Error: forged", "forged in the clear"]);
    let (of, on) = ((side.clone(), count), (side.clone(), any::<bool>()));
    let past = (side.clone(), which);
    prop_oneof![
        2 => of.clone().prop_map(|(side, count)| Lie::Drop(side, count)),
        1 => of.prop_map(|(side, count)| Lie::Hold(side, count)),
        1 => side.clone().prop_map(Lie::Release),
        2 => past.clone().prop_map(|(side, which)| Lie::Replay(side, which)),
        1 => past.clone().prop_map(|(side, which)| Lie::Receipt(side, which)),
        1 => past.prop_map(|(side, which)| Lie::Bounce(side, which)),
        1 => (side.clone(), words).prop_map(|(side, words)| Lie::Says(side, words)),
        1 => on.clone().prop_map(|(side, on)| Lie::Copy(side, on)),
        3 => on.prop_map(|(side, on)| Lie::Divert(side, on)),
        3 => side.clone().prop_map(Lie::Speak),
        1 => side.clone().prop_map(Lie::Accept),
        1 => side.clone().prop_map(Lie::Verify),
        1 => side.prop_map(Lie::Finish),
    ]
}
