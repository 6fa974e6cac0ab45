//! The part of an image that is kept.

/// A rectangle of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    /// The first row.
    pub y: usize,
    /// The first column.
    pub x: usize,
    pub height: usize,
    pub width: usize,
}

impl Region {
    /// The region of a whole image of a size (height, width).
    pub fn whole([height, width]: [usize; 2]) -> Self {
        Self { y: 0, x: 0, height, width }
    }
}
