//! The choice of an algorithm on a device: im2col and the runtime's matrix products, or kernels of
//! our own.
//!
//! Which of them is faster depends on the device, so all are timed when one is first used, once for
//! each kind of product. A kernel of our own that gives other values, or none, is not used there.
//! Software adapters serve tests, and take im2col.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use burn::tensor::DType;
use burn_wgpu::CubeTensor;

use super::algorithm::Algorithm;
use super::case::{Product, ProductCase};
use super::implicit_gemm;
use super::operand::has_half;
use super::probe::{Times, fastest, measured};
use super::request::{RequestedAlgorithm, VARIABLE, requested};
use crate::ops::atrous_conv2d::geometry::ConvShape;
use crate::precision::Precision;

/// Why an algorithm was taken.
#[derive(Clone, Debug, PartialEq)]
enum ChoiceReason {
    /// [`VARIABLE`] asks for it.
    Requested,
    Software,
    Measured(Times),
    /// Our own kernels gave an error or other values, or nothing yet: who loses the device over
    /// them finds this when it has another.
    Wrong,
}

/// A choice that was made in this process.
#[derive(Clone, Debug)]
struct Choice {
    case: ProductCase,
    algorithm: Algorithm,
    reason: ChoiceReason,
}

static CHOICES: Mutex<Vec<Choice>> = Mutex::new(Vec::new());

/// Returns the algorithm for a product of a convolution of this shape on the device of `input`.
///
/// # Panics
/// For mixed precision on a device that has no 16-bit floats
/// ([`DeviceInfo::half`](crate::device::DeviceInfo::half)).
pub fn algorithm(input: &CubeTensor, shape: &ConvShape, product: Product, precision: Precision) -> Algorithm {
    assert!(precision == Precision::Single || has_half(input), "mixed precision on a device without 16-bit floats");
    if input.dtype != DType::F32 || !implicit_gemm::fits(shape) || !implicit_gemm::is_for(input) {
        return Algorithm::Im2col;
    }
    let adapter = input.client.properties().identity.name.clone();
    let case = ProductCase { adapter, product, precision, is_point: shape.kernel == [1, 1] };
    let mut choices = CHOICES.lock().unwrap_or_else(PoisonError::into_inner);
    choose(&mut choices, case, |case| match requested() {
        Ok(Some(request)) => (by_request(request, input, precision), ChoiceReason::Requested),
        _ if is_software(input) => (Algorithm::Im2col, ChoiceReason::Software),
        _ => {
            // Large enough for the largest blocks.
            let times = measured(input, case, [2, 128, 128, 128]);
            (fastest(&times), ChoiceReason::Measured(times))
        }
    })
}

fn by_request(request: RequestedAlgorithm, like: &CubeTensor, precision: Precision) -> Algorithm {
    match request {
        RequestedAlgorithm::Im2col => Algorithm::Im2col,
        RequestedAlgorithm::ImplicitGemm => Algorithm::ImplicitGemm,
        RequestedAlgorithm::Matrices => Algorithm::by_matrices(like, precision).unwrap_or(Algorithm::ImplicitGemm),
    }
}

/// Returns what is chosen already, else what `decide` says: it is asked once, also where it panics.
fn choose(
    choices: &mut Vec<Choice>,
    case: ProductCase,
    decide: impl FnOnce(&ProductCase) -> (Algorithm, ChoiceReason),
) -> Algorithm {
    if let Some(known) = choices.iter().find(|choice| choice.case == case) {
        return known.algorithm;
    }
    let at = choices.len();
    choices.push(Choice { case: case.clone(), algorithm: Algorithm::Im2col, reason: ChoiceReason::Wrong });
    let (algorithm, reason) = decide(&case);
    choices[at] = Choice { case, algorithm, reason };
    algorithm
}

