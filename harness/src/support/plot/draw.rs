//! Draws a chart with plotters, at several pixels per unit, so that lines are fine and smooth.

use super::axis::ChartAxis;
use super::chart::{Chart, ChartLine, Guide};
use super::hover::Hover;
use super::palette::{colour, marker, shapes};
use plotters::chart::ChartContext;
use plotters::coord::{CoordTranslate, Shift};
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Width and height of a chart in units.
pub(super) const SIZE: (f64, f64) = (520.0, 340.0);
/// Pixels per unit.
pub(super) const SCALE: f64 = 4.0;
/// Height of a line of text.
const TEXT: f64 = 18.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 24.0;
const BOTTOM: f64 = 48.0;
/// Room beside the y axis' description.
const MARGIN: f64 = 5.0;
const TICK: f64 = 3.0;
const LEGEND_LINE: f64 = 23.0;
const MARKER: f64 = 4.5;
/// How far right of its x a single measurement is drawn, so that no whisker hides it.
const BESIDE: f64 = 9.0;
/// Grids and guides: legible on white and on black.
pub(super) const GREY: RGBColor = RGBColor(128, 128, 128);

pub(super) type Area<DB> = DrawingArea<DB, Shift>;
type Plot<'a, DB> = ChartContext<'a, DB, Cartesian2d<ChartAxis, ChartAxis>>;
pub(super) type Drawn<DB, T = ()> = Result<T, DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

/// Whole pixels of a length in units.
pub(super) fn pixels(units: f64) -> i32 {
    (units * SCALE).round() as i32
}

/// A line of a width in units.
pub(super) fn stroke(colour: impl Color, width: f64) -> ShapeStyle {
    colour.stroke_width(pixels(width).max(1) as u32)
}

/// A text of which the anchor, across and up, is at a point.
pub(super) fn text_style(across: HPos, up: VPos) -> TextStyle<'static> {
    ("sans-serif", TEXT * SCALE).into_font().color(&BLACK).pos(Pos::new(across, up))
}

/// Draws all of a chart, on a white ground; returns what its points say under a pointer.
pub(super) fn draw<DB: DrawingBackend>(chart: &Chart, area: &Area<DB>) -> Drawn<DB, Vec<Hover>> {
    area.fill(&WHITE)?;
    let top = legend(chart, area)?;
    let mut plot = ChartBuilder::on(area)
        .margin_top(pixels(top))
        .margin_right(pixels(RIGHT))
        .margin_left(pixels(MARGIN))
        .x_label_area_size(pixels(BOTTOM))
        .y_label_area_size(pixels(LEFT - MARGIN))
        .build_cartesian_2d(chart.x.clone(), chart.y.clone())?;
    plot.configure_mesh()
        .max_light_lines(0)
        .bold_line_style(stroke(GREY.mix(0.3), 1.0))
        .axis_style(stroke(BLACK, 1.0))
        .set_all_tick_mark_size(pixels(TICK))
        .label_style(text_style(HPos::Left, VPos::Top))
        .x_desc(&chart.x.label)
        .y_desc(&chart.y.label)
        .draw()?;
    let mut upright = 0.0;
    for guide in &chart.guides {
        draw_guide(guide, upright, chart, &mut plot)?;
        upright += f64::from(u8::from(matches!(guide, Guide::Vertical { .. })));
    }
    chart.lines.iter().try_for_each(|line| draw_line(line, chart, &plot))?;
    let area = plot.plotting_area();
    let reach = pixels(6.0);
    let hover = |line: &ChartLine, point: (f64, f64)| {
        Hover::around(area.map_coordinate(&point), reach, chart.text_of(line, point))
    };
    let hovers = chart.lines.iter().flat_map(|line| {
        let beside = |point: (f64, f64)| hover(line, point).moved(pixels(BESIDE));
        let dots: Vec<Hover> = line.cloud.iter().map(|point| beside(*point)).collect();
        dots.into_iter().chain(line.shown().map(|point| hover(line, (point.x, point.y)))).collect::<Vec<_>>()
    });
    Ok(hovers.collect())
}

