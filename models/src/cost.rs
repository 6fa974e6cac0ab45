//! What the convolutions of a network cost.

/// One convolution of a network and the map that it writes: what its work and its memory follow
/// from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConvolutionCost {
    /// Values of the kernel: channels out x channels in x kernel height x kernel width.
    pub weights: usize,
    /// Channels of the map that it writes.
    pub channels: usize,
    /// Pixels of the map that it writes.
    pub pixels: usize,
    /// Multiply-adds of a forward pass of one image, without those whose tap sees padding.
    pub live: usize,
}

impl ConvolutionCost {
    /// Counts the multiply-adds of a forward pass of one image, those of padding too.
    pub fn multiply_adds(&self) -> f64 {
        self.weights as f64 * self.pixels as f64
    }

    /// Counts the values that the convolution writes for one image.
    pub fn written(&self) -> f64 {
        self.channels as f64 * self.pixels as f64
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
