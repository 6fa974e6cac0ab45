//! Branching vessels on a reddish disc, as in fundus photographs. Labels: 0 background, 1 vessel.

use std::f64::consts::PI;

use super::canvas::{LabelledCanvas, Texture, mix};
use crate::random::Random;

const OUTSIDE: [f64; 3] = [6.0, 4.0, 4.0];
const TISSUE: [f64; 3] = [196.0, 92.0, 46.0];
const SHADE: [f64; 3] = [146.0, 58.0, 30.0];
const OPTIC_DISC: [f64; 3] = [250.0, 214.0, 140.0];
const VESSEL: [f64; 3] = [96.0, 20.0, 16.0];

/// A growing vessel: where its tip is, where it heads and how wide it is there.
#[derive(Clone, Copy)]
struct Tip {
    y: f64,
    x: f64,
    heading: f64,
    width: f64,
}

/// Draws one eye of a size (height, width).
pub(crate) fn draw(size: [usize; 2], random: &mut Random) -> LabelledCanvas {
    let [height, width] = size;
    let radius = 0.48 * height.min(width) as f64;
    let centre = [height as f64 / 2.0, width as f64 / 2.0];
    let side = if random.chance(0.5) { 1.0 } else { -1.0 };
    let optic = [centre[0] + random.between(-0.1, 0.1) * radius, centre[1] + side * random.between(0.35, 0.5) * radius];
    let mut canvas = background(size, centre, radius, optic, random);

    let coverage = grow_vessels(size, centre, radius, optic, side, random);
    let contrast = random.between(0.55, 0.85);
    for (index, covered) in coverage.into_iter().enumerate().filter(|(_, covered)| *covered > 0.0) {
        canvas.blend(index / width, index % width, VESSEL, contrast * covered);
        // A pixel belongs to the vessel if at least half of it does.
        canvas.label.data[index] = u8::from(covered >= 0.5);
    }
    canvas
}

/// The disc: uneven tissue, darker towards its edge, with the bright optic disc.
fn background(size: [usize; 2], centre: [f64; 2], radius: f64, optic: [f64; 2], random: &mut Random) -> LabelledCanvas {
    let patches = Texture::new(size, radius / 3.0, random);
    let grain = Texture::new(size, radius / 20.0, random);
    LabelledCanvas::new(size, 0, |y, x| {
        let distance = |point: [f64; 2]| (y as f64 - point[0]).hypot(x as f64 - point[1]);
        let from_centre = distance(centre) / radius;
        if from_centre > 1.0 {
            return OUTSIDE;
        }
        let uneven = 0.5 * patches.at(y, x) + 0.2 * grain.at(y, x) + 0.3 * from_centre.powi(2);
        let glow = (1.4 - distance(optic) / (0.15 * radius)).clamp(0.0, 1.0);
        mix(mix(TISSUE, SHADE, uneven), OPTIC_DISC, 0.85 * glow)
    })
}

/// Share of each pixel that vessels cover.
fn grow_vessels(
    size: [usize; 2],
    centre: [f64; 2],
    radius: f64,
    optic: [f64; 2],
    side: f64,
    random: &mut Random,
) -> Vec<f64> {
    let mut coverage = vec![0.0; size[0] * size[1]];
    let widest = (0.055 * radius).max(2.2);
    let thinnest = (0.012 * radius).max(1.1);
    // Arcades upwards and downwards to the far side, shorter vessels to the near side.
    let away = if side > 0.0 { PI } else { 0.0 };
    let mut tips: Vec<Tip> = [(1.15, 1.0), (-1.15, 1.0), (0.7, 0.75), (-0.7, 0.75), (2.2, 0.7), (-2.2, 0.7)]
        .into_iter()
        .map(|(turn, share): (f64, f64)| Tip {
            y: optic[0],
            x: optic[1],
            heading: away + turn * side + random.between(-0.2, 0.2),
            width: widest * share * random.between(0.85, 1.1),
        })
        .collect();

    let step = (0.02 * radius).max(0.6);
    while let Some(mut tip) = tips.pop() {
        let mut bend = random.between(-0.05, 0.05);
        while tip.width > thinnest && (tip.y - centre[0]).hypot(tip.x - centre[1]) < 0.97 * radius {
            // Stamps closer than a pixel, so that thin vessels do not fall apart into dots.
            let parts = (step / 0.4).ceil();
            let along = |share: f64| Tip {
                y: tip.y + share * step * tip.heading.sin(),
                x: tip.x + share * step * tip.heading.cos(),
                ..tip
            };
            (0..parts as usize).for_each(|part| stamp(&mut coverage, size, along(part as f64 / parts)));
            bend = 0.9 * bend + random.between(-0.05, 0.05);
            tip.heading += bend;
            tip.y += step * tip.heading.sin();
            tip.x += step * tip.heading.cos();
            tip.width *= 0.99;
            if random.chance(0.055) {
                let turn = random.between(0.4, 1.0) * if random.chance(0.5) { 1.0 } else { -1.0 };
                let width = tip.width * random.between(0.55, 0.85);
                tips.push(Tip { heading: tip.heading + turn, width, ..tip });
                tip.heading -= 0.25 * turn;
            }
        }
    }
    coverage
}

/// Covers a disc of the vessel's width, with a soft edge of one pixel.
fn stamp(coverage: &mut [f64], [height, width]: [usize; 2], tip: Tip) {
    let reach = tip.width / 2.0 + 1.0;
    let range = |at: f64, side: usize| (at - reach).max(0.0) as usize..((at + reach + 1.0).max(0.0) as usize).min(side);
    for y in range(tip.y, height) {
        for x in range(tip.x, width) {
            let distance = (y as f64 + 0.5 - tip.y).hypot(x as f64 + 0.5 - tip.x);
            let covered = (tip.width / 2.0 - distance + 0.5).clamp(0.0, 1.0);
            let pixel = &mut coverage[y * width + x];
            *pixel = pixel.max(covered);
        }
    }
}
