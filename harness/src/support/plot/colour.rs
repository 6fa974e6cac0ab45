//! From a value to a colour.

use serde::Serialize;

/// How values are spread over the colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// From 0 to the peak.
    Linear,
    /// So many powers of ten up to the peak; what is less, is as dark as 0.
    Log { decades: u32 },
}

impl Scale {
    /// The position of a value between dark (0) and light (1). `peak` is positive.
    pub fn position(self, value: f64, peak: f64) -> f64 {
        let share = value / peak;
        let position = match self {
            Scale::Linear => share,
            // The logarithm of 0 is negative infinity, which is clamped.
            Scale::Log { decades } => 1.0 + share.log10() / f64::from(decades),
        };
        position.clamp(0.0, 1.0)
    }

    /// What it says at its dark and at its light end.
    pub fn ends(self) -> [String; 2] {
        match self {
            Scale::Linear => ["0".into(), "peak".into()],
            Scale::Log { decades } => [format!("peak / 10^{decades}"), "peak".into()],
        }
    }
}

/// The colour of a position in 0..=1: magma, of equal steps to the eye and of rising lightness, so
/// that it also reads in grey.
pub fn colour(position: f64) -> [u8; 3] {
    let colorous::Color { r, g, b } = colorous::MAGMA.eval_continuous(position);
    [r, g, b]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions() {
        assert_eq!([0.0, 1.0, 2.0].map(|v| Scale::Linear.position(v, 2.0)), [0.0, 0.5, 1.0]);
        let log = Scale::Log { decades: 4 };
        let positions = [0.0, 1e-9, 5e-4, 5e-2, 5.0].map(|v| log.position(v, 5.0));
        for (position, wanted) in positions.into_iter().zip([0.0, 0.0, 0.0, 0.5, 1.0]) {
            assert!((position - wanted).abs() < 1e-12, "{positions:?}");
        }
        assert_eq!(log.ends(), ["peak / 10^4", "peak"]);
    }

    #[test]
    fn lightness_rises() {
        let lightness = |i: i32| {
            let [r, g, b] = colour(f64::from(i) / 20.0).map(f64::from);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        assert!((0..20).all(|i| lightness(i) < lightness(i + 1)));
    }
}
