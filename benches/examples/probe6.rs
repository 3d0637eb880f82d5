//! probe: profile by op
use nar4rec_benches::noise;
use nar4rec_features::*;
use nar4rec_generator::*;
use nar4rec_tensor::*;
use std::{collections::BTreeMap, time::Instant};
struct Clock<'a> {
    t: Instant,
    sum: &'a mut BTreeMap<(String, u64), (f64, u64, u64)>,
    specs: &'a [ParameterSpec],
}
impl Watch for Clock<'_> {
    fn begin(&mut self) {
        self.t = Instant::now();
    }
    fn end(&mut self, o: Operation) {
        let e = self.t.elapsed().as_secs_f64() * 1e6;
        let n = format!("{} {}", o.name, o.parameter.map_or("", |p| &self.specs[p.index()].name));
        let n = n.replace(".0.", ".").replace(".1.", ".").replace(".2.", ".");
        let s = self.sum.entry((n, o.flops)).or_default();
        s.0 += e;
        s.1 += o.flops;
        s.2 += 1;
    }
}
fn main() {
    let spec = InputSpec { candidate_numbers: 32, ..InputSpec::default() };
    let a: Vec<usize> = std::env::args().skip(1).map(|x| x.parse().unwrap()).collect();
    let (n, m, d, l, f, b) = (a[0], a[1], a[2], a[3], a[4], a[5]);
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
    let specs = reg.finish();
    let p = Parameters::initialise(specs.clone(), 1);
    let w =
        Weights::new(p, Isa::detect(), if std::env::var("I8").is_ok() { Purpose::Int8 } else { Purpose::Inference });
    let mut batch = FeatureBatch::new(&spec);
    batch.request_offsets = (0..=b).map(|i| i * n).collect();
    batch.candidate_numbers = noise(b * n * 32, 3);
    let mut ws = Workspace::default();
    let first = {
        let mut ex = Eager::new(&w, &mut ws);
        g.first_positions(&mut ex)
    };
    for _ in 0..3 {
        let mut ex = Eager::new(&w, &mut ws);
        g.forward_from(&mut ex, &batch, &first);
    }
    let mut sum = BTreeMap::new();
    let start = Instant::now();
    let mut k = 0;
    let mut total = 0.0;
    while start.elapsed().as_secs_f64() < 3.0 {
        let s = Instant::now();
        let watch = Clock { t: s, sum: &mut sum, specs: &specs };
        let mut ex = Watched { inner: Eager::new(&w, &mut ws), watch };
        g.forward_from(&mut ex, &batch, &first);
        total += s.elapsed().as_secs_f64() * 1e6;
        k += 1;
    }
    let mut rows: Vec<_> = sum.into_iter().collect();
    rows.sort_by(|a, b| b.1.0.total_cmp(&a.1.0));
    println!("total {:.1} us", total / k as f64);
    for ((n, fl), (t, fsum, c)) in rows.iter().take(24) {
        println!(
            "{:>9.1} us {:>5.1}%  {:>4.0} GF/s x{} [{:.1} MF] {n}",
            t / k as f64,
            100.0 * t / total,
            *fsum as f64 / t / 1e3,
            c / k,
            *fl as f64 / 1e6
        );
    }
}
