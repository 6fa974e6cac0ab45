//! Layouts beside those that synthetic data covers, and what a data set says of itself.

use std::fs;

use atrous_data::{Dataset, DatasetKind, LabelMap, Split};

use crate::{published, put_pair, small};

fn ids(dataset: &Dataset, split: Split) -> Vec<&str> {
    dataset.samples(split).iter().map(|sample| sample.id.as_str()).collect()
}

#[test]
fn converted_retina_sets_with_both_ways_to_name_masks() {
    let cases = [
        (DatasetKind::STARE, "im0001", ".ah"),
        (DatasetKind::CHASE_DB1, "Image_01L", "_1stHO"),
        (DatasetKind::HRF, "01_dr", ""),
    ];
    for (kind, id, suffix) in cases {
        for suffix in [suffix, ""] {
            let root = tempfile::tempdir().unwrap();
            let folder = root.path().join(kind.directory().to_ascii_lowercase());
            for (part, value) in [("training", 1), ("validation", 0)] {
                let image = folder.join(format!("images/{part}/{id}.png"));
                put_pair(&image, &folder.join(format!("annotations/{part}/{id}{suffix}.png")), value);
            }
            let dataset = Dataset::open(kind, root.path()).unwrap();
            assert_eq!((ids(&dataset, Split::Train), ids(&dataset, Split::Val)), (vec![id], vec![id]));
            assert_eq!(dataset.samples(Split::Train)[0].load().unwrap().1, LabelMap::filled(6, 8, 1));
        }
    }
}

#[test]
fn hrf_has_fields_of_view() {
    let (root, folder) = small(DatasetKind::HRF);
    let fields = || -> Vec<Option<Vec<bool>>> {
        let dataset = Dataset::open(DatasetKind::HRF, root.path()).unwrap();
        dataset.samples(Split::Val).iter().map(|sample| sample.load_fov().unwrap()).collect()
    };
    let without = fields();
    assert!(!without.is_empty() && without.iter().all(Option::is_none));
    let dataset = Dataset::open(DatasetKind::HRF, root.path()).unwrap();
    let before = dataset.fingerprint(&|_, _| {}).unwrap();
    fs::create_dir(folder.join("mask")).unwrap();
    let sample = &dataset.samples(Split::Val)[0];
    let mut field = sample.load_label().unwrap();
    let area = field.data.len();
    field.data.iter_mut().enumerate().for_each(|(pixel, value)| *value = if pixel < area / 3 { 255 } else { 0 });
    let path = folder.join(format!("mask/{}_mask.png", sample.id));
    field.write_png(&path).unwrap();
    let with = fields();
    let inside = with[0].as_ref().unwrap();
    assert_eq!(inside.iter().filter(|inside| **inside).count(), area / 3);
    assert!(inside[0] && with[1..].iter().all(Option::is_none));
    // They decide no training: runs stay the same.
    let dataset = Dataset::open(DatasetKind::HRF, root.path()).unwrap();
    assert_eq!(dataset.fingerprint(&|_, _| {}).unwrap(), before);
    LabelMap::filled(2, 3, 255).write_png(&path).unwrap();
    let message = dataset.samples(Split::Val)[0].load_fov().unwrap_err().to_string();
    assert!(message.contains("_mask.png"), "{message}");
}

#[test]
fn cityscapes_prefers_train_ids_to_label_ids() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("cityscapes");
    for split in ["train", "val"] {
        let image = folder.join(format!("leftImg8bit/{split}/ulm/ulm_1_2_leftImg8bit.png"));
        let base = folder.join(format!("gtFine/{split}/ulm"));
        put_pair(&image, &base.join("ulm_1_2_gtFine_labelIds.png"), 26);
        put_pair(&image, &base.join("ulm_1_2_gtFine_color.png"), 99);
    }
    let label = |split| {
        let dataset = Dataset::open(DatasetKind::CITYSCAPES, root.path()).unwrap();
        assert_eq!(ids(&dataset, split), ["ulm_1_2"]);
        dataset.samples(split)[0].load_label().unwrap()
    };
    assert_eq!(label(Split::Val), LabelMap::filled(6, 8, 13));
    let train_ids = folder.join("gtFine/val/ulm/ulm_1_2_gtFine_labelTrainIds.png");
    LabelMap::filled(6, 8, 18).write_png(&train_ids).unwrap();
    assert_eq!(label(Split::Val), LabelMap::filled(6, 8, 18));
    assert_eq!(label(Split::Train), LabelMap::filled(6, 8, 13));
}

#[test]
fn default_splits_without_a_split_file() {
    let expected: [(_, &[&str], &[&str]); 3] = [
        (DatasetKind::STARE, &["im0001", "im0002", "im0003"], &["im0004", "im0005", "im0006"]),
        (DatasetKind::CHASE_DB1, &["Image_01L", "Image_01R", "Image_02L", "Image_02R"], &["Image_03L", "Image_03R"]),
        (DatasetKind::HRF, &["01_dr", "01_g", "01_h"], &["02_dr", "02_g", "02_h"]),
    ];
    for (kind, train, val) in expected {
        let (root, folder) = small(kind);
        fs::remove_file(folder.join("atrous-split.txt")).unwrap();
        let dataset = Dataset::open(kind, root.path()).unwrap();
        assert_eq!(ids(&dataset, Split::Train), train);
        assert_eq!(ids(&dataset, Split::Val), val);
    }
}

#[test]
fn the_fingerprint_follows_contents_names_and_split_alone() {
    let (root, folder) = small(DatasetKind::STARE);
    let fingerprint = || {
        let dataset = Dataset::open(DatasetKind::STARE, root.path()).unwrap();
        dataset.fingerprint(&|done, total| assert!(done <= total)).unwrap()
    };
    let first = fingerprint();
    assert_eq!(first.len(), 64);
    fs::write(folder.join("notes.txt"), b"not data").unwrap();
    assert_eq!(fingerprint(), first);

    let split = folder.join("atrous-split.txt");
    let listed = fs::read(&split).unwrap();
    fs::write(&split, b"im0001\n").unwrap();
    let other_split = fingerprint();
    fs::write(&split, listed).unwrap();
    assert_eq!(fingerprint(), first);

    // One mask in place of another.
    let masks = ["labels-ah/im0001.ah.ppm.gz", "labels-ah/im0002.ah.ppm.gz"];
    fs::copy(folder.join(masks[0]), folder.join(masks[1])).unwrap();
    let other_content = fingerprint();
    assert!(first != other_split && first != other_content && other_split != other_content);
}

#[test]
fn statistics_count_every_pixel() {
    for kind in published() {
        let (root, _) = small(kind);
        let dataset = Dataset::open(kind, root.path()).unwrap();
        let found = atrous_data::inspect::statistics(&dataset, Split::Val, &|_, _| {}).unwrap();
        assert_eq!((found.images, found.sizes[&[40, 48]]), (3, 3));
        let pixels = found.class_pixels.iter().sum::<u64>() + found.ignored_pixels;
        assert_eq!(pixels, 3 * 40 * 48);
        assert_eq!(found.warning(), None);
        assert!((found.class_shares().iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
