//! The text of a first description.

use std::fmt::Write;

use super::folders::{Finding, Group, SplitWord};
use super::masks::Contents;
use crate::split::Split;

/// Files that are named of many.
const NAMED: usize = 3;

/// A description that somebody has to complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescriptionDraft {
    /// The text of the file, with what is not known as comments.
    pub text: String,
    /// What was found: a line each.
    pub found: Vec<String>,
    /// What could not be known: a line each.
    pub unknown: Vec<String>,
}

/// Drafts the description of a set of this name whose folder is `place`, seen from its file.
pub(super) fn write(
    [name, place]: [&str; 2],
    finding: &Finding,
    lists: &Option<[String; 2]>,
    contents: &Contents,
) -> DescriptionDraft {
    let Finding { groups, without_mask, without_image } = finding;
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for group in groups {
        found.push(format!("{} images {} with masks {}", group.pairs.len(), group.images, group.masks));
    }
    sizes(contents, &mut found);
    held(contents, &mut found);
    partners(without_mask, "an image", "mask", &mut unknown);
    partners(without_image, "a mask", "image", &mut unknown);
    let (splits, said) = splits(groups, lists);
    unknown.extend(said);
    unknown.push("the names of the classes: give them in `classes`".to_owned());
    if !contents.values.contains_key(&255) && contents.values.len() > 2 || contents.colours.len() > 2 {
        unknown.push("whether one of them is to be ignored (void, unlabelled): move it to `masks`".to_owned());
    }
    unknown.extend(subjects(groups));
    unknown.push("which score counts: metric = \"miou\" or \"mdice\"".to_owned());
    let text = text(name, place, contents, &splits, &found, &unknown);
    DescriptionDraft { text, found, unknown }
}

fn text(name: &str, place: &str, contents: &Contents, splits: &str, found: &[String], unknown: &[String]) -> String {
    let mut text =
        String::from("# Written by `atrous describe`; docs/reference/description.md lists the keys.\n#\n# Found:\n");
    let lines =
        |text: &mut String, lines: &[String]| lines.iter().for_each(|line| text.push_str(&format!("#   {line}\n")));
    lines(&mut text, found);
    text.push_str("# Not known:\n");
    lines(&mut text, unknown);
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let [height, width] = contents.size();
    let _ = write!(
        text,
        "\nname   = {}\nfolder = {}\nsize   = [{height}, {width}]\nmetric = \"miou\"\n\nclasses = [\n",
        quoted(name),
        quoted(place)
    );
    let (classes, masks) = classes(contents);
    text.push_str(&classes);
    let _ = write!(text, "]\n\n{splits}\n{masks}");
    text
}

/// The lines of the classes, and the table of masks.
fn classes(contents: &Contents) -> (String, String) {
    let (mut lines, mut ignored) = (String::new(), Vec::new());
    let colour = |[red, green, blue]: [u8; 3]| format!("colour = [{red}, {green}, {blue}]");
    if !contents.colours.is_empty() {
        for (index, (found, pixels)) in contents.colours.iter().enumerate().take(255) {
            let _ = writeln!(lines, "  {{ name = \"class {index}\", {} }}, # {pixels} pixels", colour(*found));
        }
        return (lines, "[masks]\nhold = \"colours\"\n".to_owned());
    }
    let two_of_255 = contents.values.len() == 2 && contents.values.contains_key(&255);
    for (index, (value, pixels)) in contents.values.iter().enumerate() {
        if *value == 255 && !two_of_255 {
            ignored.push(255);
            continue;
        }
        let place = if usize::from(*value) == index { String::new() } else { format!(", value = {value}") };
        let own = contents.palette.get(value).map_or_else(String::new, |found| format!(", {}", colour(*found)));
        let _ = writeln!(lines, "  {{ name = \"class {value}\"{place}{own} }}, # {pixels} pixels");
    }
    let hold = if contents.indexed == contents.masks { "palette" } else { "indexes" };
    (lines, format!("[masks]\nhold   = \"{hold}\"\nignore = {ignored:?}\n"))
}

