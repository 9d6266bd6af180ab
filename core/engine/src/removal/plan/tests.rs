//! Plans against a server and a store that are a few values.

use std::time::Duration;

use super::*;

const NOW: UnixTime = UnixTime(1_000_000);
const AGAIN: Duration = limits::REFUSED_AGAIN;
const SECOND: Duration = Duration::from_secs(1);
/// So long ago that a refusal may be the second one.
const BEFORE: UnixTime = UnixTime(NOW.0 - AGAIN.as_secs());

/// A server, a store, and the time.
#[derive(Clone)]
struct World {
    known: Known,
    /// The account is at the server.
    there: bool,
    /// The account is forgotten here.
    forgotten: bool,
    /// The account may have new circuits.
    circuits: bool,
    /// The account is of use to a user.
    of_use: bool,
    now: UnixTime,
    /// What an act fails with instead of being done.
    fails: Option<(Act, Error)>,
    acts: Vec<Act>,
}

impl World {
    fn new(state: State, there: bool) -> Self {
        let known = Known { state, removed: false, denied: false, refused: None };
        Self { known, there, forgotten: false, circuits: true, of_use: true, now: NOW, fails: None, acts: Vec::new() }
    }

    fn failing(self, act: Act, why: Error) -> Self {
        Self { fails: Some((act, why)), ..self }
    }

    fn burn(&mut self) -> (Outcome, bool) {
        self.follow(Plan::burn(self.known, self.now))
    }

    fn settle(&mut self) -> (Outcome, bool) {
        self.follow(Plan::settle(self.known, self.now))
    }

    /// Carries out a plan to its end. The acts are noted.
    fn follow(&mut self, mut plan: Plan) -> (Outcome, bool) {
        self.acts.clear();
        loop {
            if let Act::End(End { outcome, again }) = plan.act() {
                return (outcome.clone(), *again);
            }
            self.step(&mut plan);
            assert!(self.acts.len() < 20, "without an end: {:?}", self.acts);
        }
    }

    fn step(&mut self, plan: &mut Plan) {
        let act = plan.act().clone();
        let came = self.carry_out(&act);
        self.acts.push(act);
        plan.next(came, self.now);
    }

    fn carry_out(&mut self, act: &Act) -> Result<Found, Error> {
        if let Some((_, why)) = self.fails.as_ref().filter(|(of, _)| of == act) {
            return Err(why.clone());
        }
        match act {
            Act::RenewCircuits => return Ok(if self.circuits { Found::Done } else { Found::NoNewCircuits }),
            Act::LookForIt | Act::LogIn if !self.there => return Err(Error::Auth),
            Act::LookForIt if !self.of_use => return Ok(Found::OfNoUse),
            Act::LookForIt | Act::LogIn => self.known.refused = None,
            Act::Keep => self.store(State::Active),
            Act::BeginRemoval => self.store(State::Burning),
            Act::Queue(_) => self.store(State::Queued),
            Act::EmptyRoster => {}
            Act::Remove | Act::ChangePassword => self.there = false,
            Act::NoteDenial => self.known.denied = true,
            Act::NoteRemoval => self.known.removed = true,
            Act::Prove => assert!(!self.there),
            Act::Forget(_) => self.forgotten = true,
            Act::NoteRefusal { at } => self.known.refused = Some(*at),
            Act::End(_) => unreachable!(),
        }
        Ok(Found::Done)
    }

    fn store(&mut self, state: State) {
        self.known.state = state;
        if state == State::Active {
            self.known.refused = None;
        }
    }
}

const REMOVAL: [Act; 7] = [
    Act::BeginRemoval,
    Act::LogIn,
    Act::EmptyRoster,
    Act::Remove,
    Act::NoteRemoval,
    Act::Prove,
    Act::Forget(Gone::Proven),
];

#[test]
fn a_burner_is_removed_step_by_step() {
    let mut world = World::new(State::Active, true);
    assert_eq!(world.burn(), (Outcome::Gone(Gone::Proven), false));
    assert_eq!((world.acts, world.there, world.forgotten), (REMOVAL.to_vec(), false, true));
    // One that an earlier run has begun with, and one in the queue.
    for state in [State::Burning, State::Queued] {
        let mut world = World::new(state, true);
        assert_eq!(world.settle(), (Outcome::Gone(Gone::Proven), false));
        assert_eq!((world.acts.as_slice(), world.forgotten), (&REMOVAL[1..], true));
    }
}

