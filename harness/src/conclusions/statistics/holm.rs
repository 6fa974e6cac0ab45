//! Several comparisons at once.

/// Holm's correction (Holm 1979): p-values such that calling those below α a difference errs in any
/// of them with a chance of α at most, however they depend on each other. The k-th smallest of m
/// becomes the largest of (m - j + 1) · p(j) over j ≤ k, 1 at most.
///
/// In the order given. One that is not a number counts as 1.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    let value = |index: usize| if p_values[index].is_nan() { 1.0 } else { p_values[index] };
    order.sort_by(|&a, &b| value(a).total_cmp(&value(b)));
    let mut corrected = vec![0.0; p_values.len()];
    let mut largest = 0.0f64;
    for (rank, &index) in order.iter().enumerate() {
        largest = largest.max(((p_values.len() - rank) as f64 * value(index)).min(1.0));
        corrected[index] = largest;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(got: &[f64], expected: &[f64]) {
        assert_eq!(got.len(), expected.len());
        assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{got:?}, not {expected:?}");
    }

    #[test]
    fn the_textbook_example() {
        // 4 · 0.005, 3 · 0.01, 2 · 0.03, and 0.04 not below the one before.
        assert_close(&holm(&[0.01, 0.04, 0.03, 0.005]), &[0.03, 0.06, 0.06, 0.02]);
    }

    /// Holm's procedure is the closed test of Bonferroni's: the largest corrected p of all families
    /// with the member.
    #[test]
    fn it_is_the_closed_test() {
        let families: [&[f64]; 5] = [
            &[0.01, 0.04, 0.03, 0.005],
            &[0.5, 0.9, 0.2],
            &[0.02, 0.02, 0.02, 0.02, 0.7],
            &[0.0, 1.0, 0.3, 0.049, 0.001, 0.012],
            &[0.03],
        ];
        for p in families {
            let closed = |member: usize| {
                let with = (1u32..1 << p.len()).filter(|family| family >> member & 1 == 1);
                let bonferroni = with.map(|family| {
                    let least = (0..p.len()).filter(|i| family >> i & 1 == 1).map(|i| p[i]).fold(1.0, f64::min);
                    (f64::from(family.count_ones()) * least).min(1.0)
                });
                bonferroni.fold(0.0, f64::max)
            };
            assert_close(&holm(p), &(0..p.len()).map(closed).collect::<Vec<_>>());
        }
    }

    #[test]
    fn nothing_and_no_number() {
        assert!(holm(&[]).is_empty());
        assert_close(&holm(&[f64::NAN, 0.01]), &[1.0, 0.02]);
    }
}
