//! A parabola in the logarithm of the relative rate, by least squares.

/// score = height + slope x + curvature x^2 with x = ln(relative rate) - centre.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parabola {
    /// Mean of the logarithms: keeps the equations well-conditioned.
    pub centre: f64,
    pub height: f64,
    pub slope: f64,
    pub curvature: f64,
}

impl Parabola {
    /// The parabola with the smallest sum of squared residuals through (relative rate, score).
    /// `None` where fewer than three relative rates differ.
    pub fn fit(points: &[(f64, f64)]) -> Option<Self> {
        let count = points.len() as f64;
        let centre = points.iter().map(|(rate, _)| rate.ln()).sum::<f64>() / count;
        // Sums of x^k and of score x^k, from which the normal equations are made.
        let (mut powers, mut moments) = ([0.0; 5], [0.0; 3]);
        for (rate, score) in points {
            let x = rate.ln() - centre;
            (0..5).for_each(|k| powers[k] += x.powi(k as i32));
            (0..3).for_each(|k| moments[k] += score * x.powi(k as i32));
        }
        let matrix = [0, 1, 2].map(|row| [0, 1, 2].map(|column| powers[row + column]));
        let [height, slope, curvature] = solve(matrix, moments)?;
        Some(Parabola { centre, height, slope, curvature })
    }

    /// The score at a relative rate.
    pub fn at(&self, relative_rate: f64) -> f64 {
        let x = relative_rate.ln() - self.centre;
        self.height + self.slope * x + self.curvature * x * x
    }

    /// The relative rate at its peak; `None` where it opens upwards or is a line.
    pub fn peak(&self) -> Option<f64> {
        (self.curvature < 0.0).then(|| (self.centre - self.slope / (2.0 * self.curvature)).exp())
    }

    /// The relative rate in `low..=high` at which it is highest: the peak, or the better end.
    pub fn best_in(&self, low: f64, high: f64) -> f64 {
        match self.peak() {
            Some(peak) => peak.clamp(low, high),
            None if self.at(low) >= self.at(high) => low,
            None => high,
        }
    }
}

/// Three linear equations by Cramer's rule; `None` where they are dependent.
fn solve(matrix: [[f64; 3]; 3], right: [f64; 3]) -> Option<[f64; 3]> {
    let whole = determinant(&matrix);
    // Relative to the product of the diagonal, which is what an independent system of this kind is
    // of the order of.
    let scale = matrix[0][0] * matrix[1][1] * matrix[2][2];
    // Written so that NaN is refused too.
    let independent = whole.abs() > 1e-9 * scale;
    independent.then(|| {
        [0, 1, 2].map(|column| {
            let mut replaced = matrix;
            (0..3).for_each(|row| replaced[row][column] = right[row]);
            determinant(&replaced) / whole
        })
    })
}

fn determinant([a, b, c]: &[[f64; 3]; 3]) -> f64 {
    a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_through_the_points_of_a_parabola() {
        let truth = |rate: f64| 0.8 - 0.03 * (rate / 0.3).ln().powi(2);
        let points: Vec<_> = [0.05, 0.1, 0.3, 0.9, 2.0].map(|rate| (rate, truth(rate))).to_vec();
        let fit = Parabola::fit(&points).unwrap();
        assert!((fit.peak().unwrap() - 0.3).abs() < 1e-9, "{fit:?}");
        assert!((fit.at(0.6) - truth(0.6)).abs() < 1e-12);
        assert!((fit.best_in(0.4, 0.9) - 0.4).abs() < 1e-12);
    }

    /// Against the normal equations in exact rational arithmetic (Python's `fractions`).
    #[test]
    fn smallest_squares() {
        let points = [(0.14, 70.0), (0.14, 71.0), (0.28, 74.0), (0.28, 72.0), (0.56, 71.5)];
        let fit = Parabola::fit(&points).unwrap();
        let expected = [-1.411_595_111_924_876_4, 72.82, 1.875_503_553_155_651_9, -4.162_737_962_011_215_5];
        let found = [fit.centre, fit.height, fit.slope, fit.curvature];
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}");
    }

    #[test]
    fn upwards_has_no_peak_and_the_better_end_wins() {
        let points = [(0.1, 0.8), (0.2, 0.7), (0.4, 0.75)];
        let fit = Parabola::fit(&points).unwrap();
        assert_eq!((fit.peak(), fit.best_in(0.1, 0.4)), (None, 0.1));
    }

    #[test]
    fn two_rates_are_too_few() {
        assert_eq!(Parabola::fit(&[(0.1, 0.8), (0.2, 0.7), (0.2, 0.71), (0.1, 0.79)]), None);
        assert_eq!(Parabola::fit(&[]), None);
    }
}
