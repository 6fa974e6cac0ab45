//! HRF: `images/01_dr.JPG`, `images/01_g.jpg`, `images/01_h.jpg`, `manual1/01_dr.tif`; or the six
//! archives that the publisher offers beside: `healthy/01_h.jpg`, `healthy_manualsegm/01_h.tif` and
//! so on. Fields of view are in `mask/01_dr_mask.tif` or `healthy_fovmask/01_h_mask.tif`, where
//! they are there.
//!
//! The first five of the 15 images of each group (`_dr`, `_g`, `_h`) are for training.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::definition::{
    Definition, DrawnImages, DrawnSample, Motif, Preparation, ProtocolNumbers, PublishedFiles, SlidingWindow,
};
use super::folder::{images, insert, pair, required_images, unknown_layout, with_suffix};
use super::kind::DatasetKind;
use super::split_file::{share, split};
use super::splits::Splits;
use super::{converted, retina};
use crate::drawing;
use crate::encode::{save_grey_tiff, save_jpeg, vessels_as_255};
use crate::error::Result;
use crate::lookup;
use crate::sample::Sample;
use crate::write::PendingFolder;

impl DatasetKind {
    /// HRF: 45 fundus images, 2336x3504, vessels.
    pub const HRF: DatasetKind = DatasetKind::new(&HRF);
}

static HRF: Definition = Definition {
    id: 2,
    name: "hrf",
    title: "HRF",
    directory: "HRF",
    is_published: true,
    class_names: retina::CLASS_NAMES,
    palette: retina::PALETTE,
    encoding: &retina::VESSELS,
    protocol: ProtocolNumbers {
        crop: [256, 256],
        batch: 16,
        iterations: 40_000,
        windows: Some(SlidingWindow { side: 256, stride: 170 }),
        resize: [2336, 3504],
        validation_images: 30,
    },
    // One image a patient: `01_dr`, `01_g` and `01_h` are three of them.
    subject: &str::to_owned,
    find: &find,
    implausible: retina::inverted,
    // Masks of the field of view.
    files: PublishedFiles {
        is_unread: |name| name.starts_with("mask/") || name.contains(FIELDS),
        note,
        elsewhere: in_archive,
    },
    preparation: Preparation::Samples(|sample, folder| converted::save(sample, "", folder)),
    drawn: Some(DrawnImages {
        motif: Motif::Scene(drawing::retina),
        id: |number, _| format!("{:02}_{}", number / 3 + 1, ["dr", "g", "h"][number % 3]),
        write,
        needs_split_file: true,
    }),
    described: None,
};

/// The archives of images, one for each group.
const ARCHIVES: [(&str, &str); 3] = [("dr", "diabetic_retinopathy"), ("g", "glaucoma"), ("h", "healthy")];
/// What the name of an archive of masks has after that of its images.
const MANUAL: &str = "_manualsegm";
/// What the name of an archive of fields of view has after that of its images.
const FIELDS: &str = "_fovmask";

fn find(root: &Path) -> Result<Splits> {
    if converted::is_present(root)? {
        return converted::find(root, "", &retina::VESSELS);
    }
    let whole = lookup::first_dir(root, &["images", "manual1"])?.is_some();
    if !whole && archives(root)?.is_empty() {
        return Err(unknown_layout(
            root,
            "images/01_dr.JPG and manual1/01_dr.tif and so on (all.zip), or healthy/, healthy_manualsegm/ and so on \
             (the six archives), or images/ and annotations/",
        ));
    }
    let mut samples = if whole {
        pair(
            required_images(root, "images")?,
            required_images(root, "manual1")?,
            &retina::VESSELS,
            |id| format!("manual1/{id}.tif"),
            |id| format!("images/{id}.jpg"),
        )?
    } else {
        of_archives(root)?
    };

    let mut fields = fields_of_view(root, whole)?;
    for sample in &mut samples {
        sample.fov = fields.remove(&sample.id);
    }

    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for sample in &samples {
        groups.entry(group(&sample.id).to_owned()).or_default().push(sample.id.clone());
    }
    split(root, samples, |_, id| {
        let members = &groups[group(id)];
        let rank = members.iter().position(|member| member == id).unwrap_or(members.len());
        rank < share(members.len(), 5, 15)
    })
}

/// The groups' archives of images, those that are there; the masks are beside each.
fn archives(root: &Path) -> Result<Vec<&'static str>> {
    let mut found = Vec::new();
    for (_, folder) in ARCHIVES {
        if lookup::is_there(&root.join(folder))? || lookup::is_there(&root.join(format!("{folder}{MANUAL}")))? {
            found.push(folder);
        }
    }
    Ok(found)
}

/// The samples of the groups' archives.
fn of_archives(root: &Path) -> Result<Vec<Sample>> {
    let (mut images, mut masks) = (BTreeMap::new(), BTreeMap::new());
    for archive in archives(root)? {
        let add = |files: &mut BTreeMap<_, _>, folder: &str| {
            required_images(root, folder)?.into_iter().try_for_each(|(id, path)| insert(files, id, path))
        };
        add(&mut images, archive)?;
        add(&mut masks, &format!("{archive}{MANUAL}"))?;
    }
    let folder = |id: &str| ARCHIVES.iter().find(|(end, _)| *end == group(id)).map_or("healthy", |(_, folder)| folder);
    let mask_name = |id: &str| format!("{}{MANUAL}/{id}.tif", folder(id));
    pair(images, masks, &retina::VESSELS, mask_name, |id| format!("{}/{id}.jpg", folder(id)))
}

/// The masks of the field of view that are there, by the ids of their images.
fn fields_of_view(root: &Path, whole: bool) -> Result<BTreeMap<String, PathBuf>> {
    let folders: Vec<String> = match whole {
        true => vec!["mask".to_owned()],
        false => archives(root)?.iter().map(|archive| format!("{archive}{FIELDS}")).collect(),
    };
    let mut fields = BTreeMap::new();
    for folder in folders.iter().map(|folder| root.join(folder)) {
        if lookup::is_there(&folder)? {
            fields.extend(with_suffix(images(&folder)?, "_mask"));
        }
    }
    Ok(fields)
}

/// The path of a file of `all.zip` in the archives of its group.
fn in_archive(name: &str) -> Option<String> {
    let (folder, file) = name.split_once('/')?;
    let end = match folder {
        "images" => "",
        "manual1" => MANUAL,
        "mask" => FIELDS,
        _ => return None,
    };
    let id = file.split('.').next()?;
    let (_, archive) = ARCHIVES.iter().find(|(end, _)| *end == group(id.strip_suffix("_mask").unwrap_or(id)))?;
    Some(format!("{archive}{end}/{file}"))
}

/// The group of an image, which follows the last underscore: `dr`, `g` or `h`.
fn group(id: &str) -> &str {
    id.rsplit_once('_').map_or("", |(_, group)| group)
}

fn note(name: &str) -> Option<&'static str> {
    ["manual1/11_h.tif", "manual1/12_h.tif", "manual1/13_h.tif"].contains(&name).then_some(
        "some copies of HRF hold masks here that were derived from the published artery/vein labels; \
         say so with any result, they are in the validation split (docs/guide/datasets.md)",
    )
}

fn write(folder: &PendingFolder, DrawnSample { id, image, label, .. }: &DrawnSample) -> Result<()> {
    let extension = if id.ends_with("_dr") { "JPG" } else { "jpg" };
    save_jpeg(folder, &format!("images/{id}.{extension}"), image)?;
    save_grey_tiff(folder, &format!("manual1/{id}.tif"), label.size(), &vessels_as_255(label))
}
