//! Pixels of one class, and the scores that follow from them.

/// Pixels of one class, over an image or a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassArea {
    /// Pixels that are of the class in the truth and in the prediction.
    pub intersection: u64,
    pub truth: u64,
    pub prediction: u64,
}

impl ClassArea {
    /// Intersection over union; NaN where the class is in neither.
    pub fn iou(self) -> f64 {
        ratio(self.intersection, self.truth + self.prediction - self.intersection)
    }

    /// Twice the intersection over the sum; NaN where the class is in neither.
    pub fn dice(self) -> f64 {
        ratio(2 * self.intersection, self.truth + self.prediction)
    }

    /// Share of the truth that was predicted; NaN where the class is not in the truth.
    pub fn accuracy(self) -> f64 {
        ratio(self.intersection, self.truth)
    }

    /// Adds the pixels of another image.
    pub fn add(&mut self, other: ClassArea) {
        self.intersection += other.intersection;
        self.truth += other.truth;
        self.prediction += other.prediction;
    }

    /// Takes away the pixels of an image that were added.
    pub fn remove(&mut self, other: ClassArea) {
        self.intersection -= other.intersection;
        self.truth -= other.truth;
        self.prediction -= other.prediction;
    }
}

/// NaN when nothing was counted.
pub(super) fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { f64::NAN } else { part as f64 / whole as f64 }
}

/// Mean of the classes' scores that are not NaN; NaN when there is none.
pub fn class_mean(scores: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = scores.filter(|score| !score.is_nan()).fold((0.0, 0), |(sum, count), s| (sum + s, count + 1));
    if count == 0 { f64::NAN } else { sum / f64::from(count) }
}
