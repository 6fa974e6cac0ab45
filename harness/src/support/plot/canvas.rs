//! Where a chart is drawn: lengths in units of which there are several pixels, so that lines are fine and smooth.

use super::palette::Marker;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::element::{Circle, PathElement, Polygon, Rectangle};
use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontTransform, IntoFont, RGBAColor, ShapeStyle, TextStyle};

/// Pixels per unit.
pub(super) const SCALE: f64 = 4.0;
/// Height of a line of text, in units.
pub(super) const TEXT: f64 = 18.0;

/// A drawing area with lengths in units.
pub(super) struct Canvas<'a, DB: DrawingBackend> {
    pub area: &'a DrawingArea<DB, Shift>,
}

pub(super) type Drawn<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;
pub(super) type At = (f64, f64);

/// How a line, a surface or a text looks.
#[derive(Clone, Copy)]
pub(super) struct Ink {
    pub rgb: [u8; 3],
    pub alpha: f64,
    /// Of lines, in units.
    pub width: f64,
}

/// Axes and texts. Pages replace it by their own colour of text.
pub(super) const BLACK: Ink = Ink { rgb: [0; 3], alpha: 1.0, width: 1.0 };
/// Grids and guides: legible on white and on black.
pub(super) const GREY: Ink = Ink { rgb: [128; 3], alpha: 1.0, width: 1.0 };

impl Ink {
    pub fn of(rgb: [u8; 3]) -> Self {
        Ink { rgb, alpha: 1.0, width: 1.75 }
    }

    pub fn alpha(self, alpha: f64) -> Self {
        Ink { alpha, ..self }
    }

    pub fn width(self, width: f64) -> Self {
        Ink { width, ..self }
    }

    fn colour(self) -> RGBAColor {
        let [red, green, blue] = self.rgb;
        RGBAColor(red, green, blue, self.alpha)
    }

    fn stroke(self) -> ShapeStyle {
        ShapeStyle { color: self.colour(), filled: false, stroke_width: (self.width * SCALE).round().max(1.0) as u32 }
    }

    fn filled(self) -> ShapeStyle {
        ShapeStyle { color: self.colour(), filled: true, stroke_width: 0 }
    }
}

fn pixel((x, y): At) -> (i32, i32) {
    ((x * SCALE).round() as i32, (y * SCALE).round() as i32)
}

impl<DB: DrawingBackend> Canvas<'_, DB> {
    pub fn path(&self, points: &[At], ink: Ink) -> Drawn<DB> {
        self.area.draw(&PathElement::new(points.iter().copied().map(pixel).collect::<Vec<_>>(), ink.stroke()))
    }

    /// A straight dashed line.
    pub fn dashed(&self, from: At, to: At, ink: Ink) -> Drawn<DB> {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        let at = |distance: f64| {
            let share = (distance / length).min(1.0);
            (from.0 + share * dx, from.1 + share * dy)
        };
        let dashes = (length / 8.0).ceil() as usize;
        (0..dashes).map(|dash| 8.0 * dash as f64).try_for_each(|start| self.path(&[at(start), at(start + 5.0)], ink))
    }

    pub fn surface(&self, low: At, high: At, ink: Ink) -> Drawn<DB> {
        self.area.draw(&Rectangle::new([pixel(low), pixel(high)], ink.filled()))
    }

    pub fn dot(&self, at: At, radius: f64, ink: Ink) -> Drawn<DB> {
        self.area.draw(&Circle::new(pixel(at), (radius * SCALE).round() as i32, ink.filled()))
    }

    /// A marker of about `size` units to each side.
    pub fn marker(&self, (x, y): At, marker: Marker, size: f64, ink: Ink) -> Drawn<DB> {
        let polygon = |points: &[At]| {
            let points: Vec<_> = points.iter().map(|(dx, dy)| pixel((x + size * dx, y + size * dy))).collect();
            self.area.draw(&Polygon::new(points, ink.filled()))
        };
        let cross = |arms: [At; 2]| {
            arms.iter().try_for_each(|(dx, dy)| {
                let (dx, dy) = (size * dx, size * dy);
                self.path(&[(x - dx, y - dy), (x + dx, y + dy)], ink.width(2.0))
            })
        };
        match marker {
            Marker::Circle => self.dot((x, y), size, ink),
            Marker::Square => polygon(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
            Marker::Triangle => polygon(&[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)]),
            Marker::Diamond => polygon(&[(0.0, -1.3), (1.1, 0.0), (0.0, 1.3), (-1.1, 0.0)]),
            Marker::Cross => cross([(0.9, 0.9), (0.9, -0.9)]),
            Marker::Plus => cross([(1.1, 0.0), (0.0, 1.1)]),
        }
    }

    /// A text whose anchor, across and up, is at a point.
    pub fn text(&self, text: &str, at: At, (across, up): (HPos, VPos), ink: Ink) -> Drawn<DB> {
        self.area.draw_text(text, &style(ink).pos(Pos::new(across, up)), pixel(at))
    }

    /// A text that is read from below, centred.
    pub fn upright(&self, text: &str, at: At, ink: Ink) -> Drawn<DB> {
        let font = ("sans-serif", TEXT * SCALE).into_font().transform(FontTransform::Rotate270);
        let style = font.color(&ink.colour()).pos(Pos::new(HPos::Center, VPos::Top));
        self.area.draw_text(text, &style, pixel(at))
    }

    /// Width of a text in units.
    pub fn width(&self, text: &str) -> f64 {
        let size = self.area.estimate_text_size(text, &style(BLACK));
        size.map_or(0.5 * TEXT * text.chars().count() as f64, |(width, _)| f64::from(width) / SCALE)
    }
}

fn style(ink: Ink) -> TextStyle<'static> {
    ("sans-serif", TEXT * SCALE).into_font().color(&ink.colour())
}
