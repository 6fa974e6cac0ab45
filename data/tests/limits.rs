//! Small files that claim to be large: each is refused with a message that says what it claims, and
//! none of them makes the reader take memory for it.

#![allow(clippy::disallowed_methods, reason = "tests read what they have written themselves")]
// Counting needs an allocator, and allocators are unsafe.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use atrous_data::{DatasetKind, ImageLimit, decode_label, read_rgb};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

/// Counts what is held, and the most that was.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is left to the system's allocator; only numbers are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(held, Ordering::Relaxed);
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the pointer is from `alloc`, which took it from the system.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What is measured is of one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static RUNNING: Mutex<()> = Mutex::new(());
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The bytes that a call takes at most, beside those that were held before.
fn peak<T>(call: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let result = call();
    (result, PEAK.load(Ordering::Relaxed) - before)
}

const MIB: usize = 1 << 20;

/// A file that is read as an image and as a mask: both messages, and the most bytes that either
/// takes.
fn refused(name: &str, bytes: &[u8]) -> ([String; 2], usize) {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    let (image, first) = peak(|| read_rgb(&path, ImageLimit::DEFAULT));
    let (mask, second) = peak(|| decode_label(&path, bytes, DatasetKind::STARE, ImageLimit::DEFAULT));
    let messages =
        [image.err(), mask.err()].map(|error| error.unwrap_or_else(|| panic!("{name} was read")).to_string());
    for message in &messages {
        assert!(message.contains(name) && !message.contains('\n'), "{message}");
    }
    (messages, first.max(second))
}

/// A chunk of a PNG file, with its sum.
fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut sum = flate2::Crc::new();
    sum.update(name);
    sum.update(content);
    [&(content.len() as u32).to_be_bytes()[..], name, content, &sum.sum().to_be_bytes()].concat()
}

/// A PNG of these sides, with chunks before its empty pixels.
fn png(height: u32, width: u32, depth: u8, colour: u8, more: &[u8]) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, colour, 0, 0, 0]].concat();
    [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", &header).as_slice(), more, &chunk(b"IDAT", &[]), &chunk(b"IEND", &[])]
        .concat()
}

/// A TIFF of one strip, little-endian: entries are tag, type (3: 16 bits, 4: 32 bits), count and
/// value.
fn tiff(entries: &[(u16, u16, u32, u32)]) -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    bytes.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        bytes.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        bytes.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    bytes.extend([0; 64]);
    bytes
}

/// A grey TIFF of these sides, whose strip has so many bytes.
fn grey_tiff(height: u32, width: u32, strip: u32) -> Vec<(u16, u16, u32, u32)> {
    vec![
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, 1, strip),
    ]
}

/// A JPEG whose frame header says another size.
fn jpeg(name: &str, height: u16, width: u16) -> Vec<u8> {
    let mut bytes = fs::read(format!("tests/golden/jpeg/{name}.jpg")).unwrap();
    let frame = bytes.windows(2).position(|pair| matches!(pair, [0xff, 0xc0 | 0xc2])).unwrap();
    bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

fn gzip(bytes: &[u8], zeros: usize) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    let block = vec![0; MIB];
    (0..zeros / MIB).for_each(|_| packed.write_all(&block).unwrap());
    packed.finish().unwrap()
}

#[test]
fn headers_that_claim_too_much_are_refused_before_memory_is_taken() {
    let _alone = alone();
    let side = 60_000;
    let pnm = |header: &str| header.replace("SIDES", "60000 60000").into_bytes();
    let pam = "P7\nWIDTH 60000\nHEIGHT 60000\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\nabc";
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("rgb.png", png(side, side, 8, 2, &[])),
        ("grey.png", png(side, side, 1, 0, &[])),
        ("deep.png", png(side, side, 16, 6, &[])),
        ("baseline.jpg", jpeg("420", side as u16, side as u16)),
        ("progressive.jpeg", jpeg("444-progressive", side as u16, side as u16)),
        ("grey.jpg", jpeg("grey", side as u16, side as u16)),
        ("a.gif", b"GIF89a\x60\xea\x60\xea\0\0\0;".to_vec()),
        ("grey.tif", tiff(&grey_tiff(side, side, 64))),
        ("bits.pbm", pnm("P4\nSIDES\nabc")),
        ("text.pbm", pnm("P1\nSIDES\n0 1 0")),
        ("grey.pgm", pnm("P5\nSIDES\n255\nabc")),
        ("text.pgm", pnm("P2\nSIDES\n255\n1 2 3")),
        ("rgb.ppm", pnm("P6\nSIDES\n255\nabc")),
        ("deep.ppm", pnm("P6\nSIDES\n65535\nabc")),
        ("text.ppm", pnm("P3\nSIDES\n255\n1 2 3")),
        ("arbitrary.pam", pam.into()),
    ];
    for (name, bytes) in cases {
        let (messages, taken) = refused(name, &bytes);
        for message in messages {
            let claim = "claims 60000x60000 pixels (height x width), over the limit of 200 megapixels";
            assert!(message.contains(claim) && message.contains("--max-image 3600"), "{message}");
        }
        assert!(taken < MIB, "{name}: {taken} bytes");
    }
}

