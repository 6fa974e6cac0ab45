//! A disk that does not answer while a data set is looked for: never another layout, nor fewer images.

use crate::disk_errors::{can_inject, with_error};
use crate::place::{Place, files};
use atrous_data::DatasetKind;
use atrous_data::synthetic::{self, SyntheticConfig};
use std::collections::BTreeSet;
use std::path::PathBuf;

#[test]
fn an_error_of_the_disk_is_no_other_layout() {
    if !can_inject() {
        eprintln!("strace is not here: not tested");
        return;
    }
    let place = Place::new();
    let drawn = [
        (DatasetKind::STARE, [64, 64]),
        (DatasetKind::CHASE_DB1, [64, 64]),
        (DatasetKind::HRF, [64, 64]),
        (DatasetKind::DRIVE, [64, 64]),
        (DatasetKind::CITYSCAPES, [64, 128]),
        (DatasetKind::ISAID, [64, 64]),
    ];
    let mut found = 0;
    for (number, (kind, size)) in drawn.into_iter().enumerate() {
        synthetic::write(kind, place.root(), &SyntheticConfig::new(1, 3, 1, size)).unwrap();
        let root = place.root().to_str().unwrap();
        let arguments = ["inspect", kind.name(), "--data-root", root, "--samples", "0", "--implausible", "ok"];
        let undisturbed = place.run(&arguments);
        assert!(undisturbed.status.success(), "{}", String::from_utf8_lossy(&undisturbed.stderr));
        // The folders of the set, and those that would be another layout of it.
        let own = place.path(kind.directory());
        let folders = files(&own).into_iter().filter(|path| path.is_dir());
        let mut paths: BTreeSet<PathBuf> = folders.chain([own.clone()]).collect();
        paths.extend(files(&own).into_iter().find(|path| path.is_file()));
        for (at, path) in paths.iter().enumerate() {
            let error = ["EIO", "EACCES", "ESTALE"][(number + at) % 3];
            let output = with_error(&place, &arguments, "statx,newfstatat,stat,lstat", error, path);
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            let code = if error == "ESTALE" { 75 } else { 2 };
            let named = output.status.code() == Some(code) && text.contains(path.to_str().unwrap());
            // What is looked for elsewhere first is not asked for.
            let same = output.status.success() && output.stdout == undisturbed.stdout;
            assert!(named || same, "{kind}, {error} on {}: {:?}: {text}", path.display(), output.status);
            found += usize::from(named);
        }
    }
    assert!(found >= 12, "{found} errors came");
}
