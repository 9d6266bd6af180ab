//! What the properties have found, each case as short as it can be.

use super::properties::WEEK;
use super::side::Fate;
use super::{Action, Beginning, World};

/// A world of two that have not talked yet, in which this happens.
fn world(actions: &[Action]) -> World {
    let mut world = World::new(Beginning::Contacts, false, WEEK);
    actions.iter().for_each(|action| world.act(action));
    world
}

#[test]
fn a_session_that_is_asked_for_while_another_begins_does_not_stand_in_its_way() {
    let world =
        world(&[Action::Write(1, Fate::Stored), Action::Flow(3), Action::Renew(1, Fate::Stored), Action::Flow(20)]);
    world.check_all_arrived(true);
}

#[test]
fn what_a_phone_could_not_read_comes_again_though_it_is_restarted_while_it_asks_for_that() {
    let mut world = world(&[
        Action::Write(0, Fate::Stored),
        Action::Flow(4),
        Action::Pass(61),
        Action::Flow(1),
        Action::Restart(1, 0),
    ]);
    world.settle();
    world.check_all_arrived(true);
}
