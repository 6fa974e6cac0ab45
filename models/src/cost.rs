//! What the convolutions of a network cost.

use crate::ops::atrous_conv2d::ConvShape;

/// One convolution of a network: what its work and its memory follow from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConvolutionCost {
    /// Sizes of the convolution, for one image.
    pub shape: ConvShape,
}

impl ConvolutionCost {
    /// Counts the values of the kernel: channels out x channels in x kernel height x kernel width.
    pub fn weights(&self) -> usize {
        self.shape.channels[0] * self.shape.channels[1] * self.shape.taps()
    }

    /// Counts the multiply-adds of a forward pass of one image, those of padding too.
    pub fn multiply_adds(&self) -> f64 {
        self.weights() as f64 * self.pixels() as f64
    }

    /// Counts the multiply-adds of a forward pass of one image, without those whose tap sees
    /// padding.
    pub fn live_multiply_adds(&self) -> usize {
        self.shape.live_multiply_adds()
    }

    /// Counts the values that the convolution writes for one image.
    pub fn written(&self) -> f64 {
        self.shape.channels[1] as f64 * self.pixels() as f64
    }

    fn pixels(&self) -> usize {
        self.shape.output().iter().product()
    }
}

/// The convolutions that this thread has really computed, for the test that holds the listed ones
/// against them.
#[cfg(test)]
pub(crate) mod computed {
    use std::cell::RefCell;

    use super::ConvolutionCost;

    thread_local! {
        static COMPUTED: RefCell<Vec<ConvolutionCost>> = const { RefCell::new(Vec::new()) };
    }

    pub fn add(cost: ConvolutionCost) {
        COMPUTED.with_borrow_mut(|list| list.push(cost));
    }

    /// Gives what has been computed since the last call.
    pub fn take() -> Vec<ConvolutionCost> {
        COMPUTED.take()
    }
}
