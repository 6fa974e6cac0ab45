//! `prepare`: from publishers' files to the layout that is read, or an error and nothing written.

use std::fs;
use std::path::Path;

use atrous_data::prepare::{TileOptions, convert, isaid};
use atrous_data::{DataError, Dataset, DatasetKind, ImageLimit, LabelMap, RgbImage8, Split};

use crate::{published, small};

#[test]
fn converted_sets_hold_the_same_images_and_labels() {
    for kind in published().filter(|kind| *kind != DatasetKind::ISAID) {
        let (root, folder) = small(kind);
        let out = tempfile::tempdir().unwrap();
        let place = out.path().join(kind.directory());
        let report = convert(kind, &folder, &place, ImageLimit::DEFAULT, &|done, all| assert!(done <= all)).unwrap();
        let (before, after) = (Dataset::open(kind, root.path()).unwrap(), Dataset::open(kind, out.path()).unwrap());
        for (split, report) in Split::ALL.into_iter().zip(&report.splits) {
            assert_eq!((report.split, report.sources, report.written), (split, 3, 3));
            assert_eq!(before.samples(split).len(), after.samples(split).len());
            let mut pixels = 0;
            for (a, b) in before.samples(split).iter().zip(after.samples(split)) {
                assert_eq!(a.id, b.id);
                assert!(a.load().unwrap() == b.load().unwrap(), "{kind} {}", a.id);
                pixels += b.load_label().unwrap().data.len() as u64;
            }
            assert_eq!(report.class_pixels.iter().sum::<u64>() + report.ignored_pixels, pixels);
        }
        assert!(matches!(
            convert(kind, &folder, &place, ImageLimit::DEFAULT, &|_, _| {}),
            Err(DataError::OutputExists { .. })
        ));
    }
}

#[test]
fn a_damaged_file_stops_conversion_with_nothing_written() {
    let (_root, folder) = small(DatasetKind::HRF);
    fs::write(folder.join("manual1/02_h.tif"), b"II*\0").unwrap();
    let out = tempfile::tempdir().unwrap();
    let message = convert(DatasetKind::HRF, &folder, &out.path().join("HRF"), ImageLimit::DEFAULT, &|_, _| {})
        .unwrap_err()
        .to_string();
    assert!(message.contains("02_h.tif: cannot be decoded"), "{message}");
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
}

/// An original with the value of each pixel telling its place, and a mask with one object.
fn original(source: &Path, split: &str, id: &str, [height, width]: [usize; 2], object: [u8; 3]) {
    let mut image = RgbImage8::filled(height, width, [0; 3]);
    let mut mask = RgbImage8::filled(height, width, [0; 3]);
    for y in 0..height {
        for x in 0..width {
            image.set_pixel(y, x, [y as u8, x as u8, 7]);
        }
    }
    for y in 2..5 {
        for x in 1..7 {
            mask.set_pixel(y, x, object);
        }
    }
    let images = source.join(split).join("images/images");
    let masks = source.join(split).join("Semantic_masks/images");
    fs::create_dir_all(&images).unwrap();
    fs::create_dir_all(&masks).unwrap();
    image.write_png(&images.join(format!("{id}.png"))).unwrap();
    mask.write_png(&masks.join(format!("{id}_instance_color_RGB.png"))).unwrap();
}

#[test]
fn isaid_is_cut_into_tiles() {
    let source = tempfile::tempdir().unwrap();
    original(source.path(), "train", "P0000", [50, 40], [0, 0, 63]);
    original(source.path(), "train", "P0001", [20, 70], [0, 127, 255]);
    original(source.path(), "val", "P0003", [32, 32], [0, 100, 155]);
    let out = tempfile::tempdir().unwrap();
    let options = TileOptions { tile: 32, overlap: 16, ..TileOptions::default() };
    let report = isaid(source.path(), &out.path().join("iSAID"), &options, &|_, _| {}).unwrap();
    let [train, val] = &report.splits[..] else { panic!("two splits") };
    assert_eq!((train.sources, train.written, val.written), (2, 6 + 4, 1));
    assert_eq!(train.class_pixels[1], 18);
    assert_eq!(train.class_pixels[14], 18);
    assert_eq!(train.unknown_pixels, 0);

    let dataset = Dataset::open(DatasetKind::ISAID, out.path()).unwrap();
    let names: Vec<&str> = dataset.samples(Split::Train).iter().map(|sample| sample.id.as_str()).collect();
    assert_eq!(
        names,
        [
            "P0000_0_32_0_32",
            "P0000_0_32_8_40",
            "P0000_16_48_0_32",
            "P0000_16_48_8_40",
            "P0000_18_50_0_32",
            "P0000_18_50_8_40",
            "P0001_0_32_0_32",
            "P0001_0_32_16_48",
            "P0001_0_32_32_64",
            "P0001_0_32_38_70",
        ]
    );
    let (image, label) = dataset.samples(Split::Train)[5].load().unwrap();
    assert_eq!(image.pixel(0, 0), [18, 8, 7]);
    assert_eq!(image.pixel(31, 31), [49, 39, 7]);
    assert!(label.data.iter().all(|label| *label == 0));
    let (image, label) = dataset.samples(Split::Train)[6].load().unwrap();
    assert_eq!((image.pixel(19, 0), image.pixel(20, 0)), ([19, 0, 7], [0; 3]));
    assert_eq!((label.data[2 * 32 + 1], label.data[20 * 32]), (14, 255));
    assert_eq!(dataset.samples(Split::Val)[0].load_label().unwrap().size(), [32, 32]);
}

#[test]
fn isaid_masks_that_cannot_be_right_are_refused() {
    let out = tempfile::tempdir().unwrap();
    let place = out.path().join("iSAID");
    for (object, reason) in [([63, 0, 0], "red and blue are exchanged"), ([0; 3], "every labelled pixel")] {
        let source = tempfile::tempdir().unwrap();
        original(source.path(), "train", "P0000", [40, 40], object);
        original(source.path(), "val", "P0001", [40, 40], object);
        let message = isaid(source.path(), &place, &TileOptions::default(), &|_, _| {}).unwrap_err().to_string();
        assert!(message.contains(reason), "{message}");
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
    }
    let bad = TileOptions { tile: 32, overlap: 32, ..TileOptions::default() };
    assert!(matches!(isaid(out.path(), &place, &bad, &|_, _| {}), Err(DataError::Setting { .. })));
}

#[test]
fn isaid_originals_are_paired_and_of_one_size() {
    let source = tempfile::tempdir().unwrap();
    let out = tempfile::tempdir().unwrap();
    let run = || {
        isaid(source.path(), &out.path().join("iSAID"), &TileOptions::default(), &|_, _| {}).unwrap_err().to_string()
    };
    assert!(run().contains("train/images: no such folder"), "{}", run());
    original(source.path(), "train", "P0000", [40, 40], [0, 0, 63]);
    original(source.path(), "val", "P0001", [40, 40], [0, 0, 63]);
    let mask = source.path().join("train/Semantic_masks/images/P0000_instance_color_RGB.png");
    LabelMap::filled(40, 39, 0).write_png(&mask).unwrap();
    assert!(run().contains("mask is 40x39"), "{}", run());
    fs::remove_file(mask).unwrap();
    assert!(run().contains("no images") || run().contains("has no mask"), "{}", run());
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
}
