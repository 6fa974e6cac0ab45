//! Whether written results can be believed: each run's id, scores and data are computed anew, and
//! on request the run itself.

mod claim;
mod data_at_hand;
mod files;
mod repeat;
mod tables_alone;
mod text;
mod verified_file;

pub use claim::{Claim, ClaimedResult, read_claims};
pub use data_at_hand::DataAtHand;
pub use files::{verify_files, written_margin};
pub use repeat::{Repeat, Repeated};
pub use verified_file::VerifiedFile;

use crate::experiment::settings::{MODEL_VERSION, run_id_of_version};
use anyhow::Result;
use serde::Serialize;

/// Whether one thing that is written of a run agrees with what is computed anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// Both agree; how that is known.
    Fits(String),
    /// The two differ; in what.
    Differs(String),
    /// Nothing could be compared, and why.
    NotChecked(String),
}

/// All that was asked of one run.
#[derive(Clone, Debug, Serialize)]
pub struct VerifiedRun {
    /// `stare 1-12-24-36 seed 0`
    pub run: String,
    pub run_id: String,
    /// Whether the id is that of the settings and the data.
    pub id: Agreement,
    /// Whether the scores follow from the counts below them.
    pub scores: Agreement,
    /// Whether the data set at hand is the one that was used.
    pub data: Agreement,
    /// Whether running it again ends with the same; `None` where that was not asked.
    pub rerun: Option<Agreement>,
}

/// The verification of all runs of a folder.
#[derive(Clone, Debug, Serialize)]
pub struct Verification {
    pub runs: Vec<VerifiedRun>,
    /// Files of run directories, tables and pages.
    pub files: Vec<VerifiedFile>,
}

impl VerifiedRun {
    /// Asks all that can be asked without running anything.
    ///
    /// # Errors
    /// A data set that is there and cannot be read; names the file.
    pub fn of(claim: &Claim, data: &mut DataAtHand) -> Result<Self> {
        Ok(VerifiedRun {
            run: claim.settings.run_name(),
            run_id: claim.run_id.clone(),
            id: id(claim),
            scores: claim.scores.clone(),
            data: data_finding(claim, data)?,
            rerun: None,
        })
    }

    /// Each question by name, in the order of the table.
    pub fn findings(&self) -> impl Iterator<Item = (&'static str, &Agreement)> {
        [("id", &self.id), ("scores", &self.scores), ("data", &self.data)]
            .into_iter()
            .chain(self.rerun.as_ref().map(|finding| ("rerun", finding)))
    }
}

impl Verification {
    /// Whether anything is not as written.
    pub fn differs(&self) -> bool {
        self.findings().any(|finding| matches!(finding, Agreement::Differs(_)))
    }

    /// How many things could not be checked.
    pub fn not_checked(&self) -> usize {
        self.findings().filter(|finding| matches!(finding, Agreement::NotChecked(_))).count()
    }

    fn findings(&self) -> impl Iterator<Item = &Agreement> {
        let of_runs = self.runs.iter().flat_map(VerifiedRun::findings).map(|(_, finding)| finding);
        of_runs.chain(self.files.iter().map(|file| &file.content))
    }
}

/// Compares the id with the settings and the data. A `results.csv` does not say the model version,
/// which is part of the id: any that there has been may fit.
fn id(claim: &Claim) -> Agreement {
    if let Some(why) = &claim.misfiled {
        return Agreement::Differs(why.clone());
    }
    let versions: Vec<u32> =
        claim.model_version.map_or_else(|| (1..=MODEL_VERSION).rev().collect(), |known| vec![known]);
    let of = |version: u32| run_id_of_version(version, &claim.settings, &claim.data_fingerprint);
    match versions.iter().find(|version| of(**version) == claim.run_id) {
        Some(version) => Agreement::Fits(format!("model version {version}")),
        None if claim.model_version.is_none() && claim.settings.init.is_some() => {
            Agreement::NotChecked("results.csv does not say which keys its initial weights were allowed to lack".into())
        }
        None => Agreement::Differs(format!("settings and data give {}", of(versions[0]))),
    }
}

fn data_finding(claim: &Claim, data: &mut DataAtHand) -> Result<Agreement> {
    Ok(match data.fingerprint(claim)? {
        Err(why) => Agreement::NotChecked(why),
        Ok(found) if found == claim.data_fingerprint => Agreement::Fits(format!("fingerprint {}", digits(&found))),
        Ok(found) => Agreement::Differs(format!(
            "fingerprint {} and was {}: another set of images",
            digits(&found),
            digits(&claim.data_fingerprint)
        )),
    })
}

/// The digits of a checksum that people compare.
fn digits(checksum: &str) -> String {
    let mut text: String = checksum.chars().take(12).collect();
    if text.len() < checksum.len() {
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests;
