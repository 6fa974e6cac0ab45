//! A value that cannot be: its key, and why.

/// A key, such as `train.lr` or `rates[1]`, and why its value cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impossible {
    pub key: String,
    pub message: String,
}

/// What a check gives: nothing, or the key whose value cannot be.
pub type Checked<T = ()> = Result<T, Impossible>;

/// Refuses the value of `key` unless it is possible.
pub(crate) fn ensure(possible: bool, key: impl Into<String>, message: impl Into<String>) -> Checked {
    if possible { Ok(()) } else { Err(Impossible { key: key.into(), message: message.into() }) }
}

/// Refuses a height and width that are too large, zero, or no multiples of `divisor`.
pub(crate) fn check_sides(key: &str, [height, width]: [usize; 2], divisor: usize) -> Checked {
    let fits = |side: usize| (1..=65_536).contains(&side);
    ensure(fits(height) && fits(width), key, format!("sides must be in 1..=65536, are {height} and {width}"))?;
    ensure(
        height.is_multiple_of(divisor) && width.is_multiple_of(divisor),
        key,
        format!("sides must be multiples of {divisor} for this model, are {height} and {width}"),
    )
}
