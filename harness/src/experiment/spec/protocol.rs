//! The reference protocol of each data set: what an experiment takes where it says nothing else.
//!
//! Source: the configurations of mmsegmentation 1.2.2.

use crate::experiment::settings::{InferSpec, RunSettings, TrainSpec};
use atrous_data::{DatasetKind, SlidingWindow};

/// What differs between the data sets.
#[derive(Clone, Debug, PartialEq)]
pub struct Protocol {
    /// Height and width.
    pub crop: [usize; 2],
    /// Crops per iteration, all GPUs together.
    pub batch: usize,
    pub iterations: u64,
    pub infer: InferSpec,
}

/// The protocol of a data set.
pub fn of(dataset: DatasetKind) -> Protocol {
    let numbers = dataset.protocol();
    let infer = match numbers.windows {
        Some(SlidingWindow { side, stride }) => InferSpec::slide([side; 2], [stride; 2]),
        None => InferSpec::whole(),
    };
    Protocol { crop: numbers.crop, batch: numbers.batch, iterations: numbers.iterations, infer }
}

impl Protocol {
    /// Schedule, optimiser, loss and augmentation.
    pub fn train(&self) -> TrainSpec {
        TrainSpec { iterations: self.iterations, batch: self.batch, ..TrainSpec::default() }
    }
}

/// Whether training, augmentation and inference of a run are all the protocol's; its network is not
/// looked at.
pub fn is_followed_by(settings: &RunSettings) -> bool {
    let protocol = of(settings.dataset);
    settings.train.deciding() == protocol.train().deciding()
        && settings.crop == protocol.crop
        && settings.infer == protocol.infer
        && settings.resize == settings.dataset.resize_reference()
}
