//! Cityscapes: `leftImg8bit/{train,val}/<city>/*_leftImg8bit.png` and
//! `gtFine/{train,val}/<city>/*_gtFine_labelTrainIds.png`, or `*_gtFine_labelIds.png`, which are
//! mapped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::definition::{
    Definition, DrawnImages, DrawnSample, LoadedSample, Motif, Preparation, ProtocolNumbers, PublishedFiles,
};
use super::folder::{are_missing, entries, images, refuse_dangling, unknown_layout, with_suffix};
use super::kind::DatasetKind;
use super::plausible;
use super::splits::Splits;
use crate::drawing;
use crate::error::{DataError, Result};
use crate::label::{LabelEncoding, indexes};
use crate::lookup;
use crate::plain_file;
use crate::raster::IGNORE_INDEX;
use crate::sample::Sample;
use crate::write::{PendingFolder, write_atomic};

impl DatasetKind {
    /// Cityscapes: street scenes, 1024x2048, 19 classes.
    pub const CITYSCAPES: DatasetKind = DatasetKind::new(&CITYSCAPES);
}

static CITYSCAPES: Definition = Definition {
    id: 3,
    name: "cityscapes",
    title: "Cityscapes",
    directory: "cityscapes",
    is_published: true,
    class_names: &CLASS_NAMES,
    palette: &PALETTE,
    encoding: &LABEL_IDS,
    protocol: ProtocolNumbers {
        crop: [512, 1024],
        batch: 8,
        // Of the two schedules, 40k and 80k, the one whose reported score is near the published
        // one.
        iterations: 80_000,
        windows: None,
        resize: [1024, 2048],
        validation_images: 500,
    },
    subject: &sequence,
    find: &find,
    implausible: plausible::only_two_classes,
    files: PublishedFiles::ALL_READ,
    preparation: Preparation::Samples(save_train_ids),
    drawn: Some(DrawnImages {
        motif: Motif::Scene(drawing::street),
        id: |number, _| format!("synthetic_{number:06}_000019"),
        write,
        needs_split_file: false,
    }),
    described: None,
};

/// The publisher's `labelIds`: ids 0 to 33, 255 for ids that are negative in the publisher's table.
static LABEL_IDS: LabelEncoding =
    LabelEncoding { train_ids: |_| train_ids(), allowed: "the label ids 0 to 33, and 255", refuse_rgb: None };

/// The publisher's `labelTrainIds`: 0 to 18, 255 ignored.
static LABEL_TRAIN_IDS: LabelEncoding =
    LabelEncoding { train_ids: |_| indexes(19), allowed: "the train ids 0 to 18, and 255", refuse_rgb: None };

/// The train id of each label id, [`IGNORE_INDEX`] for classes that are not scored.
fn train_ids() -> [Option<u8>; 256] {
    let mut ids = [None; 256];
    ids[255] = Some(IGNORE_INDEX);
    for (entry, train_id) in ids.iter_mut().zip(TRAIN_IDS) {
        *entry = Some(train_id);
    }
    ids
}

/// Gives the label id of a train id, which the publisher's server scores; `None` for one that is no
/// class.
pub fn cityscapes_label_id(train_id: u8) -> Option<u8> {
    let id = TRAIN_IDS.iter().position(|id| *id == train_id && train_id != IGNORE_INDEX)?;
    u8::try_from(id).ok()
}

