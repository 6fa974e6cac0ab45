//! The table of made-up runs, as text.

use super::*;
use crate::conclusions::analysis::{Missing, SectionAnalysis};
use crate::experiment::settings::{DataSource, ModelSpec, RunSettings, tests::example as settings};
use crate::results::rows::{Row, RowEnd, Rows, testing};
use crate::results::scores::{Detection, DetectionScores, FieldOfView, Metric};

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

Nothing can be said of the rates on STARE: no counts per image.

Scores in percent: mean ± standard deviation over seeds. ρ = largest rate / feature size.

| experiment | data set | best rates               | verdict             | ρ    | metric | here  | published | difference                     |
| ---------- | -------- | ------------------------ | ------------------- | ---- | ------ | ----- | --------- | ------------------------------ |
| stare      | STARE    | 1, 12, 24, 36 (baseline) | no counts per image | 0.56 | mDice  | 80.39 | 90.01     | not comparable: synthetic data |

## stare: STARE

unet-s5-d16 with 8 base and 8 ASPP channels; 100 iterations of 4 crops of 64x96; scored in windows of 64x64, step \
43x43; synthetic images (8 + 4 of 96x128); on flex (CPU).

| rates                    | ρ    | runs | failed | collapsed | mIoU         | mDice        | aAcc         | mDice 95 %      |
| ------------------------ | ---- | ---- | ------ | --------- | ------------ | ------------ | ------------ | --------------- |
| 1, 6, 12, 18             | 0.28 | 2    | 0      | 0         | 58.00 ± 4.81 | 68.97 ± 4.60 | 87.50 ± 3.54 | 27.62 to 110.31 |
| 1, 12, 24, 36 (baseline) | 0.56 | 1    | 1      | 0         | 69.44        | 80.39        | 90.00        | -               |

mDice minus the baseline's (1, 12, 24, 36), in points:

| rates        | difference | 95 % | p | verdict             |
| ------------ | ---------- | ---- | - | ------------------- |
| 1, 6, 12, 18 | -14.68     | -    | - | no counts per image |

- No winner: the baseline is best by mDice; no counts per image.
- Published: 90.01 (printed as 0.9001, unet-s5-d16, Kim et al., arXiv 2307.14179, best rates), as mIoU; the value fits \
mDice, which it is held against. Not comparable: synthetic data.
- Failed: rates 1, 12, 24, 36, seed 1, at iteration 37: the loss is NaN.
";
    let text = Table::new(&rows(), MARGIN).markdown();
    assert_eq!(text, expected, "\n{text}");
}

#[test]
fn what_retina_reports_state_has_a_table() {
    let mut rows = rows();
    let text = |rows: &Rows| Table::new(rows, MARGIN).markdown();
    assert!(!text(&rows).contains("sensitivity"));
    for (place, row) in rows.0.iter_mut().enumerate() {
        if let RowEnd::Finished(result) = &mut row.end {
            let part = |shift: f64| DetectionScores {
                sensitivity: 0.7 + 0.1 * place as f64 + shift,
                specificity: 0.97,
                auc_roc: 0.98,
                auc_pr: 0.9,
                average_precision: f64::NAN,
            };
            let (scores, confusion) = (result.scores.clone(), result.confusion.clone());
            let fov = (place < 2).then(|| FieldOfView { detection: part(0.01), scores, confusion });
            result.detection = Some(Detection { whole: part(0.0), fov });
        }
    }
    let expected = "\
How well `vessel` is told from the rest, in percent:

| rates                    | pixels        | sensitivity  | specificity  | AUC of the ROC | AUC of precision-recall | average precision |
| ------------------------ | ------------- | ------------ | ------------ | -------------- | ----------------------- | ----------------- |
| 1, 6, 12, 18             | all           | 75.00 ± 7.07 | 97.00 ± 0.00 | 98.00 ± 0.00   | 90.00 ± 0.00            | -                 |
| 1, 6, 12, 18             | field of view | 76.00 ± 7.07 | 97.00 ± 0.00 | 98.00 ± 0.00   | 90.00 ± 0.00            | -                 |
| 1, 12, 24, 36 (baseline) | all           | 90.00        | 97.00        | 98.00          | 90.00                   | -                 |
";
    assert!(text(&rows).contains(expected), "{}", text(&rows));
    // Runs with such scores and runs without are not summed up.
    if let RowEnd::Finished(result) = &mut rows.0[0].end {
        result.detection = None;
    }
    assert!(!text(&rows).contains("field of view"));
}

