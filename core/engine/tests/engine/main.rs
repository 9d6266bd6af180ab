//! The engine from outside. What is ignored needs the lab: `cargo xtask test`.

mod apart;
mod asleep;
mod attacks;
mod binding;
mod chat;
mod circuits;
mod cost;
mod crash;
mod crash_moves;
mod crash_texts;
mod day;
mod direct;
mod directory;
mod key_source;
mod lab;
mod liar;
mod limits;
mod network;
mod peers;
mod registering;
mod strangers;
mod support;
mod vault;
mod wire;
