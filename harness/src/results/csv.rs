//! Lines and numbers of CSV files.

use anyhow::Result;

/// A number as short as it can be read back exactly, always with a point or an exponent, so that programs that guess types from the
/// first lines do not take the column for integers; empty for NaN.
pub fn number(value: f64) -> String {
    if value.is_nan() { String::new() } else { format!("{value:?}") }
}

/// CSV with quotes where they are needed.
pub fn csv_text(lines: &[Vec<String>]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in lines {
        writer.write_record(line)?;
    }
    Ok(writer.into_inner().map_err(|error| error.into_error())?)
}
