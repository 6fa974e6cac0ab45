//! Ordinary least squares with few columns.

/// A linear fit.
#[derive(Clone, Debug)]
pub(super) struct LeastSquares {
    pub coefficients: Vec<f64>,
    /// (XᵀX)⁻¹: times the variance of a value, the covariance of the coefficients.
    pub inverse: Vec<Vec<f64>>,
    /// Sum of the squared residuals.
    pub residual: f64,
}

impl LeastSquares {
    /// Fits values by columns. `None` where the columns depend on each other.
    pub fn fit(columns: &[Vec<f64>], values: &[f64]) -> Option<Self> {
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let normal: Vec<Vec<f64>> = columns.iter().map(|a| columns.iter().map(|b| product(a, b)).collect()).collect();
        let moments: Vec<f64> = columns.iter().map(|column| product(column, values)).collect();
        let inverse = inverse(&normal)?;
        let coefficients: Vec<f64> = inverse.iter().map(|row| product(row, &moments)).collect();
        let fitted = |index: usize| coefficients.iter().zip(columns).map(|(b, column)| b * column[index]).sum::<f64>();
        let residual = values.iter().enumerate().map(|(index, value)| (value - fitted(index)).powi(2)).sum();
        Some(LeastSquares { coefficients, inverse, residual })
    }
}

/// Inverts a symmetric matrix by Gauss and Jordan, scaled to a diagonal of ones; `None` where it is
/// singular.
fn inverse(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    /// A pivot below it is rounding.
    const SINGULAR: f64 = 1e-9;
    let size = matrix.len();
    let scale: Vec<f64> = (0..size).map(|i| matrix[i][i].sqrt()).collect();
    if !scale.iter().all(|scale| *scale > 1e-12) {
        return None;
    }
    let mut rows: Vec<Vec<f64>> = (0..size)
        .map(|i| {
            let left = (0..size).map(|j| matrix[i][j] / (scale[i] * scale[j]));
            left.chain((0..size).map(|j| f64::from(u8::from(i == j)))).collect()
        })
        .collect();
    for column in 0..size {
        let pivot = (column..size).max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))?;
        rows.swap(column, pivot);
        let value = rows[column][column];
        // Written so that NaN is refused too.
        let independent = value.abs() > SINGULAR;
        if !independent {
            return None;
        }
        rows[column].iter_mut().for_each(|entry| *entry /= value);
        let pivot_row = rows[column].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(index, _)| *index != column) {
            let factor = row[column];
            row.iter_mut().zip(&pivot_row).for_each(|(entry, pivot)| *entry -= factor * pivot);
        }
    }
    let unscaled = |(i, row): (usize, Vec<f64>)| (0..size).map(|j| row[size + j] / (scale[i] * scale[j])).collect();
    Some(rows.into_iter().enumerate().map(unscaled).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the normal equations in exact rational arithmetic (Python's `fractions`).
    #[test]
    fn a_parabola_through_five_points() {
        let points = [(0.14f64, 70.0), (0.14, 71.0), (0.28, 74.0), (0.28, 72.0), (0.56, 71.5)];
        let centre = points.iter().map(|(rate, _)| rate.ln()).sum::<f64>() / 5.0;
        let x: Vec<f64> = points.iter().map(|(rate, _)| rate.ln() - centre).collect();
        let columns = [vec![1.0; 5], x.clone(), x.iter().map(|x| x * x).collect()];
        let fit = LeastSquares::fit(&columns, &points.map(|(_, score)| score)).unwrap();
        let expected = [72.82, 1.875_503_553_155_651_9, -4.162_737_962_011_215_5];
        assert!(fit.coefficients.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{fit:?}");
        // 70 and 71, 74 and 72: half a point and one from their means each.
        assert!((fit.residual - 2.5).abs() < 1e-9, "{fit:?}");
    }

    #[test]
    fn the_inverse_is_one() {
        let columns = [vec![1.0, 2.0, 3.0, 4.0], vec![100.0, -50.0, 30.0, 20.0], vec![0.1, 0.2, -0.1, 0.5]];
        let fit = LeastSquares::fit(&columns, &[1.0, 2.0, 3.0, 4.0]).unwrap();
        for i in 0..3 {
            for j in 0..3 {
                let normal = |k: usize| (0..4).map(|n| columns[k][n] * columns[j][n]).sum::<f64>();
                let entry: f64 = (0..3).map(|k| fit.inverse[i][k] * normal(k)).sum();
                assert!((entry - f64::from(u8::from(i == j))).abs() < 1e-9, "{i} {j} {entry}");
            }
        }
    }

    #[test]
    fn columns_that_depend_on_each_other_have_no_fit() {
        assert!(LeastSquares::fit(&[vec![1.0, 2.0], vec![2.0, 4.0]], &[1.0, 1.0]).is_none());
        assert!(LeastSquares::fit(&[vec![0.0, 0.0]], &[1.0, 1.0]).is_none());
        assert!(LeastSquares::fit(&[vec![f64::NAN, 0.0]], &[1.0, 1.0]).is_none());
    }
}
