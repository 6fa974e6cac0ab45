//! How many runs at a time, and how the processor's threads are divided among them.

use super::footprint::{self, Workload};
use super::{Jobs, cost};
use crate::experiment::settings::RunSettings;
use crate::support::count::count;
use crate::support::memory;
use atrous_models::ComputeDevice;
use atrous_models::device::is_cpu;
use std::fmt;

/// Memory for each thread where the system does not tell its memory: less than machines have.
const ASSUMED_BYTES_PER_THREAD: u64 = 1 << 30;

/// The device, the threads and the memory that the runs of a sweep share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Name of the device.
    pub device: String,
    /// Threads of the processor.
    pub threads: usize,
    /// Bytes that are free.
    pub memory: u64,
}

impl Machine {
    /// The machine that the program runs on, with the threads of the pool that this is called in.
    pub fn with(device: &ComputeDevice) -> Self {
        let threads = rayon::current_num_threads();
        let memory = memory::available().unwrap_or(threads as u64 * ASSUMED_BYTES_PER_THREAD);
        Machine { device: device.name().to_owned(), threads, memory }
    }

    /// Whether the processor's threads are what computes.
    pub fn is_processor(&self) -> bool {
        is_cpu(&self.device)
    }
}

/// How many runs are made at a time, as decided, and with how many threads each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Runs at a time, at least 1.
    pub jobs: usize,
    machine: Machine,
    reason: Reason,
    /// Bytes that all of them may need together.
    bytes: u64,
}

/// Why no more runs at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    Asked,
    /// There are no more runs.
    Runs,
    /// Each has work for so many threads.
    Threads(usize),
    Memory,
    /// What several gain on such a device has not been measured.
    Device,
}

impl Schedule {
    /// Decides for the runs that are to be done.
    pub fn of(asked: Jobs, workloads: &[Workload], machine: Machine) -> Self {
        let (runs, threads) = (workloads.len().max(1), machine.threads);
        // The machine is divided once, so the widest network and the largest run decide.
        let useful = workloads.iter().map(|workload| cost::useful_threads(workload.settings)).max().unwrap_or(1);
        let bytes = |jobs: usize| {
            let each = workloads.iter().map(|workload| footprint::bytes(workload, threads / jobs)).max();
            each.unwrap_or(0).saturating_mul(jobs as u64)
        };
        let (mut jobs, mut reason) = match asked {
            Jobs::Fixed(jobs) => (jobs.get().min(runs), Reason::Asked),
            Jobs::Auto if runs == 1 => (1, Reason::Runs),
            Jobs::Auto if !machine.is_processor() => (1, Reason::Device),
            Jobs::Auto if runs <= threads / useful => (runs, Reason::Runs),
            Jobs::Auto => ((threads / useful).max(1), Reason::Threads(useful)),
        };
        while asked == Jobs::Auto && jobs > 1 && bytes(jobs) > machine.memory {
            (jobs, reason) = (jobs - 1, Reason::Memory);
        }
        Schedule { jobs, bytes: bytes(jobs), machine, reason }
    }

    /// Threads of the processor for one of the jobs, counted from 0.
    pub fn threads(&self, job: usize) -> usize {
        let (threads, jobs) = (self.machine.threads, self.jobs);
        (threads / jobs + usize::from(job < threads % jobs)).max(1)
    }

    /// Seconds of a run whose work would take all threads of the processor so long, if it kept them
    /// busy.
    pub fn spread(&self, seconds: f64, settings: &RunSettings) -> f64 {
        seconds * self.machine.threads as f64 / self.speed(settings, self.jobs)
    }

    /// Speed of a run where `jobs` run at a time: 1 is that of one thread or, on a GPU, of the
    /// whole device.
    fn speed(&self, settings: &RunSettings, jobs: usize) -> f64 {
        let part = 1.0 / jobs as f64;
        if self.machine.is_processor() { cost::speedup(settings, self.machine.threads as f64 * part) } else { part }
    }

