//! Areas under the ROC and the precision-recall curve, from the probabilities of all pixels.

/// Different values that are kept apart; beyond them, neighbours are put together.
const MOST_VALUES: usize = 1 << 24;

/// The pixels of one probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ValueCount {
    /// The bits of the probability, which have the order of the numbers, without the last
    /// [`ProbabilityCounts::dropped`] of them.
    bits: u32,
    /// Pixels of class 0 and of class 1.
    pixels: [u32; 2],
}

/// Holds how many pixels of each of two classes have which probability of class 1. Up to 16,777,216
/// different values are told apart; of more, the last bits are dropped, one after the other, and
/// neighbours count as equal.
#[derive(Clone, Debug)]
pub struct ProbabilityCounts {
    /// In ascending order.
    values: Vec<ValueCount>,
    dropped: u32,
    most: usize,
}

/// Areas under the curves, 0 to 1, as scikit-learn defines them; NaN where a class has no pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurveAreas {
    /// `roc_auc_score`.
    pub roc: f64,
    /// `auc` of `precision_recall_curve`: by trapezoids.
    pub precision_recall: f64,
    /// `average_precision_score`: by steps.
    pub average_precision: f64,
}

impl Default for ProbabilityCounts {
    fn default() -> Self {
        ProbabilityCounts { values: Vec::new(), dropped: 0, most: MOST_VALUES }
    }
}

impl ProbabilityCounts {
    /// Counts the pixels of an image. `truth`: 0 or 1; other labels are left out. `probabilities`:
    /// of class 1, one for each pixel, 0 to 1.
    ///
    /// # Panics
    /// Where the lengths differ.
    pub fn add(&mut self, truth: &[u8], probabilities: &[f32]) {
        assert_eq!(truth.len(), probabilities.len(), "one probability for each pixel");
        // Rounding may carry a sum of shares beyond 1. A negative zero is a zero.
        let bits = |probability: f32| (probability.clamp(0.0, 1.0) + 0.0).to_bits() >> self.dropped;
        let counted = truth.iter().zip(probabilities).filter(|(label, _)| **label <= 1);
        let mut keys: Vec<u32> = counted.map(|(label, value)| bits(*value) << 1 | u32::from(*label)).collect();
        keys.sort_unstable();
        let mut image: Vec<ValueCount> = Vec::new();
        for key in keys {
            let mut pixels = [0, 0];
            pixels[(key & 1) as usize] = 1;
            push(&mut image, ValueCount { bits: key >> 1, pixels });
        }
        self.values = merged(&self.values, &image);
        while self.values.len() > self.most {
            self.dropped += 1;
            let mut fewer: Vec<ValueCount> = Vec::with_capacity(self.values.len());
            for value in &self.values {
                push(&mut fewer, ValueCount { bits: value.bits >> 1, ..*value });
            }
            self.values = fewer;
        }
    }

    /// Computes the areas.
    pub fn areas(&self) -> CurveAreas {
        let sum = |class: usize| self.values.iter().map(|value| u64::from(value.pixels[class])).sum::<u64>();
        let [negatives, positives] = [sum(0) as f64, sum(1) as f64];
        if negatives == 0.0 || positives == 0.0 {
            return CurveAreas { roc: f64::NAN, precision_recall: f64::NAN, average_precision: f64::NAN };
        }
        let mut areas = CurveAreas { roc: 0.0, precision_recall: 0.0, average_precision: 0.0 };
        // From the highest threshold down: what is found, rightly and wrongly.
        let (mut right, mut wrong, mut precision) = (0.0, 0.0, 1.0);
        let mut values = self.values.iter().rev().peekable();
        while let Some(value) = values.next() {
            let mut pixels = value.pixels.map(f64::from);
            // More pixels than an entry holds have several.
            while let Some(next) = values.next_if(|next| next.bits == value.bits) {
                pixels[0] += f64::from(next.pixels[0]);
                pixels[1] += f64::from(next.pixels[1]);
            }
            areas.roc += pixels[0] * (right + pixels[1] / 2.0);
            right += pixels[1];
            wrong += pixels[0];
            let next = right / (right + wrong);
            areas.precision_recall += pixels[1] * (precision + next) / 2.0;
            areas.average_precision += pixels[1] * next;
            precision = next;
        }
        areas.roc /= negatives * positives;
        areas.precision_recall /= positives;
        areas.average_precision /= positives;
        areas
    }
}

