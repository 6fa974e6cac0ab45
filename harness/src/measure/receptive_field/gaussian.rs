//! The Gaussian that is nearest to a map.

use super::Map;
use serde::Serialize;
use std::f64::consts::{LN_2, PI};

/// `amplitude * exp(-(y - cy)^2 / (2 sigma_y^2) - (x - cx)^2 / (2 sigma_x^2))`, fitted by least squares over all pixels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Gaussian {
    /// In units of the map, whose sum is 1.
    pub amplitude: f64,
    /// Row and column of its peak, in pixels of the input.
    pub centre: [f64; 2],
    /// In pixels, across rows.
    pub sigma_y: f64,
    /// In pixels, across columns.
    pub sigma_x: f64,
    /// 1 - (sum of squared residuals) / (sum of squared distances from the map's mean).
    pub r_squared: f64,
}

/// Amplitude, centre and sigmas.
const PARAMETERS: usize = 5;
/// Powers of `y - cy` and `x - cx` that the derivative by each parameter has as a factor.
const POWERS: [[usize; 2]; PARAMETERS] = [[0, 0], [1, 0], [0, 1], [2, 0], [0, 2]];

type Vector = [f64; PARAMETERS];

/// The fitted Gaussian; `None` for a map of equal values, which has no width.
///
/// The sum of squares has several minima where a sharp peak stands on broad tails, so the fit starts from several widths, and
/// the best result counts.
pub(super) fn fit(map: &Map) -> Option<Gaussian> {
    let peak = map.peak();
    let values: Vec<f64> = map.values.iter().map(|value| value / peak).collect();
    let problem = Problem { size: map.size, values: &values };
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let spread: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    if spread <= f64::EPSILON * values.len() as f64 {
        return None;
    }
    let fits = problem.starts().into_iter().map(|start| problem.descend(start));
    let best = fits.min_by(|a, b| a.squares.total_cmp(&b.squares))?;
    let [amplitude, cy, cx, log_y, log_x] = best.parameters;
    Some(Gaussian {
        amplitude: amplitude * peak,
        centre: [cy, cx],
        sigma_y: log_y.exp(),
        sigma_x: log_x.exp(),
        r_squared: 1.0 - best.squares / spread,
    })
}

/// The values to be fitted, with a peak of 1.
struct Problem<'a> {
    size: [usize; 2],
    values: &'a [f64],
}

/// Parameters, and how far they are from the values: amplitude, centre (row, column), logarithms of the sigmas.
#[derive(Clone, Copy)]
struct Fit {
    parameters: Vector,
    squares: f64,
}

/// The Gaussian's factor along one axis, and the distance of each pixel from its centre.
struct Axis {
    factors: Vec<f64>,
    distances: Vec<f64>,
}

impl Axis {
    fn new(side: usize, centre: f64, sigma: f64) -> Self {
        let distances: Vec<f64> = (0..side).map(|at| at as f64 - centre).collect();
        let factors = distances.iter().map(|d| (-0.5 * (d / sigma).powi(2)).exp()).collect();
        Axis { factors, distances }
    }

    /// Sum of the squared factors times a power of the distance.
    fn moment(&self, power: usize) -> f64 {
        self.factors.iter().zip(&self.distances).map(|(f, d)| f * f * d.powi(power as i32)).sum()
    }
}

/// The linear equations of one step.
struct Equations {
    /// Products of the derivatives by two parameters.
    matrix: [Vector; PARAMETERS],
    /// Products of the derivatives and the residuals.
    right: Vector,
    squares: f64,
}

