//! Files of the kinds that people have: what is read of them, and what the others are called.

use std::path::PathBuf;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::*;
use crate::golden::pair_of;
use crate::hex::hex;

fn mask(bytes: &[u8]) -> StoredMask {
    decode_mask(Path::new("file.ppm"), bytes, ImageLimit::DEFAULT).unwrap()
}

#[test]
fn grey_pnm_with_comments_goes_by_its_magic() {
    for header in ["P5\n# a comment\n3 2\n# another\n255\n", "P5 3 2 255\n"] {
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend([0, 255, 0, 255, 255, 0]);
        let mask = mask(&bytes);
        assert_eq!((mask.height, mask.width, mask.channels), (2, 3, 1));
        assert_eq!(mask.data, [0, 255, 0, 255, 255, 0]);
    }
}

#[test]
fn a_panic_in_a_decoder_is_an_error_of_the_file() {
    let message = guarded::<()>(Path::new("a.tif"), || panic!("index out of bounds")).unwrap_err().to_string();
    assert_eq!(message, "a.tif: cannot be decoded (its decoder broke off); get the file again");
}

/// Made by `scripts/parity/kinds.py`.
#[test]
fn golden_kinds_are_what_opencv_and_pillow_read() {
    let folder = PathBuf::from("tests/golden/kinds");
    let recorded: serde_json::Map<String, Value> =
        serde_json::from_slice(&std::fs::read(folder.join("kinds.json")).unwrap()).unwrap();
    let mut differ = Vec::new();
    for (name, wanted) in &recorded {
        let path = folder.join(name);
        let (read, wanted) = match wanted.get("mask") {
            Some(wanted) => {
                let mask = read_mask(&path, ImageLimit::DEFAULT).unwrap();
                assert_eq!((mask.channels, mask.beyond), (1, None), "{name}");
                (([mask.height, mask.width], mask.data), wanted)
            }
            None => {
                let image = read_rgb(&path, ImageLimit::DEFAULT).unwrap();
                ((image.size(), image.data), &wanted["image"])
            }
        };
        assert_eq!(read.0, pair_of(&wanted["size"]), "{name}");
        if hex(&Sha256::digest(&read.1)) != wanted["sha256"] {
            differ.push(name);
        }
    }
    assert!(recorded.len() > 50 && differ.is_empty(), "{differ:?} of {}", recorded.len());
}

/// A little-endian TIFF of 2 x 3 pixels in one strip: entries are tag and 16-bit value.
fn tiff(entries: &[(u16, u16)], strip: &[u8]) -> Vec<u8> {
    let mut tags = vec![(256, 3), (257, 2), (258, 8), (259, 1), (262, 1), (277, 1), (278, 2)];
    tags.retain(|(tag, _)| entries.iter().all(|(other, _)| other != tag));
    tags.extend(entries);
    tags.extend([(273, 8), (279, strip.len() as u16)]);
    tags.sort_unstable();
    let mut bytes = [b"II*\0", &(8 + strip.len() as u32).to_le_bytes()[..], strip].concat();
    bytes.extend((tags.len() as u16).to_le_bytes());
    for (tag, value) in tags {
        bytes.extend([tag.to_le_bytes(), 3u16.to_le_bytes(), [1, 0], [0, 0]].concat());
        bytes.extend([value.to_le_bytes(), [0, 0]].concat());
    }
    bytes.extend([0; 4]);
    bytes
}

#[track_caller]
fn assert_refused(read: Result<impl std::fmt::Debug>, words: &str) {
    let message = read.unwrap_err().to_string();
    assert!(message.starts_with(&format!("a.tif: {words}")), "{message}");
    assert!(message.contains("which is not read; save it ") && !message.contains("again"), "{message}");
}

