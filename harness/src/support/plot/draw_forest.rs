//! Draws a forest plot: names at the left, values in a frame beside them.

use super::draw::{Area, Drawn, GREY, SCALE, draw_marker, pixels, stroke, text_style};
use super::forest::{Forest, ForestArm, ForestRow};
use super::hover::Hover;
use super::palette::colour;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Width of a forest plot in units.
pub(super) const WIDTH: f64 = 520.0;
const ARM: f64 = 50.0;
const DIVIDER: f64 = 26.0;
/// Room above the first row, beside the labels of the guides.
const TOP: f64 = 8.0;
const BOTTOM: f64 = 54.0;
const RIGHT: f64 = 18.0;
/// Height of the notes' text, and of the line of a guide's label.
const SMALL: f64 = 15.0;
const GUIDE: f64 = 20.0;
/// The least and the most room for names.
const NAMES: (f64, f64) = (90.0, 230.0);
/// How far below the mean the single measurements lie.
const BELOW: f64 = 13.0;

/// The frame of a plot in units: where the values are.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Frame {
    /// Pixels across of a position from 0 to 1.
    fn across(&self, position: f64) -> i32 {
        pixels(self.left + position * (self.right - self.left))
    }
}

impl Forest {
    /// Height in units.
    pub(super) fn height(&self) -> f64 {
        let rows: f64 = self.rows.iter().map(ForestRow::height).sum();
        TOP + GUIDE * self.guides.len() as f64 + rows + BOTTOM
    }
}

impl ForestRow {
    fn height(&self) -> f64 {
        match self {
            ForestRow::Arm(_) => ARM,
            ForestRow::Divider(_) => DIVIDER,
        }
    }
}

/// Draws all of a forest plot on a white ground; returns what its parts say under a pointer.
pub(super) fn draw<DB: DrawingBackend>(forest: &Forest, area: &Area<DB>) -> Drawn<DB, Vec<Hover>> {
    area.fill(&WHITE)?;
    let left = room_for_names(forest, area)?;
    let top = TOP + GUIDE * forest.guides.len() as f64;
    let frame = Frame { left, right: WIDTH - RIGHT, top, bottom: forest.height() - BOTTOM };
    draw_ground(forest, &frame, area)?;
    draw_axis(forest, &frame, area)?;
    for (place, guide) in forest.guides.iter().enumerate() {
        draw_guide(guide, place, forest, &frame, area)?;
    }
    let (mut y, mut hovers) = (frame.top, Vec::new());
    for row in &forest.rows {
        match row {
            ForestRow::Divider(label) => draw_divider(label, y + DIVIDER / 2.0, &frame, area)?,
            ForestRow::Arm(arm) => draw_arm(arm, y, forest, &frame, area, &mut hovers)?,
        }
        y += row.height();
    }
    Ok(hovers)
}

fn small(across: HPos, up: VPos) -> TextStyle<'static> {
    ("sans-serif", SMALL * SCALE).into_font().color(&BLACK).pos(Pos::new(across, up))
}

fn room_for_names<DB: DrawingBackend>(forest: &Forest, area: &Area<DB>) -> Drawn<DB, f64> {
    let mut room: f64 = NAMES.0;
    for row in &forest.rows {
        let texts = match row {
            ForestRow::Arm(arm) => {
                vec![(&arm.name, text_style(HPos::Left, VPos::Center)), (&arm.note, small(HPos::Left, VPos::Center))]
            }
            ForestRow::Divider(label) => vec![(label, small(HPos::Left, VPos::Center))],
        };
        for (text, style) in texts {
            room = room.max(f64::from(area.estimate_text_size(text, &style)?.0) / SCALE);
        }
    }
    // Pages draw with fonts of their own, which may be a little wider.
    Ok((1.06 * room).min(NAMES.1) + 14.0)
}

/// What lies under the values: rows with a ground of their own, and where arms count as equal.
fn draw_ground<DB: DrawingBackend>(forest: &Forest, frame: &Frame, area: &Area<DB>) -> Drawn<DB> {
    let mut y = frame.top;
    for row in &forest.rows {
        if matches!(row, ForestRow::Arm(arm) if arm.shaded) {
            let corners = [(0, pixels(y)), (pixels(WIDTH), pixels(y + row.height()))];
            area.draw(&Rectangle::new(corners, GREY.mix(0.16).filled()))?;
        }
        y += row.height();
    }
    let Some(band) = forest.band else { return Ok(()) };
    let [low, high] = [band.0, band.1].map(|value| frame.across(forest.x.position(value).clamp(0.0, 1.0)));
    area.draw(&Rectangle::new([(low, pixels(frame.top)), (high, pixels(frame.bottom))], GREY.mix(0.22).filled()))
}

