//! CSV files whose lines are records: a field is a column, in order.

use anyhow::{Context, Result, anyhow};
use csv::{DeserializeErrorKind, ErrorKind, StringRecord};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt::Debug;

/// Writes records as CSV, below a header that is there without records too.
///
/// # Errors
/// None that records of numbers and texts can cause.
pub fn csv_text<T: Serialize + Default>(records: impl IntoIterator<Item = T>) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut records = records.into_iter().peekable();
    let header_alone = records.peek().is_none();
    records.try_for_each(|record| writer.serialize(record))?;
    if header_alone {
        writer.serialize(T::default())?;
    }
    let mut text = writer.into_inner().map_err(|error| error.into_error())?;
    if header_alone {
        // Only a record tells its columns: it goes again.
        text.truncate(text.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1));
    }
    guard(text)
}

/// Whether a spreadsheet would take a cell for a formula, be it behind apostrophes.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err()
}

/// Puts an apostrophe before every cell that a spreadsheet would run: it shows the text then.
fn guard(text: Vec<u8>) -> Result<Vec<u8>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&text[..]);
    let lines: Vec<StringRecord> = reader.records().collect::<Result<_, _>>()?;
    if !lines.iter().flatten().any(is_formula) {
        return Ok(text);
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in &lines {
        let cells = line.iter().map(|cell| if is_formula(cell) { format!("'{cell}") } else { cell.to_owned() });
        writer.write_record(cells)?;
    }
    Ok(writer.into_inner().map_err(|error| error.into_error())?)
}

/// A cell as it was before [`csv_text`] put an apostrophe before it.
pub fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|cell| is_formula(cell)).unwrap_or(cell)
}

/// Reads the records of a CSV text, and hands each to `take` with its line as it is written.
///
/// # Errors
/// Names the line, and the column that is missing or cannot be understood.
pub fn read_csv<T, R>(text: &[u8], mut take: impl FnMut(T, WrittenLine) -> Result<R>) -> Result<Vec<R>>
where
    T: DeserializeOwned,
{
    let mut reader = csv::Reader::from_reader(text);
    let header = reader.headers()?.clone();
    let mut taken = Vec::new();
    for fields in reader.records() {
        let fields = fields?;
        let (position, plain) = (fields.position().cloned(), fields.iter().map(unguarded).collect());
        let mut fields: StringRecord = plain;
        fields.set_position(position);
        let line = WrittenLine { header: &header, fields: &fields };
        let number = fields.position().map_or(0, |position| position.line());
        let record = fields.deserialize(Some(&header)).map_err(|error| line.fault(error));
        taken.push(record.and_then(|record| take(record, line)).with_context(|| format!("line {number}"))?);
    }
    Ok(taken)
}

/// A line of a CSV file as text, beside the file's header.
#[derive(Clone, Copy)]
pub struct WrittenLine<'a> {
    header: &'a StringRecord,
    fields: &'a StringRecord,
}

impl WrittenLine<'_> {
    /// The name of each column, and what stands there.
    pub fn columns(self) -> impl Iterator<Item = (String, String)> {
        self.header.iter().zip(self.fields).map(|(name, text)| (name.to_owned(), text.to_owned()))
    }

    /// What keeps the line from being a record, in the words of the file.
    fn fault(self, error: csv::Error) -> anyhow::Error {
        let ErrorKind::Deserialize { err, .. } = error.kind() else { return error.into() };
        let column = err.field().and_then(|field| usize::try_from(field).ok());
        match (column.and_then(|column| self.header.get(column).zip(self.fields.get(column))), err.kind()) {
            (Some((name, text)), _) => misunderstood(name, text),
            (None, DeserializeErrorKind::Message(message)) => {
                let missing = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
                missing.map_or_else(|| anyhow!("{message}"), |name| anyhow!("there is no column {name}"))
            }
            _ => error.into(),
        }
    }
}

/// Says that a column holds what it cannot: ``lr: `fast` cannot be understood``.
pub fn misunderstood(column: &str, text: &str) -> anyhow::Error {
    anyhow!("{column}: `{text}` cannot be understood")
}

