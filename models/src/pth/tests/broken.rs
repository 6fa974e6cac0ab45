//! Files that are cut off, altered, or made to exhaust memory.

use super::*;

/// A file of each container with nested dicts, views and passed-over values.
fn valid() -> [Vec<u8>; 2] {
    let hub = [call("mmengine", "Hub", &[int(3)]), dict(&[("a", none())]), vec![op::BUILD]].concat();
    let state = ordered_dict(&[
        ("a", tensor(storage("FloatStorage", "0"), 1, &[2, 2], &[1, 2])),
        ("b", tensor(storage("HalfStorage", "1"), 0, &[3], &[1])),
    ]);
    let value = dict(&[("message_hub", hub), ("state_dict", state)]);
    let (first, second) = (floats([0.0, 1.0, 2.0, 3.0, 4.0]), vec![0, 0x3c, 0, 0x40, 0, 0x42]);
    [
        archive(&value, &[("0", first.clone()), ("1", second.clone())]),
        legacy(&value, &[("0", 4, first), ("1", 2, second)]),
    ]
}

#[test]
fn a_file_cut_off_anywhere_is_an_error() {
    let [archive, legacy] = valid();
    for file in [archive.as_slice(), &legacy, recorded::ARCHIVE, recorded::LEGACY] {
        read(file).unwrap();
        for length in 0..file.len() {
            refusal(&file[..length]);
        }
    }
}

/// Pseudo-random numbers, always the same.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

#[test]
fn altered_bytes_never_panic() {
    let [archive, legacy] = valid();
    let mut random = Random(1);
    let mut refused = 0;
    for file in [archive.as_slice(), &legacy, recorded::ARCHIVE, recorded::LEGACY] {
        for _ in 0..5_000 {
            let mut altered = file.to_vec();
            for _ in 0..=random.below(4) {
                let place = random.below(altered.len());
                altered[place] = match random.below(3) {
                    0 => altered[place] ^ 1 << random.below(8),
                    1 => file[random.below(file.len())],
                    _ => [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
                };
            }
            refused += usize::from(read(&altered).is_err());
        }
    }
    assert!(refused > 10_000, "{refused}");
}

/// The archive's check sums hide its pickle from the altered bytes above.
#[test]
fn altered_pickles_never_panic() {
    let start = recorded::ARCHIVE.windows(2).position(|bytes| bytes == [op::PROTO, 2]).unwrap();
    let pickle = &recorded::ARCHIVE[start..start + recorded::PICKLE_LENGTH];
    let mut random = Random(2);
    for _ in 0..5_000 {
        let mut altered = pickle.to_vec();
        for _ in 0..=random.below(3) {
            let place = random.below(altered.len());
            altered[place] =
                if random.below(2) == 0 { random.below(256) as u8 } else { pickle[random.below(pickle.len())] };
        }
        let _ = read(&zip(&[("a/data.pkl", &altered), ("a/data/0", &[0; 12])]));
    }
}

proptest::proptest! {
    #[test]
    fn bytes_of_any_kind_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = read(&bytes);
        let _ = read(&legacy(&bytes, &[("0", 4, bytes.clone())]));
        let _ = read(&zip(&[("a/data.pkl", &bytes), ("a/data/0", &bytes)]));
        let _ = read(&[b"PK\x03\x04", bytes.as_slice()].concat());
    }
}

proptest::proptest! {
    /// Whatever entries are called: what is read is what lies in the archive, and nothing else is
    /// looked for.
    #[test]
    fn names_of_entries_are_no_paths(
        folder in proptest::sample::select(&["archive", "..", "/", "/etc", "../../..", "a/b", "C:\\", "~", "", ".", "\u{1b}[2J"][..]),
        others in proptest::collection::vec("(\\.\\./|/|[a-z]{1,3}|data/|\\.pkl){1,4}", 0..3),
    ) {
        let value = dict(&[("a", pair().0)]);
        let (pickle, numbers) = (pickle(&value), floats([1.0, 2.0]));
        let name = |file: &str| format!("{folder}/{file}");
        let mut entries = vec![(name("data.pkl"), pickle.as_slice()), (name("data/0"), &numbers)];
        // An archive holds a name once.
        for other in &others {
            if entries.iter().all(|(known, _)| known != other) {
                entries.push((other.clone(), b"other"));
            }
        }
        let entries: Vec<(&str, &[u8])> = entries.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
        match read(&zip(&entries)) {
            Ok(found) => proptest::prop_assert_eq!(found, tensors([("a", &[2], &[1.0, 2.0])])),
            Err(error) => proptest::prop_assert_eq!(error.to_string().lines().count(), 1),
        }
    }
}

