//! How long texts are kept.

/// How long texts are kept once they were read, as one side has set it for both. The owner decides which of two counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer {
    /// Which setting it is: later ones have higher numbers.
    pub number: u32,
    /// So long; 0: as long as each side wants.
    pub seconds: u32,
}
