//! Rules of conversations, by the module that they are of.

mod chat;
mod decisions;
mod delivery;
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
