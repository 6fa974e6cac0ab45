//! Training of one run: batches -> losses -> steps, with a log, evaluations on the way, and
//! checkpoints.

mod checkpoint;
mod events;
mod learner;
mod log;

#[cfg(test)]
pub(crate) use checkpoint::tests::checkpoint as example_checkpoint;
pub use checkpoint::{Checkpoint, CheckpointError};
pub use events::RunEvents;
pub use learner::Learner;
pub use log::{EvaluationRow, Evaluations, Log, LogRow, read_evaluations, read_log};

use crate::experiment::settings::{RunSettings, TrainSpec};
use crate::results::provenance::{Provenance, UNKNOWN_COMMIT};
use crate::run::context::RunContext;
use crate::run::evaluate::evaluate;
use crate::run::infer::Inference;
use crate::run::options::RunOptions;
use crate::support::checksum::HeadChecksum;
use crate::support::progress::Bar;
use anyhow::{Context, Result};
use atrous_data::{AugmentConfig, BatchLoader, BatchSource, DataError, Dataset, Split};
use atrous_models::State;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// What to do about a checkpoint that cannot be gone on from.
const ANEW: &str = "give --discard to the sweep, or remove it, to start the run anew";

/// Checkpoints are written at least this often, whatever the spec says.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(120);

/// A network in training, at the beginning of an iteration.
pub struct Training<'a> {
    context: &'a RunContext<'a>,
    pub learner: Learner,
    /// Iterations that are done.
    pub iteration: u64,
    log: Log,
    evaluations: Evaluations,
    pub events: RunEvents,
    /// Seconds of training in earlier programs.
    earlier_seconds: f64,
    /// Seconds of evaluations in this program, which are not training.
    evaluation_seconds: f64,
    started: Instant,
    /// When this run was first started, RFC 3339.
    pub began: String,
    /// Name of the device; of all of them, joined by ` + `, where the run went on on another one.
    pub devices: String,
    /// The program, with the commits of all that took part, joined by ` + `.
    pub provenance: Provenance,
    /// Runs side by side, at most: now or in an earlier program.
    pub jobs: usize,
    /// The checksum of the log as it was written last.
    log_written: Option<HeadChecksum>,
    last_checkpoint: Instant,
}

/// Why training ended.
pub enum TrainingEnd {
    Done,
    Stopped,
    /// The loss of this iteration is not a number.
    Diverged {
        iteration: u64,
        loss: f64,
    },
}

impl<'a> Training<'a> {
    /// Starts a run, or goes on from its last checkpoint.
    ///
    /// # Errors
    /// A checkpoint or log that is of another run or cannot be read; names the file.
    pub fn start_or_resume(context: &'a RunContext<'a>, now: String) -> Result<Self> {
        let settings = context.settings;
        let mut training = Training {
            context,
            learner: Learner::new(settings, context.device.autodiff()),
            iteration: 0,
            log: Log::new(context.dir.log_csv()),
            evaluations: Evaluations::new(context.dir.evaluations_csv()),
            events: RunEvents::none(),
            earlier_seconds: 0.0,
            evaluation_seconds: 0.0,
            started: Instant::now(),
            began: now,
            devices: context.device.name().to_owned(),
            provenance: Provenance::current(),
            jobs: context.jobs,
            log_written: None,
            last_checkpoint: Instant::now(),
        };
        let path = context.dir.checkpoint();
        let anew = || format!("{} cannot be resumed from: {ANEW}", path.display());
        if let Some(checkpoint) = Checkpoint::read_if_present(&path).with_context(anew)? {
            training.resume(checkpoint)?;
        } else if let Some(init) = &settings.init {
            init.load_into(&mut training.learner.network)?;
        }
        training.events = RunEvents::start(context, training.iteration)?;
        Ok(training)
    }

    fn resume(&mut self, checkpoint: Checkpoint) -> Result<()> {
        let path = self.context.dir.checkpoint();
        let name = || format!("{} cannot be resumed from: {ANEW}", path.display());
        checkpoint.check_run(self.context.run_id).with_context(name)?;
        checkpoint.state.load_into(&mut self.learner.network).with_context(name)?;
        checkpoint.state.load_velocities(&mut self.learner.network, &mut self.learner.sgd).with_context(name)?;
        self.log.resume(checkpoint.iteration, checkpoint.log.as_ref())?;
        self.evaluations.resume(checkpoint.iteration, checkpoint.evaluations.as_ref())?;
        self.iteration = checkpoint.iteration;
        self.earlier_seconds = checkpoint.train_seconds;
        self.began = checkpoint.began;
        self.devices = joined(&checkpoint.device, self.context.device.name());
        let commits = checkpoint.commits.as_deref().unwrap_or(UNKNOWN_COMMIT);
        self.provenance.git_commit = joined(commits, &self.provenance.git_commit);
        self.jobs = self.jobs.max(checkpoint.jobs);
        Ok(())
    }

