//! Degrees of freedom of a variance that is put together.

use super::mean_squares::MeanSquares;

/// Degrees of freedom that the estimate from all arms counts for beside a pair's own.
const PRIOR: f64 = 8.0;

/// What Satterthwaite's degrees of freedom are short of where both parts have few: the share, times
/// the degrees of freedom of the part that has more (docs/notes/verdicts.md, "What was tried").
const SHORT: f64 = 0.9;

/// What [`of_sum`] takes off where one part has few degrees of freedom and the other many: the
/// share, times what the weighted ones count for (docs/notes/verdicts.md, "What was tried").
const UNEVEN: f64 = 0.2;

/// What a pair's own mean square of `freedom` degrees of freedom counts for beside that of all
/// arms, between 0 and 1.
pub(super) fn own_weight(freedom: f64) -> f64 {
    freedom / (freedom + PRIOR)
}

/// What the contrast of the common arm with the mean of the others counts for in a difference to
/// the common arm; the contrasts of the others among themselves count for the remaining share.
pub(super) fn common_weight(arms: usize) -> f64 {
    arms as f64 / (2 * (arms - 1)) as f64
}

/// Degrees of freedom of a mean square in which the pair's own counts for `own`, and each of the
/// independent contrasts of all arms has `freedom`.
pub(super) fn of_part(freedom: f64, arms: usize, own: f64) -> f64 {
    let common = common_weight(arms);
    let others = if arms > 2 { (1.0 - common).powi(2) / (arms - 2) as f64 } else { 0.0 };
    // Weights of independent estimates, squared. The pair is one of the contrasts of all arms.
    freedom / (own.powi(2) + (1.0 - own.powi(2)) * (common.powi(2) + others))
}

/// Degrees of freedom of [`MeanSquares::of_a_difference`], where seeds and subjects have so many:
/// between Satterthwaite's (1946) and those of both parts, weighted by their shares, and somewhat
/// more.
///
/// Satterthwaite's are too many where few degrees of freedom tell the shares and the other part has
/// many: a small estimate then passes for a well-known one. The weighted ones are too few where
/// both parts are large. With d degrees of freedom of the part that has fewer, and D of the other,
/// the weighted ones count for 2 / d, in reciprocals, where D is far above d, and not at all from
/// D = 1.5 d down (docs/notes/verdicts.md, "What was tried").
///
/// Where both parts have few, Satterthwaite's are too few (Johnson and Rust 1992, who multiply them
/// as well): an estimate of a variance that happens to be small also says that it is badly known.
/// So the result is multiplied by 1 + 0.9 / D.
///
/// [`of_part`] counts on arms that vary alike. A baseline that varies more has most of the variance
/// of a part, and so fewer degrees of freedom than that. Where no other part makes up for it, the
/// result is multiplied by 1 - 0.2 times what the weighted ones count for.
pub(super) fn of_sum(squares: MeanSquares, seeds: f64, subjects: f64) -> f64 {
    let (all, fewer, more) = (squares.of_a_difference(), seeds.min(subjects), seeds.max(subjects));
    if all == 0.0 {
        return fewer;
    }
    let by = |weigh: fn(f64) -> f64| {
        let subjects = if squares.subjects > squares.rest { weigh(squares.subjects / all) / subjects } else { 0.0 };
        weigh(squares.seeds / all) / seeds + subjects
    };
    let weighted = (2.0 / fewer).min(1.0) * (1.0 - 1.5 * fewer / more).max(0.0);
    (1.0 + SHORT / more) * (1.0 - UNEVEN * weighted)
        / (weighted * by(|share| share.min(1.0)) + (1.0 - weighted) * by(|share| share.powi(2)))
}
