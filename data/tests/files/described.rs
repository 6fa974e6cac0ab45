//! Data sets that a file describes: layouts that people have, and what is refused.

use std::fs;
use std::path::Path;

use atrous_data::{DataError, Dataset, DatasetKind, LabelMap, RgbImage8, Split};

use crate::{message, put, put_pair};

/// What two descriptions have in common.
const HEAD: &str = "name = \"mine\"\nsize = [32, 32]\nclasses = [\"ground\", \"tree\"]\n";

/// Writes a description and reads it.
fn describe(root: &Path, text: &str) -> Result<DatasetKind, DataError> {
    let file = root.join("mine.toml");
    put(&file, text.as_bytes());
    DatasetKind::described(file.to_str().unwrap())
}

fn opened(root: &Path, text: &str) -> Dataset {
    let kind = describe(root, text).unwrap();
    Dataset::open(kind, Path::new("nowhere")).unwrap()
}

fn ids(dataset: &Dataset, split: Split) -> Vec<&str> {
    dataset.samples(split).iter().map(|sample| sample.id.as_str()).collect()
}

/// The line that refuses a description, without the folder of its file.
fn refused(root: &Path, text: &str) -> String {
    let line = describe(root, text).unwrap_err().to_string();
    assert!(!line.contains('\n'), "{line}");
    line.replace(&format!("{}/", root.display()), "")
}

#[test]
fn the_folders_of_mmsegmentation() {
    let root = tempfile::tempdir().unwrap();
    for (split, name) in [("train", "a"), ("train", "deep/b"), ("val", "a")] {
        let place = |part: &str, extension: &str| root.path().join(format!("{part}/{split}/{name}.{extension}"));
        put_pair(&place("img_dir", "jpg"), &place("ann_dir", "png"), 2);
    }
    let part =
        |split| format!("[{split}]\nimages = \"img_dir/{split}/**/*.jpg\"\nmasks = \"ann_dir/{split}/{{name}}.png\"\n");
    let text = format!("{HEAD}masks.reduce_zero_label = true\n{}{}", part("train"), part("val"));
    let dataset = opened(root.path(), &text);
    assert_eq!((ids(&dataset, Split::Train), ids(&dataset, Split::Val)), (vec!["a", "deep/b"], vec!["a"]));
    // 2 less one is the second class.
    assert_eq!(dataset.samples(Split::Val)[0].load().unwrap().1, LabelMap::filled(6, 8, 1));
    assert_eq!(dataset.kind.name(), "mine");
    assert_eq!(dataset.kind.class_names(), ["ground", "tree"]);
    assert_eq!(dataset.kind.palette()[1], [128, 0, 0]);
}

/// An indexed PNG of one row.
fn palette_png(indexes: &[u8], palette: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, indexes.len() as u32, 1);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(palette.to_vec());
    encoder.write_header().unwrap().write_image_data(indexes).unwrap();
    bytes
}

