//! What the targets share.

#[path = "../../tests/common/world.rs"]
pub mod world;
