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
    reference.extend(&rows).unwrap();
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
    Check::new(reference, rows, options())
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
    // Better is not worse.
    let better = check(&reference, &new_runs(&[("a", 0), ("b", 0)]));
    assert_eq!(better.cells[2].status, Status::NotJudged);
    let mut lower = new_runs(&[("a", 0), ("b", 0), ("c", 0)]);
    lower.0[0] = run("a", 50, 20);
    assert_eq!(check(&reference, &lower).status, Status::InLine);
}

#[test]
fn numbers_are_those_of_the_definition() {
    let reference = reference(&["a", "b"]);
    let check = check(&reference, &new_runs(&[("a", 2), ("b", 1)]));
    let before: Vec<f64> = (0..12).map(|seed| iou(100 + seed % 4)).collect();
    let after = |more: u64| (50..53u64).map(|seed| iou(100 + more + seed % 4)).collect::<Vec<_>>();
    let differences = [2, 1].map(|more| MeanDifference::pooled(&before, &after(more)).unwrap());
    let average = MeanDifference::average(&differences).unwrap();
    let all = [differences[0], differences[1], average];
    let corrected = holm(&all.map(|difference| difference.p_worse(0.0)));
    let overall = check.overall.as_ref().unwrap();
    let tested = [check.cells[0].tested.unwrap(), check.cells[1].tested.unwrap(), overall.tested];
    for ((tested, difference), p) in tested.iter().zip(all).zip(corrected) {
        assert!((tested.difference - difference.difference).abs() < 1e-12);
        assert!((tested.p - difference.p_worse(0.0)).abs() < 1e-12 && (tested.p_corrected - p).abs() < 1e-12);
        assert!(tested.low < tested.difference && tested.difference < tested.high);
        // Found with a chance of 80 % at a third of alpha: three comparisons.
        let freedom = difference.freedom;
        let alone = crate::conclusions::statistics::detectable_drop(&difference, 0.0, 0.05 / 3.0);
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
    let allowed = Check::new(&reference, &rows, CheckOptions { margin: 0.02, ..options() });
    assert_eq!(allowed.status, Status::InLine);
    let drop = allowed.cells[0].tested.unwrap().detectable_drop;
    assert!(drop > 0.02);
    let asked = |must_detect: f64| {
        let options = CheckOptions { margin: 0.02, must_detect: Some(must_detect), ..options() };
        Check::new(&reference, &rows, options)
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
    let seven = Rows((50..57).map(|seed| run("a", seed, 100)).collect());
    assert!(reason(seven).contains("has 12 of the 14 runs"), "a reference has twice as many");
    let six = Rows((50..56).map(|seed| run("a", seed, 100)).collect());
    assert_eq!(check(&reference, &six).status, Status::InLine);
}

#[test]
fn only_the_experiments_that_were_named() {
    let reference = reference(&["a", "b"]);
    let rows = new_runs(&[("a", 0), ("z", 0)]);
    assert_eq!(check(&reference, &rows).status, Status::NotJudged);
    let only = Check::new(&reference, &rows, CheckOptions { only: vec!["a".into()], ..options() });
    assert_eq!((only.status, only.cells.len(), only.overall.is_none()), (Status::InLine, 1, true));
}

#[test]
fn equal_bits_where_they_can_be_asked_for() {
    let reference = reference(&["a"]);
    let exact = |rows: &Rows| Check::new(&reference, rows, CheckOptions { exact: true, ..options() });
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
    let again = reference.extend(&Rows(vec![run("a", 0, 100), run("a", 40, 99), run("b", 0, 99)])).unwrap();
    assert_eq!((again.added, again.known), (2, 1));
    assert_eq!((reference.cells.len(), reference.cells[0].runs.len()), (2, 13));
    let before = serde_json::to_string(&reference).unwrap();
    let mut refused = |row: Row| {
        // A run before it is not kept either.
        let error = reference.extend(&Rows(vec![run("a", 77, 99), row])).unwrap_err();
        assert_eq!(serde_json::to_string(&reference).unwrap(), before);
        format!("{error:#}")
    };
    let error = refused(run("a", 1, 999));
    assert!(error.contains("stare 1-12-24-36") || error.contains("a 1-12-24-36 seed 1"), "{error}");
    assert!(error.contains("recorded with another result") && error.contains("nothing is overwritten"), "{error}");
    assert!(refused(failed("a", 50)).contains("finished runs"));
    assert!(
        refused(Row { model_version: 2, ..run("a", 50, 99) }).contains("is of model version 2, the reference of 3")
    );
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
    assert!(text.contains("model version 2 and the runs of 3"), "{text}");
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
