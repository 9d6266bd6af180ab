//! Rules of conversations, by the module that they are of.

mod inbox;
mod outbox;
mod redelivery;
mod repair;
mod retention;
mod stanza_queue;
mod support;
mod trust;
mod view;