#[test]
fn a_limit_admits_what_is_within_it() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ppm");
    let mut bytes = b"P5\n1200 1000\n255\n".to_vec();
    bytes.resize(bytes.len() + 1_200_000, 7);
    fs::write(&path, bytes).unwrap();
    let message = read_rgb(&path, ImageLimit::megapixels(1)).unwrap_err().to_string();
    assert!(message.contains("claims 1000x1200") && message.contains("--max-image 2"), "{message}");
    assert_eq!(read_rgb(&path, ImageLimit::megapixels(2)).unwrap().size(), [1000, 1200]);
}

/// Tables and strips of a TIFF are as long as it says, up to what the file and the image have.
#[test]
fn tables_of_a_tiff_take_no_more_than_the_file_has() {
    let _alone = alone();
    let with = |tag: u16, count: u32, value: u32| {
        let mut entries = grey_tiff(4, 4, 16);
        for entry in entries.iter_mut().filter(|entry| entry.0 == tag) {
            (entry.2, entry.3) = (count, value);
        }
        tiff(&entries)
    };
    let cases = [
        ("offsets.tif", with(273, 1 << 30, 8)),
        ("lengths.tif", with(279, u32::MAX, 8)),
        ("strip.tif", with(279, 1, u32::MAX)),
        ("bits.tif", with(258, 1 << 28, 8)),
        ("rows.tif", tiff(&grey_tiff(10_000, 10_000, u32::MAX))),
    ];
    for (name, bytes) in cases {
        let (messages, taken) = refused(name, &bytes);
        assert!(messages.iter().all(|message| message.contains("cannot be decoded")), "{messages:?}");
        // Of the last, the pixels that it claims are within the limit: 100 million of them.
        let most = if name == "rows.tif" { 400 * MIB } else { 2 * MIB };
        assert!(taken < most, "{name}: {taken} bytes");
    }
}

#[test]
fn packed_files_are_unpacked_no_further_than_an_image_needs() {
    let _alone = alone();
    const GIB: usize = 1 << 30;
    let cases = [
        ("zeros.ppm.gz", gzip(&[], GIB), "neither PNG, JPEG, TIFF, PNM nor GIF", MIB),
        ("claim.ppm.gz", gzip(b"P6\n60000 60000\n255\n", GIB), "claims 60000x60000 pixels", MIB),
        ("longer.ppm.gz", gzip(b"P6\n2 2\n255\n", GIB), "holds more than 16777248 bytes", 64 * MIB),
    ];
    for (name, bytes, reason, most) in cases {
        assert!(bytes.len() < 8 * MIB);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let (read, taken) = peak(|| read_rgb(&path, ImageLimit::DEFAULT));
        let message = read.unwrap_err().to_string();
        assert!(message.contains(name) && message.contains(reason), "{message}");
        assert!(taken < most, "{name}: {taken} bytes");
    }
}

/// A colour profile of 256 MiB in a quarter of a megabyte.
#[test]
fn a_packed_colour_profile_is_not_unpacked() {
    let _alone = alone();
    let mut profile = ZlibEncoder::new(b"name\0\0".to_vec(), Compression::fast());
    let block = vec![0; MIB];
    (0..256).for_each(|_| profile.write_all(&block).unwrap());
    let profile = profile.finish().unwrap();
    assert!(profile.len() < 2 * MIB);
    let bytes = png(2, 2, 8, 0, &chunk(b"iCCP", &profile));
    let (_, taken) = refused("profile.png", &bytes);
    assert!(taken < 64 * MIB, "{taken} bytes");
}

#[test]
fn formats_that_no_data_set_has_are_not_decoded() {
    let _alone = alone();
    let webp = b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\xff\xff\xff\xff\0\0\0\0\0\0\0\0".as_slice();
    let bmp = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x60\xea\0\0\x60\xea\0\0\x01\0\x18\0".as_slice();
    for (name, bytes) in [("a.webp", webp), ("a.bmp", bmp), ("a.png", b""), ("b.png", b"\x1f\x8b")] {
        let (messages, taken) = refused(name, bytes);
        let image = &messages[0];
        let reasons = ["neither PNG, JPEG, TIFF, PNM nor GIF", "gzip", "which is not read; save it as PNG"];
        assert!(reasons.iter().any(|reason| image.contains(reason)), "{messages:?}");
        assert!(taken < MIB, "{name}: {taken} bytes");
    }
}