#[test]
fn each_error_at_each_step_ends_a_burn_as_what_it_says_and_queues_what_the_server_is_to_be_asked_again() {
    let lost = || Error::ServerUnreachable;
    for (act, why, outcome) in [
        (Act::LogIn, lost(), Outcome::Queued(lost())),
        (Act::LogIn, Error::Timeout, Outcome::Queued(Error::Timeout)),
        (Act::LogIn, Error::Untrusted, Outcome::Queued(Error::Untrusted)),
        (Act::LogIn, Error::ServerRefused, Outcome::Queued(Error::ServerRefused)),
        (Act::EmptyRoster, lost(), Outcome::Queued(lost())),
        (Act::Remove, lost(), Outcome::Queued(lost())),
        (Act::Remove, Error::Timeout, Outcome::Queued(Error::Timeout)),
        // The login still succeeds: the server has lied.
        (Act::Prove, Error::ServerRefused, Outcome::Unproven(Error::ServerRefused)),
        (Act::Prove, Error::Timeout, Outcome::Unproven(Error::Timeout)),
    ] {
        let mut world = World::new(State::Active, true).failing(act.clone(), why);
        assert_eq!(world.burn(), (outcome.clone(), true), "{act:?}");
        assert_eq!((world.known.state, world.forgotten), (State::Queued, false), "{act:?}");
        let index = REMOVAL.iter().position(|of| *of == act).unwrap();
        assert_eq!(world.acts[..=index], REMOVAL[..=index]);
        assert_eq!(world.acts[index + 1..], [Act::Queue(outcome.clone())], "{act:?}");
        // It is in the queue already.
        let mut world = World::new(State::Queued, true).failing(act.clone(), Error::Timeout);
        assert!(world.settle().1 && !world.acts.iter().any(|act| matches!(act, Act::Queue(_))), "{act:?}");
    }
    for (act, why, state) in [
        (Act::BeginRemoval, Error::StorageFull, State::Active),
        (Act::NoteRemoval, Error::Storage, State::Burning),
        (Act::Forget(Gone::Proven), Error::KeyDenied, State::Burning),
    ] {
        let mut world = World::new(State::Active, true).failing(act.clone(), why.clone());
        assert_eq!(world.burn(), (Outcome::Failed(why), false), "{act:?}");
        assert_eq!((world.known.state, world.forgotten, world.acts.last()), (state, false, Some(&act)));
    }
    let mut world = World::new(State::Active, true).failing(Act::Queue(Outcome::Queued(Error::Auth)), Error::KeyDenied);
    world.there = false;
    assert_eq!(world.burn(), (Outcome::Failed(Error::KeyDenied), true));
}

const DISABLING: [Act; 7] = [
    Act::NoteDenial,
    Act::LogIn,
    Act::EmptyRoster,
    Act::ChangePassword,
    Act::NoteRemoval,
    Act::Prove,
    Act::Forget(Gone::Disabled),
];

#[test]
fn an_account_that_the_server_does_not_remove_gets_a_password_that_nobody_keeps() {
    for state in [State::Active, State::Burning, State::Queued, State::Unwanted] {
        let mut world = World::new(state, true).failing(Act::Remove, Error::ServerRefused);
        assert_eq!(world.burn(), (Outcome::Gone(Gone::Disabled), false));
        assert!(world.acts.ends_with(&[&[Act::Remove], &DISABLING[..]].concat()), "{state:?}: {:?}", world.acts);
    }
    // The process may end anywhere between.
    for count in 0..DISABLING.len() {
        let mut world = World::new(State::Burning, true).failing(Act::Remove, Error::ServerRefused);
        let mut plan = Plan::burn(world.known, world.now);
        while world.acts.len() < 3 + count {
            world.step(&mut plan);
        }
        let (outcome, _) = world.settle();
        // Where the answer was lost, the server shows by two refusals that the password is another.
        let expected = if count == 4 { Outcome::Queued(Error::Auth) } else { Outcome::Gone(Gone::Disabled) };
        assert_eq!(outcome, expected, "{count}");
    }
}

#[test]
fn a_server_that_takes_no_other_password_either_is_asked_again() {
    for why in [Error::ServerRefused, Error::Timeout] {
        let mut world = World::new(State::Active, true).failing(Act::ChangePassword, why.clone());
        world.known.denied = true;
        let outcome = if why == Error::ServerRefused { Outcome::Unproven(why) } else { Outcome::Queued(why) };
        assert_eq!(world.burn(), (outcome, true));
        assert_eq!((world.known.state, world.there), (State::Queued, true));
        world.fails = None;
        assert_eq!(world.settle(), (Outcome::Gone(Gone::Disabled), false));
    }
}

