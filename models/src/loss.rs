//! What is minimised: cross entropy, the auxiliary head's share, and Dice where wanted.

use burn::tensor::activation::sigmoid;
use burn::tensor::{Int, Tensor};

use crate::ops;

/// Weights of the losses beside the decode head's cross entropy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossConfig {
    /// Weight of the auxiliary head's cross entropy; 0.4 in the protocol.
    pub auxiliary_weight: f64,
    /// Weight of the decode head's Dice loss; 0, or 3 in the retina variant.
    pub dice_weight: f64,
}

/// The losses of a batch, one value each.
pub struct Losses {
    /// Cross entropy of the decode head, and its weighted Dice loss.
    pub decode: Tensor<1>,
    /// Cross entropy of the auxiliary head, its weight included.
    pub auxiliary: Tensor<1>,
}

impl Losses {
    /// What is minimised.
    pub fn total(&self) -> Tensor<1> {
        self.decode.clone() + self.auxiliary.clone()
    }
}

impl LossConfig {
    /// Computes the losses of both heads' logits, which are resized to the labels' size. `labels`:
    /// batch x height x width, 255 ignored.
    pub fn losses(
        &self,
        decode: Tensor<4>,
        auxiliary: Tensor<4>,
        labels: Tensor<3, Int>,
        align_corners: bool,
    ) -> Losses {
        let [_, height, width] = labels.dims();
        let resized = |logits| ops::resize_bilinear(logits, [height, width], align_corners);
        let decode = resized(decode);
        let mut decode_loss = ops::cross_entropy(decode.clone(), labels.clone());
        if self.dice_weight != 0.0 {
            decode_loss = decode_loss + dice(decode, labels.clone()) * self.dice_weight;
        }
        let auxiliary = ops::cross_entropy(resized(auxiliary), labels) * self.auxiliary_weight;
        Losses { decode: decode_loss, auxiliary }
    }
}

/// Added to each sum of squares.
const DICE_EPSILON: f64 = 1e-3;

/// Computes the Dice loss as mmsegmentation 1.2.2 computes it: one minus one V-Net ratio per image,
/// over all classes and pixels at once, of **sigmoids** and labels; the mean over the batch.
///
/// `logits`: batch x classes x height x width; `labels`: batch x height x width. Where a label is
/// ignored (255) the target is 0 for every class, and the prediction still counts.
pub fn dice(logits: Tensor<4>, labels: Tensor<3, Int>) -> Tensor<1> {
    let [batch, classes, height, width] = logits.dims();
    let labels = labels.reshape([batch, 1, height, width]);
    let targets = (0..classes).map(|class| labels.clone().equal_elem(class as i64).float()).collect();
    let target = Tensor::cat(targets, 1).reshape([batch, classes * height * width]);
    let shares = sigmoid(logits).reshape([batch, classes * height * width]);
    let common = (shares.clone() * target.clone()).sum_dim(1);
    let squares = (shares.clone() * shares).sum_dim(1) + target.sum_dim(1) + 2.0 * DICE_EPSILON;
    (common / squares * -2.0 + 1.0).mean()
}
