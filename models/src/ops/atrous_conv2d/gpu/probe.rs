//! The measurement that an algorithm is chosen by.

use std::time::Instant;

use burn::backend::ops::FloatTensorOps;
use burn::tensor::TensorData;
use burn_cubecl::cubecl::future::block_on;
use burn_wgpu::{CubeBackend, CubeTensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::algorithm::{self, Algorithm};
use super::case::{Product, ProductCase};
use super::implicit_gemm::{self, GpuWeights, Plan, of_maps_by, of_weights_by};
use super::operand::GpuOperand;
use crate::ops::atrous_conv2d::geometry::{ConvGeometry, ConvShape};
use crate::ops::dims::dims;
use crate::precision::Precision;

/// Times that our kernels must be faster to be taken: near one, noise would choose differently in
/// every process.
const WORTH: f64 = 1.1;

/// The seconds of each algorithm; nothing for one that gave an error or other values.
pub type Times = Vec<(Algorithm, Option<f64>)>;

/// Returns the first that no later one is clearly faster than.
pub fn fastest(times: &[(Algorithm, Option<f64>)]) -> Algorithm {
    let known = times.iter().filter_map(|(algorithm, time)| Some((*algorithm, (*time)?)));
    let first = (Algorithm::Im2col, f64::INFINITY);
    known.fold(first, |best, one| if one.1 * WORTH < best.1 { one } else { best }).0
}

/// Times all algorithms in turn, on a convolution of batch x channels x height x width.
pub fn measured(like: &CubeTensor, case: &ProductCase, input: [usize; 4]) -> Times {
    let wait = || block_on(like.client.sync()).is_ok();
    let probe = Probe::new(like, case, input);
    let own = [Some(Algorithm::ImplicitGemm), Algorithm::by_matrices(like, case.precision)].into_iter().flatten();
    let right = own.map(|algorithm| (algorithm, (probe.agrees(algorithm) && wait()).then_some(f64::INFINITY)));
    let mut times: Times = [(Algorithm::Im2col, Some(f64::INFINITY))].into_iter().chain(right).collect();
    let time = |algorithm: Algorithm| {
        let start = Instant::now();
        for _ in 0..8 {
            probe.run(algorithm);
        }
        if wait() { start.elapsed().as_secs_f64() / 8.0 } else { f64::INFINITY }
    };
    for _ in 0..3 {
        for (algorithm, best) in &mut times {
            if let Some(best) = best {
                *best = best.min(time(*algorithm));
            }
        }
    }
    times
}

/// A convolution with as many channels as it has inputs, on noise.
struct Probe {
    product: Product,
    precision: Precision,
    geometry: ConvGeometry,
    /// Also taken for the gradient of the output.
    input: CubeTensor,
    weight: CubeTensor,
}

impl Probe {
    fn new(like: &CubeTensor, case: &ProductCase, input: [usize; 4]) -> Self {
        let kernel = if case.is_point { 1 } else { 3 };
        let noise = |shape: [usize; 4]| {
            let mut random = ChaCha8Rng::seed_from_u64(0);
            let values: Vec<f32> = (0..shape.iter().product()).map(|_| random.random::<f32>() - 0.5).collect();
            CubeBackend::float_from_data(TensorData::new(values, shape), &like.device)
        };
        let weight = noise([input[1], input[1], kernel, kernel]);
        let ProductCase { product, precision, .. } = *case;
        Self { product, precision, geometry: ConvGeometry::same(kernel, 2), input: noise(input), weight }
    }

    fn run(&self, algorithm: Algorithm) -> CubeTensor {
        let (input, weight) = (self.input.clone(), self.weight.clone());
        match self.product {
            Product::Maps => algorithm::forward(algorithm, input, weight, self.geometry, self.precision),
            Product::Weights => {
                let grad = GpuOperand::scaled(input.clone(), self.precision);
                algorithm::weight_gradient(algorithm, input, weight, grad, self.geometry, self.precision)
            }
        }
    }

    /// Computes the products by a plan: output and input's gradient, which differ in the scale, or
    /// the weights' gradient.
    fn in_blocks(&self, plan: Plan) -> Vec<CubeTensor> {
        let (weight, geometry) = (&self.weight, self.geometry);
        let shape = ConvShape::new(dims(&self.input), dims(weight), geometry);
        let operand = GpuOperand::of(self.input.clone(), self.precision);
        let scaled = GpuOperand::scaled(self.input.clone(), self.precision);
        match self.product {
            Product::Maps => {
                let schedule = of_maps_by(&shape, plan);
                let weights = || GpuWeights::new(weight.clone());
                let by = |operand| implicit_gemm::forward_in(schedule, operand, weights(), geometry);
                vec![by(operand), by(scaled)]
            }
            Product::Weights => {
                let schedule = of_weights_by(&shape, plan);
                vec![implicit_gemm::weight_gradient_in(schedule, operand, dims(weight), scaled, geometry)]
            }
        }
    }

    /// Returns the plan that is for gradients of weights alone.
    fn folded(&self) -> Option<Plan> {
        (self.product == Product::Weights).then(Plan::folded)
    }

    /// Returns whether an algorithm, in blocks of every size, gives what im2col does.
    fn agrees(&self, algorithm: Algorithm) -> bool {
        let values = |output| block_on(CubeBackend::float_into_data(output)).ok()?.try_to_vec::<f32>().ok();
        let Some(wanted) = values(self.run(Algorithm::Im2col)) else { return false };
        let plans: Vec<Plan> = match algorithm.matrices() {
            Some(matrices) => Plan::by_matrices(matrices).collect(),
            None => Plan::by_units().chain(self.folded()).collect(),
        };
        let right = |ours| values(ours).is_some_and(|ours| agree(&ours, &wanted));
        plans.into_iter().flat_map(|plan| self.in_blocks(plan)).all(right)
    }
}

/// Returns whether two algorithms gave the same values, but for rounding.
fn agree(ours: &[f32], wanted: &[f32]) -> bool {
    let peak = wanted.iter().fold(0f32, |peak, value| peak.max(value.abs()));
    ours.len() == wanted.len() && ours.iter().zip(wanted).all(|(a, b)| (a - b).abs() <= 1e-4 * peak)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::atrous_conv2d::gpu::implicit_gemm::Matrices;
    use crate::ops::atrous_conv2d::gpu::operand::has_half;
    use crate::ops::gpu::tests::on_a_device;

    #[test]
    fn values_agree_but_for_rounding() {
        assert!(agree(&[1.0, -2.0], &[1.0, -2.0001]));
        assert!(!agree(&[1.0, -2.0], &[1.0, -2.1]));
        assert!(!agree(&[1.0, f32::NAN], &[1.0, 2.0]));
        assert!(!agree(&[1.0], &[1.0, 2.0]));
    }

    #[test]
    fn the_fastest_algorithm_is_taken_if_it_is_worth_it() {
        let matrices = Algorithm::Matrices(Matrices { size: [16, 16, 16], plane: 32 });
        let of = |im2col, own, others| {
            fastest(&[(Algorithm::Im2col, Some(im2col)), (Algorithm::ImplicitGemm, own), (matrices, others)])
        };
        assert_eq!(of(1.0, Some(0.95), Some(0.98)), Algorithm::Im2col);
        assert_eq!(of(1.0, Some(0.5), Some(0.6)), Algorithm::ImplicitGemm);
        assert_eq!(of(1.0, Some(0.5), Some(0.49)), Algorithm::ImplicitGemm);
        assert_eq!(of(1.0, Some(0.5), Some(0.4)), matrices);
        assert_eq!(of(1.0, None, Some(0.4)), matrices);
        assert_eq!(of(1.0, Some(0.5), Some(f64::INFINITY)), Algorithm::ImplicitGemm);
        assert_eq!(of(f64::INFINITY, None, None), Algorithm::Im2col);
    }

    /// What is measured on a GPU, in small.
    #[test]
    fn all_algorithms_of_all_products_agree() {
        on_a_device(|device| {
            let like = CubeBackend::float_from_data(TensorData::new(vec![0f32], [1]), device);
            let cases = [Product::Maps, Product::Weights].into_iter().flat_map(|product| {
                let of = move |precision| {
                    [false, true].map(|is_point| ProductCase { product, precision, is_point, adapter: "any".into() })
                };
                [of(Precision::Single), of(Precision::Mixed)].into_iter().flatten()
            });
            for case in cases.filter(|case| case.precision == Precision::Single || has_half(&like)) {
                let times = measured(&like, &case, [1, 20, 12, 16]);
                println!("{case:?}: {times:?}");
                let algorithms: Vec<Algorithm> = times.iter().map(|(algorithm, _)| *algorithm).collect();
                let own = [
                    Some(Algorithm::Im2col),
                    Some(Algorithm::ImplicitGemm),
                    Algorithm::by_matrices(&like, case.precision),
                ];
                assert_eq!(algorithms, own.into_iter().flatten().collect::<Vec<Algorithm>>(), "{case:?}");
                assert!(times.iter().all(|(_, time)| time.is_some_and(|it| it > 0.0 && it.is_finite())), "{times:?}");
            }
        });
    }
}