/// Draws the names of the series in rows; returns where the frame begins below them. plotters' own
/// legend lies inside the frame, on top of the series, one name below the other.
fn legend<DB: DrawingBackend>(chart: &Chart, area: &Area<DB>) -> Drawn<DB, f64> {
    let (mut x, mut y) = (LEFT, 12.0);
    let style = text_style(HPos::Left, VPos::Center);
    for line in chart.lines.iter().filter(|line| !line.name.is_empty()) {
        let (width, _) = area.estimate_text_size(&line.name, &style)?;
        let width = 26.0 + f64::from(width) / SCALE + 14.0;
        if x > LEFT && x + width > SIZE.0 {
            (x, y) = (LEFT, y + LEGEND_LINE);
        }
        let at = |across: f64| (pixels(x + across), pixels(y));
        if line.joined {
            area.draw(&PathElement::new([at(0.0), at(20.0)], stroke(colour(line.series), 1.75)))?;
        }
        if line.marked {
            draw_marker(line.series, at(10.0), area)?;
        }
        area.draw_text(&line.name, &style, at(26.0))?;
        x += width;
    }
    Ok(y + if x > LEFT { 16.0 } else { 0.0 })
}

pub(super) fn draw_marker<DB: DrawingBackend, C>(series: usize, at: C::From, area: &DrawingArea<DB, C>) -> Drawn<DB>
where
    C: CoordTranslate,
    C::From: Clone,
{
    let pixel = |(x, y): &(f64, f64)| (pixels(MARKER * x), pixels(MARKER * y));
    shapes(marker(series)).iter().try_for_each(|shape| {
        let shape: Vec<(i32, i32)> = shape.iter().map(pixel).collect();
        area.draw(&(EmptyElement::at(at.clone()) + Polygon::new(shape, colour(series))))
    })
}

/// Draws a dashed line with its label at the end that has room for it; nothing where it lies beyond
/// the frame. Labels of several upright ones stand above each other.
fn draw_guide<DB: DrawingBackend>(guide: &Guide, upright: f64, chart: &Chart, plot: &mut Plot<DB>) -> Drawn<DB> {
    let (x, y) = (&chart.x, &chart.y);
    let (label, ends, beside) = match guide {
        Guide::Vertical { at, label } if x.holds(*at) => {
            (label, [(*at, y.low), (*at, y.high)], (5.0, -4.0 - TEXT * upright))
        }
        Guide::Horizontal { at, label } if y.holds(*at) => (label, [(x.low, *at), (x.high, *at)], (5.0, -3.0)),
        _ => return Ok(()),
    };
    let (dash, gap) = (pixels(5.0), pixels(3.0));
    plot.draw_series(DashedLineSeries::new(ends, dash, gap, stroke(GREY, 1.5)))?;
    let area = plot.plotting_area();
    let (right, bottom) = (area.get_pixel_range().0.end, area.get_pixel_range().1.start);
    let (width, height) = area.estimate_text_size(label, &text_style(HPos::Left, VPos::Bottom))?;
    let (px, py) = area.map_coordinate(&ends[0]);
    let fits_right = px + pixels(beside.0) + (width as i32) < right;
    let fits_above = py - pixels(-beside.1) - height as i32 > bottom;
    let (across, dx) = if fits_right { (HPos::Left, beside.0) } else { (HPos::Right, -beside.0) };
    let (up, dy) = if fits_above { (VPos::Bottom, beside.1) } else { (VPos::Top, -beside.1) };
    let text = Text::new(label.clone(), (pixels(dx), pixels(dy)), text_style(across, up));
    area.draw(&(EmptyElement::at(ends[0]) + text))
}

fn draw_line<DB: DrawingBackend>(line: &ChartLine, chart: &Chart, plot: &Plot<DB>) -> Drawn<DB> {
    let (area, colour) = (plot.plotting_area(), colour(line.series));
    for (x, y) in &line.cloud {
        let dot = Circle::new((pixels(BESIDE), 0), pixels(2.25), colour.mix(0.6).filled());
        area.draw(&(EmptyElement::at((*x, *y)) + dot))?;
    }
    let finite = || line.points.iter().filter(|point| point.x.is_finite() && point.y.is_finite());
    let path: Vec<(f64, f64)> = finite().map(|point| (point.x, point.y)).collect();
    if line.joined && path.len() > 1 {
        let alpha = if line.marked { 0.7 } else { 1.0 };
        area.draw(&PathElement::new(path, stroke(colour.mix(alpha), 1.75)))?;
    }
    for point in finite().filter(|_| line.marked) {
        for end in point.interval.iter().flat_map(|(low, high)| [*low, *high]) {
            // What is beyond the frame is cut off, and has no cap.
            let inside = end.clamp(chart.y.low, chart.y.high);
            let stem = [(point.x, point.y), (point.x, inside)];
            area.draw(&PathElement::new(stem, stroke(colour, 1.75)))?;
            if inside == end {
                let cap = PathElement::new([(pixels(-4.0), 0), (pixels(4.0), 0)], stroke(colour, 1.75));
                area.draw(&(EmptyElement::at(stem[1]) + cap))?;
            }
        }
        draw_marker(line.series, (point.x, point.y), area)?;
    }
    Ok(())
}
