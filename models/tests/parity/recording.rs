//! Recorded files, and how close is close enough.

use atrous_models::burn::tensor::{Device, Int, Tensor, TensorData};
use atrous_models::state::Values;
use atrous_recordings::{Recordings, Tensors, sampled};
use serde_json::Value;

/// The sets of recordings that are compared with.
pub fn sets() -> Vec<Recordings> {
    atrous_recordings::sets(&["tests/golden"])
}

/// A recorded safetensors file.
pub struct Recording(Tensors);

impl Recording {
    /// A file of a set; `None` where the set has no such file.
    pub fn read(set: &Recordings, name: &str) -> Option<Self> {
        set.tensors(name).map(Recording)
    }

    /// A tensor as f32, 8-bit ones too.
    pub fn values(&self, key: &str) -> Values {
        let (shape, data) = self.0.values(key);
        Values { shape, data }
    }

    pub fn tensor<const D: usize>(&self, key: &str, device: &Device) -> Tensor<D> {
        let Values { shape, data } = self.values(key);
        Tensor::from_data(TensorData::new(data, shape), device)
    }

    /// Recorded 8-bit network input `q`: `(q - 128) / 64`.
    pub fn images(&self, key: &str, device: &Device) -> Tensor<4> {
        (self.tensor::<4>(key, device) - 128.0) / 64.0
    }

    pub fn labels(&self, key: &str, device: &Device) -> Tensor<3, Int> {
        let Values { shape, data } = self.values(key);
        let data: Vec<i32> = data.into_iter().map(|v| v as i32).collect();
        Tensor::from_data(TensorData::new(data, shape), device)
    }

    pub fn keys(&self) -> Vec<String> {
        self.0.keys()
    }
}

pub fn flat<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Compares with a set of recorded tensors and collects what differs.
pub struct Comparison<'a> {
    pub name: String,
    pub recorded: &'a Recording,
    /// `sampled` and `f32_error` of the recording.
    pub info: &'a Value,
    pub failures: Vec<String>,
    /// Tensors compared.
    pub compared: usize,
    /// Largest distance over the allowed one, and the tensor.
    pub closest_call: (f64, String),
}

impl<'a> Comparison<'a> {
    pub fn new(name: String, recorded: &'a Recording, info: &'a Value) -> Self {
        Self { name, recorded, info, failures: vec![], compared: 0, closest_call: (0.0, String::new()) }
    }

    /// Values that belong to those recorded under `key`: the tensor is recorded whole or sampled.
    fn pair(&self, key: &str, ours: &[f32]) -> (Vec<f32>, Vec<f32>) {
        if let Some((wanted, _)) = self.loss(key) {
            return (ours.to_vec(), vec![wanted as f32]);
        }
        let wanted = self.recorded.values(key).data;
        let ours: Vec<f32> = sampled(ours, self.info, key).copied().collect();
        assert_eq!(ours.len(), wanted.len(), "{} {key}", self.name);
        (ours, wanted)
    }

    /// A recorded loss (`loss.STEP.NAME`), and the distance of two f32 runs of the reference from
    /// it.
    fn loss(&self, key: &str) -> Option<(f64, f64)> {
        let (step, name) = key.strip_prefix("loss.")?.split_once('.')?;
        let step: usize = step.parse().ok()?;
        let wanted = self.info["loss"][step][name].as_f64()?;
        let runs = self.info["loss_f32"].as_array()?.iter().filter_map(|run| run[step][name].as_f64());
        Some((wanted, runs.map(|run| (run - wanted).abs()).fold(0.0, f64::max)))
    }

    /// Ten times the distance of two f32 runs of the reference from its f64 result, plus 1e-6 of
    /// the peak.
    fn tolerance(&self, key: &str, wanted: &[f32]) -> f64 {
        let peak = wanted.iter().fold(0f32, |m, v| m.max(v.abs())) as f64;
        let noise = self.loss(key).map(|(_, noise)| noise).or(self.info["f32_error"][key][0].as_f64());
        10.0 * noise.unwrap_or_else(|| panic!("{} {key} has no recorded error", self.name)) + 1e-6 * peak
    }

