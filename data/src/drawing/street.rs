//! Street scenes: the usual classes in the usual places. Labels are Cityscapes `labelIds`.

use super::canvas::{LabelledCanvas, Texture, mix};
use crate::random::Random;

/// Cityscapes ids that are drawn.
mod id {
    pub const EGO_VEHICLE: u8 = 1;
    pub const ROAD: u8 = 7;
    pub const SIDEWALK: u8 = 8;
    pub const BUILDING: u8 = 11;
    pub const WALL: u8 = 12;
    pub const FENCE: u8 = 13;
    pub const POLE: u8 = 17;
    pub const TRAFFIC_LIGHT: u8 = 19;
    pub const TRAFFIC_SIGN: u8 = 20;
    pub const VEGETATION: u8 = 21;
    pub const TERRAIN: u8 = 22;
    pub const SKY: u8 = 23;
    pub const PERSON: u8 = 24;
    pub const RIDER: u8 = 25;
    pub const CAR: u8 = 26;
    pub const TRUCK: u8 = 27;
    pub const BUS: u8 = 28;
    pub const TRAIN: u8 = 31;
    pub const MOTORCYCLE: u8 = 32;
    pub const BICYCLE: u8 = 33;
}

const WHEEL: [f64; 3] = [24.0, 24.0, 26.0];
const GLASS: [f64; 3] = [44.0, 56.0, 70.0];

/// Draws one scene of a size (height, width).
pub(crate) fn draw(size: [usize; 2], random: &mut Random) -> LabelledCanvas {
    let [height, width] = size.map(|side| side as f64);
    let horizon = height * random.between(0.38, 0.48);
    let clouds = Texture::new(size, width / 8.0, random);
    let mut canvas = LabelledCanvas::new(size, id::SKY, |y, x| {
        let haze = y as f64 / horizon;
        mix(mix([96.0, 150.0, 214.0], [206.0, 222.0, 238.0], haze), [244.0; 3], 0.4 * clouds.at(y, x))
    });
    buildings(&mut canvas, horizon, random);
    greenery(&mut canvas, horizon, random);
    ground(&mut canvas, horizon, random);
    barriers(&mut canvas, horizon, random);
    let scene = Scene { horizon, height, width };
    // What is farther away is drawn first.
    let mut distances: Vec<f64> = (0..7 + random.below(4)).map(|_| random.between(0.1, 0.75)).collect();
    distances.sort_by(f64::total_cmp);
    for near in distances {
        match random.below(5) {
            0 | 1 => vehicle(&mut canvas, &scene, near, random),
            2 => posts(&mut canvas, &scene, near, random),
            3 => pedestrian(&mut canvas, &scene, near, random),
            _ => two_wheeler(&mut canvas, &scene, near, random),
        }
    }
    canvas.ellipse([1.08 * height, width / 2.0], [0.15 * height, 0.4 * width], id::EGO_VEHICLE, [52.0, 54.0, 60.0]);
    canvas
}

/// The place of the ground: nearness 0 is the horizon, 1 the lower border.
struct Scene {
    horizon: f64,
    height: f64,
    width: f64,
}

impl Scene {
    fn ground(&self, near: f64) -> f64 {
        self.horizon + near * (self.height - self.horizon)
    }

    /// Height in pixels of something as tall as a car.
    fn scale(&self, near: f64) -> f64 {
        (0.05 + 0.3 * near) * self.height
    }

    /// A position across: on the road, or on either sidewalk.
    fn on_road(&self, random: &mut Random) -> f64 {
        self.width * random.between(0.25, 0.75)
    }

    fn beside_road(&self, near: f64, random: &mut Random) -> f64 {
        let offset = (0.14 + 0.3 * near + random.between(-0.02, 0.05)) * self.width;
        if random.chance(0.5) { self.width / 2.0 + offset } else { self.width / 2.0 - offset }
    }
}

