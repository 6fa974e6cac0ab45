//! What `atrous rates` prints.

use super::{
    Basis, Branch, ClaimVerdict, Evidence, Optimum, OptimumVerdict, Pooled, RULE, Range, Reach, Recommendation, Series,
    SizeClaim, SizeSlope, UNKNOWN, feature_size,
};
use crate::conclusions::format::{self, count, relative_rate, share};
use serde::Serialize;
use std::fmt;

/// Rates examined on the map of an input size, and those recommended for it.
#[derive(Clone, Debug, Serialize)]
pub struct Examination {
    /// Height and width of the input, in pixels.
    pub input: [usize; 2],
    pub output_stride: usize,
    /// Height and width of the ASPP's map.
    pub feature: [usize; 2],
    /// Whether rates follow from the size of the input, by the evidence.
    pub claim: SizeClaim,
    /// What the evidence says of the claim for this map's shorter side.
    pub claim_here: ClaimVerdict,
    pub branches: Vec<ExaminedBranch>,
    pub recommendation: Recommendation,
    pub rule: &'static str,
    /// What the rule does not know.
    pub unknown: &'static str,
    /// Empty without evidence.
    pub evidence: Vec<MeasuredSeries>,
}

/// A branch with the numbers that follow from it.
#[derive(Clone, Debug, Serialize)]
pub struct ExaminedBranch {
    /// Pixels.
    pub field_of_view: usize,
    pub dead: f64,
    pub relative_rate: f64,
    #[serde(flatten)]
    pub branch: Branch,
}

/// A series and its optimum.
#[derive(Clone, Debug, Serialize)]
pub struct MeasuredSeries {
    pub series: Series,
    pub optimum: Optimum,
}

impl Examination {
    /// Examines these rates or, where there are none, the recommended ones. `evidence`: what the
    /// recommendation is to rest on, if it can.
    pub fn new(
        input: [usize; 2],
        output_stride: usize,
        rates: &[usize],
        branches: usize,
        evidence: Option<&Evidence>,
    ) -> Self {
        let feature = feature_size(input, output_stride);
        let claim = SizeClaim::of(evidence.unwrap_or(&Evidence::default()));
        let recommendation = match evidence {
            Some(evidence) => Recommendation::from_evidence(feature, branches, evidence, &claim),
            None => Recommendation::geometric(feature, branches),
        };
        let rates = if rates.is_empty() { &recommendation.rates } else { rates };
        let measured = |series: &Series| MeasuredSeries { optimum: Optimum::of(series), series: series.clone() };
        Examination {
            input,
            output_stride,
            feature,
            branches: rates.iter().map(|rate| ExaminedBranch::new(*rate, feature, output_stride)).collect(),
            recommendation,
            claim_here: claim.verdict_at(feature[0].min(feature[1])),
            claim,
            rule: RULE,
            unknown: UNKNOWN,
            evidence: evidence.map_or_else(Vec::new, |evidence| evidence.series.iter().map(measured).collect()),
        }
    }
}

impl ExaminedBranch {
    fn new(rate: usize, feature: [usize; 2], output_stride: usize) -> Self {
        let branch = Branch::new(rate, feature);
        let (field_of_view, dead) = (branch.field_of_view(output_stride), branch.dead());
        ExaminedBranch { field_of_view, dead, relative_rate: branch.relative_rate(), branch }
    }
}

/// For people.
pub fn text(examination: &Examination) -> String {
    let Examination { input: [height, width], output_stride, feature: [rows, columns], .. } = examination;
    let mut text = format!("{}\n\n", sentence(examination));
    text += &format!(
        "Input {height}x{width}, output stride {output_stride}: the ASPP sees a map of {rows}x{columns}, F = {}.\n\n",
        rows.min(columns)
    );
    text += &branches(examination);
    text += &format!("\nRecommended: {}\n", recommended(&examination.recommendation));
    for measured in &examination.evidence {
        text += &format!("  {}\n", evidence_line(measured));
    }
    text += &format!("\n{UNKNOWN}\nThe rule: {}\n{}\n", examination.rule, LIMITS);
    text
}

const LIMITS: &str = "It is this program's own, from geometry alone, and no formula of the paper (which is not known to us): it \
says from where on a branch loses its taps, not which rates score best. That takes measured sweeps (--evidence).";