#[test]
fn the_lists_and_palettes_of_pascal_voc() {
    let root = tempfile::tempdir().unwrap();
    let mut palette = vec![0; 3 * 256];
    palette[3..6].copy_from_slice(&[128, 0, 0]);
    for name in ["2007_000032", "2007_000039", "2007_000063"] {
        put(&root.path().join(format!("SegmentationClass/{name}.png")), &palette_png(&[0, 1, 255], &palette));
        let image = root.path().join(format!("JPEGImages/{name}.jpg"));
        fs::create_dir_all(image.parent().unwrap()).unwrap();
        RgbImage8::filled(1, 3, [9; 3]).write_png(&image).unwrap();
    }
    let list = root.path().join("ImageSets/Segmentation");
    put(&list.join("train.txt"), b"2007_000032\r\n2007_000063\r\n");
    put(&list.join("val.txt"), b"2007_000039\n");
    let part = |split| {
        format!(
            "[{split}]\nlist = \"ImageSets/Segmentation/{split}.txt\"\nimages = \"JPEGImages/{{name}}.jpg\"\n\
             masks = \"SegmentationClass/{{name}}.png\"\n"
        )
    };
    let text = format!("{HEAD}masks.hold = \"palette\"\n{}{}", part("train"), part("val"));
    let dataset = opened(root.path(), &text);
    assert_eq!(ids(&dataset, Split::Train), ["2007_000032", "2007_000063"]);
    assert_eq!(dataset.samples(Split::Val)[0].load().unwrap().1.data, [0, 1, 255]);

    // The same masks, taken for their colours.
    let classes = "classes = [{ name = \"ground\", colour = [0, 0, 0] }, { name = \"tree\", colour = [128, 0, 0] }]";
    let colours = text.replace("classes = [\"ground\", \"tree\"]", classes).replace("palette", "colours");
    let dataset = opened(root.path(), &colours);
    assert_eq!(dataset.samples(Split::Val)[0].load().unwrap().1.data, [0, 1, 0]);

    // A grey mask is no palette's.
    LabelMap::filled(1, 3, 1).write_png(&root.path().join("SegmentationClass/2007_000039.png")).unwrap();
    let line = message(describe(root.path(), &text).unwrap(), Path::new("nowhere"));
    assert!(line.contains("2007_000039.png: it has no palette"), "{line}");

    put(&list.join("val.txt"), b"2007_000039\nnone\n");
    let line = message(describe(root.path(), &text).unwrap(), Path::new("nowhere"));
    assert!(line.contains("val.txt:2: there is no JPEGImages/none.jpg"), "{line}");
}

