use super::*;
use crate::conclusions::statistics::{MeanDifference, holm};
use crate::experiment::settings::{MODEL_VERSION, RunSettings, run_id, tests::example as settings};
use crate::results::result::Cause;
use crate::results::rows::{Row, RowEnd, Rows, testing};
use crate::results::scores::Metric;

/// A finished run of an experiment; of 2000 pixels, half of each class, `wrong` of each are
/// predicted as the other.
fn run(experiment: &str, seed: u64, wrong: u64) -> Row {
    let settings = RunSettings { experiment: experiment.into(), seed, ..settings() };
    testing::finished(settings, [1000 - wrong, wrong, wrong, 1000 - wrong])
}

fn failed(experiment: &str, seed: u64) -> Row {
    testing::failed(RunSettings { experiment: experiment.into(), seed, ..settings() })
}

fn change(mut row: Row, change: impl Fn(&mut RunSettings, &mut String)) -> Row {
    if let RowEnd::Finished(result) = &mut row.end {
        change(&mut result.settings, &mut result.data_fingerprint);
        result.run_id = run_id(&result.settings, &result.data_fingerprint);
    }
    row
}

/// Twelve runs with these errors and a spread.
fn recorded(experiment: &str, wrong: u64) -> Vec<Row> {
    (0..12).map(|seed| run(experiment, seed, wrong + seed % 4)).collect()
}

fn reference(experiments: &[&str]) -> ReferenceRuns {
    let mut reference = ReferenceRuns::new(MODEL_VERSION);
    let rows = Rows(experiments.iter().flat_map(|experiment| recorded(experiment, 100)).collect());
    reference.extend(&rows, &FirstLosses::default()).unwrap();
    reference
}

fn options() -> CheckOptions {
    CheckOptions { metric: Metric::Miou, alpha: 0.05, margin: 0.0, must_detect: None, exact: false, only: vec![] }
}

/// Three runs each of experiments, with so many errors more than the reference has.
fn new_runs(experiments: &[(&str, u64)]) -> Rows {
    let of = |(experiment, more)| (50..53).map(move |seed| run(experiment, seed, 100 + more + seed % 4));
    Rows(experiments.iter().copied().flat_map(of).collect())
}

fn check(reference: &ReferenceRuns, rows: &Rows) -> Check {
    Check::new(reference, rows, &FirstLosses::default(), options())
}

fn statuses(check: &Check) -> Vec<Status> {
    check.cells.iter().map(|cell| cell.status).collect()
}

fn iou(wrong: u64) -> f64 {
    (1000.0 - wrong as f64) / (1000.0 + wrong as f64)
}

#[test]
fn a_drop_is_found_in_its_cell_and_no_other() {
    let reference = reference(&["a", "b", "c"]);
    let same = check(&reference, &new_runs(&[("a", 0), ("b", 0), ("c", 0)]));
    assert_eq!((same.status, same.runs()), (Status::InLine, 9));
    let worse = check(&reference, &new_runs(&[("a", 0), ("b", 8), ("c", 0)]));
    assert_eq!(statuses(&worse), [Status::InLine, Status::Worse, Status::InLine]);
    assert_eq!(worse.status, Status::Worse);
    let reason = worse.cells[1].reason.as_ref().unwrap();
    assert!(reason.starts_with("mIoU is down by 1.") && reason.contains("corrected"), "{reason}");
    let missing = check(&reference, &new_runs(&[("a", 0), ("b", 0)]));
    assert_eq!(missing.cells[2].status, Status::NotJudged);
}

