//! The table of made-up runs, as text.

use super::*;
use crate::result::tests::{example, failure};
use crate::rows::RowEnd;
use crate::settings::{DataSource, ModelSpec, tests::example as settings};

fn finished(rates: &[usize], seed: u64, counts: [u64; 4]) -> Row {
    let settings = RunSettings { rates: rates.to_vec(), seed, ..settings() };
    Row {
        baseline: vec![1, 12, 24, 36],
        expectation: None,
        end: RowEnd::Finished(Box::new(example(settings, counts))),
        images: None,
    }
}

fn failed(rates: &[usize], seed: u64) -> Row {
    let settings = RunSettings { rates: rates.to_vec(), seed, ..settings() };
    Row {
        baseline: vec![1, 12, 24, 36],
        expectation: None,
        end: RowEnd::Failed(Box::new(failure(settings))),
        images: None,
    }
}

fn rows() -> Rows {
    Rows(vec![
        finished(&[1, 6, 12, 18], 0, [80, 10, 5, 5]),
        finished(&[1, 6, 12, 18], 1, [85, 5, 5, 5]),
        finished(&[1, 12, 24, 36], 0, [80, 5, 5, 10]),
        failed(&[1, 12, 24, 36], 1),
    ])
}

#[test]
fn snapshot() {
    let expected = "\
# Results

Scores in percent: mean ± standard deviation over seeds. ρ = largest rate / feature size.

| experiment | data set | best rates               | ρ    | metric | here  | published | difference                     |
| ---------- | -------- | ------------------------ | ---- | ------ | ----- | --------- | ------------------------------ |
| stare      | STARE    | 1, 12, 24, 36 (baseline) | 0.56 | mDice  | 80.39 | 90.01     | not comparable: synthetic data |

## stare: STARE

unet-s5-d16 with 8 base and 8 ASPP channels; 100 iterations of 4 crops of 64x96; scored in windows of 64x64, step \
43x43; synthetic images (8 + 4 of 96x128); on flex (CPU).

| rates                        | ρ    | runs | failed | mIoU         | mDice        | aAcc         |
| ---------------------------- | ---- | ---- | ------ | ------------ | ------------ | ------------ |
| 1, 6, 12, 18                 | 0.28 | 2    | 0      | 58.00 ± 4.81 | 68.97 ± 4.60 | 87.50 ± 3.54 |
| **1, 12, 24, 36 (baseline)** | 0.56 | 1    | 1      | **69.44**    | **80.39**    | **90.00**    |

- Best by mDice in bold.
- Published: 0.9001 (unet-s5-d16, Kim et al., arXiv 2307.14179, best rates), as mIoU; the value fits mDice, which it \
is held against. Not comparable: synthetic data.
- Failed: rates 1, 12, 24, 36, seed 1, at iteration 37: the loss is NaN.
";
    let text = Table::new(&rows()).markdown();
    assert_eq!(text, expected, "\n{text}");
}

#[test]
fn one_seed_is_said_to_prove_nothing() {
    let rows = Rows(vec![finished(&[1, 2], 0, [80, 5, 5, 10]), finished(&[1, 12, 24, 36], 0, [80, 5, 5, 9])]);
    assert!(Table::new(&rows).markdown().contains("One seed per setting proves nothing"));
}

#[test]
fn another_protocol_is_another_section() {
    let mut other = finished(&[1, 6, 12, 18], 0, [80, 10, 5, 5]);
    if let RowEnd::Finished(result) = &mut other.end {
        result.settings.train.iterations = 7;
    }
    let mut rows = rows();
    rows.0.push(other);
    assert_eq!(Table::new(&rows).sections.len(), 2);
}

#[test]
fn the_full_protocol_is_compared() {
    let mut row = finished(&[1, 12, 24, 36], 0, [80, 5, 5, 10]);
    if let RowEnd::Finished(result) = &mut row.end {
        let settings = &mut result.settings;
        settings.data = DataSource::Files;
        settings.resize = settings.dataset.resize_reference();
        settings.model = ModelSpec::published(settings.model.kind);
        let protocol = crate::spec::protocol::of(settings.dataset);
        (settings.crop, settings.infer) = (protocol.crop, protocol.infer);
        (settings.train.iterations, settings.train.batch) = (protocol.iterations, protocol.batch);
    }
    let table = Table::new(&Rows(vec![row]));
    let section = &table.sections[0];
    let comparison = section.comparison.as_ref().unwrap();
    assert_eq!(comparison.obstacle, None);
    let difference = comparison.difference(&section.cells[0]).unwrap();
    assert!((difference - (section.cells[0].mdice.unwrap().mean - 0.9001)).abs() < 1e-12);
    assert!(table.markdown().contains("-9.62"), "{}", table.markdown());
}

#[test]
fn csv_has_one_line_per_cell() {
    let text = String::from_utf8(csv::text(&Table::new(&rows())).unwrap()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[1].contains(",false,false,2,0,") && lines[2].contains(",true,true,1,1,"), "{text}");
}

#[test]
fn control_images_are_held_against_nothing() {
    let mut row = finished(&[1, 12, 24, 36], 0, [80, 5, 5, 10]);
    if let RowEnd::Finished(result) = &mut row.end {
        result.settings.dataset = atrous_data::DatasetKind::Control;
    }
    let table = Table::new(&Rows(vec![row]));
    let text = table.markdown();
    assert!(text.contains("| mIoU   | 69.44 | -         | -          |"), "{text}");
    assert!(!text.contains("Published: "), "{text}");
    let csv = table.csv().unwrap();
    assert!(csv.lines().nth(1).unwrap().ends_with(",mIoU,,,,"), "{csv}");
}

#[test]
fn nothing_finished() {
    assert!(Table::new(&Rows::default()).markdown().contains("No run has finished yet"));
}
