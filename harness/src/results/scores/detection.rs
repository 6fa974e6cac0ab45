//! What reports on vessels and lesions state beside the overlap: of sets of two classes.

use super::{Confusion, CurveAreas, Scores, nan};
use serde::{Deserialize, Serialize};

/// How class 1 is told from class 0. Fractions in 0..=1, NaN where undefined.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct DetectionScores {
    /// Share of the pixels of class 1 that were found.
    #[serde(with = "nan")]
    pub sensitivity: f64,
    /// Share of the pixels of class 0 that were left alone.
    #[serde(with = "nan")]
    pub specificity: f64,
    /// Area under the ROC curve.
    #[serde(with = "nan")]
    pub auc_roc: f64,
    /// Area under the precision-recall curve, by trapezoids.
    #[serde(with = "nan")]
    pub auc_pr: f64,
    /// Area under the precision-recall curve, by steps.
    #[serde(with = "nan")]
    pub average_precision: f64,
}

/// Scores of all pixels, and of those inside the field of view where all images have a mask of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Detection {
    #[serde(flatten)]
    pub whole: DetectionScores,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fov: Option<FieldOfView>,
}

/// Scores of the pixels inside the field of view.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FieldOfView {
    #[serde(flatten)]
    pub detection: DetectionScores,
    pub scores: Scores,
    pub confusion: Confusion,
}

impl DetectionScores {
    /// Gives the scores of counts and of curves of the same pixels.
    pub fn of(confusion: &Confusion, curves: CurveAreas) -> Self {
        let accuracy = confusion.scores().accuracy;
        let of = |class: usize| accuracy.get(class).copied().unwrap_or(f64::NAN);
        DetectionScores {
            sensitivity: of(1),
            specificity: of(0),
            auc_roc: curves.roc,
            auc_pr: curves.precision_recall,
            average_precision: curves.average_precision,
        }
    }

    /// Lists them by their names for people.
    pub fn named(&self) -> [(&'static str, f64); 5] {
        [
            ("sensitivity", self.sensitivity),
            ("specificity", self.specificity),
            ("AUC of the ROC", self.auc_roc),
            ("AUC of precision-recall", self.auc_pr),
            ("average precision", self.average_precision),
        ]
    }
}

impl Detection {
    /// Whether scores from a file can be such.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self) -> Result<(), String> {
        let inside = self.fov.as_ref().map(|fov| fov.detection.named());
        let all = self.whole.named().into_iter().chain(inside.into_iter().flatten());
        for (name, value) in all {
            if !value.is_nan() && !(0.0..=1.0).contains(&value) {
                return Err(format!("{name}: {value} is no fraction"));
            }
        }
        match &self.fov {
            Some(fov) => fov.confusion.check(2).and_then(|()| fov.scores.check(2)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensitivity_is_of_class_1() {
        let confusion = Confusion { classes: 2, counts: vec![90, 10, 1, 3] };
        let curves = CurveAreas { roc: 0.9, precision_recall: 0.8, average_precision: 0.7 };
        let scores = DetectionScores::of(&confusion, curves);
        assert_eq!((scores.sensitivity, scores.specificity), (0.75, 0.9));
        let fov = FieldOfView { detection: scores, scores: confusion.scores(), confusion };
        let detection = Detection { whole: scores, fov: Some(fov) };
        let json = serde_json::to_string(&detection).unwrap();
        assert!(json.starts_with("{\"sensitivity\":0.75,\"specificity\":0.9,\"auc_roc\":0.9,"), "{json}");
        let mut back: Detection = serde_json::from_str(&json).unwrap();
        assert_eq!(back.check(), Ok(()));
        assert_eq!(back.fov.as_ref().unwrap().confusion.counts, [90, 10, 1, 3]);
        back.whole.auc_pr = 1.5;
        assert_eq!(back.check(), Err("AUC of precision-recall: 1.5 is no fraction".into()));
    }
}