/// Serialises a number as short as it can be read back exactly, and NaN as an empty field.
///
/// It has a point or an exponent always, so that programs that guess types from the first lines do
/// not take the column for integers.
///
/// # Errors
/// Those of the serialiser.
pub fn number<N, S>(value: &N, to: S) -> Result<S::Ok, S::Error>
where
    N: Copy + Debug + Into<f64>,
    S: Serializer,
{
    if (*value).into().is_nan() { to.serialize_str("") } else { to.collect_str(&format_args!("{value:?}")) }
}

/// Columns of numbers that may be unknown: NaN is an empty field, and a column that is not there.
pub mod unknown_or_number {
    use super::{Deserialize, Deserializer, Serializer};

    /// Writes the number, or nothing.
    ///
    /// # Errors
    /// Those of the serialiser.
    pub fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        super::number(value, to)
    }

    /// Reads the number, or NaN.
    ///
    /// # Errors
    /// A field that is neither empty nor a number.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
    }

    /// Stands for a column that is not there.
    pub fn unknown() -> f64 {
        f64::NAN
    }
}

/// Reads a field that programs of before did not write, or wrote empty.
///
/// # Errors
/// A field that is neither empty nor a value.
pub fn or_default<'de, T, D>(from: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Sized {
        name: String,
        #[serde(serialize_with = "number")]
        width: f32,
        #[serde(with = "unknown_or_number", default = "unknown_or_number::unknown")]
        score: f64,
        count: Option<u64>,
        #[serde(default, deserialize_with = "or_default")]
        flip: bool,
    }

    fn read(text: &str) -> Result<Vec<Sized>> {
        read_csv(text.as_bytes(), |record, _| Ok(record))
    }

    #[test]
    fn numbers_are_short_and_have_a_point_or_an_exponent() {
        let of = |name: &str, width, score, count| Sized { name: name.into(), width, score, count, flip: true };
        let text = csv_text([
            of("a,b", 0.8, f64::NAN, None),
            of("c", 2.0, 1.0 / 3.0, Some(7)),
            of("d", 1e-7, 1e-5, None),
            of("e", 1e7, 1e16, None),
        ]);
        assert_eq!(
            String::from_utf8(text.unwrap()).unwrap(),
            "name,width,score,count,flip\n\"a,b\",0.8,,,true\nc,2.0,0.3333333333333333,7,true\nd,1e-7,1e-5,,true\n\
             e,10000000.0,1e16,,true\n"
        );
    }

    #[test]
    fn no_cell_is_a_formula_and_each_is_read_as_it_was() {
        let names = ["=1+1", "'=1", "@a", "-5", "-a", "+1.5e3", "\tx", "a=b", "'-5"];
        let of = |name: &str| Sized { name: name.into(), width: 1.0, score: -0.5, count: None, flip: true };
        let text = csv_text(names.map(of)).unwrap();
        let cells = String::from_utf8(text.clone()).unwrap();
        assert!(cells.contains("\n'=1+1,") && cells.contains("\n''=1,") && cells.contains("\n-5,1.0,-0.5,"), "{cells}");
        let back = read_csv(&text, |record: Sized, _| Ok(record.name)).unwrap();
        assert_eq!(back, names);
    }

    #[test]
    fn without_records_there_is_a_header() {
        assert_eq!(csv_text(Vec::<Sized>::new()).unwrap(), b"name,width,score,count,flip\n");
    }

    #[test]
    fn columns_of_later_programs_may_be_missing_or_empty() {
        let short = read("width,name\n0.5,a\n").unwrap().remove(0);
        assert!(short.score.is_nan() && short.count.is_none() && !short.flip, "{short:?}");
        let empty = read("name,width,score,count,flip,more\na,0.5,,,,x\n").unwrap().remove(0);
        assert!(empty.score.is_nan() && empty.count.is_none() && !empty.flip, "{empty:?}");
        assert_eq!(read("name,width,score\na,1.0,0.25\n").unwrap()[0].score, 0.25);
    }

    #[test]
    fn a_fault_names_line_and_column() {
        let error = |text: &str| format!("{:#}", read(text).unwrap_err());
        assert_eq!(error("name,score\na,1.0\n"), "line 2: there is no column width");
        assert_eq!(error("name,width\na,1.0\nb,wide\n"), "line 3: width: `wide` cannot be understood");
        assert_eq!(error("name,width,score\na,1.0,high\n"), "line 2: score: `high` cannot be understood");
        assert!(error("name,width\na\n").contains("line: 2"), "{}", error("name,width\na\n"));
    }
}
