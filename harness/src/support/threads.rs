//! The threads that the program computes with.

use anyhow::{Context, Result};
use rayon::ThreadPoolBuilder;
use std::thread::available_parallelism;

/// Starts the threads that all work is shared among: as many as the system and its control groups
/// give, and not more than Slurm has given to the task. `RAYON_NUM_THREADS` says another number.
///
/// The calling thread is the first of them. Were it none, it would hand each operation to another
/// thread, sleep, and be woken when that is done: two switches, hundreds of times a training step.
///
/// # Errors
/// A system that gives no threads.
pub fn start() -> Result<()> {
    let variable = |name: &str| std::env::var(name).ok()?.trim().parse().ok();
    let asked = variable("RAYON_NUM_THREADS").is_some();
    let most = if asked { None } else { slurm(variable) };
    let there = available_parallelism().map_or(1, usize::from);
    // 0 leaves the number to the pool, and so to the variable.
    let threads = most.map_or(0, |most| most.min(there));
    let started = ThreadPoolBuilder::new().num_threads(threads).use_current_thread().build_global();
    started.context("cannot start threads: the system gives no more of them (ulimit -u, pids.max)")
}

/// The processors of a task of Slurm, or of the job on this node.
fn slurm(variable: impl Fn(&str) -> Option<usize>) -> Option<usize> {
    variable("SLURM_CPUS_PER_TASK").or_else(|| variable("SLURM_CPUS_ON_NODE")).filter(|count| *count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_of_slurm_has_its_own_processors() {
        let of = |given: &'static [(&str, usize)]| {
            slurm(move |name| given.iter().find(|(known, _)| *known == name).map(|(_, value)| *value))
        };
        assert_eq!(of(&[("SLURM_CPUS_ON_NODE", 64), ("SLURM_CPUS_PER_TASK", 8)]), Some(8));
        assert_eq!((of(&[("SLURM_CPUS_ON_NODE", 64)]), of(&[])), (Some(64), None));
    }
}
