//! Label counts that cannot be right, whatever the single files say.

use super::definition::Counts;

/// Masks from which on a data set of many classes must show more than two of them.
const ENOUGH_MASKS: usize = 100;

/// Why nothing can be learnt from masks with these counts, if nothing can. It holds for every data
/// set.
pub(super) fn nothing_to_learn(counts: &Counts) -> Option<String> {
    match present(counts).as_slice() {
        [] => Some("no pixel of any mask is labelled; get the masks again".to_owned()),
        [only] => Some(format!("every labelled pixel is `{only}`, so there is nothing to learn; get the masks again")),
        _ => None,
    }
}

/// Why masks of a data set of many classes cannot hold only two of them.
///
/// Conversions of iSAID's colour masks that go wrong end with every object as class 1 or as
/// background.
pub(super) fn only_two_classes(counts: &Counts) -> Option<String> {
    match present(counts).as_slice() {
        [a, b] if counts.masks >= ENOUGH_MASKS => Some(format!(
            "{} masks hold only the classes `{a}` and `{b}`: the masks were converted wrongly; \
             make them again from the publisher's files with `atrous prepare {}`",
            counts.masks, counts.set
        )),
        _ => None,
    }
}

/// The names of the classes that occur.
fn present(counts: &Counts) -> Vec<&'static str> {
    let classes = counts.class_names.iter().zip(counts.pixels);
    classes.filter(|(_, pixels)| **pixels > 0).map(|(name, _)| *name).collect()
}

#[cfg(test)]
mod tests {
    use crate::DatasetKind;

    #[test]
    fn counts_that_cannot_be_right_are_named() {
        let two = [900, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let message = DatasetKind::ISAID.implausible(500, &two).unwrap();
        assert!(message.contains("`background` and `ship`") && message.contains("`atrous prepare isaid`"), "{message}");
        assert_eq!(DatasetKind::ISAID.implausible(5, &two), None);
        assert!(DatasetKind::STARE.implausible(20, &[10, 90]).unwrap().contains("inverted"));
        assert!(DatasetKind::STARE.implausible(20, &[10, 0]).unwrap().contains("`background`"));
        assert!(DatasetKind::STARE.implausible(20, &[0, 0]).is_some());
        assert_eq!(DatasetKind::STARE.implausible(20, &[90, 10]), None);
        assert_eq!(DatasetKind::CONTROL.implausible(20, &[10, 90]), None);
    }
}
