//! Properties of readers, over files that are put together from parts: whatever the program writes
//! it reads again, what is read is what the file says, and no file does harm. The functions of
//! `corpus` assert what must hold of any bytes; altered bytes seldom get past the first check of a
//! reader, parts in a new order do.

use crate::corpus::{data, files};
use atrous_data::{DatasetKind, ImageLimit, decode_label, decode_rgb};
use atrous_harness::experiment::settings::{RunSettings, run_id};
use atrous_harness::experiment::spec::{Overrides, Spec};
use atrous_harness::results::rows::Rows;
use atrous_harness::results::run_dir::{RunDir, RunFile};
use atrous_harness::results::{result::RunResult, scores::Confusion};
use atrous_harness::run::options::DataOptions;
use atrous_harness::support::progress::Progress;
use atrous_harness::sweep::verification::read_claims;
use atrous_harness::sweep::verification::{DataAtHand, Verification, VerifiedRun, verify_files};
use atrous_models::{State, Values};
use image::{ExtendedColorType, ImageFormat};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use std::fs;
use std::io::Cursor;
use std::path::Path;

const RESULT: &str = include_str!("../corpus/results/valid-result.json");

fn encoded(pixels: &[u8], [height, width]: [usize; 2], colours: ExtendedColorType, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image::write_buffer_with_format(&mut file, pixels, width as u32, height as u32, colours, format).unwrap();
    file.into_inner()
}

/// Size, and a byte for each of so many values a pixel.
fn picture(values: usize) -> impl Strategy<Value = ([usize; 2], Vec<u8>)> {
    (1usize..24, 1usize..24).prop_flat_map(move |(height, width)| {
        vec(any::<u8>(), values * height * width).prop_map(move |bytes| ([height, width], bytes))
    })
}

/// What a mask's values mean, from the publishers' tables; `None` where one of them means nothing.
fn meaning(kind: DatasetKind, values: &[u8]) -> Option<Vec<u8>> {
    const CITYSCAPES: [u8; 19] = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33];
    let full = values.contains(&255);
    let class = |value: u8| match (kind.name(), value) {
        ("cityscapes", 0..=33) => Some(CITYSCAPES.iter().position(|id| *id == value).map_or(255, |at| at as u8)),
        ("isaid", 0..=15) | ("control", 0..=1) | ("camvid", 0..=10) => Some(value),
        ("cityscapes" | "isaid" | "control", 255) | ("camvid", 11) => Some(255),
        ("cityscapes" | "isaid" | "control" | "camvid", _) => None,
        ("stare" | "chase_db1" | "hrf" | "drive", 0) => Some(0),
        ("stare" | "chase_db1" | "hrf" | "drive", 1) if !full => Some(1),
        ("stare" | "chase_db1" | "hrf" | "drive", 255) => Some(1),
        ("stare" | "chase_db1" | "hrf" | "drive", _) => None,
        (other, _) => panic!("say what the masks of {other} mean"),
    };
    values.iter().map(|value| class(*value)).collect()
}

/// Parts of a line that names a file, among them those that lead out of a folder.
fn line_of_a_list() -> impl Strategy<Value = String> {
    const PARTS: &[&str] = &[
        "im0001",
        "im0002",
        "..",
        ".",
        "/",
        "//",
        "\\",
        "STARE",
        "stare-images",
        "labels-ah",
        ".png",
        ".ah",
        "~",
        "C:",
        "\0",
        "\t",
        " ",
        "  ",
        "\u{1b}[2J",
        "\u{202e}",
        "ä",
        "*",
        "# ",
        "-",
        "0000000000000000000000000000000000000000000000000000000000000000",
    ];
    vec(select(PARTS), 0..7).prop_map(|parts| parts.concat())
}

