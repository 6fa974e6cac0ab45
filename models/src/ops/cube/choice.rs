//! How convolutions are computed on a device: by copied columns and the runtime's matrix products, or by kernels of our own.
//!
//! Which of them is faster depends on the device, so all are timed when one is first used, once for each kind of product. A
//! kernel of our own that gives other values, or none, is not used there. Software adapters serve tests, and take columns.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use burn::backend::ops::FloatTensorOps;
use burn::tensor::{DType, TensorData};
use burn_cubecl::cubecl::future::block_on;
use burn_wgpu::{CubeBackend, CubeTensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::tiles::{Block, Plan};
use super::ways::{self, Way};
use super::weights::Weights;
use super::{convolution, half};
use crate::Precision;
use crate::kernels::conv::{ConvGeometry, ConvShape};
use crate::ops::kernels::dims;

/// The variable that says how to compute convolutions, in place of a measurement.
const VARIABLE: &str = "ATROUS_GPU_CONVOLUTION";

/// Times that our kernels must be faster to be taken: near one, noise would choose differently in every process.
const WORTH: f64 = 1.1;

/// What [`VARIABLE`] may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Columns,
    Tiles,
    /// Cooperative matrices for what is in mixed precision, tiles for all else.
    Matrices,
}

/// Products that take different times by different ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Product {
    /// The output, and the input's gradient.
    Maps,
    /// The gradient of the weights.
    Weights,
}

/// What a choice is made for, once in a process.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Case {
    /// By name: a device that was lost and opened again is the same one.
    adapter: String,
    product: Product,
    precision: Precision,
    /// A kernel of one tap, which needs no columns.
    is_point: bool,
}

/// Why a way was taken.
#[derive(Clone, Debug, PartialEq)]
enum Reason {
    /// [`VARIABLE`] asks for it.
    Wanted,
    Software,
    /// Seconds by each way; nothing for one that gave an error or other values.
    Measured(Vec<(Way, Option<f64>)>),
    /// Our own kernels gave an error or other values, or nothing yet: who loses the device over them finds this when it has another.
    Wrong,
}

#[derive(Clone, Debug)]
struct Choice {
    case: Case,
    way: Way,
    reason: Reason,
}

static CHOICES: Mutex<Vec<Choice>> = Mutex::new(Vec::new());

/// What [`VARIABLE`] asks for; nothing where it asks for a measurement.
///
/// # Errors
/// What it may say, where it says something else.
fn wanted(value: Option<&str>) -> Result<Option<Wish>, String> {
    match value {
        None | Some("" | "measured") => Ok(None),
        Some("columns") => Ok(Some(Wish::Columns)),
        Some("tiles") => Ok(Some(Wish::Tiles)),
        Some("matrices") => Ok(Some(Wish::Matrices)),
        Some(other) => Err(format!("{VARIABLE}={other} must be measured, columns, tiles or matrices")),
    }
}

/// The variable of this process.
///
/// # Errors
/// As [`wanted`].
pub(super) fn wanted_here() -> Result<Option<Wish>, String> {
    wanted(std::env::var_os(VARIABLE).map(|value| value.to_string_lossy().into_owned()).as_deref())
}

/// The way that a product of a convolution of this shape goes on the device of `input`.
///
/// # Panics
/// For mixed precision on a device that has no 16-bit floats ([`crate::DeviceInfo::half`]).
pub(super) fn way(input: &CubeTensor, shape: &ConvShape, product: Product, precision: Precision) -> Way {
    assert!(precision == Precision::Single || half::is_for(input), "mixed precision on a device without 16-bit floats");
    if input.dtype != DType::F32 || !convolution::fits(shape) || !convolution::is_for(input) {
        return Way::Columns;
    }
    let adapter = input.client.properties().identity.name.clone();
    let case = Case { adapter, product, precision, is_point: shape.kernel == [1, 1] };
    let mut choices = CHOICES.lock().unwrap_or_else(PoisonError::into_inner);
    choose(&mut choices, case, |case| match wanted_here() {
        Ok(Some(wish)) => (wished(wish, input, precision), Reason::Wanted),
        _ if is_software(input) => (Way::Columns, Reason::Software),
        // Large enough for the largest blocks.
        _ => measured(input, case, [2, 128, 128, 128]),
    })
}