fn buildings(canvas: &mut LabelledCanvas, horizon: f64, random: &mut Random) {
    let width = canvas.width as f64;
    let mut left = 0.0;
    while left < width {
        let right = left + width * random.between(0.08, 0.2);
        // A gap of sky now and then, above all in the middle of the street.
        let middle = ((left + right) / width - 1.0).abs();
        if random.chance(0.55 + 0.45 * middle) {
            let top = horizon * random.between(0.05, 0.55);
            let shade = random.between(0.0, 1.0);
            let facade = mix([96.0, 84.0, 78.0], [158.0, 132.0, 116.0], shade);
            canvas.rectangle([top, left, horizon + 2.0, right], id::BUILDING, facade);
            let pane = (0.05 * canvas.height as f64).max(2.0);
            let mut y = top + pane;
            while y + pane < horizon {
                let mut x = left + pane;
                while x + pane < right {
                    canvas.rectangle([y, x, y + 0.6 * pane, x + 0.6 * pane], id::BUILDING, mix(facade, GLASS, 0.6));
                    x += 1.5 * pane;
                }
                y += 1.5 * pane;
            }
        }
        left = right;
    }
}

fn greenery(canvas: &mut LabelledCanvas, horizon: f64, random: &mut Random) {
    let width = canvas.width as f64;
    for _ in 0..2 + random.below(4) {
        let (x, size) = (random.between(0.0, width), horizon * random.between(0.15, 0.35));
        for _ in 0..6 {
            let centre = [horizon - size * random.between(0.1, 1.0), x + size * random.between(-0.7, 0.7)];
            let leaf = mix([38.0, 78.0, 30.0], [86.0, 124.0, 50.0], random.uniform());
            canvas.ellipse(centre, [0.5 * size, 0.5 * size], id::VEGETATION, leaf);
        }
    }
}

fn ground(canvas: &mut LabelledCanvas, horizon: f64, random: &mut Random) {
    let (height, width) = (canvas.height as f64, canvas.width as f64);
    let everything = [horizon, 0.0, height, width];
    let outer = if random.chance(0.5) { id::TERRAIN } else { id::SIDEWALK };
    let grass = [142.0, 158.0, 84.0];
    let paving = mix([196.0, 152.0, 168.0], [222.0, 176.0, 190.0], random.uniform());
    canvas.rectangle(everything, outer, if outer == id::TERRAIN { grass } else { paving });
    let widening = |at_horizon: f64, at_bottom: f64| {
        move |y: f64, x: f64| {
            let near = (y - horizon) / (height - horizon);
            near >= 0.0 && (x - width / 2.0).abs() < (at_horizon + (at_bottom - at_horizon) * near) * width
        }
    };
    canvas.fill(everything, widening(0.16, 0.8), id::SIDEWALK, paving);
    let asphalt = mix([78.0, 74.0, 84.0], [110.0, 104.0, 112.0], random.uniform());
    canvas.fill(everything, widening(0.1, 0.52), id::ROAD, asphalt);
    let dashes = |y: f64, x: f64| {
        let near = (y - horizon) / (height - horizon);
        (x - width / 2.0).abs() < 0.012 * near * width && ((near.sqrt() * 12.0) as usize).is_multiple_of(2)
    };
    canvas.fill(everything, dashes, id::ROAD, [224.0, 224.0, 220.0]);
}

fn barriers(canvas: &mut LabelledCanvas, horizon: f64, random: &mut Random) {
    let (height, width) = (canvas.height as f64, canvas.width as f64);
    let (label, colour) = match random.below(3) {
        0 => (id::WALL, [116.0, 112.0, 160.0]),
        1 => (id::FENCE, [186.0, 160.0, 130.0]),
        _ => return,
    };
    let (left, right) = if random.chance(0.5) { (0.0, 0.3 * width) } else { (0.7 * width, width) };
    canvas.rectangle([horizon - 0.02 * height, left, horizon + 0.09 * height, right], label, colour);
}

