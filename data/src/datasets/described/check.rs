//! Refuses descriptions that cannot be: the key, and why.

use std::collections::{BTreeMap, BTreeSet};

use super::description::{Description, ImagePaths, MaskContents};
use super::encoding::class_values;
use super::pattern::{NAME, Pattern, check_relative};
use super::subject::SubjectRule;
use crate::error::shown;

/// A key, and why its value cannot be.
type Wrong = (String, String);

/// The scores that can count.
pub(crate) const METRICS: [&str; 2] = ["miou", "mdice"];

/// The largest side of an image.
const MOST_PIXELS: usize = 65_536;

/// The largest number of folds.
const MOST_FOLDS: usize = 1000;

pub(super) fn check(description: &Description, taken: &[&str]) -> Result<(), Wrong> {
    check_name(&description.name, taken)?;
    let size = description.size;
    ensure(size.iter().all(|side| (1..=MOST_PIXELS).contains(side)), "size", || {
        format!("must be [height, width], each in 1..={MOST_PIXELS}, is {size:?}")
    })?;
    if let Some(metric) = &description.metric {
        ensure(METRICS.contains(&metric.as_str()), "metric", || {
            format!("must be one of {}, is {:?}", METRICS.join(", "), shown(metric))
        })?;
    }
    if let Some(folder) = &description.folder {
        ensure(!folder.is_empty() && !folder.contains('\0'), "folder", || "must name a folder".to_owned())?;
    }
    SubjectRule::new(description.subject.as_deref()).map_err(at("subject"))?;
    check_splits(description)?;
    check_classes(description)?;
    check_masks(description)?;
    check_numbers(description)
}

fn check_name(name: &str, taken: &[&str]) -> Result<(), Wrong> {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    ensure((1..=60).contains(&name.len()) && name.chars().all(letter), "name", || {
        format!("\"{}\" must be at most 60 of a-z, 0-9, _ and -: it names folders", shown(name))
    })?;
    ensure(!taken.contains(&name), "name", || format!("\"{name}\" is a data set of the program; take another name"))
}

fn check_splits(description: &Description) -> Result<(), Wrong> {
    let Description { train, val, all, split, .. } = description;
    let Some(rule) = split else {
        ensure(all.is_none(), "all", || "needs [split], which says how to part it".to_owned())?;
        // Scoring alone needs no images to train on.
        ensure(train.is_some() || val.is_some(), "val", || {
            "is missing: say where the images are in [train] and [val], or in [all] with [split]".to_owned()
        })?;
        for (key, part) in [("train", train), ("val", val)] {
            part.as_ref().map_or(Ok(()), |part| check_part(key, part))?;
        }
        return Ok(());
    };
    for (key, part) in [("train", train), ("val", val)] {
        ensure(part.is_none(), key, || "cannot be beside [split], which makes it of [all]".to_owned())?;
    }
    let missing = || ("all".to_owned(), "is missing: say where the images are that [split] parts".to_owned());
    check_part("all", all.as_ref().ok_or_else(missing)?)?;
    match (rule.train_share, rule.folds) {
        (Some(share), None) => {
            let message = || format!("must be between 0 and 1, is {share}");
            ensure(share > 0.0 && share < 1.0, "split.train_share", message)?;
            ensure(rule.fold.is_none(), "split.fold", || "needs split.folds".to_owned())
        }
        (None, Some(folds)) => {
            let message = || format!("must be in 2..={MOST_FOLDS}, is {folds}");
            ensure((2..=MOST_FOLDS).contains(&folds), "split.folds", message)?;
            let fold = rule.fold.unwrap_or(0);
            ensure(fold < folds, "split.fold", || format!("must be below {folds}, is {fold}: folds count from 0"))
        }
        _ => Err(("split".into(), "must hold either train_share or folds".into())),
    }
}

fn check_part(key: &str, part: &ImagePaths) -> Result<(), Wrong> {
    let ImagePaths { images, exclude, masks, fov, list, last_parts } = part;
    let (images_key, masks_key) = (format!("{key}.images"), format!("{key}.masks"));
    for (path, path_key) in [(masks, &masks_key), (fov, &format!("{key}.fov"))] {
        let Some(path) = path else { continue };
        ensure(path.contains(NAME), path_key, || format!("{path:?} must hold {NAME}, the name of the image"))?;
        Pattern::of_name(path, "name").map_err(at(path_key))?;
    }
    if let Some(exclude) = exclude {
        let exclude_key = format!("{key}.exclude");
        ensure(list.is_none(), &exclude_key, || "is for a pattern of images, not for a list".to_owned())?;
        Pattern::images(exclude).map_err(at(&exclude_key))?;
    }
    match (list, images) {
        (None, None) => Err((images_key, "is missing: give a pattern such as \"train/*.png\", or a list".into())),
        (None, Some(images)) => {
            ensure(last_parts.is_none(), &format!("{key}.last_parts"), || "is for a list".to_owned())?;
            Pattern::images(images).map_err(at(&images_key))?;
            ensure(masks.is_some(), &masks_key, || {
                format!("is missing: say where the mask of an image is, such as \"masks/{NAME}.png\"")
            })
        }
        (Some(list), images) => {
            check_relative(list).map_err(at(&format!("{key}.list")))?;
            let message = || "must be at least 1".to_owned();
            ensure(*last_parts != Some(0), &format!("{key}.last_parts"), message)?;
            let Some(images) = images else { return Ok(()) };
            ensure(images.contains(NAME), &images_key, || {
                format!("{images:?} must hold {NAME}, which a line of the list gives")
            })?;
            Pattern::of_name(images, "name").map_err(at(&images_key))?;
            ensure(masks.is_some(), &masks_key, || "is missing beside images".to_owned())
        }
    }
}