    /// What was decided and why, on a line; nothing where there was nothing to decide.
    pub fn line(&self) -> Option<String> {
        let hint = "--jobs changes that";
        let line = match (self.jobs, self.reason) {
            (1, Reason::Asked | Reason::Runs) => return None,
            (1, Reason::Device) => format!("one run at a time on {}; {hint}", self.machine.device),
            (1, Reason::Threads(useful)) => {
                format!("one run at a time: it has work for {}; {hint}", count(useful, "thread"))
            }
            (1, Reason::Memory) => {
                format!("one run at a time: memory may not hold two, {} are free; {hint}", gib(self.machine.memory))
            }
            (_, Reason::Memory) => format!("{self}: memory may not hold more; {hint}"),
            (_, Reason::Threads(_) | Reason::Runs | Reason::Device) => format!("{self}; {hint}"),
            (_, Reason::Asked) if self.machine.is_processor() && self.bytes > self.machine.memory => {
                let free = gib(self.machine.memory);
                format!("{self}; they may need {} of memory, and {free} are free", gib(self.bytes))
            }
            (_, Reason::Asked) => self.to_string(),
        };
        Some(line)
    }

    /// The threads of the whole machine, or the device: `2 threads`, `wgpu:0`.
    pub fn all_threads(&self) -> String {
        if self.machine.is_processor() { count(self.machine.threads, "thread") } else { self.machine.device.clone() }
    }

    /// `4 threads`, or `2 to 3 threads` where they cannot be divided evenly.
    fn each(&self) -> String {
        let (least, most) = (self.threads(self.jobs - 1), self.threads(0));
        match (least, most) {
            (1, 1) => "1 thread".into(),
            _ if least == most => format!("{most} threads"),
            _ => format!("{least} to {most} threads"),
        }
    }
}

/// `4 runs side by side, 4 threads each`
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} runs side by side", self.jobs)?;
        if self.machine.is_processor() {
            write!(f, ", {} each", self.each())
        } else {
            write!(f, " on {}", self.machine.device)
        }
    }
}

