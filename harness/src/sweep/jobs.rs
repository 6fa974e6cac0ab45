//! How many runs at a time somebody asks for.

use std::num::NonZeroUsize;
use std::str::FromStr;

/// How many runs at a time, as asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jobs {
    /// The number of runs that the machine has room for.
    Auto,
    Fixed(NonZeroUsize),
}

impl Jobs {
    /// Runs one after the other.
    pub const ONE: Jobs = Jobs::Fixed(NonZeroUsize::MIN);
}

impl FromStr for Jobs {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Jobs::Auto),
            _ => text.parse().map(Jobs::Fixed).map_err(|_| "must be a number of runs, at least 1, or auto"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_a_number_or_auto() {
        let three = Jobs::Fixed(NonZeroUsize::new(3).unwrap());
        assert_eq!(("auto".parse(), "3".parse(), "1".parse()), (Ok(Jobs::Auto), Ok(three), Ok(Jobs::ONE)));
        for text in ["0", "-1", "", "2.5", "all"] {
            assert!(text.parse::<Jobs>().unwrap_err().contains("at least 1"), "{text}");
        }
    }
}
