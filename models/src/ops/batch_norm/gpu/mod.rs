//! The kernels of the GPU backend.
//!
//! Composed of burn's operations, a layer forward and back goes over its maps some forty times and
//! launches as many kernels; by these kernels it goes over them eight times, in six launches.

mod kernels;
#[cfg(test)]
mod tests;

use burn::backend::TensorMetadata;
use burn_wgpu::{CubeBackend, CubeTensor};

use super::BatchNormKernels;
use super::terms::{NormGradients, NormOptions, NormTerms, RunningStatistics};
use crate::ops::channel_affine::ChannelMap;
use crate::ops::channel_affine::gpu::per_channel;
use crate::ops::gpu::launch::{cubes, empty, input, output, units};
use crate::ops::gpu::maps::GpuMaps;

impl BatchNormKernels for CubeBackend {
    fn batch_norm_terms(
        values: &CubeTensor,
        [gamma, beta]: &[CubeTensor; 2],
        running: &RunningStatistics<Self>,
        options: NormOptions,
    ) -> Option<(NormTerms<Self>, RunningStatistics<Self>)> {
        let maps = GpuMaps::of(values)?;
        let (client, channels) = (&maps.input.client, maps.size[1]);
        let found = empty(&maps.input, [3, maps.parts(), channels]);
        let [mean, scale, inverse, new_mean, new_variance] = [(); 5].map(|()| maps.per_channel());
        let (read, moments) = (input(&maps.input), output(&found));
        let (cubes_of_parts, vector) = (maps.channels_and_parts(), maps.vector());
        kernels::statistics::launch(client, cubes_of_parts, units(), vector, read, moments, maps.sizes());
        kernels::terms::launch(
            client,
            cubes(channels),
            units(),
            input(&found),
            per_channel(gamma, channels),
            per_channel(&running.mean, channels),
            per_channel(&running.variance, channels),
            output(&mean),
            output(&scale),
            output(&inverse),
            output(&new_mean),
            output(&new_variance),
            maps.sizes(),
            options.epsilon as f32,
            options.momentum as f32,
        );
        let terms = NormTerms { map: ChannelMap { mean, scale, offset: beta.clone() }, inverse };
        Some((terms, RunningStatistics { mean: new_mean, variance: new_variance }))
    }

    fn batch_norm_gradient(
        values: &CubeTensor,
        output_grad: &CubeTensor,
        terms: &NormTerms<Self>,
        relu: bool,
    ) -> Option<NormGradients<Self>> {
        let maps = GpuMaps::of(values)?;
        assert_eq!(output_grad.shape(), values.shape(), "a gradient per value");
        let (client, channels) = (&maps.input.client, maps.size[1]);
        let map = &terms.map;
        let per_channel = |values| per_channel(values, channels);
        let sums = empty(&maps.input, [2, maps.parts(), channels]);
        let [gamma, beta] = [(); 2].map(|()| maps.per_channel());
        kernels::gradient_sums::launch(
            client,
            maps.channels_and_parts(),
            units(),
            maps.vector(),
            input(&maps.input),
            input(output_grad),
            per_channel(&map.mean),
            per_channel(&map.scale),
            per_channel(&map.offset),
            per_channel(&terms.inverse),
            output(&sums),
            maps.sizes(),
            relu,
        );
        let (sums, sizes) = (input(&sums), maps.sizes());
        kernels::gradient_totals::launch(client, cubes(channels), units(), sums, output(&gamma), output(&beta), sizes);
        let gradient = empty(&maps.input, maps.size);
        kernels::norm_gradient::launch(
            client,
            maps.pixels_and_planes(),
            units(),
            maps.vector(),
            input(&maps.input),
            input(output_grad),
            per_channel(&map.mean),
            per_channel(&map.scale),
            per_channel(&map.offset),
            per_channel(&terms.inverse),
            input(&gamma),
            input(&beta),
            output(&gradient),
            maps.sizes(),
            1.0 / maps.count() as f32,
            relu,
        );
        Some(NormGradients { input: gradient, gamma, beta })
    }
}