    /// Every value within the tolerance.
    pub fn values(&mut self, key: &str, ours: &[f32]) {
        let (ours, wanted) = self.pair(key, ours);
        let tolerance = self.tolerance(key, &wanted);
        let gaps = ours.iter().zip(&wanted).map(|(a, b)| f64::from((a - b).abs()));
        let (worst, gap) = gaps.enumerate().fold((0, 0.0), worse);
        self.note(gap / tolerance, key);
        if gap.is_nan() || gap > tolerance {
            let (a, b) = (ours[worst], wanted[worst]);
            self.fail(format!("{key}[{worst}]: {a} is not {b}; off by {gap:.1e}, {tolerance:.1e} allowed"));
        }
    }

    /// Whether every value is within the tolerance.
    pub fn is_within(&self, key: &str, ours: &[f32]) -> bool {
        let (ours, wanted) = self.pair(key, ours);
        let tolerance = self.tolerance(key, &wanted);
        ours.iter().zip(&wanted).all(|(a, b)| f64::from((a - b).abs()) <= tolerance)
    }

    /// Every value within the tolerance of the range that the runs span.
    pub fn range(&mut self, key: &str, runs: &[&[f32]]) {
        let pairs: Vec<(Vec<f32>, Vec<f32>)> = runs.iter().map(|run| self.pair(key, run)).collect();
        let wanted = &pairs[0].1;
        let tolerance = self.tolerance(key, wanted);
        let beyond = |i: usize| {
            let span = pairs.iter().map(|(run, _)| run[i]);
            let (low, high) = span.fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
            let gap = f64::from((low - wanted[i]).max(wanted[i] - high).max(0.0));
            if pairs.iter().any(|(run, _)| run[i].is_nan()) { f64::NAN } else { gap }
        };
        let (worst, gap) = (0..wanted.len()).map(beyond).enumerate().fold((0, 0.0), worse);
        self.note(gap / tolerance, key);
        if gap.is_nan() || gap > tolerance {
            let values: Vec<f32> = pairs.iter().map(|(run, _)| run[worst]).collect();
            self.fail(format!("{key}[{worst}]: {values:?}, not {}; {tolerance:.1e} allowed", wanted[worst]));
        }
    }

    /// A number within ten times the distance of the reference's f32 runs, plus 1e-6 of it.
    pub fn number(&mut self, what: &str, ours: f64, wanted: f64, f32_runs: &[f64]) {
        let noise = f32_runs.iter().map(|run| (run - wanted).abs()).fold(0.0, f64::max);
        let tolerance = 10.0 * noise + 1e-6 * wanted.abs();
        let gap = (ours - wanted).abs();
        self.note(gap / tolerance, what);
        if gap.is_nan() || gap > tolerance {
            self.fail(format!("{what}: {ours} is not {wanted}; off by {gap:.1e}, {tolerance:.1e} allowed"));
        }
    }

    pub fn fail(&mut self, message: String) {
        self.failures.push(format!("{} {message}", self.name));
    }

    fn note(&mut self, ratio: f64, what: &str) {
        self.compared += 1;
        if ratio > self.closest_call.0 {
            self.closest_call = (ratio, what.to_owned());
        }
    }

    /// Panics with all that differed.
    pub fn finish(self) {
        let (ratio, what) = self.closest_call;
        println!("{}: {} compared, at most {ratio:.2} of the tolerance ({what})", self.name, self.compared);
        assert!(self.failures.is_empty(), "{}", self.failures.join("\n"));
    }
}

/// The larger gap; a NaN is larger than any.
fn worse(best: (usize, f64), next: (usize, f64)) -> (usize, f64) {
    if best.1.is_nan() || next.1 <= best.1 { best } else { next }
}
