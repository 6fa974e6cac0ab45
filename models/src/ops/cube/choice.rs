//! How convolutions are computed on a device: by copied columns and the runtime's matrix products, or by kernels of our own.
//!
//! Which of them is faster depends on the device, so both are timed when one is first used, once for each kind of product. A
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

use super::convolution::{self, Block};
use crate::kernels::conv::{ConvGeometry, ConvShape};
use crate::ops::columns;
use crate::ops::kernels::dims;

/// The variable that says how to compute convolutions, in place of a measurement.
const VARIABLE: &str = "ATROUS_GPU_CONVOLUTION";

/// Times that our kernels must be faster to be taken: near one, noise would choose differently in every process.
const WORTH: f64 = 1.1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Columns,
    Tiles,
}

/// Products that take different times by the two ways.
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
    /// A kernel of one tap, which needs no columns.
    is_point: bool,
}

/// Why a way was taken.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reason {
    /// [`VARIABLE`] asks for it.
    Wanted,
    Software,
    /// Seconds by columns and by tiles.
    Measured([f64; 2]),
    /// Tiles gave an error or other values, or nothing yet: who loses the device over them finds this when it has another.
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
fn wanted(value: Option<&str>) -> Result<Option<Way>, String> {
    match value {
        None | Some("" | "measured") => Ok(None),
        Some("columns") => Ok(Some(Way::Columns)),
        Some("tiles") => Ok(Some(Way::Tiles)),
        Some(other) => Err(format!("{VARIABLE}={other} must be measured, columns or tiles")),
    }
}

/// The variable of this process.
///
/// # Errors
/// As [`wanted`].
pub(super) fn wanted_here() -> Result<Option<Way>, String> {
    wanted(std::env::var_os(VARIABLE).map(|value| value.to_string_lossy().into_owned()).as_deref())
}

/// The way that a product of a convolution of this shape goes on the device of `input`.
pub(super) fn way(input: &CubeTensor, shape: &ConvShape, product: Product) -> Way {
    if input.dtype != DType::F32 || !convolution::fits(shape) || !convolution::is_for(input) {
        return Way::Columns;
    }
    let adapter = input.client.properties().identity.name.clone();
    let case = Case { adapter, product, is_point: shape.kernel == [1, 1] };
    let mut choices = CHOICES.lock().unwrap_or_else(PoisonError::into_inner);
    choose(&mut choices, case, |case| match wanted_here() {
        Ok(Some(way)) => (way, Reason::Wanted),
        _ if is_software(input) => (Way::Columns, Reason::Software),
        // Large enough for the largest blocks.
        _ => measured(input, case, [2, 128, 128, 128]),
    })
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
        let way = match self.way {
            Way::Columns => "columns",
            Way::Tiles => "tiles",
        };
        write!(f, "{kernel} {product} by {way}")?;
        match self.reason {
            Reason::Wanted => write!(f, " ({VARIABLE})"),
            Reason::Software => write!(f, " (a software adapter)"),
            Reason::Wrong => write!(f, " (tiles gave an error or other values)"),
            Reason::Measured([columns, tiles]) => {
                write!(f, " (columns {:.3} ms, tiles {:.3} ms)", 1e3 * columns, 1e3 * tiles)
            }
        }
    }
}

/// Whether there is no card behind the device.
fn is_software(tensor: &CubeTensor) -> bool {
    tensor.client.properties().identity.physical.is_none()
}

/// Both ways in turn, on a convolution of batch x channels x height x width.
fn measured(like: &CubeTensor, case: &Case, input: [usize; 4]) -> (Way, Reason) {
    let wait = || block_on(like.client.sync()).is_ok();
    let probe = Probe::new(like, case, input);
    if !probe.agrees() || !wait() {
        return (Way::Columns, Reason::Wrong);
    }
    let time = |way: Way| {
        let start = Instant::now();
        for _ in 0..8 {
            probe.run(way);
        }
        if wait() { start.elapsed().as_secs_f64() / 8.0 } else { f64::INFINITY }
    };
    let mut best = [f64::INFINITY; 2];
    for _ in 0..3 {
        for (best, way) in best.iter_mut().zip([Way::Columns, Way::Tiles]) {
            *best = best.min(time(way));
        }
    }
    let [columns, tiles] = best;
    let way = if tiles * WORTH < columns { Way::Tiles } else { Way::Columns };
    (way, Reason::Measured(best))
}

