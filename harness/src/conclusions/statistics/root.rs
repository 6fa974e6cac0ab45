//! Roots of functions that fall.

/// The place above 0 where a function that falls crosses zero: the method of false position with
/// halved ends (Illinois; Dowell and Jarratt 1971), to rounding.
///
/// The function is above zero at 0.
pub(super) fn falling_root(function: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = ((0.0, function(0.0)), (2.0, function(2.0)));
    while high.1 > 0.0 {
        let next = 2.0 * high.0;
        (low, high) = (high, (next, function(next)));
    }
    let mut side = 0;
    for _ in 0..100 {
        if high.0 - low.0 <= 1e-13 * high.0 || high.1 == 0.0 {
            break;
        }
        let place = (low.0 * high.1 - high.0 * low.1) / (high.1 - low.1);
        let place = if place > low.0 && place < high.0 { place } else { (low.0 + high.0) / 2.0 };
        let value = function(place);
        if value > 0.0 {
            low = (place, value);
            high.1 = if side == 1 { high.1 / 2.0 } else { high.1 };
            side = 1;
        } else {
            high = (place, value);
            low.1 = if side == -1 { low.1 / 2.0 } else { low.1 };
            side = -1;
        }
    }
    high.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_of_known_functions() {
        assert!((falling_root(|x| 2.0 - x * x) - std::f64::consts::SQRT_2).abs() < 1e-12);
        assert!((falling_root(|x| (-x).exp() - 1e-9) - 1e-9f64.ln().abs()).abs() < 1e-9);
        assert!((falling_root(|x| 100.0 - x) - 100.0).abs() < 1e-10);
    }
}
