//! Times of training steps beside those of PyTorch, as Markdown.

use super::report::{SpeedReport, TimedCase, What};
use crate::support::input_file;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The precisions that PyTorch is timed in, in the page's order.
const PRECISIONS: [&str; 3] = ["float32", "tf32", "bf16"];

/// Times of training steps, each case in a process of its own, beside those of PyTorch.
#[derive(Clone, Debug)]
pub struct StepPage {
    /// All cases, each as it was timed last.
    pub ours: SpeedReport,
    theirs: Option<TorchReport>,
    /// The seconds that processes took besides their steps, by experiment, in the order of the
    /// files.
    starts: BTreeMap<String, Vec<f64>>,
    /// The most memory of the card, in MiB, by experiment.
    card: BTreeMap<String, u64>,
}

/// What `scripts/gpu/torch_throughput.py --like` writes with `--json`.
#[derive(Clone, Debug, Deserialize)]
struct TorchReport {
    torch: String,
    /// CUDA's version; `None` on the CPU.
    cuda: Option<String>,
    results: Vec<TorchCase>,
}

#[derive(Clone, Debug, Deserialize)]
struct TorchCase {
    /// The cases of ours that it has the same layers, shapes and losses as: `unet-b4 1-12-24-36`.
    #[serde(default)]
    like: Vec<String>,
    precision: String,
    /// Milliseconds of a step; `None` where it failed.
    median_ms: Option<f64>,
    peak_memory_bytes: Option<u64>,
}

impl StepPage {
    /// Reads what `atrous bench step --json` has written, a file per process, of which a later one
    /// replaces the cases of an earlier one; and, where they are given, PyTorch's times and the
    /// card's memory: lines of an experiment, a tab, and MiB.
    ///
    /// # Errors
    /// Names the file that is not what it has to be.
    pub fn read(files: &[PathBuf], torch: Option<&Path>, card: Option<&Path>) -> Result<Self> {
        let reports: Vec<SpeedReport> = files.iter().map(|file| json(file)).collect::<Result<_>>()?;
        for (file, report) in files.iter().zip(&reports) {
            ensure!(
                report.what == What::Step,
                "{}: holds times of each {}, no training steps",
                file.display(),
                report.what
            );
        }
        let mut starts: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for report in &reports {
            let steps =
                |case: &TimedCase| case.median().unwrap_or(0.0) * (case.warmup as f64 + case.seconds.len() as f64);
            let start = (report.process_seconds - report.cases.iter().map(steps).sum::<f64>()).max(0.0);
            for chunk in report.cases.chunk_by(|a, b| a.experiment == b.experiment) {
                starts.entry(chunk[0].experiment.clone()).or_default().push(start);
            }
        }
        let theirs = torch.map(json::<TorchReport>).transpose()?;
        let card = card.map(card_memory).transpose()?.unwrap_or_default();
        Ok(StepPage { ours: merged(reports)?, theirs, starts, card })
    }

    /// What PyTorch took for a case, in one precision.
    fn theirs(&self, case: &TimedCase, precision: &str) -> Option<&TorchCase> {
        let name = case.name();
        let mut rows = self.theirs.iter().flat_map(|theirs| &theirs.results);
        rows.find(|row| row.precision == precision && row.like.contains(&name))
    }

    fn speeds(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| case | input | steps of atrous | PyTorch's precision | atrous, ms | PyTorch, ms")?;
        writeln!(f, " | atrous, images/s | PyTorch, images/s | atrous / PyTorch, time |\n{}", rule(9))?;
        for case in &self.ours.cases {
            let found = PRECISIONS.iter().filter_map(|precision| self.theirs(case, precision)).map(Some);
            let mut rows: Vec<Option<&TorchCase>> = found.collect();
            if rows.is_empty() {
                rows.push(None);
            }
            rows.into_iter().try_for_each(|row| writeln!(f, "{}", speed(case, row)))?;
        }
        Ok(())
    }

    fn memories(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| case | atrous, card, MiB | atrous, process, MiB | PyTorch float32, MiB | tf32 | bf16")?;
        writeln!(f, " | start, s | later, s |\n{}", rule(8))?;
        for case in &self.ours.cases {
            let added = case.peak_bytes.zip(case.resting_bytes).map(|(peak, resting)| peak.saturating_sub(resting));
            let theirs = PRECISIONS.map(|precision| self.theirs(case, precision).and_then(|row| row.peak_memory_bytes));
            let [float32, tf32, bf16] = theirs.map(mebibytes);
            let starts = self.starts.get(&case.experiment).map_or(&[][..], Vec::as_slice);
            let (first, later) = (starts.first(), starts.get(1..).and_then(<[f64]>::last));
            let [first, later] = [first, later].map(|start| start.map(|seconds| format!("{seconds:.0}")));
            let card = self.card.get(&case.experiment).map(u64::to_string);
            let cells = [Some(case.experiment.clone()), card, mebibytes(added), float32, tf32, bf16, first, later];
            writeln!(f, "{}", line(cells))?;
        }
        Ok(())
    }
}

