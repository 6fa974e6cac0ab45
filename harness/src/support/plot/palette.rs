//! Colours and markers that tell series apart, also without one of the two.

/// What a series looks like: the same number is the same colour and marker everywhere.
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

/// On white paper: a contrast of 3 or more, and apart for the common kinds of colour blindness (blue, vermilion and green after
/// Okabe and Ito, "Color universal design", 2008).
pub const LIGHT: [&str; 6] = ["#0072B2", "#D55E00", "#007E5B", "#AA3377", "#8A6A00", "#5B5BD6"];
/// The same series on a dark page.
pub const DARK: [&str; 6] = ["#56B4E9", "#FF8A3D", "#3FCF9F", "#F08CC0", "#E0BE4A", "#A9A9FF"];

/// Marker of a series: after a round of colours, the next one.
pub(super) fn marker(series: usize) -> Marker {
    MARKERS[(series + series / LIGHT.len()) % MARKERS.len()]
}

/// Red, green and blue of a series on white paper.
pub(super) fn colour(series: usize) -> [u8; 3] {
    rgb(LIGHT[series % LIGHT.len()])
}

/// Of `#RRGGBB`.
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
