//! One run from start to score.

use crate::results::image_counts;
use crate::results::provenance;
use crate::results::result::{RunResult, Seal};
use crate::run::context::{Outcome, RunContext};
use crate::run::evaluate::evaluate;
use crate::run::infer::Inference;
use crate::run::train::{Training, TrainingEnd};
use crate::support::memory;
use anyhow::Result;
use atrous_data::Split;

/// Trains a run, from its last checkpoint where it has one, and scores it on the validation images.
///
/// # Errors
/// A data file that cannot be read, a file that cannot be written, a checkpoint of another run;
/// names it.
pub fn execute(context: &RunContext) -> Result<Outcome> {
    memory::release();
    // The peak is of the process: of this run where it is the only one.
    let alone = context.jobs == 1;
    if alone {
        provenance::reset_peak_memory();
    }
    let settings = context.settings;
    let mut training = Training::start_or_resume(context, provenance::now())?;
    match training.run()? {
        TrainingEnd::Done => {}
        TrainingEnd::Stopped => return Ok(Outcome::Stopped { iteration: training.iteration }),
        TrainingEnd::Diverged { iteration, loss } => {
            return Ok(Outcome::Failed { iteration, reason: format!("the loss is {loss}") });
        }
    }
    let train_seconds = training.seconds();
    let mut network = training.learner.network.without_gradients();
    let device = &context.device.device;
    let (samples, inference) = (context.dataset.samples(Split::Val), Inference::of(settings));
    let progress = context.progress.of(&settings.run_name());
    let evaluation = evaluate(&mut network, device, samples, &inference, &progress, context.stop)?;
    let Some(evaluation) = evaluation else {
        return Ok(Outcome::Stopped { iteration: training.iteration });
    };
    training.events.scores(training.iteration, &evaluation.confusion.scores())?;
    // Before the result, which says that the run is whole.
    let counts = image_counts::write(&context.dir.images_csv(), &evaluation.images)?;
    let mut files = training.checksums();
    files.insert("images.csv".to_owned(), counts);
    let images = settings.train.iterations as f64 * settings.train.batch as f64;
    Ok(Outcome::Finished(RunResult {
        run_id: context.run_id.to_owned(),
        settings: settings.clone(),
        data_fingerprint: context.data_fingerprint.to_owned(),
        scores: evaluation.confusion.scores(),
        confusion: evaluation.confusion,
        detection: evaluation.detection,
        final_loss: training.last_loss(),
        train_seconds,
        eval_seconds: evaluation.seconds,
        images_per_second: images / train_seconds,
        jobs: training.jobs,
        peak_memory_bytes: alone.then(provenance::peak_memory_bytes).flatten(),
        device: training.devices.clone(),
        adapter: context.device.adapter().to_owned(),
        api: context.device.info.api.clone(),
        convolutions: context.device.convolutions(),
        provenance: training.provenance.clone(),
        started: training.began.clone(),
        finished: provenance::now(),
        seal: Seal::of(files),
    }))
}
