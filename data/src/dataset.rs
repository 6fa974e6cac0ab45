//! A data set on disk.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::datasets::{DatasetKind, Splits};
use crate::error::{DataError, Result};
use crate::hex::hex;
use crate::interruption;
use crate::limit::ImageLimit;
use crate::lookup;
use crate::plain_file;
use crate::sample::Sample;
use crate::split::Split;

/// The samples of a data set. Opening lists and pairs files; images are decoded when they are
/// loaded.
#[derive(Debug)]
pub struct Dataset {
    /// The data set whose samples these are.
    pub kind: DatasetKind,
    /// The data set's own folder.
    pub root: PathBuf,
    splits: Splits,
}

impl Dataset {
    /// Opens the data set in its folder under `data_root`, whose name may be in any letter case. A
    /// set that a file describes is opened in the folder that the file names, where it is there.
    pub fn open(kind: DatasetKind, data_root: &Path) -> Result<Dataset> {
        Self::open_for(kind, data_root, &Split::ALL)
    }

    /// Opens the data set as [`Self::open`] does, where only some splits are needed: the others
    /// need not be there.
    pub fn open_for(kind: DatasetKind, data_root: &Path, needed: &[Split]) -> Result<Dataset> {
        Self::open_splits(kind, &find_directory(kind, data_root)?, needed)
    }

    /// Whether a data set's folder is there: under `data_root`, or where its description says.
    ///
    /// # Errors
    /// A folder that cannot be looked into; names it.
    pub fn is_at_hand(kind: DatasetKind, data_root: &Path) -> Result<bool> {
        match find_directory(kind, data_root) {
            Err(DataError::RootMissing { .. }) => Ok(false),
            found => found.map(|_| true),
        }
    }

    /// Opens the data set whose own folder is `root`, in any of the layouts that are read.
    pub fn open_at(kind: DatasetKind, root: &Path) -> Result<Dataset> {
        Self::open_splits(kind, root, &Split::ALL)
    }

    fn open_splits(kind: DatasetKind, root: &Path, needed: &[Split]) -> Result<Dataset> {
        if !lookup::is_dir(root)? {
            let advice = format!("name the folder that holds the files of {}", kind.title());
            return Err(DataError::RootMissing { path: root.to_owned(), advice });
        }
        let mut splits = (kind.definition().find)(root)?.filled(root, needed)?;
        let samples = splits.train.iter_mut().chain(&mut splits.val);
        samples.for_each(|sample| sample.subject = kind.subject_of(&sample.id));
        Ok(Dataset { kind, root: root.to_owned(), splits })
    }

    /// Bounds the size of the data set's images: reading a larger one is an error.
    pub fn with_limit(mut self, limit: ImageLimit) -> Dataset {
        self.splits.train.iter_mut().chain(&mut self.splits.val).for_each(|sample| sample.limit = limit);
        self
    }

    /// The samples of a split, sorted by file name; at least one of a split that was needed.
    pub fn samples(&self, split: Split) -> &[Sample] {
        match split {
            Split::Train => &self.splits.train,
            Split::Val => &self.splits.val,
        }
    }

    /// Names a file by its path relative to the data set's folder, with `/` between folders.
    pub fn relative_name(&self, path: &Path) -> String {
        let relative = path.strip_prefix(&self.root).unwrap_or(path);
        let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
        parts.join("/")
    }

    /// Computes the data set's fingerprint: SHA-256 (hex) over splits, relative names and contents
    /// of all image and label files: what decides a result as far as the data goes. `progress`
    /// hears of bytes done and bytes in all.
    pub fn fingerprint(&self, progress: &dyn Fn(u64, u64)) -> Result<String> {
        let files = || {
            Split::ALL
                .into_iter()
                .flat_map(|split| self.samples(split).iter().flat_map(move |s| [(split, &s.image), (split, &s.label)]))
        };
        let mut total = 0;
        for (_, path) in files() {
            total += fs::metadata(path).map_err(DataError::read(path))?.len();
        }
        let mut done = 0;
        let mut hash = Sha256::new();
        for (split, path) in files() {
            let name = self.relative_name(path);
            let length = fs::metadata(path).map_err(DataError::read(path))?.len();
            // Lengths first, so that no two lists of files have one and the same text.
            hash.update(format!("{split} {} {name} {length}\n", name.len()));
            hash_file(path, length, &mut hash)?;
            done += length;
            progress(done, total);
        }
        Ok(hex(&hash.finalize()))
    }
}

/// Adds the contents of a file of this length, without holding them in memory.
fn hash_file(path: &Path, length: u64, hash: &mut Sha256) -> Result<()> {
    let mut file = plain_file::open(path)?;
    let (mut part, mut left) = (vec![0; 1 << 20], length);
    loop {
        interruption::check(path)?;
        let count = file.read(&mut part).map_err(DataError::read(path))?;
        if count as u64 > left || count == 0 && left > 0 {
            return Err(DataError::read(path)(std::io::Error::other("it changed while it was read")));
        }
        if count == 0 {
            return Ok(());
        }
        hash.update(&part[..count]);
        left -= count as u64;
    }
}

/// Finds the data set's folder under the data root.
pub(crate) fn find_directory(kind: DatasetKind, data_root: &Path) -> Result<PathBuf> {
    let wanted = kind.directory();
    if let Some(home) = kind.described_folder()
        && lookup::is_dir(home)?
    {
        return Ok(home.to_owned());
    }
    if !lookup::is_dir(data_root)? {
        let advice = format!("set --data-root (or ATROUS_DATA) to the folder that holds {wanted}/");
        return Err(DataError::RootMissing { path: data_root.to_owned(), advice });
    }
    let exact = data_root.join(wanted);
    if lookup::is_dir(&exact)? {
        return Ok(exact);
    }
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(data_root).map_err(DataError::read(data_root))? {
        let path = entry.map_err(DataError::read(data_root))?.path();
        if path.file_name().is_some_and(|name| name.eq_ignore_ascii_case(wanted)) && lookup::is_dir(&path)? {
            found.push(path);
        }
    }
    found.sort();
    found.into_iter().next().ok_or_else(|| DataError::RootMissing {
        path: kind.described_folder().map_or(exact, Path::to_owned),
        advice: format!("put {} there as docs/guide/datasets.md says, or set --data-root", kind.title()),
    })
}
