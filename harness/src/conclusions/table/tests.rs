//! The table of made-up runs, as text.

use super::*;
use crate::conclusions::difference::Difference;
use crate::conclusions::statistics::holm;
use crate::experiment::settings::{DataSource, ModelSpec, RunSettings, tests::example as settings};
use crate::results::rows::{Row, RowEnd, Rows, testing};
use crate::results::scores::Metric;

fn of(rates: &[usize], seed: u64) -> RunSettings {
    RunSettings { rates: rates.to_vec(), seed, ..settings() }
}

fn finished(rates: &[usize], seed: u64, counts: [u64; 4]) -> Row {
    testing::finished(of(rates, seed), counts)
}

fn failed(rates: &[usize], seed: u64) -> Row {
    testing::failed(of(rates, seed))
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

Intervals hold 95 %. Rates are compared with the baseline seed by seed (paired t-test) and image by image (paired \
bootstrap); p is the larger of the two, corrected for the number of rates (Holm), and below 0.05 beyond noise. d is the \
mean of the seeds' differences over their standard deviation. The formulas: docs/reference/statistics.md.

| experiment | data set | best rates               | verdict               | ρ    | metric | here  | published | difference                     |
| ---------- | -------- | ------------------------ | --------------------- | ---- | ------ | ----- | --------- | ------------------------------ |
| stare      | STARE    | 1, 12, 24, 36 (baseline) | one seed: cannot tell | 0.56 | mDice  | 80.39 | 90.01     | not comparable: synthetic data |

## stare: STARE

unet-s5-d16 with 8 base and 8 ASPP channels; 100 iterations of 4 crops of 64x96; scored in windows of 64x64, step \
43x43; synthetic images (8 + 4 of 96x128); on flex (CPU).

| rates                    | ρ    | runs | failed | mIoU         | mDice        | aAcc         | mDice 95 %      |
| ------------------------ | ---- | ---- | ------ | ------------ | ------------ | ------------ | --------------- |
| 1, 6, 12, 18             | 0.28 | 2    | 0      | 58.00 ± 4.81 | 68.97 ± 4.60 | 87.50 ± 3.54 | 27.62 to 110.31 |
| 1, 12, 24, 36 (baseline) | 0.56 | 1    | 1      | 69.44        | 80.39        | 90.00        | -               |

mDice minus the baseline's (1, 12, 24, 36), in points:

| rates        | difference | 95 % by seed | 95 % by image | p | d | verdict               |
| ------------ | ---------- | ------------ | ------------- | - | - | --------------------- |
| 1, 6, 12, 18 | -14.68     | -            | -             | - | - | one seed: cannot tell |

- No winner: the baseline is best by mDice; one seed: cannot tell.
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
        let protocol = crate::experiment::spec::protocol::of(settings.dataset);
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

/// The bytes of the file are what other programs and committed results rely on.
#[test]
fn csv_is_pinned() {
    let text = Table::new(&testing::pinned()).csv().unwrap();
    assert_eq!(text, include_str!("pinned/table.csv"));
    let header = Table::new(&Rows::default()).csv().unwrap();
    assert_eq!(header, format!("{}\n", text.lines().next().unwrap()));
    for folder in ["retina-small", "controls"] {
        assert!(testing::written_again::<CellRecord>(folder, "table.csv").is_empty());
    }
}

#[test]
fn csv_has_one_line_per_cell() {
    let text = Table::new(&rows()).csv().unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[1].contains(",false,false,false,2,0,") && lines[2].contains(",true,true,false,1,1,"), "{text}");
}