#[test]
fn another_protocol_is_another_section() {
    let mut other = finished(&[1, 6, 12, 18], 0, [80, 10, 5, 5]);
    if let RowEnd::Finished(result) = &mut other.end {
        result.settings.train.iterations = 7;
    }
    let mut rows = rows();
    rows.0.push(other);
    assert_eq!(Table::new(&rows, MARGIN).sections.len(), 2);
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
    let table = Table::new(&Rows(vec![row]), MARGIN);
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
    let text = Table::new(&testing::pinned(), MARGIN).csv().unwrap();
    assert_eq!(text, include_str!("pinned/table.csv"));
    let header = Table::new(&Rows::default(), MARGIN).csv().unwrap();
    assert_eq!(header, format!("{}\n", text.lines().next().unwrap()));
    assert!(testing::written_again::<CellRecord>("retina-small", "table.csv").is_empty());
}

#[test]
fn csv_has_one_line_per_cell() {
    let text = Table::new(&rows(), MARGIN).csv().unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[1].contains(",false,false,false,2,0,0,") && lines[2].contains(",true,true,false,1,1,0,"), "{text}");
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
    section_within(MARGIN, cells)
}

fn section_within(margin: f64, cells: [Vec<Row>; 3]) -> (Section, String) {
    let table = Table::new(&Rows(cells.concat()), margin);
    assert_eq!(table.sections.len(), 1);
    (table.sections[0].clone(), table.markdown())
}

/// So small that nothing is equal.
const NO_MARGIN: f64 = 1e-6;

#[test]
fn a_winner_is_marked_and_others_have_their_verdicts() {
    let (worse, equal, better) = (counted(&[1, 2], 20), counted(&[1, 6], 100), counted(&[1, 18], 200));
    let rows = [worse, equal, counted(&BASELINE, 100), better].concat();
    let table = Table::new(&Rows(rows), 0.02);
    let section = &table.sections[0];
    let verdicts: Vec<CellVerdict> = section.cells.iter().map(|cell| cell.verdict).collect();
    assert_eq!(verdicts, [CellVerdict::Worse, CellVerdict::Equal, CellVerdict::Baseline, CellVerdict::Better]);
    let winners: Vec<bool> = section.cells.iter().map(|cell| cell.winner).collect();
    assert_eq!(winners, [false, false, false, true]);
    assert_eq!(section.baseline_cell().unwrap().contrast, None);

    // The numbers are those of the section's analysis.
    let groups: Vec<Vec<Row>> =
        vec![counted(&[1, 2], 20), counted(&[1, 6], 100), counted(&BASELINE, 100), counted(&[1, 18], 200)];
    let groups: Vec<Vec<&Row>> = groups.iter().map(|rows| rows.iter().collect()).collect();
    let contrasts = SectionAnalysis::new(&groups, Some(2), Metric::Mdice).against_baseline();
    assert_eq!(section.cells.iter().map(|cell| cell.contrast).collect::<Vec<_>>(), contrasts);
    assert_eq!(table.answer(), ["1, 18 (+2.98 points) beats 1, 12, 24, 36 on STARE."]);

    let text = table.markdown();
    let overview = text.lines().find(|line| line.starts_with("| stare")).unwrap();
    assert!(overview.contains("| 1, 18 ") && overview.contains("| better than the baseline |"), "{text}");
    let line = |start: &str, end: &str| text.lines().any(|line| line.starts_with(start) && line.ends_with(end));
    assert!(line("| **1, 18** ", "| **better**     |") && line("| 1, 6 ", "| equal within 2 |"), "{text}");
    assert!(line("| 1, 2 ", "| worse          |") && text.contains("\n- In bold: best by mDice, and better"), "{text}");
    assert!(
        text.lines().filter(|line| line.starts_with('|')).skip(3).all(|line| line.chars().count() <= 130),
        "{text}"
    );
}