impl Problem<'_> {
    /// Widths of the peak, of the whole map, and between them.
    fn starts(&self) -> Vec<Vector> {
        let [_, width] = self.size;
        let total: f64 = self.values.iter().sum();
        let pixels = || self.values.iter().enumerate().map(|(i, v)| ([(i / width) as f64, (i % width) as f64], *v));
        let mean = |f: &dyn Fn([f64; 2]) -> f64| pixels().map(|(at, v)| v * f(at)).sum::<f64>() / total;
        let centre = [mean(&|at| at[0]), mean(&|at| at[1])];
        let deviation = |axis: usize| mean(&|at| (at[axis] - centre[axis]).powi(2)).sqrt().max(0.3);
        let broad = [deviation(0), deviation(1)];
        let (peak, _) = pixels().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or(([0.0; 2], 0.0));
        // A Gaussian is above half of its peak on an area of 2 pi ln 2 sigma^2.
        let above = self.values.iter().filter(|value| **value >= 0.5).count() as f64;
        let sharp = [(above / (2.0 * PI * LN_2)).sqrt().max(0.3); 2];
        let between = [0, 1].map(|axis| (broad[axis] * sharp[axis]).sqrt());
        let start = |centre: [f64; 2], sigma: [f64; 2]| [1.0, centre[0], centre[1], sigma[0].ln(), sigma[1].ln()];
        vec![start(peak, sharp), start(peak, between), start(centre, broad)]
    }

    /// Levenberg's and Marquardt's way down from a start.
    fn descend(&self, start: Vector) -> Fit {
        let mut equations = self.equations(&start);
        let mut fit = Fit { parameters: start, squares: equations.squares };
        let mut damping = 1e-3;
        for _ in 0..500 {
            let step = solve(&equations.matrix, &equations.right, damping);
            let next = step.map(|step| self.bounded(std::array::from_fn(|i| fit.parameters[i] + step[i])));
            match next.map(|next| (next, self.equations(&next))) {
                Some((next, found)) if found.squares < fit.squares => {
                    let gain = fit.squares - found.squares;
                    fit = Fit { parameters: next, squares: found.squares };
                    equations = found;
                    damping = (damping / 5.0).max(1e-12);
                    if gain <= 1e-14 * fit.squares {
                        break;
                    }
                }
                _ if damping > 1e12 => break,
                _ => damping *= 5.0,
            }
        }
        fit
    }

    /// No sigma of less than a twentieth of a pixel, which no pixel could tell from zero, or of more than a hundred times the
    /// image.
    fn bounded(&self, mut parameters: Vector) -> Vector {
        for axis in 0..2 {
            parameters[3 + axis] = parameters[3 + axis].clamp(0.05f64.ln(), (100.0 * self.size[axis] as f64).ln());
        }
        parameters
    }

    /// The Gaussian is a product of a function of the row and one of the column: so are its derivatives, and most sums over
    /// the pixels are products of two sums along an axis.
    fn equations(&self, parameters: &Vector) -> Equations {
        let [amplitude, cy, cx, log_y, log_x] = *parameters;
        let sigmas = [log_y.exp(), log_x.exp()];
        let rows = Axis::new(self.size[0], cy, sigmas[0]);
        let columns = Axis::new(self.size[1], cx, sigmas[1]);
        let [over_y, over_x] = sigmas.map(|sigma| amplitude / (sigma * sigma));
        let factors: Vector = [1.0, over_y, over_x, over_y, over_x];
        let row_moments: [f64; 5] = std::array::from_fn(|power| rows.moment(power));
        let column_moments: [f64; 5] = std::array::from_fn(|power| columns.moment(power));
        let matrix = std::array::from_fn(|i| {
            std::array::from_fn(|j| {
                let [y, x] = [0, 1].map(|axis| POWERS[i][axis] + POWERS[j][axis]);
                factors[i] * factors[j] * row_moments[y] * column_moments[x]
            })
        });
        // The same sums with the residuals, which are no such product.
        let (mut right, mut squares) = ([0.0; PARAMETERS], 0.0);
        for (y, line) in self.values.chunks_exact(self.size[1]).enumerate() {
            let scale = amplitude * rows.factors[y];
            let mut sums = [0.0; 3];
            for ((value, factor), distance) in line.iter().zip(&columns.factors).zip(&columns.distances) {
                let residual = value - scale * factor;
                squares += residual * residual;
                let product = residual * factor;
                sums[0] += product;
                sums[1] += product * distance;
                sums[2] += product * distance * distance;
            }
            for (i, [power_y, power_x]) in POWERS.into_iter().enumerate() {
                let row = rows.factors[y] * rows.distances[y].powi(power_y as i32);
                right[i] += factors[i] * row * sums[power_x];
            }
        }
        Equations { matrix, right, squares }
    }
}

