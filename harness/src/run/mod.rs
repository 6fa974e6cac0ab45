//! One run: trained, from its last checkpoint where it has one, and scored on the validation
//! images.

pub mod context;
pub mod evaluate;
pub mod execute;
pub mod export;
pub mod infer;
pub mod options;
mod self_description;
pub mod train;
pub mod weights;
pub mod windows;
