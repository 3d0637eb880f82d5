//! probe: b=1 kuaishou in a loop
use nar4rec_benches::noise;
use nar4rec_features::*;
use nar4rec_generator::*;
use nar4rec_tensor::*;
use std::time::Instant;
fn main() {
    let spec = InputSpec { candidate_numbers: 32, ..InputSpec::default() };
    let (n, m, d, l, f) = (200, 20, 256, 3, 1024);
    let mut reg = Registry::default();
    let cfg = GeneratorConfig {
        list_length: m,
        width: d,
        layers: l,
        heads: 4,
        feed_forward: f,
        ..GeneratorConfig::default()
    };
    let g = Generator::new(&mut reg, &spec, &cfg).unwrap();
    let p = Parameters::initialise(reg.finish(), 1);
    let w = Weights::new(p, Isa::detect(), Purpose::Inference);
    let mut batch = FeatureBatch::new(&spec);
    batch.request_offsets = vec![0, n];
    batch.candidate_numbers = noise(n * 32, 3);
    let mut ws = Workspace::default();
    let first = {
        let mut ex = Eager::new(&w, &mut ws);
        g.first_positions(&mut ex)
    };
    let mut best = 1e9f64;
    let start = Instant::now();
    let mut t = vec![];
    while start.elapsed().as_secs_f64() < 4.0 {
        let s = Instant::now();
        for _ in 0..1 {
            let mut ex = Eager::new(&w, &mut ws);
            let o = g.forward_from(&mut ex, &batch, &first);
            std::hint::black_box(ex.data(o.log_probabilities));
        }
        let e = s.elapsed().as_secs_f64() * 1e6;
        t.push(e);
        best = best.min(e);
    }
    t.sort_by(f64::total_cmp);
    println!("min {best:.1} p10 {:.1} p50 {:.1}", t[t.len() / 10], t[t.len() / 2]);
}
