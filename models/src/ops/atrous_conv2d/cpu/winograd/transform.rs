//! The sums of F(4, 3): of source rows, of weights and of products, and what their gradients are.

use pulp::Simd;

/// Products of a group: six for four rows and three rows of taps.
pub const TERMS: usize = 6;
/// Rows of a group.
pub const GROUP_ROWS: usize = 4;
/// Rows of taps.
pub const TAP_ROWS: usize = 3;

/// Returns the sums of six source values that the products are made of.
#[inline(always)]
pub fn sources(d: [f32; TERMS]) -> [f32; TERMS] {
    let (even, odd) = (d[4] - 4.0 * d[2], d[3] - 4.0 * d[1]);
    let (near, far) = (d[4] - d[2], 2.0 * (d[3] - d[1]));
    [4.0 * d[0] - 5.0 * d[2] + d[4], even + odd, even - odd, near + far, near - far, 4.0 * d[1] - 5.0 * d[3] + d[5]]
}

/// Returns the sums of the weights of three taps that the products are made of.
#[inline(always)]
pub fn weights(g: [f32; TAP_ROWS]) -> [f32; TERMS] {
    let [first, middle, last] = [f64::from(g[0]), f64::from(g[1]), f64::from(g[2])];
    let (ends, outer) = ((first + last) / -6.0, first / 24.0 + last / 6.0);
    [
        (first / 4.0) as f32,
        (ends - middle / 6.0) as f32,
        (ends + middle / 6.0) as f32,
        (outer + middle / 12.0) as f32,
        (outer - middle / 12.0) as f32,
        last as f32,
    ]
}

/// Returns the four results from their six products.
#[inline(always)]
pub fn outputs<S: Simd>(simd: S, m: [S::f32s; TERMS]) -> [S::f32s; GROUP_ROWS] {
    let (two, four, eight) = (simd.splat_f32s(2.0), simd.splat_f32s(4.0), simd.splat_f32s(8.0));
    let (sum, difference) = (simd.add_f32s(m[1], m[2]), simd.sub_f32s(m[1], m[2]));
    let (outer_sum, outer_difference) = (simd.add_f32s(m[3], m[4]), simd.sub_f32s(m[3], m[4]));
    [
        simd.add_f32s(simd.add_f32s(m[0], sum), outer_sum),
        simd.mul_add_f32s(two, outer_difference, difference),
        simd.mul_add_f32s(four, outer_sum, sum),
        simd.add_f32s(simd.mul_add_f32s(eight, outer_difference, difference), m[5]),
    ]
}

/// Returns the gradients of the six products from those of the four results.
#[inline(always)]
pub fn product_gradients(y: [f32; GROUP_ROWS]) -> [f32; TERMS] {
    let (even, odd) = (y[0] + y[2], y[1] + y[3]);
    let (outer_even, outer_odd) = (y[0] + 4.0 * y[2], 2.0 * y[1] + 8.0 * y[3]);
    [y[0], even + odd, even - odd, outer_even + outer_odd, outer_even - outer_odd, y[3]]
}

/// Returns the gradients of the weights of three taps from those of their six sums.
#[inline(always)]
pub fn weight_gradients(u: [f32; TERMS]) -> [f32; TAP_ROWS] {
    let (sum, difference) = ((u[1] + u[2]) / 6.0, (u[2] - u[1]) / 6.0);
    let (outer_sum, outer_difference) = (u[3] + u[4], (u[3] - u[4]) / 12.0);
    [u[0] / 4.0 - sum + outer_sum / 24.0, difference + outer_difference, outer_sum / 6.0 - sum + u[5]]
}

/// Writes the six sums of the rows that a group sees.
#[inline(always)]
pub fn filter_rows(rows: [&[f32]; TERMS], lines: [&mut [f32]; TERMS]) {
    let [a, b, c, d, e, f] = rows;
    let width = a.len();
    let [b, c, d, e, f] = [&b[..width], &c[..width], &d[..width], &e[..width], &f[..width]];
    let [first, second, third, fourth, fifth, sixth] = lines.map(|line| &mut line[..width]);
    for x in 0..width {
        let sums = sources([a[x], b[x], c[x], d[x], e[x], f[x]]);
        (first[x], second[x], third[x]) = (sums[0], sums[1], sums[2]);
        (fourth[x], fifth[x], sixth[x]) = (sums[3], sums[4], sums[5]);
    }
}

/// Writes the six sums of what came back to a group.
#[inline(always)]
pub fn filter_gradients(rows: [&[f32]; GROUP_ROWS], lines: [&mut [f32]; TERMS]) {
    let [a, b, c, d] = rows;
    let width = a.len();
    let [b, c, d] = [&b[..width], &c[..width], &d[..width]];
    let [first, second, third, fourth, fifth, sixth] = lines.map(|line| &mut line[..width]);
    for x in 0..width {
        let sums = product_gradients([a[x], b[x], c[x], d[x]]);
        (first[x], second[x], third[x]) = (sums[0], sums[1], sums[2]);
        (fourth[x], fifth[x], sixth[x]) = (sums[3], sums[4], sums[5]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::Scalar;

    /// With small integers nothing is rounded but the weights' thirds.
    #[test]
    fn four_results_of_three_taps_come_from_six_products() {
        for number in 0..200u32 {
            let value = |place: u32| ((number * 31 + place * 17) % 23) as f32 - 11.0;
            let d: [f32; TERMS] = std::array::from_fn(|i| value(i as u32));
            let g: [f32; TAP_ROWS] = std::array::from_fn(|i| value(100 + i as u32));
            let (terms, filter) = (sources(d), weights(g));
            let results = outputs(Scalar, std::array::from_fn(|t| terms[t] * filter[t]));
            for (row, result) in results.into_iter().enumerate() {
                let exact: f32 = (0..TAP_ROWS).map(|tap| g[tap] * d[row + tap]).sum();
                assert!((result - exact).abs() < 1e-3, "row {row}: {result} is not {exact}");
            }
        }
    }

    #[test]
    fn gradients_of_weights_come_from_six_products() {
        for number in 0..200u32 {
            let value = |place: u32| ((number * 37 + place * 13) % 19) as f32 - 9.0;
            let d: [f32; TERMS] = std::array::from_fn(|i| value(i as u32));
            let y: [f32; GROUP_ROWS] = std::array::from_fn(|i| value(50 + i as u32));
            let (terms, grads) = (sources(d), product_gradients(y));
            let found = weight_gradients(std::array::from_fn(|t| terms[t] * grads[t]));
            for (tap, found) in found.into_iter().enumerate() {
                let exact: f32 = (0..GROUP_ROWS).map(|row| y[row] * d[row + tap]).sum();
                assert!((found - exact).abs() < 5e-3, "tap {tap}: {found} is not {exact}");
            }
        }
    }
}