fn sizes(contents: &Contents, found: &mut Vec<String>) {
    let mut sizes: Vec<_> = contents.sizes.iter().collect();
    sizes.sort_by_key(|(_, masks)| std::cmp::Reverse(**masks));
    let shown: Vec<String> = sizes.iter().take(NAMED).map(|([h, w], masks)| format!("{masks} of {h}x{w}")).collect();
    let more = if sizes.len() > NAMED { format!(" and {} other sizes", sizes.len() - NAMED) } else { String::new() };
    found.push(format!("masks: {}{more} (height x width)", shown.join(", ")));
}

fn held(contents: &Contents, found: &mut Vec<String>) {
    if contents.is_no_mask() {
        found.push("more than 256 colours: these masks are photographs, or were stored as JPEG".to_owned());
    } else if !contents.colours.is_empty() {
        found.push(format!("{} colours", contents.colours.len()));
    } else {
        let values: Vec<String> = contents.values.keys().map(u8::to_string).collect();
        let of = if contents.indexed == contents.masks { "palette indexes" } else { "values" };
        found.push(format!("{of} {}", values.join(", ")));
    }
    if !contents.colours.is_empty() && !contents.values.is_empty() {
        found.push("some masks hold values and others colours: they cannot be read in one way".to_owned());
    }
}

fn partners(without: &[String], what: &str, partner: &str, unknown: &mut Vec<String>) {
    let Some(first) = without.first() else { return };
    let more = if without.len() > 1 { format!(" and {} more", without.len() - 1) } else { String::new() };
    unknown.push(format!("what {first}{more} is: {what} without {partner}"));
}

/// The tables of the splits, and what is to be said of them.
fn splits(groups: &[Group], lists: &Option<[String; 2]>) -> (String, Vec<String>) {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let table = |key: &str, group: &Group| {
        let exclude =
            group.exclude.as_deref().map_or_else(String::new, |masks| format!("exclude = {}\n", quoted(masks)));
        format!("[{key}]\nimages = {}\n{exclude}masks  = {}\n", quoted(&group.images), quoted(&group.masks))
    };
    if let Some(lists) = lists {
        let images = groups[0].images.replacen('*', "{name}", 1);
        let masks = &groups[0].masks;
        let list = |key: &str, list: &str| {
            format!("[{key}]\nlist   = {}\nimages = {}\nmasks  = {}\n", quoted(list), quoted(&images), quoted(masks))
        };
        return (format!("{}\n{}", list("train", &lists[0]), list("val", &lists[1])), vec![]);
    }
    let of = |word| groups.iter().find(|group| group.split == Some(word));
    let (train, val) = (of(SplitWord::Known(Split::Train)), of(SplitWord::Known(Split::Val)));
    let test = of(SplitWord::Test);
    let (tables, used, mut said) = match (train, val.or(test)) {
        (Some(train), Some(scored)) => {
            let said =
                val.is_none().then(|| "what to score: there is no validation split, so test is taken".to_owned());
            (format!("{}\n{}", table("train", train), table("val", scored)), 2, said.into_iter().collect::<Vec<_>>())
        }
        _ => {
            let rule = "\n[split]\ntrain_share = 0.8\nseed        = 0\n";
            let said = vec!["how to part the images: 80 % are trained on, drawn with seed 0".to_owned()];
            (format!("{}{rule}", table("all", &groups[0])), 1, said)
        }
    };
    if groups.len() > used {
        said.push(format!("what the other {} folders of images are for: they are left out", groups.len() - used));
    }
    (tables, said)
}

/// A hint at subjects: many names with few beginnings.
fn subjects(groups: &[Group]) -> Option<String> {
    let names: Vec<&str> = groups.iter().flat_map(|group| &group.pairs).map(|pair| pair.name.as_str()).collect();
    let mut beginnings: Vec<&str> = names.iter().filter_map(|name| Some(name.split_once('_')?.0)).collect();
    let with = beginnings.len();
    beginnings.sort_unstable();
    beginnings.dedup();
    let of = match with == names.len() && beginnings.len() < names.len() {
        true => format!(
            ": {} names have {} beginnings before a `_`; if these are subjects, subject = \"{{subject}}_*\"",
            names.len(),
            beginnings.len()
        ),
        false => String::new(),
    };
    Some(format!("which images show one subject (patient, recording){of}"))
}