fn vehicle(canvas: &mut LabelledCanvas, scene: &Scene, near: f64, random: &mut Random) {
    let (ground, scale, x) = (scene.ground(near), scene.scale(near), scene.on_road(random));
    let paints = [[28.0, 32.0, 120.0], [20.0, 84.0, 150.0], [150.0, 24.0, 30.0], [60.0, 62.0, 92.0]];
    let (label, colour, tall, long) = match random.below(8) {
        0 => (id::TRUCK, [226.0, 226.0, 120.0], 1.6, 1.5),
        1 => (id::BUS, [236.0, 130.0, 24.0], 1.7, 1.9),
        2 => (id::TRAIN, [18.0, 150.0, 150.0], 1.6, 2.2),
        _ => (id::CAR, paints[random.below(paints.len())], 0.8, 1.3),
    };
    let (top, half) = (ground - tall * scale, long * scale / 2.0);
    if label == id::CAR {
        canvas.rectangle([top, x - 0.6 * half, ground - 0.4 * scale, x + 0.6 * half], label, colour);
        canvas.rectangle([ground - 0.5 * scale, x - half, ground - 0.08 * scale, x + half], label, colour);
        canvas.rectangle([top + 0.07 * scale, x - 0.5 * half, ground - 0.52 * scale, x + 0.5 * half], label, GLASS);
    } else {
        canvas.rectangle([top, x - half, ground - 0.08 * scale, x + half], label, colour);
        canvas.rectangle([top + 0.2 * scale, x - 0.9 * half, top + 0.6 * scale, x + 0.9 * half], label, GLASS);
    }
    for wheel in [x - 0.6 * half, x + 0.6 * half] {
        canvas.ellipse([ground - 0.12 * scale, wheel], [0.14 * scale; 2], label, WHEEL);
    }
}

fn posts(canvas: &mut LabelledCanvas, scene: &Scene, near: f64, random: &mut Random) {
    let (ground, scale, x) = (scene.ground(near), scene.scale(near), scene.beside_road(near, random));
    let half = (0.05 * scale).max(0.8);
    let top = (ground - 2.6 * scale).max(0.0);
    canvas.rectangle([top, x - half, ground, x + half], id::POLE, [128.0, 130.0, 134.0]);
    if random.chance(0.5) {
        let board = [top, x - 0.3 * scale, top + 0.6 * scale, x + 0.3 * scale];
        canvas.rectangle(board, id::TRAFFIC_SIGN, [240.0, 220.0, 20.0]);
    } else {
        let light = [top, x - 0.18 * scale, top + 0.6 * scale, x + 0.18 * scale];
        canvas.rectangle(light, id::TRAFFIC_LIGHT, [40.0, 60.0, 40.0]);
        canvas.ellipse([top + 0.15 * scale, x], [0.1 * scale; 2], id::TRAFFIC_LIGHT, [250.0, 60.0, 40.0]);
        canvas.ellipse([top + 0.45 * scale, x], [0.1 * scale; 2], id::TRAFFIC_LIGHT, [60.0, 250.0, 110.0]);
    }
}

/// Head, body and legs whose feet are at `ground`.
fn figure(canvas: &mut LabelledCanvas, ground: f64, x: f64, scale: f64, label: u8, coat: [f64; 3]) {
    canvas.rectangle([ground - 0.5 * scale, x - 0.12 * scale, ground, x + 0.12 * scale], label, mix(coat, WHEEL, 0.5));
    canvas.ellipse([ground - 0.7 * scale, x], [0.3 * scale, 0.2 * scale], label, coat);
    canvas.ellipse([ground - 1.05 * scale, x], [0.13 * scale, 0.11 * scale], label, [216.0, 166.0, 140.0]);
}

fn pedestrian(canvas: &mut LabelledCanvas, scene: &Scene, near: f64, random: &mut Random) {
    let x = scene.beside_road(near, random);
    let coat = mix([224.0, 40.0, 74.0], [200.0, 20.0, 110.0], random.uniform());
    figure(canvas, scene.ground(near), x, scene.scale(near), id::PERSON, coat);
}

fn two_wheeler(canvas: &mut LabelledCanvas, scene: &Scene, near: f64, random: &mut Random) {
    let (ground, scale, x) = (scene.ground(near), scene.scale(near), scene.on_road(random));
    figure(canvas, ground - 0.25 * scale, x, scale, id::RIDER, [250.0, 96.0, 60.0]);
    let (label, colour) =
        if random.chance(0.5) { (id::MOTORCYCLE, [40.0, 30.0, 220.0]) } else { (id::BICYCLE, [130.0, 30.0, 60.0]) };
    canvas.rectangle([ground - 0.4 * scale, x - 0.4 * scale, ground - 0.2 * scale, x + 0.4 * scale], label, colour);
    for wheel in [x - 0.4 * scale, x + 0.4 * scale] {
        canvas.ellipse([ground - 0.22 * scale, wheel], [0.22 * scale; 2], label, mix(colour, WHEEL, 0.4));
    }
}