/// A convolution with as many channels as it has inputs, on noise.
struct Probe {
    product: Product,
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
        Self { product: case.product, geometry: ConvGeometry::same(kernel, 2), input: noise(input), weight }
    }

    fn run(&self, way: Way) -> CubeTensor {
        let (input, weight) = (self.input.clone(), self.weight.clone());
        let grad = self.input.clone();
        match (self.product, way) {
            (Product::Maps, Way::Columns) => columns::forward::<CubeBackend>(input, weight, self.geometry),
            (Product::Maps, Way::Tiles) => convolution::forward(input, weight, self.geometry),
            (Product::Weights, Way::Columns) => {
                columns::weight_gradient::<CubeBackend>(input, weight, grad, self.geometry)
            }
            (Product::Weights, Way::Tiles) => convolution::weight_gradient(input, weight, grad, self.geometry),
        }
    }

    fn in_blocks(&self, block: Block) -> CubeTensor {
        let (input, weight, geometry) = (self.input.clone(), self.weight.clone(), self.geometry);
        match self.product {
            Product::Maps => convolution::forward_in(block, input, weight, geometry),
            Product::Weights => convolution::weight_gradient_in(block, input.clone(), dims(&weight), input, geometry),
        }
    }

    /// Whether tiles of every size give what columns do.
    fn agrees(&self) -> bool {
        let values = |output| block_on(CubeBackend::float_into_data(output)).ok()?.try_to_vec::<f32>().ok();
        let Some(wanted) = values(self.run(Way::Columns)) else { return false };
        Block::ALL.iter().all(|block| values(self.in_blocks(*block)).is_some_and(|ours| agree(&ours, &wanted)))
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
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn the_variable_says_how() {
        assert_eq!(wanted(None), Ok(None));
        assert_eq!(wanted(Some("measured")), Ok(None));
        assert_eq!(wanted(Some("tiles")), Ok(Some(Way::Tiles)));
        assert_eq!(wanted(Some("columns")), Ok(Some(Way::Columns)));
        let error = wanted(Some("tile")).unwrap_err();
        assert_eq!(error, "ATROUS_GPU_CONVOLUTION=tile must be measured, columns or tiles");
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
        let case = |product| Case { adapter: "any".into(), product, is_point: false };
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

    /// What is measured on a GPU, in small.
    #[test]
    fn both_ways_of_all_four_products_agree() {
        on_a_device(|device| {
            let like = CubeBackend::float_from_data(TensorData::new(vec![0f32], [1]), device);
            for (product, is_point) in
                [Product::Maps, Product::Weights].into_iter().flat_map(|product| [(product, false), (product, true)])
            {
                let case = Case { adapter: "any".into(), product, is_point };
                assert!(Probe::new(&like, &case, [1, 20, 12, 16]).agrees(), "{case:?}");
                let (way, reason) = measured(&like, &case, [1, 20, 12, 16]);
                let Reason::Measured([columns, tiles]) = reason else { panic!("{case:?}: {reason:?}") };
                assert!(columns > 0.0 && tiles > 0.0 && columns.is_finite() && tiles.is_finite(), "{reason:?}");
                assert_eq!(way == Way::Tiles, tiles * WORTH < columns);
            }
        });
    }

    #[test]
    fn a_choice_says_what_it_was_made_from() {
        let case = Case { adapter: "any".into(), product: Product::Weights, is_point: false };
        let line = |way, reason| Choice { case: case.clone(), way, reason }.to_string();
        let measured = line(Way::Tiles, Reason::Measured([0.002, 0.0005]));
        assert_eq!(measured, "3x3 weight gradients by tiles (columns 2.000 ms, tiles 0.500 ms)");
        let wrong = line(Way::Columns, Reason::Wrong);
        assert_eq!(wrong, "3x3 weight gradients by columns (tiles gave an error or other values)");
    }
}
