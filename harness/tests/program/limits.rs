//! Images that are larger than may be: one line that names the file, what it claims, the limit and
//! the option.

use crate::place::{Place, file_with};
use std::fs;

const SIDE: u16 = 60_000;

/// A file of each format whose header claims [`SIDE`] x [`SIDE`] pixels.
fn claims() -> Vec<(&'static str, Vec<u8>)> {
    let side = u32::from(SIDE).to_be_bytes();
    let png = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", &side[..], &side, &[8, 2, 0, 0, 0], &[0; 4]].concat();

    let mut jpeg = fs::read("../data/tests/golden/jpeg/420.jpg").unwrap();
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[SIDE.to_be_bytes(), SIDE.to_be_bytes()].concat());

    let entries: [(u16, u32); 9] = [
        (256, SIDE.into()),
        (257, SIDE.into()),
        (258, 8),
        (259, 1),
        (262, 1),
        (273, 8),
        (277, 1),
        (278, SIDE.into()),
        (279, 16),
    ];
    let mut tiff = b"II*\0\x08\0\0\0\x09\0".to_vec();
    for (tag, value) in entries {
        tiff.extend([&tag.to_le_bytes()[..], &[4, 0], &[1, 0, 0, 0], &value.to_le_bytes()].concat());
    }
    tiff.extend([0; 32]);
    let ppm = format!("P6\n{SIDE} {SIDE}\n255\nabc").into_bytes();
    vec![("a.png", png), ("a.jpg", jpeg), ("a.tif", tiff), ("a.ppm", ppm)]
}

#[test]
fn images_that_claim_too_much_are_refused() {
    let place = Place::new();
    fs::copy("../models/tests/golden/unet_aspp.pth", place.path("unet.pth")).unwrap();
    for (name, bytes) in claims() {
        fs::write(place.path(name), bytes).unwrap();
        let predict = ["predict", "--weights", "unet.pth", "--dataset", "stare", "--device", "flex", name];
        let error = place.refuse(&predict);
        let claim =
            format!("error: {name}: claims 60000x60000 pixels (height x width), over the limit of 200 megapixels");
        assert!(error.starts_with(&claim) && error.ends_with("allow it with --max-image 3600"), "{name}: {error}");
        assert!(!place.path("predictions").exists());
        let field = ["erf", "--weights", "unet.pth", "--dataset", "stare", "--device", "flex", "--size", "32,32", name];
        let error = place.refuse(&field);
        assert!(error.contains(&format!("{name}: claims 60000x60000 pixels")), "{error}");
    }
}

/// Masks are held against it as well as images, whichever command reads them.
#[test]
fn the_limit_is_that_of_every_command() {
    let place = Place::new();
    let root = place.drawn_stare();
    let mask = file_with(&root, "labels-ah/im0001");
    fs::write(&mask, "P5\n2000 1001\n255\nabc").unwrap();
    let (root, source) = (root.to_str().unwrap(), root.join("STARE"));
    let limited = |arguments: &[&str]| {
        let error = place.refuse_untouched(&[arguments, &["--max-image", "2"]].concat());
        assert!(error.contains("im0001") && error.contains("claims 1001x2000 pixels"), "{error}");
        assert!(
            error.ends_with("over the limit of 2 megapixels; get the file again, or allow it with --max-image 3"),
            "{error}"
        );
    };
    limited(&["prepare", "stare", "--from", source.to_str().unwrap(), "--out", "out"]);
    fs::write(
        place.path("files.toml"),
        r#"
[[experiment]]
name     = "stare"
dataset  = "stare"
model    = { base_channels = 4, aspp_channels = 4 }
crop     = [32, 32]
rates    = [[1, 2]]
baseline = [1, 2]
seeds    = [0]
train    = { iterations = 8, batch = 2 }
"#,
    )
    .unwrap();
    let batches = ["batches", "files.toml", "--experiment", "stare", "--iterations", "8", "--out", "b.safetensors"];
    limited(&[&batches[..], &["--data-root", root]].concat());
    limited(&["bench", "loader", "files.toml", "--data-root", root]);
    let inspected = place.run(&["inspect", "stare", "--data-root", root, "--max-image", "2"]);
    let stderr = String::from_utf8_lossy(&inspected.stderr).into_owned();
    assert!(inspected.status.code() == Some(2) && stderr.contains("allow it with --max-image 3"), "{stderr}");
    for most in ["0", "4097", "many"] {
        let error = place.refuse_untouched(&["inspect", "stare", "--max-image", most]);
        assert!(error.contains("--max-image <MEGAPIXELS>"), "{most}: {error}");
    }
}
