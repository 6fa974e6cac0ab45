//! The real retina sets, where they are at hand: in `ATROUS_DATA`, or beside the workspace.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use atrous_data::inspect::{self, FileStatus, PUBLISHED};
use atrous_data::{AugmentConfig, BatchSource, Dataset, DatasetKind, Split};

const HRF: (DatasetKind, &str) = (DatasetKind::HRF, "manual1");

/// The data root if it holds the set as its publisher ships it, which the file or folder
/// `published` tells; prints a line if not.
fn root_of(kind: DatasetKind, published: &str) -> Option<PathBuf> {
    let beside = Path::new("../../shared/data").to_path_buf();
    let root = std::env::var_os("ATROUS_DATA").map_or(beside, PathBuf::from);
    let folder = root.join(kind.directory());
    let found = folder.join(published).exists() && !folder.join("atrous-synthetic.txt").exists();
    if !found {
        println!("skipped: the published files of {} are not in {}", kind.title(), root.display());
    }
    found.then_some(root)
}

fn check((kind, published): (DatasetKind, &str), train: usize, val: usize, size: [usize; 2], vessel_share: [f64; 2]) {
    let Some(root) = root_of(kind, published) else { return };
    let dataset = Dataset::open(kind, &root).unwrap();
    for (split, count) in [(Split::Train, train), (Split::Val, val)] {
        let found = inspect::statistics(&dataset, split, &|_, _| {}).unwrap();
        assert_eq!(found.images, count);
        assert_eq!(found.sizes.into_iter().collect::<Vec<_>>(), [(size, count)]);
        assert_eq!(found.ignored_pixels, 0);
        let share = found.class_pixels[1] as f64 / (count * size[0] * size[1]) as f64;
        println!("{kind} {split}: {:.2} % vessel", 100.0 * share);
        assert!((vessel_share[0]..vessel_share[1]).contains(&share), "{share}");
    }
    for check in inspect::verify(kind, &root, PUBLISHED, &|_, _| {}).unwrap() {
        assert!(!check.is_problem(), "{check:?}");
        let known = check.note.is_some() || check.status == FileStatus::Identical || !check.required;
        assert!(known, "{check:?}");
    }
}

#[test]
fn stare_loads_in_full() {
    check((DatasetKind::STARE, "stare-images"), 10, 10, [605, 700], [0.05, 0.12]);
}

#[test]
fn chase_db1_loads_in_full() {
    check((DatasetKind::CHASE_DB1, "Image_01L.jpg"), 20, 8, [960, 999], [0.05, 0.12]);
}

#[test]
fn hrf_loads_in_full() {
    check(HRF, 15, 30, [2336, 3504], [0.05, 0.12]);
}

#[test]
fn hrf_trains_on_five_images_of_each_group() {
    let Some(root) = root_of(HRF.0, HRF.1) else { return };
    let dataset = Dataset::open(DatasetKind::HRF, &root).unwrap();
    let ids: Vec<&str> = dataset.samples(Split::Train).iter().map(|s| s.id.as_str()).collect();
    let expected: Vec<String> = (1..=5).flat_map(|n| ["dr", "g", "h"].map(|group| format!("{n:02}_{group}"))).collect();
    assert_eq!(ids, expected);
}

#[test]
fn a_batch_of_hrf_at_full_size_is_drawn() {
    let Some(root) = root_of(HRF.0, HRF.1) else { return };
    let dataset = Arc::new(Dataset::open(DatasetKind::HRF, &root).unwrap());
    let augment = AugmentConfig::protocol(dataset.kind.resize_reference(), [256, 256]);
    let batch = BatchSource::new(dataset, augment, 4, 0, 0).batch(0).unwrap();
    assert_eq!(batch.images.len(), 4 * 3 * 256 * 256);
    assert!(batch.labels.contains(&0) && batch.labels.contains(&1));
}

/// The numbers of CamVid's masks as the SegNet tutorial ships them.
#[test]
fn real_camvid() {
    let camvid: DatasetKind = "camvid".parse().unwrap();
    let Some(root) = root_of(camvid, "trainannot") else { return };
    let dataset = Dataset::open(camvid, &root).unwrap();
    let [train, val] = Split::ALL.map(|split| inspect::statistics(&dataset, split, &|_, _| {}).unwrap());
    assert_eq!((train.images, val.images), (367, 101));
    assert_eq!(train.sizes.into_iter().collect::<Vec<_>>(), [([360, 480], 367)]);
    assert_eq!((train.class_pixels[0], train.ignored_pixels), (10_682_767, 2_503_995));
    assert_eq!(val.class_pixels[3], 5_053_176);
    assert_eq!(dataset.samples(Split::Val)[0].subject(), "0016E5");
}