fn check_classes(description: &Description) -> Result<(), Wrong> {
    let classes = &description.classes;
    let message = || format!("must be from 2 to 255, are {}", classes.len());
    ensure((2..=255).contains(&classes.len()), "classes", message)?;
    let (mut names, mut values, mut colours) = (BTreeSet::new(), BTreeMap::new(), BTreeMap::new());
    for (index, (class, value)) in classes.iter().zip(class_values(description)).enumerate() {
        let key = format!("classes[{index}]");
        let plain = !class.name.trim().is_empty() && !class.name.contains(char::is_control);
        ensure(plain && class.name.len() <= 100, &key, || "must have a name of at most 100 characters".to_owned())?;
        ensure(names.insert(&class.name), &key, || format!("{} is there twice", shown(&class.name)))?;
        if let Some(other) = values.insert(value, &class.name).filter(|_| holds_values(description)) {
            return Err((key, format!("has the value {value}, as {} has", shown(other))));
        }
        let same = class.colour.and_then(|colour| colours.insert(colour, &class.name));
        if let Some(other) = same.filter(|_| !holds_values(description)) {
            return Err((key, format!("has the colour of {}", shown(other))));
        }
        ensure(holds_values(description) || class.colour.is_some(), &key, || {
            format!("needs a colour: the masks hold colours ({})", shown(&class.name))
        })?;
    }
    Ok(())
}

fn check_masks(description: &Description) -> Result<(), Wrong> {
    let masks = &description.masks;
    if holds_values(description) {
        ensure(masks.ignore_colours.is_empty(), "masks.ignore_colours", || "is for masks that hold colours".into())?;
        let values = class_values(description);
        let both = masks.ignored(&values).into_iter().find(|value| values.contains(value));
        ensure(both.is_none(), "masks.ignore", || format!("{} is the value of a class", both.unwrap_or(0)))?;
        let no_value =
            masks.map.keys().find(|key| key.parse::<u8>().map(|value| value.to_string()).as_ref() != Ok(*key));
        ensure(no_value.is_none(), "masks.map", || {
            format!("{:?} is no value from 0 to 255", shown(no_value.map_or("", String::as_str)))
        })?;
        return Ok(());
    }
    let value_keys = [
        ("masks.reduce_zero_label", masks.reduce_zero_label),
        ("masks.map", !masks.map.is_empty()),
        ("masks.ignore", masks.ignore.is_some()),
    ];
    let unused = value_keys.into_iter().find(|(_, given)| *given);
    let with_value = description.classes.iter().position(|class| class.value.is_some());
    let unused = unused.map(|(key, _)| key.to_owned()).or(with_value.map(|index| format!("classes[{index}].value")));
    if let Some(key) = unused {
        return Err((key, "is for masks that hold values, and these hold colours".into()));
    }
    let ignored = &masks.ignore_colours;
    let both = description.classes.iter().find(|class| class.colour.is_some_and(|colour| ignored.contains(&colour)));
    ensure(both.is_none(), "masks.ignore_colours", || {
        format!("one is the colour of {}", shown(both.map_or("", |class| class.name.as_str())))
    })
}

fn holds_values(description: &Description) -> bool {
    description.masks.hold != MaskContents::Colours
}

fn check_numbers(description: &Description) -> Result<(), Wrong> {
    let numbers = &description.protocol;
    let side = |key: &str, value: Option<usize>, least: usize| {
        ensure(value.is_none_or(|side| (least..=MOST_PIXELS).contains(&side)), &format!("protocol.{key}"), || {
            format!("must be in {least}..={MOST_PIXELS}, is {}", value.unwrap_or(0))
        })
    };
    for value in numbers.crop.into_iter().flatten() {
        side("crop", Some(value), 16)?;
    }
    side("window", numbers.window.filter(|window| *window > 0), 16)?;
    side("stride", numbers.stride, 1)?;
    let windows = numbers.window.filter(|window| *window > 0);
    ensure(numbers.stride.is_none() || windows.is_some(), "protocol.stride", || "needs protocol.window".to_owned())?;
    let fits = numbers.stride.zip(windows).is_none_or(|(stride, window)| stride <= window);
    ensure(fits, "protocol.stride", || "must be at most the window, or pixels are left out".to_owned())?;
    let possible = numbers.batch.is_none_or(|batch| (2..=65_536).contains(&batch));
    ensure(possible, "protocol.batch", || "must be in 2..=65536".to_owned())?;
    let possible = numbers.iterations.is_none_or(|iterations| (1..=1_000_000_000).contains(&iterations));
    ensure(possible, "protocol.iterations", || "must be in 1..=1000000000".to_owned())
}

fn ensure(holds: bool, key: &str, message: impl FnOnce() -> String) -> Result<(), Wrong> {
    if holds { Ok(()) } else { Err((key.to_owned(), message())) }
}

fn at(key: &str) -> impl Fn(String) -> Wrong {
    let key = key.to_owned();
    move |message| (key.clone(), message)
}
