//! Files as people have them: links that lead nowhere, names that are there twice, one split alone,
//! archives unpacked one by one, texts of other editors.

use std::fs;
use std::path::Path;

use atrous_data::{DataError, Dataset, DatasetKind, LabelMap, Split, inspect, prepare, read_rgb};

use crate::{message, put, put_pair, small};

fn ids(dataset: &Dataset, split: Split) -> Vec<&str> {
    dataset.samples(split).iter().map(|sample| sample.id.as_str()).collect()
}

#[track_caller]
fn assert_says(text: &str, words: &[&str]) {
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
}

/// What a link stands for would be left out of a split, or would change it.
#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_are_errors() {
    let link = |path: &Path| {
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
        std::os::unix::fs::symlink("../.git/annex/objects/key", path).unwrap();
    };
    let cases = [
        (DatasetKind::STARE, "stare-images/im0002.ppm.gz"),
        (DatasetKind::STARE, "labels-ah/im0002.ah.ppm.gz"),
        (DatasetKind::STARE, "labels-ah"),
        (DatasetKind::HRF, "atrous-split.txt"),
        (DatasetKind::CHASE_DB1, "Image_02L_1stHO.png"),
        (DatasetKind::CITYSCAPES, "leftImg8bit/train/synthetic"),
        (DatasetKind::ISAID, "ann_dir/val"),
        (DatasetKind::DRIVE, "test/1st_manual/05_manual1.gif"),
    ];
    for (kind, file) in cases {
        let (root, folder) = small(kind);
        link(&folder.join(file));
        assert_says(&message(kind, root.path()), &[file, "a link to ../.git/annex/objects/key, which is not there"]);
    }
    // A link to a file that is there is the file.
    let (root, folder) = small(DatasetKind::STARE);
    let (image, elsewhere) = (folder.join("stare-images/im0002.ppm.gz"), root.path().join("elsewhere"));
    fs::rename(&image, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &image).unwrap();
    assert_eq!(Dataset::open(DatasetKind::STARE, root.path()).unwrap().samples(Split::Train).len(), 3);
}

#[test]
fn pointers_of_large_file_storage_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("im0001.png");
    for (content, words) in [
        ("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "a pointer of Git LFS"),
        ("/annex/objects/SHA256E-s1--00.png\n", "a pointer of git-annex"),
        ("../.git/annex/objects/8F/w0/KEY/KEY", "a link to ../.git/annex/objects/8F/w0/KEY/KEY, copied as a text"),
        ("../elsewhere/im0001.png", "a link to ../elsewhere/im0001.png, copied as a text"),
    ] {
        put(&path, content.as_bytes());
        let text = read_rgb(&path, Default::default()).unwrap_err().to_string();
        assert_says(&text, &["im0001.png: ", words, "which is not read; get the file ", "git "]);
    }
}

#[test]
fn two_files_of_one_name_are_errors() {
    let cases = [
        (DatasetKind::STARE, "labels-ah/im0001.ah.jpg", "im0001.ah.ppm.gz"),
        (DatasetKind::STARE, "stare-images/im0001.png", "im0001.ppm.gz"),
        (DatasetKind::CHASE_DB1, "Image_01L.tif", "Image_01L.jpg"),
        (DatasetKind::HRF, "images/01_h.png", "01_h.jpg"),
        (DatasetKind::CITYSCAPES, "gtFine/val/synthetic/synthetic_000003_000019_gtFine_labelIds.tif", "labelIds.png"),
        (DatasetKind::DRIVE, "training/images/01.png", "01_training.tif"),
    ];
    for (kind, file, other) in cases {
        let (root, folder) = small(kind);
        LabelMap::filled(40, 48, 0).write_png(&folder.join(file)).unwrap();
        assert_says(&message(kind, root.path()), &[file, other, "two files of one name; remove one"]);
    }
    // A file and itself, gzipped, are one.
    let (root, folder) = small(DatasetKind::STARE);
    put(&folder.join("stare-images/im0001.ppm"), b"P6 1 1 255\nabc");
    assert_eq!(Dataset::open(DatasetKind::STARE, root.path()).unwrap().samples(Split::Train).len(), 3);
}