/// What is known of the claim for this map, in one sentence.
fn sentence(examination: &Examination) -> String {
    const CLAIM: &str = "the best rates follow from the size of the input";
    let Examination { claim, feature, .. } = examination;
    let size = feature[0].min(feature[1]);
    let sizes = match (claim.sizes.first(), claim.sizes.last()) {
        (Some(low), Some(high)) if low < high => format!("F = {low} to {high}"),
        (Some(only), _) => format!("F = {only}"),
        _ => return format!("Whether {CLAIM} is open at F = {size}: {}.", claim.why),
    };
    let slope = claim.slope.map_or_else(String::new, |slope| format!("; {}", slope_text(&slope)));
    let why = &claim.why;
    let judged = match claim.verdict {
        ClaimVerdict::Supported => format!("For {sizes} the runs support that {CLAIM}: {why}{slope}."),
        ClaimVerdict::Contradicted => format!("For {sizes} the runs contradict that {CLAIM}: {why}{slope}."),
        ClaimVerdict::Open => return format!("Whether {CLAIM} is open at F = {size}: {why}{slope}."),
    };
    if claim.reaches(size) {
        judged
    } else {
        format!("Whether {CLAIM} is open at F = {size}, which was not measured. {judged}")
    }
}

fn slope_text(slope: &SizeSlope) -> String {
    let end = |end: Option<f64>, none: &str| end.map_or_else(|| none.to_owned(), |end| format!("{end:.2}"));
    format!(
        "the slope of ln(best r) on ln(F) is {:.2}, 95 % interval {} to {} (1: the size decides, 0: the objects do)",
        slope.slope,
        end(slope.low, "below -3"),
        end(slope.high, "above 3")
    )
}

fn branches(examination: &Examination) -> String {
    let mut text = format!(
        "{:>5}  {:>13}  {:>7}  {:>11}  {:>10}  {:>7}  {:>6}  {:>5}\n",
        "rate", "field of view", "centre", "above/below", "left/right", "corners", "dead", "ρ"
    );
    for examined in &examination.branches {
        let branch = &examined.branch;
        let valid = |row, column| branch.valid(row, column).map_or_else(|| "-".to_owned(), share);
        text += &format!(
            "{:>5}  {:>10} px  {:>7}  {:>11}  {:>10}  {:>7}  {:>6}  {:>5.2}\n",
            branch.rate,
            examined.field_of_view,
            valid(0, 0),
            valid(1, 0),
            valid(0, 1),
            valid(1, 1),
            share(examined.dead),
            examined.relative_rate
        );
    }
    text + "\nField of view: side of the square that the taps span. Centre to corners: share of the positions from which these taps \
            see\nthe map. Dead: share of the branch's multiplications that read padding. ρ: rate / F.\n"
}

fn recommended(recommendation: &Recommendation) -> String {
    let rates = recommendation.rates.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    let basis = match &recommendation.basis {
        Basis::Geometry { why: None } => "by the geometric rule; it rests on no measurement".into(),
        Basis::Geometry { why: Some(why) } => {
            format!("by the geometric rule, because the evidence determines none: {why}")
        }
        Basis::Evidence { pooled } => pooled_text(pooled),
    };
    format!("{rates} (ρ = {:.2}), {basis}", recommendation.relative_rate)
}

fn pooled_text(pooled: &Pooled) -> String {
    let Pooled { best, interval, reach, series, datasets, runs, seeds } = pooled;
    format!(
        "from measurement: the best ρ is {best:.2}, 95 % interval {}, {}; it rests on {} of {} on {}, {} each",
        range(*interval),
        match reach {
            Reach::BySize => "the same for all sizes between those measured",
            Reach::ByObjects => "as the best rate is the same for all sizes between those measured",
            Reach::ThisSize => "for this size alone",
        },
        count(*runs, "run", "runs"),
        count(*series, "experiment", "experiments"),
        count(*datasets, "data set", "data sets"),
        count(*seeds, "seed", "seeds"),
    )
}

fn range(Range { low, high }: Range) -> String {
    format::range(low, high, relative_rate)
}

/// What one series says.
fn evidence_line(MeasuredSeries { series, optimum }: &MeasuredSeries) -> String {
    let Series { experiment, dataset, metric, .. } = series;
    let drawn = if series.synthetic { ", images drawn by the program" } else { "" };
    let measured = optimum.measured.map_or_else(|| "none".into(), range);
    format!(
        "{experiment} ({}, {metric}{drawn}): {}, {}, ρ {measured}: {}",
        dataset.title(),
        count(series.points.len(), "run", "runs"),
        count(series.seeds(), "seed", "seeds"),
        optimum.verdict
    )
}