/// A value of any type that TOML has, of sizes that specs have and that they do not.
fn toml_value() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        select(&["0", "1", "2", "3", "16", "32", "-1", "4294967296", "9223372036854775807", "0x10", "1_000"][..])
            .prop_map(String::from),
        select(&["0.0", "0.5", "1.0", "-0.5", "1e300", "-1e300", "1e-320", "inf", "nan"][..]).prop_map(String::from),
        any::<f64>().prop_map(|number| format!("{number:?}").replace("NaN", "nan")),
    ];
    let text = select(
        &["stare", "isaid", "control", "whole", "slide", "unet", "shallow", "a", "..", "a/b", "", "ü", "\\u0000"][..],
    )
    .prop_map(|text| format!("\"{text}\""));
    let word = select(&["true", "false", "1979-05-27", "07:32:00"][..]).prop_map(String::from);
    prop_oneof![4 => number, 2 => text, 1 => word].prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            3 => vec(inner.clone(), 0..5).prop_map(|values| format!("[{}]", values.join(", "))),
            1 => vec((select(&["kind", "mode", "window", "seed", "size", "train"][..]), inner), 0..3).prop_map(|values| {
                let pairs: Vec<String> = values.into_iter().map(|(key, value)| format!("{key} = {value}")).collect();
                format!("{{ {} }}", pairs.join(", "))
            }),
        ]
    })
}

/// Keys of an experiment, with a value that fits each.
const KEYS: [(&str, &str); 22] = [
    ("name", "\"a\""),
    ("dataset", "\"stare\""),
    ("rates", "[[1, 2], [1, 4]]"),
    ("baseline", "[1, 2]"),
    ("seeds", "[0]"),
    ("crop", "[32, 32]"),
    ("resize", "[32, 32]"),
    ("model.kind", "\"shallow\""),
    ("model.base_channels", "2"),
    ("model.aspp_channels", "2"),
    ("train.iterations", "2"),
    ("train.batch", "2"),
    ("train.lr", "0.1"),
    ("train.ratio", "[0.5, 2.0]"),
    ("train.dropout", "0.1"),
    ("train.eval_every", "1"),
    ("infer.mode", "\"slide\""),
    ("infer.window", "[32, 32]"),
    ("infer.stride", "[16, 16]"),
    ("infer.ratios", "[1.0]"),
    ("data.synthetic", "{ seed = 1, train = 2, val = 2, size = [32, 32] }"),
    ("expect", "\"no difference\""),
];

/// Some keys of an experiment, most of them with values that fit.
fn experiment() -> impl Strategy<Value = String> {
    let keys = subsequence(&KEYS[..], 5..=KEYS.len());
    (keys, vec(prop::option::weighted(0.1, toml_value()), KEYS.len())).prop_map(|(keys, values)| {
        let lines = keys
            .iter()
            .zip(values)
            .map(|((key, fits), other)| format!("{key} = {}\n", other.as_deref().unwrap_or(fits)));
        format!("[[experiment]]\n{}", lines.collect::<String>())
    })
}

/// Strictly ascending rates from 1 on.
fn rates() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::btree_set(2usize..200, 1..6).prop_map(|others| std::iter::once(1).chain(others).collect())
}

/// The scores of a run with these counts, in the terms of the corpus.
fn result(rates: Vec<usize>, seed: u64, lr: f64, loss: f64, counts: [u64; 4]) -> RunResult {
    let mut result: RunResult = serde_json::from_str(RESULT).unwrap();
    (result.settings.rates, result.settings.seed, result.settings.train.lr, result.final_loss) =
        (rates, seed, lr, loss);
    result.confusion = Confusion { classes: 2, counts: counts.to_vec() };
    result.scores = result.confusion.scores();
    result.run_id = run_id(&result.settings, &result.data_fingerprint);
    result
}

/// Writes it as a sweep does, tables included.
fn write(out: &Path, result: &RunResult) -> RunDir {
    let dir = RunDir::new(out, &result.settings, &result.run_id);
    dir.create(&RunFile::new(&result.settings, &[1, 2], &result.run_id, &result.data_fingerprint)).unwrap();
    dir.finish(result).unwrap();
    Rows::read(out).unwrap().write(out).unwrap();
    dir
}