fn gib(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::settings::tests::example;
    use crate::experiment::settings::{ModelKind, ModelSpec};
    use crate::run::options::RunOptions;
    use std::num::NonZeroUsize;

    fn machine(device: &str, threads: usize, gib: u64) -> Machine {
        Machine { device: device.into(), threads, memory: gib << 30 }
    }

    /// A network that has use for two threads.
    fn narrow() -> RunSettings {
        let mut settings = RunSettings { crop: [64, 128], ..example() };
        settings.model.aspp_channels = 8;
        settings
    }

    fn wide() -> RunSettings {
        RunSettings { model: ModelSpec::published(ModelKind::UnetS5D16), crop: [128, 128], ..example() }
    }

    fn workload(settings: &RunSettings) -> Workload<'_> {
        Workload { settings, images: 8, options: RunOptions::default() }
    }

    fn schedule(jobs: Jobs, settings: &RunSettings, runs: usize, machine: Machine) -> Schedule {
        Schedule::of(jobs, &vec![workload(settings); runs], machine)
    }

    fn fixed(jobs: usize) -> Jobs {
        Jobs::Fixed(NonZeroUsize::new(jobs).unwrap())
    }

    #[test]
    fn narrow_networks_run_side_by_side_and_wide_ones_do_not() {
        let several = schedule(Jobs::Auto, &narrow(), 15, machine("flex", 16, 64));
        assert_eq!(several.jobs, 8);
        assert_eq!(several.line().unwrap(), "8 runs side by side, 2 threads each; --jobs changes that");
        let one = schedule(Jobs::Auto, &wide(), 15, machine("flex", 8, 64)).line().unwrap();
        assert!(one.starts_with("one run at a time: it has work for ") && one.contains("--jobs"), "{one}");
        // The widest of a sweep decides.
        let (narrow, wide) = (narrow(), wide());
        let workloads = [&narrow, &wide, &narrow].map(workload);
        assert_eq!(Schedule::of(Jobs::Auto, &workloads, machine("flex", 8, 64)).jobs, 1);
    }

    #[test]
    fn no_more_than_there_are() {
        let two = schedule(Jobs::Auto, &narrow(), 2, machine("flex", 16, 64));
        assert_eq!(two.line().unwrap(), "2 runs side by side, 8 threads each; --jobs changes that");
        assert_eq!(schedule(fixed(9), &narrow(), 2, machine("flex", 16, 64)).jobs, 2);
        for jobs in [Jobs::Auto, fixed(4)] {
            let one = schedule(jobs, &narrow(), 1, machine("flex", 16, 64));
            assert_eq!((one.jobs, one.line()), (1, None), "{jobs:?}");
            assert_eq!(schedule(jobs, &narrow(), 0, machine("flex", 16, 64)).jobs, 1, "{jobs:?}");
            assert_eq!(schedule(jobs, &wide(), 1, machine("wgpu:0", 2, 1)).line(), None, "{jobs:?}");
        }
    }

    #[test]
    fn no_more_than_memory_holds() {
        let each = footprint::bytes(&workload(&narrow()), 4);
        let memory = Machine { memory: each * 4, ..machine("flex", 16, 0) };
        let four = schedule(Jobs::Auto, &narrow(), 15, memory);
        assert_eq!(four.jobs, 4);
        assert!(four.line().unwrap().starts_with("4 runs side by side, 4 threads each: memory may not hold more;"));
        let none = schedule(Jobs::Auto, &narrow(), 15, machine("flex", 16, 0));
        assert_eq!(
            none.line().unwrap(),
            "one run at a time: memory may not hold two, 0.0 GiB are free; --jobs changes that"
        );
        // Who asks gets, and a warning.
        let asked = schedule(fixed(2), &narrow(), 15, machine("flex", 16, 0));
        assert_eq!(asked.jobs, 2);
        assert!(asked.line().unwrap().contains("8 threads each; they may need"), "{asked:?}");
    }

    #[test]
    fn a_gpu_is_shared_by_those_who_ask_for_it() {
        for device in ["wgpu:0", "vulkan:cpu"] {
            let one = schedule(Jobs::Auto, &narrow(), 15, machine(device, 16, 64));
            assert_eq!(one.line().unwrap(), format!("one run at a time on {device}; --jobs changes that"));
        }
        let two = schedule(fixed(2), &narrow(), 15, machine("wgpu:0", 16, 64));
        assert_eq!(two.line().unwrap(), "2 runs side by side on wgpu:0");
    }

    #[test]
    fn threads_are_divided_without_a_rest() {
        let of = |jobs, threads| {
            let schedule = schedule(fixed(jobs), &narrow(), 15, machine("flex", threads, 64));
            (0..jobs).map(|job| schedule.threads(job)).collect::<Vec<_>>()
        };
        assert_eq!(of(3, 8), [3, 3, 2]);
        assert_eq!(of(2, 2), [1, 1]);
        assert_eq!(of(3, 2), [1, 1, 1]);
        let three = schedule(fixed(3), &narrow(), 15, machine("flex", 8, 64));
        assert_eq!(three.line().unwrap(), "3 runs side by side, 2 to 3 threads each");
    }

    #[test]
    fn times_follow_from_the_threads_that_are_made_use_of() {
        let alone = schedule(Jobs::ONE, &narrow(), 15, machine("flex", 16, 64));
        let eight = schedule(Jobs::Auto, &narrow(), 15, machine("flex", 16, 64));
        // A narrow network is not much faster on sixteen threads than on two.
        let slower = eight.spread(10.0, &narrow()) / alone.spread(10.0, &narrow());
        assert!((1.0..3.0).contains(&slower), "{slower}");
        // Eight of them do several times the work in the same time.
        assert!(alone.spread(10.0, &narrow()) * 8.0 > 2.0 * eight.spread(10.0, &narrow()));
    }
}
