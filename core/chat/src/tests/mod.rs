//! Rules of conversations, by the module that they are of. Those of core/docs/wire-profile.md and of decisions 012 to 014 that
//! this crate carries out have these tests; what is left out others carry out.
//!
//! | rule of the wire profile | tests |
//! |---|---|
//! | a text is OTR, or waits | `wire_profile::a_text_leaves_encrypted_or_waits`, `attacks` |
//! | to the client last heard from, else to the account | `wire_profile::a_query_goes_to_the_account_…`, `chat::a_client_without_a_name_…` |
//! | the query; version 2 where nothing newer is offered, unless turned off | `wire_profile::a_query_offers_version_2_…`, `…where_version_2_is_turned_off_…`, `strangers::version_2_that_is_turned_off_…`, `…a_peer_that_…`, `…a_key_that_has_spoken_version_3_…` |
//! | ids: random, of one form, once; a text's name is none of them | `wire_profile::ids_are_of_one_form_…`, `…a_text_that_is_sent_again_has_other_ids_…` |
//! | receipts inside, one for those that came together, once stored | `delivery::receipts_between_flashpaper_peers_…`, `…in_the_same_piece_of_work_…` |
//! | what comes again, by name or as it was, is confirmed again | `wire_profile::a_text_that_comes_again_by_its_name_…`, `delivery::a_text_that_comes_again_as_it_was_…` |
//! | XEP-0184 is asked for with the last piece, of other clients alone | `wire_profile::the_last_piece_alone_…` |
//! | XEP-0184 is answered to contacts, for texts without a name, at the client that asked | `wire_profile::a_text_without_a_name_…`, `inbox::only_a_contact_…` |
//! | a contact that has filled its room | `wire_profile::a_contact_that_has_filled_its_room_…`, `chat::a_flood_of_a_contact_…`, `chat::texts_that_are_too_many_bytes_…` |
//! | what could not be read comes again by a new exchange, tried again later | `renewal` |
//! | pieces: the server's limit, or 64 KiB | `wire_profile::the_last_piece_alone_…`, `…a_server_that_names_no_limit_…` |
//! | padding; the counter of a stored session; the heartbeat | `data_messages`, `core/otr/tests/traps_data.rs: heartbeat` |
//! | contacts: who adds, who accepts, who is asked again | `wire_profile::the_side_that_adds_…`, `…the_side_that_accepts_…` |
//! | a block: the server alone is told | `wire_profile::a_block_is_told_…` |
//! | strangers and the blocked get nothing | `wire_profile::the_blocked_and_strangers_get_nothing`, `strangers` |
//! | the goodbye, and what rests | `wire_profile::a_peer_is_told_of_the_end_…`, `…what_anybody_can_send_…`, `retention::a_text_either_way_…`, `…a_conversation_that_is_not_to_outlive_…`, `wire_profile::all_contacts_in_private_…` |
//! | when a peer is asked, and asked again | `wire_profile::a_peer_that_does_not_answer_…`, `…a_query_that_comes_back_…` |
//! | no late step of an exchange, no flood of answers | `stanza_queue::a_step_of_a_key_exchange_…`, `wire_profile::answers_to_one_peer_…` |
//!
//! | decision | tests |
//! |---|---|
//! | 012: numbers are stored before a stanza leaves, which goes again as it was | `decisions::a_stanza_goes_again_…`, `stanza_queue` |
//! | 012: resumption outlives the process | `decisions::where_a_stream_is_taken_up_again_…`, `world` |
//! | 013: the empty name | `decisions::a_key_that_has_sent_the_empty_name_…` |
//! | 013: all of it again to who knows doubles; else the last, young and marked, after 10 s | `decisions::after_a_lost_session_…`, `redelivery` |
//! | 013: to no other key | `decisions::a_text_that_has_left_goes_to_no_other_key` |
//! | 014: links, expected and verified keys | `trust`, `decisions::a_key_that_another_client_had_verified_…`, `…no_text_goes_to_a_key_…`, `…is_marked` |

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
mod support;
mod trust;
mod view;
mod wire_profile;
mod world;
