//! The rates that an experiment may have.

use super::size::{MOST_LISTS, MOST_RATES};
use crate::experiment::Answer;
use crate::experiment::settings::{Checked, Impossible, ensure};
use std::collections::HashSet;

/// Whether these can be the rates of an experiment, and those it is compared with.
pub(super) fn check_all(all: &[Vec<usize>], baseline: &Vec<usize>) -> Checked {
    ensure(!all.is_empty(), "rates", "must hold at least one list of rates, such as [1, 12, 24, 36]")?;
    ensure(all.len() <= MOST_LISTS, "rates", format!("must be at most {} lists", MOST_LISTS))?;
    let mut seen = HashSet::new();
    for (index, rates) in all.iter().enumerate() {
        let key = format!("rates[{index}]");
        check_rates(rates).map_err(|message| Impossible { key: key.clone(), message })?;
        ensure(seen.insert(rates), &key, format!("{rates:?} is there twice"))?;
    }
    ensure(all.contains(baseline), "baseline", format!("must be one of the lists in rates, is {baseline:?}"))
}

/// Whether an experiment with these rates can show what is expected of it.
pub(super) fn check_expect(expect: Option<&Answer>, all: &[Vec<usize>]) -> Checked {
    let Some(answer) = expect else { return Ok(()) };
    if let Answer::Best(rates) = answer {
        ensure(all.contains(rates), "expect.best", format!("must be one of the lists in rates, is {rates:?}"))?;
    }
    ensure(all.len() >= 2, "expect", "needs two or more lists of rates, which are compared")
}

/// Whether a list can be an ASPP's rates.
///
/// # Errors
/// Why not.
pub fn check_rates(rates: &[usize]) -> Result<(), String> {
    if rates.is_empty() {
        return Err("must hold at least one rate".into());
    }
    if rates.len() > MOST_RATES {
        return Err(format!("must be at most {} rates, are {}", MOST_RATES, rates.len()));
    }
    if !rates.iter().all(|rate| (1..=65_536).contains(rate)) {
        return Err(format!("rates must be in 1..=65536, are {rates:?}"));
    }
    if !rates.windows(2).all(|pair| pair[0] < pair[1]) {
        return Err(format!("rates must be ascending, each larger than the one before, are {rates:?}"));
    }
    Ok(())
}
