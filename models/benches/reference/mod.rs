//! Groups of benchmarks between two measurements of a matrix product. Times over that of the
//! product depend little on the machine, so that they can be held against those of another one
//! (`scripts/check_benches.sh`).
//!
//! The product is a plain loop, compiled for any processor of its kind. A blocked one with the
//! widest vectors would be up to twice as fast on one processor as on another of the same clock,
//! and no measure of code that has no vectors.

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion};

/// Rows, columns and depth of the product. Its three matrices fit into any second-level cache.
const SIDE: usize = 128;

/// A group of short benchmarks, those that `add` adds to it, with the product before and after
/// them.
pub fn group(criterion: &mut Criterion, name: &str, add: impl FnOnce(&mut BenchmarkGroup<WallTime>)) {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10).nresamples(10_000);
    group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(400));
    measure(&mut group, "matrix product before");
    add(&mut group);
    measure(&mut group, "matrix product after");
    group.finish();
}

/// The product itself has one thread. Its name says how many the benchmarks have.
fn measure(group: &mut BenchmarkGroup<WallTime>, name: &str) {
    let (left, right) = (values(SIDE * SIDE), values(SIDE * SIDE));
    let mut sums = vec![0.0; SIDE * SIDE];
    let threads = format!("threads {}", rayon::current_num_threads());
    group.bench_function(BenchmarkId::new(name, threads), |bencher| {
        bencher.iter(|| product(black_box(&left), black_box(&right), black_box(&mut sums)));
    });
}

/// Numbers between -1 and 1, the same every time.
pub fn values(count: usize) -> Vec<f32> {
    (0..count).map(|i| (i as f32 * 0.37).sin()).collect()
}

fn product(left: &[f32], right: &[f32], product: &mut [f32]) {
    product.fill(0.0);
    for (row, sums) in left.chunks_exact(SIDE).zip(product.chunks_exact_mut(SIDE)) {
        for (&factor, values) in row.iter().zip(right.chunks_exact(SIDE)) {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += factor * value;
            }
        }
    }
}
