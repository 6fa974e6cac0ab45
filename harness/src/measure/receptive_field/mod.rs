//! The effective receptive field: how much each pixel of the input moves one pixel of a map inside
//! of the network.
//!
//! Defined as in Kim et al., *Dead pixel test using effective receptive field*, Algorithm 1:
//! evaluation mode, one image at a time; F is the mean over the channels of the target map at one
//! pixel; the gradient of F with respect to the normalised image, mean over RGB; a ReLU per image;
//! the mean over the images; divided by its sum.

mod drawing;
#[cfg(test)]
mod golden;
mod image;
mod images;
mod numbers;
mod output;
mod squares;
mod subject;
mod taps;

pub use self::image::Image;
pub use images::ErfImages;
pub use numbers::{Numbers, ReachedShares};
pub use output::{Record, RecordedField, write_grid};
pub use squares::{SHARES, Square};
pub use subject::{Selection, Subject, of_sweep};
pub use taps::{BranchTaps, TapMass, Taps};

use anyhow::{Context, Result, bail, ensure};
use atrous_models::burn::tensor::activation::relu;
use atrous_models::burn::tensor::{Device, FloatDType, Tensor, TensorData};
use atrous_models::{DecodeHead, Layer, Segmentor};
use serde::Serialize;

/// What is differentiated, and what becomes of signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The target map.
    pub layer: Layer,
    /// One channel of it instead of the mean: a class of the logits.
    pub class: Option<usize>,
    /// Row and column **in the input** that the target pixel lies nearest to; the centre of the
    /// target map (height / 2, width / 2, rounded down) where it is `None`.
    pub pixel: Option<[usize; 2]>,
    pub rectify: Rectify,
    pub precision: ErfPrecision,
}

impl Default for Options {
    /// Mean of the logits at the centre, as published; in 32 bits, which every device has.
    fn default() -> Self {
        let (rectify, precision) = (Rectify::Gradient, ErfPrecision::Single);
        Options { layer: Layer::Logits, class: None, pixel: None, rectify, precision }
    }
}

/// What is computed in.
///
/// The gradient jumps where a ReLU sits at its edge. Among millions of activations there are some
/// whose side is decided by rounding to 32 bits, and each moves the map by up to about 1 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ErfPrecision {
    /// 32 bits: up to a few ReLUs fall on the wrong side, which moves the map by up to about 1 %
    Single,
    /// 64 bits: exact, slower and with twice the memory; on the CPU, and on GPUs that have them
    Double,
}

impl ErfPrecision {
    /// The most that the device computes in.
    pub fn most(device: &Device) -> Self {
        if device.supports_dtype(FloatDType::F64) { ErfPrecision::Double } else { ErfPrecision::Single }
    }

    fn dtype(self) -> FloatDType {
        match self {
            ErfPrecision::Single => FloatDType::F32,
            ErfPrecision::Double => FloatDType::F64,
        }
    }
}

/// What becomes of pixels that lower the target's value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Rectify {
    /// ReLU on each image's gradient, after the mean over RGB (Kim et al.)
    #[default]
    Gradient,
    /// ReLU on the activations before they are summed over the channels, and on the gradient of
    /// each colour (RepLKNet)
    Activation,
    /// Nothing is cut off: the absolute value of each image's gradient, after the mean over RGB
    Absolute,
}

/// A pixel of a target map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    /// Row and column in the target map.
    pub pixel: [usize; 2],
    /// Row and column in the input that the target pixel is centred on: those times the output
    /// stride. What the network convolves is padded by half a kernel, so the first pixel of each
    /// map lies on the first of the input.
    pub position: [usize; 2],
}

/// An effective receptive field.
#[derive(Clone, Debug)]
pub struct ReceptiveField {
    /// Height and width of the input.
    pub size: [usize; 2],
    /// height x width, row-major; none is negative, and their sum is 1.
    pub values: Vec<f64>,
    /// Images that it is the mean of.
    pub images: usize,
    /// The sum that it was divided by.
    pub sum: f64,
    pub target: Target,
    /// Atrous rates of the network.
    pub rates: Vec<usize>,
    /// Side of the input over the side of the target map.
    pub output_stride: usize,
}

/// The effective receptive field of a network, over images of one size. `device` is the network's;
/// [`ErfPrecision::Double`] is for one that has 64 bits ([`ErfPrecision::most`]).
///
/// # Errors
/// No images, images of different sizes, a layer, class or pixel that is not there, a gradient that
/// is not finite, and a map that is zero everywhere; and the errors of the images themselves.
pub fn map(
    network: &Segmentor,
    device: &Device,
    images: impl IntoIterator<Item = Result<Image>>,
    options: &Options,
) -> Result<ReceptiveField> {
    options.check(network)?;
    let mut constants = network.as_constants(options.precision.dtype());
    let mut images = images.into_iter();
    let first = images.next().context("there are no images to average over")??;
    let size = first.size();
    let target = options.target(size, network.output_stride)?;
    let mut sum = vec![0.0; size[0] * size[1]];
    let mut count = 0;
    for image in std::iter::once(Ok(first)).chain(images) {
        let image = image?;
        ensure!(image.size() == size, "images of {size:?} and {:?} have no mean: use one size", image.size());
        count += 1;
        let gradient = gradient(&mut constants, device, image, target.pixel, options);
        ensure!(gradient.iter().all(|value| value.is_finite()), "the gradient of image {count} is not finite");
        sum.iter_mut().zip(gradient).for_each(|(sum, value)| *sum += value);
    }
    let rates = network.decode_head.rates();
    ReceptiveField::mean(sum, count, size, target, rates, network.output_stride)
}

