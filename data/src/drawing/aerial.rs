//! Aerial tiles: small bright objects on texture. Labels are iSAID class indexes.

use std::f64::consts::PI;

use super::canvas::{LabelledCanvas, Texture, mix};
use crate::random::Random;

const WHITE: [f64; 3] = [240.0, 240.0, 236.0];

/// Draws one tile of a size (height, width).
pub(crate) fn draw(size: [usize; 2], random: &mut Random) -> LabelledCanvas {
    let side = size[0].min(size[1]) as f64;
    let (fields, grain) = (Texture::new(size, side / 3.0, random), Texture::new(size, side / 24.0, random));
    let dry = random.uniform();
    let soil = mix([92.0, 104.0, 66.0], [128.0, 110.0, 84.0], dry);
    let asphalt = [104.0, 104.0, 106.0];
    let mut canvas = LabelledCanvas::new(size, 0, |y, x| {
        let ground = mix(soil, asphalt, (3.0 * fields.at(y, x) - 1.0).clamp(0.0, 1.0));
        mix(ground, ground.map(|channel| 0.7 * channel), grain.at(y, x))
    });
    // A grid of places keeps the objects apart.
    let places = 4;
    let cell = [size[0] as f64 / places as f64, size[1] as f64 / places as f64];
    // Different classes in each tile, so that even a few tiles show them all.
    let classes = random.permutation(15);
    for (place, class) in random.permutation(places * places).into_iter().take(9).zip(classes) {
        let jitter = [random.between(0.35, 0.65), random.between(0.35, 0.65)];
        let centre = [((place / places) as f64 + jitter[0]) * cell[0], ((place % places) as f64 + jitter[1]) * cell[1]];
        let reach = 0.5 * cell[0].min(cell[1]);
        let angle = random.between(0.0, 2.0 * PI);
        object(&mut canvas, 1 + class as u8, Pose { centre, angle, reach }, random);
    }
    canvas
}

/// The place of an object, its turn and how far it may reach, in pixels.
#[derive(Clone, Copy)]
struct Pose {
    centre: [f64; 2],
    angle: f64,
    reach: f64,
}

impl Pose {
    /// Draws a rectangle of half sides in units of the reach.
    fn rectangle(self, canvas: &mut LabelledCanvas, half: [f64; 2], label: u8, colour: [f64; 3]) {
        let [long, wide] = half.map(|share| share * self.reach);
        let inside = |along: f64, across: f64| along.abs() <= long && across.abs() <= wide;
        canvas.turned(self.centre, self.angle, long + wide, inside, label, colour);
    }

    /// Draws a disc of a radius in units of the reach.
    fn disc(self, canvas: &mut LabelledCanvas, radius: f64, label: u8, colour: [f64; 3]) {
        canvas.ellipse(self.centre, [radius * self.reach; 2], label, colour);
    }

    /// Draws an ellipse of half axes in units of the reach.
    fn ellipse(self, canvas: &mut LabelledCanvas, half: [f64; 2], label: u8, colour: [f64; 3]) {
        let [long, wide] = half.map(|share| share * self.reach);
        let inside = |along: f64, across: f64| (along / long).powi(2) + (across / wide).powi(2) <= 1.0;
        canvas.turned(self.centre, self.angle, long.max(wide), inside, label, colour);
    }

    /// Turns the object by a quarter.
    fn across(self) -> Self {
        Self { angle: self.angle + PI / 2.0, ..self }
    }
}

/// Draws one object of a class; its colours and shape belong to the class alone.
fn object(canvas: &mut LabelledCanvas, class: u8, pose: Pose, random: &mut Random) {
    let shade = random.between(0.9, 1.05);
    let tint = |colour: [f64; 3]| colour.map(|channel: f64| (channel * shade).min(255.0));
    match class {
        // Ship.
        1 => {
            pose.ellipse(canvas, [0.8, 0.22], class, tint([214.0, 226.0, 250.0]));
            pose.rectangle(canvas, [0.3, 0.1], class, [60.0, 90.0, 200.0]);
        }
        // Storage tank.
        2 => {
            pose.disc(canvas, 0.55, class, tint([250.0, 246.0, 226.0]));
            pose.disc(canvas, 0.2, class, [200.0, 190.0, 160.0]);
        }
        // Baseball diamond.
        3 => {
            pose.disc(canvas, 0.8, class, tint([206.0, 140.0, 84.0]));
            pose.rectangle(canvas, [0.35, 0.35], class, [110.0, 190.0, 70.0]);
        }
        // Tennis court and basketball court: a field with a white line.
        4 | 5 => {
            let field = if class == 4 { [30.0, 130.0, 90.0] } else { [226.0, 110.0, 60.0] };
            pose.rectangle(canvas, [0.8, 0.45], class, tint(field));
            pose.rectangle(canvas, [0.06, 0.45], class, WHITE);
        }
        // Ground track field.
        6 => {
            pose.ellipse(canvas, [0.95, 0.6], class, tint([190.0, 60.0, 60.0]));
            pose.ellipse(canvas, [0.7, 0.38], class, [80.0, 180.0, 80.0]);
        }
        // Bridge.
        7 => pose.rectangle(canvas, [1.0, 0.16], class, tint([176.0, 170.0, 190.0])),
        // Large vehicle.
        8 => {
            pose.rectangle(canvas, [0.55, 0.2], class, tint([250.0, 210.0, 40.0]));
            pose.rectangle(canvas, [0.1, 0.2], class, [120.0, 90.0, 20.0]);
        }
        // Small vehicle.
        9 => pose.rectangle(canvas, [0.32, 0.17], class, tint([230.0, 30.0, 40.0])),
        // Helicopter.
        10 => {
            pose.rectangle(canvas, [0.7, 0.06], class, [40.0, 40.0, 44.0]);
            pose.across().rectangle(canvas, [0.7, 0.06], class, [40.0, 40.0, 44.0]);
            pose.ellipse(canvas, [0.4, 0.2], class, tint([70.0, 90.0, 40.0]));
        }
        // Swimming pool.
        11 => pose.rectangle(canvas, [0.5, 0.32], class, tint([60.0, 214.0, 240.0])),
        // Roundabout.
        12 => {
            pose.disc(canvas, 0.75, class, tint([70.0, 70.0, 84.0]));
            pose.disc(canvas, 0.35, class, [150.0, 210.0, 110.0]);
        }
        // Soccer field.
        13 => {
            pose.rectangle(canvas, [0.9, 0.55], class, tint([70.0, 220.0, 70.0]));
            pose.rectangle(canvas, [0.05, 0.55], class, WHITE);
            pose.disc(canvas, 0.18, class, WHITE);
        }
        // Plane.
        14 => {
            pose.ellipse(canvas, [0.85, 0.13], class, tint(WHITE));
            pose.across().rectangle(canvas, [0.75, 0.11], class, tint(WHITE));
        }
        // Harbor.
        _ => {
            pose.rectangle(canvas, [0.9, 0.12], class, tint([150.0, 100.0, 60.0]));
            pose.across().rectangle(canvas, [0.6, 0.12], class, tint([150.0, 100.0, 60.0]));
        }
    }
}
