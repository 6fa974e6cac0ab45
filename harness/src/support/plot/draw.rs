//! Draws a chart on any backend of plotters.

use super::canvas::{At, BLACK, Canvas, Drawn, GREY, Ink, TEXT};
use super::chart::{Chart, Guide, Line, Point};
use super::palette::{colour, marker};
use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::{HPos, VPos};

/// Width and height of a chart in units.
pub(super) const SIZE: At = (520.0, 340.0);
const LEFT: f64 = 70.0;
const RIGHT: f64 = 14.0;
const BOTTOM: f64 = 52.0;
const LEGEND_LINE: f64 = 23.0;
const MARKER: f64 = 4.5;
/// How far right of its x a single measurement is drawn, so that no whisker hides it.
const BESIDE: f64 = 9.0;

/// The rectangle that values are drawn in.
struct Frame<'a> {
    chart: &'a Chart,
    low: At,
    high: At,
}

impl Frame<'_> {
    fn x(&self, value: f64) -> f64 {
        self.low.0 + self.chart.x.position(value) * (self.high.0 - self.low.0)
    }

    /// Upwards.
    fn y(&self, value: f64) -> f64 {
        self.high.1 - self.chart.y.position(value) * (self.high.1 - self.low.1)
    }

    fn at(&self, point: &Point) -> At {
        (self.x(point.x), self.y(point.y))
    }
}

/// All of it, on a white ground.
pub(super) fn draw<DB: DrawingBackend>(chart: &Chart, canvas: &Canvas<DB>) -> Drawn<DB> {
    canvas.surface((0.0, 0.0), SIZE, Ink::of([255; 3]))?;
    let top = legend(chart, canvas)?;
    let frame = Frame { chart, low: (LEFT, top), high: (SIZE.0 - RIGHT, SIZE.1 - BOTTOM) };
    grid(&frame, canvas)?;
    chart.guides.iter().try_for_each(|guide| draw_guide(guide, &frame, canvas))?;
    chart.lines.iter().try_for_each(|line| draw_line(line, &frame, canvas))
}

/// Names of the series in rows above the frame; returns where the frame begins.
fn legend<DB: DrawingBackend>(
    chart: &Chart,
    canvas: &Canvas<DB>,
) -> Result<f64, plotters::drawing::DrawingAreaErrorKind<DB::ErrorType>> {
    let (mut x, mut y) = (LEFT, 12.0);
    for line in chart.lines.iter().filter(|line| !line.name.is_empty()) {
        let width = 26.0 + canvas.width(&line.name) + 14.0;
        if x > LEFT && x + width > SIZE.0 {
            (x, y) = (LEFT, y + LEGEND_LINE);
        }
        let ink = Ink::of(colour(line.series));
        if line.joined {
            canvas.path(&[(x, y), (x + 20.0, y)], ink)?;
        }
        if line.marked {
            canvas.marker((x + 10.0, y), marker(line.series), MARKER, ink)?;
        }
        canvas.text(&line.name, (x + 26.0, y), (HPos::Left, VPos::Center), BLACK)?;
        x += width;
    }
    Ok(y + if x > LEFT { 16.0 } else { 0.0 })
}

fn grid<DB: DrawingBackend>(frame: &Frame, canvas: &Canvas<DB>) -> Drawn<DB> {
    let Frame { chart, low, high } = frame;
    let faint = GREY.alpha(0.3);
    for (value, label) in chart.x.ticks() {
        let x = frame.x(value);
        canvas.path(&[(x, low.1), (x, high.1)], faint)?;
        canvas.text(&label, (x, high.1 + 5.0), (HPos::Center, VPos::Top), BLACK)?;
    }
    for (value, label) in chart.y.ticks() {
        let y = frame.y(value);
        canvas.path(&[(low.0, y), (high.0, y)], faint)?;
        canvas.text(&label, (low.0 - 6.0, y), (HPos::Right, VPos::Center), BLACK)?;
    }
    canvas.path(&[(low.0, low.1), (low.0, high.1), (high.0, high.1)], BLACK)?;
    let middle = (low.0 + high.0) / 2.0;
    canvas.text(&chart.x.label, (middle, SIZE.1 - 4.0), (HPos::Center, VPos::Bottom), BLACK)?;
    canvas.upright(&chart.y.label, (3.0, (low.1 + high.1) / 2.0), BLACK)
}

fn draw_guide<DB: DrawingBackend>(guide: &Guide, frame: &Frame, canvas: &Canvas<DB>) -> Drawn<DB> {
    let Frame { chart, low, high } = frame;
    match guide {
        Guide::Vertical { at, label } => {
            if !(0.0..=1.0).contains(&chart.x.position(*at)) {
                return Ok(());
            }
            let x = frame.x(*at);
            canvas.dashed((x, low.1), (x, high.1), GREY.width(1.5))?;
            // On the side that has room for it.
            let fits = x + 5.0 + canvas.width(label) < high.0;
            let (x, across) = if fits { (x + 5.0, HPos::Left) } else { (x - 5.0, HPos::Right) };
            canvas.text(label, (x, high.1 - 4.0), (across, VPos::Bottom), BLACK)
        }
        Guide::Horizontal { at, label } => {
            if !(0.0..=1.0).contains(&chart.y.position(*at)) {
                return Ok(());
            }
            let y = frame.y(*at);
            canvas.dashed((low.0, y), (high.0, y), GREY.width(1.5))?;
            let above = y - 3.0 - TEXT > low.1;
            let (y, up) = if above { (y - 3.0, VPos::Bottom) } else { (y + 3.0, VPos::Top) };
            canvas.text(label, (low.0 + 5.0, y), (HPos::Left, up), BLACK)
        }
    }
}

fn draw_line<DB: DrawingBackend>(line: &Line, frame: &Frame, canvas: &Canvas<DB>) -> Drawn<DB> {
    let ink = Ink::of(colour(line.series));
    for (x, y) in &line.cloud {
        canvas.dot((frame.x(*x) + BESIDE, frame.y(*y)), 2.25, ink.alpha(0.6))?;
    }
    let finite: Vec<&Point> = line.points.iter().filter(|point| point.x.is_finite() && point.y.is_finite()).collect();
    let path: Vec<At> = finite.iter().map(|point| frame.at(point)).collect();
    if line.joined && path.len() > 1 {
        canvas.path(&path, if line.marked { ink.alpha(0.7) } else { ink })?;
    }
    for point in finite.iter().filter(|_| line.marked) {
        if let Some((low, high)) = point.interval {
            whisker(frame.x(point.x), [low, high].map(|end| frame.y(end)), frame, canvas, ink)?;
        }
        canvas.marker(frame.at(point), marker(line.series), MARKER, ink)?;
    }
    Ok(())
}

/// An interval; what is beyond the frame is cut off.
fn whisker<DB: DrawingBackend>(x: f64, ends: [f64; 2], frame: &Frame, canvas: &Canvas<DB>, ink: Ink) -> Drawn<DB> {
    let [low, high] = ends.map(|end| end.clamp(frame.low.1, frame.high.1));
    canvas.path(&[(x, low), (x, high)], ink)?;
    for end in ends.into_iter().filter(|end| (frame.low.1..=frame.high.1).contains(end)) {
        canvas.path(&[(x - 4.0, end), (x + 4.0, end)], ink)?;
    }
    Ok(())
}
