//! What the products of the timed networks take on a device, by each algorithm.

use std::collections::BTreeSet;
use std::sync::Mutex;

use burn::backend::ops::FloatTensorOps;
use burn::tensor::DType;
use burn_cubecl::cubecl::future::block_on;
use burn_wgpu::{CubeBackend, CubeTensor};

use super::algorithm::{self, Algorithm};
use super::implicit_gemm::timed_networks;
use super::operand::{GpuOperand, has_half};
use crate::ops::atrous_conv2d::geometry::ConvShape;
use crate::ops::gpu::tests::{of_shape, on_a_device};
use crate::precision::Precision;

/// Runs whose shortest time counts, after one that compiles.
const RUNS: usize = 3;

/// Returns the seconds that a product takes on the device, by its own clock where it has one;
/// nothing where it fails.
fn seconds(like: &CubeTensor, product: &(dyn Fn() -> CubeTensor + Sync)) -> Option<f64> {
    let once = || {
        // A closure that is sent to the device's thread holds on to no references.
        let result = Mutex::new(None);
        let run = || {
            *result.lock().unwrap() = Some(product());
        };
        let (_, duration) = like.client.profile(run, "product").ok()?;
        Some(block_on(duration.into_future())?.duration().as_secs_f64())
    };
    once()?;
    (0..RUNS).map(|_| once()).try_fold(f64::INFINITY, |best, time| Some(best.min(time?)))
}

/// Prints a table: each shape x product x algorithm, in milliseconds and in multiply-adds. For a
/// GPU: `ATROUS_TEST_DEVICE=wgpu ... -- --ignored --nocapture times_of_products`. On software
/// adapters, the networks are small ones.
#[test]
#[ignore = "takes minutes, and says something on a GPU alone"]
fn times_of_products() {
    on_a_device(|device| {
        let like = of_shape([1, 1, 1, 1], device);
        let is_software = like.client.properties().identity.physical.is_none();
        println!("| network | input | kernel | product | precision | algorithm | ms | T multiply-adds/s |");
        println!("|---|---|---|---|---|---|---|---|");
        for (name, network, [batch, height, width]) in timed_networks(is_software) {
            let costs = network.costs([height, width]);
            let shapes: BTreeSet<ConvShape> = costs.iter().map(|cost| ConvShape { batch, ..cost.shape }).collect();
            for shape in shapes {
                for precision in [Precision::Single, Precision::Mixed] {
                    if precision == Precision::Single || has_half(&like) {
                        time_shape(name, &shape, precision, &like);
                    }
                }
            }
        }
    });
}

fn time_shape(network: &str, shape: &ConvShape, precision: Precision, like: &CubeTensor) {
    let ConvShape { batch, channels: [channels_in, channels_out], input, kernel, geometry } = *shape;
    let [height, width] = shape.output();
    let ones = |size: [usize; 4]| CubeBackend::float_ones(size.into(), &like.device, DType::F32.into());
    let map = ones([batch, channels_in, input[0], input[1]]);
    let weight = ones([channels_out, channels_in, kernel[0], kernel[1]]);
    let grad = ones([batch, channels_out, height, width]);
    let algorithms = [Some(Algorithm::Im2col), Some(Algorithm::ImplicitGemm), Algorithm::by_matrices(like, precision)];
    let counted = (batch * height * width * channels_in * channels_out * shape.taps()) as f64;
    for algorithm in algorithms.into_iter().flatten() {
        let (x, w) = (|| map.clone(), || weight.clone());
        let g = || GpuOperand::scaled(grad.clone(), precision);
        let products: [(&str, &(dyn Fn() -> CubeTensor + Sync)); 3] = [
            ("output", &|| algorithm::forward(algorithm, x(), w(), geometry, precision)),
            ("input's gradient", &|| algorithm::input_gradient(algorithm, x(), w(), g(), geometry, precision)),
            ("weights' gradient", &|| algorithm::weight_gradient(algorithm, x(), w(), g(), geometry, precision)),
        ];
        for (name, product) in products {
            let [rows, columns] = kernel;
            let what = format!(
                "| {network} | {batch} x {channels_in} x {} x {} | {channels_out} x {rows} x {columns}, stride {}, \
                 rate {} | {name} | {precision} | {algorithm} |",
                input[0], input[1], geometry.stride, geometry.dilation
            );
            match seconds(like, product) {
                Some(time) => println!("{what} {:.3} | {:.2} |", 1e3 * time, counted / time / 1e12),
                None => println!("{what} failed | |"),
            }
        }
    }
}
