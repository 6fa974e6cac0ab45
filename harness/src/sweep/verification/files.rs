//! What is written beside the runs: the files of their directories, and the tables that follow from
//! them.

use super::verified_file::{TABLES, VerifiedFile};
use super::{Agreement, tables_alone};
use crate::conclusions::table::{MARGIN, Table};
use crate::conclusions::verdict::Verdicts;
use crate::results::provenance::Provenance;
use crate::results::rows::{Row, RowEnd, Rows};
use crate::results::run_dir::RunDir;
use crate::run::train::{Checkpoint, Evaluations, Log};
use crate::support::input_file::{self, LOG_BYTES, RESULTS_BYTES};
use crate::support::lookup;
use anyhow::{Context, Result};
use std::path::Path;

/// Looks at every file of a folder of results: those of its run directories by their checksums,
/// and its tables by computing them anew, in `scratch`. Without run directories, the tables are
/// held against each other.
///
/// # Errors
/// A file that cannot be read, or written to `scratch`; names it.
pub fn verify_files(results: &Path, scratch: &Path) -> Result<Vec<VerifiedFile>> {
    let runs = RunDir::scan(results)?;
    if runs.is_empty() {
        return tables_alone::verify(results);
    }
    let mut found: Vec<VerifiedFile> = runs.iter().map(|run| of_run(results, run)).collect::<Result<_>>()?;
    match Rows::read_noting(results) {
        Err(error) if lookup::is_of_disk(&error) => return Err(error),
        Err(error) => {
            found.push(VerifiedFile::new("the tables", Agreement::Differs(format!("{error:#}"))));
        }
        // Of runs that have not ended no table follows.
        Ok((rows, _)) if rows.0.is_empty() && !lookup::is_there(&results.join(TABLES[0]))? => {}
        Ok((rows, left_out)) => {
            found.extend(left_out.into_iter().map(|why| VerifiedFile::new("run directories", Agreement::Differs(why))));
            found.extend(tables(results, &rows, scratch)?);
        }
    }
    Ok(found)
}

/// The files of a run's directory.
fn of_run(results: &Path, run: &RunDir) -> Result<VerifiedFile> {
    let name = run.path().strip_prefix(results).unwrap_or(run.path()).display().to_string();
    let content = match files_of(run) {
        Err(error) if lookup::is_of_disk(&error) => return Err(error),
        Err(error) => Agreement::Differs(format!("{error:#}")),
        Ok(content) => content,
    };
    Ok(VerifiedFile::new(name, content))
}

fn files_of(run: &RunDir) -> Result<Agreement> {
    let row = Row::read(run)?;
    let file = run.read_run_file()?;
    let checkpoint = Checkpoint::read_if_present(&run.checkpoint())?;
    if let Some(checkpoint) = &checkpoint {
        checkpoint.check_run(&file.run_id).with_context(|| run.checkpoint().display().to_string())?;
        if row.is_none() {
            Log::new(run.log_csv()).resume(checkpoint.iteration, checkpoint.log.as_ref())?;
            Evaluations::new(run.evaluations_csv()).resume(checkpoint.iteration, checkpoint.evaluations.as_ref())?;
        }
    }
    let unsealed = |what: &str| Agreement::NotChecked(format!("{what} was written by a program without checksums"));
    let seal = match row.map(|row| row.end) {
        None if checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.commits.is_none()) => {
            return Ok(unsealed("its checkpoint"));
        }
        None if checkpoint.is_none() => return Ok(Agreement::Fits("unfinished, and without a checkpoint yet".into())),
        None => return Ok(Agreement::Fits("unfinished, by the checksum of its checkpoint".into())),
        Some(RowEnd::Finished(result)) => result.seal,
        Some(RowEnd::Failed(failure)) => failure.seal,
    };
    if seal.checksum.is_none() {
        return Ok(unsealed("its end"));
    }
    let mut left_out = Vec::new();
    for path in [run.log_csv(), run.evaluations_csv()] {
        let bytes = input_file::read_if_present(&path, LOG_BYTES);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match bytes.with_context(|| format!("cannot read {}", path.display()))? {
            // The course of a run takes most of its bytes, and no score follows from it.
            None if seal.files.contains_key(&name) => left_out.push(name),
            bytes => seal.check_file(&path, bytes.as_deref())?,
        }
    }
    if !left_out.is_empty() {
        return Ok(Agreement::NotChecked(format!("without {}; the rest fits by its checksums", left_out.join(", "))));
    }
    Ok(Agreement::Fits("by their checksums".into()))
}

