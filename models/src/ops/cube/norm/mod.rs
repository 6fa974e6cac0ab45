//! Batch norm with the ReLU behind it, and its gradients.
//!
//! Composed of burn's operations, a layer forward and back goes over its maps some forty times; by kernels of our own it is nine.

mod kernels;

use burn::backend::TensorMetadata;
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::tensor::{DType, Shape};
use burn_cubecl::cubecl::prelude::{CubeCount, CubeDim};
use burn_cubecl::kernel::into_contiguous;
use burn_wgpu::{CubeBackend, CubeTensor};

use self::kernels::{SizesLaunch, UNITS, affine, affine_gradient, gradient_sums, norm_gradient, sums};
use super::launch::{BUSY, MOST, empty, takes};
use crate::ops::kernels::{ChannelMap, NormTerms, dims};

type Map = ChannelMap<CubeBackend>;

/// Tensors of the largest kernel, and what the runtime adds.
const BINDINGS: u32 = 10;
/// Two sums of a workgroup.
const SHARED_BYTES: usize = 2 * 4 * UNITS;

/// Whether the kernels can count the values of these maps and are for their type, and the device takes their workgroups.
pub(super) fn fits(input: &CubeTensor) -> bool {
    let [batch, channels, height, width] = dims(input);
    let pixels = height * width;
    let (planes, values) = (batch * channels, batch * channels * pixels);
    let counts = values > 0 && values <= i32::MAX as usize && planes <= MOST && pixels.div_ceil(UNITS) <= MOST;
    counts && input.dtype == DType::F32 && takes(input, UNITS, BINDINGS, SHARED_BYTES)
}

/// Maps on the device, as they are launched on.
struct Maps {
    input: CubeTensor,
    size: [usize; 4],
}

impl Maps {
    fn new(input: FloatTensor<CubeBackend>) -> Self {
        let size = dims(&input);
        Self { input: into_contiguous(input), size }
    }

    /// Their gradient, which is of the same size.
    fn alike(&self, output_grad: CubeTensor) -> CubeTensor {
        assert_eq!(dims(&output_grad), self.size, "a gradient per value");
        into_contiguous(output_grad)
    }

    fn sizes(&self) -> SizesLaunch {
        let [batch, channels, height, width] = self.size;
        SizesLaunch::new(batch as u32, channels as u32, (height * width) as u32)
    }

    /// Values per channel.
    fn count(&self) -> usize {
        self.size[0] * self.size[2] * self.size[3]
    }

    /// Parts that sums are made in.
    fn parts(&self) -> usize {
        BUSY.div_ceil(self.size[1]).min(self.count().div_ceil(4 * UNITS)).max(1)
    }

    fn channels_and_parts(&self) -> CubeCount {
        CubeCount::Static(self.size[1] as u32, self.parts() as u32, 1)
    }

    fn pixels_and_planes(&self) -> CubeCount {
        let [batch, channels, height, width] = self.size;
        CubeCount::Static((height * width).div_ceil(UNITS) as u32, (batch * channels) as u32, 1)
    }

    /// Mean of the values, or of their squared distances from `centre`.
    fn mean(&self, centre: Option<CubeTensor>) -> CubeTensor {
        let output = empty(&self.input, [self.parts(), self.size[1]]);
        let squared = centre.is_some();
        let centre = centre.unwrap_or_else(|| self.input.clone());
        // SAFETY: the kernels read and write where the sizes say, which are those of the maps; the others have a
        // value per channel (here: and part). All are contiguous.
        #[allow(unsafe_code)]
        unsafe {
            sums::launch_unchecked(
                &self.input.client,
                self.channels_and_parts(),
                CubeDim::new_1d(UNITS as u32),
                self.input.clone().into_buffer_arg(),
                centre.into_buffer_arg(),
                output.clone().into_buffer_arg(),
                self.sizes(),
                self.parts() as u32,
                squared,
            );
        }
        let mean =
            CubeBackend::float_mul_scalar(CubeBackend::float_sum_dim(output, 0), (1.0 / self.count() as f64).into());
        CubeBackend::float_reshape(mean, Shape::from([self.size[1]]))
    }
}

/// See [`Kernels::channel_statistics`](crate::ops::Kernels::channel_statistics).
pub(super) fn statistics(input: FloatTensor<CubeBackend>) -> (FloatTensor<CubeBackend>, FloatTensor<CubeBackend>) {
    let maps = Maps::new(input);
    let mean = maps.mean(None);
    let variance = maps.mean(Some(mean.clone()));
    (mean, variance)
}

fn per_channel(values: CubeTensor, channels: usize) -> CubeTensor {
    assert_eq!(values.shape().num_elements(), channels, "a value per channel");
    into_contiguous(values)
}