#[test]
fn a_baseline_wins_where_all_others_are_worse() {
    let (section, text) = section([counted(&[1, 2], 20), counted(&BASELINE, 100), counted(&[1, 18], 30)]);
    let winner = section.cells.iter().find(|cell| cell.winner).unwrap();
    assert_eq!(winner.rates, BASELINE);
    assert!(text.contains("| all others are worse |") && text.contains("| **1, 12, 24, 36 (baseline)** |"), "{text}");

    let cells = [counted(&[1, 2], 20), counted(&BASELINE, 104), counted(&[1, 18], 103)];
    let (section, text) = section_within(NO_MARGIN, cells);
    assert!(section.baseline_cell().unwrap().best && section.cells.iter().all(|cell| !cell.winner), "{text}");
    assert!(
        text.contains("No winner: the baseline is best by mDice; undetermined (") && !text.contains("**"),
        "{text}"
    );
    assert!(text.contains("No setting beats 1, 12, 24, 36 on STARE: 3 seeds would have found "), "{text}");
}

#[test]
fn what_cannot_be_told_is_not_told() {
    let without_images = |rows: Vec<Row>| rows.into_iter().map(|row| Row { images: None, ..row }).collect::<Vec<_>>();
    let cells = [counted(&[1, 2], 20), counted(&BASELINE, 100), without_images(counted(&[1, 18], 200))];
    let (section, text) = section(cells);
    let cell = &section.cells[2];
    assert_eq!(cell.verdict, CellVerdict::NotCompared(Missing::Images));
    assert!(!cell.winner && cell.contrast.is_none() && cell.difference.is_some());
    assert_eq!(section.cells[0].verdict, CellVerdict::Worse);
    assert!(text.contains("No winner: 1, 18 are best by mDice; no counts per image."), "{text}");

    let two_seeds = |rows: Vec<Row>| rows.into_iter().take(2).collect::<Vec<_>>();
    let (section, text) =
        self::section([counted(&[1, 2], 20), counted(&BASELINE, 100), two_seeds(counted(&[1, 18], 200))]);
    assert_eq!(section.cells[2].verdict, CellVerdict::NotCompared(Missing::Seeds));
    assert!(text.contains("| fewer than 3 seeds |") && !text.contains("**"), "{text}");

    let cells = [counted(&[1, 2], 20), vec![failed(&BASELINE, 0)], counted(&[1, 18], 200)];
    let (section, text) = self::section(cells);
    assert!(section.cells.iter().all(|cell| !cell.winner && cell.difference.is_none()));
    assert!(text.contains("| no seed in common |") && !text.contains("**"), "{text}");
    assert!(text.contains("\n\nNothing can be said of the rates on STARE: no seed in common.\n\n"), "{text}");
}

#[test]
fn the_margin_decides_what_is_equal() {
    let rows = Rows([counted(&[1, 6], 100), counted(&BASELINE, 100)].concat());
    let verdict = |margin| Table::new(&rows, margin).sections[0].cells[0].verdict;
    let reach = Table::new(&rows, MARGIN).sections[0].cells[0].contrast.unwrap().interval;
    let reach = reach.high.max(-reach.low);
    assert_eq!([verdict(0.99 * reach), verdict(1.01 * reach)], [CellVerdict::Undetermined, CellVerdict::Equal]);
}

/// Rates beyond the map have the same parameters and see nothing.
#[test]
fn a_dead_list_says_what_context_is_worth() {
    let (section, text) = section([counted(&BASELINE, 100), counted(&[1, 18], 200), counted(&[1, 96, 192, 288], 20)]);
    let context = section.context.as_ref().unwrap();
    assert_eq!(context.dead, [1, 96, 192, 288]);
    let [live, dead] = [1, 2].map(|cell: usize| section.cells[cell].score(section.metric).unwrap().mean);
    // 1, 18 are ahead on all images: they are chosen everywhere.
    assert!((context.contrast.difference - (live - dead)).abs() < 1e-12);
    assert!(context.contrast.interval.low > 0.0);
    assert!(text.contains("- What context from the ASPP is worth here: +"), "{text}");
    assert!(self::section([counted(&[1, 2], 20), counted(&BASELINE, 100), counted(&[1, 18], 200)]).0.context.is_none());
}

#[test]
fn collapsed_runs_are_named_and_counted() {
    let mut rows = [counted(&[1, 6], 100), counted(&BASELINE, 100)].concat();
    rows[1] = testing::counted(of(&[1, 6], 1), "im", (0..8).map(|_| [9_100, 0, 1_200, 0]));
    let table = Table::new(&Rows(rows), MARGIN);
    let (section, text) = (&table.sections[0], table.markdown());
    assert_eq!(section.cells[0].collapsed, [CollapsedSeed { seed: 1, classes: vec!["vessel".into()] }]);
    assert_eq!((section.collapsed(), section.cells[1].collapsed.len()), (1, 0));
    assert!(text.contains("- Collapsed: rates 1, 6, seed 1, never predicts vessel."), "{text}");
    assert!(text.contains(" 1 of 6 runs collapsed: a class is never predicted.\n"), "{text}");
    assert!(table.csv().unwrap().contains(",3,0,1,"), "{}", table.csv().unwrap());
}