/// Adds an entry behind the others, to the last where it is of the same value.
fn push(values: &mut Vec<ValueCount>, value: ValueCount) {
    if let Some(last) = values.last_mut().filter(|last| last.bits == value.bits) {
        let sums = [0, 1].map(|class| last.pixels[class].checked_add(value.pixels[class]));
        if let [Some(negatives), Some(positives)] = sums {
            last.pixels = [negatives, positives];
            return;
        }
    }
    values.push(value);
}

fn merged(a: &[ValueCount], b: &[ValueCount]) -> Vec<ValueCount> {
    let mut both = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    loop {
        let next = match (a.peek(), b.peek()) {
            (Some(first), Some(second)) if first.bits <= second.bits => a.next(),
            (Some(_), None) => a.next(),
            _ => b.next(),
        };
        match next {
            Some(value) => push(&mut both, *value),
            None => return both,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Labels and probabilities of the numbers that scikit-learn was given: a quarter of them are
    /// vessels, and some probabilities are equal.
    fn drawn(count: u32, steps: u32) -> (Vec<u8>, Vec<f32>) {
        let mut state = 12345u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        };
        (0..count)
            .map(|_| {
                let label = u8::from(next() % 4 == 0);
                let noise = next() % steps;
                let level = (noise + u32::from(label) * steps / 4).min(steps - 1);
                (label, level as f32 / steps as f32)
            })
            .unzip()
    }

    fn assert_close(found: CurveAreas, [roc, precision_recall, average_precision]: [f64; 3]) {
        let pairs = [
            (found.roc, roc),
            (found.precision_recall, precision_recall),
            (found.average_precision, average_precision),
        ];
        assert!(pairs.iter().all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}");
    }

    /// scikit-learn 1.9.1 on the same numbers.
    #[test]
    fn areas_are_those_of_scikit_learn() {
        for (count, steps, wanted) in SKLEARN {
            let (truth, probabilities) = drawn(count, steps);
            let mut counts = ProbabilityCounts::default();
            for (truth, probabilities) in truth.chunks(700).zip(probabilities.chunks(700)) {
                counts.add(truth, probabilities);
            }
            assert_close(counts.areas(), wanted);
        }
    }

    /// Number of pixels, of levels, and the three areas.
    const SKLEARN: [(u32, u32, [f64; 3]); 3] = [
        (1000, 7, [0.6732950443585259, 0.48173650215836417, 0.3762282469609345]),
        (5000, 256, [0.727663806213154, 0.5684706484824177, 0.5641403145709336]),
        (20_000, 65_536, [0.7235881273642063, 0.5626037726032167, 0.5626283115131525]),
    ];

    #[test]
    fn few_values_are_exact_and_many_are_close() {
        let (truth, probabilities) = drawn(20_000, 1 << 16);
        let mut exact = ProbabilityCounts::default();
        exact.add(&truth, &probabilities);
        let mut coarse = ProbabilityCounts { most: 4000, ..ProbabilityCounts::default() };
        for (truth, probabilities) in truth.chunks(1000).zip(probabilities.chunks(1000)) {
            coarse.add(truth, probabilities);
        }
        assert!(coarse.values.len() <= 4000 && coarse.dropped > 0 && exact.dropped == 0);
        let gap = (coarse.areas().roc - exact.areas().roc).abs();
        assert!(gap > 0.0 && gap < 1e-3, "{gap}");
    }

    #[test]
    fn ignored_pixels_and_single_classes() {
        let mut counts = ProbabilityCounts::default();
        counts.add(&[0, 255, 0], &[0.5, 0.9, -0.0]);
        assert!(counts.areas().roc.is_nan());
        counts.add(&[1, 1], &[0.75, 1.5]);
        assert_close(counts.areas(), [1.0, 1.0, 1.0]);
        // All alike: chance.
        let mut chance = ProbabilityCounts::default();
        chance.add(&[0, 0, 0, 1], &[0.25; 4]);
        assert_close(chance.areas(), [0.5, 0.625, 0.25]);
    }
}