/// Cooperative matrices, for a precision that has a use for them, on a device that has them.
fn by_matrices(like: &CubeTensor, precision: Precision) -> Option<Way> {
    let matrices = || convolution::matrices(like).map(Way::Matrices);
    if precision == Precision::Mixed { matrices() } else { None }
}

fn wished(wish: Wish, like: &CubeTensor, precision: Precision) -> Way {
    match wish {
        Wish::Columns => Way::Columns,
        Wish::Tiles => Way::Tiles,
        Wish::Matrices => by_matrices(like, precision).unwrap_or(Way::Tiles),
    }
}

/// What is chosen already, else what `decide` says: once, also where it panics.
fn choose(choices: &mut Vec<Choice>, case: Case, decide: impl FnOnce(&Case) -> (Way, Reason)) -> Way {
    if let Some(known) = choices.iter().find(|choice| choice.case == case) {
        return known.way;
    }
    let at = choices.len();
    choices.push(Choice { case: case.clone(), way: Way::Columns, reason: Reason::Wrong });
    let (way, reason) = decide(&case);
    choices[at] = Choice { case, way, reason };
    way
}

/// What was chosen in this process, one after the other; empty where nothing was.
pub(super) fn choices() -> String {
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
        write!(f, "{precision}{kernel} {product} by {}", self.way)?;
        match &self.reason {
            Reason::Wanted => write!(f, " ({VARIABLE})"),
            Reason::Software => write!(f, " (a software adapter)"),
            Reason::Wrong => write!(f, " (our own kernels gave an error or nothing)"),
            Reason::Measured(times) => {
                let times = times.iter().map(|(way, time)| match time {
                    Some(time) => format!("{way} {:.3} ms", 1e3 * time),
                    None => format!("{way} gave an error or other values"),
                });
                write!(f, " ({})", times.collect::<Vec<String>>().join(", "))
            }
        }
    }
}

/// Whether there is no card behind the device.
fn is_software(tensor: &CubeTensor) -> bool {
    tensor.client.properties().identity.physical.is_none()
}

/// All ways in turn, on a convolution of batch x channels x height x width.
fn measured(like: &CubeTensor, case: &Case, input: [usize; 4]) -> (Way, Reason) {
    let wait = || block_on(like.client.sync()).is_ok();
    let probe = Probe::new(like, case, input);
    let own = [Some(Way::Tiles), by_matrices(like, case.precision)].into_iter().flatten();
    let right = own.map(|way| (way, (probe.agrees(way) && wait()).then_some(f64::INFINITY)));
    let mut times: Vec<(Way, Option<f64>)> = [(Way::Columns, Some(f64::INFINITY))].into_iter().chain(right).collect();
    let time = |way: Way| {
        let start = Instant::now();
        for _ in 0..8 {
            probe.run(way);
        }
        if wait() { start.elapsed().as_secs_f64() / 8.0 } else { f64::INFINITY }
    };
    for _ in 0..3 {
        for (way, best) in &mut times {
            if let Some(best) = best {
                *best = best.min(time(*way));
            }
        }
    }
    (fastest(&times), Reason::Measured(times))
}

