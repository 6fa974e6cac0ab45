//! Looked into: the receptive field of a network, and how fast this machine trains one.

pub mod receptive_field;
pub mod speed;
