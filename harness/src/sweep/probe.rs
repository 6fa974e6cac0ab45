//! Real steps and a real image of a run, timed before the run is started.

use super::fault;
use super::pace::RunPace;
use super::schedule::Schedule;
use crate::experiment::settings::RunSettings;
use crate::run::evaluate::evaluate;
use crate::run::infer::Inference;
use crate::run::options::RunOptions;
use crate::run::train::{Learner, batches, loader_threads};
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use anyhow::{Context, Result};
use atrous_data::{Dataset, Split};
use atrous_models::{ComputeDevice, Segmentor};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::cell::RefCell;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// A first step that takes longer than this stands for the others.
const LONG_STEP: Duration = Duration::from_secs(15);
/// The fewest steps that are timed, after one that is not.
const LEAST_STEPS: u64 = 2;
/// The most, where steps are short.
const MOST_STEPS: u64 = 20;
/// Steps are timed for so long, unless they are enough before.
const LONG_ENOUGH: Duration = Duration::from_millis(200);

/// What the steps of a run are timed with.
#[derive(Clone, Copy)]
pub(super) struct StepProbe<'a> {
    pub device: &'a ComputeDevice,
    pub schedule: &'a Schedule,
    pub options: RunOptions,
    pub stop: &'a StopFlag,
}

impl StepProbe<'_> {
    /// Times steps and an image of a run as it will be made: with its part of the threads, and
    /// others like it at its side. Nothing is written. `None` where somebody wants to stop, or
    /// where that does not work: then the run itself will say why.
    pub fn pace(&self, settings: &RunSettings, dataset: &Arc<Dataset>) -> Option<RunPace> {
        let jobs = self.schedule.jobs;
        if jobs == 1 {
            return self.alone(settings, dataset);
        }
        let pools: Vec<ThreadPool> =
            (0..jobs).map(|job| pool(job, self.schedule.threads(job))).collect::<Result<_>>().ok()?;
        let paces: Vec<RunPace> = thread::scope(|scope| {
            let start = |pool| {
                let timed = move |pool: &ThreadPool| pool.install(|| self.alone(settings, dataset));
                thread::Builder::new().spawn_scoped(scope, move || timed(pool)).ok()
            };
            let started: Vec<_> = pools.iter().map(start).collect();
            started.into_iter().filter_map(|thread| thread?.join().ok()?).collect()
        });
        RunPace::mean(&paces).filter(|_| paces.len() == jobs)
    }

    fn alone(&self, settings: &RunSettings, dataset: &Arc<Dataset>) -> Option<RunPace> {
        // A panic is one of the device or of too little memory, which the run will meet again.
        fault::catch(|| self.timed(settings, dataset)).ok()?.ok()?
    }

    fn timed(&self, settings: &RunSettings, dataset: &Arc<Dataset>) -> Result<Option<RunPace>> {
        let source = batches(settings, dataset.clone(), self.options);
        let mut learner = Learner::new(settings, self.device.autodiff());
        let first = source.batch(0)?;
        let started = Instant::now();
        learner.step(settings, first);
        let (mut steps, mut trained) = (0, Duration::ZERO);
        if started.elapsed() > LONG_STEP {
            (steps, trained) = (LEAST_STEPS, started.elapsed() * LEAST_STEPS as u32);
        }
        while steps < LEAST_STEPS || (trained < LONG_ENOUGH && steps < MOST_STEPS) {
            if self.stop.requested() {
                return Ok(None);
            }
            let batch = source.batch(1 + steps)?;
            let started = Instant::now();
            learner.step(settings, batch);
            trained += started.elapsed();
            steps += 1;
        }
        // As most of a training: its images are in memory, where they fit.
        let started = Instant::now();
        source.batch(1)?;
        let step = self.with_loading(trained.as_secs_f64() / steps as f64, started.elapsed().as_secs_f64());
        let image = self.image(settings, dataset, &mut learner.network.without_gradients())?;
        Ok(image.map(|image| RunPace { step, image }))
    }

    /// Seconds of a step beside threads that prepare batches: on the processor they take their part
    /// of it, elsewhere whoever is slower decides.
    fn with_loading(&self, step: f64, batch: f64) -> f64 {
        let threads = rayon::current_num_threads();
        match self.device.info.is_cpu() {
            true => step + batch / threads as f64,
            false => step.max(batch / loader_threads(threads) as f64),
        }
    }

    /// Seconds of scoring the first validation image: of a large one, by some of its windows.
    fn image(&self, settings: &RunSettings, dataset: &Dataset, network: &mut Segmentor) -> Result<Option<f64>> {
        let samples = dataset.samples(Split::Val);
        let Some(sample) = samples.first() else { return Ok(Some(0.0)) };
        let (inference, device) = (Inference::of(settings), &self.device.device);
        let (image, _) = sample.load()?;
        inference.check_memory(&sample.image, image.size())?;
        // Windows done, all of them, and when: the first group of windows warms up.
        let seen: RefCell<Vec<(usize, usize, Instant)>> = RefCell::default();
        let proceed = |done: usize, all: usize| {
            let mut seen = seen.borrow_mut();
            seen.push((done, all, Instant::now()));
            let timed = seen.len() > 2 && seen[1].2.elapsed() > LONG_ENOUGH;
            !timed && !self.stop.requested()
        };
        if inference.scores(network, device, &image, &proceed).is_some() {
            let scored = evaluate(network, device, &samples[..1], &inference, &Progress::hidden(), self.stop)?;
            return Ok(scored.map(|scored| scored.seconds));
        }
        let seen = seen.into_inner();
        let (Some((first, _, began)), Some((last, all, ended))) = (seen.get(1), seen.last()) else { return Ok(None) };
        let windows = (last - first).max(1);
        Ok((!self.stop.requested()).then(|| (*ended - *began).as_secs_f64() / windows as f64 * *all as f64))
    }
}

/// The threads of one of the jobs, counted from 0.
pub(super) fn pool(job: usize, threads: usize) -> Result<ThreadPool> {
    /// The stack of a run's threads: as much as a program's main thread has on common systems,
    /// which a run that is alone has.
    const STACK_BYTES: usize = 8 << 20;
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(STACK_BYTES)
        .thread_name(move |thread| format!("job-{job}-{thread}"))
        .build()
        .context("cannot start threads")
}
