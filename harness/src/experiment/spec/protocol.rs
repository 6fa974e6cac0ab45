//! The reference protocol of each data set: what an experiment takes where it says nothing else.
//!
//! Source: the configurations of mmsegmentation 1.2.2.

use crate::experiment::settings::{InferSpec, RunSettings, TrainSpec};
use atrous_data::DatasetKind;

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
    let slide = |window: usize, stride: usize| InferSpec::slide([window; 2], [stride; 2]);
    let whole = InferSpec::whole();
    let (crop, batch, iterations, infer) = match dataset {
        DatasetKind::Stare | DatasetKind::ChaseDb1 => ([128, 128], 16, 40_000, slide(128, 85)),
        DatasetKind::Hrf => ([256, 256], 16, 40_000, slide(256, 170)),
        // Of the two schedules, 40k and 80k, the one whose reported score is near the published
        // one.
        DatasetKind::Cityscapes => ([512, 1024], 8, 80_000, whole),
        DatasetKind::Isaid => ([896, 896], 16, 80_000, whole),
        // Ours: nothing is published, and minutes on a CPU are enough.
        DatasetKind::Control => ([64, 64], 8, 200, whole),
    };
    Protocol { crop, batch, iterations, infer }
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
