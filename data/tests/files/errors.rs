//! Every way that data can be wrong ends in one line that names the file and says what to do.

use std::fs;

use atrous_data::{DataError, Dataset, DatasetKind, ImageLimit, LabelMap, RgbImage8, Split};

use crate::{message, published, put, small};

#[track_caller]
fn assert_names(message: &str, file: &str, advice: &str) {
    assert!(message.contains(file) && message.contains(advice), "{message}");
}

#[test]
fn missing_root() {
    let root = tempfile::tempdir().unwrap();
    for kind in published() {
        let text = message(kind, &root.path().join("nowhere"));
        assert_names(&text, "nowhere: no such folder", "set --data-root");
        assert_names(&message(kind, root.path()), kind.directory(), "docs/guide/datasets.md");
    }
}

#[test]
fn empty_root_and_foreign_root() {
    let root = tempfile::tempdir().unwrap();
    for kind in published() {
        fs::create_dir(root.path().join(kind.directory())).unwrap();
        assert_names(&message(kind, root.path()), kind.directory(), "it is empty; it must hold");
        put(&root.path().join(kind.directory()).join("readme.txt"), b"hello");
        assert_names(&message(kind, root.path()), kind.directory(), "it must hold");
    }
}

#[test]
fn empty_image_folder() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("STARE/stare-images")).unwrap();
    assert_names(&message(DatasetKind::STARE, root.path()), "stare-images", "holds no images");
}

#[test]
fn image_without_mask_and_mask_without_image() {
    for kind in published() {
        for remove_mask in [true, false] {
            let (root, _) = small(kind);
            let dataset = Dataset::open(kind, root.path()).unwrap();
            let sample = &dataset.samples(Split::Val)[0];
            let (gone, left) =
                if remove_mask { (&sample.label, &sample.image) } else { (&sample.image, &sample.label) };
            fs::remove_file(gone).unwrap();
            let text = message(kind, root.path());
            let expected = if remove_mask { "has no mask; add" } else { "has no image; add" };
            assert_names(&text, left.to_str().unwrap(), expected);
        }
    }
}

#[test]
fn image_and_mask_of_different_sizes() {
    let (root, folder) = small(DatasetKind::ISAID);
    let name = "ann_dir/val/P0003_0_40_0_48_instance_color_RGB.png";
    LabelMap::filled(40, 47, 0).write_png(&folder.join(name)).unwrap();
    let text = message(DatasetKind::ISAID, root.path());
    assert_names(&text, name, "mask is 40x47");
    assert_names(&text, "P0003_0_40_0_48.png is 40x48", "get both files again");
}

#[test]
fn truncated_files_of_every_format() {
    for kind in published() {
        for victim_is_mask in [false, true] {
            let (root, _) = small(kind);
            let dataset = Dataset::open(kind, root.path()).unwrap();
            let sample = &dataset.samples(Split::Train)[1];
            let victim = if victim_is_mask { &sample.label } else { &sample.image };
            let bytes = fs::read(victim).unwrap();
            fs::write(victim, &bytes[..bytes.len() / 2]).unwrap();
            let text = message(kind, root.path());
            assert_names(&text, victim.to_str().unwrap(), "cannot be decoded");
        }
    }
}

#[test]
fn not_an_image() {
    for kind in published() {
        for content in [b"<html>please log in</html>".as_slice(), b""] {
            let (root, _) = small(kind);
            let victim = Dataset::open(kind, root.path()).unwrap().samples(Split::Val)[1].image.clone();
            fs::write(&victim, content).unwrap();
            let text = message(kind, root.path());
            assert_names(&text, victim.to_str().unwrap(), "neither PNG, JPEG, TIFF, PNM nor GIF");
        }
    }
}

#[test]
fn absurd_sizes() {
    let (root, folder) = small(DatasetKind::STARE);
    fs::remove_file(folder.join("stare-images/im0001.ppm.gz")).unwrap();
    put(&folder.join("stare-images/im0001.ppm"), b"P6 60000 60000 255\nabc");
    let text = message(DatasetKind::STARE, root.path());
    assert_names(&text, "im0001.ppm", "claims 60000x60000 pixels (height x width), over the limit of 200 megapixels");

    // A PNG that claims 200000 x 200000 pixels in its header.
    let (root, folder) = small(DatasetKind::ISAID);
    let name = "ann_dir/train/P0000_0_40_0_48_instance_color_RGB.png";
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\x03\x0d\x40\0\x03\x0d\x40\x08\0\0\0\0".to_vec();
    png.extend(0x9b06_2c0fu32.to_be_bytes());
    put(&folder.join(name), &png);
    let text = message(DatasetKind::ISAID, root.path());
    assert_names(&text, name, "claims 200000x200000 pixels");
    assert_names(&text, name, "get the file again");
}