#[test]
fn numbers_are_those_of_the_definition() {
    let reference = reference(&["a", "b"]);
    let check = check(&reference, &new_runs(&[("a", 2), ("b", 1)]));
    let before: Vec<f64> = (0..12).map(|seed| iou(100 + seed % 4)).collect();
    let after = |more: u64| (50..53u64).map(|seed| iou(100 + more + seed % 4)).collect::<Vec<_>>();
    let differences = [2, 1].map(|more| MeanDifference::pooled(&before, &after(more)).unwrap());
    let average = MeanDifference::weighted(&differences.map(|difference| (1.0, difference))).unwrap();
    let all = [differences[0], differences[1], average];
    let two_sided = |difference: &MeanDifference| 2.0 * difference.p_worse(0.0);
    let corrected = holm(&all.each_ref().map(two_sided));
    let overall = check.overall.as_ref().unwrap();
    let tested = [check.cells[0].tested.unwrap(), check.cells[1].tested.unwrap(), overall.tested];
    for ((tested, difference), p) in tested.iter().zip(all).zip(corrected) {
        assert!((tested.difference - difference.difference).abs() < 1e-12);
        assert!((tested.p - two_sided(&difference)).abs() < 1e-12 && (tested.p_corrected - p).abs() < 1e-12);
        assert!(tested.low < tested.difference && tested.difference < tested.high);
        // Found with a chance of 80 % at a sixth of alpha: three comparisons, two sides.
        let freedom = difference.freedom;
        let alone = crate::conclusions::statistics::detectable_drop(&difference, 0.0, 0.05 / 6.0);
        assert!((tested.detectable_drop - alone).abs() < 1e-12, "{freedom}");
    }
    assert_eq!(check.cells[0].reference.seeds, (0..12).collect::<Vec<_>>());
    assert!((check.cells[0].new.mean.unwrap() - after(2).iter().sum::<f64>() / 3.0).abs() < 1e-12);
}

#[test]
fn a_small_drop_everywhere_is_found_in_the_mean() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let reference = reference(&names);
    let check = check(&reference, &new_runs(&names.map(|name| (name, 2))));
    assert!(check.cells.iter().all(|cell| cell.status == Status::InLine), "{:?}", statuses(&check));
    assert_eq!((check.overall.as_ref().unwrap().status, check.status), (Status::Worse, Status::Worse));
}

#[test]
fn a_margin_allows_a_drop_and_power_may_be_asked_for() {
    let reference = reference(&["a"]);
    let rows = new_runs(&[("a", 8)]);
    assert_eq!(check(&reference, &rows).status, Status::Worse);
    let allowed = Check::new(&reference, &rows, &FirstLosses::default(), CheckOptions { margin: 0.02, ..options() });
    assert_eq!(allowed.status, Status::InLine);
    let drop = allowed.cells[0].tested.unwrap().detectable_drop;
    assert!(drop > 0.02);
    let asked = |must_detect: f64| {
        let options = CheckOptions { margin: 0.02, must_detect: Some(must_detect), ..options() };
        Check::new(&reference, &rows, &FirstLosses::default(), options)
    };
    assert_eq!(asked(drop * 1.01).status, Status::InLine);
    let blind = asked(drop * 0.99);
    assert_eq!(blind.status, Status::NotJudged);
    assert!(blind.cells[0].reason.as_ref().unwrap().contains("needs more seeds"));
}

#[test]
fn a_run_that_ended_with_an_error_is_worse() {
    let reference = reference(&["a"]);
    let mut rows = new_runs(&[("a", 0)]);
    rows.0[1] = failed("a", 51);
    let check = check(&reference, &rows);
    assert_eq!(check.status, Status::Worse);
    let reason = check.cells[0].reason.as_ref().unwrap();
    assert_eq!(reason, "1 of 3 runs ended with an error, seed 51: the loss is NaN");
    assert!(check.cells[0].tested.is_some());
}

#[test]
fn a_lost_device_is_no_fault_of_the_change() {
    let reference = reference(&["a"]);
    let mut rows = new_runs(&[("a", 0)]);
    let lose = |row: &mut Row| match &mut row.end {
        RowEnd::Failed(failure) => failure.cause = Cause::Device,
        RowEnd::Finished(_) => unreachable!(),
    };
    rows.0[1] = failed("a", 51);
    lose(&mut rows.0[1]);
    let lost = check(&reference, &rows);
    assert_eq!(lost.status, Status::NotJudged);
    let reason = lost.cells[0].reason.as_ref().unwrap();
    assert!(reason.starts_with("1 of 3 runs lost the device, seed 51: atrous sweep --retry-failed"), "{reason}");
    // One that failed by itself is worse all the same.
    rows.0[2] = failed("a", 52);
    assert_eq!(check(&reference, &rows).status, Status::Worse);
}