#[test]
fn a_broken_archive_is_an_error() {
    let value = dict(&[("a", pair().0)]);
    let entries = |order: &'static [u8]| {
        zip(&[("f/data.pkl", &pickle(&value)), ("f/byteorder", order), ("f/data/0", &floats([1.0, 2.0]))])
    };
    read(&entries(b"little")).unwrap();
    assert_eq!(refusal(&entries(b"big")), "numbers in byte order \"big\"; only little is read");
    assert_eq!(refusal(&entries(b"\n")), "numbers in byte order \"\\n\"; only little is read");

    let mut file = entries(b"little");
    let place = file.windows(8).position(|bytes| bytes == floats([1.0, 2.0])).unwrap();
    file[place] ^= 1;
    assert_eq!(refusal(&file), "zip archive: entry data/0: Invalid checksum");

    // Method 8, deflated, in the heads of all entries.
    let mut file = entries(b"little");
    for (magic, method) in [(b"PK\x03\x04", 8), (b"PK\x01\x02", 10)] {
        for place in 0..file.len() - 4 {
            if &file[place..place + 4] == magic {
                file[place + method] = 8;
            }
        }
    }
    assert_eq!(refusal(&file), "zip archive: entry byteorder: compressed, as torch.save never does");
}

#[test]
fn storages_of_the_older_container_are_checked() {
    let value = dict(&[("a", pair().0)]);
    let storage = |key| vec![(key, 4, floats([1.0, 2.0]))];
    let extra = legacy(&value, &[storage("0"), storage("1")].concat());
    assert_eq!(refusal(&extra), "list of storages: 1 belongs to nothing in the pickle");
    assert_eq!(refusal(&legacy(&value, &[])), "tensor a: no storage 0");
    let unknown = dict(&[("a", tensor(super::storage("FancyStorage", "0"), 0, &[1], &[1]))]);
    assert_eq!(refusal(&legacy(&unknown, &storage("0"))), "list of storages: 0 has the unknown type FancyStorage");
    let file = legacy(&value, &storage("0"));
    let count = file.len() - 16;
    for elements in [-1, i64::MIN, i64::MAX] {
        let altered = [&file[..count], &elements.to_le_bytes(), &file[count + 8..]].concat();
        assert_eq!(refusal(&altered), format!("list of storages: 0 has {elements} elements"));
    }
    let altered = [&file[..count], &1_000_000_i64.to_le_bytes(), &file[count + 8..]].concat();
    assert_eq!(refusal(&altered), format!("truncated at byte {}", file.len()));
}

#[test]
fn many_names_for_one_storage_are_refused() {
    let names: Vec<String> = (0..1000).map(|i| i.to_string()).collect();
    let view = [tensor(storage("FloatStorage", "0"), 0, &[65_536], &[0]), vec![op::BINPUT, 0]].concat();
    let mut entries: Vec<(&str, Code)> = names.iter().map(|name| (name.as_str(), vec![op::BINGET, 0])).collect();
    entries[0].1 = view;
    let message = refusal(&archive(&dict(&entries), &[("0", floats([1.0]))]));
    assert!(message.ends_with("bytes, out of proportion to the file"), "{message}");
}

#[test]
fn entries_that_overlap_are_refused() {
    let bytes = floats((0..4096).map(|i| i as f32));
    let view = |key| tensor(storage("FloatStorage", key), 0, &[1], &[1]);
    let keys: Vec<String> = (0..4).map(|i| i.to_string()).collect();
    let entries: Vec<(&str, Code)> = keys.iter().map(|key| (key.as_str(), view(key))).collect();
    let storages: Vec<(&str, Vec<u8>)> = keys.iter().map(|key| (key.as_str(), bytes.clone())).collect();
    let mut file = archive(&dict(&entries), &storages);
    // Every entry of the directory is given the place of the first storage, and what is no longer
    // used cut out.
    let local: Vec<usize> = heads(&file, b"PK\x03\x04");
    let (first, second) = (local[2], local[3]);
    for directory in heads(&file, b"PK\x01\x02").into_iter().skip(3) {
        file[directory + 42..directory + 46].copy_from_slice(&(first as u32).to_le_bytes());
    }
    let directory = heads(&file, b"PK\x01\x02")[0];
    let end = file.len() - 22;
    file[end + 16..end + 20].copy_from_slice(&(second as u32).to_le_bytes());
    file.drain(second..directory);
    assert_eq!(refusal(&file), "zip archive: entry data/1: larger than the file, or shared with another entry");
}

/// Where the heads of a zip archive's entries are.
fn heads(file: &[u8], magic: &[u8]) -> Vec<usize> {
    (0..file.len()).filter(|&place| file[place..].starts_with(magic)).collect()
}
