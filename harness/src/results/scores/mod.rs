//! IoU, Dice and accuracy from a confusion matrix that is summed over a whole set.

mod area;
mod detection;
mod disagreement;
mod metric;
mod probability;

pub use area::{ClassArea, class_mean};
pub use detection::{Detection, DetectionScores, FieldOfView};
pub use disagreement::same;
pub(crate) use metric::scored;
pub use metric::{HasMetrics, Metric};
pub use probability::{CurveAreas, ProbabilityCounts};

use area::ratio;
use atrous_data::IGNORE_INDEX;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Pixel counts: row = class in the truth, column = class in the prediction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    pub classes: usize,
    /// `classes` x `classes`, truth-major.
    pub counts: Vec<u64>,
}

/// What can be wrong with a pair of label maps.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ScoreError {
    #[error("the truth has {truth} pixels and the prediction {prediction}")]
    Lengths { truth: usize, prediction: usize },
    #[error("the truth holds label {label}, but the set has {classes} classes")]
    Truth { label: u8, classes: usize },
    #[error("the prediction holds class {class}, but the set has {classes} classes")]
    Prediction { class: u8, classes: usize },
}

impl Confusion {
    pub fn new(classes: usize) -> Self {
        Confusion { classes, counts: vec![0; classes * classes] }
    }

    /// Whether counts from a file can be those of so many classes. Sums of them stay far below what
    /// 64 bits hold.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, classes: usize) -> Result<(), String> {
        const MOST_PIXELS: u64 = 1 << 60;
        if self.classes != classes || self.counts.len() != classes * classes {
            return Err(format!(
                "must be of {classes} classes, and has {} and {} counts",
                self.classes,
                self.counts.len()
            ));
        }
        let sum = self.counts.iter().try_fold(0u64, |sum, count| sum.checked_add(*count));
        if sum.is_none_or(|sum| sum > MOST_PIXELS) {
            return Err("has more pixels than any data set".into());
        }
        Ok(())
    }

    /// Counts the pixels of one image; those labelled 255 are left out.
    ///
    /// # Errors
    /// Lengths that differ, or a class that the set does not have. Nothing is counted then.
    pub fn add(&mut self, truth: &[u8], prediction: &[u8]) -> Result<(), ScoreError> {
        let classes = self.classes;
        if truth.len() != prediction.len() {
            return Err(ScoreError::Lengths { truth: truth.len(), prediction: prediction.len() });
        }
        if let Some(&label) = truth.iter().find(|&&t| t != IGNORE_INDEX && usize::from(t) >= classes) {
            return Err(ScoreError::Truth { label, classes });
        }
        if let Some(&class) = prediction.iter().find(|&&p| usize::from(p) >= classes) {
            return Err(ScoreError::Prediction { class, classes });
        }
        for (&t, &p) in truth.iter().zip(prediction) {
            if t != IGNORE_INDEX {
                self.counts[usize::from(t) * classes + usize::from(p)] += 1;
            }
        }
        Ok(())
    }

    /// Adds the counts of other images of the same set.
    ///
    /// # Panics
    /// Where the numbers of classes differ.
    pub fn merge(&mut self, other: &Confusion) {
        assert_eq!(self.classes, other.classes, "counts of one data set");
        self.counts.iter_mut().zip(&other.counts).for_each(|(sum, count)| *sum += count);
    }

    /// The classes that are in the truth and never predicted: the network has collapsed.
    pub fn never_predicted(&self) -> Vec<usize> {
        let collapsed = |(_, area): &(usize, ClassArea)| area.truth > 0 && area.prediction == 0;
        self.areas().into_iter().enumerate().filter(collapsed).map(|(class, _)| class).collect()
    }

    /// The pixels of each class, in the order of the classes.
    pub fn areas(&self) -> Vec<ClassArea> {
        let n = self.classes;
        let area = |c: usize| ClassArea {
            intersection: self.counts[c * n + c],
            truth: self.counts[c * n..(c + 1) * n].iter().sum(),
            prediction: (0..n).map(|t| self.counts[t * n + c]).sum(),
        };
        (0..n).map(area).collect()
    }

    /// Scores as mmsegmentation defines them: a class absent everywhere scores NaN and is skipped
    /// by the means; one absent only from the truth has IoU and Dice 0 and accuracy NaN.
    pub fn scores(&self) -> Scores {
        let areas = self.areas();
        let of = |score: fn(ClassArea) -> f64| areas.iter().copied().map(score).collect::<Vec<_>>();
        let (iou, dice, accuracy) = (of(ClassArea::iou), of(ClassArea::dice), of(ClassArea::accuracy));
        let mean = |scores: &[f64]| class_mean(scores.iter().copied());
        let correct = areas.iter().map(|area| area.intersection).sum();
        Scores {
            miou: mean(&iou),
            mdice: mean(&dice),
            macc: mean(&accuracy),
            aacc: ratio(correct, self.counts.iter().sum()),
            iou,
            dice,
            accuracy,
        }
    }
}

/// Fractions in 0..=1; NaN where undefined, which JSON writes as `null` and CSV as an empty field.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Scores {
    #[serde(with = "nan_list")]
    pub iou: Vec<f64>,
    #[serde(with = "nan_list")]
    pub dice: Vec<f64>,
    /// Share of a class's pixels that were predicted as that class.
    #[serde(with = "nan_list")]
    pub accuracy: Vec<f64>,
    #[serde(with = "nan")]
    pub miou: f64,
    #[serde(with = "nan")]
    pub mdice: f64,
    #[serde(with = "nan")]
    pub macc: f64,
    /// Share of all pixels that were predicted correctly.
    #[serde(with = "nan")]
    pub aacc: f64,
}

