//! Every benchmark that is prepared within a moment gives the answer of its oracle. What is left out does the same as another
//! with more of it.

use nar4rec_benches::{Benchmark, Shared, names};

/// Of the largest sizes one of a kind is enough.
fn takes_long(name: &str) -> bool {
    let is_large = name.contains("/1600x") || name.ends_with("/64") && name.contains("large");
    is_large || name.starts_with("training/large") || name.starts_with("training/kuaishou") || name.ends_with("/262144")
}

#[test]
fn every_benchmark_gives_the_right_answer() {
    let mut shared = Shared::default();
    let names: Vec<String> = names().into_iter().filter(|name| !takes_long(name)).collect();
    assert!(names.len() > 100, "{} benchmarks", names.len());
    for name in names {
        let mut benchmark = Benchmark::named(&name, &mut shared).unwrap();
        // What was checked once can be run again.
        (benchmark.run)();
    }
}