/// What the documentation states of images that are read, in bytes a pixel.
const STATED: usize = 24;

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// The dearest files of each format: sixteen bits, more bands than are kept, all in one strip.
#[test]
fn reading_takes_no_more_bytes_a_pixel_than_is_stated() {
    let _alone = alone();
    const SIDE: usize = 1500;
    let pixels = SIDE * SIDE;
    let chunks = |depth: u8, colour: u8, line: usize| {
        let header =
            [&(SIDE as u32).to_be_bytes()[..], &(SIDE as u32).to_be_bytes(), &[depth, colour, 0, 0, 0]].concat();
        let data = packed(&vec![0; (1 + line) * SIDE]);
        [b"\x89PNG\r\n\x1a\n", &chunk(b"IHDR", &header)[..], &chunk(b"IDAT", &data), &chunk(b"IEND", &[])].concat()
    };
    let pnm = |head: &str, bytes: usize| [head.replace("SIDES", "1500 1500").as_bytes(), &vec![0; bytes]].concat();
    let tiff = |bands: u32, bits: u32, meaning: u32| {
        let length = (pixels * (bands * bits / 8) as usize) as u32;
        let mut entries = grey_tiff(SIDE as u32, SIDE as u32, length);
        for (tag, value) in [(258, bits), (262, meaning), (277, bands), (273, 200)] {
            entries.iter_mut().filter(|entry| entry.0 == tag).for_each(|entry| entry.3 = value);
        }
        let mut bytes = tiff(&entries);
        bytes.resize(200 + length as usize, 0);
        bytes
    };
    let cases = [
        ("rgba16.png", chunks(16, 6, 8 * SIDE)),
        ("grey16.png", chunks(16, 0, 2 * SIDE)),
        ("bits.png", chunks(1, 0, SIDE.div_ceil(8))),
        ("deep.ppm", pnm("P6\nSIDES\n65535\n", 6 * pixels)),
        ("rgb.ppm", pnm("P6\nSIDES\n255\n", 3 * pixels)),
        ("deep.ppm.gz", gzip(&pnm("P6\nSIDES\n65535\n", 6 * pixels), 0)),
        ("rgb.tif", tiff(3, 8, 2)),
        ("rgb16.tif", tiff(3, 16, 2)),
        ("bands.tif", tiff(4, 16, 2)),
        ("grey16.tif", tiff(1, 16, 1)),
        ("cmyk.tif", tiff(4, 8, 5)),
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut read = 0;
    for (name, bytes) in cases {
        let path = folder.path().join(name);
        fs::write(&path, &bytes).unwrap();
        let limit = ImageLimit::megapixels(3);
        let (image, taken) = peak(|| read_rgb(&path, limit));
        read += usize::from(image.is_ok_and(|image| image.size() == [SIDE; 2]));
        let (_, of_mask) = peak(|| decode_label(&path, &bytes, DatasetKind::STARE, limit));
        let most = STATED * pixels + MIB;
        assert!(taken <= most && of_mask + bytes.len() <= most, "{name}: {taken}, {of_mask} of {most} bytes");
    }
    assert!(read >= 9, "{read} of the files are images");
}

/// Longer than any JPEG: no pixel of it is read.
#[test]
fn sides_beyond_those_of_images_are_refused_before_memory_is_taken() {
    let _alone = alone();
    for (height, width) in [(1, 200_000_000), (200_000_000, 1), (2000, 65_536)] {
        let cases = [
            ("a.png", png(height, width, 8, 0, &[])),
            ("a.tif", tiff(&grey_tiff(height, width, 64))),
            ("a.pgm", format!("P5\n{width} {height}\n255\nabc").into_bytes()),
        ];
        for (name, bytes) in cases {
            let (messages, taken) = refused(name, &bytes);
            let wanted =
                format!("claims {height}x{width} pixels (height x width), over the longest side of 65535 pixels");
            assert!(messages.iter().all(|message| message.contains(&wanted)), "{messages:?}");
            assert!(taken < MIB, "{name}: {taken} bytes");
        }
    }
}

/// 200 million bytes before the pixels, which a header, a comment or a chunk may have.
#[test]
fn headers_without_end_are_not_read_to_their_end() {
    let _alone = alone();
    const LONG: usize = 200_000_000;
    let comment = |bytes: usize| vec![b'a'; bytes];
    let cases = [
        ("text.png", png(2, 2, 8, 0, &chunk(b"tEXt", &comment(LONG))), "holds more than 16777248 bytes"),
        ("own.png", png(2, 2, 8, 0, &chunk(b"abCd", &comment(LONG))), "holds more than 16777248 bytes"),
        ("comment.ppm", [&b"P6\n#"[..], &comment(LONG)].concat(), "header has no end in its first 65536 bytes"),
        ("digits.ppm", [&b"P6\n"[..], &vec![b'1'; LONG]].concat(), "a PNM whose header"),
    ];
    for (name, bytes, reason) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let (read, taken) = peak(|| read_rgb(&path, ImageLimit::DEFAULT));
        let message = read.unwrap_err().to_string();
        assert!(message.contains(name) && message.contains(reason), "{message}");
        assert!(taken < 64 * MIB, "{name}: {taken} bytes");
    }
}
