//! The constants of a step.

/// The constants of a step of stochastic gradient descent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MomentumOptions {
    pub lr: f32,
    pub momentum: f32,
    pub weight_decay: f32,
}
