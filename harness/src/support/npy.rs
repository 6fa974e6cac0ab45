//! Arrays as numpy reads them: `numpy.load("erf.npy")`.

/// The bytes of an `.npy` file, version 1.0, of an array of this shape, row-major.
///
/// The format is numpy's own (`numpy.lib.format`): a magic string, the version, the header's length
/// in 16 bits, a Python dictionary padded with spaces so that the data starts at a multiple of 64
/// bytes, and the values, little-endian.
///
/// # Panics
/// Where there are not as many values as the shape says, or it has less than two sides.
pub fn bytes(shape: &[usize], values: &[f32]) -> Vec<u8> {
    assert_eq!(values.len(), shape.iter().product::<usize>(), "as many values as the shape says");
    assert!(shape.len() >= 2, "a tuple of one has another notation");
    let sides = shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({sides}), }}");
    let start = MAGIC.len() + 2;
    let padded = (start + header.len() + 1).next_multiple_of(64);
    header.extend(std::iter::repeat_n(' ', padded - start - header.len() - 1));
    header.push('\n');
    let length = u16::try_from(header.len()).expect("a few numbers fit into a header");
    let mut bytes = [MAGIC, &length.to_le_bytes(), header.as_bytes()].concat();
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What numpy 1.0's format says, read back by hand.
    #[test]
    fn the_header_and_the_values_are_read_back() {
        for size in [[1, 1], [2, 3], [1000, 7]] {
            let values: Vec<f32> = (0..size[0] * size[1]).map(|v| v as f32 - 0.5).collect();
            let bytes = bytes(&size, &values);
            assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
            let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
            assert_eq!((10 + length) % 64, 0);
            let header = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
            let dictionary =
                format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", size[0], size[1]);
            assert_eq!(header.trim_end(), dictionary);
            assert!(header.ends_with('\n'));
            let data = bytes[10 + length..].chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
            assert_eq!(data.collect::<Vec<f32>>(), values);
        }
    }
}