/// The page's part on training steps, without a title.
impl fmt::Display for StepPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SpeedReport { program, commit, device, adapter, .. } = &self.ours;
        write!(f, "## Training steps\n\n{program} ({commit}) on {device}, {adapter}.")?;
        if let Some(TorchReport { torch, cuda, .. }) = &self.theirs {
            let cuda = cuda.as_ref().map_or_else(|| "on the CPU".into(), |version| format!("CUDA {version}"));
            write!(f, " PyTorch {torch}, {cuda}.")?;
        }
        f.write_str(
            "\n\n\
             Median of the timed steps; images and labels lie on the device. atrous computes in float32; what is called\n\
             mixed multiplies float16 in its convolutions and adds float32.\n\n",
        )?;
        self.speeds(f)?;
        f.write_str(
            "\n## Memory and start\n\n\
             atrous, card: its used memory at the peak, less what was used before (nvidia-smi). atrous, process: what came\n\
             on top of its memory at rest. PyTorch: the peak of its allocator; the CUDA context is not in it. Start: seconds\n\
             of a process besides its steps, where kernels are compiled; a later process has them from the caches.\n\n",
        )?;
        self.memories(f)
    }
}

/// A row of the table of times.
fn speed(case: &TimedCase, theirs: Option<&TorchCase>) -> String {
    let batch = case.settings.train.batch;
    let [height, width] = case.settings.crop;
    let ours = case.median().map(|seconds| 1e3 * seconds);
    let rate = |time: Option<f64>| time.map(|time| format!("{:.1}", 1e3 * batch as f64 / time));
    let time = |time: Option<f64>| time.map(|time| format!("{time:.1}"));
    let their_time = theirs.and_then(|row| row.median_ms);
    let failed = theirs.filter(|row| row.median_ms.is_none()).map(|_| "failed".to_owned());
    line([
        Some(case.experiment.clone()),
        Some(format!("{batch} x {height}x{width}")),
        Some(case.seconds.len().to_string()),
        theirs.map(|row| row.precision.clone()),
        time(ours),
        failed.or(time(their_time)),
        rate(ours),
        rate(their_time),
        ours.zip(their_time).map(|(ours, theirs)| format!("{:.2}", ours / theirs)),
    ])
}

/// A row of a table; `-` for what is not known.
fn line<const N: usize>(cells: [Option<String>; N]) -> String {
    format!("| {} |", cells.map(|cell| cell.unwrap_or_else(|| "-".into())).join(" | "))
}

fn rule(columns: usize) -> String {
    format!("|{}", "---|".repeat(columns))
}

fn mebibytes(bytes: Option<u64>) -> Option<String> {
    bytes.map(|bytes| format!("{:.0}", bytes as f64 / 1048576.0))
}

/// The first report with the cases of all, in their order, each as it was timed last.
fn merged(reports: Vec<SpeedReport>) -> Result<SpeedReport> {
    let mut reports = reports.into_iter();
    let mut merged = reports.next().context("there are no files of times")?;
    for case in reports.flat_map(|report| report.cases) {
        match merged.cases.iter_mut().find(|earlier| earlier.name() == case.name()) {
            Some(earlier) => *earlier = case,
            None => merged.cases.push(case),
        }
    }
    Ok(merged)
}

fn json<T: DeserializeOwned>(file: &Path) -> Result<T> {
    let name = || file.display().to_string();
    serde_json::from_slice(&input_file::read(file, input_file::RESULT_BYTES).with_context(name)?).with_context(name)
}

