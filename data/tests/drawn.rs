//! Drawn images are the same in every version: their files are pinned here, set by set.

use atrous_data::synthetic::{self, Drawing, SyntheticConfig};
use atrous_data::{Dataset, DatasetKind};

/// The fingerprint of two training images and one validation image of 40x48, drawn with seed 7.
fn fingerprint(name: &str, drawing: Option<Drawing>) -> String {
    let kind: DatasetKind = name.parse().unwrap();
    let root = tempfile::tempdir().unwrap();
    let config = SyntheticConfig { drawing, ..SyntheticConfig::new(7, 2, 1, [40, 48]) };
    synthetic::write(kind, root.path(), &config).unwrap();
    Dataset::open(kind, root.path()).unwrap().fingerprint(&|_, _| {}).unwrap()
}

/// Another value would mean that no recorded run on drawn images can be repeated: fingerprints are
/// part of a run's id.
#[test]
fn fingerprints_of_drawn_sets_are_pinned() {
    let mark = Some(Drawing::Mark { distance: 8 });
    let pinned = [
        ("stare", None, "3c67f4d0f4dfcf95b1545919109785ce3869f57dace9e3c19f71c072912458fc"),
        ("chase_db1", None, "8df44b5cad0863379f3bdc42be7660cfaf539ef92c2513454fe10e0cb987d6b2"),
        ("hrf", None, "d5cf6a96d40d9dc8188de87cdf6ec7a41d343c3774f3aa30ad5b8b41f4da684f"),
        ("cityscapes", None, "9aae65b398275132657515e5bfaeb969e65d3dd8bbc07e013e702ce3f9257c4a"),
        ("isaid", None, "f72fcaac775aec6b9e73da7b003b80508cc13a8947aa6e2473b1c4aa1768f57b"),
        ("drive", None, "269b87ced93803f7c9d8e870cedd0d3c06efdf5593909aafc70eab41d9589fd9"),
        ("control", mark, "5412cb7db8cce83fccacdf0b4b151f8dbb9d83a0e5789d49c73eabba05d23c77"),
        ("control", Some(Drawing::Local), "ff6ee73d465d8c37d59aed353ac5b737ee913c799971e1af91b843c279e1648e"),
    ];
    for (name, drawing, wanted) in pinned {
        assert_eq!(fingerprint(name, drawing), wanted, "{name} {drawing:?}");
    }
}
