//! A made-up section.

use atrous_harness::conclusions::analysis::SectionAnalysis;
use atrous_harness::conclusions::statistics::SIGNIFICANCE;
use atrous_harness::conclusions::table::MARGIN;
use atrous_harness::results::scores::{ClassArea, Metric};
use atrous_harness::support::split_mix::SplitMix;
use std::ops::Range;

/// What is not as the analysis assumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    None,
    /// One of the arms, not the baseline, has twice the standard deviations of the others.
    UnevenArm,
    /// The baseline has.
    UnevenBaseline,
    /// One run in 40 never predicts the vessels.
    Collapse,
}

/// The design of a section, and what is true of it.
#[derive(Clone, Copy, Debug)]
pub struct Design {
    pub arms: usize,
    pub seeds: usize,
    pub subjects: usize,
    /// Between the two images of a subject, of what is theirs with one arm.
    pub correlation: f64,
    /// Standard deviation that an arm has with a seed, in points of mDice.
    pub seed_spread: f64,
    /// The same with an image.
    pub image_spread: f64,
    pub trouble: Trouble,
    /// The last arm's true difference to the baseline, in points; others have none.
    pub effect: f64,
}

impl Default for Design {
    fn default() -> Self {
        let (arms, seeds, subjects, correlation) = (4, 3, 10, 0.4);
        let (seed_spread, image_spread) = (0.6, 1.0);
        Self { arms, seeds, subjects, correlation, seed_spread, image_spread, trouble: Trouble::None, effect: 0.0 }
    }
}

/// What was found in sections of one design, as shares of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Found {
    /// Some arm is called better or worse.
    pub differs: f64,
    /// All true differences lie in their intervals.
    pub covered: f64,
    /// The last arm is called equal.
    pub equal: f64,
    /// The last arm is called better.
    pub better: f64,
}

const IMAGES: usize = 2;
/// Pixels of vessels in an image, and of background; what is predicted wrongly of each on average.
const VESSELS: f64 = 20_000.0;
const GROUND: f64 = 180_000.0;
const FALSE: f64 = 2_000.0;
const RECALL: f64 = 0.65;

/// mDice of a set whose vessels are found with this recall.
fn score(recall: f64) -> f64 {
    Metric::Mdice.of_areas(&areas(recall))
}

fn areas(recall: f64) -> Vec<ClassArea> {
    let found = (VESSELS * recall.clamp(0.02, 0.98)).round() as u64;
    let [vessels, ground, wrong] = [VESSELS, GROUND, FALSE].map(|pixels| pixels as u64);
    pixels(found, vessels, wrong, ground)
}

fn pixels(found: u64, vessels: u64, wrong: u64, ground: u64) -> Vec<ClassArea> {
    vec![
        ClassArea { intersection: ground - wrong, truth: ground, prediction: ground - wrong + vessels - found },
        ClassArea { intersection: found, truth: vessels, prediction: found + wrong },
    ]
}

/// Recall that moves mDice by so many points, about the middle.
fn recall_of(points: f64) -> f64 {
    points / 100.0 / ((score(RECALL + 0.01) - score(RECALL - 0.01)) / 0.02)
}

