//! Written runs, changed as somebody would change them who knows their form.

use atrous_harness::results::scores::Confusion;
use atrous_harness::support::checksum;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Changes a JSON file that has a checksum, and gives it one that fits.
pub fn reseal(path: &Path, change: impl Fn(&mut Value)) {
    let mut json: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    change(&mut json);
    if json.get("checksum").is_some() {
        json["checksum"] = checksum::UNSET.into();
    }
    let mut text = serde_json::to_vec_pretty(&json).unwrap();
    if json.get("checksum").is_some() {
        checksum::seal(&mut text);
    }
    fs::write(path, text).unwrap();
}

/// Gives the result beside a file the checksum of the file as it is now.
pub fn reseal_with(file: &Path) {
    let sha256 = checksum::sha256(&fs::read(file).unwrap());
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    reseal(&file.with_file_name("result.json"), |json| json["files"][&name] = sha256.clone().into());
}

/// Gives a run as many wrong pixels of its most frequent class as `share` says, in all that is
/// written of it: what a worse program leaves.
pub fn make_worse(run: &Path, share: f64) {
    let images = run.join("images.csv");
    let mut lines: Vec<(String, usize, usize, u64)> =
        csv::Reader::from_path(&images).unwrap().into_deserialize().collect::<Result<_, _>>().unwrap();
    let classes = 1 + lines.iter().map(|line| line.1.max(line.2)).max().unwrap();
    let mut sum = Confusion::new(classes);
    let mut wrong = Vec::new();
    for (image, truth, prediction, pixels) in &mut lines {
        if truth == prediction {
            let moved = (*pixels as f64 * share) as u64;
            *pixels -= moved;
            wrong.push((image.clone(), *truth, (*truth + 1) % classes, moved));
        }
    }
    for (image, truth, prediction, pixels) in wrong {
        match lines.iter_mut().find(|line| (&line.0, line.1, line.2) == (&image, truth, prediction)) {
            Some(line) => line.3 += pixels,
            None => {
                let after = lines.iter().rposition(|line| line.0 == image).unwrap();
                lines.insert(after + 1, (image, truth, prediction, pixels));
            }
        }
    }
    lines.iter().for_each(|(_, truth, prediction, pixels)| sum.counts[truth * classes + prediction] += pixels);
    let mut text = "image,truth,prediction,pixels\n".to_owned();
    text.extend(
        lines.iter().map(|(image, truth, prediction, pixels)| format!("{image},{truth},{prediction},{pixels}\n")),
    );
    fs::write(&images, &text).unwrap();
    reseal(&run.join("result.json"), |json| {
        json["files"]["images.csv"] = checksum::sha256(text.as_bytes()).into();
        json["confusion"] = serde_json::to_value(&sum).unwrap();
        json["scores"] = serde_json::to_value(sum.scores()).unwrap();
    });
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
