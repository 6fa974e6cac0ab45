//! Samples per second of the batch source on one thread, decoded images cached: well over 100 are expected.

use std::hint::black_box;
use std::sync::Arc;

use atrous_data::synthetic::{self, SyntheticConfig};
use atrous_data::{AugmentConfig, BatchSource, Dataset, DatasetKind};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn batches(criterion: &mut Criterion) {
    let root = tempfile::tempdir().expect("a scratch folder");
    let kind = DatasetKind::ChaseDb1;
    let config = SyntheticConfig::new(0, 4, 1, kind.resize_reference());
    synthetic::write(kind, root.path(), &config).expect("synthetic images");
    let dataset = Arc::new(Dataset::open(kind, root.path()).expect("a data set"));
    let mut group = criterion.benchmark_group("chase_db1");
    group.throughput(Throughput::Elements(4)).sample_size(20);
    for crop in [128, 512] {
        let augment = AugmentConfig::protocol(kind.resize_reference(), [crop, crop]);
        let source = BatchSource::new(dataset.clone(), augment, 4, 0, 1 << 30);
        let mut iteration = 0;
        group.bench_function(format!("crop {crop}"), |bencher| {
            bencher.iter(|| {
                iteration += 1;
                black_box(source.batch(iteration).expect("a batch"))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, batches);
criterion_main!(benches);