fn draw_axis<DB: DrawingBackend>(forest: &Forest, frame: &Frame, area: &Area<DB>) -> Drawn<DB> {
    let [top, bottom] = [frame.top, frame.bottom].map(pixels);
    for (value, label) in forest.x.ticks() {
        let x = frame.across(forest.x.position(value));
        area.draw(&PathElement::new([(x, top), (x, bottom)], stroke(GREY.mix(0.3), 1.0)))?;
        area.draw_text(&label, &text_style(HPos::Center, VPos::Top), (x, bottom + pixels(5.0)))?;
    }
    area.draw(&PathElement::new([(frame.across(0.0), bottom), (frame.across(1.0), bottom)], stroke(BLACK, 1.0)))?;
    let at = (frame.across(0.5), bottom + pixels(BOTTOM - 4.0));
    area.draw_text(&forest.x.label, &text_style(HPos::Center, VPos::Bottom), at)
}

fn draw_guide<DB: DrawingBackend>(
    (at, label): &(f64, String),
    place: usize,
    forest: &Forest,
    frame: &Frame,
    area: &Area<DB>,
) -> Drawn<DB> {
    let position = forest.x.position(*at);
    let (x, above) = (frame.across(position), frame.top - GUIDE * place as f64);
    let ends = [(x, pixels(above)), (x, pixels(frame.bottom))];
    dashed(ends, area)?;
    let side = match position {
        low if low < 0.3 => HPos::Left,
        high if high > 0.7 => HPos::Right,
        _ => HPos::Center,
    };
    area.draw_text(label, &small(side, VPos::Bottom), (x, pixels(above - 3.0)))
}

/// A dashed line, upright or level.
fn dashed<DB: DrawingBackend>([from, to]: [(i32, i32); 2], area: &Area<DB>) -> Drawn<DB> {
    let (dash, step) = (pixels(5.0), pixels(8.0));
    let length = (to.0 - from.0).max(to.1 - from.1);
    for start in (0..length).step_by(step as usize) {
        let end = (start + dash).min(length);
        let at = |along: i32| if to.0 > from.0 { (from.0 + along, from.1) } else { (from.0, from.1 + along) };
        area.draw(&PathElement::new([at(start), at(end)], stroke(GREY, 1.5)))?;
    }
    Ok(())
}

fn draw_divider<DB: DrawingBackend>(label: &str, middle: f64, frame: &Frame, area: &Area<DB>) -> Drawn<DB> {
    let y = pixels(middle);
    dashed([(frame.across(0.0), y), (frame.across(1.0), y)], area)?;
    area.draw_text(label, &small(HPos::Left, VPos::Center), (pixels(2.0), y))
}

fn draw_arm<DB: DrawingBackend>(
    arm: &ForestArm,
    top: f64,
    forest: &Forest,
    frame: &Frame,
    area: &Area<DB>,
    hovers: &mut Vec<Hover>,
) -> Drawn<DB> {
    let (middle, left) = (top + ARM / 2.0, pixels(2.0));
    let across = |value: f64| frame.across(forest.x.position(value));
    let (name, note) = if arm.note.is_empty() { (0.0, 0.0) } else { (-9.0, 10.0) };
    area.draw_text(&arm.name, &text_style(HPos::Left, VPos::Center), (left, pixels(middle + name)))?;
    area.draw_text(&arm.note, &small(HPos::Left, VPos::Center), (left, pixels(middle + note)))?;
    hovers.push(Hover::over([0, pixels(top), pixels(WIDTH), pixels(ARM)], &arm.hover));
    let (colour, line) = (colour(arm.series), pixels(middle - 4.0));
    for (value, text) in arm.dots.iter().filter(|(value, _)| forest.x.holds(*value)) {
        let at = (across(*value), line + pixels(BELOW));
        area.draw(&Circle::new(at, pixels(2.75), colour.mix(0.7).filled()))?;
        hovers.push(Hover::around(at, pixels(6.0), text));
    }
    if let Some((low, high)) = arm.interval {
        let ends = [low, high].map(|end| (across(end.clamp(forest.x.low, forest.x.high)), line));
        area.draw(&PathElement::new(ends, stroke(colour, 2.0)))?;
        for (end, (x, y)) in [low, high].into_iter().zip(ends).filter(|(end, _)| forest.x.holds(*end)) {
            debug_assert!(end.is_finite());
            area.draw(&PathElement::new([(x, y - pixels(4.0)), (x, y + pixels(4.0))], stroke(colour, 2.0)))?;
        }
    }
    match arm.mean.filter(|mean| forest.x.holds(*mean)) {
        Some(mean) => draw_marker(arm.series, (across(mean), line), area),
        None => Ok(()),
    }
}
