//! The part of the engine that is measured: no public call draws a name alone.
// Its tests are compiled too where benches are checked, and are not run.
#![allow(dead_code, unused_imports, reason = "the tests of these files are the engine's")]

#[path = "../../src/identity/draw.rs"]
mod draw;
#[path = "../../src/identity/letters.rs"]
mod letters;
#[path = "../../src/identity/name.rs"]
mod name;

/// So many names.
pub(super) fn names(count: usize) -> Vec<String> {
    let mut stream = draw::Stream::new(&[1; 32]);
    (0..count).map(|_| name::draw(&mut stream)).collect()
}
