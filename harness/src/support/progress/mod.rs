//! Progress with the time left: bars on a terminal, plain lines elsewhere, always on stderr; and a
//! log file of all of it, where somebody wants one.

mod bar;
mod lines;
mod log_file;

pub use bar::{Bar, Overview};
pub use lines::duration;

use crate::support::printable::printable;
use indicatif::MultiProgress;
use log_file::LogFile;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

/// The place that progress is written to. Clones write to the same place.
#[derive(Clone)]
pub struct Progress {
    output: Output,
    detail: Detail,
    log: Option<LogFile>,
    /// What the bars are of.
    subject: Option<Arc<str>>,
    /// Whether the bars are shown where details are alone.
    fine: bool,
    watch: Option<Watch>,
}

#[derive(Clone)]
enum Output {
    Terminal(MultiProgress),
    Lines,
    Hidden,
}

/// How much is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Failures alone.
    Quiet,
    #[default]
    Usual,
    /// Also the steps of every run.
    Verbose,
}

/// How far a run has moved, as its bars tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// The run went on after so many steps, which an earlier program did.
    Resumed(u64),
    /// So many steps are done.
    Steps(u64),
    /// So many more thousandths of an image are scored.
    Scored(u64),
}

/// What is told of every move of a run's bars.
pub type Watch = Arc<dyn Fn(Moved) + Send + Sync>;

impl Progress {
    /// Progress as bars when stderr is a terminal, as lines when it is not.
    pub fn new() -> Self {
        Self::with_detail(Detail::Usual)
    }

    /// Progress of which more or less is written.
    pub fn with_detail(detail: Detail) -> Self {
        let output = if io::stderr().is_terminal() { Output::Terminal(MultiProgress::new()) } else { Output::Lines };
        Self { detail, ..Self::to(output) }
    }

    /// Writes nothing.
    pub fn hidden() -> Self {
        Self::to(Output::Hidden)
    }

    fn to(output: Output) -> Self {
        Self { output, detail: Detail::Usual, log: None, subject: None, fine: false, watch: None }
    }

    /// Appends every line to a file as well, with its time, whatever is shown.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn with_log(self, path: &Path) -> io::Result<Self> {
        Ok(Self { log: Some(LogFile::open(path)?), ..self })
    }

    /// How much is written.
    pub fn detail(&self) -> Detail {
        self.detail
    }

    /// A handle on the same place whose bars say that they are of `subject`, one of several runs.
    pub fn of(&self, subject: &str) -> Self {
        Self { subject: Some(subject.into()), ..self.clone() }
    }

    /// A handle on the same place for a run whose moves are watched. Where the run is `fine`, its
    /// bars are shown with details alone.
    pub fn watched(&self, fine: bool, watch: Watch) -> Self {
        Self { fine, watch: Some(watch), ..self.clone() }
    }

    /// A bar over `length` steps.
    pub fn bar(&self, length: u64, title: impl Into<String>) -> Bar {
        Bar::new(self, length, 1, title.into())
    }

    /// A bar over `length` things, each of which is done in thousandths: those are its steps, and
    /// it shows the things.
    pub fn bar_of_thousandths(&self, length: u64, title: impl Into<String>) -> Bar {
        Bar::new(self, 1000 * length, 1000, title.into())
    }

    /// A bar over everything that is to be done, which is told what to say.
    pub fn overview(&self, title: impl Into<String>) -> Overview {
        Overview::new(self, title.into())
    }

    fn title(&self, title: String) -> String {
        match &self.subject {
            Some(subject) => format!("{title} of {subject}"),
            None => title,
        }
    }

    /// Whether bars of this handle are shown.
    fn shows_bars(&self) -> bool {
        self.detail >= if self.fine { Detail::Verbose } else { Detail::Usual }
    }

    /// A line of text above the bars.
    pub fn line(&self, text: impl AsRef<str>) {
        self.line_from(Detail::Usual, text.as_ref());
    }

    /// A line that is shown with details.
    pub fn detailed_line(&self, text: impl AsRef<str>) {
        self.line_from(Detail::Verbose, text.as_ref());
    }

    /// A line of something that failed, which is always shown.
    pub fn failure(&self, text: impl AsRef<str>) {
        self.line_from(Detail::Quiet, text.as_ref());
    }

    /// A line for the log alone.
    pub fn log_line(&self, text: impl AsRef<str>) {
        self.write_log(&printable(text.as_ref()));
    }

    fn line_from(&self, least: Detail, text: &str) {
        let text = printable(text);
        if self.detail >= least {
            self.show(&text);
        }
        self.write_log(&text);
    }

    fn show(&self, text: &str) {
        match &self.output {
            // A closed stderr is no reason to end a sweep.
            Output::Terminal(bars) => drop(bars.println(text)),
            Output::Lines => print_line(text),
            Output::Hidden => {}
        }
    }

    fn write_log(&self, text: &str) {
        if let Some(failed) = self.log.as_ref().and_then(|log| log.write(text)) {
            self.show(&printable(&failed));
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

fn print_line(text: &str) {
    // A closed stderr is no reason to end a sweep.
    let _ = writeln!(io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::sync::Mutex;

    #[test]
    fn bars_of_one_of_several_runs_name_it() {
        let progress = Progress::hidden();
        assert_eq!(progress.title("score 4 images".into()), "score 4 images");
        assert_eq!(
            progress.of("stare 1-2 seed 0").title("score 4 images".into()),
            "score 4 images of stare 1-2 seed 0"
        );
    }

    #[test]
    fn moves_of_a_run_are_told_once_each() {
        let moves = Arc::new(Mutex::new(Vec::new()));
        let seen = moves.clone();
        let progress = Progress::hidden().watched(true, Arc::new(move |moved| seen.lock().unwrap().push(moved)));
        let steps = progress.bar(10, "train");
        steps.resume_at(4);
        steps.set(5);
        let images = progress.of("run").bar_of_thousandths(2, "score");
        [0, 400, 1000].into_iter().for_each(|position| images.set(position));
        let expected = [Moved::Resumed(4), Moved::Steps(5), Moved::Scored(0), Moved::Scored(400), Moved::Scored(600)];
        assert_eq!(*moves.lock().unwrap(), expected);
    }

    #[test]
    fn a_log_holds_every_line_with_its_time_and_grows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sweep.log");
        for _ in 0..2 {
            let quiet = Progress { detail: Detail::Quiet, ..Progress::hidden() }.with_log(&path).unwrap();
            quiet.line("one");
            quiet.detailed_line("two\u{1b}");
            quiet.failure("three");
        }
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once(' ')).collect();
        assert_eq!(lines.iter().map(|(_, line)| *line).collect::<Vec<_>>(), ["one", "two\\u{1b}", "three"].repeat(2));
        assert!(lines.iter().all(|(time, _)| humantime::parse_rfc3339(time).is_ok()), "{text}");
    }

    #[test]
    fn fine_bars_are_details() {
        let shows = |detail, fine| Progress { detail, fine, ..Progress::hidden() }.shows_bars();
        let of = |fine| [Detail::Quiet, Detail::Usual, Detail::Verbose].map(|detail| shows(detail, fine));
        assert_eq!((of(false), of(true)), ([false, true, true], [false, false, true]));
    }
}