#[test]
fn colour_masks_and_colours_that_nobody_described() {
    let root = tempfile::tempdir().unwrap();
    let mut mask = RgbImage8::filled(1, 3, [0; 3]);
    mask.set_pixel(0, 1, [0, 128, 0]);
    mask.set_pixel(0, 2, [7, 7, 7]);
    for split in ["train", "val"] {
        for (part, image) in [("img", &RgbImage8::filled(1, 3, [1; 3])), ("ann", &mask)] {
            let path = root.path().join(format!("{part}/{split}/x.png"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            image.write_png(&path).unwrap();
        }
    }
    let text = "name = \"mine\"\nsize = [32, 32]\nmasks = { hold = \"colours\", ignore_colours = [[7, 7, 7]] }\n\
        classes = [{ name = \"ground\", colour = [0, 0, 0] }, { name = \"tree\", colour = [0, 128, 0] }]\n\
        train = { images = \"img/train/*.png\", masks = \"ann/train/{name}.png\" }\n\
        val = { images = \"img/val/*.png\", masks = \"ann/val/{name}.png\" }\n";
    let dataset = opened(root.path(), text);
    assert_eq!(dataset.samples(Split::Train)[0].load().unwrap().1.data, [0, 1, 255]);
    let kind = describe(root.path(), &text.replace(", ignore_colours = [[7, 7, 7]]", "")).unwrap();
    let line = message(kind, Path::new("nowhere"));
    assert!(
        line.ends_with(
            "colour [7, 7, 7] at row 0, column 2 is described nowhere; give it to a class, or to masks.ignore_colours"
        ),
        "{line}"
    );
}

#[test]
fn lists_of_pairs_with_paths_of_another_machine() {
    let root = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        put_pair(&root.path().join(format!("img/{name}.png")), &root.path().join(format!("gt/{name}.png")), 1);
    }
    put(&root.path().join("train.txt"), b"/else/img/a.png /else/gt/a.png\n");
    put(&root.path().join("val.txt"), b"/else/img/b.png /else/gt/b.png\n");
    let text = format!(
        "{HEAD}train = {{ list = \"train.txt\", last_parts = 2 }}\nval = {{ list = \"val.txt\", last_parts = 2 }}\n"
    );
    let dataset = opened(root.path(), &text);
    assert_eq!((ids(&dataset, Split::Train), ids(&dataset, Split::Val)), (vec!["a"], vec!["b"]));
    let line = message(describe(root.path(), &text.replace(", last_parts = 2", "")).unwrap(), Path::new("nowhere"));
    assert!(line.contains("train.txt:1: ") && line.contains("set train.last_parts"), "{line}");
    put(&root.path().join("val.txt"), b"/else/img/a.png /else/gt/a.png\n");
    let line = message(describe(root.path(), &text).unwrap(), Path::new("nowhere"));
    assert!(line.contains("mine.toml: val: img/a.png is in train too"), "{line}");
}

/// Ten images of five patients.
fn patients(root: &Path) {
    for patient in 0..5 {
        for eye in ["l", "r"] {
            let name = format!("p{patient}_{eye}.png");
            put_pair(&root.join("img").join(&name), &root.join("gt").join(&name), 1);
        }
    }
}

const ALL: &str = "subject = \"{subject}_*\"\nall = { images = \"img/*.png\", masks = \"gt/{name}.png\" }\n";

#[test]
fn shares_and_folds_keep_subjects_together() {
    let root = tempfile::tempdir().unwrap();
    patients(root.path());
    let text = |rule: &str| format!("{HEAD}{ALL}split = {{ {rule} }}\n");
    let subjects = |dataset: &Dataset, split| {
        let mut found: Vec<String> = dataset.samples(split).iter().map(|s| s.subject().to_owned()).collect();
        found.dedup();
        found
    };
    let dataset = opened(root.path(), &text("train_share = 0.6, seed = 3"));
    assert_eq!((dataset.samples(Split::Train).len(), dataset.samples(Split::Val).len()), (6, 4));
    assert!(subjects(&dataset, Split::Train).iter().all(|one| !subjects(&dataset, Split::Val).contains(one)));
    let again = opened(root.path(), &text("train_share = 0.6, seed = 3"));
    assert_eq!(ids(&dataset, Split::Val), ids(&again, Split::Val));
    let orders: std::collections::BTreeSet<Vec<String>> = (0..8)
        .map(|seed| subjects(&opened(root.path(), &text(&format!("train_share = 0.6, seed = {seed}"))), Split::Val))
        .collect();
    assert!(orders.len() > 1);

    // Every image is scored in one of the folds.
    let file = root.path().join("mine.toml");
    describe(root.path(), &text("folds = 3")).unwrap();
    let mut scored = Vec::new();
    for fold in 0..3 {
        let kind = DatasetKind::described(&format!("{}#{fold}", file.display())).unwrap();
        let dataset = Dataset::open(kind, Path::new("nowhere")).unwrap();
        assert!(subjects(&dataset, Split::Train).iter().all(|one| !subjects(&dataset, Split::Val).contains(one)));
        scored.extend(ids(&dataset, Split::Val).into_iter().map(str::to_owned));
    }
    scored.sort();
    assert_eq!(scored.len(), 10);
    scored.dedup();
    assert_eq!(scored.len(), 10);
    let line = DatasetKind::described(&format!("{}#3", file.display())).unwrap_err().to_string();
    assert!(line.ends_with("mine.toml: split.fold: #3 must be a fold from 0 to 2"), "{line}");
    let line = message(describe(root.path(), &text("folds = 6")).unwrap(), Path::new("nowhere"));
    assert!(line.ends_with("mine.toml: split: 5 subjects cannot be parted: at least 6 are needed"), "{line}");
}

#[test]
fn written_splits_do_not_share_subjects_unless_that_is_said() {
    let root = tempfile::tempdir().unwrap();
    patients(root.path());
    let text = format!(
        "{HEAD}subject = \"{{subject}}_*\"\ntrain = {{ images = \"img/*_l.png\", masks = \"gt/{{name}}_l.png\" }}\n\
         val = {{ images = \"img/*_r.png\", masks = \"gt/{{name}}_r.png\" }}\n"
    );
    // The names of these patterns are `p0`, which no `_` follows.
    let line = message(describe(root.path(), &text).unwrap(), Path::new("nowhere"));
    assert!(line.contains("mine.toml: subject: does not fit the name p0 (train)"), "{line}");
    let text = text.replace("{subject}_*", "{subject}");
    let line = message(describe(root.path(), &text).unwrap(), Path::new("nowhere"));
    assert!(line.contains("subject: p0 is in both splits") && line.contains("subjects_in_both_splits"), "{line}");
    let dataset = opened(root.path(), &text.replace("train =", "subjects_in_both_splits = true\ntrain ="));
    assert_eq!(dataset.samples(Split::Train)[4].subject(), "p4");
}

#[test]
fn what_is_wrong_with_a_description_is_one_line_with_file_line_and_key() {
    let root = tempfile::tempdir().unwrap();
    let parts = "train = { images = \"a/*.png\", masks = \"b/{name}.png\" }\nval = { images = \"c/*.png\", masks = \"d/{name}.png\" }\n";
    let whole = format!("{HEAD}{parts}");
    describe(root.path(), &whole).unwrap();
    let cases = [
        ("size = [32, 32]", "sise = [32, 32]", "mine.toml:2: sise: unknown key `sise`"),
        (
            "size = [32, 32]",
            "size = [32, 32]\nmetric = \"iou\"",
            "mine.toml:3: metric: must be one of miou, mdice, is \"iou\"",
        ),
        ("\"mine\"", "\"My set\"", "mine.toml:1: name: \"My set\" must be at most 60 of a-z"),
        ("\"mine\"", "\"stare\"", "mine.toml:1: name: \"stare\" is a data set of the program"),
        ("\"tree\"", "\"ground\"", "mine.toml:3: classes[1]: ground is there twice"),
        ("\"tree\"", "{ name = \"tree\", value = 0 }", "mine.toml:3: classes[1]: has the value 0, as ground has"),
        ("\"tree\"", "{ name = \"tree\", colur = 0 }", "mine.toml:3: classes[1]"),
        (", \"tree\"", "", "mine.toml:3: classes: must be from 2 to 255, are 1"),
        ("a/*.png", "a/x.png", "mine.toml:4: train.images: \"a/x.png\" must hold a `*`"),
        ("a/*.png", "../a/*.png", "mine.toml:4: train.images: \"../a/*.png\" must not hold"),
        ("b/{name}.png", "b/*.png", "mine.toml:4: train.masks: \"b/*.png\" must hold {name}"),
        ("val =", "all =", "mine.toml:5: all: needs [split]"),
        ("val =", "split = { folds = 3 }\nall =", "mine.toml:4: train: cannot be beside [split]"),
        (
            "size = [32, 32]",
            "size = [32, 32]\nmasks.ignore = [1]",
            "mine.toml:3: masks.ignore: 1 is the value of a class",
        ),
        ("size = [32, 32]", "size = [32, 32]\nmasks.map = { a = 1 }", "mine.toml:3: masks.map: \"a\" is no value"),
        ("size = [32, 32]", "size = [32, 32]\nsubject = \"x\"", "mine.toml:3: subject: \"x\" must hold {subject}"),
        ("size = [32, 32]", "size = [32, 32]\nprotocol.crop = [8, 8]", "mine.toml:3: protocol.crop: must be in 16.."),
        ("size = [32, 32]", "size = 32", "mine.toml:2: size: invalid type"),
        ("size = [32, 32]", "", "mine.toml:1: missing key `size`"),
    ];
    for (from, to, expected) in cases {
        assert!(whole.contains(from), "{from}");
        let line = refused(root.path(), &whole.replacen(from, to, 1));
        assert!(line.starts_with(expected), "{to}: {line}");
    }
    let line = DatasetKind::described("nowhere/x.toml").unwrap_err().to_string();
    assert!(line.starts_with("nowhere/x.toml: cannot be read"), "{line}");
}

#[test]
fn values_names_and_masks_that_nobody_described() {
    let root = tempfile::tempdir().unwrap();
    let path = |name: &str| root.path().join(name);
    for split in ["a", "c"] {
        put_pair(&path(&format!("{split}/x.png")), &path(&format!("{split}m/x.png")), 1);
    }
    let text = format!(
        "{HEAD}train = {{ images = \"a/*.{{png,jpg}}\", masks = \"am/{{name}}.png\" }}\n\
         val = {{ images = \"c/*.png\", masks = \"cm/{{name}}.png\" }}\n"
    );
    let line = |text: &str| message(describe(root.path(), text).unwrap(), Path::new("nowhere"));
    opened(root.path(), &text).samples(Split::Train)[0].load().unwrap();

    LabelMap::filled(6, 8, 7).write_png(&path("am/x.png")).unwrap();
    let found = line(&text);
    assert!(
        found.contains("am/x.png: label value 7 at row 0, column 0; allowed are the described values 0 to 1, 255"),
        "{found}"
    );
    // 7 stands for 1 by a map, and for nothing where it is ignored.
    let loaded = |extra: &str| {
        opened(root.path(), &text.replace("train =", &format!("{extra}\ntrain ="))).samples(Split::Train)[0]
            .load()
            .unwrap()
            .1
            .data[0]
    };
    assert_eq!(loaded("masks.map = { 7 = 1 }"), 1);
    assert_eq!(loaded("masks.ignore = [7]"), 255);

    fs::copy(path("a/x.png"), path("a/x.jpg")).unwrap();
    let found = line(&text);
    assert!(found.contains("mine.toml: train: two images are called x: a/x.jpg and a/x.png"), "{found}");
    fs::remove_file(path("a/x.jpg")).unwrap();
    fs::copy(path("a/x.png"), path("a/y.png")).unwrap();
    let found = line(&text);
    assert!(found.contains("a/y.png: has no mask; add am/y.png"), "{found}");
    fs::remove_file(path("a/y.png")).unwrap();
    let found = line(&text.replace("c/*.png", "e/*.png"));
    assert!(found.contains("val.images: \"e/*.png\" fits no file"), "{found}");
}

#[test]
fn what_decides_no_result_makes_no_other_set() {
    let root = tempfile::tempdir().unwrap();
    let parts = "train = { images = \"a/*.png\", masks = \"b/{name}.png\" }\nval = { images = \"c/*.png\", masks = \"d/{name}.png\" }\n";
    let kind = |change: &str| describe(root.path(), &format!("{HEAD}{change}\n{parts}")).unwrap();
    let plain = kind("");
    assert_eq!(plain, kind("title = \"Mine\"\nmetric = \"mdice\""));
    assert_ne!(plain, kind("masks.ignore = [9]"));
    assert_eq!(plain.deciding(), plain);
    // Results carry the description, so that whoever reads them need not have the file.
    let json = serde_json::to_string(&kind("metric = \"mdice\"")).unwrap();
    let read: DatasetKind = serde_json::from_str(&json).unwrap();
    assert_eq!((read, read.metric(), read.class_names()[1]), (plain, Some("mdice"), "tree"));
    assert_eq!(read.described_folder(), Some(std::path::absolute(root.path()).unwrap().as_path()));
    let id = |kind: DatasetKind| serde_json::to_string(&kind.deciding()).unwrap();
    assert_eq!(id(plain), id(read));
    assert!(!id(plain).contains(root.path().to_str().unwrap()), "{}", id(plain));
    let hostile = json.replace("\"tree\"", "\"ground\"");
    assert!(serde_json::from_str::<DatasetKind>(&hostile).unwrap_err().to_string().starts_with("classes[1]: ground"));
}

#[test]
fn a_described_set_is_converted_with_a_description_of_the_copy() {
    let root = tempfile::tempdir().unwrap();
    patients(root.path());
    for name in fs::read_dir(root.path().join("gt")).unwrap() {
        let mut mask = LabelMap::filled(6, 8, 3);
        mask.data[0] = 0;
        mask.write_png(&name.unwrap().path()).unwrap();
    }
    let text = format!("{HEAD}{ALL}masks.map = {{ 3 = 1 }}\nsplit = {{ train_share = 0.5 }}\n");
    let kind = describe(root.path(), &text).unwrap();
    let original = Dataset::open(kind, Path::new("nowhere")).unwrap();
    let out = root.path().join("out");
    atrous_data::prepare::convert(kind, root.path(), &out, atrous_data::ImageLimit::DEFAULT, &|_, _| {}).unwrap();
    let copy = DatasetKind::described(out.join("mine-prepared.toml").to_str().unwrap()).unwrap();
    let copy = Dataset::open(copy, Path::new("nowhere")).unwrap();
    for split in Split::ALL {
        assert_eq!(ids(&copy, split), ids(&original, split));
        for (one, two) in copy.samples(split).iter().zip(original.samples(split)) {
            assert_eq!(one.subject(), two.subject());
            assert_eq!(one.load().unwrap(), two.load().unwrap());
        }
    }
}

/// The description that `describe_folder` drafts, opened without a word added.
fn drafted(root: &Path) -> (atrous_data::DescriptionDraft, Dataset) {
    let draft = atrous_data::describe_folder(root, "found", ".", atrous_data::ImageLimit::DEFAULT, &|_, _| {}).unwrap();
    put(&root.join("found.toml"), draft.text.as_bytes());
    let kind = DatasetKind::described(root.join("found.toml").to_str().unwrap()).unwrap();
    let dataset = Dataset::open(kind, Path::new("nowhere")).unwrap();
    for sample in Split::ALL.into_iter().flat_map(|split| dataset.samples(split)) {
        sample.load().unwrap();
    }
    (draft, dataset)
}

/// Writes an image and a mask of two values.
fn put_two(image: &Path, mask: &Path, values: [u8; 2]) {
    put_pair(image, mask, values[0]);
    let mut label = LabelMap::filled(6, 8, values[0]);
    label.data[5] = values[1];
    label.write_png(mask).unwrap();
}

#[test]
fn fields_of_view_are_found_by_name() {
    let root = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        put_pair(&root.path().join(format!("val/{name}.png")), &root.path().join(format!("mask/{name}.png")), 1);
        put_pair(&root.path().join(format!("seen/{name}.png")), &root.path().join("rest/x.png"), 0);
    }
    let val = "[val]\nimages = \"val/*.png\"\nmasks = \"mask/{name}.png\"\n";
    let text = format!("{HEAD}{val}fov = \"seen/{{name}}.png\"\n");
    let kind = describe(root.path(), &text).unwrap();
    let scored = Dataset::open_for(kind, Path::new("nowhere"), &[Split::Val]).unwrap();
    for sample in scored.samples(Split::Val) {
        let seen = root.path().join(format!("seen/{}.png", sample.id)).canonicalize().unwrap();
        assert_eq!(sample.fov.as_ref().unwrap().canonicalize().unwrap(), seen);
        assert_eq!(sample.load_fov().unwrap().unwrap().len(), sample.load_label().unwrap().data.len());
    }
    // It decides no result, so it makes no other data set.
    let without = describe(root.path(), &format!("{HEAD}{val}")).unwrap();
    assert_eq!(kind, without);
    fs::remove_file(root.path().join("seen/b.png")).unwrap();
    let error = Dataset::open_for(kind, Path::new("nowhere"), &[Split::Val]).unwrap_err().to_string();
    assert!(error.contains("val/b.png: has no mask of the field of view; add seen/b.png"), "{error}");
    assert_eq!(
        refused(root.path(), &text.replace("seen/{name}", "seen/x")),
        "mine.toml:7: val.fov: \"seen/x.png\" must hold {name}, the name of the image"
    );
}