    /// The SHA-256 of the files beside the checkpoint, by name, as they are after training.
    pub fn checksums(&self) -> BTreeMap<String, String> {
        let files = [("log.csv", self.log_written.clone()), ("evaluations.csv", self.evaluations.written())];
        let sha256 = |head: HeadChecksum| head.sha256().to_owned();
        files.into_iter().filter_map(|(name, head)| Some((name.to_owned(), sha256(head?)))).collect()
    }

    /// Seconds of training, those of earlier programs included, evaluations on the way left out.
    pub fn seconds(&self) -> f64 {
        self.earlier_seconds + self.started.elapsed().as_secs_f64() - self.evaluation_seconds
    }

    /// Total loss of the last iteration.
    pub fn last_loss(&self) -> f64 {
        self.log.last_loss()
    }

    /// Trains to the last iteration, or until the loss is not a number or somebody wants to stop. A
    /// checkpoint is written at the end, but not of a network that has diverged.
    ///
    /// # Errors
    /// A data file that cannot be read, or a file that cannot be written; names it.
    pub fn run(&mut self) -> Result<TrainingEnd> {
        let settings = self.context.settings;
        let total = settings.train.iterations;
        let bar = self.context.progress.bar(total, format!("train {}", settings.run_name()));
        bar.resume_at(self.iteration);
        let mut loader = self.loader();
        let (began, mut waiting) = (Instant::now(), Duration::ZERO);
        let end = loop {
            self.context.reached.store(self.iteration, Ordering::Relaxed);
            self.evaluate_if_due(&bar)?;
            if self.iteration >= total {
                break if self.is_finite() {
                    TrainingEnd::Done
                } else {
                    // The last update did it: there is no later loss that would tell.
                    TrainingEnd::Diverged { iteration: total - 1, loss: f64::NAN }
                };
            }
            if self.context.stop.requested() {
                break TrainingEnd::Stopped;
            }
            let asked = Instant::now();
            let batch = loader.next().expect("one batch per iteration that is left");
            waiting += asked.elapsed();
            let batch = match batch {
                Err(DataError::Interrupted { .. }) => break TrainingEnd::Stopped,
                batch => batch?,
            };
            debug_assert_eq!(batch.iteration, self.iteration);
            let row = self.learner.step(self.context.settings, batch);
            let loss = row.loss;
            if !loss.is_finite() {
                break TrainingEnd::Diverged { iteration: self.iteration, loss };
            }
            self.log.push(row);
            self.events.log(&row)?;
            self.iteration += 1;
            bar.message(&format!("loss {loss:.4}"));
            bar.set(self.iteration);
            self.checkpoint_if_due()?;
        };
        if matches!(end, TrainingEnd::Done) {
            bar.finish();
        }
        let share = waiting.as_secs_f64() / began.elapsed().as_secs_f64();
        if let Some(advice) = image_cache_advice(share, self.context.options, loader.source().cache_for_all()) {
            self.context.progress.line(format!("{}: {advice}", settings.run_name()));
        }
        match end {
            TrainingEnd::Diverged { .. } => drop(self.log.write()?),
            TrainingEnd::Done | TrainingEnd::Stopped => self.write_checkpoint()?,
        }
        Ok(end)
    }

    fn loader(&self) -> BatchLoader {
        let settings = self.context.settings;
        let source = batches(settings, self.context.dataset.clone(), self.context.options);
        let threads = loader_threads(rayon::current_num_threads());
        BatchLoader::new(Arc::new(source), self.iteration..settings.train.iterations, threads)
    }

    /// Whether a thing that happens every so many iterations is due now: not before the first, nor
    /// after the last.
    fn is_due(&self, every: u64) -> bool {
        let total = self.context.settings.train.iterations;
        every > 0 && self.iteration > 0 && self.iteration < total && self.iteration.is_multiple_of(every)
    }

    fn checkpoint_if_due(&mut self) -> Result<()> {
        let TrainSpec { iterations, checkpoint_every, .. } = self.context.settings.train;
        let slow = self.last_checkpoint.elapsed() >= CHECKPOINT_INTERVAL && self.iteration < iterations;
        if self.is_due(checkpoint_every) || slow { self.write_checkpoint() } else { Ok(()) }
    }

