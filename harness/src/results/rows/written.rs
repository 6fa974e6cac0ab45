//! The lines of a `results.csv` that somebody else has written.

use super::row::Row;
use super::run_record::RunRecord;
use crate::experiment::settings::RunSettings;
use crate::results::csv::{WrittenLine, read_csv};
use crate::results::result::check_run;
use anyhow::{Result, bail, ensure};
use serde_json::Value;

/// What a line of a `results.csv` says of its run.
#[derive(Clone, Debug)]
pub struct WrittenRow {
    pub record: RunRecord,
    pub settings: RunSettings,
    /// Every column with what stands there.
    columns: Vec<(String, String)>,
}

impl WrittenRow {
    fn new(record: RunRecord, line: WrittenLine) -> Result<Self> {
        let settings = record.settings()?;
        agrees("feature_size", record.feature_size, settings.feature_size())?;
        agrees("relative_rate", record.relative_rate, settings.relative_rate())?;
        check_run(&record.run_id, &settings).map_err(anyhow::Error::msg)?;
        if !["finished", "failed"].contains(&record.status.as_str()) {
            bail!("status: `{}` is neither finished nor failed", record.status);
        }
        Ok(WrittenRow { record, settings, columns: line.columns().collect() })
    }

    /// How it contradicts a run, as `lr is 0.1 in results.csv and 0.01 in the run's directory`: in
    /// the first column that both have and that is neither the same text nor the same number.
    ///
    /// # Errors
    /// None that a row can cause.
    pub fn contradiction(&self, row: &Row) -> Result<Option<String>> {
        let record = serde_json::to_value(RunRecord::of(row))?;
        let differs = |(column, written): &(String, String)| {
            let value = match record.get(column)? {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let numbers = written.parse::<f64>().ok().zip(value.parse::<f64>().ok());
            let same = *written == value || numbers.is_some_and(|(written, value)| written == value);
            (!same).then(|| format!("{column} is {written} in results.csv and {value} in the run's directory"))
        };
        Ok(self.columns.iter().find_map(differs))
    }
}

/// Reads the text of a `results.csv`.
///
/// # Errors
/// Names the line and the column that cannot be understood or contradicts the others.
pub fn read(text: &[u8]) -> Result<Vec<WrittenRow>> {
    read_csv(text, WrittenRow::new)
}

/// Holds a column that follows from others against them.
fn agrees<T: PartialEq + std::fmt::Debug>(column: &str, written: T, value: T) -> Result<()> {
    ensure!(written == value, "{column} is {written:?}, and by its settings {value:?}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::settings::{run_id, tests::example};
    use crate::results::csv::csv_text;
    use crate::results::rows::testing;

    fn text(settings: RunSettings) -> String {
        let text = csv_text([RunRecord::of(&testing::finished(settings, [3, 1, 1, 3]))]).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_line_gives_the_id_of_its_run() {
        for settings in [example(), testing::other_settings()] {
            let text = text(settings.clone());
            let [row] = &read(text.as_bytes()).unwrap()[..] else { panic!() };
            assert_eq!(row.settings.deciding(), settings.deciding());
            let record = &row.record;
            assert_eq!(record.run_id, run_id(&row.settings, &record.data_fingerprint));
            assert!(record.is_synthetic() && record.is_finished() && record.device == "flex");
            assert_eq!(record.miou, 0.6);
        }
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        let text = text(example());
        let error = |from: &str, to: &str| {
            assert!(text.contains(from), "{text}");
            format!("{:#}", read(text.replacen(from, to, 1).as_bytes()).unwrap_err())
        };
        assert_eq!(error(",slide,", ",glide,"), "line 2: infer_mode: `glide` is neither slide nor whole");
        assert_eq!(error(",0.5625,", ",0.6,"), "line 2: relative_rate is 0.6, and by its settings 0.5625");
        assert_eq!(error(",finished,", ",done,"), "line 2: status: `done` is neither finished nor failed");
        assert_eq!(error("momentum,", "impetus,"), "line 2: there is no column momentum");
        assert_eq!(error(",unet-s5-d16,", ",vgg,"), "line 2: model: `vgg` is not known here");
        let outside = error(",stare,stare,", ",../../stare,stare,");
        assert!(outside.starts_with("line 2: settings.experiment: \"../../stare\" must be"), "{outside}");
    }
}
