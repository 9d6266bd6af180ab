//! Cases that the properties have found, each as short as it can be.

use super::actions::Lie;
use super::properties::{HOUR, WEEK};
use super::server::Memory;
use super::side::Fate;
use super::{ALL, Action, Beginning, World};

/// A world of two that have not talked yet, in which this happens.
fn world(actions: &[Action]) -> World {
    world_of(Beginning::Contacts, WEEK, actions)
}

fn world_of(beginning: Beginning, idle_timeout: u64, actions: &[Action]) -> World {
    let mut world = World::new(beginning, false, idle_timeout);
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

#[test]
fn what_could_not_be_read_by_keys_that_ended_with_a_process_comes_again() {
    let mut world = world_of(
        Beginning::Acquainted,
        0,
        &[
            Action::Restart(1, 0),
            Action::Write(0, Fate::Stored),
            Action::Connect(1, Memory::Resumes, Fate::Stored),
            Action::Flow(1),
            Action::Pass(61),
            Action::Restart(0, 0),
            Action::Restart(1, 0),
        ],
    );
    world.settle();
    world.check_all_arrived(true);
}

#[test]
fn a_text_whose_receipt_was_lost_before_its_writer_knew_of_receipts_is_delivered() {
    let mut world = world_of(
        Beginning::Stranger,
        WEEK,
        &[
            Action::Write(1, Fate::Stored),
            Action::Flow(5),
            Action::Restart(1, 0),
            Action::Flow(1),
            Action::Crash,
            Action::Write(0, Fate::Stored),
        ],
    );
    world.settle();
    world.check_all_arrived(true);
}

#[test]
fn what_a_server_has_forgotten_is_read_in_its_order() {
    let mut world = world(&[
        Action::Write(0, Fate::Stored),
        Action::Flow(5),
        Action::Send(1, 1, Fate::Undone),
        Action::Write(0, Fate::Stored),
        Action::Flow(1),
        Action::Crash,
        Action::Write(0, Fate::Stored),
    ]);
    world.settle();
    world.check_all_arrived(true);
}

#[test]
fn texts_to_an_impostor_stand_in_no_way_of_those_to_the_peer_that_is_verified() {
    let mut world = world_of(
        Beginning::Stranger,
        HOUR,
        &[
            Action::Write(1, Fate::Stored),
            Action::Lie(Lie::Divert(1, true)),
            Action::Flow(3),
            Action::Write(1, Fate::Stored),
        ],
    );
    world.settle();
    world.check_none_forgotten();
    world.check_last_texts_arrive();
}

/// It had none of them on the stream that it gave, and what was on its way must not go before them.
#[test]
fn texts_keep_their_order_where_a_server_takes_up_another_stream() {
    let mut world = world_of(
        Beginning::Acquainted,
        0,
        &[
            Action::Write(0, Fate::Stored),
            Action::Crash,
            Action::Connect(0, Memory::Resumes, Fate::Stored),
            Action::Flow(1),
            Action::Write(0, Fate::Stored),
            Action::Send(0, 1, Fate::Stored),
            Action::Connect(1, Memory::Resumes, Fate::Stored),
            Action::Crash,
            Action::Connect(0, Memory::Mistakes, Fate::Stored),
        ],
    );
    world.settle();
    world.check_all_arrived(true);
}

#[test]
fn a_kill_before_it_is_on_disk_what_the_server_has_loses_and_doubles_nothing() {
    for memory in [Memory::Resumes, Memory::Counts, Memory::Stores, Memory::Mistakes] {
        let mut world = world_of(
            Beginning::Acquainted,
            WEEK,
            &[
                Action::Write(0, Fate::Stored),
                Action::Send(0, ALL, Fate::Stored),
                Action::Arrive(0, ALL, true),
                Action::Hear(0, ALL, 0, true, Fate::Stored),
            ],
        );
        assert!(world.sides[0].is_ahead_of_its_disk());
        world.act(&Action::Restart(0, 0));
        assert!(!world.sides[0].is_ahead_of_its_disk());
        world.act(&Action::Connect(0, memory, Fate::Stored));
        world.settle();
        world.check_all_arrived(true);
    }
}