/// What one image adds to the map: height x width, not negative.
fn gradient(network: &mut Segmentor, device: &Device, image: Image, [y, x]: [usize; 2], options: &Options) -> Vec<f64> {
    let [height, width] = image.size();
    let input = TensorData::new(image.into_values(), [1, 3, height, width]);
    let input = Tensor::<4>::from_data(input, device).cast(options.precision.dtype()).autodiff().require_grad();
    let map = network.map(input.clone(), options.layer);
    let [_, channels, _, _] = map.dims();
    let channels = options.class.map_or(0..channels, |class| class..class + 1);
    let values = map.slice([0..1, channels, y..y + 1, x..x + 1]);
    let values = if options.rectify == Rectify::Activation { relu(values) } else { values };
    let gradients = values.mean().backward();
    let gradient = input.grad(&gradients).expect("the target depends on the input").into_data();
    let gradient: Vec<f64> = gradient.iter::<f64>().collect();
    let colours = |pixel: usize| [0, 1, 2].map(|colour| gradient[colour * height * width + pixel]);
    // Not f64::max: a NaN must stay one.
    let positive = |value: f64| if value < 0.0 { 0.0 } else { value };
    let rectified = |colours: [f64; 3]| match options.rectify {
        Rectify::Gradient => positive(colours.iter().sum::<f64>() / 3.0),
        Rectify::Activation => colours.map(positive).iter().sum::<f64>() / 3.0,
        Rectify::Absolute => (colours.iter().sum::<f64>() / 3.0).abs(),
    };
    (0..height * width).map(|pixel| rectified(colours(pixel))).collect()
}

impl Options {
    /// Whether the network has what is asked for.
    ///
    /// # Errors
    /// Names the layer or class.
    pub fn check(&self, network: &Segmentor) -> Result<()> {
        let layers = network.decode_head.layers();
        if !layers.contains(&self.layer) {
            let names = layers.iter().map(Layer::to_string).collect::<Vec<_>>().join(", ");
            bail!("the network has no layer {}: it has {names}", self.layer);
        }
        if let Some(class) = self.class {
            ensure!(self.layer == Layer::Logits, "a class is of the logits: {} has none", self.layer);
            let [classes, ..] = network.decode_head.classifier().weight.dims();
            ensure!(class < classes, "there is no class {class}: the network has {classes}, from 0");
        }
        Ok(())
    }

    /// The target pixel of an input of this size.
    ///
    /// # Errors
    /// A pixel that is not in the input.
    pub fn target(&self, size: [usize; 2], output_stride: usize) -> Result<Target> {
        let map = size.map(|side| side.div_ceil(output_stride));
        let pixel = match self.pixel {
            None => map.map(|side| side / 2),
            Some([y, x]) => {
                ensure!(y < size[0] && x < size[1], "pixel {y},{x} is not in an input of {}x{}", size[0], size[1]);
                let nearest = |at: usize, side: usize| ((at + output_stride / 2) / output_stride).min(side - 1);
                [nearest(y, map[0]), nearest(x, map[1])]
            }
        };
        Ok(Target { pixel, position: pixel.map(|at| at * output_stride) })
    }
}

impl ReceptiveField {
    /// From the sum over the images.
    fn mean(
        sum: Vec<f64>,
        images: usize,
        size: [usize; 2],
        target: Target,
        rates: Vec<usize>,
        output_stride: usize,
    ) -> Result<Self> {
        let total: f64 = sum.iter().sum();
        ensure!(
            total > 0.0,
            "the effective receptive field is zero everywhere: nothing in {images} images moves the target"
        );
        let values = sum.into_iter().map(|value| value / total).collect();
        Ok(ReceptiveField { size, values, images, sum: total / images as f64, target, rates, output_stride })
    }

    /// The largest value.
    pub fn peak(&self) -> f64 {
        self.values.iter().copied().fold(0.0, f64::max)
    }

    /// The map as an array of numpy: height x width, 32-bit floats.
    pub fn npy(&self) -> Vec<u8> {
        let values: Vec<f32> = self.values.iter().map(|value| *value as f32).collect();
        crate::support::npy::bytes(&self.size, &values)
    }
}

#[cfg(test)]
pub(crate) mod tests;
