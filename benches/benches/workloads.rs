//! Every benchmark at the named shapes, timed by criterion: `cargo bench -p nar4rec-benches -- FILTER`.
//!
//! A benchmark is prepared, and its answer checked, when criterion comes to it.

use criterion::{Criterion, criterion_group, criterion_main};
use nar4rec_benches::{Benchmark, Shared, names};

fn workloads(criterion: &mut Criterion) {
    let mut shared = Shared::default();
    for name in names() {
        let (group, rest) = name.split_once('/').expect("a name has a kind");
        let mut group = criterion.benchmark_group(group);
        let mut prepared: Option<Benchmark> = None;
        group.bench_function(rest, |bencher| {
            let new = || Benchmark::named(&name, &mut shared).expect("a name of this cpu");
            bencher.iter(&mut prepared.get_or_insert_with(new).run);
        });
        group.finish();
    }
}

criterion_group!(benches, workloads);
criterion_main!(benches);