#[test]
fn experiments_that_say_the_same_are_one_sentence() {
    let of = |experiment: &str, rates: &[usize], more| -> Vec<Row> {
        let mut rows = counted(rates, more);
        for row in &mut rows {
            if let RowEnd::Finished(result) = &mut row.end {
                result.settings.experiment = experiment.into();
                result.settings.train.iterations = experiment.len() as u64;
            }
        }
        rows
    };
    let open = |name| [of(name, &BASELINE, 104), of(name, &[1, 18], 103)].concat();
    let table = Table::new(&Rows([open("stare"), open("another")].concat()), NO_MARGIN);
    let answer = table.answer();
    assert_eq!(answer.len(), 1);
    assert!(
        answer[0].starts_with("No setting beats 1, 12, 24, 36 on STARE or another: 3 seeds would have found "),
        "{answer:?}"
    );
    assert!(answer[0].contains(" points on STARE and ") && answer[0].ends_with(" points on another."), "{answer:?}");
    // Where one says something else, each has its own.
    let won = [of("third", &BASELINE, 100), of("third", &[1, 18], 200)].concat();
    let table = Table::new(&Rows([open("stare"), won].concat()), NO_MARGIN);
    let answer = table.answer();
    assert_eq!(answer.len(), 2);
    assert!(
        answer[1].starts_with("1, 18 (+") && answer[1].ends_with(" points) beats 1, 12, 24, 36 on third."),
        "{answer:?}"
    );
    assert!(table.markdown().contains(&format!("\n\n- {}\n- {}\n\n", answer[0], answer[1])));
}

#[test]
fn csv_has_the_comparison_as_fractions() {
    let rows = Rows([counted(&[1, 6], 100), counted(&BASELINE, 100), counted(&[1, 18], 200)].concat());
    let table = Table::new(&rows, MARGIN);
    let text = table.csv().unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let lines: Vec<_> = reader.records().map(Result::unwrap).collect();
    let field = |line: usize, name: &str| &lines[line][header.iter().position(|column| column == name).unwrap()];
    let number = |line: usize, name: &str| field(line, name).parse::<f64>().unwrap();
    let cell = &table.sections[0].cells[2];
    let contrast = cell.contrast.unwrap();
    assert_eq!(number(2, "baseline_difference"), contrast.difference);
    assert_eq!(number(2, "baseline_difference_low"), contrast.interval.low);
    assert_eq!(number(2, "baseline_difference_high"), contrast.interval.high);
    assert_eq!(
        [number(2, "p"), number(2, "detectable"), number(2, "margin")],
        [contrast.p, contrast.detectable, MARGIN]
    );
    assert_eq!(number(2, "cross_fitted"), table.sections[0].cross_fitted.unwrap());
    assert_eq!(number(2, "mdice_low"), cell.mdice.unwrap().interval.unwrap().low);
    assert_eq!(number(2, "mdice_high"), cell.mdice.unwrap().interval.unwrap().high);
    assert_eq!([field(2, "compared_seeds"), field(2, "compared_subjects")], ["3", "8"]);
    assert_eq!([field(2, "verdict"), field(2, "winner")], ["better", "true"]);
    assert_eq!([field(1, "compared_seeds"), field(1, "verdict"), field(1, "p")], ["0", "baseline", ""]);
}

#[test]
fn control_images_are_held_against_nothing() {
    let mut row = finished(&[1, 12, 24, 36], 0, [80, 5, 5, 10]);
    if let RowEnd::Finished(result) = &mut row.end {
        result.settings.dataset = atrous_data::DatasetKind::CONTROL;
    }
    let table = Table::new(&Rows(vec![row]), MARGIN);
    let text = table.markdown();
    assert!(text.contains("| mIoU   | 69.44 | -         | -          |"), "{text}");
    assert!(!text.contains("Published: "), "{text}");
    let csv = table.csv().unwrap();
    assert!(csv.lines().nth(1).unwrap().ends_with(",mIoU,,,,"), "{csv}");
}

#[test]
fn nothing_finished() {
    assert!(Table::new(&Rows::default(), MARGIN).markdown().contains("No run has finished yet"));
}