/// The first that no later one is clearly faster than.
fn fastest(times: &[(Way, Option<f64>)]) -> Way {
    let known = times.iter().filter_map(|(way, time)| Some((*way, (*time)?)));
    let first = (Way::Columns, f64::INFINITY);
    known.fold(first, |best, one| if one.1 * WORTH < best.1 { one } else { best }).0
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
    fn new(like: &CubeTensor, case: &Case, input: [usize; 4]) -> Self {
        let kernel = if case.is_point { 1 } else { 3 };
        let noise = |shape: [usize; 4]| {
            let mut random = ChaCha8Rng::seed_from_u64(0);
            let values: Vec<f32> = (0..shape.iter().product()).map(|_| random.random::<f32>() - 0.5).collect();
            CubeBackend::float_from_data(TensorData::new(values, shape), &like.device)
        };
        let weight = noise([input[1], input[1], kernel, kernel]);
        let Case { product, precision, .. } = *case;
        Self { product, precision, geometry: ConvGeometry::same(kernel, 2), input: noise(input), weight }
    }

    fn run(&self, way: Way) -> CubeTensor {
        let (input, weight) = (self.input.clone(), self.weight.clone());
        match self.product {
            Product::Maps => ways::forward(way, input, weight, self.geometry, self.precision),
            Product::Weights => {
                let grad = ways::scaled_side(input.clone(), self.precision);
                ways::weight_gradient(way, input, weight, grad, self.geometry, self.precision)
            }
        }
    }

    /// By a plan: output and input's gradient, which differ in the scale, or the weights' gradient.
    fn in_blocks(&self, plan: Plan) -> Vec<CubeTensor> {
        let (weight, geometry) = (&self.weight, self.geometry);
        let side = ways::side(self.input.clone(), self.precision);
        let scaled = ways::scaled_side(self.input.clone(), self.precision);
        match self.product {
            Product::Maps => {
                let by = |side| convolution::forward_in(plan, side, Weights::new(weight.clone()), geometry);
                vec![by(side), by(scaled)]
            }
            Product::Weights => {
                vec![convolution::weight_gradient_in(plan, side, dims(weight), scaled, geometry)]
            }
        }
    }

    /// Whether a way, in blocks of every size, gives what columns do.
    fn agrees(&self, way: Way) -> bool {
        let values = |output| block_on(CubeBackend::float_into_data(output)).ok()?.try_to_vec::<f32>().ok();
        let Some(wanted) = values(self.run(Way::Columns)) else { return false };
        let plans = Block::ALL.map(|block| Plan { block, matrices: way.matrices() });
        let right = |ours| values(ours).is_some_and(|ours| agree(&ours, &wanted));
        plans.into_iter().flat_map(|plan| self.in_blocks(plan)).all(right)
    }
}

