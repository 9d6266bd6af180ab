//! Rules of conversations, by the module that they are of. Those of core/docs/wire-profile.md and of decisions 012 to 014 that
//! this crate carries out have these tests; what is left out others carry out.
//!
//! The wire profile:
//! - a text is OTR, or waits
//!   - `wire_profile::a_text_leaves_encrypted_or_waits`
//!   - `attacks`
//! - to the client last heard from, else to the account
//!   - `wire_profile::a_query_goes_to_the_account_and_a_text_to_the_client_that_was_heard_from_last`
//!   - `chat::a_client_without_a_name_that_can_be_written_is_answered_at_the_account`
//! - the query; version 2 where nothing newer is offered, unless turned off
//!   - `wire_profile::a_query_offers_version_2_until_the_peer_has_spoken_3_or_the_user_turns_it_off`
//!   - `wire_profile::where_version_2_is_turned_off_a_client_of_that_gets_no_answer`
//!   - `strangers::a_peer_that_offers_version_2_alone_is_talked_to_in_that`
//!   - `strangers::a_key_that_has_spoken_version_3_has_no_conversation_in_version_2_be_it_accepted_or_not`
//! - ids: random, of one form, once; a text's name is none of them
//!   - `wire_profile::ids_are_of_one_form_and_never_used_twice_nor_the_name_of_a_text`
//!   - `wire_profile::a_text_that_is_sent_again_has_other_ids_and_the_same_name`
//! - data without a text may be dropped unread
//!   - `data_messages::what_holds_no_text_may_be_dropped_unread_and_a_text_may_not`
//! - receipts inside, one for those that came together, once stored
//!   - `delivery::receipts_between_flashpaper_peers_come_inside_the_encryption_and_in_one_piece`
//!   - `delivery::a_text_is_confirmed_in_the_same_piece_of_work_in_which_it_comes`
//! - what comes again, by name or as it was, is confirmed again
//!   - `wire_profile::a_text_that_comes_again_by_its_name_is_confirmed_again_and_shown_once`
//!   - `delivery::a_text_that_comes_again_as_it_was_has_its_lost_receipt_sent_again`
//! - XEP-0184 is asked for with the last piece, of other clients alone
//!   - `wire_profile::the_last_piece_alone_asks_another_client_for_a_receipt`
//! - XEP-0184 is answered to contacts, for texts without a name, at the client that asked
//!   - `wire_profile::a_text_without_a_name_gets_a_receipt_outside_at_the_client_that_asked_and_one_with_a_name_none`
//!   - `inbox::only_a_contact_learns_that_a_message_came`
//! - a contact that has filled its room
//!   - `wire_profile::a_contact_that_has_filled_its_room_gets_no_answer_but_to_key_exchanges`
//!   - `chat::a_flood_of_a_contact_has_an_end_and_what_was_turned_away_comes_again`
//!   - `chat::texts_that_are_too_many_bytes_are_turned_away`
//! - what could not be read comes again by a new exchange, tried again later
//!   - `renewal::what_could_not_be_read_comes_again_though_both_phones_are_restarted_before_that_is_said`
//!   - `renewal::an_exchange_for_what_could_not_be_read_that_came_to_nothing_is_tried_again_ten_minutes_later_or_with_an_occasion`
//! - pieces: the server's limit, or 64 KiB; their form in both versions
//!   - `data_messages::pieces_have_the_form_of_their_version`
//!   - `wire_profile::a_server_that_names_no_limit_or_a_greater_one_gets_stanzas_of_64_kib_at_most`
//! - padding; the counter of a stored session; the heartbeat
//!   - `data_messages::texts_are_padded_to_multiples_of_256_bytes`
//!   - `data_messages::the_counter_of_a_conversation_that_was_stored_goes_on_far_behind_the_last`
//!   - `core/otr/tests/traps_data.rs: heartbeat`
//! - contacts: who adds, who accepts, who is asked again
//!   - `wire_profile::the_side_that_adds_asks_for_presence_first_and_answers_a_request`
//!   - `streams::on_a_new_stream_the_server_is_told_again_of_who_has_not_answered_and_on_one_that_goes_on_not`
//!   - `wire_profile::the_side_that_accepts_grants_presence_first_and_then_asks_for_it`
//! - a block: the server alone is told
//!   - `wire_profile::a_block_is_told_to_the_server_alone_and_ends_what_was_private`
//! - strangers and the blocked get nothing
//!   - `wire_profile::the_blocked_and_strangers_get_nothing`
//!   - `strangers`
//! - the goodbye, and what rests
//!   - `wire_profile::a_peer_is_told_of_the_end_of_a_conversation_that_has_rested_where_it_can_be`
//!   - `wire_profile::what_anybody_can_send_does_not_keep_a_conversation_from_resting`
//!   - `wire_profile::all_contacts_in_private_are_told_of_the_end_and_nobody_else`
//! - when a peer is asked, and asked again
//!   - `wire_profile::a_peer_that_does_not_answer_is_asked_again_later_or_when_it_comes_or_with_the_next_connection`
//!   - `wire_profile::a_query_that_comes_back_for_good_fails_what_waits_for_it_and_no_other_bounce_does`
//! - no late step of an exchange, no flood of answers
//!   - `stanza_queue::a_step_of_a_key_exchange_that_could_not_leave_for_a_minute_does_not_and_a_query_does_once`
//!   - `wire_profile::answers_to_one_peer_that_wait_for_the_server_have_an_end`
//!
//! The decisions:
//! - 012: numbers are stored before a stanza leaves, which goes again as it was
//!   - `decisions::a_stanza_goes_again_as_it_was_until_the_server_has_it`
//!   - `stanza_queue`
//! - 012: resumption outlives the process
//!   - `decisions::where_a_stream_is_taken_up_again_is_stored_beside_the_messages`
//!   - `world`
//! - 013: the empty name
//!   - `decisions::a_key_that_has_sent_the_empty_name_knows_doubles_and_no_other_does`
//! - 013: all of it again to who knows doubles; else the last, young and marked, after 10 s
//!   - `decisions::after_a_lost_session_a_flashpaper_peer_is_sent_everything_unconfirmed_in_order`
//!   - `decisions::after_a_lost_session_another_client_is_sent_the_last_text_if_it_is_young_and_the_rest_is_told`
//!   - `redelivery`
//! - 013: to no other key
//!   - `decisions::a_text_that_has_left_goes_to_no_other_key`
//! - 014: links, expected and verified keys
//!   - `trust`
//!   - `decisions::a_key_that_another_client_had_verified_weighs_no_more_than_one_that_was_scanned`
//!   - `decisions::no_text_goes_to_a_key_that_is_not_the_expected_one_until_the_user_accepts_it`
//!   - `decisions::what_comes_under_a_key_that_was_not_accepted_is_marked`

