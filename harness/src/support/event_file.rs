//! TensorBoard's event files: numbers that change with the steps of a training.
//!
//! A file is a list of records as TensorFlow writes them (`record_writer.cc`): the length in 64
//! bits, its checksum, the bytes, their checksum; all little-endian. The bytes are an `Event`
//! (`event.proto`).

use anyhow::{Context, Result};
use atrous_models::protobuf::ProtoMessage;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What is written stays in memory for at most so long.
const FLUSH_INTERVAL: Duration = Duration::from_secs(2);
/// The first event of a file says this of the format.
const VERSION: &str = "brain.Event:2";
/// The status of a session that starts: what was written before of this step and later ones does
/// not count any more.
const SESSION_START: i64 = 1;

/// An event file that grows.
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    file: BufWriter<File>,
    flushed: Instant,
}

impl EventFile {
    /// Starts a file in a folder, which is created where it is missing. Where there are earlier
    /// ones, it goes on from theirs at `step`. `now`: seconds since 1970.
    ///
    /// # Errors
    /// Names the folder or file that cannot be written.
    pub fn create(folder: &Path, now: f64, step: u64) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        // TensorBoard reads a folder's files in the order of their names.
        let mut number = 0;
        let (path, file) = loop {
            let path = folder.join(format!("events.out.tfevents.{:010}.{number:04}.atrous", now.max(0.0) as u64));
            match File::create_new(&path) {
                Ok(file) => break (path, file),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error).with_context(|| format!("cannot create {}", path.display())),
            }
        };
        let mut events = Self { path, file: BufWriter::new(file), flushed: Instant::now() };
        events.write(event(now).text(3, VERSION))?;
        let session = ProtoMessage::default().integer(1, SESSION_START);
        events.write(event(now).integer(2, signed(step)).message(7, &session))?;
        events.flush()?;
        Ok(events)
    }

    /// Adds the values of a step.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub fn scalars(&mut self, now: f64, step: u64, values: &[(&str, f64)]) -> Result<()> {
        let value = |(tag, value): &(&str, f64)| ProtoMessage::default().text(1, tag).float(2, *value as f32);
        let summary = ProtoMessage::default().each(values, |summary, pair| summary.message(1, &value(pair)));
        self.write(event(now).integer(2, signed(step)).message(5, &summary))?;
        if self.flushed.elapsed() >= FLUSH_INTERVAL { self.flush() } else { Ok(()) }
    }

    /// Writes what is in memory, for TensorBoard to see.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        self.flushed = Instant::now();
        self.file.flush().with_context(|| format!("cannot write {}", self.path.display()))
    }

    fn write(&mut self, event: ProtoMessage) -> Result<()> {
        let written = self.file.write_all(&record(&event.into_bytes()));
        written.with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// An event of this time; it has its step in field 2, the format's version in 3, values in 5 and
/// what became of the program in 7.
fn event(now: f64) -> ProtoMessage {
    ProtoMessage::default().double(1, now)
}

fn signed(step: u64) -> i64 {
    i64::try_from(step).unwrap_or(i64::MAX)
}

/// A record with its checksums.
fn record(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    [&length[..], &masked_checksum(&length).to_le_bytes(), bytes, &masked_checksum(bytes).to_le_bytes()].concat()
}

/// The checksum of a record, CRC-32C, turned by 15 bits and moved, so that a checksum of bytes that
/// hold one means something.
fn masked_checksum(bytes: &[u8]) -> u32 {
    checksum(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C, the remainder by Castagnoli's polynomial, bit by bit: records are short.
fn checksum(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    let bit = |sum: u32, _| if sum & 1 == 1 { sum >> 1 ^ POLYNOMIAL } else { sum >> 1 };
    !bytes.iter().fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), bit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use atrous_models::protobuf::{ProtoValue, read_fields};

    /// The events of a file, read as the format says: a wrong checksum or a cut record is refused.
    fn read(bytes: &[u8]) -> Option<Vec<Vec<(u32, ProtoValue)>>> {
        let mut events = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (length, after) = rest.split_first_chunk::<8>()?;
            let (sum, after) = after.split_first_chunk::<4>()?;
            let count = usize::try_from(u64::from_le_bytes(*length)).ok()?;
            let (bytes, after) = after.split_at_checked(count)?;
            let (bytes_sum, after) = after.split_first_chunk::<4>()?;
            let fits = |bytes: &[u8], sum: &[u8; 4]| masked_checksum(bytes) == u32::from_le_bytes(*sum);
            if !fits(length, sum) || !fits(bytes, bytes_sum) {
                return None;
            }
            events.push(read_fields(bytes)?);
            rest = after;
        }
        Some(events)
    }

    /// The examples of RFC 3720, B.4, and the first record that every event file of TensorFlow
    /// begins with.
    #[test]
    fn checksums_are_those_of_the_format() {
        assert_eq!(checksum(&[0; 32]), 0x8a91_36aa);
        assert_eq!(checksum(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(masked_checksum(&24u64.to_le_bytes()), u32::from_le_bytes([0xa3, 0x7f, 0x4b, 0x22]));
    }

    #[test]
    fn what_was_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("a/b");
        let mut file = EventFile::create(&runs, 1_700_000_000.25, 0).unwrap();
        file.scalars(1_700_000_001.5, 7, &[("loss", 0.5), ("lr", 0.01)]).unwrap();
        file.scalars(1_700_000_002.5, 8, &[("loss", f64::NAN)]).unwrap();
        let path = file.path.clone();
        drop(file);
        let bytes = fs::read(&path).unwrap();
        let events = read(&bytes).unwrap();
        assert_eq!(events.len(), 4);
        let time = |seconds: f64| (1, ProtoValue::Fixed64(seconds.to_bits()));
        assert_eq!(events[0], [time(1_700_000_000.25), (3, ProtoValue::Bytes(b"brain.Event:2".to_vec()))]);
        let start = ProtoValue::Bytes(vec![0x08, 0x01]);
        assert_eq!(events[1], [time(1_700_000_000.25), (2, ProtoValue::Varint(0)), (7, start)]);
        let value = |tag: &str, value: f32| ProtoMessage::default().text(1, tag).float(2, value);
        let summary =
            ProtoMessage::default().message(1, &value("loss", 0.5)).message(1, &value("lr", 0.01)).into_bytes();
        assert_eq!(events[2], [time(1_700_000_001.5), (2, ProtoValue::Varint(7)), (5, ProtoValue::Bytes(summary))]);
        let mut flipped = bytes.clone();
        *flipped.last_mut().unwrap() ^= 1;
        assert!(read(&flipped).is_none() && read(&bytes[..bytes.len() - 1]).is_none());
        // The same second: another file, read after the first.
        let later = EventFile::create(&runs, 1_700_000_000.75, 7).unwrap();
        assert!(later.path > path);
        assert_eq!(read(&fs::read(&later.path).unwrap()).unwrap()[1][1], (2, ProtoValue::Varint(7)));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = format!("{:#}", EventFile::create(&file.join("x"), 0.0, 0).unwrap_err());
        assert!(error.contains("file/x"), "{error}");
    }
}