impl Design {
    /// Draws a section per round and counts verdicts; round and design decide the numbers.
    pub fn simulate(&self, rounds: Range<u64>) -> Found {
        let mut found = Found::default();
        let part = 1.0 / (rounds.end - rounds.start) as f64;
        let truth = score(RECALL + recall_of(self.effect)) - score(RECALL);
        for round in rounds {
            let analysis = SectionAnalysis::of_pixels(self.draw(round), Metric::Mdice);
            let (dunnett, differences) = analysis.differences().expect("made-up sections are whole");
            let truths = (1..self.arms).map(|arm| if arm + 1 == self.arms { truth } else { 0.0 });
            // The p-value of the one that is the surest says as much as all intervals, in a tenth of
            // their time.
            let surest = |off: &mut dyn Iterator<Item = f64>| dunnett.p(off.fold(0.0, f64::max)) < SIGNIFICANCE;
            let t = |difference: f64, error: f64| if difference == 0.0 { 0.0 } else { difference.abs() / error };
            let differs = surest(&mut differences.iter().map(|d| t(d.difference, d.standard_error)));
            let misses = match truth {
                0.0 => differs,
                _ => surest(
                    &mut differences.iter().zip(truths).map(|(d, truth)| t(d.difference - truth, d.standard_error)),
                ),
            };
            let last = differences[differences.len() - 1];
            let of_last = |off: f64| surest(&mut [t(off, last.standard_error)].into_iter());
            let last_differs = differs && of_last(last.difference);
            let room = MARGIN - last.difference.abs();
            let count = |is: bool| if is { part } else { 0.0 };
            found.differs += count(differs);
            found.covered += count(!misses);
            found.equal += count(!last_differs && room > 0.0 && of_last(room));
            found.better += count(last_differs && last.difference > 0.0);
        }
        found
    }

    /// Pixels by arm, seed, subject and class.
    pub fn draw(&self, round: u64) -> Vec<Vec<Vec<Vec<ClassArea>>>> {
        let mut normal = Normal(SplitMix::new(round));
        let mut some = |count: usize, spread: f64| -> Vec<f64> { (0..count).map(|_| spread * normal.draw()).collect() };
        let point = recall_of(1.0);
        let (seeds, subjects) = (some(self.seeds, point), some(self.subjects, 4.0 * point));
        let mut arms = Vec::new();
        for arm in 0..self.arms {
            let wide = match self.trouble {
                Trouble::UnevenArm => arm + 1 == self.arms,
                Trouble::UnevenBaseline => arm == 0,
                Trouble::None | Trouble::Collapse => false,
            };
            let scale = if wide { 2.0 * point } else { point };
            let mean = RECALL + if arm + 1 == self.arms { recall_of(self.effect) } else { 0.0 };
            let image = scale * self.image_spread;
            let (shared, alone) = (self.correlation.sqrt(), (1.0 - self.correlation).sqrt());
            let of_seed = some(self.seeds, scale * self.seed_spread);
            // Of an image with an arm half is the arm's with any seed, half that of the seed.
            let half = 0.5f64.sqrt();
            let of_subject = some(self.subjects, half * shared * image);
            let of_image = some(self.subjects * IMAGES, half * alone * image);
            let mut runs = Vec::new();
            for seed in 0..self.seeds {
                let collapsed = self.trouble == Trouble::Collapse && some(1, 1.0)[0] > 1.959_96;
                let own_subject = some(self.subjects, half * shared * image);
                let own_image = some(self.subjects * IMAGES, half * alone * image);
                let of = |subject: usize| {
                    let place = |view: usize| subject * IMAGES + view;
                    let recall = |view: usize| {
                        let common = mean + seeds[seed] + subjects[subject] + of_seed[seed];
                        common
                            + of_subject[subject]
                            + own_subject[subject]
                            + of_image[place(view)]
                            + own_image[place(view)]
                    };
                    let view = |view: usize| {
                        if collapsed { pixels(0, VESSELS as u64, 0, GROUND as u64) } else { areas(recall(view)) }
                    };
                    let mut sum = view(0);
                    sum.iter_mut().zip(view(1)).for_each(|(sum, area)| sum.add(area));
                    sum
                };
                runs.push((0..self.subjects).map(of).collect());
            }
            arms.push(runs);
        }
        arms
    }
}

/// Numbers of the normal distribution (Box and Muller 1958).
struct Normal(SplitMix);

impl Normal {
    fn draw(&mut self) -> f64 {
        let uniform = |number: u64| ((number >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
        let (radius, angle) = (uniform(self.0.draw()), uniform(self.0.draw()));
        (-2.0 * radius.ln()).sqrt() * (2.0 * std::f64::consts::PI * angle).cos()
    }
}
