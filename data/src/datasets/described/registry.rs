//! The described sets that this process knows: each is made once and kept.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::description::Description;
use super::parse;
use super::set::Described;
use crate::datasets::BUILT_IN;
use crate::datasets::kind::DatasetKind;
use crate::error::{DataError, Result};
use crate::hex::hex;

/// The number of every set that is not built in: they are sorted by their names.
const ID: u32 = u32::MAX;

/// What stands between the file of a description and the number of a fold.
const FOLD: char = '#';

/// A described set in results: whoever reads them need not have the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::datasets) struct StoredSet {
    /// The folder of the images, where the results were made; empty where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<PathBuf>,
    pub description: Description,
}

#[derive(Default)]
struct Known {
    /// The sets by the text of their descriptions, as results carry it.
    stored: HashMap<String, DatasetKind>,
    /// The sets by the paths of their files.
    files: HashMap<String, DatasetKind>,
}

static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

/// CamVid, whose description the program carries.
static CAMVID: LazyLock<DatasetKind> = LazyLock::new(|| {
    let text = include_str!("../../../descriptions/camvid.toml");
    let description = parse::parse("descriptions/camvid.toml", text, &[]).expect("a test reads it");
    let described = Described::new(description, None, String::new(), "descriptions/camvid.toml".to_owned());
    DatasetKind::new(described.define(7, true))
});

/// The data set `camvid`.
pub(in crate::datasets) fn camvid() -> DatasetKind {
    *CAMVID
}

/// Reads the description in a file; `my-set.toml#2` is its fold 2.
fn at(path: &str) -> Result<DatasetKind> {
    let (file, fold) = match path.rsplit_once(FOLD) {
        Some((file, fold)) => (file, Some(fold)),
        None => (path, None),
    };
    let mut description = parse::parse(file, &parse::read(Path::new(file))?, &BUILT_IN)?;
    if let Some(fold) = fold {
        take_fold(&mut description, file, fold)?;
    }
    let folder = Path::new(file).parent().unwrap_or(Path::new("")).join(description.folder.as_deref().unwrap_or(""));
    let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
    let home = std::path::absolute(&folder).map_err(DataError::read(&folder))?;
    let kind = make(StoredSet { home: Some(home), description }, file.to_owned());
    lock().files.insert(path.to_owned(), kind);
    Ok(kind)
}

/// Takes a fold by its number, in place of the one that the file says.
fn take_fold(description: &mut Description, file: &str, fold: &str) -> Result<()> {
    let wrong =
        |message| DataError::Description { file: file.to_owned(), line: None, key: "split.fold".into(), message };
    let rule = description.split.as_mut().filter(|rule| rule.folds.is_some());
    let Some(rule) = rule else { return Err(wrong(format!("{FOLD}{fold} needs split.folds"))) };
    let folds = rule.folds.unwrap_or(0);
    let number = fold.parse().ok().filter(|fold| *fold < folds);
    rule.fold = Some(number.ok_or_else(|| wrong(format!("{FOLD}{fold} must be a fold from 0 to {}", folds - 1)))?);
    Ok(())
}

/// The set of a file that has been read before; or the one of this name, where only one has it.
pub(in crate::datasets) fn registered(name: &str) -> Option<DatasetKind> {
    let known = lock();
    let named = || {
        let mut sets = known.stored.values().filter(|kind| kind.name() == name);
        let first = sets.next()?;
        sets.all(|other| other == first).then_some(*first)
    };
    known.files.get(name).copied().or_else(named)
}

/// The set that a result carries.
pub(in crate::datasets) fn stored(set: StoredSet) -> std::result::Result<DatasetKind, String> {
    parse::check_stored(&set.description, &BUILT_IN)?;
    let source = format!("description of {}", set.description.name);
    Ok(make(set, source))
}

fn make(set: StoredSet, source: String) -> DatasetKind {
    let json = |value: &Description| toml::to_string(value).expect("descriptions are tables of plain values");
    let text = format!("{:?}\n{}", set.home, json(&set.description));
    let content = hex(&Sha256::digest(json(&set.description.deciding())));
    let mut known = lock();
    let make = || DatasetKind::new(Described::new(set.description, set.home, content, source).define(ID, false));
    *known.stored.entry(text).or_insert_with(make)
}

impl DatasetKind {
    /// Reads the data set that a file describes, relative to the current folder; `my-set.toml#2` is
    /// fold 2 of its folds. Its name is known to the program from then on.
    ///
    /// # Errors
    /// A file that cannot be read, and a key that cannot be; names the file, line and key.
    pub fn described(path: &str) -> Result<Self> {
        at(path)
    }

    /// Whether a name is that of a file which describes a data set: `my-set.toml`.
    pub fn is_description(name: &str) -> bool {
        name.rsplit_once(FOLD).map_or(name, |(file, _)| file).ends_with(".toml")
    }

    /// The data set without what decides no result, for the ids of runs: built-in sets are
    /// themselves.
    pub fn deciding(self) -> Self {
        match self.described_in_file() {
            None => self,
            Some(described) => {
                make(StoredSet { home: None, description: described.description.deciding() }, described.source.clone())
            }
        }
    }

    /// The description of a set that is not built in.
    pub(in crate::datasets) fn described_in_file(self) -> Option<&'static Described> {
        self.definition().described.filter(|_| self.id() == ID)
    }
}

fn lock() -> MutexGuard<'static, Known> {
    // Entries are added whole, so a panic elsewhere does not spoil them.
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}