/// Whether two ways gave the same values, but for rounding.
fn agree(ours: &[f32], wanted: &[f32]) -> bool {
    let peak = wanted.iter().fold(0f32, |peak, value| peak.max(value.abs()));
    ours.len() == wanted.len() && ours.iter().zip(wanted).all(|(a, b)| (a - b).abs() <= 1e-4 * peak)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::cube::tests::on_a_device;
    use crate::ops::cube::tiles::Matrices;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn example() -> Case {
        let (product, precision) = (Product::Weights, Precision::Single);
        Case { adapter: "any".into(), product, precision, is_point: false }
    }

    #[test]
    fn the_variable_says_how() {
        assert_eq!(wanted(None), Ok(None));
        assert_eq!(wanted(Some("measured")), Ok(None));
        assert_eq!(wanted(Some("tiles")), Ok(Some(Wish::Tiles)));
        assert_eq!(wanted(Some("columns")), Ok(Some(Wish::Columns)));
        assert_eq!(wanted(Some("matrices")), Ok(Some(Wish::Matrices)));
        let error = wanted(Some("tile")).unwrap_err();
        assert_eq!(error, "ATROUS_GPU_CONVOLUTION=tile must be measured, columns, tiles or matrices");
    }

    #[test]
    fn values_agree_but_for_rounding() {
        assert!(agree(&[1.0, -2.0], &[1.0, -2.0001]));
        assert!(!agree(&[1.0, -2.0], &[1.0, -2.1]));
        assert!(!agree(&[1.0, f32::NAN], &[1.0, 2.0]));
        assert!(!agree(&[1.0], &[1.0, 2.0]));
    }

    #[test]
    fn a_way_is_chosen_once_and_tiles_that_panic_are_not_tried_again() {
        let case = |product| Case { product, ..example() };
        let mut choices = Vec::new();
        let mut maps = |decide: fn(&Case) -> (Way, Reason)| choose(&mut choices, case(Product::Maps), decide);
        assert_eq!(maps(|_| (Way::Tiles, Reason::Wanted)), Way::Tiles);
        assert_eq!(maps(|_| panic!("asked twice")), Way::Tiles);
        let mut weights = |decide: fn(&Case) -> (Way, Reason)| choose(&mut choices, case(Product::Weights), decide);
        catch_unwind(AssertUnwindSafe(|| weights(|_| panic!("the device is lost")))).unwrap_err();
        assert_eq!(weights(|_| (Way::Tiles, Reason::Wanted)), Way::Columns);
    }

    #[test]
    fn a_software_adapter_takes_columns_without_measuring() {
        on_a_device(|device| {
            assert!(is_software(&CubeBackend::float_from_data(TensorData::new(vec![0f32], [1]), device)));
        });
    }

    #[test]
    fn the_fastest_way_is_taken_if_it_is_worth_it() {
        let matrices = Way::Matrices(Matrices { size: [16, 16, 16], plane: 32 });
        let of =
            |columns, tiles, others| fastest(&[(Way::Columns, Some(columns)), (Way::Tiles, tiles), (matrices, others)]);
        assert_eq!(of(1.0, Some(0.95), Some(0.98)), Way::Columns);
        assert_eq!(of(1.0, Some(0.5), Some(0.6)), Way::Tiles);
        assert_eq!(of(1.0, Some(0.5), Some(0.49)), Way::Tiles);
        assert_eq!(of(1.0, Some(0.5), Some(0.4)), matrices);
        assert_eq!(of(1.0, None, Some(0.4)), matrices);
        assert_eq!(of(1.0, Some(0.5), Some(f64::INFINITY)), Way::Tiles);
        assert_eq!(of(f64::INFINITY, None, None), Way::Columns);
    }

    /// What is measured on a GPU, in small.
    #[test]
    fn all_ways_of_all_products_agree() {
        on_a_device(|device| {
            let like = CubeBackend::float_from_data(TensorData::new(vec![0f32], [1]), device);
            let cases = [Product::Maps, Product::Weights].into_iter().flat_map(|product| {
                let of =
                    move |precision| [false, true].map(|is_point| Case { product, precision, is_point, ..example() });
                [of(Precision::Single), of(Precision::Mixed)].into_iter().flatten()
            });
            for case in cases.filter(|case| case.precision == Precision::Single || half::is_for(&like)) {
                let (way, reason) = measured(&like, &case, [1, 20, 12, 16]);
                println!("{}", Choice { case: case.clone(), way, reason: reason.clone() });
                let Reason::Measured(times) = reason else { panic!("{case:?}: {reason:?}") };
                let ways: Vec<Way> = times.iter().map(|(way, _)| *way).collect();
                let own = [Some(Way::Columns), Some(Way::Tiles), by_matrices(&like, case.precision)];
                assert_eq!(ways, own.into_iter().flatten().collect::<Vec<Way>>(), "{case:?}");
                assert!(times.iter().all(|(_, time)| time.is_some_and(|it| it > 0.0 && it.is_finite())), "{times:?}");
                assert_eq!(way, fastest(&times));
            }
        });
    }

    #[test]
    fn a_choice_says_what_it_was_made_from() {
        let line = |way, reason| Choice { case: example(), way, reason }.to_string();
        let measured =
            line(Way::Tiles, Reason::Measured(vec![(Way::Columns, Some(0.002)), (Way::Tiles, Some(0.0005))]));
        assert_eq!(measured, "3x3 weight gradients by tiles (columns 2.000 ms, tiles 0.500 ms)");
        let wrong = line(Way::Columns, Reason::Wrong);
        assert_eq!(wrong, "3x3 weight gradients by columns (our own kernels gave an error or nothing)");
        let other = line(Way::Columns, Reason::Measured(vec![(Way::Columns, Some(0.002)), (Way::Tiles, None)]));
        let text = "3x3 weight gradients by columns (columns 2.000 ms, tiles gave an error or other values)";
        assert_eq!(other, text);
        let case = Case { precision: Precision::Mixed, product: Product::Maps, is_point: true, ..example() };
        let way = Way::Matrices(Matrices { size: [16, 16, 16], plane: 32 });
        let wanted = Choice { case, way, reason: Reason::Wanted }.to_string();
        assert_eq!(wanted, "mixed 1x1 maps by matrices (ATROUS_GPU_CONVOLUTION)");
    }
}