/// Solves `(matrix + damping * diagonal) x = right` by elimination with pivots; `None` where it is singular.
fn solve(matrix: &[Vector; PARAMETERS], right: &Vector, damping: f64) -> Option<Vector> {
    let (mut left, mut right) = (*matrix, *right);
    for (i, row) in left.iter_mut().enumerate() {
        row[i] *= 1.0 + damping;
    }
    for column in 0..PARAMETERS {
        let pivot = (column..PARAMETERS).max_by(|a, b| left[*a][column].abs().total_cmp(&left[*b][column].abs()))?;
        left.swap(column, pivot);
        right.swap(column, pivot);
        if left[column][column].abs() < f64::MIN_POSITIVE {
            return None;
        }
        let pivot = left[column];
        for row in column + 1..PARAMETERS {
            let factor = left[row][column] / pivot[column];
            left[row].iter_mut().zip(pivot).for_each(|(value, pivot)| *value -= factor * pivot);
            right[row] -= factor * right[column];
        }
    }
    for row in (0..PARAMETERS).rev() {
        let known: f64 = (row + 1..PARAMETERS).map(|k| left[row][k] * right[k]).sum();
        right[row] = (right[row] - known) / left[row][row];
    }
    right.iter().all(|value| value.is_finite()).then_some(right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::receptive_field::tests::example;

    fn bell(y: usize, x: usize, [cy, cx]: [f64; 2], [sy, sx]: [f64; 2]) -> f64 {
        (-0.5 * (((y as f64 - cy) / sy).powi(2) + ((x as f64 - cx) / sx).powi(2))).exp()
    }

    #[test]
    fn a_gaussian_is_found_again() {
        for (centre, sigma) in [([31.3, 40.0], [2.5, 7.0]), ([30.0, 44.4], [9.0, 1.2]), ([33.0, 38.0], [0.6, 0.8])] {
            let map = example([64, 81], [32, 40], &[1], |y, x| bell(y, x, centre, sigma));
            let found = fit(&map).unwrap();
            let gaps = [
                found.centre[0] - centre[0],
                found.centre[1] - centre[1],
                found.sigma_y - sigma[0],
                found.sigma_x - sigma[1],
                found.r_squared - 1.0,
            ];
            assert!(gaps.iter().all(|gap| gap.abs() < 1e-6), "{found:?}");
            // Independently: the second moments of the whole map. Where sigma is a pixel or less, the sum over the grid is
            // no longer the integral.
            if sigma.iter().all(|sigma| *sigma > 1.0) {
                let moment = |axis: usize| {
                    let squares = map.values.iter().enumerate().map(|(i, v)| {
                        let at = [i / 81, i % 81][axis] as f64;
                        v * (at - centre[axis]).powi(2)
                    });
                    squares.sum::<f64>().sqrt()
                };
                assert!((moment(0) - found.sigma_y).abs() < 0.02 * found.sigma_y, "{found:?}");
                assert!((moment(1) - found.sigma_x).abs() < 0.02 * found.sigma_x, "{found:?}");
            }
        }
    }

    /// No parameter of the best fit can be moved without making it worse.
    #[test]
    fn the_squares_are_least() {
        let map = example([40, 40], [20, 20], &[1], |y, x| {
            let noise = ((y * 31 + x * 17) % 13) as f64 / 130.0;
            bell(y, x, [20.0, 19.0], [1.5, 2.0]) + 0.2 * bell(y, x, [22.0, 20.0], [9.0, 8.0]) + noise
        });
        let best = fit(&map).unwrap();
        let squares = |parameters: [f64; 5]| -> f64 {
            let [amplitude, cy, cx, sy, sx] = parameters;
            let model = |i: usize| amplitude * bell(i / 40, i % 40, [cy, cx], [sy, sx]);
            map.values.iter().enumerate().map(|(i, v)| (v - model(i)).powi(2)).sum()
        };
        let parameters = [best.amplitude, best.centre[0], best.centre[1], best.sigma_y, best.sigma_x];
        let least = squares(parameters);
        for (index, value) in parameters.into_iter().enumerate() {
            for factor in [0.99, 1.01] {
                let mut moved = parameters;
                moved[index] = value * factor;
                assert!(squares(moved) > least, "parameter {index}");
            }
        }
        let mean = 1.0 / 1600.0;
        let spread: f64 = map.values.iter().map(|v| (v - mean).powi(2)).sum();
        assert!((best.r_squared - (1.0 - least / spread)).abs() < 1e-9 && best.r_squared < 0.99);
    }

    /// A sharp peak on broad tails, as ASPP heads have it. The fit that starts from the moments ends in the tails.
    #[test]
    fn the_better_of_two_minima_is_taken() {
        let map = example([200, 200], [100, 100], &[1], |y, x| {
            bell(y, x, [100.0, 100.0], [1.0, 1.0]) + 0.01 * bell(y, x, [60.0, 60.0], [40.0, 40.0])
        });
        let found = fit(&map).unwrap();
        assert!((found.sigma_x - 1.0).abs() < 0.05 && found.r_squared > 0.8, "{found:?}");
    }

    #[test]
    fn degenerate_maps_do_not_trap_the_fit() {
        assert_eq!(fit(&example([8, 8], [4, 4], &[1], |_, _| 1.0)), None);
        let dot = fit(&example([9, 9], [4, 4], &[1], |y, x| f64::from(u8::from(y == 4 && x == 4)))).unwrap();
        assert!(dot.sigma_x < 0.5 && dot.r_squared > 0.999 && dot.centre == [4.0, 4.0], "{dot:?}");
        let corner = fit(&example([9, 12], [0, 0], &[1], |y, x| bell(y, x, [0.0, 0.0], [3.0, 2.0]))).unwrap();
        assert!((corner.sigma_y - 3.0).abs() < 1e-6 && (corner.sigma_x - 2.0).abs() < 1e-6, "{corner:?}");
    }
}
