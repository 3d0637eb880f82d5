//! How long the best lists of a simulated log take: `cargo run --release -p nar4rec-simulator --example optima DATA`.
#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::time::Instant;

use nar4rec_data::{DataSet, Split};
use nar4rec_simulator::{References, Truth};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("expected the folder of a simulated log")?;
    let truth = Truth::open(&folder)?;
    let mut solved = Vec::new();
    for query in truth.all_queries() {
        let start = Instant::now();
        let optimum = truth.optimum(query.id())?;
        solved.push((start.elapsed().as_secs_f64() * 1e3, optimum.nodes, query.candidates(), optimum.is_proven()));
    }
    for (name, range) in
        [("all", 0..=usize::MAX), ("n ≤ 10", 0..=10), ("10 < n < 40", 11..=39), ("n ≥ 40", 40..=usize::MAX)]
    {
        let mut times: Vec<_> = solved.iter().filter(|solved| range.contains(&solved.2)).collect();
        times.sort_by(|a, b| a.0.total_cmp(&b.0));
        if times.is_empty() {
            continue;
        }
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        let proven = times.iter().filter(|solved| solved.3).count();
        println!(
            "{name}: {} queries, {proven} proven; ms: median {:.3}, 90 % {:.3}, 99 % {:.3}, most {:.3} ({} nodes)",
            times.len(),
            at(0.5).0,
            at(0.9).0,
            at(0.99).0,
            at(1.0).0,
            at(1.0).1
        );
    }
    print!("test\n{}", References::measure(&truth, &DataSet::open(&folder)?, Split::Test)?.to_text());
    Ok(())
}
