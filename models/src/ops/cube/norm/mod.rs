//! Batch norm with the ReLU behind it, and its gradients.
//!
//! Composed of burn's operations, a layer forward and back goes over its maps some forty times and launches as many kernels; by kernels
//! of our own it goes over them eight times, in six launches.

mod kernels;

use burn::backend::TensorMetadata;
use burn::backend::tensor::FloatTensor;
use burn::tensor::DType;
use burn_cubecl::cubecl::prelude::{CubeCount, CubeDim};
use burn_cubecl::kernel::into_contiguous;
use burn_wgpu::{CubeBackend, CubeTensor};

use self::kernels::{
    SizesLaunch, affine, affine_gradient, gradient_sums, gradient_totals, norm_gradient, statistics, terms,
};
use super::launch::{BUSY, MOST, UNITS, empty, takes};
use crate::kernels::norm::NormOptions;
use crate::ops::kernels::{ChannelMap, NormTerms, Running, dims};

type Map = ChannelMap<CubeBackend>;

/// Tensors of the largest kernel, and what the runtime adds.
const BINDINGS: u32 = 10;
/// Three values of each unit of a workgroup.
const SHARED_BYTES: usize = 3 * 4 * UNITS;

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
        SizesLaunch::new(batch as u32, channels as u32, (height * width) as u32, self.split() as u32)
    }

    /// Parts that sums over an image are made in.
    fn split(&self) -> usize {
        let [batch, channels, height, width] = self.size;
        BUSY.div_ceil(batch * channels).min((height * width).div_ceil(4 * UNITS)).max(1)
    }

    /// Parts that sums over all images are made in.
    fn parts(&self) -> usize {
        self.size[0] * self.split()
    }

    fn channels_and_parts(&self) -> CubeCount {
        CubeCount::Static(self.size[1] as u32, self.parts() as u32, 1)
    }

    fn channels(&self) -> CubeCount {
        CubeCount::Static(self.size[1] as u32, 1, 1)
    }

    fn pixels_and_planes(&self) -> CubeCount {
        let [batch, channels, height, width] = self.size;
        CubeCount::Static((height * width).div_ceil(UNITS) as u32, (batch * channels) as u32, 1)
    }

    /// Values per channel.
    fn count(&self) -> usize {
        self.size[0] * self.size[2] * self.size[3]
    }

    /// A value per channel, not written yet.
    fn per_channel(&self) -> CubeTensor {
        empty(&self.input, [self.size[1]])
    }
}

/// See [`Kernels::norm_terms`](crate::ops::Kernels::norm_terms).
pub(super) fn norm_terms(
    input: FloatTensor<CubeBackend>,
    [gamma, beta]: [FloatTensor<CubeBackend>; 2],
    running: Running<CubeBackend>,
    options: NormOptions,
) -> (NormTerms<CubeBackend>, Running<CubeBackend>) {
    let maps = Maps::new(input);
    let channels = maps.size[1];
    let [gamma, old_mean, old_variance] =
        [gamma, running.mean, running.variance].map(|values| per_channel(values, channels));
    let found = empty(&maps.input, [3, maps.parts(), channels]);
    let [mean, scale, inverse, new_mean, new_variance] = [(); 5].map(|()| maps.per_channel());
    // SAFETY: the kernels read and write where the sizes say, which are those of the maps; `found` has three values per channel and
    // part, the others have one per channel. All are contiguous.
    #[allow(unsafe_code)]
    unsafe {
        statistics::launch_unchecked(
            &maps.input.client,
            maps.channels_and_parts(),
            CubeDim::new_1d(UNITS as u32),
            maps.input.clone().into_buffer_arg(),
            found.clone().into_buffer_arg(),
            maps.sizes(),
        );
        terms::launch_unchecked(
            &maps.input.client,
            maps.channels(),
            CubeDim::new_1d(UNITS as u32),
            found.into_buffer_arg(),
            gamma.into_buffer_arg(),
            old_mean.into_buffer_arg(),
            old_variance.into_buffer_arg(),
            mean.clone().into_buffer_arg(),
            scale.clone().into_buffer_arg(),
            inverse.clone().into_buffer_arg(),
            new_mean.clone().into_buffer_arg(),
            new_variance.clone().into_buffer_arg(),
            maps.sizes(),
            options.epsilon as f32,
            options.momentum as f32,
        );
    }
    let terms = NormTerms { map: ChannelMap { mean, scale, offset: beta }, inverse };
    (terms, Running { mean: new_mean, variance: new_variance })
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
    // SAFETY: as in `norm_terms`.
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
    // SAFETY: as in `norm_terms`.
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
    let channels = maps.size[1];
    let [mean, scale, offset] = map_terms(terms.map, channels);
    let inverse = per_channel(terms.inverse, channels);
    let sums = empty(&maps.input, [2, maps.parts(), channels]);
    let [gamma, beta] = [(); 2].map(|()| maps.per_channel());
    // SAFETY: as in `norm_terms`; `sums` has two values per channel and part.
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
            relu,
        );
        gradient_totals::launch_unchecked(
            &maps.input.client,
            maps.channels(),
            CubeDim::new_1d(UNITS as u32),
            sums.into_buffer_arg(),
            gamma.clone().into_buffer_arg(),
            beta.clone().into_buffer_arg(),
            maps.sizes(),
        );
    }
    let output = empty(&maps.input, maps.size);
    // SAFETY: as in `norm_terms`.
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