impl fmt::Display for OptimumVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptimumVerdict::TooFewRates { rates } => write!(f, "too few rates ({rates}, a parabola takes 3)"),
            OptimumVerdict::TooFewRuns { runs } => {
                write!(f, "too few runs ({runs}): a parabola fits them exactly, and nothing tells noise from effect")
            }
            OptimumVerdict::NoEffect { p } => write!(f, "no rate is known to be better than another (p {p:.2})"),
            OptimumVerdict::AtTheEnd { best, interval } => {
                let interval = range(*interval);
                write!(f, "no optimum inside the measured range; best at its end, {best:.2} (interval {interval})")
            }
            OptimumVerdict::Undetermined { interval, .. } => {
                write!(
                    f,
                    "undetermined: the curve may be flat, or its interval {} covers what was measured",
                    range(*interval)
                )
            }
            OptimumVerdict::Inside { best, interval } => {
                write!(f, "best ρ {best:.2}, 95 % interval {}", range(*interval))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::made_up::{at_size, series};
    use super::*;

    #[test]
    fn the_text_of_a_map_without_evidence() {
        let text = text(&Examination::new([512, 1024], 8, &[1, 12, 36], 3, None));
        assert!(text.contains("map of 64x128, F = 64"), "{text}");
        // 1 - 36/64, 1 - 36/128, their product, and 1 - (1 + 2 * 0.4375)(1 + 2 * 0.71875) / 9.
        let line = text.lines().find(|line| line.trim_start().starts_with("36 ")).unwrap();
        let fields: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(fields, ["36", "584", "px", "100.0%", "43.8%", "71.9%", "31.4%", "49.2%", "0.56"]);
        assert!(text.contains("Recommended: 1,10,21,31 (ρ = 0.48), by the geometric rule; it rests on no measurement"));
        assert!(text.contains("no formula of the paper") && !text.contains("in most places"), "{text}");
        assert!(text.starts_with(
            "Whether the best rates follow from the size of the input is open at F = 64: nothing was measured."
        ));
        assert!(text.find("does not know").unwrap() < text.find("The rule: ").unwrap(), "{text}");
    }

    #[test]
    fn recommended_rates_are_examined_where_none_are_given() {
        let rates = |given: &[usize]| {
            let found = Examination::new([65, 65], 8, given, 2, None);
            found.branches.iter().map(|examined| examined.branch.rate).collect::<Vec<_>>()
        };
        assert_eq!(rates(&[]), [1, 2, 4]);
        assert_eq!(rates(&[7]), [7]);
    }

    #[test]
    fn the_text_says_what_evidence_rests_on() {
        let evidence = Evidence { series: vec![series(0.3, 0.02, 0.002, 0)], ..Evidence::default() };
        let text = text(&Examination::new([100, 100], 1, &[], 3, Some(&evidence)));
        assert!(
            text.starts_with(
                "Whether the best rates follow from the size of the input is open at F = 100: F = 100 alone"
            )
        );
        assert!(
            text.contains("for this size alone; it rests on 15 runs of 1 experiment on 1 data set, 3 seeds each"),
            "{text}"
        );
        assert!(text.contains("made-up (STARE, mDice): 15 runs, 3 seeds, ρ 0.07 to 1.10: best ρ 0.3"), "{text}");
        let few =
            Evidence { series: vec![Series { points: vec![], ..series(0.3, 0.0, 0.0, 0) }], ..Evidence::default() };
        let text = super::text(&Examination::new([128, 128], 1, &[], 3, Some(&few)));
        assert!(text.contains("the evidence determines none: no run has a score"), "{text}");
        assert!(text.contains("too few rates (0"), "{text}");
    }

    #[test]
    fn the_first_sentence_answers_the_claim_for_the_sizes_that_were_measured() {
        let begins = |best: fn(f64) -> f64, side: usize| {
            let series = [32, 64, 128].map(|size| at_size(size, best(size as f64), 0.0052, 0.002, size as u64)).into();
            let text =
                text(&Examination::new([side, side], 1, &[], 3, Some(&Evidence { series, ..Evidence::default() })));
            text.lines().next().unwrap().to_owned()
        };
        let size = begins(|size| 0.375 * size, 64);
        assert!(
            size.starts_with("For F = 32 to 128 the runs support that the best rates follow from the size"),
            "{size}"
        );
        assert!(size.contains("slope of ln(best r) on ln(F) is 1.0") || size.contains("is 0.9"), "{size}");
        let objects = begins(|_| 24.0, 64);
        assert!(objects.starts_with("For F = 32 to 128 the runs contradict that"), "{objects}");
        let beyond = begins(|size| 0.375 * size, 256);
        assert!(beyond.contains("is open at F = 256, which was not measured. For F = 32 to 128"), "{beyond}");
    }
}
