//! Samples per second of the batch source on one thread, decoded images cached, at the sizes of the
//! real sets; and what decoding one sample takes. On one core of a server with AVX2 several
//! thousand samples of CHASE_DB1, about 2000 of HRF and about 300 of Cityscapes are expected.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use atrous_data::synthetic::{self, SyntheticConfig};
use atrous_data::{AugmentConfig, BatchLoader, BatchSource, Dataset, DatasetKind, Split};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const BATCH: usize = 4;

/// Images of the real size; together they are larger than the processor's caches.
fn dataset(kind: DatasetKind, root: &Path) -> Arc<Dataset> {
    let config = SyntheticConfig::new(0, 6, 1, kind.resize_reference());
    synthetic::write(kind, root, &config).expect("synthetic images");
    Arc::new(Dataset::open(kind, root).expect("a data set"))
}

/// With every image in its cache.
fn source(dataset: &Arc<Dataset>, crop: [usize; 2]) -> BatchSource {
    let augment = AugmentConfig::protocol(dataset.kind.resize_reference(), crop);
    let source = BatchSource::new(dataset.clone(), augment, BATCH, 0, 1 << 30);
    let epoch = dataset.samples(Split::Train).len().div_ceil(BATCH) as u64;
    (0..epoch).for_each(|iteration| drop(source.batch(iteration).expect("a batch")));
    source
}

fn batches(criterion: &mut Criterion) {
    let cases = [
        (DatasetKind::STARE, [128, 128]),
        (DatasetKind::CHASE_DB1, [128, 128]),
        (DatasetKind::HRF, [256, 256]),
        (DatasetKind::CITYSCAPES, [512, 1024]),
        (DatasetKind::ISAID, [896, 896]),
    ];
    for (kind, crop) in cases {
        let root = tempfile::tempdir().expect("a scratch folder");
        let dataset = dataset(kind, root.path());
        let mut group = criterion.benchmark_group(kind.name());
        group.sample_size(20);
        group.throughput(Throughput::Elements(1)).bench_function("decode", |bencher| {
            bencher.iter(|| black_box(dataset.samples(Split::Train)[0].load().expect("a sample")));
        });
        let source = source(&dataset, crop);
        let mut iteration = 0;
        group.throughput(Throughput::Elements(BATCH as u64));
        group.bench_function(format!("crop {}x{}", crop[0], crop[1]), |bencher| {
            bencher.iter(|| {
                iteration += 1;
                black_box(source.batch(iteration).expect("a batch"))
            });
        });
        group.finish();
    }
}

/// The same through the loader: what its threads add to the time of a batch.
fn threads(criterion: &mut Criterion) {
    let root = tempfile::tempdir().expect("a scratch folder");
    let source = Arc::new(source(&dataset(DatasetKind::CHASE_DB1, root.path()), [128, 128]));
    let mut group = criterion.benchmark_group("loader");
    group.throughput(Throughput::Elements(BATCH as u64)).sample_size(20);
    for threads in [1, 2] {
        let mut loader = BatchLoader::new(source.clone(), 0..u64::MAX, threads);
        group.bench_function(format!("threads {threads}"), |bencher| {
            bencher.iter(|| black_box(loader.next().expect("a batch").expect("a sound batch")));
        });
    }
    group.finish();
}

criterion_group!(benches, batches, threads);
criterion_main!(benches);
