//! How long the parts of a run take, and how many of them it has.

use crate::experiment::settings::RunSettings;
use serde::{Deserialize, Serialize};

/// Seconds that the parts of a run take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunPace {
    /// Seconds of a training step.
    pub step: f64,
    /// Seconds of scoring an image.
    pub image: f64,
}

/// The parts of a run, or of what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunWork {
    /// Training steps.
    pub steps: u64,
    /// Images that are scored, on the way and at the end.
    pub images: u64,
}

impl RunWork {
    /// The work of a run from its beginning; `images` are validated each time.
    pub fn of(settings: &RunSettings, images: usize) -> Self {
        let train = &settings.train;
        let on_the_way = train.iterations.saturating_sub(1).checked_div(train.eval_every).unwrap_or(0);
        RunWork { steps: train.iterations, images: images as u64 * (on_the_way + 1) }
    }

    /// The work that is done after so many steps: images are scored on the way alone.
    pub fn after(settings: &RunSettings, images: usize, steps: u64) -> Self {
        let on_the_way = steps.saturating_sub(1).checked_div(settings.train.eval_every).unwrap_or(0);
        RunWork { steps, images: images as u64 * on_the_way }
    }
}

impl RunPace {
    /// Seconds of so much work.
    pub fn seconds(self, work: RunWork) -> f64 {
        self.step * work.steps as f64 + self.image * work.images as f64
    }

    /// The mean of several.
    pub fn mean(paces: &[RunPace]) -> Option<RunPace> {
        let of = |part: fn(&RunPace) -> f64| paces.iter().map(part).sum::<f64>() / paces.len() as f64;
        (!paces.is_empty()).then(|| RunPace { step: of(|pace| pace.step), image: of(|pace| pace.image) })
    }
}

/// Seconds until the last of these runs has ended, where each is started as soon as fewer than
/// `jobs` run.
pub fn makespan(seconds: impl IntoIterator<Item = f64>, jobs: usize) -> f64 {
    let mut free_at = vec![0.0_f64; jobs.max(1)];
    for seconds in seconds {
        let next = free_at.iter_mut().min_by(|a, b| a.total_cmp(b)).expect("there is at least one job");
        *next += seconds;
    }
    free_at.into_iter().fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::settings::tests::example;

    #[test]
    fn a_run_trains_and_scores() {
        let mut settings = example();
        let work = RunWork::of(&settings, 4);
        assert_eq!(work, RunWork { steps: 100, images: 4 });
        assert_eq!(RunPace { step: 0.5, image: 2.0 }.seconds(work), 58.0);
        // After 30, 60 and 90, and at the end.
        settings.train.eval_every = 30;
        assert_eq!(RunWork::of(&settings, 4).images, 16);
        assert_eq!(RunWork::after(&settings, 4, 61), RunWork { steps: 61, images: 8 });
        // One that is due at the end is the one at the end.
        settings.train.eval_every = 50;
        assert_eq!(RunWork::of(&settings, 4).images, 8);
    }

    #[test]
    fn runs_side_by_side_take_as_long_as_the_last_of_them() {
        assert_eq!(makespan([3.0, 2.0, 1.0], 1), 6.0);
        assert_eq!(makespan([3.0, 2.0, 1.0], 2), 3.0);
        // Not divided evenly.
        assert_eq!(makespan([1.0; 3], 2), 2.0);
        assert_eq!(makespan([], 2), 0.0);
    }
}
