//! How images are scored.

use super::impossible::{Checked, check_sides, ensure};
use super::setting::settings;
use serde::{Deserialize, Serialize};

settings! {
    /// Windows, sizes and mirror images at which an image is scored.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct InferSpec in "infer" {
        /// Sliding windows, or the whole image at once.
        mode: InferMode [Word(&["slide", "whole"]), "", "\"slide\"", Protocol] = InferMode::Whole;
        /// Height and width of a window; given exactly for `slide`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        window: Option<[usize; 2]> [HeightWidth, "pixels", "[128, 128]", Protocol] = None;
        /// Vertical and horizontal step between windows; given exactly for `slide`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stride: Option<[usize; 2]> [HeightWidth, "pixels", "[85, 85]", Protocol] = None;
        /// Factors, from 0.1 to 10, of the size that images are fitted into (`resize`). The
        /// probabilities at all of them are averaged.
        #[serde(default = "one_ratio", skip_serializing_if = "is_one_ratio")]
        ratios: Vec<f64> [Numbers, "times `resize`", "[0.75, 1.0, 1.25]"] = one_ratio();
        /// Whether each image is scored mirrored as well.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        flip: bool [Flag, "", "true"] = false;
    }
}

/// Sliding windows, or the whole image at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InferMode {
    Slide,
    Whole,
}

/// The ratios of scoring at one size alone, that which images are fitted into.
pub fn one_ratio() -> Vec<f64> {
    vec![1.0]
}

fn is_one_ratio(ratios: &Vec<f64>) -> bool {
    *ratios == one_ratio()
}

impl InferSpec {
    /// Windows of this size (height, width), so far apart.
    pub fn slide(window: [usize; 2], stride: [usize; 2]) -> Self {
        Self { mode: InferMode::Slide, window: Some(window), stride: Some(stride), ..Self::whole() }
    }

    /// The whole image at once.
    pub fn whole() -> Self {
        Self::default()
    }

    /// Refuses what images cannot be scored with by a network whose input sides are multiples of
    /// `divisor`.
    pub(crate) fn check(&self, divisor: usize) -> Checked {
        self.check_ranges()?;
        let ratios = &self.ratios;
        ensure(
            !ratios.is_empty() && ratios.iter().all(|ratio| (0.1..=10.0).contains(ratio)),
            "infer.ratios",
            format!("must be numbers from 0.1 to 10, such as [0.5, 1.0, 1.5], are {ratios:?}"),
        )?;
        match (self.mode, self.window, self.stride) {
            (InferMode::Whole, None, None) => Ok(()),
            (InferMode::Whole, window, _) => {
                let key = if window.is_some() { "infer.window" } else { "infer.stride" };
                ensure(false, key, "mode \"whole\" has no windows: remove window and stride, or take \"slide\"")
            }
            (InferMode::Slide, Some(window), Some(stride)) => {
                check_sides("infer.window", window, divisor)?;
                check_sides("infer.stride", stride, 1)?;
                ensure(
                    stride[0] <= window[0] && stride[1] <= window[1],
                    "infer.stride",
                    format!("must not be larger than the window, is {stride:?} with windows of {window:?}"),
                )
            }
            (InferMode::Slide, _, _) => {
                ensure(false, "infer", "mode \"slide\" needs window and stride, such as [128, 128] and [85, 85]")
            }
        }
    }
}
