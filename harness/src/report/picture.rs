//! Pictures inside the page: small, and encoded in it.

use anyhow::{Context, Result, anyhow};
use atrous_data::{DatasetKind, IGNORE_INDEX, LabelMap, RgbImage8};
use base64::prelude::{BASE64_STANDARD, Engine};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, resize};
use image::{ImageFormat, RgbImage};
use std::io::Cursor;

/// The colour of pixels that are predicted correctly, of the foreground where there is one.
pub(super) const AGREED: [u8; 3] = [225, 225, 225];
/// The colour of pixels that are predicted and not there; with more than two classes any wrong
/// class.
pub(super) const SUPERFLUOUS: [u8; 3] = [213, 94, 0];
/// The colour of pixels that are there and not predicted.
pub(super) const MISSED: [u8; 3] = [86, 180, 233];
/// The colour of pixels that are neither in the truth nor predicted.
const NEITHER: [u8; 3] = [24, 24, 24];
/// The colour of pixels that are not scored.
const IGNORED: [u8; 3] = [110, 110, 110];
/// Quality of photographs; smaller files are worth more here than the last grey level.
const QUALITY: u8 = 82;

/// A picture that is part of the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// `data:` address.
    pub source: String,
    pub width: usize,
    pub height: usize,
}

impl Picture {
    /// A photograph, as JPEG, at most so wide.
    ///
    /// # Errors
    /// None that an image can cause.
    pub(super) fn photograph(image: &RgbImage8, width: usize) -> Result<Self> {
        let shrunk = shrink(image, width)?;
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, QUALITY)
            .encode_image(&shrunk)
            .context("an image cannot be encoded")?;
        Ok(Self::of(&shrunk, "image/jpeg", &bytes))
    }

    /// A drawing of few colours, as PNG, at most so wide.
    ///
    /// # Errors
    /// None that an image can cause.
    pub(super) fn drawing(image: &RgbImage8, width: usize) -> Result<Self> {
        let shrunk = shrink(image, width)?;
        let mut bytes = Cursor::new(Vec::new());
        shrunk.write_to(&mut bytes, ImageFormat::Png).context("an image cannot be encoded")?;
        Ok(Self::of(&shrunk, "image/png", &bytes.into_inner()))
    }

    fn of(image: &RgbImage, kind: &str, bytes: &[u8]) -> Self {
        let source = format!("data:{kind};base64,{}", BASE64_STANDARD.encode(bytes));
        Picture { source, width: image.width() as usize, height: image.height() as usize }
    }
}

/// Shrinks an image, each pixel the mean of those it covers; images that are small enough stay as
/// they are.
fn shrink(image: &RgbImage8, width: usize) -> Result<RgbImage> {
    let whole = RgbImage::from_raw(image.width as u32, image.height as u32, image.data.clone());
    let whole = whole.ok_or_else(|| anyhow!("an image has a wrong size"))?;
    if image.width <= width {
        return Ok(whole);
    }
    let height = (image.height * width).div_ceil(image.width).max(1);
    Ok(resize(&whole, width as u32, height as u32, FilterType::Triangle))
}

/// Draws classes in the data set's colours; two classes are black and white.
pub(super) fn draw_classes(labels: &LabelMap, kind: DatasetKind) -> RgbImage8 {
    let palette = kind.palette();
    let colour = |label: u8| match label {
        IGNORE_INDEX => IGNORED,
        label if palette.len() == 2 => [255 * u8::from(label == 1); 3],
        label => palette.get(usize::from(label)).copied().unwrap_or(IGNORED),
    };
    painted(labels, labels.data.iter().map(|label| colour(*label)))
}

/// Draws where a prediction is right, and how it is wrong.
pub(super) fn draw_difference(truth: &LabelMap, prediction: &[u8], classes: usize) -> RgbImage8 {
    let colour = |(truth, predicted): (&u8, &u8)| match (*truth, *predicted) {
        (IGNORE_INDEX, _) => IGNORED,
        (0, 0) if classes == 2 => NEITHER,
        (1, 0) if classes == 2 => MISSED,
        (truth, predicted) if truth == predicted => AGREED,
        _ => SUPERFLUOUS,
    };
    painted(truth, truth.data.iter().zip(prediction).map(colour))
}

fn painted(like: &LabelMap, colours: impl Iterator<Item = [u8; 3]>) -> RgbImage8 {
    RgbImage8 { height: like.height, width: like.width, data: colours.flatten().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(picture: &Picture) -> RgbImage {
        let (_, text) = picture.source.split_once(";base64,").unwrap();
        image::load_from_memory(&BASE64_STANDARD.decode(text).unwrap()).unwrap().to_rgb8()
    }

    #[test]
    fn pictures_are_read_back_at_their_size() {
        let image = RgbImage8::filled(30, 90, [200, 100, 50]);
        let small = Picture::drawing(&image, 45).unwrap();
        assert_eq!((small.width, small.height), (45, 15));
        assert_eq!(decoded(&small).get_pixel(44, 14).0, [200, 100, 50]);
        let photograph = Picture::photograph(&image, 500).unwrap();
        assert!(photograph.source.starts_with("data:image/jpeg;base64,"));
        assert_eq!(decoded(&photograph).dimensions(), (90, 30));
        assert!(decoded(&photograph).get_pixel(5, 5).0.iter().zip([200, 100, 50]).all(|(a, b)| a.abs_diff(b) < 4));
    }

    #[test]
    fn differences_of_two_classes_have_two_directions() {
        let truth = LabelMap { height: 1, width: 5, data: vec![0, 0, 1, 1, 255] };
        let drawn = draw_difference(&truth, &[0, 1, 0, 1, 0], 2);
        let pixels: Vec<_> = (0..5).map(|x| drawn.pixel(0, x)).collect();
        assert_eq!(pixels, [NEITHER, SUPERFLUOUS, MISSED, AGREED, IGNORED]);
        let many = draw_difference(&truth, &[0, 1, 0, 1, 0], 16);
        assert_eq!((many.pixel(0, 0), many.pixel(0, 2)), (AGREED, SUPERFLUOUS));
        let classes = draw_classes(&truth, DatasetKind::HRF);
        assert_eq!([classes.pixel(0, 0), classes.pixel(0, 2), classes.pixel(0, 4)], [[0; 3], [255; 3], IGNORED]);
    }
}