#[test]
fn what_cannot_be_compared_is_not_judged() {
    let reference = reference(&["a"]);
    let reason = |rows: Rows| {
        let check = check(&reference, &rows);
        assert_eq!(check.status, Status::NotJudged);
        check.cells.iter().find_map(|cell| cell.reason.clone()).unwrap()
    };
    let changed = |how: fn(&mut RunSettings, &mut String)| {
        Rows(new_runs(&[("a", 0)]).0.into_iter().map(|row| change(row, how)).collect())
    };
    assert_eq!(
        reason(changed(|settings, _| settings.train.lr = 0.001)),
        "other settings: train.lr is 0.001 and was 0.01"
    );
    assert!(reason(changed(|_, data| *data = "another".into())).starts_with("other data: fingerprint another"));
    assert!(reason(new_runs(&[("a", 0), ("z", 0)])).contains("not in the reference"));
    assert!(reason(Rows(vec![])).contains("no run of it has ended"));
    let mixed = Rows([11, 12].map(|seed| run("a", seed, 100)).into());
    assert!(reason(mixed).starts_with("seed 11 is recorded and seed 12 is not"));
    let seven = Rows((50..57).map(|seed| run("a", seed, 100)).collect());
    assert!(reason(seven).contains("has 12 of the 14 runs"), "a reference has twice as many");
    let six = Rows((50..56).map(|seed| run("a", seed, 100 + seed % 4)).collect());
    assert_eq!(check(&reference, &six).status, Status::InLine);
}

#[test]
fn only_the_experiments_that_were_named() {
    let reference = reference(&["a", "b"]);
    let rows = new_runs(&[("a", 0), ("z", 0)]);
    assert_eq!(check(&reference, &rows).status, Status::NotJudged);
    let only =
        Check::new(&reference, &rows, &FirstLosses::default(), CheckOptions { only: vec!["a".into()], ..options() });
    assert_eq!((only.status, only.cells.len(), only.overall.is_none()), (Status::InLine, 1, true));
}

#[test]
fn equal_bits_where_they_can_be_asked_for() {
    let reference = reference(&["a"]);
    let exact =
        |rows: &Rows| Check::new(&reference, rows, &FirstLosses::default(), CheckOptions { exact: true, ..options() });
    let mut rows = Rows(recorded("a", 100).into_iter().take(3).collect());
    let same = exact(&rows);
    assert_eq!((same.status, same.cells[0].exact.equal), (Status::InLine, 3));
    // A pixel, in a run that is no worse.
    rows.0[1] = run("a", 1, 100);
    let changed = exact(&rows);
    assert_eq!((changed.status, changed.cells[0].exact.equal), (Status::Changed, 2));
    assert!(changed.cells[0].reason.as_ref().unwrap().contains("1 of 3 runs are not"));
    assert_eq!(check(&reference, &rows).status, Status::InLine);
    // The last bit of the loss.
    let RowEnd::Finished(result) = &mut rows.0[0].end else { panic!() };
    result.final_loss = f64::from_bits(result.final_loss.to_bits() + 1);
    assert_eq!(exact(&rows).cells[0].exact.changed_seeds, [0, 1]);
    // Other vectors add up in another order, and GPUs promise nothing.
    for (device, api) in [("flex", "AVX-512"), ("wgpu:0", "AVX2"), ("flex", "")] {
        for row in &mut rows.0 {
            let RowEnd::Finished(result) = &mut row.end else { panic!() };
            (result.device, result.api) = (device.into(), api.into());
        }
        assert_eq!((exact(&rows).status, exact(&rows).cells[0].exact.comparable), (Status::InLine, 0));
    }
}

#[test]
fn a_reference_is_extended_and_never_overwritten() {
    let mut reference = reference(&["a"]);
    let again = reference
        .extend(&Rows(vec![run("a", 0, 100), run("a", 40, 99), run("b", 0, 99)]), &FirstLosses::default())
        .unwrap();
    assert_eq!((again.added, again.known), (2, 1));
    assert_eq!((reference.cells.len(), reference.cells[0].runs.len()), (2, 13));
    let before = serde_json::to_string(&reference).unwrap();
    let mut refused = |row: Row| {
        // A run before it is not kept either.
        let error = reference.extend(&Rows(vec![run("a", 77, 99), row]), &FirstLosses::default()).unwrap_err();
        assert_eq!(serde_json::to_string(&reference).unwrap(), before);
        format!("{error:#}")
    };
    let error = refused(run("a", 1, 999));
    assert!(error.contains("stare 1-12-24-36") || error.contains("a 1-12-24-36 seed 1"), "{error}");
    assert!(error.contains("recorded with another result") && error.contains("nothing is overwritten"), "{error}");
    assert!(refused(failed("a", 50)).contains("finished runs"));
    let error = refused(Row { model_version: 2, ..run("a", 50, 99) });
    assert!(error.contains(&format!("is of model version 2, the reference of {MODEL_VERSION}")), "{error}");
    assert!(refused(change(run("a", 50, 99), |s, _| s.train.batch = 2)).contains("train.batch is 2 and was 4"));
    assert!(refused(change(run("a", 50, 99), |_, data| *data = "x".into())).contains("other data"));
}

