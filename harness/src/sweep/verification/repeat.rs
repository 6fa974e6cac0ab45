//! A run that is made again.

use super::{Agreement, Claim, ClaimedResult, DataAtHand};
use crate::conclusions::format::points;
use crate::experiment::settings::{MODEL_VERSION, run_id};
use crate::experiment::spec::check_settings;
use crate::results::result::{Cause, RunResult};
use crate::results::run_dir::{RunDir, RunFile, RunState};
use crate::results::scores::same;
use crate::run::context::{Executor, Outcome, RunContext};
use crate::run::options::RunOptions;
use crate::support::progress::Progress;
use crate::support::stop::StopFlag;
use crate::sweep::fault;
use anyhow::{Context, Result};
use atrous_models::ComputeDevice;
use atrous_models::device::is_cpu;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;

/// The making again of runs: where, with what, and how close results have to be.
pub struct Repeat<'a> {
    /// A folder of its own; what is finished in it is not made a third time.
    pub out: PathBuf,
    pub device: &'a ComputeDevice,
    /// The largest difference in mIoU that does not matter, as a fraction, where equal bits cannot
    /// be asked for.
    pub tolerance: f64,
    pub options: RunOptions,
    pub progress: &'a Progress,
    pub stop: &'a StopFlag,
    pub execute: &'a Executor<'a>,
}

/// How the making again of a run ended.
pub enum Repeated {
    Compared(Agreement),
    /// On request, with a checkpoint; the same call goes on from it.
    Stopped,
}

/// What a run ended with.
enum Ending {
    Finished(Box<RunResult>),
    Failed(String),
    Stopped,
}

impl Repeat<'_> {
    /// Makes the run again, and compares.
    ///
    /// # Errors
    /// A file that cannot be read or written; names it.
    pub fn run(&self, claim: &Claim, data: &mut DataAtHand) -> Result<Repeated> {
        if let Some(version) = claim.model_version.filter(|version| *version != MODEL_VERSION) {
            let why = format!("it is of model version {version}, and this program of {MODEL_VERSION}");
            return Ok(Repeated::Compared(Agreement::NotChecked(why)));
        }
        if let Err(why) = check_settings(&claim.settings) {
            return Ok(Repeated::Compared(Agreement::NotChecked(format!("its settings cannot be: {why}"))));
        }
        let fingerprint = match data.fingerprint(claim)? {
            Err(why) => return Ok(Repeated::Compared(Agreement::NotChecked(why))),
            Ok(fingerprint) if fingerprint != claim.data_fingerprint => {
                return Ok(Repeated::Compared(Agreement::NotChecked("the data at hand are others".into())));
            }
            Ok(fingerprint) => fingerprint,
        };
        Ok(match self.ending(claim, &fingerprint, data)? {
            Ending::Stopped => Repeated::Stopped,
            Ending::Failed(reason) => Repeated::Compared(match &claim.measured {
                None => Agreement::Fits(format!("it ends with an error again: {reason}")),
                Some(_) => Agreement::Differs(format!("it ended with an error now: {reason}")),
            }),
            Ending::Finished(now) => Repeated::Compared(match &claim.measured {
                None if claim.cause == Some(Cause::Diverged) => {
                    Agreement::Differs("its loss ceased to be a number, and does not now".into())
                }
                None => {
                    Agreement::NotChecked("it ended with an error that need not come again, and did not now".into())
                }
                Some(before) => compare(before, &now, self.tolerance),
            }),
        })
    }

    fn ending(&self, claim: &Claim, fingerprint: &str, data: &mut DataAtHand) -> Result<Ending> {
        let settings = &claim.settings;
        let id = run_id(settings, fingerprint);
        let dir = RunDir::new(&self.out, settings, &id);
        match dir.state()? {
            RunState::Finished(result) => return Ok(Ending::Finished(result)),
            RunState::Failed(failure) => return Ok(Ending::Failed(failure.reason)),
            RunState::Unfinished => {}
        }
        let dataset = data.dataset(claim)?.map_err(anyhow::Error::msg)?;
        dir.create(&RunFile::new(settings, &claim.baseline, &id, fingerprint))?;
        let context = RunContext {
            settings,
            run_id: &id,
            data_fingerprint: fingerprint,
            dataset,
            dir: &dir,
            device: self.device,
            progress: self.progress,
            stop: self.stop,
            jobs: 1,
            options: self.options,
            tensorboard: None,
            reached: &AtomicU64::new(0),
        };
        let outcome = match fault::catch(|| (self.execute)(&context)) {
            Ok(outcome) => outcome.with_context(|| settings.run_name())?,
            Err(reason) => {
                // On a device that is lost no other run would fare better.
                self.device.check().with_context(|| format!("{}: {reason}", settings.run_name()))?;
                return Ok(Ending::Failed(reason));
            }
        };
        Ok(match outcome {
            Outcome::Finished(result) => {
                dir.finish(&result)?;
                Ending::Finished(Box::new(result))
            }
            Outcome::Failed { reason, .. } | Outcome::Broken { reason, .. } => Ending::Failed(reason),
            Outcome::Stopped { .. } => Ending::Stopped,
        })
    }
}

/// Compares a run with its repetition: equal bits where they can be asked for, on the CPU backend
/// with the same vector instructions. A tolerance elsewhere.
pub(super) fn compare(before: &ClaimedResult, now: &RunResult, tolerance: f64) -> Agreement {
    let scores = same(before.miou, now.scores.miou) && same(before.mdice, now.scores.mdice);
    let counts = before.confusion.as_ref().is_none_or(|counts| *counts == now.confusion);
    if scores && counts && same(before.final_loss, now.final_loss) {
        return Agreement::Fits("the same, to the last digit".into());
    }
    let both = is_cpu(&before.device) && is_cpu(&now.device);
    let difference = now.scores.miou - before.miou;
    let change = format!("mIoU {} points", points(difference));
    if both && before.api == now.api {
        return Agreement::Differs(format!("{change}, where it has to be the same to the last digit"));
    }
    let why = match (both, before.api.is_empty()) {
        (false, _) => format!("computed on {} and now on {}", before.device, now.device),
        (true, true) => "it is not written with which vector instructions it was computed".into(),
        (true, false) => format!("computed with {} and now with {}", before.api, now.api),
    };
    if difference.abs() <= tolerance {
        Agreement::Fits(format!("{change}; {why}"))
    } else {
        Agreement::Differs(format!("{change}; {why}; up to {:.2} would be allowed (--tolerance)", 100.0 * tolerance))
    }
}
