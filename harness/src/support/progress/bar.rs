//! One task that takes a while, as a bar and as lines.

use super::lines::Lines;
use super::{Moved, Output, Progress, print_line};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// One task that takes a while. Dropped without [`Bar::finish`], it goes away without a word.
pub struct Bar {
    drawn: Drawn,
    progress: Progress,
    /// Whether things are counted that are done in thousandths.
    in_thousandths: bool,
    /// Thousandths that were told.
    told: AtomicU64,
}

impl Bar {
    pub(super) fn new(progress: &Progress, length: u64, parts: u64, title: String) -> Self {
        let drawn = Drawn::new(progress, length, parts, progress.title(title), || style(parts));
        Bar { drawn, progress: progress.clone(), in_thousandths: parts > 1, told: AtomicU64::new(0) }
    }

    /// Steps done, from the beginning.
    pub fn set(&self, position: u64) {
        if let Some(bar) = &self.drawn.terminal {
            bar.set_position(position);
        }
        if let Some(line) = self.drawn.lines().and_then(|mut lines| lines.advance(position, Instant::now())) {
            self.drawn.write(&self.progress, &line);
        }
        self.tell(if self.in_thousandths {
            Moved::Scored(position.saturating_sub(self.told.swap(position, Ordering::Relaxed)))
        } else {
            Moved::Steps(position)
        });
    }

    /// Steps that were done before this program started: they do not count for the time left.
    pub fn resume_at(&self, position: u64) {
        if let Some(bar) = &self.drawn.terminal {
            bar.set_position(position);
            bar.reset_eta();
        }
        if let Some(mut lines) = self.drawn.lines() {
            (lines.start, lines.position) = (position, position);
        }
        self.tell(Moved::Resumed(position));
    }

    /// The number of steps, where it is not known at the beginning.
    pub fn set_length(&self, length: u64) {
        if let Some(bar) = &self.drawn.terminal {
            bar.set_length(length);
        }
        if let Some(mut lines) = self.drawn.lines() {
            lines.length = length;
        }
    }

    /// A few words behind the bar, such as the current loss.
    pub fn message(&self, text: &str) {
        if let Some(bar) = &self.drawn.terminal {
            bar.set_message(text.to_owned());
        }
        if let Some(mut lines) = self.drawn.lines() {
            lines.message = text.into();
        }
    }

    /// Removes the bar, or writes the last line: how far it came and how long it took.
    pub fn finish(self) {
        if let Some(line) = self.drawn.lines().and_then(|lines| lines.last(Instant::now())) {
            self.drawn.write(&self.progress, &line);
        }
    }

    fn tell(&self, moved: Moved) {
        if let Some(watch) = &self.progress.watch {
            watch(moved);
        }
    }
}

/// A bar over everything that is to be done. It says what it is told to. Dropped, it goes away.
pub struct Overview {
    drawn: Drawn,
    progress: Progress,
}

impl Overview {
    /// Steps of the bar, which nobody sees.
    const PARTS: u64 = 1000;

    pub(super) fn new(progress: &Progress, title: String) -> Self {
        let drawn = Drawn::new(progress, Self::PARTS, 1, title, || template("{prefix} {wide_bar:.cyan/blue} {msg}"));
        Overview { drawn, progress: progress.clone() }
    }

    /// Shows a fraction that is done, and words: behind the bar, or as a line now and then.
    pub fn show(&self, done: f64, words: &str) {
        if let Some(bar) = &self.drawn.terminal {
            bar.set_position((done.clamp(0.0, 1.0) * Self::PARTS as f64) as u64);
            bar.set_message(words.to_owned());
        }
        if let Some(line) = self.drawn.lines().and_then(|mut lines| lines.says(words, Instant::now())) {
            self.drawn.write(&self.progress, &line);
        }
    }
}

/// What there is of a bar: something on the terminal, or lines, or lines for the log alone.
struct Drawn {
    terminal: Option<ProgressBar>,
    lines: Option<Box<Mutex<Lines>>>,
    /// Whether the lines are shown.
    shown: bool,
}

impl Drawn {
    fn new(progress: &Progress, length: u64, parts: u64, title: String, style: impl Fn() -> ProgressStyle) -> Self {
        let shown = progress.shows_bars();
        let terminal = match &progress.output {
            Output::Terminal(bars) if shown => {
                let bar = bars.add(ProgressBar::new(length).with_style(style()));
                bar.set_prefix(title.clone());
                bar.enable_steady_tick(Duration::from_millis(500));
                Some(bar)
            }
            _ => None,
        };
        let shown = shown && matches!(progress.output, Output::Lines);
        let lines = || Box::new(Mutex::new(Lines::new(title.clone(), length, parts, Instant::now())));
        Drawn { terminal, lines: (shown || progress.log.is_some()).then(lines), shown }
    }

    fn lines(&self) -> Option<MutexGuard<'_, Lines>> {
        Some(self.lines.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, progress: &Progress, line: &str) {
        if self.shown {
            print_line(line);
        }
        progress.log_line(line);
    }
}

impl Drop for Drawn {
    fn drop(&mut self) {
        if let Some(bar) = &self.terminal {
            bar.finish_and_clear();
        }
    }
}

/// How a bar looks; so many of its steps are one of the things that are shown.
fn style(parts: u64) -> ProgressStyle {
    template("{prefix} {wide_bar:.cyan/blue} {done} {eta} left {msg}").with_key(
        "done",
        move |state: &ProgressState, text: &mut dyn std::fmt::Write| {
            let length = state.len().unwrap_or(0);
            // Writing to a string cannot fail.
            let _ = write!(text, "{}/{}", state.pos() / parts, length / parts);
        },
    )
}

fn template(text: &str) -> ProgressStyle {
    ProgressStyle::with_template(text).expect("the template is valid")
}
