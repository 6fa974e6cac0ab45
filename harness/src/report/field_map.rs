//! One receptive field as a picture: the map alone, and the map with the taps of its branches, both
//! on axes in pixels.

use super::material::ShownField;
use super::parts::percent;
use crate::measure::receptive_field::TapMass;
use crate::support::plot::ChartAxis;
use maud::{Markup, html};

/// Width of a map, and the longest that it is high.
const SIDE: f64 = 216.0;
/// Room left of a map and below it for its axes, and above it for its name.
const LEFT: f64 = 40.0;
const BOTTOM: f64 = 40.0;
const TOP: f64 = 22.0;
const GAP: f64 = 8.0;
/// Arms of the cross at the target.
const CROSS: f64 = 6.0;

/// A map on the page.
struct MapPanel {
    /// Units right of the picture's left edge.
    left: f64,
    /// Units per pixel of the input.
    scale: f64,
}

/// The map without and with marks, side by side. `who` names the network for those who cannot see,
/// and `id` is the picture's on the page.
pub(super) fn panels(field: &ShownField, who: &str, id: &str) -> Markup {
    let [height, width] = field.size.map(|side| side as f64);
    let scale = SIDE / width.max(height);
    let second = LEFT + scale * width + GAP;
    let all = [2.0 * (LEFT + scale * width + GAP) + GAP, TOP + scale * height + BOTTOM];
    html! {
        svg.plot.field viewBox=(format!("0 0 {:.1} {:.1}", all[0], all[1])) role="img"
            aria-label={ "Effective receptive field of " (who) ", without and with the taps marked" } {
            (map(field, &MapPanel { left: LEFT, scale }, id, false))
            (map(field, &MapPanel { left: second + LEFT, scale }, id, true))
        }
    }
}

fn map(field: &ShownField, panel: &MapPanel, id: &str, marked: bool) -> Markup {
    let [height, width] = field.size.map(|side| panel.scale * side as f64);
    let [y, x] = field.target.map(|at| panel.scale * (at as f64 + 0.5));
    let (x, y) = (panel.left + x, TOP + y);
    let [row, column] = field.target;
    html! {
        text x=(units(panel.left)) y=(units(TOP - 7.0)) { @if marked { "taps marked" } @else { "as it is" } }
        // The picture is in the page once.
        @if marked { use href={ "#" (id) } x=(units(panel.left - LEFT)) {} }
        @else {
            image id=(id) href=(field.picture.source) x=(units(LEFT)) y=(units(TOP)) width=(units(width)) height=(units(height))
                preserveAspectRatio="none" {}
        }
        @if marked {
            (taps(field, panel))
            path.target d=(format!("M{0:.1} {1:.1}h{2}M{3:.1} {4:.1}v{2}", x - CROSS, y, 2.0 * CROSS, x, y - CROSS)) {
                title { "target: row " (row) ", column " (column) }
            }
        }
        (axes(field, panel))
    }
}

/// The windows around the taps that lie in the image, each with its mass.
fn taps(field: &ShownField, panel: &MapPanel) -> Markup {
    let window = panel.scale * field.numbers.taps.window as f64;
    let [row, column] = field.target.map(|at| at as f64 + 0.5);
    let corner = |tap: &TapMass| {
        let [y, x] = tap.offset.map(|offset| offset as f64);
        [panel.left + panel.scale * (column + x) - window / 2.0, TOP + panel.scale * (row + y) - window / 2.0]
    };
    html! {
        @for branch in &field.numbers.taps.branches {
            @for tap in branch.taps.iter().filter(|tap| tap.mass.is_some()) {
                @let [x, y] = corner(tap);
                rect.tap x=(units(x)) y=(units(y)) width=(units(window)) height=(units(window)) {
                    title {
                        "rate " (branch.rate) ", tap " (tap.offset[0]) " down, " (tap.offset[1]) " right: "
                        (percent(tap.mass)) " % of the mass"
                    }
                }
            }
        }
    }
}

/// Ticks and their numbers, in pixels of the input.
fn axes(field: &ShownField, panel: &MapPanel) -> Markup {
    let axis = |side: usize| ChartAxis { label: String::new(), low: 0.0, high: side as f64, logarithmic: false };
    let [rows, columns] = field.size.map(axis);
    let bottom = TOP + panel.scale * rows.high;
    let middle = panel.left + panel.scale * columns.high / 2.0;
    html! {
        @for (value, label) in columns.ticks() {
            text.across x=(units(panel.left + panel.scale * value)) y=(units(bottom + 15.0)) { (label) }
        }
        @for (value, label) in rows.ticks() {
            text.beside x=(units(panel.left - 5.0)) y=(units(TOP + panel.scale * value + 5.0)) { (label) }
        }
        text.across x=(units(middle)) y=(units(bottom + 33.0)) { "pixels" }
    }
}

fn units(length: f64) -> String {
    format!("{length:.1}")
}