mod attacks;
mod bounces;
mod chat;
mod data_messages;
mod decisions;
mod delivery;
mod encryption;
mod inbox;
mod keys;
mod outbox;
mod phones;
mod randomness;
mod redelivery;
mod renewal;
mod repair;
mod retention;
mod stanza_queue;
mod strangers;
mod streams;
mod support;
mod timer;
mod trust;
mod view;
mod wire_profile;
mod world;

use std::fs;
use std::path::Path;

#[test]
fn every_test_that_is_named_for_a_rule_exists() {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let read = |file: &str| fs::read_to_string(core.join(file)).unwrap_or_else(|why| panic!("{file}: {why}"));
    let names = include_str!("mod.rs").lines().filter_map(|line| line.strip_prefix("//!   - `")?.strip_suffix('`'));
    let mut count = 0;
    for name in names {
        let here = |module: &str| format!("chat/src/tests/{module}.rs");
        let (file, test) = match (name.split_once(": "), name.split_once("::")) {
            (Some((file, test)), _) => (file.trim_start_matches("core/").to_owned(), test),
            (_, Some((module, test))) => (here(module), test),
            _ if name == "world" => (here("world/properties"), ""),
            _ => (here(name), ""),
        };
        let is_there =
            |source: &str| source.contains("#[test]") && (test.is_empty() || source.contains(&format!("fn {test}(")));
        assert!(is_there(&read(&file)), "there is no {name}");
        count += 1;
    }
    assert!(count > 40, "the names are not read");
}