#[test]
fn a_file_is_read_as_it_was_written_and_a_damaged_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reference.json");
    let reference = reference(&["a", "b"]);
    reference.write(&path).unwrap();
    let back = ReferenceRuns::read(&path).unwrap();
    assert_eq!(serde_json::to_string(&back).unwrap(), serde_json::to_string(&reference).unwrap());
    let text = std::fs::read_to_string(&path).unwrap();
    for (old, new) in [("\"format\": 1", "\"format\": 7"), ("\"cells\"", "\"sells\""), ("\"miou\"", "\"moiu\"")] {
        std::fs::write(&path, text.replacen(old, new, 1)).unwrap();
        let error = format!("{:#}", ReferenceRuns::read(&path).unwrap_err());
        assert!(error.contains("reference.json"), "{error}");
    }
}

#[test]
fn the_text_says_what_was_compared() {
    let check = check(&reference(&["a", "b"]), &new_runs(&[("a", 0), ("b", 8)]));
    let text = check.markdown("reference.json", "runs/x");
    for part in [
        "# Check: worse",
        "6 runs of runs/x against 24 recorded ones of reference.json",
        "corrected for 3 comparisons",
        "| all cells",
        "- b 1-12-24-36: **worse**: mIoU is down by",
        "in line",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let other = ReferenceRuns { model_version: 2, ..reference(&["a", "b"]) };
    let text = super::tests::check(&other, &new_runs(&[("a", 0), ("b", 0)])).markdown("r", "x");
    assert!(text.contains(&format!("model version 2 and the runs of {MODEL_VERSION}")), "{text}");
}

#[test]
fn junit_is_xml_with_a_case_per_cell() {
    let mut rows = new_runs(&[("a<&\"", 0), ("b", 8), ("c", 0)]);
    rows.0.retain(|row| row.settings().experiment != "c");
    let check = check(&reference(&["a<&\"", "b", "c"]), &rows);
    let text = String::from_utf8(check.junit().unwrap()).unwrap();
    let mut reader = quick_xml::Reader::from_str(&text);
    let (mut cases, mut failures, mut errors, mut depth) = (Vec::new(), 0, 0, 0);
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Start(tag) => {
                depth += 1;
                match tag.name().as_ref() {
                    "testcase" => {
                        let value = tag.try_get_attribute("classname").unwrap().unwrap();
                        cases.push(quick_xml::escape::unescape(&value.value).unwrap().into_owned());
                    }
                    "failure" => failures += 1,
                    "error" => errors += 1,
                    _ => {}
                }
            }
            quick_xml::events::Event::End(_) => depth -= 1,
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0);
    assert_eq!(cases, ["a<&\"", "b", "c", "all cells"]);
    // The mean of a and b is down as well.
    assert_eq!((failures, errors), (2, 1), "{text}");
    assert!(text.contains("tests=\"4\" failures=\"2\" errors=\"1\""), "{text}");
}

/// Losses are computed in single precision: a recorded one that no such number equals was changed
/// on its way into the file, and the bits of its run can never be met again.
#[test]
fn committed_losses_are_those_that_a_run_can_have() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../results/reference/gate.json");
    let reference = ReferenceRuns::read(path.as_ref()).unwrap();
    let runs = reference.cells.iter().flat_map(|cell| &cell.runs);
    let other: Vec<f64> = runs.map(|run| run.final_loss).filter(|loss| f64::from(*loss as f32) != *loss).collect();
    assert!(other.is_empty(), "{other:?}");
}