scored!(Scores, f64);

/// One kind of score: of each class, and in the mean over the classes.
#[derive(Clone, Copy, Debug)]
pub struct ClassScores<'a> {
    /// The key in `result.json`: `iou`.
    pub key: &'static str,
    /// The name for people: `IoU`.
    pub title: &'static str,
    pub classes: &'a [f64],
    /// The name of the mean for people: `mIoU`.
    pub mean_title: &'static str,
    pub mean: f64,
}

impl Scores {
    /// The scores that every class has.
    pub fn by_class(&self) -> [ClassScores<'_>; 3] {
        let scores = |key, title, classes, mean_title, mean| ClassScores { key, title, classes, mean_title, mean };
        [
            scores("iou", "IoU", &self.iou, "mIoU", self.miou),
            scores("dice", "Dice", &self.dice, "mDice", self.mdice),
            scores("accuracy", "accuracy", &self.accuracy, "mAcc", self.macc),
        ]
    }

    /// The scores of all pixels together, by their names for people.
    pub fn overall(&self) -> [(&'static str, f64); 1] {
        [("aAcc", self.aacc)]
    }

    /// Whether scores from a file can be those of so many classes.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, classes: usize) -> Result<(), String> {
        let by_class = self.by_class();
        if let Some(wrong) = by_class.iter().find(|score| score.classes.len() != classes) {
            return Err(format!("{} must have {classes} classes, and has {}", wrong.key, wrong.classes.len()));
        }
        let classes = by_class.iter().flat_map(|score| score.classes).copied();
        let means = by_class.iter().map(|score| score.mean).chain(self.overall().map(|(_, score)| score));
        match classes.chain(means).find(|value| !value.is_nan() && !(0.0..=1.0).contains(value)) {
            Some(value) => Err(format!("{value} is no fraction")),
            None => Ok(()),
        }
    }
}

/// A number that is `null` in JSON when it is NaN.
pub(crate) mod nan {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        (!value.is_nan()).then_some(*value).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        Ok(Option::<f64>::deserialize(from)?.unwrap_or(f64::NAN))
    }
}

/// Numbers that are `null` in JSON where they are NaN.
mod nan_list {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(values: &[f64], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(values.iter().map(|v| (!v.is_nan()).then_some(*v)))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
        let values = Vec::<Option<f64>>::deserialize(from)?;
        Ok(values.into_iter().map(|v| v.unwrap_or(f64::NAN)).collect())
    }
}

#[cfg(test)]
mod golden;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_leave_out_ignored_pixels() {
        let mut confusion = Confusion::new(2);
        confusion.add(&[0, 0, 1, 1, 255], &[0, 1, 1, 1, 0]).unwrap();
        assert_eq!(confusion.counts, [1, 1, 0, 2]);
        let scores = confusion.scores();
        assert_eq!(scores.iou, [0.5, 2.0 / 3.0]);
        assert_eq!(scores.dice, [2.0 / 3.0, 0.8]);
        assert_eq!(scores.accuracy, [0.5, 1.0]);
        assert_eq!(scores.aacc, 0.75);
    }

    #[test]
    fn absent_classes() {
        let mut confusion = Confusion::new(3);
        confusion.add(&[0, 0, 0], &[0, 0, 1]).unwrap();
        let scores = confusion.scores();
        assert_eq!((scores.iou[1], scores.dice[1]), (0.0, 0.0));
        assert!(scores.accuracy[1].is_nan());
        assert!(scores.iou[2].is_nan() && scores.dice[2].is_nan() && scores.accuracy[2].is_nan());
        assert_eq!(scores.miou, (2.0 / 3.0) / 2.0);
        assert_eq!(scores.macc, 2.0 / 3.0);
    }

    #[test]
    fn nothing_counted_is_nan() {
        let scores = Confusion::new(2).scores();
        assert!(scores.miou.is_nan() && scores.aacc.is_nan());
    }

    #[test]
    fn foreign_classes_and_lengths_are_refused() {
        let mut confusion = Confusion::new(2);
        assert_eq!(confusion.add(&[0], &[0, 1]), Err(ScoreError::Lengths { truth: 1, prediction: 2 }));
        assert_eq!(confusion.add(&[0, 2], &[0, 1]), Err(ScoreError::Truth { label: 2, classes: 2 }));
        assert_eq!(confusion.add(&[0, 1], &[0, 255]), Err(ScoreError::Prediction { class: 255, classes: 2 }));
        assert_eq!(confusion, Confusion::new(2));
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let (mut parts, mut whole) = (Confusion::new(2), Confusion::new(2));
        parts.add(&[0, 1, 1], &[0, 0, 1]).unwrap();
        parts.add(&[1, 0, 255], &[1, 1, 1]).unwrap();
        whole.add(&[0, 1, 1, 1, 0, 255], &[0, 0, 1, 1, 1, 1]).unwrap();
        assert_eq!(parts, whole);
    }

    #[test]
    fn nan_is_null_and_back() {
        let json = serde_json::to_string(&Confusion::new(1).scores()).unwrap();
        assert!(json.contains("\"iou\":[null]") && json.contains("\"miou\":null"), "{json}");
        let back: Scores = serde_json::from_str(&json).unwrap();
        assert!(back.iou[0].is_nan() && back.miou.is_nan());
    }
}