/// 3 seeds x 8 images of a setting that gets so many more pixels of the vessels right than the
/// baseline, give or take a few that depend on the seed and the image.
fn counted(rates: &[usize], more: u64) -> Vec<Row> {
    let noise = |seed: u64, image: u64| {
        let number = seed * 31 + image * 17 + rates[1] as u64 * 7;
        ((number.pow(3) * 2_654_435_761) >> 16) % 9
    };
    let counts = |seed: u64, image: u64| {
        let found = 600 + 40 * image + 3 * seed + more + noise(seed, image);
        [9_000, 100, 1_200 - found, found]
    };
    let row = |seed: u64| testing::counted(of(rates, seed), "im", (0..8).map(|image| counts(seed, image)));
    (0..3).map(row).collect()
}

const BASELINE: [usize; 4] = [1, 12, 24, 36];

fn section(cells: [Vec<Row>; 3]) -> (Section, String) {
    let table = Table::new(&Rows(cells.concat()));
    assert_eq!(table.sections.len(), 1);
    (table.sections[0].clone(), table.markdown())
}

#[test]
fn a_winner_is_marked_and_noise_is_not() {
    let (worse, noise, better) = (counted(&[1, 2], 20), counted(&[1, 6], 100), counted(&[1, 18], 200));
    let rows = [worse, noise.clone(), counted(&BASELINE, 100), better.clone()].concat();
    let table = Table::new(&Rows(rows));
    let section = &table.sections[0];
    let verdicts: Vec<CellVerdict> = section.cells.iter().map(|cell| cell.verdict).collect();
    assert_eq!(verdicts, [CellVerdict::Worse, CellVerdict::WithinNoise, CellVerdict::Baseline, CellVerdict::Better]);
    let winners: Vec<bool> = section.cells.iter().map(|cell| cell.winner).collect();
    assert_eq!(winners, [false, false, false, true]);
    assert_eq!(section.baseline_cell().unwrap().difference, None);

    // The numbers are those of the cells' rows; p of three rates.
    let baseline = counted(&BASELINE, 100);
    let direct = |rows: &[Row]| {
        Difference::between(&rows.iter().collect::<Vec<_>>(), &baseline.iter().collect::<Vec<_>>(), Metric::Mdice)
    };
    assert_eq!(section.cells[1].difference, direct(&noise));
    assert_eq!(section.cells[3].difference, direct(&better));
    let raw: Vec<f64> = [0, 1, 3].map(|cell: usize| section.cells[cell].difference.unwrap().p().unwrap()).to_vec();
    let corrected: Vec<f64> = [0, 1, 3].map(|cell: usize| section.cells[cell].p_corrected.unwrap()).to_vec();
    assert_eq!(corrected, holm(&raw));
    assert!(corrected[0] > raw[0] && corrected[0] < 0.05, "{raw:?} {corrected:?}");

    let text = table.markdown();
    let overview = text.lines().find(|line| line.starts_with("| stare")).unwrap();
    assert!(overview.contains("| 1, 18 ") && overview.contains("| better than the baseline |"), "{text}");
    let line = |start: &str, end: &str| text.lines().any(|line| line.starts_with(start) && line.ends_with(end));
    assert!(line("| **1, 18** ", "| **better**   |") && line("| 1, 6 ", "| within noise |"), "{text}");
    assert!(line("| 1, 2 ", "| worse        |") && text.contains("\n- In bold: best by mDice, and better"), "{text}");
    assert!(
        text.lines().filter(|line| line.starts_with('|')).skip(3).all(|line| line.chars().count() <= 120),
        "{text}"
    );
}

#[test]
fn a_baseline_wins_where_all_others_are_worse() {
    let (section, text) = section([counted(&[1, 2], 20), counted(&BASELINE, 100), counted(&[1, 18], 30)]);
    let winner = section.cells.iter().find(|cell| cell.winner).unwrap();
    assert_eq!(winner.rates, BASELINE);
    assert!(text.contains("| all others are worse |") && text.contains("| **1, 12, 24, 36 (baseline)** |"), "{text}");

    let (section, text) = self::section([counted(&[1, 2], 20), counted(&BASELINE, 104), counted(&[1, 18], 103)]);
    assert!(section.baseline_cell().unwrap().best && section.cells.iter().all(|cell| !cell.winner), "{text}");
    assert!(text.contains("| within noise |") && !text.contains("**"), "{text}");
    assert!(text.contains("No winner: the baseline is best by mDice; within noise."), "{text}");
}