#[test]
fn label_values_outside_the_classes() {
    let cases = [
        (DatasetKind::STARE, 7, "allowed are 0 and 255, or 0 and 1"),
        (DatasetKind::CHASE_DB1, 128, "allowed are 0 and 255, or 0 and 1"),
        (DatasetKind::HRF, 254, "allowed are 0 and 255, or 0 and 1"),
        (DatasetKind::CITYSCAPES, 34, "allowed are the label ids 0 to 33"),
        (DatasetKind::ISAID, 16, "allowed are the classes 0 to 15"),
    ];
    for (kind, value, allowed) in cases {
        let (root, _) = small(kind);
        let victim = Dataset::open(kind, root.path()).unwrap().samples(Split::Train)[2].label.clone();
        let mut label = LabelMap::filled(40, 48, 0);
        label.data[3 * 48 + 5] = value;
        label.write_png(&victim).unwrap();
        let text = message(kind, root.path());
        let expected = format!("label value {value} at row 3, column 5");
        assert_names(&text, victim.to_str().unwrap(), &expected);
        assert_names(&text, allowed, "correct the mask");
    }
}

#[test]
fn colour_masks_where_indexes_are_expected() {
    let (root, folder) = small(DatasetKind::ISAID);
    let name = "ann_dir/train/P0001_0_40_0_48_instance_color_RGB.png";
    RgbImage8::filled(40, 48, [0, 0, 63]).write_png(&folder.join(name)).unwrap();
    assert_names(&message(DatasetKind::ISAID, root.path()), name, "atrous prepare isaid");
}

#[test]
fn original_isaid_images_must_be_prepared() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("iSAID/train/Semantic_masks")).unwrap();
    assert_names(&message(DatasetKind::ISAID, root.path()), "iSAID", "atrous prepare isaid");
}

#[test]
fn split_file_with_an_unknown_image() {
    let (root, folder) = small(DatasetKind::HRF);
    put(&folder.join("atrous-split.txt"), b"# training\n01_dr\n99_x\n");
    assert_names(&message(DatasetKind::HRF, root.path()), "atrous-split.txt: line 3", "`99_x`");
    for outside in ["../HRF/images/01_dr", "/etc/passwd", "..\\01_dr"] {
        put(&folder.join("atrous-split.txt"), format!("01_dr\n{outside}\n").as_bytes());
        assert_names(
            &message(DatasetKind::HRF, root.path()),
            "atrous-split.txt: line 2",
            "is a path; name an image by",
        );
    }
    put(&folder.join("atrous-split.txt"), b"01_dr\n\xff\xfe\n");
    assert_names(&message(DatasetKind::HRF, root.path()), "atrous-split.txt: line 2", "no UTF-8 text");
    put(&folder.join("atrous-split.txt"), &[b'#'; (1 << 20) + 1]);
    assert_names(&message(DatasetKind::HRF, root.path()), "atrous-split.txt: line 1", "more than 1048576 bytes");
    put(&folder.join("atrous-split.txt"), b"# nothing\n");
    assert_names(&message(DatasetKind::HRF, root.path()), "HRF", "no images for the train split");
}

#[test]
fn unwritable_output() {
    let (_root, folder) = small(DatasetKind::STARE);
    let blocked = folder.join("atrous-split.txt/out");
    let error = atrous_data::prepare::convert(DatasetKind::STARE, &folder, &blocked, ImageLimit::DEFAULT, &|_, _| {});
    assert!(matches!(error, Err(DataError::Write { .. })), "{error:?}");
}

/// Whatever is in a file, loading it ends in an image or in an error that names it.
#[test]
fn damaged_files_never_panic() {
    let mut state = 1u64;
    let mut random = |below: usize| {
        // Knuth's MMIX generator: any fixed sequence will do.
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % below
    };
    for kind in published() {
        let (_root, folder) = small(kind);
        let dataset = Dataset::open_at(kind, &folder).unwrap();
        let sample = &dataset.samples(Split::Train)[0];
        for victim in [&sample.image, &sample.label] {
            let whole = fs::read(victim).unwrap();
            for _ in 0..60 {
                let mut bytes = whole.clone();
                for _ in 0..1 + random(4) {
                    // Headers are where damage does most.
                    let reach = if random(2) == 0 { 64 } else { bytes.len() };
                    let at = random(reach.min(bytes.len()));
                    bytes[at] = random(256) as u8;
                }
                if random(3) == 0 {
                    bytes.truncate(random(bytes.len()));
                }
                fs::write(victim, &bytes).unwrap();
                if let Err(error) = sample.load() {
                    let text = error.to_string();
                    assert!(text.contains(victim.to_str().unwrap()) && !text.contains('\n'), "{text}");
                }
            }
            fs::write(victim, whole).unwrap();
        }
    }
}
