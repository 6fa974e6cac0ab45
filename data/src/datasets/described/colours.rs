//! Colours of classes that have none of their own.

/// The default colour of a class: the palette of the Pascal VOC tools, in which the bits of the
/// number are dealt out to the channels, from their highest bit on. Class 0 is black.
pub(super) fn default_colour(class: usize) -> [u8; 3] {
    let mut colour = [0; 3];
    let mut rest = class;
    for shift in (0..8).rev() {
        for (channel, value) in colour.iter_mut().enumerate() {
            *value |= ((rest >> channel & 1) as u8) << shift;
        }
        rest >>= 3;
    }
    colour
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_those_of_pascal_voc_and_differ() {
        let first: Vec<_> = (0..4).map(default_colour).collect();
        assert_eq!(first, [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0]]);
        assert_eq!(default_colour(20), [0, 64, 128]);
        let all: std::collections::BTreeSet<_> = (0..255).map(default_colour).collect();
        assert_eq!(all.len(), 255);
    }
}
