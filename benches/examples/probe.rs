//! probe
use nar4rec_benches::noise;
use nar4rec_features::*;
use nar4rec_generator::*;
use nar4rec_tensor::*;
use std::time::Instant;
fn main() {
    let spec = InputSpec { candidate_numbers: 32, ..InputSpec::default() };
    for (n, m, d, l, f) in [(60, 6, 128, 2, 512), (20, 6, 64, 1, 256), (200, 20, 256, 3, 1024)] {
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
        for b in [1, 16, 64] {
            let mut batch = FeatureBatch::new(&spec);
            batch.request_offsets = (0..=b).map(|i| i * n).collect();
            batch.candidate_numbers = noise(b * n * 32, 3);
            let mut ws = Workspace::default();
            let mut t = vec![];
            let start = Instant::now();
            while start.elapsed().as_secs_f64() < 1.0 {
                let s = Instant::now();
                let mut ex = Eager::new(&w, &mut ws);
                let o = g.forward(&mut ex, &batch);
                std::hint::black_box(ex.data(o.log_probabilities));
                t.push(s.elapsed().as_secs_f64() * 1e6);
            }
            t.sort_by(f64::total_cmp);
            println!("n={n} m={m} d={d} L={l} b={b}: p50 {:.1} us  p99 {:.1}", t[t.len() / 2], t[t.len() * 99 / 100]);
        }
    }
}
