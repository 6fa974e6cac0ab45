//! Training curves from the logs of runs.

use crate::report::material::{Curve, Curves, Report};
use crate::results::rows::Row;
use crate::results::run_dir::RunDir;
use crate::run::train::{read_evaluations, read_log};
use std::path::{MAIN_SEPARATOR, Path};

/// Points of a curve; more would not be seen.
const BINS: usize = 100;

impl Report {
    /// Reads the training curves of all runs below their output directories.
    pub fn read_curves(&mut self) {
        for experiment in &mut self.experiments {
            experiment.curves = Curves::read(&experiment.out, &experiment.rows);
        }
    }
}

impl Curves {
    /// Reads the logs of runs whose directories are below `out`. `rows` are of one experiment,
    /// sorted by rates.
    fn read(out: &Path, rows: &[Row]) -> Self {
        let mut curves = Curves::default();
        for group in rows.chunk_by(|a, b| a.settings().rates == b.settings().rates) {
            let (mut losses, mut scores, mut seeds) = (Vec::new(), Vec::new(), 0);
            let metric = crate::results::reference::metric(group[0].settings().dataset);
            for row in group {
                let run = RunDir::new(out, row.settings(), row.run_id());
                match read_log(&run.log_csv()) {
                    Err(error) => curves.missing.push(unread(out, row, &error)),
                    Ok(rows) => {
                        seeds += 1;
                        losses.extend(rows.iter().map(|row| (row.iteration as f64, row.loss)));
                    }
                }
                match read_evaluations(&run.evaluations_csv()) {
                    Err(error) => curves.missing.push(unread(out, row, &error)),
                    Ok(rows) => scores.extend(rows.iter().map(|row| (row.iteration as f64, metric.of(row)))),
                }
            }
            let (loss, evaluations) = (thinned(&losses), averaged(&scores));
            if !loss.is_empty() {
                curves.curves.push(Curve { rates: group[0].settings().rates.clone(), seeds, loss, evaluations });
            }
        }
        curves
    }
}

/// What could not be read of a run, and why: with paths below the output directory, so that the
/// page is the same wherever it is made.
fn unread(out: &Path, row: &Row, error: &anyhow::Error) -> String {
    let why = format!("{error:#}").replace(&format!("{}{MAIN_SEPARATOR}", out.display()), "");
    format!("{}: {why}", row.settings().run_name())
}

/// The means of a curve over equal stretches of iterations and over seeds.
fn thinned(values: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let last = values.iter().map(|(iteration, _)| *iteration).fold(0.0, f64::max);
    let bins = BINS.min(last as usize + 1);
    let mut sums = vec![(0.0, 0.0, 0.0); bins];
    for (iteration, loss) in values.iter().filter(|(_, loss)| loss.is_finite()) {
        let bin = ((iteration / (last + 1.0)) * bins as f64) as usize;
        let (count, iterations, losses) = &mut sums[bin.min(bins - 1)];
        (*count, *iterations, *losses) = (*count + 1.0, *iterations + iteration, *losses + loss);
    }
    let filled = sums.into_iter().filter(|(count, ..)| *count > 0.0);
    filled.map(|(count, iterations, losses)| (iterations / count, losses / count)).collect()
}

/// The mean over the seeds of each iteration.
fn averaged(values: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mean = |group: &[(f64, f64)]| group.iter().map(|(_, score)| score).sum::<f64>() / group.len() as f64;
    sorted.chunk_by(|a, b| a.0 == b.0).map(|group| (group[0].0, mean(group))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_logs_are_thinned_to_their_means() {
        let values: Vec<_> = (0..1000).map(|i| (f64::from(i), f64::from(i) / 10.0)).collect();
        let thinned = thinned(&values);
        assert_eq!(thinned.len(), BINS);
        assert_eq!(thinned[0], (4.5, 0.45));
        assert!((thinned[99].0 - 994.5).abs() < 1e-9);
        // Two seeds in one: their mean.
        assert_eq!(super::thinned(&[(0.0, 1.0), (0.0, 3.0), (1.0, f64::NAN)]), [(0.0, 2.0)]);
        assert!(super::thinned(&[]).is_empty());
    }

    #[test]
    fn evaluations_are_averaged_over_seeds() {
        assert_eq!(averaged(&[(20.0, 0.5), (10.0, 0.1), (20.0, 0.7)]), [(10.0, 0.1), (20.0, 0.6)]);
    }
}