#[test]
fn a_removal_that_ends_anywhere_is_finished_by_the_next_starts() {
    for state in [State::Active, State::Burning, State::Unwanted] {
        // The process ends before an act, or after it was done and before that is known.
        for (count, is_done) in (0..9).flat_map(|count| [(count, false), (count, true)]) {
            let mut world = World::new(state, true);
            world.store(State::Burning);
            let mut plan = if state == State::Unwanted {
                world.store(state);
                Plan::settle(world.known, world.now)
            } else {
                Plan::burn(world.known, world.now)
            };
            while world.acts.len() < count && !matches!(plan.act(), Act::End(_)) {
                world.step(&mut plan);
            }
            if is_done && !matches!(plan.act(), Act::End(_)) {
                let _ = world.carry_out(&plan.act().clone());
            }
            for _ in 0..2 {
                if !world.forgotten {
                    world.settle();
                    world.now = world.now.after(AGAIN);
                }
            }
            assert!(world.forgotten && !world.there, "{state:?}, {count}, {is_done}: {:?}", world.acts);
        }
    }
}

#[test]
fn a_server_that_refuses_the_login_is_believed_the_second_time_ten_minutes_later() {
    for state in [State::Burning, State::Pending, State::Unwanted] {
        let login = if state == State::Burning { Act::LogIn } else { Act::LookForIt };
        let mut world = World::new(state, false);
        assert_eq!(world.settle(), (Outcome::Queued(Error::Auth), true), "{state:?}");
        let queued: &[Act] = if state == State::Burning { &[Act::Queue(Outcome::Queued(Error::Auth))] } else { &[] };
        assert_eq!(world.acts, [&[login.clone(), Act::NoteRefusal { at: NOW }], queued].concat());
        // What is refused within ten minutes shows nothing more, and does not put it off.
        world.now = world.now.after(AGAIN - SECOND);
        assert_eq!(world.settle(), (Outcome::Queued(Error::Auth), true), "{state:?}");
        assert_eq!((world.acts.as_slice(), world.known.refused), (&[login.clone()][..], Some(NOW)));
        world.now = world.now.after(SECOND);
        assert_eq!(world.settle(), (Outcome::Gone(Gone::Already), false), "{state:?}");
        assert_eq!(world.acts, [Act::RenewCircuits, login, Act::Forget(Gone::Already)]);
        assert!(world.forgotten);
    }
    // Whether the user or the next start asks.
    let mut world = World::new(State::Unwanted, false);
    world.known.refused = Some(BEFORE);
    assert_eq!(world.burn(), (Outcome::Gone(Gone::Already), false));
    assert_eq!(world.acts, [Act::BeginRemoval, Act::RenewCircuits, Act::LogIn, Act::Forget(Gone::Already)]);
}

#[test]
fn the_second_refusal_counts_by_other_circuits_only() {
    for state in [State::Burning, State::Pending, State::Unwanted] {
        let mut world = World { circuits: false, ..World::new(state, false) };
        world.settle();
        for _ in 0..3 {
            world.now = world.now.after(AGAIN);
            assert_eq!(world.settle(), (Outcome::Queued(Error::Auth), true), "{state:?}");
            assert_eq!((world.forgotten, world.known.refused), (false, Some(NOW)));
        }
        world.circuits = true;
        assert_eq!(world.settle(), (Outcome::Gone(Gone::Already), false), "{state:?}");
    }
}

#[test]
fn a_removal_that_was_confirmed_needs_no_second_refusal_and_no_new_circuits() {
    for refused in [None, Some(UnixTime(NOW.0 - 1)), Some(BEFORE)] {
        for (state, login) in [(State::Burning, Act::LogIn), (State::Unwanted, Act::LookForIt)] {
            let mut world = World::new(state, false);
            (world.known.removed, world.known.refused) = (true, refused);
            assert_eq!(world.settle(), (Outcome::Gone(Gone::Already), false));
            assert_eq!(world.acts, [login, Act::Forget(Gone::Already)]);
        }
    }
}