fn map_terms(map: Map, channels: usize) -> [CubeTensor; 3] {
    [map.mean, map.scale, map.offset].map(|values| per_channel(values, channels))
}

/// See [`Kernels::channel_affine`](crate::ops::Kernels::channel_affine).
pub(super) fn channel_affine(input: FloatTensor<CubeBackend>, map: Map, relu: bool) -> FloatTensor<CubeBackend> {
    let maps = Maps::new(input);
    let output = empty(&maps.input, maps.size);
    let [mean, scale, offset] = map_terms(map, maps.size[1]);
    // SAFETY: as in `Maps::mean`.
    #[allow(unsafe_code)]
    unsafe {
        affine::launch_unchecked(
            &maps.input.client,
            maps.pixels_and_planes(),
            CubeDim::new_1d(UNITS as u32),
            maps.input.clone().into_buffer_arg(),
            mean.into_buffer_arg(),
            scale.into_buffer_arg(),
            offset.into_buffer_arg(),
            output.clone().into_buffer_arg(),
            maps.sizes(),
            relu,
        );
    }
    output
}

/// See [`Kernels::channel_affine_gradient`](crate::ops::Kernels::channel_affine_gradient).
pub(super) fn channel_affine_gradient(
    input: FloatTensor<CubeBackend>,
    output_grad: FloatTensor<CubeBackend>,
    map: Map,
    relu: bool,
) -> FloatTensor<CubeBackend> {
    let maps = Maps::new(input);
    let grad = maps.alike(output_grad);
    let output = empty(&maps.input, maps.size);
    let [mean, scale, offset] = map_terms(map, maps.size[1]);
    // SAFETY: as in `Maps::mean`.
    #[allow(unsafe_code)]
    unsafe {
        affine_gradient::launch_unchecked(
            &maps.input.client,
            maps.pixels_and_planes(),
            CubeDim::new_1d(UNITS as u32),
            maps.input.clone().into_buffer_arg(),
            grad.into_buffer_arg(),
            mean.into_buffer_arg(),
            scale.into_buffer_arg(),
            offset.into_buffer_arg(),
            output.clone().into_buffer_arg(),
            maps.sizes(),
            relu,
        );
    }
    output
}

/// See [`Kernels::batch_norm_gradient`](crate::ops::Kernels::batch_norm_gradient).
pub(super) fn batch_norm_gradient(
    input: FloatTensor<CubeBackend>,
    output_grad: FloatTensor<CubeBackend>,
    terms: NormTerms<CubeBackend>,
    relu: bool,
) -> (FloatTensor<CubeBackend>, FloatTensor<CubeBackend>, FloatTensor<CubeBackend>) {
    let maps = Maps::new(input);
    let grad = maps.alike(output_grad);
    let (channels, parts) = (maps.size[1], maps.parts());
    let [mean, scale, offset] = map_terms(terms.map, channels);
    let inverse = per_channel(terms.inverse, channels);
    let sums = empty(&maps.input, [2, parts, channels]);
    // SAFETY: as in `Maps::mean`; `sums` has two values per channel and part.
    #[allow(unsafe_code)]
    unsafe {
        gradient_sums::launch_unchecked(
            &maps.input.client,
            maps.channels_and_parts(),
            CubeDim::new_1d(UNITS as u32),
            maps.input.clone().into_buffer_arg(),
            grad.clone().into_buffer_arg(),
            mean.clone().into_buffer_arg(),
            scale.clone().into_buffer_arg(),
            offset.clone().into_buffer_arg(),
            inverse.clone().into_buffer_arg(),
            sums.clone().into_buffer_arg(),
            maps.sizes(),
            parts as u32,
            relu,
        );
    }
    let sums = CubeBackend::float_sum_dim(sums, 1);
    let one = |which: usize| {
        let row = CubeBackend::float_slice(sums.clone(), &[(which..which + 1).into()]);
        into_contiguous(CubeBackend::float_reshape(row, Shape::from([channels])))
    };
    let (gamma, beta) = (one(0), one(1));
    let output = empty(&maps.input, maps.size);
    // SAFETY: as in `Maps::mean`.
    #[allow(unsafe_code)]
    unsafe {
        norm_gradient::launch_unchecked(
            &maps.input.client,
            maps.pixels_and_planes(),
            CubeDim::new_1d(UNITS as u32),
            maps.input.clone().into_buffer_arg(),
            grad.into_buffer_arg(),
            mean.into_buffer_arg(),
            scale.into_buffer_arg(),
            offset.into_buffer_arg(),
            inverse.into_buffer_arg(),
            gamma.clone().into_buffer_arg(),
            beta.clone().into_buffer_arg(),
            output.clone().into_buffer_arg(),
            maps.sizes(),
            1.0 / maps.count() as f32,
            relu,
        );
    }
    (output, gamma, beta)
}
