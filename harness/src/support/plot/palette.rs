//! Colours and markers that tell series apart, also without one of the two.

use plotters::style::RGBColor;
use std::f64::consts::TAU;

/// The marker of a series, drawn from straight lines by [`shapes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Circle,
    Square,
    Triangle,
    Diamond,
    Cross,
    Plus,
}

const MARKERS: [Marker; 6] =
    [Marker::Circle, Marker::Square, Marker::Triangle, Marker::Diamond, Marker::Cross, Marker::Plus];

/// The series' colours on white paper: a contrast of 3 or more, and apart for the common kinds of
/// colour blindness (blue, vermilion and green after Okabe and Ito, "Color universal design",
/// 2008).
pub const LIGHT: [&str; 6] = ["#0072B2", "#D55E00", "#007E5B", "#AA3377", "#8A6A00", "#5B5BD6"];
/// The series' colours on a dark page.
pub const DARK: [&str; 6] = ["#56B4E9", "#FF8A3D", "#3FCF9F", "#F08CC0", "#E0BE4A", "#A9A9FF"];

/// The marker of a series: after a round of colours, the next one.
pub(super) fn marker(series: usize) -> Marker {
    MARKERS[(series + series / LIGHT.len()) % MARKERS.len()]
}

/// The polygons that a marker is made of, about 1 to each side of its middle, y downwards.
pub(super) fn shapes(marker: Marker) -> Vec<Vec<(f64, f64)>> {
    let ring = |corners: u32, radius: f64, first: f64| -> Vec<(f64, f64)> {
        let angle = |corner: u32| TAU * (f64::from(corner) + first) / f64::from(corners);
        (0..corners).map(angle).map(|angle| (radius * angle.cos(), radius * angle.sin())).collect()
    };
    // Two arms, upright or turned by half a right angle.
    let arms = |length: f64, turned: f64| {
        let arm = |angle: f64| {
            let (along, across) =
                ((length * angle.cos(), length * angle.sin()), (0.2 * angle.sin(), -0.2 * angle.cos()));
            let corner = |a: f64, b: f64| (a * along.0 + b * across.0, a * along.1 + b * across.1);
            vec![corner(1.0, 1.0), corner(1.0, -1.0), corner(-1.0, -1.0), corner(-1.0, 1.0)]
        };
        vec![arm(turned), arm(turned + TAU / 4.0)]
    };
    match marker {
        Marker::Circle => vec![ring(36, 1.0, 0.0)],
        Marker::Square => vec![ring(4, 1.27, 0.5)],
        Marker::Triangle => vec![ring(3, 1.3, -0.25 * 3.0)],
        Marker::Diamond => vec![vec![(0.0, -1.3), (1.1, 0.0), (0.0, 1.3), (-1.1, 0.0)]],
        Marker::Cross => arms(1.27, TAU / 8.0),
        Marker::Plus => arms(1.1, 0.0),
    }
}

/// The colour of a series on white paper.
pub(super) fn colour(series: usize) -> RGBColor {
    let [red, green, blue] = rgb(LIGHT[series % LIGHT.len()]);
    RGBColor(red, green, blue)
}

/// Reads red, green and blue from `#RRGGBB`.
fn rgb(hex: &str) -> [u8; 3] {
    [1, 3, 5].map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance as WCAG 2 defines it.
    fn luminance(hex: &str) -> f64 {
        let linear = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = rgb(hex).map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    #[test]
    fn colours_stand_out_on_their_pages() {
        for (light, dark) in LIGHT.iter().zip(DARK) {
            assert!(1.05 / (luminance(light) + 0.05) >= 3.0, "{light}");
            assert!((luminance(dark) + 0.05) / (luminance("#14171A") + 0.05) >= 4.5, "{dark}");
        }
    }

    #[test]
    fn the_first_36_series_differ() {
        let looks: Vec<_> = (0..36).map(|series| (colour(series), marker(series))).collect();
        for (index, look) in looks.iter().enumerate() {
            assert!(!looks[index + 1..].contains(look), "{index}");
        }
    }
}