/// Returns what was chosen in this process, one after the other; empty where nothing was.
pub fn choices() -> String {
    let choices = CHOICES.lock().unwrap_or_else(PoisonError::into_inner);
    choices.iter().map(ToString::to_string).collect::<Vec<String>>().join("; ")
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kernel = if self.case.is_point { "1x1" } else { "3x3" };
        let product = match self.case.product {
            Product::Maps => "maps",
            Product::Weights => "weight gradients",
        };
        let precision = match self.case.precision {
            Precision::Single => "",
            Precision::Mixed => "mixed ",
        };
        write!(f, "{precision}{kernel} {product} by {}", self.algorithm)?;
        match &self.reason {
            ChoiceReason::Requested => write!(f, " ({VARIABLE})"),
            ChoiceReason::Software => write!(f, " (a software adapter)"),
            ChoiceReason::Wrong => write!(f, " (our own kernels gave an error or nothing)"),
            ChoiceReason::Measured(times) => {
                let times = times.iter().map(|(algorithm, time)| match time {
                    Some(time) => format!("{algorithm} {:.3} ms", 1e3 * time),
                    None => format!("{algorithm} gave an error or other values"),
                });
                write!(f, " ({})", times.collect::<Vec<String>>().join(", "))
            }
        }
    }
}

/// Returns whether there is no card behind the device.
fn is_software(tensor: &CubeTensor) -> bool {
    tensor.client.properties().identity.physical.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::atrous_conv2d::gpu::implicit_gemm::Matrices;
    use crate::ops::gpu::tests::on_a_device;
    use burn::backend::ops::FloatTensorOps;
    use burn::tensor::TensorData;
    use burn_wgpu::CubeBackend;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn example() -> ProductCase {
        let (product, precision) = (Product::Weights, Precision::Single);
        ProductCase { adapter: "any".into(), product, precision, is_point: false }
    }

    #[test]
    fn an_algorithm_is_chosen_once_and_one_that_panics_is_not_tried_again() {
        let case = |product| ProductCase { product, ..example() };
        let mut choices = Vec::new();
        let mut maps =
            |decide: fn(&ProductCase) -> (Algorithm, ChoiceReason)| choose(&mut choices, case(Product::Maps), decide);
        assert_eq!(maps(|_| (Algorithm::ImplicitGemm, ChoiceReason::Requested)), Algorithm::ImplicitGemm);
        assert_eq!(maps(|_| panic!("asked twice")), Algorithm::ImplicitGemm);
        let mut weights = |decide: fn(&ProductCase) -> (Algorithm, ChoiceReason)| {
            choose(&mut choices, case(Product::Weights), decide)
        };
        catch_unwind(AssertUnwindSafe(|| weights(|_| panic!("the device is lost")))).unwrap_err();
        assert_eq!(weights(|_| (Algorithm::ImplicitGemm, ChoiceReason::Requested)), Algorithm::Im2col);
    }

    #[test]
    fn a_software_adapter_takes_im2col_without_measuring() {
        on_a_device(|device| {
            let like = CubeBackend::float_from_data(TensorData::new(vec![0f32], [1]), device);
            // Of the device that the environment names for tests, nothing is known.
            assert!(is_software(&like) || std::env::var_os("ATROUS_TEST_DEVICE").is_some());
        });
    }

    #[test]
    fn a_choice_says_what_it_was_made_from() {
        let line = |algorithm, reason| Choice { case: example(), algorithm, reason }.to_string();
        let measured = line(
            Algorithm::ImplicitGemm,
            ChoiceReason::Measured(vec![(Algorithm::Im2col, Some(0.002)), (Algorithm::ImplicitGemm, Some(0.0005))]),
        );
        assert_eq!(measured, "3x3 weight gradients by tiles (columns 2.000 ms, tiles 0.500 ms)");
        let wrong = line(Algorithm::Im2col, ChoiceReason::Wrong);
        assert_eq!(wrong, "3x3 weight gradients by columns (our own kernels gave an error or nothing)");
        let other = line(
            Algorithm::Im2col,
            ChoiceReason::Measured(vec![(Algorithm::Im2col, Some(0.002)), (Algorithm::ImplicitGemm, None)]),
        );
        let text = "3x3 weight gradients by columns (columns 2.000 ms, tiles gave an error or other values)";
        assert_eq!(other, text);
        let case = ProductCase { precision: Precision::Mixed, product: Product::Maps, is_point: true, ..example() };
        let algorithm = Algorithm::Matrices(Matrices { size: [16, 16, 16], plane: 32 });
        let wanted = Choice { case, algorithm, reason: ChoiceReason::Requested }.to_string();
        assert_eq!(wanted, "mixed 1x1 maps by matrices (ATROUS_GPU_CONVOLUTION)");
    }
}
