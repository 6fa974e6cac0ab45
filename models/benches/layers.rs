//! What a training step does besides convolutions: batch norm with its ReLU, resizing of logits,
//! the loss, the optimiser.

mod reference;

use std::hint::black_box;

use atrous_models::ops::batch_norm::cpu as norm;
use atrous_models::ops::channel_affine::cpu::{self as affine, Affine, MapsShape};
use atrous_models::ops::cross_entropy::IGNORE_INDEX;
use atrous_models::ops::cross_entropy::cpu::{self as loss, LossShape};
use atrous_models::ops::momentum_step::{MomentumOptions, cpu as momentum};
use atrous_models::ops::resize_bilinear::{ResizeShape, cpu as resize};
use criterion::{Criterion, criterion_group, criterion_main};
use reference::values;

fn batch_norm(criterion: &mut Criterion) {
    let shape = MapsShape { batch: 2, channels: 16, pixels: 128 * 128 };
    let (input, gradient) = (values(2 * 16 * 128 * 128), values(2 * 16 * 128 * 128));
    let (mean, variance) = norm::statistics(&input, &shape);
    let inverse: Vec<f32> = variance.iter().map(|variance| 1.0 / (variance + 1e-5).sqrt()).collect();
    let map = Affine { mean: &mean, scale: &inverse, offset: &[0.0; 16] };
    reference::group(criterion, "batch norm, 2x16x128x128", |group| {
        group.bench_function("statistics", |bencher| bencher.iter(|| norm::statistics(black_box(&input), &shape)));
        group.bench_function("affine", |bencher| {
            bencher.iter(|| affine::forward(black_box(&input), &map, true, &shape))
        });
        group.bench_function("gradient", |bencher| {
            bencher.iter(|| norm::gradient(black_box(&input), &gradient, &inverse, &map, true, &shape));
        });
    });
}

fn resizing(criterion: &mut Criterion) {
    let shape = ResizeShape { input: [32; 2], output: [256; 2], align_corners: false };
    let (input, gradient) = (values(2 * 19 * 32 * 32), values(2 * 19 * 256 * 256));
    reference::group(criterion, "resize, 2x19x32x32 to 256x256", |group| {
        group.bench_function("forward", |bencher| bencher.iter(|| resize::forward(black_box(&input), &shape)));
        group.bench_function("gradient", |bencher| bencher.iter(|| resize::gradient(black_box(&gradient), &shape)));
    });
}

fn cross_entropy(criterion: &mut Criterion) {
    let shape = LossShape { batch: 2, classes: 19, pixels: 128 * 128 };
    let logits = values(2 * 19 * 128 * 128);
    let labels: Vec<i64> = (0..2 * 128 * 128).map(|i| if i % 10 == 0 { IGNORE_INDEX } else { i % 19 }).collect();
    reference::group(criterion, "cross entropy, 2x19x128x128", |group| {
        group.bench_function("loss", |bencher| {
            bencher.iter(|| loss::forward(black_box(&logits), &labels, &shape));
        });
        group.bench_function("gradient", |bencher| {
            bencher.iter(|| loss::gradient(black_box(&logits), &labels, 1.0, &shape));
        });
    });
}

fn optimiser(criterion: &mut Criterion) {
    let [weights, gradient, velocities] = [values(1 << 20), values(1 << 20), values(1 << 20)];
    let options = MomentumOptions { lr: 0.01, momentum: 0.9, weight_decay: 5e-4 };
    reference::group(criterion, "optimiser, 2^20 values", |group| {
        group.bench_function("momentum", |bencher| {
            bencher.iter(|| momentum::step(black_box(&weights), black_box(&gradient), black_box(&velocities), options));
        });
    });
}

criterion_group!(benches, batch_norm, resizing, cross_entropy, optimiser);
criterion_main!(benches);