/// iSAID's archives unpack into folders of folders.
#[test]
fn originals_of_one_name_in_two_folders_are_errors() {
    let source = tempfile::tempdir().unwrap();
    for place in ["train/images/P0000.png", "train/images/images/P0000.png"] {
        let mask = source.path().join("train/Semantic_masks/P0000_instance_color_RGB.png");
        put_pair(&source.path().join(place), &mask, 0);
    }
    let out = source.path().join("out");
    let text = prepare::isaid(source.path(), &out, &Default::default(), &|_, _| {}).unwrap_err().to_string();
    assert_says(&text, &["images/P0000.png and ", "images/images/P0000.png: two files of one name"]);
}

/// Frames of several recordings are numbered from 1 each.
#[test]
fn images_of_one_name_in_several_folders_are_told_apart() {
    let names = |cities: [&str; 2], names: [&str; 2]| {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("cityscapes");
        for split in ["train", "val"] {
            for (city, name) in cities.iter().zip(names) {
                let image = folder.join(format!("leftImg8bit/{split}/{city}/{name}_leftImg8bit.png"));
                put_pair(&image, &folder.join(format!("gtFine/{split}/{city}/{name}_gtFine_labelIds.png")), 7);
            }
        }
        let dataset = Dataset::open(DatasetKind::CITYSCAPES, root.path()).unwrap();
        let out = root.path().join("prepared/cityscapes");
        prepare::convert(DatasetKind::CITYSCAPES, &folder, &out, Default::default(), &|_, _| {}).unwrap_err();
        ids(&dataset, Split::Val).iter().map(|id| id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(["seq1", "seq2"], ["000001", "000001"]), ["seq1/000001", "seq2/000001"]);
    assert_eq!(names(["seq1", "seq2"], ["000001", "000002"]), ["000001", "000002"]);
}

/// Scoring needs no training images, as in mmsegmentation.
#[test]
fn one_split_is_enough_where_one_is_needed() {
    let cases: [(_, &[&str]); 4] = [
        (DatasetKind::CITYSCAPES, &["leftImg8bit/train", "gtFine/train"]),
        (DatasetKind::ISAID, &["img_dir/train", "ann_dir/train"]),
        (DatasetKind::DRIVE, &["training"]),
        (DatasetKind::CONTROL, &["images/training", "annotations/training"]),
    ];
    for (kind, folders) in cases {
        let root = tempfile::tempdir().unwrap();
        let drawing = (kind == DatasetKind::CONTROL).then_some(atrous_data::synthetic::Drawing::Local);
        let config = atrous_data::synthetic::SyntheticConfig { drawing, ..crate::config() };
        atrous_data::synthetic::write(kind, root.path(), &config).unwrap();
        for folder in folders {
            fs::remove_dir_all(root.path().join(kind.directory()).join(folder)).unwrap();
        }
        let dataset = Dataset::open_for(kind, root.path(), &[Split::Val]).unwrap();
        assert_eq!((dataset.samples(Split::Val).len(), dataset.samples(Split::Train).len()), (3, 0));
        let text = Dataset::open(kind, root.path()).unwrap_err().to_string();
        assert_says(&text, &[kind.directory(), "no images for the train split, which is needed here"]);
        let text = Dataset::open_for(kind, root.path(), &[Split::Train]).unwrap_err().to_string();
        assert_says(&text, &["no images for the train split"]);
    }
    // As the converters write it, for any of the retina sets.
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("stare");
    put_pair(&folder.join("images/validation/im1.png"), &folder.join("annotations/validation/im1.ah.png"), 1);
    assert!(Dataset::open_for(DatasetKind::STARE, root.path(), &[Split::Val]).is_ok());
    // Half of a split is an error whatever is needed.
    fs::create_dir_all(folder.join("images/training")).unwrap();
    assert!(Dataset::open_for(DatasetKind::STARE, root.path(), &[Split::Val]).is_err());
}

#[test]
fn hrf_is_read_as_its_six_archives() {
    let (root, folder) = small(DatasetKind::HRF);
    let whole = Dataset::open(DatasetKind::HRF, root.path()).unwrap();
    let of_whole: Vec<String> = ids(&whole, Split::Train).iter().map(|id| id.to_string()).collect();
    for (end, archive) in [("dr", "diabetic_retinopathy"), ("g", "glaucoma"), ("h", "healthy")] {
        for number in ["01", "02"] {
            let images = folder.join("images");
            let image = ["JPG", "jpg"].map(|ending| format!("{number}_{end}.{ending}"));
            let image = image.iter().find(|name| images.join(name).exists()).unwrap();
            let mask = format!("{number}_{end}.tif");
            for (from, to) in [
                (images.join(image), archive.to_owned()),
                (folder.join("manual1").join(&mask), format!("{archive}_manualsegm")),
            ] {
                fs::create_dir_all(folder.join(&to)).unwrap();
                let name = from.file_name().unwrap().to_owned();
                fs::rename(from, folder.join(to).join(name)).unwrap();
            }
        }
    }
    fs::remove_dir(folder.join("images")).unwrap();
    fs::remove_dir(folder.join("manual1")).unwrap();
    put(&folder.join("healthy_fovmask/02_h_mask.tif"), b"a field of view");
    let dataset = Dataset::open(DatasetKind::HRF, root.path()).unwrap();
    assert_eq!(ids(&dataset, Split::Train), of_whole);
    assert_eq!(dataset.samples(Split::Val).len(), 3);
    dataset.samples(Split::Val)[0].load().unwrap();
    let fields = dataset.samples(Split::Val).iter().map(|sample| (sample.id.as_str(), sample.fov.is_some()));
    assert_eq!(fields.collect::<Vec<_>>(), [("02_dr", false), ("02_g", false), ("02_h", true)]);
    let checks = inspect::verify(DatasetKind::HRF, root.path(), inspect::PUBLISHED, &|_, _| {}).unwrap();
    let there = checks.iter().filter(|check| check.status != inspect::FileStatus::Missing);
    let there: Vec<&str> = there.map(|check| check.name.as_str()).collect();
    assert_eq!(there.len(), 13, "{there:?}");
    assert!(there.contains(&"HRF/manual1/01_g.tif") && there.contains(&"HRF/mask/02_h_mask.tif"), "{there:?}");
    fs::remove_file(folder.join("glaucoma_manualsegm/01_g.tif")).unwrap();
    assert_says(
        &message(DatasetKind::HRF, root.path()),
        &["glaucoma/01_g.jpg: has no mask; add glaucoma_manualsegm/01_g.tif"],
    );
    // One group alone is a set of its own.
    for archive in ["glaucoma", "glaucoma_manualsegm", "diabetic_retinopathy", "diabetic_retinopathy_manualsegm"] {
        fs::remove_dir_all(folder.join(archive)).unwrap();
    }
    fs::write(folder.join("atrous-split.txt"), "01_h\n").unwrap();
    let dataset = Dataset::open(DatasetKind::HRF, root.path()).unwrap();
    assert_eq!((ids(&dataset, Split::Train), ids(&dataset, Split::Val)), (vec!["01_h"], vec!["02_h"]));
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_name() {
    let (root, folder) = small(DatasetKind::STARE);
    put(&folder.join("atrous-split.txt"), "\u{feff}im0003\r\nim0005\r\n".as_bytes());
    let dataset = Dataset::open(DatasetKind::STARE, root.path()).unwrap();
    assert_eq!(ids(&dataset, Split::Train), ["im0003", "im0005"]);
    for mark in [[0xff, 0xfe], [0xfe, 0xff]] {
        put(&folder.join("atrous-split.txt"), &[&mark[..], &[b'i', 0]].concat());
        assert_says(&message(DatasetKind::STARE, root.path()), &["line 1: it is a text in UTF-16: save it as UTF-8"]);
    }
}

#[test]
fn masks_that_cannot_be_right_are_told() {
    let (root, folder) = small(DatasetKind::DRIVE);
    let open = || Dataset::open(DatasetKind::DRIVE, root.path()).unwrap();
    assert_eq!(inspect::implausible_masks(&open(), Split::Train).unwrap(), None);
    let write = |value: u8, share: usize| {
        for sample in open().samples(Split::Val) {
            let mut label = LabelMap::filled(40, 48, 0);
            label.data.iter_mut().step_by(share).for_each(|label| *label = value);
            fs::remove_file(&sample.label).unwrap();
            let png = sample.label.with_extension("png");
            label.write_png(&png).unwrap();
        }
        inspect::implausible_masks(&open(), Split::Val).unwrap()
    };
    assert_eq!(write(1, 4), None);
    assert_says(&write(0, 1).unwrap(), &["every labelled pixel is `background`, so there is nothing to learn"]);
    assert_says(&write(1, 1).unwrap(), &["every labelled pixel is `vessel`"]);
    let mostly = |path: &Path| {
        let mut label = LabelMap::filled(40, 48, 1);
        label.data[0] = 0;
        label.write_png(path).unwrap();
    };
    open().samples(Split::Val).iter().for_each(|sample| mostly(&sample.label));
    assert_says(&inspect::implausible_masks(&open(), Split::Val).unwrap().unwrap(), &["the masks look inverted"]);
    fs::write(folder.join("test/1st_manual/04_manual1.png"), b"no image").unwrap();
    assert!(matches!(inspect::implausible_masks(&open(), Split::Val), Err(DataError::Decode { .. })));
}

/// mmsegmentation's converter puts both annotators' masks beside each other, and takes the split
/// off the images' names; others leave it.
#[test]
fn drive_is_read_as_published_and_as_converted() {
    let (root, folder) = small(DatasetKind::DRIVE);
    let published = Dataset::open(DatasetKind::DRIVE, root.path()).unwrap();
    assert_eq!(ids(&published, Split::Train), ["01_training", "02_training", "03_training"]);
    assert_eq!(ids(&published, Split::Val), ["04_test", "05_test", "06_test"]);
    let (image, label) = published.samples(Split::Val)[1].load().unwrap();

    let out = root.path().join("prepared/drive");
    prepare::convert(DatasetKind::DRIVE, &folder, &out, Default::default(), &|_, _| {}).unwrap();
    assert!(out.join("images/validation/05_test.png").exists());
    put(&out.join("annotations/validation/05_manual2.png"), b"the second annotator");
    for name in ["04", "05", "06"] {
        let converted = Dataset::open_at(DatasetKind::DRIVE, &out).unwrap();
        assert_eq!(converted.samples(Split::Val)[1].load().unwrap(), (image.clone(), label.clone()));
        assert!(converted.samples(Split::Train)[0].label.ends_with("annotations/training/01_manual1.png"));
        let images = out.join("images/validation");
        fs::rename(images.join(format!("{name}_test.png")), images.join(format!("{name}.png"))).unwrap();
    }
    let converted = Dataset::open_at(DatasetKind::DRIVE, &out).unwrap();
    assert_eq!(ids(&converted, Split::Val), ["04", "05", "06"]);
    fs::remove_file(folder.join("test/1st_manual/04_manual1.gif")).unwrap();
    assert_says(
        &message(DatasetKind::DRIVE, root.path()),
        &["04_test.tif: has no mask; add test/1st_manual/04_manual1.gif"],
    );
}
