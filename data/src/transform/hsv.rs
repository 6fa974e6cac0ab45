//! RGB to HSV and back on 8 bits, as OpenCV: hue 0..=179 in steps of 2 degrees, saturation and value 0..=255.

/// `round(255 * 4096 / n)`: saturation per chroma and value.
static SATURATION: [i32; 256] = reciprocals(255.0 * 4096.0);
/// `round(180 * 4096 / (6 n))`: hue per chroma.
static HUE: [i32; 256] = reciprocals(30.0 * 4096.0);

/// Quotients rounded half to even; 0 for 0.
const fn reciprocals(numerator: f64) -> [i32; 256] {
    let mut table = [0; 256];
    let mut n = 1;
    while n < 256 {
        table[n] = (numerator / n as f64).round_ties_even() as i32;
        n += 1;
    }
    table
}

/// Exact: integer arithmetic with OpenCV's 12-bit tables.
pub(super) fn rgb_to_hsv(rgb: [u8; 3]) -> [u8; 3] {
    let [r, g, b] = rgb.map(i32::from);
    let value = r.max(g).max(b);
    let chroma = value - r.min(g).min(b);
    let offset = if value == r {
        g - b
    } else if value == g {
        b - r + 2 * chroma
    } else {
        r - g + 4 * chroma
    };
    let hue = (offset * HUE[chroma as usize] + 2048) >> 12;
    let hue = if hue < 0 { hue + 180 } else { hue };
    let saturation = (chroma * SATURATION[value as usize] + 2048) >> 12;
    [hue as u8, saturation as u8, value as u8]
}

/// Grey levels 0.0..=255.0 of red, green and blue, to be truncated or rounded by the caller, as OpenCV does both.
pub(super) fn hsv_to_rgb([hue, saturation, value]: [u8; 3]) -> [f32; 3] {
    let hue = f32::from(hue) * (6.0f64 / 180.0) as f32;
    let saturation = f32::from(saturation) * (1.0f64 / 255.0) as f32;
    let value = f32::from(value) * (1.0f64 / 255.0) as f32;
    let sector = hue.floor();
    let fraction = hue - sector;
    let p = value * (1.0 - saturation);
    let q = value * one_minus_product(saturation, fraction);
    let t = value * one_minus_product(saturation, 1.0 - fraction);
    let rgb = match sector as u8 % 6 {
        0 => [value, t, p],
        1 => [q, value, p],
        2 => [p, value, t],
        3 => [p, q, value],
        4 => [t, p, value],
        _ => [value, p, q],
    };
    rgb.map(|channel| channel * 255.0)
}

/// `1 - a b`, rounded once: OpenCV's code is compiled to fused instructions. The product of two f32 is exact in f64, and
/// that is faster than `f32::mul_add`, a call where the target has no such instruction.
fn one_minus_product(a: f32, b: f32) -> f32 {
    (1.0 - f64::from(a) * f64::from(b)) as f32
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn known_colours() {
        assert_eq!(rgb_to_hsv([255, 0, 0]), [0, 255, 255]);
        assert_eq!(rgb_to_hsv([0, 255, 0]), [60, 255, 255]);
        assert_eq!(rgb_to_hsv([0, 0, 255]), [120, 255, 255]);
        assert_eq!(rgb_to_hsv([90, 90, 90]), [0, 0, 90]);
        assert_eq!(hsv_to_rgb([120, 255, 255]), [0.0, 0.0, 255.0]);
    }

    /// SHA-256 of what OpenCV 5.0.0 makes of all inputs (last channel fastest), on a machine with AVX2 and FMA.
    #[test]
    fn golden_every_colour_both_ways() {
        let mut hash = Sha256::new();
        for hue in 0..180 {
            let plane = (0..=255).flat_map(|saturation| (0..=255).map(move |value| [hue, saturation, value]));
            let levels: Vec<f32> = plane.flat_map(hsv_to_rgb).collect();
            hash.update(levels.iter().map(|level| *level as u8).collect::<Vec<_>>());
            hash.update(levels.iter().map(|level| level.round_ties_even() as u8).collect::<Vec<_>>());
        }
        assert_eq!(hex(hash), "2d068bd4547f7cc8bd19f734d679f04dc9f7c0fc23535a5e626f437b0e9fa0db");
        let mut hash = Sha256::new();
        for red in 0..=255 {
            let plane = (0..=255).flat_map(|green| (0..=255).map(move |blue| [red, green, blue]));
            hash.update(plane.flat_map(rgb_to_hsv).collect::<Vec<_>>());
        }
        assert_eq!(hex(hash), "a5b38b214f65aed9d382cc07bf40311aff2e3e324c98da86df77bef285f224eb");
    }

    fn hex(hash: Sha256) -> String {
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