    /// An evaluation that was cut off is made up for when the run goes on.
    fn evaluate_if_due(&mut self, bar: &Bar) -> Result<()> {
        let context = self.context;
        if !self.is_due(context.settings.train.eval_every) || self.evaluations.has(self.iteration) {
            return Ok(());
        }
        bar.message("evaluating");
        let started = Instant::now();
        let inference = Inference::of(context.settings);
        let mut network = self.learner.network.without_gradients();
        let device = &context.device.device;
        let (samples, stop) = (context.dataset.samples(Split::Val), context.stop);
        let progress = context.progress.of(&context.settings.run_name());
        let result = evaluate(&mut network, device, samples, &inference, &progress, stop)?;
        if let Some(evaluation) = result {
            let scores = evaluation.confusion.scores();
            self.evaluations.push(self.iteration, &scores)?;
            self.events.scores(self.iteration, &scores)?;
        }
        self.evaluation_seconds += started.elapsed().as_secs_f64();
        Ok(())
    }

    /// Whether every weight and running statistic is a number.
    fn is_finite(&mut self) -> bool {
        let state = State::of(&mut self.learner.network);
        state.tensors.values().all(|values| values.data.iter().all(|value| value.is_finite()))
    }

    /// Log first: a checkpoint's log is never shorter than the checkpoint says.
    fn write_checkpoint(&mut self) -> Result<()> {
        let log = self.log.write()?;
        self.log_written = Some(log.clone());
        self.events.flush()?;
        let checkpoint = Checkpoint {
            state: State::of_training(&mut self.learner.network, &self.learner.sgd),
            run_id: self.context.run_id.to_owned(),
            settings: self.context.settings.clone(),
            iteration: self.iteration,
            train_seconds: self.seconds(),
            began: self.began.clone(),
            device: self.devices.clone(),
            jobs: self.jobs,
            commits: Some(self.provenance.git_commit.clone()),
            log: Some(log),
            evaluations: self.evaluations.written(),
        };
        checkpoint.write(&self.context.dir.checkpoint())?;
        self.last_checkpoint = Instant::now();
        Ok(())
    }
}

/// Threads that prepare batches where a run has so many of the processor's: the network takes the
/// other ones.
pub fn loader_threads(threads: usize) -> usize {
    (threads / 2).clamp(1, 8)
}

/// What to do where a run waited for images to be decoded again and again, and more memory would
/// help: `share` is the part of its time that it waited, `all` the bytes that would keep them all.
fn image_cache_advice(share: f64, options: RunOptions, all: Option<usize>) -> Option<String> {
    /// Below this share, more memory gains little.
    const NOTABLE: f64 = 0.2;
    // A tenth more, as images differ in size.
    let wanted = all? * 11 / 10 / (1 << 20) + 1;
    let advice = format!(
        "waited for images {:.0} % of the time; {} MiB of them are kept decoded, --image-cache {wanted} keeps all",
        100.0 * share,
        options.image_cache
    );
    (share >= NOTABLE).then_some(advice)
}

/// The batches that a run trains on.
pub fn batches(settings: &RunSettings, dataset: Arc<Dataset>, options: RunOptions) -> BatchSource {
    let augment = AugmentConfig {
        ratio: settings.train.ratio,
        photometric: settings.train.photometric,
        ..AugmentConfig::protocol(settings.resize, settings.crop)
    };
    BatchSource::new(dataset, augment, settings.train.batch, settings.seed, options.cache_bytes())
}

/// Names of devices or commits, joined by ` + `, with one more unless it is among them.
fn joined(devices: &str, device: &str) -> String {
    if devices.split(" + ").any(|known| known == device) { devices.to_owned() } else { format!("{devices} + {device}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_for_images_is_told_what_keeps_them() {
        let options = RunOptions { image_cache: 512 };
        assert_eq!(
            image_cache_advice(0.914, options, Some(700 << 20)).unwrap(),
            "waited for images 91 % of the time; 512 MiB of them are kept decoded, --image-cache 771 keeps all"
        );
        assert_eq!(image_cache_advice(0.914, options, None), None);
        assert_eq!(image_cache_advice(0.1, options, Some(700 << 20)), None);
    }

    #[test]
    fn a_run_is_stamped_with_every_device_it_was_on() {
        assert_eq!(joined("flex", "flex"), "flex");
        assert_eq!(joined("flex", "wgpu:0"), "flex + wgpu:0");
        assert_eq!(joined("flex + wgpu:0", "flex"), "flex + wgpu:0");
    }
}
