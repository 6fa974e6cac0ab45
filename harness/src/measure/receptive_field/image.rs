//! What the network is differentiated at.

use atrous_data::{RgbImage8, fit_size, normalise, resize_image};
use atrous_models::initialiser::normal;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// A normalised image.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    size: [usize; 2],
    /// 3 x height x width.
    values: Vec<f32>,
}

impl Image {
    /// `values`: 3 x height x width of `size`, normalised.
    ///
    /// # Panics
    /// Where they are not so many.
    pub fn new(size: [usize; 2], values: Vec<f32>) -> Self {
        assert_eq!(values.len(), 3 * size[0] * size[1], "three values for each pixel");
        Image { size, values }
    }

    /// An image fitted into `resize` (height, width), as for inference, and the middle of it of
    /// `size`. Where the fitted image is smaller than `size`, it lies in the middle of 0, the mean
    /// colour.
    pub fn fitted(image: &RgbImage8, resize: [usize; 2], size: [usize; 2]) -> Self {
        let fitted = fit_size(image.size(), resize);
        let values = if fitted == image.size() { normalise(image) } else { normalise(&resize_image(image, fitted)) };
        Self::new(size, middle(&values, fitted, size))
    }

    /// Independent values with mean 0 and deviation 1, as normalised images have them over all; one
    /// image per number.
    pub fn noise(size: [usize; 2], number: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(number);
        Self::new(size, normal(3 * size[0] * size[1], 1.0, &mut random))
    }

    /// Height and width.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// 3 x height x width.
    pub(super) fn into_values(self) -> Vec<f32> {
        self.values
    }
}

/// The middle of 3 x height x width of size `from`, cut or padded with 0 to the size `to`.
fn middle(values: &[f32], from: [usize; 2], to: [usize; 2]) -> Vec<f32> {
    let mut cut = vec![0.0; 3 * to[0] * to[1]];
    // Pixels left out before the first that is kept, and pixels of padding before it.
    let skipped = [0, 1].map(|axis| from[axis].saturating_sub(to[axis]) / 2);
    let padded = [0, 1].map(|axis| to[axis].saturating_sub(from[axis]) / 2);
    let [rows, columns] = [0, 1].map(|axis| from[axis].min(to[axis]));
    for channel in 0..3 {
        for row in 0..rows {
            let source = (channel * from[0] + skipped[0] + row) * from[1] + skipped[1];
            let target = (channel * to[0] + padded[0] + row) * to[1] + padded[1];
            cut[target..target + columns].copy_from_slice(&values[source..source + columns]);
        }
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_cut_or_padded() {
        let values: Vec<f32> = (0..3 * 2 * 5).map(|v| v as f32 + 1.0).collect();
        let cut = middle(&values, [2, 5], [4, 3]);
        let zeros = [0.0; 3];
        let channel = |c: f32| {
            [zeros, [2.0, 3.0, 4.0], [7.0, 8.0, 9.0], zeros]
                .concat()
                .into_iter()
                .map(move |v| if v == 0.0 { v } else { v + 10.0 * c })
        };
        let wanted: Vec<f32> = [0.0, 1.0, 2.0].into_iter().flat_map(channel).collect();
        assert_eq!(cut, wanted);
    }

    #[test]
    fn an_image_is_fitted_first() {
        let image = RgbImage8::filled(40, 60, [255, 0, 0]);
        let fitted = Image::fitted(&image, [20, 30], [20, 40]);
        assert_eq!(fitted.size(), [20, 40]);
        let row = &fitted.values[..40];
        assert!(row[..5].iter().chain(&row[35..]).all(|v| *v == 0.0), "padded left and right");
        assert!(row[5..35].iter().all(|v| *v > 2.0), "red is above its mean");
    }

    #[test]
    fn noise_is_a_function_of_its_number() {
        let image = Image::noise([16, 16], 3);
        assert_eq!(image, Image::noise([16, 16], 3));
        assert_ne!(image, Image::noise([16, 16], 4));
    }
}
