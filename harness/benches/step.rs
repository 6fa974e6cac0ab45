//! A training step on the CPU, from a batch to new weights: a U-Net of 8 channels on crops of 64x64, with rates within the
//! map and beyond it.

#[path = "../../models/benches/reference/mod.rs"]
mod reference;

use std::hint::black_box;

use atrous_data::{Batch, IGNORE_INDEX};
use atrous_harness::experiment::settings::{RunSettings, join_rates};
use atrous_harness::experiment::spec::{Overrides, Spec};
use atrous_harness::run::train::Learner;
use atrous_harness::support::memory;
use atrous_models::ComputeDevice;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use reference::values;

/// The runs of the embedded spec `ci` on STARE, wider and on larger crops.
fn runs() -> Vec<RunSettings> {
    let set = [
        "model.base_channels=8",
        "model.aspp_channels=8",
        "crop=[64, 64]",
        "rates=[[1, 6, 12, 18], [1, 24, 48, 72]]",
        "baseline=[1, 6, 12, 18]",
    ];
    let overrides =
        Overrides { set: set.map(String::from).to_vec(), only: vec!["stare-ci".into()], ..Overrides::default() };
    let spec = Spec::load("ci", &overrides).expect("a spec");
    spec.plan().into_iter().map(|run| run.settings).collect()
}

fn batch(settings: &RunSettings) -> Batch {
    let ([height, width], size) = (settings.crop, settings.train.batch);
    let classes = settings.dataset.class_names().len();
    let label = |pixel: usize| if pixel.is_multiple_of(10) { IGNORE_INDEX } else { (pixel % classes) as u8 };
    let labels = (0..size * height * width).map(label).collect();
    Batch { iteration: 0, size, height, width, images: values(3 * size * height * width), labels, ids: Vec::new() }
}

fn step(criterion: &mut Criterion) {
    memory::keep_freed();
    let device = ComputeDevice::flex();
    reference::group(criterion, "training step, U-Net 8, 2x64x64", |group| {
        for settings in runs() {
            let (batch, mut learner) = (batch(&settings), Learner::new(&settings, device.autodiff()));
            let name = BenchmarkId::new("rates", join_rates(&settings.rates));
            group.bench_function(name, |bencher| {
                bencher.iter(|| black_box(learner.step(&settings, batch.clone())));
            });
        }
    });
}

criterion_group!(benches, step);
criterion_main!(benches);