/// Whole files of kinds that are not read: getting them again would bring the same.
#[test]
fn kinds_that_are_not_read_are_named() {
    let image = |bytes: &[u8]| decode_rgb(Path::new("a.tif"), bytes, ImageLimit::DEFAULT);
    let values = [7; 96];
    for (words, entries) in [
        ("a TIFF image of floating-point values", &[(258, 32), (339, 3)][..]),
        ("a TIFF of floating-point values of 16 bits", &[(258, 16), (339, 3)]),
        ("a TIFF image of signed values", &[(258, 16), (339, 2)]),
        ("a TIFF of unsigned values of 12 bits", &[(258, 12)]),
        ("a TIFF of complex numbers", &[(258, 64), (339, 6)]),
        ("a grey TIFF of 32 bits", &[(258, 32)]),
        ("a TIFF of 3 bands, of which nothing says what they show", &[(277, 3)]),
        ("a TIFF of YCbCr without JPEG", &[(262, 6), (277, 3)]),
        ("a TIFF of L*a*b* colours", &[(262, 8), (277, 3)]),
        ("a TIFF that is a transparency mask", &[(262, 4)]),
        ("a TIFF (compression method", &[(259, 34712)]),
    ] {
        assert_refused(image(&tiff(entries, &values)), words);
    }
    let mask = |bytes: &[u8]| decode_mask(Path::new("a.tif"), bytes, ImageLimit::DEFAULT);
    assert_refused(mask(&tiff(&[(258, 16), (262, 2), (277, 3)], &values)), "an RGB TIFF of 16 bits");
    let deep = std::fs::read("tests/golden/kinds/rgb-16.png").unwrap();
    assert_refused(mask(&deep), "a colour mask of 16 bits");
    for name in ["orientation-6.jpg", "orientation-3.png"] {
        let turned = std::fs::read(format!("tests/golden/kinds/{name}")).unwrap();
        assert_refused(mask(&turned), "a mask with EXIF orientation");
    }
    assert_refused(image(b"P5 1 1 100\n7"), "a PNM image with the largest value 100");
    let webp = b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0\0\0\0\0\0";
    assert_refused(image(webp), "an image in WebP format");
}

/// Bands behind the colours are left out, however many there are.
#[test]
fn bands_beyond_the_colours_are_left_out() {
    let values: Vec<u8> = (0..30).collect();
    let entries = [(262, 2), (277, 5), (338, 0)];
    let image = decode_rgb(Path::new("a.tif"), &tiff(&entries, &values), ImageLimit::DEFAULT).unwrap();
    assert_eq!(image.size(), [2, 3]);
    assert_eq!((image.pixel(0, 1), image.pixel(1, 2)), ([5, 6, 7], [25, 26, 27]));
}

/// The value that an 8-bit reader would have wrapped around or cut off is the one that is named.
#[test]
fn values_beyond_a_byte_are_named() {
    let wide = |entries: &[(u16, u16)], strip: &[u8]| {
        decode_mask(Path::new("a.tif"), &tiff(entries, strip), ImageLimit::DEFAULT).unwrap().beyond
    };
    let sixteen: Vec<u8> = [0u16, 1, 256, 1, 65535, 0].iter().flat_map(|value| value.to_le_bytes()).collect();
    assert_eq!(wide(&[(258, 16)], &sixteen), Some((256.0, 2)));
    let signed: Vec<u8> = [0i16, 1, 0, -1, 0, 0].iter().flat_map(|value| value.to_le_bytes()).collect();
    assert_eq!(wide(&[(258, 16), (339, 2)], &signed), Some((-1.0, 3)));
    let floats: Vec<u8> = [0f32, 1.0, 0.5, 0.0, f32::NAN, 0.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    assert_eq!(wide(&[(258, 32), (339, 3)], &floats), Some((0.5, 2)));
    let bytes = crate::raster::encode_png(
        [1, 3],
        ::png::ColorType::Grayscale,
        ::png::BitDepth::Sixteen,
        None,
        &[0, 1, 1, 44, 0, 0],
    );
    assert_eq!(mask(&bytes.unwrap()).beyond, Some((300.0, 1)));
}
