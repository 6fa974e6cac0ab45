//! Labels that mean something else than a class.

/// The label that no class has: its pixels give no loss.
pub const IGNORE_INDEX: i64 = 255;
