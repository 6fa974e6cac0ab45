//! What `atrous rates --evidence` says of made-up runs whose truth is known, as the table of
//! docs/notes/evidence.md.
//!
//!     cargo run --release --example simulate_evidence -- 1000
//!
//! The number is that of repetitions (default 400).

use atrous_harness::conclusions::guideline::made_up::{RATES, designed, runs};
use atrous_harness::conclusions::guideline::{ClaimVerdict, Evidence, Pooled, RateModel, Series, SizeClaim};
use atrous_harness::support::split_mix::SplitMix;

const SIZES: [usize; 3] = [32, 64, 128];

/// What the best rate follows in made-up runs.
#[derive(Clone, Copy)]
enum Truth {
    Flat,
    Size,
    Objects,
}

fn main() {
    let repetitions: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(400);
    noise(repetitions);
    println!(
        "\n| data sets | truth | lost two octaves off | sd of a run | supported | contradicted | open | least BIC is right | least left-out error is right | slope covered | best rate covered |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for sets in [1, 2] {
        for deviation in [0.006, 0.009] {
            for (truth, lost) in [
                (Truth::Flat, 0.0),
                (Truth::Size, 0.01),
                (Truth::Objects, 0.01),
                (Truth::Size, 0.005),
                (Truth::Objects, 0.005),
            ] {
                println!("{}", line(sets, truth, lost, deviation, repetitions));
            }
        }
    }
}

/// How often an optimum is named where there is none.
fn noise(repetitions: u64) {
    println!(
        "| flat data sets | an optimum is named at one size, 3 seeds | at three sizes, 8 seeds | a claim is supported or contradicted |"
    );
    println!("|---|---|---|---|");
    for sets in [1, 2, 3, 5] {
        let (mut one, mut three, mut judged) = (0, 0, 0);
        for repetition in 0..repetitions {
            let mut draws = SplitMix::new(1_000_000 * sets as u64 + repetition);
            let single = Evidence {
                series: (0..sets).map(|set| named(runs(128, &RATES, 3, 0.0065, &mut draws, |_| 0.0), set)).collect(),
                ..Evidence::default()
            };
            one += u64::from(Pooled::at(128, &single, &SizeClaim::of(&single)).is_ok());
            let all = evidence(sets, Truth::Flat, 0.0, 0.006, &mut draws);
            let claim = SizeClaim::of(&all);
            three += u64::from(SIZES.iter().any(|size| Pooled::at(*size, &all, &claim).is_ok()));
            judged += u64::from(claim.verdict != ClaimVerdict::Open);
        }
        let share = |count| percent(count, repetitions);
        println!("| {sets} | {} | {} | {} |", share(one), share(three), share(judged));
    }
}

fn line(sets: usize, truth: Truth, lost: f64, deviation: f64, repetitions: u64) -> String {
    let (mut verdicts, mut criterion, mut left_out, mut slopes, mut peaks, mut known) = ([0; 3], 0, 0, 0, 0, 0);
    let (name, model, slope, best) = match truth {
        Truth::Flat => ("flat", RateModel::Flat, None, None),
        Truth::Size => ("size", RateModel::Size, Some(1.0), Some(0.375)),
        Truth::Objects => ("objects", RateModel::Objects, Some(0.0), Some(24.0)),
    };
    for repetition in 0..repetitions {
        let claim = SizeClaim::of(&evidence(sets, truth, lost, deviation, &mut SplitMix::new(repetition)));
        verdicts[claim.verdict as usize] += 1;
        if let Some(models) = &claim.models {
            criterion += u64::from(models.best() == model);
            left_out += u64::from(models.best_left_out() == Some(model));
        }
        let found = claim.slope.expect("three sizes");
        let inside =
            |truth: f64| found.low.is_none_or(|low| low <= truth) && found.high.is_none_or(|high| truth <= high);
        slopes += u64::from(slope.is_some_and(inside));
        let curve = if matches!(truth, Truth::Objects) { claim.by_objects } else { claim.by_size };
        if let (Some(best), Some(curve)) = (best, curve) {
            known += 1;
            peaks += u64::from(curve.interval.contains(best));
        }
    }
    let share = |count| percent(count, repetitions);
    let [supported, contradicted, open] = verdicts.map(share);
    let covered = |count, of: u64, is_known: bool| if is_known { percent(count, of) } else { "-".into() };
    format!(
        "| {sets} | {name} | {:.1} | {:.1} | {supported} | {contradicted} | {open} | {} | {} | {} | {} |",
        100.0 * lost,
        100.0 * deviation,
        share(criterion),
        share(left_out),
        covered(slopes, repetitions, slope.is_some()),
        covered(peaks, known.max(1), best.is_some())
    )
}

/// The design of docs/notes/size-or-objects.md on several data sets: three sizes, five lists, eight
/// seeds.
fn evidence(sets: usize, truth: Truth, lost: f64, deviation: f64, draws: &mut SplitMix) -> Evidence {
    let mut series = Vec::new();
    for set in 0..sets {
        for size in SIZES {
            let best = match truth {
                Truth::Size => 0.375 * size as f64,
                Truth::Flat | Truth::Objects => 24.0,
            };
            let score = |rate: f64| -lost * ((rate / best).log2() / 2.0).powi(2);
            series.push(named(designed(size, 8, deviation, draws, score), set));
        }
    }
    Evidence { series, ..Evidence::default() }
}

/// A series of a data set of its own.
fn named(series: Series, set: usize) -> Series {
    Series { images: set.to_string(), ..series }
}

fn percent(count: u64, of: u64) -> String {
    format!("{:.1} %", 100.0 * count as f64 / of as f64)
}