/// New runs of the recorded seeds 0 to 2, with so many errors more than were recorded.
fn paired(experiments: &[(&str, i64)]) -> Rows {
    let more = |seed: u64, more: i64| (100 + seed as i64 % 4 + more) as u64;
    let of = |(experiment, add)| (0..3).map(move |seed| run(experiment, seed, more(seed, add)));
    Rows(experiments.iter().copied().flat_map(of).collect())
}

#[test]
fn recorded_seeds_are_paired_and_unchanged_runs_do_not_differ() {
    let names = ["a", "b", "c", "d"];
    let reference = reference(&names);
    let same = check(&reference, &paired(&names.map(|name| (name, 0))));
    let overall = same.overall.as_ref().unwrap().tested;
    assert_eq!((same.status, overall.difference, overall.p), (Status::InLine, 0.0, 1.0));
    let mut rows = paired(&names.map(|name| (name, 1)));
    rows.0[0] = run("a", 0, 100);
    let lower = check(&reference, &rows);
    assert_eq!((lower.status, lower.overall.as_ref().unwrap().status), (Status::Worse, Status::Worse));
}

#[test]
fn scores_that_rise_are_a_change() {
    let reference = reference(&["a", "b"]);
    let higher = check(&reference, &paired(&[("a", -9), ("b", -8)]));
    assert_eq!((higher.status, statuses(&higher)), (Status::Changed, vec![Status::Changed; 2]));
    assert!(higher.cells[0].reason.as_ref().unwrap().starts_with("mIoU is up by 1."), "{:?}", higher.cells[0].reason);
}

#[test]
fn cells_are_weighted_by_the_variance_of_their_recorded_scores() {
    let mut reference = reference(&["a"]);
    let noisy = Rows((0..12).map(|seed| run("b", seed, 100 + 30 * (seed % 4))).collect());
    reference.extend(&noisy, &FirstLosses::default()).unwrap();
    let found = check(&reference, &new_runs(&[("a", 0), ("b", 60)]));
    let [a, b] = [0, 1].map(|cell| found.cells[cell].tested.unwrap().difference);
    let spread = |cell: usize| found.cells[cell].reference.deviation.unwrap().powi(-2);
    let weighted = (spread(0) * a + spread(1) * b) / (spread(0) + spread(1));
    let overall = found.overall.as_ref().unwrap().tested.difference;
    assert!((overall - weighted).abs() < 1e-12 && overall.abs() < 0.1 * (a + b).abs() / 2.0, "{overall} {weighted}");
}

/// Unchanged programs whose runs of the same seed differ by chaos: as many alarms as promised, also
/// where the cells' spreads are unlike and unknown.
#[test]
fn paired_checks_cry_as_often_as_alpha_says() {
    let mut draws = crate::support::split_mix::SplitMix::new(5);
    let mut normal = || (0..12).map(|_| draws.draw_below(1001) as f64 / 1000.0).sum::<f64>() - 6.0;
    let spreads = [0.015, 0.012, 0.016, 0.015, 0.03, 0.031];
    let of = |(seed, miou): (usize, f64)| RecordedRun { seed: seed as u64, miou, ..recorded_run() };
    let (mut alarms, mut all_alarms) = (0, 0);
    for _ in 0..2000 {
        let cells = spreads.map(|spread| {
            let seeds: Vec<f64> = (0..10).map(|_| 0.8 * spread * normal()).collect();
            let mut runs = |count: usize| -> Vec<RecordedRun> {
                seeds[..count].iter().map(|seed| 0.7 + seed + 0.6 * spread * normal()).enumerate().map(of).collect()
            };
            let (recorded, new) = (runs(10), runs(3));
            compared_scores::ComparedScores::new(&recorded, &new, Metric::Miou).unwrap()
        });
        let cells: Vec<_> = cells.iter().collect();
        let all = compared_scores::over_all(&cells).unwrap();
        let p: Vec<f64> =
            compared_scores::by_cell(&cells).iter().chain([&all]).map(|cell| tested::p_changed(cell, 0.0)).collect();
        alarms += usize::from(holm(&p).iter().any(|p| *p < 0.05));
        all_alarms += usize::from(p[6] < 0.05);
    }
    // Of 2000 at 5 %: 100, standard deviation 10. The cells' part is on the safe side.
    assert!((20..=120).contains(&alarms) && (60..=125).contains(&all_alarms), "{alarms} {all_alarms}");
}

