//! Numbers of things, in words.

/// Says how many there are: `1 run`, `2 runs`.
pub fn count(number: impl TryInto<u64>, thing: &str) -> String {
    match number.try_into().unwrap_or(u64::MAX) {
        1 => format!("1 {thing}"),
        number => format!("{number} {thing}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one() {
        assert_eq!([0usize, 1, 2].map(|number| count(number, "run")), ["0 runs", "1 run", "2 runs"]);
        assert_eq!(count(1u64, "image"), "1 image");
    }
}