/// The recording that an image is a frame of: `frankfurt_000001` of `frankfurt_000001_005184`.
///
/// Most recordings have one annotated frame; those of some cities have hundreds, seconds apart.
fn sequence(id: &str) -> String {
    let mut parts = id.rsplitn(2, '_');
    let (frame, recording) = (parts.next(), parts.next());
    recording.filter(|_| frame.is_some_and(is_number)).unwrap_or(id).to_owned()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn find(root: &Path) -> Result<Splits> {
    if lookup::first_dir(root, &["leftImg8bit", "gtFine"])?.is_none() {
        return Err(unknown_layout(
            root,
            "leftImg8bit/{train,val}/ and gtFine/{train,val}/, unpacked from leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip",
        ));
    }
    Ok(Splits { train: part(root, "train")?, val: part(root, "val")? })
}

fn part(root: &Path, split: &str) -> Result<Vec<Sample>> {
    if are_missing(root, &[format!("leftImg8bit/{split}"), format!("gtFine/{split}")])? {
        return Ok(Vec::new());
    }
    let photographs = with_suffix(cities(root, &format!("leftImg8bit/{split}"))?, "_leftImg8bit");
    let annotations = cities(root, &format!("gtFine/{split}"))?;
    let mut train_ids = with_suffix(annotations.clone(), "_gtFine_labelTrainIds");
    let mut label_ids = with_suffix(annotations, "_gtFine_labelIds");

    let mut samples = Vec::with_capacity(photographs.len());
    for (id, image) in photographs {
        let ids = label_ids.remove(&id).map(|path| (path, &LABEL_IDS));
        let found = train_ids.remove(&id).map(|path| (path, &LABEL_TRAIN_IDS));
        let Some((label, encoding)) = found.or(ids) else {
            let expected = format!("gtFine/{split}/{id}_gtFine_labelIds.png or ..._labelTrainIds.png");
            return Err(DataError::MaskMissing { image, expected });
        };
        samples.push(Sample::new(id, image, label, encoding));
    }
    shorten(&mut samples);
    match train_ids.pop_first().or(label_ids.pop_first()) {
        Some((id, mask)) => {
            Err(DataError::ImageMissing { mask, expected: format!("leftImg8bit/{split}/{id}_leftImg8bit.png") })
        }
        None => Ok(samples),
    }
}

/// Names images without their city where no two have one name then, as with the publisher's.
fn shorten(samples: &mut [Sample]) {
    let name = |id: &str| id.rsplit_once('/').map_or(id, |(_, name)| name).to_owned();
    let names: BTreeSet<String> = samples.iter().map(|sample| name(&sample.id)).collect();
    if names.len() == samples.len() {
        samples.iter_mut().for_each(|sample| sample.id = name(&sample.id));
    }
}

/// Image files of all cities, by `city/stem`.
fn cities(root: &Path, relative: &str) -> Result<BTreeMap<String, PathBuf>> {
    let folder = root.join(relative);
    if !lookup::is_dir(&folder)? {
        let advice = format!("{} must hold it", root.display());
        return Err(DataError::RootMissing { path: folder, advice });
    }
    let mut found = BTreeMap::new();
    for (city, path) in entries(&folder)? {
        refuse_dangling(&path)?;
        if lookup::is_dir(&path)? {
            found.extend(images(&path)?.into_iter().map(|(stem, path)| (format!("{city}/{stem}"), path)));
        }
    }
    if found.is_empty() {
        let advice = "it must hold one folder per city; unpack the publisher's files there".to_owned();
        return Err(DataError::RootEmpty { path: folder, advice });
    }
    Ok(found)
}

/// Writes the mask as train ids beside a copy of the image.
fn save_train_ids(loaded: &LoadedSample, folder: &PendingFolder) -> Result<()> {
    // The publisher's PNG files are copied as they are: encoding them again would change nothing
    // but the bytes.
    let LoadedSample { split, sample, image_name: name, label, .. } = loaded;
    let bytes = plain_file::read(&sample.image, sample.limit.file_bytes(None))?;
    write_atomic(&folder.file(name)?, &bytes)?;
    let city = name.rsplit('/').nth(1).unwrap_or_default();
    let image = sample.id.rsplit('/').next().unwrap_or_default();
    let mask = format!("gtFine/{split}/{city}/{image}_gtFine_labelTrainIds.png");
    label.write_png(&folder.file(&mask)?)
}

fn write(folder: &PendingFolder, DrawnSample { split, id, image, label }: &DrawnSample) -> Result<()> {
    let place = format!("{split}/synthetic/{id}");
    image.write_png(&folder.file(&format!("leftImg8bit/{place}_leftImg8bit.png"))?)?;
    label.write_png(&folder.file(&format!("gtFine/{place}_gtFine_labelIds.png"))?)
}

/// The classes by train id (from mmsegmentation 1.2.2).
const CLASS_NAMES: [&str; 19] = [
    "road",
    "sidewalk",
    "building",
    "wall",
    "fence",
    "pole",
    "traffic light",
    "traffic sign",
    "vegetation",
    "terrain",
    "sky",
    "person",
    "rider",
    "car",
    "truck",
    "bus",
    "train",
    "motorcycle",
    "bicycle",
];

/// The colours by train id (from mmsegmentation 1.2.2).
const PALETTE: [[u8; 3]; 19] = [
    [128, 64, 128],
    [244, 35, 232],
    [70, 70, 70],
    [102, 102, 156],
    [190, 153, 153],
    [153, 153, 153],
    [250, 170, 30],
    [220, 220, 0],
    [107, 142, 35],
    [152, 251, 152],
    [70, 130, 180],
    [220, 20, 60],
    [255, 0, 0],
    [0, 0, 142],
    [0, 0, 70],
    [0, 60, 100],
    [0, 80, 100],
    [0, 0, 230],
    [119, 11, 32],
];

/// The train id of each label id from 0 to 33 (from mmsegmentation 1.2.2).
#[rustfmt::skip]
const TRAIN_IDS: [u8; 34] = {
    const NOT: u8 = IGNORE_INDEX;
    [
        NOT, NOT, NOT, NOT, NOT, NOT, NOT, 0, 1, NOT,
        NOT, 2, 3, 4, NOT, NOT, NOT, 5, NOT, 6,
        7, 8, 9, 10, 11, 12, 13, 14, 15, NOT,
        NOT, 16, 17, 18,
    ]
};

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::golden;

    #[test]
    fn golden_cityscapes_labels() {
        for golden in golden::folders() {
            let maps = golden.json("label_maps.json");
            let ids = maps["cityscapes_ids"].as_array().unwrap();
            for (id, row) in ids.iter().enumerate() {
                assert_eq!(row["id"], id);
                assert_eq!(row["train_id"], TRAIN_IDS[id]);
                if let Some(name) = CLASS_NAMES.get(TRAIN_IDS[id] as usize) {
                    assert_eq!(row["name"], *name);
                }
            }
            assert_eq!(ids.len(), TRAIN_IDS.len());
            assert_eq!(maps["ignore"], IGNORE_INDEX);
            assert_eq!(maps["cityscapes_classes"], json!(CLASS_NAMES));
            assert_eq!(maps["cityscapes_palette"], json!(PALETTE));
        }
    }

    #[test]
    fn golden_cityscapes_ids_become_train_ids() {
        for golden in golden::folders() {
            let maps = golden.json("label_maps.json");
            let column = |key: &str| -> Vec<u8> {
                let rows = maps["cityscapes_ids"].as_array().unwrap();
                rows.iter().map(|row| row[key].as_u64().unwrap() as u8).collect()
            };
            let decoded = LABEL_IDS.decode_row(Path::new("mask.png"), &column("id")).unwrap();
            assert_eq!(decoded, column("train_id"));
        }
    }

    #[test]
    fn ids_beyond_the_classes_are_errors() {
        LABEL_IDS.assert_decodes(&[7, 33, 0, 255], &[0, 18, 255, 255], 34);
        LABEL_TRAIN_IDS.assert_decodes(&[18, 255], &[18, 255], 19);
    }
}
