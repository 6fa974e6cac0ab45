//! The ASPP's 3x3 branch on a 128x128 map of 16 channels, in all three directions, at rates from 1 to beyond the map.

use std::hint::black_box;

use atrous_models::kernels::conv::{self, ConvGeometry, ConvShape};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

fn branch(criterion: &mut Criterion) {
    let side = 128;
    let values = |count: usize| (0..count).map(|i| (i as f32 * 0.37).sin()).collect::<Vec<f32>>();
    let (input, gradient, weight) = (values(2 * 16 * side * side), values(2 * 16 * side * side), values(16 * 16 * 9));
    let mut group = criterion.benchmark_group("atrous 3x3, 2x16x128x128");
    for rate in [1, 12, 36, 64, 128] {
        let geometry = ConvGeometry::same(3, rate);
        let shape = ConvShape { batch: 2, channels: [16, 16], input: [side; 2], kernel: [3; 2], geometry };
        group.bench_with_input(BenchmarkId::new("forward", rate), &shape, |bencher, shape| {
            bencher.iter(|| conv::forward(black_box(&input), black_box(&weight), shape));
        });
        group.bench_with_input(BenchmarkId::new("input gradient", rate), &shape, |bencher, shape| {
            bencher.iter(|| conv::input_gradient(black_box(&gradient), black_box(&weight), shape));
        });
        group.bench_with_input(BenchmarkId::new("weight gradient", rate), &shape, |bencher, shape| {
            bencher.iter(|| conv::weight_gradient(black_box(&input), black_box(&gradient), shape));
        });
    }
    group.finish();
}

criterion_group!(benches, branch);
criterion_main!(benches);
