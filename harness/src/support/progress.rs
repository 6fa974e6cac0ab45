//! Progress with the time left: bars on a terminal, plain lines elsewhere, always on stderr.

use crate::support::printable::printable;
use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Outside of a terminal, a bar that is done sooner than this writes nothing.
const SHORT: Duration = Duration::from_secs(1);
/// Outside of a terminal, a bar writes a line at most this often.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// The place that progress is written to. Clones write to the same place.
#[derive(Clone)]
pub struct Progress {
    output: Output,
    /// What the bars are of.
    subject: Option<Arc<str>>,
}

#[derive(Clone)]
enum Output {
    Terminal(MultiProgress),
    Lines,
    Hidden,
}

impl Progress {
    /// Progress as bars when stderr is a terminal, as lines when it is not.
    pub fn new() -> Self {
        if std::io::stderr().is_terminal() {
            Self::to(Output::Terminal(MultiProgress::new()))
        } else {
            Self::to(Output::Lines)
        }
    }

    /// Writes nothing.
    pub fn hidden() -> Self {
        Self::to(Output::Hidden)
    }

    fn to(output: Output) -> Self {
        Self { output, subject: None }
    }

    /// A handle on the same place whose bars say that they are of `subject`, one of several runs.
    pub fn of(&self, subject: &str) -> Self {
        Self { output: self.output.clone(), subject: Some(subject.into()) }
    }

    /// A bar over `length` steps.
    pub fn bar(&self, length: u64, title: impl Into<String>) -> Bar {
        self.bar_in_parts(length, 1, title.into())
    }

    /// A bar over `length` things, each of which is done in thousandths: those are its steps, and
    /// it shows the things.
    pub fn bar_of_thousandths(&self, length: u64, title: impl Into<String>) -> Bar {
        self.bar_in_parts(1000 * length, 1000, title.into())
    }

    fn bar_in_parts(&self, length: u64, parts: u64, title: String) -> Bar {
        let title = self.title(title);
        let output = match &self.output {
            Output::Terminal(bars) => {
                let bar = bars.add(ProgressBar::new(length).with_style(style(parts)));
                bar.set_prefix(title);
                bar.enable_steady_tick(Duration::from_millis(500));
                BarOutput::Terminal(bar)
            }
            Output::Lines => BarOutput::Lines(Box::new(Mutex::new(Lines::new(title, length, parts, Instant::now())))),
            Output::Hidden => BarOutput::Hidden,
        };
        Bar { output }
    }

    fn title(&self, title: String) -> String {
        match &self.subject {
            Some(subject) => format!("{title} of {subject}"),
            None => title,
        }
    }

