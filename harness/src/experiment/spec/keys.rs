//! Every key of a spec: its type, unit, default and an example, for people and for editors.

use crate::experiment::settings::{GivenBy, KeyType, Setting, reference};
use std::borrow::Cow;

/// What is known of a key.
#[derive(Clone, Debug)]
pub struct SpecKey {
    /// The path in an experiment, such as `train.lr`.
    pub path: &'static str,
    pub value: KeyType,
    /// What the number counts or measures; nothing for words and shares.
    pub unit: &'static str,
    /// The value where the key is not written: TOML, or where it comes from.
    pub default: Cow<'static, str>,
    /// A value as it is written in TOML.
    pub example: &'static str,
    /// What it is, in a sentence or two.
    pub doc: &'static str,
}

/// Has no default: the key has to be written.
pub const NEEDED: &str = "must be written";
/// The default is that of the data set's protocol.
pub const PROTOCOL: &str = "protocol";
/// The default is that of the published network.
pub const PUBLISHED: &str = "as published";
/// Nothing is taken where the key is not written.
pub const NONE: &str = "none";

const fn key(
    path: &'static str,
    value: KeyType,
    unit: &'static str,
    default: &'static str,
    example: &'static str,
    doc: &'static str,
) -> SpecKey {
    SpecKey { path, value, unit, default: Cow::Borrowed(default), example, doc }
}

/// The keys of an experiment, in the order of the reference (`docs/reference/spec.md`). Those of
/// the network, of training, of scoring and of initial weights are in the tables of their settings.
pub fn spec_keys() -> Vec<SpecKey> {
    let settings = reference().into_iter().map(of_setting);
    let written = |keys: &'static [SpecKey]| keys.iter().cloned();
    written(EXPERIMENT_KEYS).chain(settings).chain(written(DATA_KEYS)).collect()
}

fn of_setting(setting: Setting) -> SpecKey {
    let Setting { key: path, value, unit, example, given_by, doc, .. } = setting;
    let default = match (given_by, setting.default.as_str()) {
        (Some(GivenBy::Published), _) => Cow::Borrowed(PUBLISHED),
        (Some(GivenBy::Protocol), _) => Cow::Borrowed(PROTOCOL),
        (Some(GivenBy::Spec | GivenBy::File), _) => Cow::Borrowed(NEEDED),
        // JSON and TOML differ in the blank.
        (None, json) => Cow::Owned(json.replace(',', ", ")),
    };
    SpecKey { path, value, unit, default, example, doc }
}

/// Keys of the experiment itself.
const EXPERIMENT_KEYS: &[SpecKey] = &[
    key("name", KeyType::Text, "", NEEDED, "\"my-retina\"", "Name of the directory of its runs."),
    key(
        "dataset",
        KeyType::DataSet,
        "",
        NEEDED,
        "\"stare\"",
        "Data set that is trained on and scored: its name, or a file that describes one.",
    ),
    key(
        "rates",
        KeyType::Lists,
        "pixels of the map",
        NEEDED,
        "[[1, 6, 12, 18], [1, 12, 24, 36]]",
        "Lists of atrous rates, each ascending. Each is trained with every seed.",
    ),
    key(
        "baseline",
        KeyType::WholeNumbers,
        "pixels of the map",
        NEEDED,
        "[1, 12, 24, 36]",
        "The list in `rates` that the others are compared with.",
    ),
    key(
        "dead",
        KeyType::Flag,
        "",
        "false",
        "true",
        "Whether a list is added whose taps all lie outside the map: the same parameters, and no context.",
    ),
    key(
        "seeds",
        KeyType::WholeNumbers,
        "",
        NEEDED,
        "[0, 1, 2]",
        "Seeds, each once. Three are the least for a verdict.",
    ),
    key("crop", KeyType::HeightWidth, "pixels", PROTOCOL, "[128, 128]", "Height and width of a training crop."),
    key(
        "resize",
        KeyType::HeightWidth,
        "pixels",
        PROTOCOL,
        "[605, 700]",
        "Height and width that an image is fitted into, before the random ratio.",
    ),
    key(
        "expect",
        KeyType::Answer,
        "",
        NONE,
        "\"no-winner\"",
        "The answer that is known beforehand, as of a control. It decides no result.",
    ),
];

/// Keys of the images, files or drawn.
const DATA_KEYS: &[SpecKey] = &[
    key("data", KeyType::Images, "", "\"files\"", "\"files\"", "Files, or images drawn by the program."),
    key("data.synthetic.seed", KeyType::Whole(0), "", NEEDED, "1", "Decides every pixel of the drawings."),
    key("data.synthetic.train", KeyType::Whole(1), "images", NEEDED, "32", "Images to train on, 9999 at most."),
    key("data.synthetic.val", KeyType::Whole(1), "images", NEEDED, "16", "Images to score, 9999 at most."),
    key(
        "data.synthetic.size",
        KeyType::HeightWidth,
        "pixels",
        NEEDED,
        "[96, 96]",
        "Height and width of the images, 32 to 4096 each.",
    ),
    key(
        "data.synthetic.drawing",
        KeyType::Drawing,
        "",
        NONE,
        "{ mark = { distance = 24 } }",
        "What `control` draws: a mark at a distance, or shapes that need no context.",
    ),
];