#[test]
fn what_cannot_be_told_is_not_told() {
    let without_images = |rows: Vec<Row>| rows.into_iter().map(|row| Row { images: None, ..row }).collect::<Vec<_>>();
    let cells = [counted(&[1, 2], 20), counted(&BASELINE, 100), without_images(counted(&[1, 18], 200))];
    let (section, text) = section(cells);
    let cell = &section.cells[2];
    assert_eq!((cell.verdict, cell.winner, cell.p_corrected), (CellVerdict::NoImages, false, None));
    // One rate is compared: nothing to correct.
    assert_eq!(section.cells[0].p_corrected, section.cells[0].difference.unwrap().p());
    assert!(text.contains("No winner: 1, 18 are best by mDice; no counts per image."), "{text}");

    let one_seed = |rows: Vec<Row>| rows.into_iter().take(1).collect::<Vec<_>>();
    let (section, text) =
        self::section([counted(&[1, 2], 20), counted(&BASELINE, 100), one_seed(counted(&[1, 18], 200))]);
    assert_eq!(section.cells[2].verdict, CellVerdict::OneSeed);
    assert!(text.contains("| one seed: cannot tell |") && !text.contains("**"), "{text}");

    let cells = [counted(&[1, 2], 20), vec![failed(&BASELINE, 0)], counted(&[1, 18], 200)];
    let (section, text) = self::section(cells);
    assert!(section.cells.iter().all(|cell| !cell.winner && cell.difference.is_none()));
    assert!(text.contains("| no seed in common |") && !text.contains("**"), "{text}");
}

#[test]
fn csv_has_the_comparison_as_fractions() {
    let table = Table::new(&Rows([counted(&[1, 6], 100), counted(&BASELINE, 100), counted(&[1, 18], 200)].concat()));
    let text = table.csv().unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let lines: Vec<_> = reader.records().map(Result::unwrap).collect();
    let field = |line: usize, name: &str| &lines[line][header.iter().position(|column| column == name).unwrap()];
    let number = |line: usize, name: &str| field(line, name).parse::<f64>().unwrap();
    let cell = &table.sections[0].cells[2];
    let difference = cell.difference.unwrap();
    assert_eq!(number(2, "baseline_difference"), difference.mean);
    assert_eq!(number(2, "baseline_difference_low"), difference.interval.unwrap().low);
    assert_eq!(number(2, "baseline_difference_high"), difference.interval.unwrap().high);
    assert_eq!(number(2, "baseline_difference_images_low"), difference.images.unwrap().low);
    assert_eq!(number(2, "baseline_difference_images_high"), difference.images.unwrap().high);
    assert_eq!(number(2, "p_seeds"), difference.p_seeds.unwrap());
    assert_eq!(number(2, "p_images"), difference.p_images.unwrap());
    assert_eq!(number(2, "p_corrected"), cell.p_corrected.unwrap());
    assert_eq!(number(2, "effect_size"), difference.effect_size.unwrap());
    assert_eq!(number(2, "mdice_low"), cell.mdice.unwrap().interval.unwrap().low);
    assert_eq!(number(2, "mdice_high"), cell.mdice.unwrap().interval.unwrap().high);
    assert_eq!([field(2, "compared_seeds"), field(2, "verdict"), field(2, "winner")], ["3", "better", "true"]);
    assert_eq!([field(1, "compared_seeds"), field(1, "verdict"), field(1, "p_corrected")], ["0", "baseline", ""]);
}

#[test]
fn control_images_are_held_against_nothing() {
    let mut row = finished(&[1, 12, 24, 36], 0, [80, 5, 5, 10]);
    if let RowEnd::Finished(result) = &mut row.end {
        result.settings.dataset = atrous_data::DatasetKind::CONTROL;
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