fn recorded_run() -> RecordedRun {
    RecordedRun::of(run("a", 0, 100).result().unwrap(), &[])
}

/// The first losses of these runs: 1, 0.9, 0.8 ..., times a factor from a step on.
fn losses(rows: &Rows, factor: f64, from: usize) -> FirstLosses {
    let mut losses = FirstLosses::default();
    for row in &rows.0 {
        let of = |step: usize| (1.0 - 0.02 * step as f64) * if step < from { 1.0 } else { factor };
        losses.insert(row.run_id(), (0..100).map(of));
    }
    losses
}

#[test]
fn other_first_losses_are_a_change_and_rounding_is_none() {
    let mut reference = reference(&["a"]);
    let rows = paired(&[("a", 0)]);
    let checked =
        |reference: &ReferenceRuns, factor, from| Check::new(reference, &rows, &losses(&rows, factor, from), options());
    // Nothing was recorded.
    assert_eq!(checked(&reference, 2.0, 0).cells[0].first_losses, LossCheck::default());
    let added = reference.extend(&rows, &losses(&rows, 1.0, 0)).unwrap();
    assert_eq!((added.added, added.known, added.completed), (0, 3, 3));
    assert_eq!(reference.cells[0].runs[0].first_losses.len(), FIRST_STEPS);
    for (factor, from, status) in [
        (1.0, 0, Status::InLine),
        (1.0 + LOSS_TOLERANCES[0] / 2.0, 0, Status::InLine),
        (1.0 + LOSS_TOLERANCES[2] * 2.0, FIRST_STEPS - 1, Status::Changed),
        (f64::NAN, 1, Status::Changed),
        // Later ones are chaos's.
        (2.0, FIRST_STEPS, Status::InLine),
    ] {
        assert_eq!(checked(&reference, factor, from).status, status, "{factor} {from}");
    }
    let changed = checked(&reference, 1.1, 1);
    let reason = changed.cells[0].reason.as_ref().unwrap();
    assert_eq!(reason, "3 of 3 runs begin with other losses, seed 0 at step 2: 1.078000 and was 0.980000");
    // Runs of which nothing is known are not compared.
    let unknown = Check::new(&reference, &rows, &FirstLosses::default(), options());
    assert_eq!((unknown.status, unknown.cells[0].first_losses.comparable), (Status::InLine, 0));
}

#[test]
fn bits_are_recorded_per_set_of_vector_instructions() {
    let mut reference = reference(&["a"]);
    let exact = |reference: &ReferenceRuns, rows: &Rows| {
        Check::new(reference, rows, &FirstLosses::default(), CheckOptions { exact: true, ..options() })
    };
    let mut rows = paired(&[("a", 1)]);
    for row in &mut rows.0 {
        let RowEnd::Finished(result) = &mut row.end else { panic!() };
        result.api = "AVX-512".into();
    }
    let unknown = exact(&reference, &rows);
    assert_eq!(unknown.cells[0].exact.comparable, 0);
    let text = unknown.markdown("r", "x");
    assert!(text.contains("Bits of AVX-512 are not judged: the reference holds those of AVX2 alone"), "{text}");
    let runs = reference.cells[0].runs.len();
    let added = reference.extend(&rows, &FirstLosses::default()).unwrap();
    assert_eq!((added.added, reference.cells[0].runs.len(), reference.cells[0].other_vectors.len()), (3, runs, 3));
    assert_eq!(reference.extend(&rows, &FirstLosses::default()).unwrap().known, 3);
    let known = exact(&reference, &rows);
    assert_eq!((known.cells[0].exact.comparable, known.cells[0].exact.equal), (3, 3));
    assert!(!known.markdown("r", "x").contains("not judged: the reference"));
    let mut other = rows.clone();
    other.0[1] = run("a", 1, 90);
    let RowEnd::Finished(result) = &mut other.0[1].end else { panic!() };
    result.api = "AVX-512".into();
    assert_eq!(exact(&reference, &other).cells[0].exact.changed_seeds, [1]);
    assert!(reference.extend(&other, &FirstLosses::default()).is_err());
}