/// Whether anything in the folder is not as written; an error that names it counts.
fn differs(out: &Path) -> bool {
    let Ok(claims) = read_claims(out) else { return true };
    let scratch = tempfile::tempdir().unwrap();
    let mut data = DataAtHand::new(&DataOptions::at("absent"), scratch.path(), &Progress::hidden());
    let runs = claims.iter().map(|claim| VerifiedRun::of(claim, &mut data).unwrap()).collect();
    Verification { runs, files: verify_files(out, scratch.path()).unwrap() }.differs()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn an_image_comes_back_whole_or_not_at_all((size, pixels) in picture(3), cut in any::<Index>()) {
        for format in [ImageFormat::Png, ImageFormat::Pnm, ImageFormat::Tiff] {
            let file = encoded(&pixels, size, ExtendedColorType::Rgb8, format);
            let read = |bytes| decode_rgb(Path::new("a"), bytes, ImageLimit::DEFAULT);
            let whole = read(&file).unwrap();
            prop_assert_eq!(([whole.height, whole.width], &whole.data), (size, &pixels), "{:?}", format);
            if let Ok(part) = read(&file[..cut.index(file.len())]) {
                prop_assert!(part.data == pixels, "{:?} cut off at {}", format, cut.index(file.len()));
            }
        }
    }

    #[test]
    fn a_mask_means_what_the_publisher_says(
        (size, places) in picture(1), alphabet in vec(prop_oneof![3 => 0u8..=1, 2 => 0u8..=35, 2 => Just(255), 1 => any::<u8>()], 1..5),
    ) {
        let values: Vec<u8> = places.iter().map(|place| alphabet[usize::from(*place) % alphabet.len()]).collect();
        for format in [ImageFormat::Png, ImageFormat::Pnm, ImageFormat::Tiff] {
            let file = encoded(&values, size, ExtendedColorType::L8, format);
            for kind in DatasetKind::all() {
                let read = decode_label(Path::new("a"), &file, kind, ImageLimit::DEFAULT).ok().map(|label| label.data);
                prop_assert_eq!(read, meaning(kind, &values), "{} {:?}", kind, format);
            }
        }
    }

    #[test]
    fn lists_lead_nowhere_else(lines in vec(line_of_a_list(), 0..4)) {
        data::lists(lines.join("\n").as_bytes());
    }

    #[test]
    fn any_spec_is_read_or_refused(experiments in vec(experiment(), 1..3)) {
        files::spec(experiments.concat().as_bytes());
    }

    #[test]
    fn a_spec_is_what_is_run(
        lists in prop::collection::btree_set(rates(), 1..4), seeds in prop::collection::btree_set(0u64..1 << 53, 1..4),
        iterations in 1u64..1_000_000, batch in 2usize..64, lr in 1e-6f64..10.0, base in 0usize..3,
    ) {
        let (lists, seeds): (Vec<_>, Vec<_>) = (lists.into_iter().collect(), seeds.into_iter().collect());
        let text = format!(
            "[[experiment]]\nname = \"a\"\ndataset = \"hrf\"\nrates = {lists:?}\nbaseline = {:?}\nseeds = {seeds:?}\n\
             train = {{ iterations = {iterations}, batch = {batch}, lr = {lr:?} }}\n", lists[base % lists.len()]);
        let spec = Spec::parse("a", "a.toml", &text, &Overrides::default()).unwrap();
        let asked: Vec<_> = lists.iter().flat_map(|rates| seeds.iter().map(|seed| (rates.clone(), *seed))).collect();
        let planned = spec.plan();
        let found: Vec<_> = planned.iter().map(|run| (run.settings.rates.clone(), run.settings.seed)).collect();
        prop_assert_eq!(found, asked);
        let mut ids = std::collections::BTreeSet::new();
        for RunSettings { train, .. } in planned.iter().map(|run| &run.settings) {
            prop_assert_eq!((train.iterations, train.batch, train.lr.to_bits()), (iterations, batch, lr.to_bits()));
        }
        ids.extend(planned.iter().map(|run| run_id(&run.settings, "data")));
        prop_assert_eq!(ids.len(), planned.len());
    }

    #[test]
    fn weights_come_back_bit_for_bit(
        tensors in btree_map("[a-z.0-9]{0,12}", (vec(0usize..4, 0..5), any::<u32>()), 1..6), metadata in btree_map(".{0,6}", ".{0,6}", 0..4),
    ) {
        // What is no number is refused.
        let finite = |bits: u32| Some(f32::from_bits(bits)).filter(|value| value.is_finite()).unwrap_or(-0.0);
        let values = |(shape, start): (Vec<usize>, u32)| {
            let count = shape.iter().product::<usize>() as u32;
            Values { shape, data: (0..count).map(|at| finite(start.wrapping_add(at.wrapping_mul(0x0101_0101)))).collect() }
        };
        let tensors = tensors.into_iter().map(|(key, value)| (key, values(value))).collect();
        let state = State { tensors, metadata };
        let read = State::from_bytes(&state.to_bytes()).unwrap();
        prop_assert_eq!(&read.metadata, &state.metadata);
        let bits = |state: &State| -> Vec<(String, Vec<usize>, Vec<u32>)> {
            let bits = |values: &Values| values.data.iter().map(|value| value.to_bits()).collect();
            state.tensors.iter().map(|(key, values)| (key.clone(), values.shape.clone(), bits(values))).collect()
        };
        prop_assert_eq!(bits(&read), bits(&state));
    }

    /// Headers that are JSON and say things that cannot be.
    #[test]
    fn headers_of_weights_never_panic(
        tensors in vec((
            "[a-z.]{0,8}", select(&["F32", "F16", "BF16", "F64", "I64", "U8", "C64", "F4"][..]),
            vec(prop_oneof![8 => 0u64..5, 1 => any::<u64>()], 0..5), prop_oneof![8 => 0u64..64, 1 => any::<u64>()],
            prop_oneof![8 => 0u64..64, 1 => any::<u64>()],
        ), 0..4),
        bytes in 0usize..80, length in prop_oneof![8 => Just(None), 1 => any::<u64>().prop_map(Some)],
    ) {
        let entries: Vec<String> = tensors.into_iter().map(|(key, dtype, shape, from, to)| {
            format!("\"{key}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape:?},\"data_offsets\":[{from},{to}]}}")
        }).collect();
        let header = format!("{{{}}}", entries.join(","));
        let mut file = length.unwrap_or(header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.as_bytes());
        file.resize(file.len() + bytes, 0x3f);
        files::checkpoint_safetensors(&file);
        files::checkpoint_own(&file);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_of_a_run_is_as_written_and_a_changed_digit_is_found(
        rates in rates(), seed in 0u64..1 << 53, lr in 1e-6f64..10.0, loss in 0.0f64..100.0, counts in [0u64..1 << 40, 0..1 << 40, 0..1 << 40, 1..1 << 40],
        column in any::<Index>(), digit in any::<Index>(),
    ) {
        let out = tempfile::tempdir().unwrap();
        let out = out.path();
        let result = result(rates, seed, lr, loss, counts);
        let dir = write(out, &result);
        prop_assert_eq!(dir.read_run_file().unwrap().settings, result.settings);
        prop_assert!(!differs(out));

        // One digit of one number of the table, the first of a few.
        let path = out.join("results.csv");
        let table = fs::read_to_string(&path).unwrap();
        let (header, line) = table.trim_end().split_once('\n').unwrap();
        let mut cells: Vec<String> = line.split(',').map(String::from).collect();
        prop_assert_eq!(header.split(',').count(), cells.len());
        let with_digits: Vec<usize> = (0..cells.len()).filter(|at| cells[*at].contains(|c: char| c.is_ascii_digit())).collect();
        let cell = &mut cells[*column.get(&with_digits)];
        let digits: Vec<usize> = cell.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(at, _)| at).take(3).collect();
        let at = *digit.get(&digits);
        let changed = if &cell[at..=at] == "9" { "8" } else { "9" };
        cell.replace_range(at..=at, changed);
        fs::write(&path, format!("{header}\n{}\n", cells.join(","))).unwrap();
        prop_assert!(differs(out), "{}", cells.join(","));
    }
}
