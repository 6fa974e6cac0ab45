//! What scoring consists of: windows, the prediction of an image through them, counts of classes and the metrics.

#[path = "../../models/benches/reference/mod.rs"]
mod reference;

use std::hint::black_box;

use atrous_data::{IGNORE_INDEX, RgbImage8};
use atrous_harness::experiment::settings::InferSpec;
use atrous_harness::results::scores::Confusion;
use atrous_harness::run::infer::Inference;
use atrous_harness::run::windows::windows;
use atrous_harness::support::memory;
use atrous_models::SegmentorConfig;
use atrous_models::burn::tensor::Device;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

/// Numbers below `end` without an order that a processor could guess: SplitMix64 (Steele, Lea, Flood 2014).
fn noise(count: usize, end: u64) -> Vec<u8> {
    let mixed = |i: u64| {
        let mixed = i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    };
    (0..count as u64).map(|i| (mixed(i) % end) as u8).collect()
}

fn metrics(criterion: &mut Criterion) {
    memory::keep_freed();
    let pixels = 512 * 1024;
    reference::group(criterion, "metrics, 512x1024", |group| {
        for classes in [2, 19] {
            let prediction = noise(pixels, classes as u64);
            let mut truth = prediction.clone();
            truth.rotate_left(1);
            truth.iter_mut().step_by(10).for_each(|label| *label = IGNORE_INDEX);
            let mut confusion = Confusion::new(classes);
            group.bench_function(BenchmarkId::new("counts, classes", classes), |bencher| {
                bencher.iter(|| confusion.add(black_box(&truth), black_box(&prediction)).expect("labels"));
            });
            group.bench_function(BenchmarkId::new("scores, classes", classes), |bencher| {
                bencher.iter(|| black_box(&confusion).scores());
            });
        }
    });
}

fn sliding(criterion: &mut Criterion) {
    let size = [160, 192];
    let device = Device::flex();
    let classes = 2;
    let mut network = SegmentorConfig::unet_s5_d16(4, 4, vec![1, 12, 24, 36], classes).init(0, &device);
    let image = RgbImage8 { height: size[0], width: size[1], data: noise(3 * size[0] * size[1], 256) };
    reference::group(criterion, "sliding prediction", |group| {
        // As many as an image of HRF has.
        group.bench_function("windows, 2336x3504", |bencher| {
            bencher.iter(|| windows(black_box([2336, 3504]), [256; 2], [170; 2]));
        });
        for (name, infer) in [("slide", InferSpec::slide([64; 2], [43; 2])), ("whole", InferSpec::whole())] {
            let inference = Inference { resize: size, infer, divisor: 16, classes };
            group.bench_function(BenchmarkId::new("U-Net 4, 160x192", name), |bencher| {
                bencher.iter(|| inference.predict(&mut network, &device, black_box(&image), &|_, _| true));
            });
        }
    });
}

criterion_group!(benches, metrics, sliding);
criterion_main!(benches);
