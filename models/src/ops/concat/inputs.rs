//! The maps that are put side by side.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, ExtensionType, TensorMetadata};

use crate::ops::dims::dims;

/// Batches of maps. Burn's gradients have to know how many there are when they are compiled.
#[derive(ExtensionType)]
pub enum ConcatMaps<B: Backend> {
    Two(FloatTensor<B>, FloatTensor<B>),
    Three(FloatTensor<B>, FloatTensor<B>, FloatTensor<B>),
    Four(FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, FloatTensor<B>),
    Five(FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, FloatTensor<B>),
    Six(FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, FloatTensor<B>),
}

/// The most maps of one operation.
pub const MOST: usize = 6;

impl<B: Backend> From<ConcatMaps<B>> for Vec<FloatTensor<B>> {
    fn from(maps: ConcatMaps<B>) -> Self {
        match maps {
            ConcatMaps::Two(a, b) => vec![a, b],
            ConcatMaps::Three(a, b, c) => vec![a, b, c],
            ConcatMaps::Four(a, b, c, d) => vec![a, b, c, d],
            ConcatMaps::Five(a, b, c, d, e) => vec![a, b, c, d, e],
            ConcatMaps::Six(a, b, c, d, e, f) => vec![a, b, c, d, e, f],
        }
    }
}

impl<B: Backend> ConcatMaps<B> {
    /// Takes two to six maps.
    ///
    /// # Panics
    /// For another number of maps.
    pub fn new(maps: Vec<FloatTensor<B>>) -> Self {
        let count = maps.len();
        let mut maps = maps.into_iter();
        let mut next = || maps.next().expect("as many maps as were counted");
        match count {
            2 => Self::Two(next(), next()),
            3 => Self::Three(next(), next(), next()),
            4 => Self::Four(next(), next(), next(), next()),
            5 => Self::Five(next(), next(), next(), next(), next()),
            6 => Self::Six(next(), next(), next(), next(), next(), next()),
            _ => panic!("{count} maps in one operation"),
        }
    }
}

/// Returns height and width of the maps of more than one pixel.
///
/// # Panics
/// Where maps of different sizes or batches are to lie side by side.
pub fn common_size(maps: &[impl TensorMetadata]) -> [usize; 2] {
    let sizes = || maps.iter().map(dims);
    let size = sizes().map(|[_, _, height, width]| [height, width]).find(|size| *size != [1, 1]).unwrap_or([1, 1]);
    for [batch, channels, height, width] in sizes() {
        assert!(
            batch == dims(&maps[0])[0] && ([height, width] == size || [height, width] == [1, 1]),
            "a batch of {batch} maps of {channels}x{height}x{width} does not fit beside {} of {}x{}",
            dims(&maps[0])[0],
            size[0],
            size[1]
        );
    }
    size
}
