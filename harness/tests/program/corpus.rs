//! What is fuzzed, over the committed corpus: every file of it, and the same files altered in
//! thousands of ways that are always the same. No file may make a target panic; what the targets
//! assert beside that stands in `fuzz/src`.

#[path = "../../../fuzz/src/data.rs"]
pub mod data;
#[path = "../../../fuzz/src/files.rs"]
pub mod files;

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};

/// Files that are in the corpus of a target, by name.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(target);
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 4, "{} holds too little", folder.display());
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Numbers that look random and are always the same: SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((value ^ (value >> 31)) % limit as u64) as usize
    }
}

/// Bytes with one to four changes: bits that flip, numbers at the edges of their types, parts of
/// this or of another file in place of others or between them, an end that is cut off. Headers are
/// where changes do most, so half of them are there.
fn altered(random: &mut Random, bytes: &[u8], other: &[u8]) -> Vec<u8> {
    const HEADER: usize = 256;
    const EDGES: [&[u8]; 10] =
        [&[0], &[0xff], &[0x7f], &[0x80], &[0; 4], &[0xff; 4], &[0xff, 0xff, 0xff, 0x7f], &[0xff; 8], b"-1", b"1e999"];
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(4) {
        let reach = if random.below(2) == 0 { bytes.len().min(HEADER) } else { bytes.len() };
        let at = random.below(reach + 1).min(bytes.len().saturating_sub(1));
        let source = if random.below(2) == 0 { other } else { &bytes };
        let from = random.below(source.len() + 1);
        let part = source[from..(from + random.below(64)).min(source.len())].to_vec();
        match random.below(6) {
            0 | 1 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            2 => {
                let edge = EDGES[random.below(EDGES.len())];
                bytes.splice(at..(at + edge.len()).min(bytes.len()), edge.iter().copied());
            }
            3 => drop(bytes.splice(at..at, part)),
            4 => drop(bytes.splice(at..(at + part.len()).min(bytes.len()), part)),
            _ => bytes.truncate(random.below(bytes.len() + 1)),
        }
    }
    bytes
}

/// Runs a target over its corpus, and over each file altered so many times.
fn run(name: &str, target: fn(&[u8]), alterations: usize) {
    let files = corpus(name);
    let mut random = Random(name.len() as u64);
    let attempt = |bytes: &[u8], what: String| {
        if panic::catch_unwind(AssertUnwindSafe(|| target(bytes))).is_err() {
            let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-panics"));
            fs::write(&kept, bytes).unwrap();
            panic!("{what} makes {name} panic: {}", kept.display());
        }
    };
    for (path, bytes) in &files {
        attempt(bytes, path.display().to_string());
    }
    for (path, bytes) in &files {
        for number in 0..alterations {
            let other = &files[random.below(files.len())].1;
            attempt(&altered(&mut random, bytes, other), format!("{}, altered ({number}),", path.display()));
        }
    }
}

#[test]
fn images_never_panic() {
    run("image", data::image, 400);
}

#[test]
fn labels_never_panic() {
    run("label", data::label, 200);
}

#[test]
fn lists_never_panic() {
    run("lists", data::lists, 60);
}

#[test]
fn specs_never_panic() {
    run("spec", files::spec, 300);
}

#[test]
fn safetensors_never_panic() {
    run("checkpoint_safetensors", files::checkpoint_safetensors, 1000);
}

#[test]
fn checkpoints_of_torch_never_panic() {
    run("checkpoint_pth", files::checkpoint_pth, 1000);
}

#[test]
fn own_checkpoints_never_panic() {
    run("checkpoint_own", files::checkpoint_own, 300);
}

#[test]
fn results_never_panic() {
    run("results", files::results, 40);
}

/// Files that are whole are read, and what is wrong with the others is said in one line.
#[test]
fn the_corpus_holds_files_that_are_read_and_files_that_are_refused() {
    for target in ["image", "label", "checkpoint_safetensors", "checkpoint_pth"] {
        let reads = |bytes: &[u8]| match target {
            "image" => atrous_data::decode_rgb(Path::new("a"), bytes, atrous_data::ImageLimit::DEFAULT).is_ok(),
            "label" => atrous_data::DatasetKind::all().any(|kind| {
                atrous_data::decode_label(Path::new("a"), bytes, kind, atrous_data::ImageLimit::DEFAULT).is_ok()
            }),
            _ => atrous_models::State::from_bytes(bytes).is_ok(),
        };
        for (path, bytes) in corpus(target) {
            let name = path.file_name().unwrap().to_string_lossy();
            assert_eq!(reads(&bytes), name.starts_with("valid"), "{}", path.display());
        }
    }
}
