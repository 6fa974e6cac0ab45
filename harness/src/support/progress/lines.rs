//! What is written of a bar where there is no terminal: a line now and then.

use std::time::{Duration, Instant};

/// Outside of a terminal, a bar that is done sooner than this writes nothing.
const SHORT: Duration = Duration::from_secs(1);
/// Outside of a terminal, a bar writes a line at most this often.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// What a bar knows where there is no terminal.
pub(super) struct Lines {
    title: String,
    pub length: u64,
    /// Steps of each thing that is counted for people.
    parts: u64,
    pub position: u64,
    pub message: String,
    /// Position at which this program started.
    pub start: u64,
    began: Instant,
    last_line: Option<Instant>,
}

impl Lines {
    pub fn new(title: String, length: u64, parts: u64, now: Instant) -> Self {
        Lines { title, length, parts, position: 0, message: String::new(), start: 0, began: now, last_line: None }
    }

    /// The line that is due now, if one is.
    pub fn advance(&mut self, position: u64, now: Instant) -> Option<String> {
        self.position = position;
        if !self.is_due(now) {
            return None;
        }
        let percent = 100 * position.min(self.length) / self.length.max(1);
        let (done, all) = (position / self.parts, self.length / self.parts);
        let mut line = format!("{}: {done}/{all} ({percent} %)", self.title);
        if let Some(left) = self.time_left(now) {
            line += &format!(", {} left", duration(left));
        }
        Some(line + &self.tail())
    }

    /// The line of these words, if one is due now.
    pub fn says(&mut self, words: &str, now: Instant) -> Option<String> {
        self.is_due(now).then(|| format!("{}: {words}", self.title))
    }

    /// Whether a line is due now, which is written then.
    fn is_due(&mut self, now: Instant) -> bool {
        let due = match self.last_line {
            None => now.duration_since(self.began) >= SHORT,
            Some(last) => now.duration_since(last) >= LINE_INTERVAL,
        };
        if due {
            self.last_line = Some(now);
        }
        due
    }

    /// The line at the end, where it took long enough to be worth one.
    pub fn last(&self, now: Instant) -> Option<String> {
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
    fn durations() {
        let text = |seconds| duration(Duration::from_secs(seconds));
        assert_eq!(text(8), "8 s");
        assert_eq!(text(200), "3 min 20 s");
        assert_eq!(text(7_500), "2 h 05 min");
        assert_eq!(text(273_600), "3 d 4 h");
    }
}
