//! How a network is trained.

use super::impossible::{Checked, ensure};
use super::setting::{ABOVE_ZERO, FROM_ONE, FROM_ZERO, SHARE, settings};
use atrous_models::{LossConfig, Precision};
use serde::{Deserialize, Serialize};

settings! {
    /// Schedule, optimiser, loss and augmentation. The defaults are those of mmsegmentation 1.2.2;
    /// what differs between the data sets, their protocols say.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct TrainSpec in "train" {
        /// Iterations of the training.
        iterations: u64 [Whole(1), "iterations", "4000", Protocol] = 40_000, FROM_ONE;
        /// Crops per iteration, from 2 (the pooled branch's batch norm cannot be trained with one)
        /// to 4096.
        batch: usize [Whole(2), "crops", "4", Protocol] = 16;
        /// Learning rate of the first iteration.
        lr: f64 [Number, "per iteration", "0.02"] = 0.01, ABOVE_ZERO;
        /// Momentum of SGD.
        momentum: f64 [Number, "", "0.95"] = 0.9, SHARE;
        /// Weight decay of SGD.
        weight_decay: f64 [Number, "per iteration", "0.0001"] = 5e-4, FROM_ZERO;
        /// Exponent of the poly schedule.
        poly_power: f64 [Number, "", "1.0"] = 0.9, ABOVE_ZERO;
        /// Learning rate of the last iteration, at most `lr`.
        lr_min: f64 [Number, "per iteration", "0.0"] = 1e-4, FROM_ZERO;
        /// Weight of the auxiliary head's loss.
        auxiliary_weight: f64 [Number, "", "0.0"] = 0.4, FROM_ZERO;
        /// Weight of the ASPP head's Dice loss: 0, or 3 in the retina variant of the protocol.
        #[serde(default, skip_serializing_if = "is_zero")]
        dice_weight: f64 [Number, "", "3.0"] = 0.0, FROM_ZERO;
        /// Probability that a channel is dropped before the last convolution.
        dropout: f64 [Number, "", "0.0"] = 0.1, SHARE;
        /// Lowest and highest ratio of the random resizing, above 0 and up to 100.
        ratio: [f32; 2] [Range, "times `resize`", "[0.75, 1.5]"] = [0.5, 2.0];
        /// Photometric distortion on or off.
        photometric: bool [Flag, "", "false"] = true;
        /// Precision of the convolutions' products in training. Scores are always computed in
        /// single precision.
        #[serde(default, skip_serializing_if = "is_single")]
        precision: Precision [Word(&["single", "mixed"]), "", "\"mixed\""] = Precision::Single;
    }
    decides_nothing {
        /// Iterations between evaluations; 0 is only at the end.
        eval_every: u64 [Whole(0), "iterations", "500"] = 0;
        /// Iterations between checkpoints; 0 is none by count. One is written every two minutes in
        /// any case, and when stopped.
        checkpoint_every: u64 [Whole(0), "iterations", "1000"] = 500;
    }
}

fn is_single(precision: &Precision) -> bool {
    *precision == Precision::Single
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

impl TrainSpec {
    /// The loss that is minimised.
    pub fn loss(&self) -> LossConfig {
        LossConfig { auxiliary_weight: self.auxiliary_weight, dice_weight: self.dice_weight }
    }

    /// Refuses values that cannot be trained with.
    pub(crate) fn check(&self) -> Checked {
        let Self { batch, lr, lr_min, ratio: [low, high], .. } = *self;
        self.check_ranges()?;
        let one = "batch norm cannot be trained on one value per channel";
        ensure(batch >= 2, "train.batch", format!("must be at least 2, is {batch}: {one}"))?;
        ensure(batch <= 4096, "train.batch", format!("must be at most 4096, is {batch}"))?;
        ensure(lr_min <= lr, "train.lr_min", format!("must be a number from 0 to lr, is {lr_min}"))?;
        ensure(
            low > 0.0 && low <= high && high <= 100.0,
            "train.ratio",
            format!("must be two ascending numbers above 0 and up to 100, are {low} and {high}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_documented_and_its_default_is_possible() {
        TrainSpec::default().check().unwrap();
        let settings = super::super::reference();
        let keys: Vec<_> = settings.iter().filter_map(|setting| setting.key.strip_prefix("train.")).collect();
        assert!(settings.iter().all(|setting| !setting.doc.trim().is_empty()));
        let written = serde_json::to_value(TrainSpec::default()).unwrap();
        let unknown = written.as_object().unwrap().keys().find(|key| !keys.contains(&key.as_str()));
        assert_eq!(unknown, None, "{keys:?}");
        let lr = settings.iter().find(|setting| setting.key == "train.lr").unwrap();
        assert_eq!((lr.default.as_str(), lr.range.unwrap().words), ("0.01", "a number above 0"));
        assert_eq!(lr.doc.trim(), "Learning rate of the first iteration.");
    }

    #[test]
    fn what_decides_nothing_is_left_out() {
        let often = TrainSpec { eval_every: 7, checkpoint_every: 9, ..TrainSpec::default() };
        assert_eq!(often.deciding(), TrainSpec::default().deciding());
        let other = TrainSpec { lr: 0.02, ..TrainSpec::default() };
        assert_ne!(other.deciding(), TrainSpec::default().deciding());
    }
}