#[test]
fn a_login_that_succeeds_takes_an_earlier_refusal_back() {
    let refused = Some(BEFORE);
    let mut world = World::new(State::Burning, true).failing(Act::Remove, Error::Timeout);
    world.known.refused = refused;
    assert_eq!(world.burn(), (Outcome::Queued(Error::Timeout), true));
    // The next refusal is the first again, in the same plan as well.
    (world.there, world.fails) = (false, None);
    assert_eq!(world.settle(), (Outcome::Queued(Error::Auth), true));
    assert!(!world.forgotten);
    let mut world = World::new(State::Unwanted, true).failing(Act::LogIn, Error::Auth);
    world.known.refused = refused;
    assert_eq!(world.settle(), (Outcome::Queued(Error::Auth), true));
    let acts = [Act::RenewCircuits, Act::LookForIt, Act::BeginRemoval, Act::LogIn, Act::NoteRefusal { at: NOW }];
    assert_eq!(world.acts, [&acts[..], &[Act::Queue(Outcome::Queued(Error::Auth))]].concat());
}

#[test]
fn a_clock_that_is_set_back_does_not_put_the_second_question_off() {
    for state in [State::Burning, State::Pending, State::Unwanted] {
        let mut world = World::new(state, false);
        world.settle();
        world.now = UnixTime(NOW.0 - 86_400);
        assert!(!may_ask_again(world.known.refused, world.now));
        assert_eq!(world.settle(), (Outcome::Queued(Error::Auth), true), "{state:?}");
        assert_eq!(world.known.refused, Some(world.now));
        world.now = world.now.after(AGAIN);
        assert_eq!(world.settle(), (Outcome::Gone(Gone::Already), false), "{state:?}");
    }
}

#[test]
fn ten_minutes_pass_by_the_time_of_the_first_refusal() {
    for (refused, now, may) in [
        (None, UnixTime(0), true),
        (Some(NOW), NOW.after(AGAIN - SECOND), false),
        (Some(NOW), NOW.after(AGAIN), true),
        (Some(NOW), UnixTime(0), false),
        (Some(UnixTime(u64::MAX)), UnixTime(u64::MAX - 1), false),
    ] {
        assert_eq!(may_ask_again(refused, now), may, "{refused:?} {now:?}");
    }
}

#[test]
fn a_refused_burn_goes_on_by_itself_whatever_it_fails_for_and_an_account_in_doubt_at_the_next_start() {
    for (state, act, again) in [
        (State::Burning, Act::LogIn, true),
        (State::Pending, Act::LookForIt, false),
        (State::Unwanted, Act::LookForIt, false),
    ] {
        for refused in [NOW, BEFORE] {
            let mut world = World::new(state, false).failing(act.clone(), Error::Timeout);
            world.known.refused = Some(refused);
            assert_eq!(world.settle(), (Outcome::Queued(Error::Timeout), again), "{state:?} {refused:?}");
            assert_eq!(world.known.refused, Some(refused));
        }
    }
}

#[test]
fn an_account_in_doubt_that_is_of_no_use_is_removed() {
    let mut world = World { of_use: false, ..World::new(State::Pending, true) };
    assert_eq!(world.settle(), (Outcome::Gone(Gone::Proven), false));
    assert_eq!(world.acts, [&[Act::LookForIt], &REMOVAL[..]].concat());
}

#[test]
fn an_account_in_doubt_that_exists_is_kept_if_it_was_wanted_and_removed_if_it_was_not() {
    let mut world = World::new(State::Pending, true);
    assert_eq!(world.settle(), (Outcome::Kept, false));
    assert_eq!((world.acts.as_slice(), world.known.state), (&[Act::LookForIt, Act::Keep][..], State::Active));
    let mut world = World::new(State::Unwanted, true);
    assert_eq!(world.settle(), (Outcome::Gone(Gone::Proven), false));
    assert_eq!((&world.acts[0], &world.acts[1..]), (&Act::LookForIt, REMOVAL.as_slice()));
    assert!(world.forgotten && !world.there);
    // A burner is left alone.
    let mut world = World::new(State::Active, true);
    assert_eq!((world.settle(), world.acts), ((Outcome::Kept, false), Vec::new()));
}

#[test]
fn a_store_that_fails_is_told_whatever_it_was_to_store() {
    let full = || Outcome::Failed(Error::StorageFull);
    for (state, there, act, again) in [
        (State::Pending, true, Act::Keep, false),
        (State::Unwanted, true, Act::BeginRemoval, false),
        (State::Pending, false, Act::NoteRefusal { at: NOW }, false),
        (State::Burning, false, Act::NoteRefusal { at: NOW }, false),
    ] {
        let mut world = World::new(state, there).failing(act, Error::StorageFull);
        assert_eq!(world.settle(), (full(), again), "{state:?}");
    }
    let mut world = World::new(State::Burning, false).failing(Act::Forget(Gone::Already), Error::StorageFull);
    world.known.refused = Some(BEFORE);
    assert_eq!((world.settle(), world.forgotten), ((full(), true), false));
}
