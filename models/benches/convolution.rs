//! The ASPP's 3x3 branch in all three directions, at rates from 1 to beyond the map: on 128x128
//! pixels of 16 channels, as in the U-Net, and on 32x32 of 64.

mod reference;

use std::hint::black_box;

use atrous_models::ops::atrous_conv2d::{ConvGeometry, ConvShape, cpu};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use reference::values;

fn branch(criterion: &mut Criterion, batch: usize, channels: usize, side: usize, rates: &[usize]) {
    let pixels = batch * channels * side * side;
    let (input, gradient, weight) = (values(pixels), values(pixels), values(channels * channels * 9));
    let name = format!("atrous 3x3, {batch}x{channels}x{side}x{side}");
    reference::group(criterion, &name, |group| {
        for &rate in rates {
            let geometry = ConvGeometry::same(3, rate);
            let shape = ConvShape { batch, channels: [channels; 2], input: [side; 2], kernel: [3; 2], geometry };
            group.bench_with_input(BenchmarkId::new("forward", rate), &shape, |bencher, shape| {
                bencher.iter(|| cpu::forward(black_box(&input), black_box(&weight), shape));
            });
            group.bench_with_input(BenchmarkId::new("input gradient", rate), &shape, |bencher, shape| {
                bencher.iter(|| cpu::input_gradient(black_box(&gradient), black_box(&weight), shape));
            });
            group.bench_with_input(BenchmarkId::new("weight gradient", rate), &shape, |bencher, shape| {
                bencher.iter(|| cpu::weight_gradient(black_box(&input), black_box(&gradient), shape));
            });
        }
    });
}

fn unet(criterion: &mut Criterion) {
    branch(criterion, 2, 16, 128, &[1, 12, 36, 64, 128]);
}

fn wide(criterion: &mut Criterion) {
    branch(criterion, 2, 64, 32, &[1, 6, 12, 24, 36]);
}

criterion_group!(benches, unet, wide);
criterion_main!(benches);