#[test]
fn one_split_is_enough_to_score() {
    let root = tempfile::tempdir().unwrap();
    put_pair(&root.path().join("val/a.png"), &root.path().join("mask/a.png"), 1);
    let val = "[val]\nimages = \"val/*.png\"\nmasks = \"mask/{name}.png\"\n";
    let kind = describe(root.path(), &format!("{HEAD}{val}")).unwrap();
    let scored = Dataset::open_for(kind, Path::new("nowhere"), &[Split::Val]).unwrap();
    assert_eq!(ids(&scored, Split::Val), ["a"]);
    let error = Dataset::open_for(kind, Path::new("nowhere"), &[Split::Train]).unwrap_err().to_string();
    assert!(error.contains("no images for the train split, which is needed here"), "{error}");
    assert_eq!(
        refused(root.path(), HEAD),
        "mine.toml: val: is missing: say where the images are in [train] and [val], or in [all] with [split]"
    );
}

#[test]
fn folders_are_described_as_they_are() {
    let root = tempfile::tempdir().unwrap();
    for (split, name) in [("train", "a_1"), ("train", "a_2"), ("train", "b_1"), ("val", "c_1"), ("val", "c_2")] {
        let place = |part: &str| root.path().join(format!("{part}/{name}.png"));
        put_two(&place(split), &place(&format!("{split}annot")), [0, 11]);
    }
    let (draft, dataset) = drafted(root.path());
    assert_eq!(ids(&dataset, Split::Train), ["a_1", "a_2", "b_1"]);
    assert_eq!(ids(&dataset, Split::Val), ["c_1", "c_2"]);
    assert_eq!(dataset.kind.class_names(), ["class 0", "class 11"]);
    assert_eq!(dataset.kind.resize_reference(), [6, 8]);
    assert!(draft.found.contains(&"values 0, 11".to_owned()), "{:?}", draft.found);
    put_pair(&root.path().join("train/alone.png"), &root.path().join("valannot/left.png"), 0);
    let draft = atrous_data::describe_folder(root.path(), "found", ".", atrous_data::ImageLimit::DEFAULT, &|_, _| {});
    let unknown = draft.unwrap().unknown.join("\n");
    for expected in [
        "what train/alone.png is: an image without mask",
        "what valannot/left.png is: a mask without image",
        "5 names have 3 beginnings before a `_`",
        "the names of the classes",
    ] {
        assert!(unknown.contains(expected), "{expected}: {unknown}");
    }
}