    /// A line of text above the bars.
    pub fn line(&self, text: impl AsRef<str>) {
        let text = printable(text.as_ref());
        match &self.output {
            // A closed stderr is no reason to end a sweep.
            Output::Terminal(bars) => drop(bars.println(text)),
            Output::Lines => print_line(&text),
            Output::Hidden => {}
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

/// One task that takes a while. Dropped without [`Bar::finish`], it goes away without a word.
pub struct Bar {
    output: BarOutput,
}

enum BarOutput {
    Terminal(ProgressBar),
    Lines(Box<Mutex<Lines>>),
    Hidden,
}

impl Bar {
    /// Steps done, from the beginning.
    pub fn set(&self, position: u64) {
        match &self.output {
            BarOutput::Terminal(bar) => bar.set_position(position),
            BarOutput::Lines(lines) => {
                let mut lines = lines.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                if let Some(line) = lines.advance(position, Instant::now()) {
                    print_line(&line);
                }
            }
            BarOutput::Hidden => {}
        }
    }

    /// Steps that were done before this program started: they do not count for the time left.
    pub fn resume_at(&self, position: u64) {
        match &self.output {
            BarOutput::Terminal(bar) => {
                bar.set_position(position);
                bar.reset_eta();
            }
            BarOutput::Lines(lines) => {
                let mut lines = lines.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                (lines.start, lines.position) = (position, position);
            }
            BarOutput::Hidden => {}
        }
    }

    /// The number of steps, where it is not known at the beginning.
    pub fn set_length(&self, length: u64) {
        match &self.output {
            BarOutput::Terminal(bar) => bar.set_length(length),
            BarOutput::Lines(lines) => {
                lines.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).length = length;
            }
            BarOutput::Hidden => {}
        }
    }

    /// A few words behind the bar, such as the current loss.
    pub fn message(&self, text: &str) {
        match &self.output {
            BarOutput::Terminal(bar) => bar.set_message(text.to_owned()),
            BarOutput::Lines(lines) => {
                lines.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).message = text.into();
            }
            BarOutput::Hidden => {}
        }
    }

    /// Removes the bar, or writes the last line: how far it came and how long it took.
    pub fn finish(self) {
        match &self.output {
            BarOutput::Terminal(bar) => bar.finish_and_clear(),
            BarOutput::Lines(lines) => {
                let lines = lines.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                if let Some(line) = lines.last(Instant::now()) {
                    print_line(&line);
                }
            }
            BarOutput::Hidden => {}
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let BarOutput::Terminal(bar) = &self.output {
            bar.finish_and_clear();
        }
    }
}

/// What a bar knows where there is no terminal.
struct Lines {
    title: String,
    length: u64,
    /// Steps of each thing that is counted for people.
    parts: u64,
    position: u64,
    message: String,
    /// Position at which this program started.
    start: u64,
    began: Instant,
    last_line: Option<Instant>,
}

impl Lines {
    fn new(title: String, length: u64, parts: u64, now: Instant) -> Self {
        Lines { title, length, parts, position: 0, message: String::new(), start: 0, began: now, last_line: None }
    }

    /// The line that is due now, if one is.
    fn advance(&mut self, position: u64, now: Instant) -> Option<String> {
        self.position = position;
        let due = match self.last_line {
            None => now.duration_since(self.began) >= SHORT,
            Some(last) => now.duration_since(last) >= LINE_INTERVAL,
        };
        if !due {
            return None;
        }
        self.last_line = Some(now);
        let percent = 100 * position.min(self.length) / self.length.max(1);
        let (done, all) = (position / self.parts, self.length / self.parts);
        let mut line = format!("{}: {done}/{all} ({percent} %)", self.title);
        if let Some(left) = self.time_left(now) {
            line += &format!(", {} left", duration(left));
        }
        Some(line + &self.tail())
    }

    /// The line at the end, where it took long enough to be worth one.
    fn last(&self, now: Instant) -> Option<String> {
        let took = now.duration_since(self.began);
        (took >= SHORT).then(|| format!("{}: done in {}{}", self.title, duration(took), self.tail()))
    }

    fn tail(&self) -> String {
        if self.message.is_empty() { String::new() } else { format!(", {}", self.message) }
    }

    fn time_left(&self, now: Instant) -> Option<Duration> {
        let done = self.position.checked_sub(self.start).filter(|&done| done > 0)?;
        let to_do = self.length.saturating_sub(self.position);
        Some(now.duration_since(self.began).mul_f64(to_do as f64 / done as f64))
    }
}

/// `8 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {:02} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// How a bar looks; so many of its steps are one of the things that are shown.
fn style(parts: u64) -> ProgressStyle {
    ProgressStyle::with_template("{prefix} {wide_bar:.cyan/blue} {done} {eta} left {msg}")
        .expect("the template is valid")
        .with_key("done", move |state: &ProgressState, text: &mut dyn std::fmt::Write| {
            let length = state.len().unwrap_or(0);
            // Writing to a string cannot fail.
            let _ = write!(text, "{}/{}", state.pos() / parts, length / parts);
        })
}

fn print_line(text: &str) {
    // A closed stderr is no reason to end a sweep.
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_counted_and_not_their_parts() {
        let begin = Instant::now();
        let mut lines = Lines::new("score 4 images".into(), 4000, 1000, begin);
        let line = lines.advance(2500, begin + Duration::from_secs(5)).unwrap();
        assert_eq!(line, "score 4 images: 2/4 (62 %), 3 s left");
    }

    #[test]
    fn at_most_one_line_per_interval() {
        let begin = Instant::now();
        let at = |seconds: u64| begin + Duration::from_secs(seconds);
        let mut lines = Lines::new("train".into(), 100, 1, begin);
        lines.message = "loss 0.5".into();
        assert_eq!(lines.advance(1, begin), None);
        let line = lines.advance(10, at(2)).unwrap();
        assert_eq!(line, "train: 10/100 (10 %), 18 s left, loss 0.5");
        assert_eq!(lines.advance(30, at(11)), None);
        assert!(lines.advance(50, at(12)).unwrap().contains("12 s left"));
        assert_eq!(lines.last(at(40)).unwrap(), "train: done in 40 s, loss 0.5");
    }

    #[test]
    fn what_is_done_within_a_second_is_not_worth_a_line() {
        let begin = Instant::now();
        let mut lines = Lines::new("hash".into(), 100, 1, begin);
        let end = begin + Duration::from_millis(900);
        assert_eq!((lines.advance(100, end), lines.last(end)), (None, None));
    }

    #[test]
    fn steps_of_an_earlier_program_do_not_count_for_the_time_left() {
        let begin = Instant::now();
        let mut lines = Lines::new("train".into(), 100, 1, begin);
        (lines.start, lines.position) = (80, 80);
        let line = lines.advance(90, begin + Duration::from_secs(20)).unwrap();
        assert!(line.contains("20 s left"), "{line}");
    }

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
    fn durations() {
        let text = |seconds| duration(Duration::from_secs(seconds));
        assert_eq!(text(8), "8 s");
        assert_eq!(text(200), "3 min 20 s");
        assert_eq!(text(7_500), "2 h 05 min");
        assert_eq!(text(273_600), "3 d 4 h");
    }
}