fn card_memory(file: &Path) -> Result<BTreeMap<String, u64>> {
    let name = || file.display().to_string();
    let mut most: BTreeMap<String, u64> = BTreeMap::new();
    for line in input_file::read_text(file, input_file::RESULT_BYTES).with_context(name)?.lines() {
        let (experiment, mebibytes) = line.split_once('\t').with_context(name)?;
        let mebibytes: u64 = mebibytes.parse().with_context(name)?;
        most.entry(experiment.to_owned()).and_modify(|most| *most = mebibytes.max(*most)).or_insert(mebibytes);
    }
    Ok(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::speed::tests::settings;
    use std::fs;
    use std::path::Path;

    /// A process that timed one case of these seconds, `start` of which were no steps.
    fn report(experiment: &str, warmup: u64, seconds: &[f64], start: f64) -> SpeedReport {
        let mut settings = settings();
        settings.experiment = experiment.into();
        let case = TimedCase {
            warmup,
            seconds: seconds.into(),
            resting_bytes: Some(100 << 20),
            peak_bytes: Some(164 << 20),
            ..TimedCase::planned(What::Step, &settings)
        };
        SpeedReport {
            program: "atrous 0.1.0".into(),
            commit: "abc".into(),
            device: "vulkan".into(),
            adapter: "a card".into(),
            threads: 2,
            what: What::Step,
            convolutions: String::new(),
            process_seconds: start + case.median().unwrap_or(0.0) * (warmup + seconds.len() as u64) as f64,
            cases: vec![case],
        }
    }

    /// Written as [`SpeedReport::write`] does, and as `torch_throughput.py --like` does.
    fn place() -> (tempfile::TempDir, Vec<PathBuf>) {
        let place = tempfile::tempdir().unwrap();
        let reports = [
            report("unet", 1, &[0.5, 0.3], 40.0),
            report("unet", 10, &[0.25, 0.2, 0.3], 3.0),
            report("other", 3, &[], 0.0),
        ];
        let files: Vec<PathBuf> = (0..3).map(|number| place.path().join(format!("{number}.json"))).collect();
        reports.iter().zip(&files).for_each(|(report, file)| report.write(file).unwrap());
        let rates = settings().rates_name();
        let torch = format!(
            r#"{{"torch": "2.11", "cuda": "13.0", "device": "cuda", "base_channels": 64, "results": [
                {{"network": "unet", "precision": "tf32", "like": ["unet {rates}"], "error": "out of memory"}},
                {{"network": "unet", "precision": "float32", "like": ["unet {rates}"], "median_ms": 100.0,
                  "peak_memory_bytes": 1073741824, "step_ms": [100.0]}},
                {{"network": "unet", "precision": "bf16", "like": ["unet 1-2"], "median_ms": 1.0}}]}}"#
        );
        fs::write(place.path().join("torch.json"), torch).unwrap();
        fs::write(place.path().join("card.tsv"), "unet\t900\nunet\t1200\nunet\t1100\n").unwrap();
        (place, files)
    }

    #[test]
    fn the_page_holds_both_programs_side_by_side() {
        let (place, files) = place();
        let [torch, card] = ["torch.json", "card.tsv"].map(|name| place.path().join(name));
        let page = StepPage::read(&files, Some(&torch), Some(&card)).unwrap();
        let text = page.to_string();
        assert!(text.contains("atrous 0.1.0 (abc) on vulkan, a card. PyTorch 2.11, CUDA 13.0.\n"), "{text}");
        let tables: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(
            tables,
            [
                "| case | input | steps of atrous | PyTorch's precision | atrous, ms | PyTorch, ms \
                 | atrous, images/s | PyTorch, images/s | atrous / PyTorch, time |",
                "|---|---|---|---|---|---|---|---|---|",
                "| unet | 2 x 32x32 | 3 | float32 | 250.0 | 100.0 | 8.0 | 20.0 | 2.50 |",
                "| unet | 2 x 32x32 | 3 | tf32 | 250.0 | failed | 8.0 | - | - |",
                "| other | 2 x 32x32 | 0 | - | - | - | - | - | - |",
                "| case | atrous, card, MiB | atrous, process, MiB | PyTorch float32, MiB | tf32 | bf16 | start, s | later, s |",
                "|---|---|---|---|---|---|---|---|",
                "| unet | 1200 | 64 | 1024 | - | - | 40 | 3 |",
                "| other | - | 64 | - | - | - | 0 | - |",
            ]
        );
        assert_eq!(page.ours.cases.iter().map(TimedCase::name).collect::<Vec<_>>().len(), 2);
    }

    #[test]
    fn files_that_are_no_times_of_steps_are_named() {
        let (place, files) = place();
        let error =
            |files: &[PathBuf], torch: Option<&Path>| format!("{:#}", StepPage::read(files, torch, None).unwrap_err());
        assert!(error(&[place.path().join("torch.json")], None).contains("torch.json: missing field"));
        assert!(error(&files, Some(&files[0])).contains("0.json: missing field"));
        let images = SpeedReport { what: What::Inference, ..report("unet", 1, &[0.5], 0.0) };
        images.write(&files[2]).unwrap();
        assert!(error(&files, None).contains("2.json: holds times of each image, no training steps"));
    }
}