#[test]
fn lists_suffixes_colours_and_palettes_are_described() {
    // Masks beside their images, and no splits.
    let root = tempfile::tempdir().unwrap();
    for name in ["x1", "x2", "x10"] {
        let place = |end: &str| root.path().join(format!("{name}{end}.png"));
        put_two(&place(""), &place("_mask"), [0, 255]);
    }
    let (draft, dataset) = drafted(root.path());
    assert_eq!(dataset.samples(Split::Train).len() + dataset.samples(Split::Val).len(), 3);
    assert_eq!(dataset.samples(Split::Train)[0].load().unwrap().1.data[5], 1);
    assert!(draft.text.contains("train_share = 0.8"), "{}", draft.text);

    // Pascal VOC.
    let root = tempfile::tempdir().unwrap();
    let mut palette = vec![0; 3 * 256];
    palette[3..6].copy_from_slice(&[128, 0, 0]);
    for name in ["n1", "n2"] {
        fs::create_dir_all(root.path().join("JPEGImages")).unwrap();
        for part in ["SegmentationClass", "SegmentationObject"] {
            let mask = palette_png(&[[0, 1, 255]; 16].concat(), &palette);
            put(&root.path().join(format!("{part}/{name}.png")), &mask);
        }
        RgbImage8::filled(1, 48, [9; 3]).write_png(&root.path().join(format!("JPEGImages/{name}.jpg"))).unwrap();
    }
    put(&root.path().join("ImageSets/Segmentation/train.txt"), b"n1\n");
    put(&root.path().join("ImageSets/Segmentation/val.txt"), b"n2\n");
    let draft = atrous_data::describe_folder(root.path(), "voc", ".", atrous_data::ImageLimit::DEFAULT, &|_, _| {});
    let text = draft.unwrap().text;
    for expected in [
        "list   = \"ImageSets/Segmentation/train.txt\"",
        "images = \"JPEGImages/{name}.jpg\"",
        "masks  = \"SegmentationClass/{name}.png\"",
        "{ name = \"class 1\", colour = [128, 0, 0] }, # 32 pixels",
        "hold   = \"palette\"\nignore = [255]",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }

    // Colours.
    let root = tempfile::tempdir().unwrap();
    for split in ["train", "val"] {
        let mut mask = RgbImage8::filled(20, 20, [0, 0, 0]);
        mask.set_pixel(3, 3, [0, 128, 0]);
        let path = |part: &str| root.path().join(format!("{part}/{split}/x.png"));
        put_pair(&path("img_dir"), &path("ann_dir"), 0);
        RgbImage8::filled(20, 20, [9; 3]).write_png(&path("img_dir")).unwrap();
        mask.write_png(&path("ann_dir")).unwrap();
    }
    let (_, dataset) = drafted(root.path());
    assert_eq!(dataset.kind.palette(), [[0, 0, 0], [0, 128, 0]]);

    let empty = tempfile::tempdir().unwrap();
    put(&empty.path().join("a.png"), b"x");
    let error = atrous_data::describe_folder(empty.path(), "n", ".", atrous_data::ImageLimit::DEFAULT, &|_, _| {});
    assert!(error.unwrap_err().to_string().contains("no image has a mask of its name"));
}
