//! Label counts that cannot be right, whatever the single files say.

use crate::kind::DatasetKind;

/// Masks from which on a data set of many classes must show more than two of them.
const ENOUGH_MASKS: usize = 100;

/// Why these pixel counts per class cannot be those of the data set, if they cannot.
///
/// Conversions of iSAID's colour masks that go wrong end with every object as class 1 or as background; a fundus
/// image is less than half vessel, so more means that a mask is inverted.
pub(crate) fn implausible(kind: DatasetKind, masks: usize, class_pixels: &[u64]) -> Option<String> {
    let names = kind.class_names();
    let present: Vec<usize> = (0..names.len()).filter(|class| class_pixels[*class] > 0).collect();
    match (kind, present.as_slice()) {
        (_, []) => Some("no pixel of any mask is labelled; get the masks again".to_owned()),
        (_, [only]) => Some(format!(
            "every labelled pixel is `{}`, so there is nothing to learn; get the masks again",
            names[*only]
        )),
        (DatasetKind::Cityscapes | DatasetKind::Isaid, [a, b]) if masks >= ENOUGH_MASKS => Some(format!(
            "{masks} masks hold only the classes `{}` and `{}`: the masks were converted wrongly; \
             make them again from the publisher's files with `atrous prepare {kind}`",
            names[*a], names[*b]
        )),
        (DatasetKind::Stare | DatasetKind::ChaseDb1 | DatasetKind::Hrf, _) if class_pixels[1] > class_pixels[0] => {
            Some("vessels cover more than half of the pixels: the masks look inverted".to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_cannot_be_right_are_named() {
        let two = [900, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert!(implausible(DatasetKind::Isaid, 500, &two).unwrap().contains("`background` and `ship`"));
        assert_eq!(implausible(DatasetKind::Isaid, 5, &two), None);
        assert!(implausible(DatasetKind::Stare, 20, &[10, 90]).unwrap().contains("inverted"));
        assert!(implausible(DatasetKind::Stare, 20, &[10, 0]).unwrap().contains("`background`"));
        assert!(implausible(DatasetKind::Stare, 20, &[0, 0]).is_some());
        assert_eq!(implausible(DatasetKind::Stare, 20, &[90, 10]), None);
    }
}
