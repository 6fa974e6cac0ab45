//! PNG files of plots.

use anyhow::{Context, Result};
use atrous_data::RgbImage8;
use png::{BitDepth, ColorType, Compression, Encoder};

/// Writes a picture as a PNG file.
///
/// # Errors
/// None that a picture can cause.
pub(super) fn encode(picture: &RgbImage8, compression: Compression) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let sides = [picture.width, picture.height].map(u32::try_from);
    let [Ok(width), Ok(height)] = sides else { anyhow::bail!("a picture of {:?} is too large", picture.size()) };
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(compression);
    let mut writer = encoder.write_header().context("a picture cannot be encoded")?;
    writer.write_image_data(&picture.data).context("a picture cannot be encoded")?;
    writer.finish().context("a picture cannot be encoded")?;
    Ok(bytes)
}