/// Computes the tables anew, and compares.
fn tables(results: &Path, rows: &Rows, scratch: &Path) -> Result<Vec<VerifiedFile>> {
    let anew = scratch.join("tables");
    std::fs::create_dir_all(&anew).with_context(|| format!("cannot create {}", anew.display()))?;
    rows.write(&anew)?;
    Table::new(rows, written_margin(results)?).write(&anew)?;
    Verdicts::new(rows).write(&anew)?;
    let own = Provenance::current().git_commit;
    let by_this_program = rows.0.iter().all(|row| row.provenance().git_commit == own);
    let mut found = Vec::new();
    for name in TABLES {
        let read = |folder: &Path| {
            let path = folder.join(name);
            input_file::read_if_present(&path, RESULTS_BYTES).with_context(|| format!("cannot read {}", path.display()))
        };
        let content = match (read(results)?, read(&anew)?) {
            (None, None) => continue,
            (None, Some(_)) => Agreement::NotChecked("it is not there: atrous table writes it".into()),
            (Some(_), None) => Agreement::Differs("nothing of it follows from the runs".into()),
            (Some(written), Some(computed)) => compare(&written, &computed, name, by_this_program)?,
        };
        found.push(VerifiedFile::new(name, content));
    }
    Ok(found)
}

/// The margin that `table.csv` says it was written with; the usual one where it says none.
///
/// # Errors
/// A file that cannot be read; names it.
pub fn written_margin(results: &Path) -> Result<f64> {
    let path = results.join("table.csv");
    let bytes = input_file::read_if_present(&path, RESULTS_BYTES)
        .with_context(|| format!("cannot read {}", path.display()))?
        .unwrap_or_default();
    let mut reader = csv::Reader::from_reader(&bytes[..]);
    let column = reader.headers().ok().and_then(|header| header.iter().position(|name| name == "margin"));
    let line = reader.records().next().and_then(Result::ok);
    let margin = column.zip(line).and_then(|(column, line)| line.get(column)?.parse().ok());
    Ok(margin.unwrap_or(MARGIN))
}

/// Compares a table with what the runs give. Programs of other versions lay tables out otherwise,
/// which only those that are CSV stand.
fn compare(written: &[u8], computed: &[u8], name: &str, by_this_program: bool) -> Result<Agreement> {
    if written == computed {
        return Ok(Agreement::Fits("as the runs give it".into()));
    }
    let difference = if name.ends_with(".csv") { csv_difference(written, computed)? } else { None };
    Ok(match difference {
        Some(difference) => Agreement::Differs(difference),
        None if by_this_program => Agreement::Differs(line_difference(written, computed)),
        None if name.ends_with(".csv") => Agreement::Fits("as the runs give it, in the columns that it has".into()),
        None => Agreement::NotChecked("another program wrote the runs, and lays it out otherwise".into()),
    })
}

/// The first line that differs.
fn line_difference(written: &[u8], computed: &[u8]) -> String {
    let (written, computed) = (String::from_utf8_lossy(written), String::from_utf8_lossy(computed));
    let same = written.lines().zip(computed.lines()).take_while(|(a, b)| a == b).count();
    let line =
        |text: &str| text.lines().nth(same).map_or_else(|| "nothing".into(), |line| format!("`{}`", line.trim()));
    format!("line {} is {}, and by the runs {}", same + 1, line(&written), line(&computed))
}

/// The first difference in a column that both tables have; numbers are compared as such.
fn csv_difference(written: &[u8], computed: &[u8]) -> Result<Option<String>> {
    let read = |bytes: &[u8]| -> Result<(Vec<String>, Vec<csv::StringRecord>), csv::Error> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
        let header = reader.headers()?.iter().map(str::to_owned).collect();
        Ok((header, reader.records().collect::<Result<_, _>>()?))
    };
    let Ok((header, lines)) = read(written) else { return Ok(Some("it is no table".into())) };
    let (columns, wanted) = read(computed)?;
    if lines.len() != wanted.len() {
        return Ok(Some(format!("it has {} lines, and by the runs {}", lines.len(), wanted.len())));
    }
    let shared: Vec<(usize, usize)> = header
        .iter()
        .enumerate()
        .filter_map(|(at, name)| Some((at, columns.iter().position(|column| column == name)?)))
        .collect();
    for (number, (line, wanted)) in lines.iter().zip(&wanted).enumerate() {
        for &(at, column) in &shared {
            let (a, b) = (line.get(at).unwrap_or_default(), wanted.get(column).unwrap_or_default());
            let numbers = a.parse::<f64>().ok().zip(b.parse::<f64>().ok());
            if a != b && numbers.is_none_or(|(a, b)| (a - b).abs() > 1e-12 * b.abs().max(1.0)) {
                return Ok(Some(format!("line {}: {} is {a}, and by the runs {b}", number + 2, header[at])));
            }
        }
    }
    Ok(None)
}