/// Writes the table of all keys, in Markdown, as the reference has it.
pub fn markdown() -> String {
    let mut text = "| key | type | unit | default | example |\n|---|---|---|---|---|\n".to_owned();
    for SpecKey { path, value, unit, default, example, .. } in spec_keys() {
        let default = match &*default {
            NEEDED | PROTOCOL | PUBLISHED | NONE => default.into_owned(),
            value => format!("`{value}`"),
        };
        text += &format!("| `{path}` | {} | {unit} | {default} | `{example}` |\n", value.words());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::spec::{Overrides, Spec};

    const PAGE: &str = "../docs/reference/spec.md";
    /// Every key that need not be written is left out; the second experiment has drawn images.
    const PLAIN: &str = "[[experiment]]\nname = \"one\"\ndataset = \"stare\"\nrates = [[1, 6, 12, 18], [1, 12, 24, 36]]\n\
                         baseline = [1, 12, 24, 36]\nseeds = [0]\n";

    fn with(changes: &[String]) -> Result<Spec, crate::experiment::spec::SpecError> {
        let set = changes.to_vec();
        Spec::parse("one", "one.toml", PLAIN, &Overrides { set, ..Overrides::default() })
    }

    /// A change of the plain spec that gives a key its example, and what the example needs beside
    /// it.
    fn example(key: &SpecKey) -> Vec<String> {
        let set = format!("{}={}", key.path, key.example);
        let drawn = "data={ synthetic = { seed = 7, train = 2, val = 2, size = [64, 64] } }";
        let beside = match key.path {
            "data" => vec![],
            "data.synthetic.drawing" => vec!["dataset=control", "crop=[64, 64]", drawn],
            path if path.starts_with("data.") => vec![drawn],
            _ => vec![],
        };
        beside.into_iter().map(str::to_owned).chain([set]).collect()
    }

    #[test]
    fn every_example_is_possible() {
        // Names are not changed on a command line, and weights have to be there.
        for key in spec_keys().iter().filter(|key| key.path != "name" && !key.path.starts_with("init.")) {
            with(&example(key)).unwrap_or_else(|error| panic!("{}: {error}", key.path));
        }
    }

    #[test]
    fn every_default_is_what_a_plain_spec_resolves_to() {
        let plain = with(&[]).unwrap();
        for key in spec_keys() {
            if matches!(&*key.default, NEEDED | PROTOCOL | PUBLISHED | NONE) || key.path.starts_with("init.") {
                continue;
            }
            let written = with(&[format!("{}={}", key.path, key.default)]).unwrap();
            assert_eq!(written, plain, "{} = {}", key.path, key.default);
            if key.default != key.example {
                assert_ne!(with(&example(&key)).unwrap(), plain, "{}: the example is the default", key.path);
            }
        }
    }

    /// An unknown key is answered with those that there are.
    #[test]
    fn the_keys_are_those_that_are_read() {
        for (table, beside) in [
            ("", ""),
            ("model.", ""),
            ("train.", ""),
            ("infer.", ""),
            ("init.", "init={ weights = \"w.pth\" }"),
            ("data.synthetic.", "data={ synthetic = { seed = 7, train = 2, val = 2, size = [64, 64] } }"),
        ] {
            let unknown = if table.is_empty() { "one.qqqqqq=1".to_owned() } else { format!("{table}qqqqqq=1") };
            let changes: Vec<String> = [beside.to_owned(), unknown].into_iter().filter(|set| !set.is_empty()).collect();
            let error = with(&changes).unwrap_err().to_string();
            let expected = error.split_once("expected one of ").unwrap_or_else(|| panic!("{error}")).1;
            let read: Vec<&str> = expected.split('`').skip(1).step_by(2).filter(|key| *key != "sha256").collect();
            let tables = ["model", "init", "train", "infer"];
            for key in read.iter().filter(|key| !table.is_empty() || !tables.contains(key)) {
                let path = format!("{table}{key}");
                assert!(spec_keys().iter().any(|known| known.path == path), "{path} is not in the table of keys");
            }
            let ours = spec_keys().into_iter().filter_map(|key| key.path.strip_prefix(table));
            for key in ours.map(|key| key.split('.').next().unwrap()) {
                assert!(read.contains(&key), "{table}{key} is no key: {expected}");
            }
        }
    }

    #[test]
    fn the_page_has_the_table() {
        let page = std::fs::read_to_string(PAGE).unwrap();
        assert!(page.contains(&markdown()), "{PAGE} lacks, under \"Every key\":\n{}", markdown());
    }
}
