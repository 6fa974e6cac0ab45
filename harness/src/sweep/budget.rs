//! The time that there is for a sweep, and how many seeds fit into it.

use crate::conclusions::analysis::LEAST_SEEDS;
use crate::conclusions::format::percent;
use crate::conclusions::table::Section;
use crate::support::count::count;
use crate::support::progress::duration;
use anyhow::{Result, bail};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The time that there is for the runs of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget(Duration);

impl FromStr for Budget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let time = humantime::parse_duration(text).map_err(|_| "must be a time such as 2h, 90min or 1h 30min")?;
        if time.is_zero() { Err("must be more than no time".into()) } else { Ok(Budget(time)) }
    }
}

/// `2 h 00 min`
impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&duration(self.0))
    }
}

/// How many seeds fit, and what they take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FittingSeeds {
    pub seeds: usize,
    /// Seeds that the spec has.
    pub most: usize,
    /// Seconds, those of finished runs not counted.
    pub seconds: f64,
}

impl Budget {
    /// The most seeds that fit, at most `most`; `seconds` says what so many of every rates take.
    ///
    /// # Errors
    /// Where nothing is known of the time, and where not even one seed fits.
    pub(super) fn fit(self, most: usize, seconds: impl Fn(usize) -> Option<f64>) -> Result<FittingSeeds> {
        for seeds in (1..=most).rev() {
            let Some(seconds) = seconds(seeds) else {
                bail!("--budget: what a run takes is not known on this device; a run of --limit 1 tells");
            };
            if seconds <= self.0.as_secs_f64() {
                return Ok(FittingSeeds { seeds, most, seconds });
            }
        }
        let one = duration(Duration::from_secs_f64(seconds(1).unwrap_or(f64::from(u32::MAX))));
        bail!(
            "--budget {self}: one seed of every rates takes about {one}, and none of them is left out: give more time"
        )
    }
}

impl FittingSeeds {
    /// Says how many seeds are run, and what differences they can be expected to find by the runs
    /// that have finished.
    pub fn lines(&self, budget: Budget, finished: &[Section]) -> Vec<String> {
        let FittingSeeds { seeds, most, seconds } = *self;
        let which = if seeds == most { "all " } else { "" };
        let of = if seeds == most { String::new() } else { format!(" of {most}") };
        let time = duration(Duration::from_secs_f64(seconds));
        let mut lines =
            vec![format!("{budget} are time for {which}{}{of} of every rates: about {time}", count(seeds, "seed"))];
        let known = finished.iter().filter_map(|section| Some((section, section.analysis.detectable_with(seeds)?)));
        let found = known.map(|(section, difference)| {
            let name = &section.settings.experiment;
            format!(
                "{name}: {} would find a difference of {} points (chance 80 %)",
                count(seeds, "seed"),
                percent(difference)
            )
        });
        lines.extend(found);
        if lines.len() == 1 {
            lines.push(if seeds < LEAST_SEEDS {
                format!("no difference is judged with fewer than {LEAST_SEEDS} seeds")
            } else {
                format!("what difference they find is not known before {LEAST_SEEDS} seeds have finished")
            });
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_fit_into_the_time_and_no_rates_is_dropped() {
        let budget: Budget = "2h".parse().unwrap();
        // Half an hour for every seed.
        let seconds = |seeds: usize| Some(1800.0 * seeds as f64);
        let fits = |most| budget.fit(most, seconds).unwrap();
        assert_eq!(fits(9), FittingSeeds { seeds: 4, most: 9, seconds: 7200.0 });
        assert_eq!(fits(3).seeds, 3);
        // One that has finished takes no more time.
        assert_eq!(budget.fit(9, |seeds| Some(1800.0 * (seeds - 1) as f64)).unwrap().seeds, 5);
        let error = budget.fit(3, |seeds| Some(8000.0 * seeds as f64)).unwrap_err().to_string();
        assert!(error.contains("one seed of every rates takes about 2 h 13 min"), "{error}");
        assert!(budget.fit(3, |_| None).unwrap_err().to_string().contains("not known on this device"));
    }

    #[test]
    fn what_is_not_known_is_said() {
        let budget: Budget = "90min".parse().unwrap();
        let of = |seeds| FittingSeeds { seeds, most: 5, seconds: 3000.0 }.lines(budget, &[]).join("; ");
        assert!(
            of(2).starts_with("1 h 30 min are time for 2 seeds of 5 of every rates: about 50 min 00 s; no difference")
        );
        assert!(
            of(5).contains("all 5 seeds of every rates") && of(5).contains("not known before 3 seeds"),
            "{}",
            of(5)
        );
    }

    #[test]
    fn text_is_a_time() {
        assert_eq!("1h 30min".parse::<Budget>(), Ok(Budget(Duration::from_secs(5400))));
        for text in ["", "2", "-2h", "0s", "two hours"] {
            assert!(text.parse::<Budget>().is_err(), "{text}");
        }
    }
}
