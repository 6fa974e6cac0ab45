//! What launches take on a device, and the products of the timed networks by each algorithm.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use burn::backend::ops::FloatTensorOps;
use burn::tensor::DType;
use burn_cubecl::cubecl::future::block_on;
use burn_wgpu::{CubeBackend, CubeTensor};

use super::super::algorithm::{self, Algorithm};
use super::super::implicit_gemm::timed_networks;
use super::super::operand::{GpuOperand, has_half};
use crate::ops::add_relu::AddReluKernels;
use crate::ops::atrous_conv2d::geometry::ConvShape;
use crate::ops::gpu::tests::{of_shape, on_a_device};
use crate::precision::Precision;

/// Runs whose mean time is that of one, after one that compiles.
const RUNS: usize = 3;

/// Returns the seconds that a product takes on the device, by its own clock where it has one;
/// nothing where it fails.
fn seconds(like: &CubeTensor, product: &(dyn Fn() -> CubeTensor + Sync)) -> Option<f64> {
    drop(product());
    block_on(like.client.sync()).ok()?;
    let run = || (0..RUNS).for_each(|_| drop(product()));
    let (_, duration) = like.client.profile(run, "product").ok()?;
    Some(block_on(duration.into_future())?.duration().as_secs_f64() / RUNS as f64)
}

/// Launches whose mean time is that of one.
const LAUNCHES: usize = 2000;

/// Prints what it takes to launch a kernel that computes next to nothing: for the processor, and
/// until the device has done it.
#[test]
#[ignore = "says something on a GPU alone"]
fn times_of_launches() {
    on_a_device(|device| {
        let [a, b] = [0, 1].map(|_| of_shape([1, 1, 2, 2], device));
        let wait = || block_on(a.client.sync()).unwrap();
        let launch = || drop(CubeBackend::add_relu(&a, &b).expect("a kernel"));
        launch();
        wait();
        let start = Instant::now();
        (0..LAUNCHES).for_each(|_| launch());
        let queued = start.elapsed();
        wait();
        let [queued, done] = [queued, start.elapsed()].map(|time: Duration| 1e6 * time.as_secs_f64() / LAUNCHES as f64);
        println!("a launch: {queued:.1} us until it is queued, {done:.1} us until it is done");
    });
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
    // Columns round, and then multiply as in single precision.
    let columns = (precision == Precision::Single).then_some(Algorithm::Im2col);
    let algorithms = [columns, Some(Algorithm::ImplicitGemm), Algorithm::by_matrices(like, precision)];
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
