//! The error of a name that nothing has, and the name that was meant.

/// A name that is none of the data sets or splits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} `{given}`{meant}; known are {known}")]
pub struct UnknownName {
    what: &'static str,
    given: String,
    meant: String,
    known: String,
}

impl UnknownName {
    /// Makes the error of `given`, where a `what` was to be named and these names are `known`.
    pub(crate) fn new(what: &'static str, given: &str, known: &[&str]) -> Self {
        let meant = did_you_mean(given, known.iter().copied());
        Self { what, given: given.to_owned(), meant, known: known.join(", ") }
    }
}

/// Says which of the known names was meant: `, did you mean "batch"?`, or nothing where none is
/// near.
///
/// Near is what a third of the letters, or one, change, swap, add or drop.
pub fn did_you_mean<'n>(given: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    const LONGEST: usize = 100;
    if given.len() > LONGEST {
        return String::new();
    }
    let distance = |name: &str| strsim::damerau_levenshtein(&given.to_lowercase(), &name.to_lowercase());
    let near = (given.chars().count() / 3).max(1);
    let nearest = known.into_iter().map(|name| (distance(name), name)).min_by_key(|(distance, _)| *distance);
    match nearest {
        Some((distance, name)) if distance <= near => format!(", did you mean `{name}`?"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood() {
        let known = ["batch", "lr", "lr_min", "iterations"];
        for (given, meant) in [
            ("bacth", "batch"),
            ("itterations", "iterations"),
            ("lrmin", "lr_min"),
            ("LR", "lr"),
            ("iteration", "iterations"),
        ] {
            assert_eq!(did_you_mean(given, known), format!(", did you mean `{meant}`?"), "{given}");
        }
        for given in ["momentum", "x", "", "epochs"] {
            assert_eq!(did_you_mean(given, known), "", "{given}");
        }
        assert_eq!(did_you_mean(&"b".repeat(1 << 20), known), "");
    }

    #[test]
    fn an_unknown_name_says_what_was_meant() {
        let error = UnknownName::new("split", "vla", &["train", "val"]).to_string();
        assert_eq!(error, "unknown split `vla`, did you mean `val`?; known are train, val");
    }
}
