//! probe
use nar4rec_benches::noise;
use nar4rec_kernels::*;
fn bench(mut f: impl FnMut()) -> f64 {
    for _ in 0..20 {
        f();
    }
    let mut best = 1e9f64;
    for _ in 0..40 {
        let s = std::time::Instant::now();
        for _ in 0..20 {
            f();
        }
        best = best.min(s.elapsed().as_secs_f64() / 20.0);
    }
    best * 1e6
}
fn main() {
    let isa = Isa::detect();
    for (r, c) in [(60usize, 32usize), (200, 32), (60, 64)] {
        let x = noise(r * c, 1);
        let mut y = x.clone();
        let t = bench(|| {
            y.copy_from_slice(&x);
            softmax_columns(isa, &mut y, c, 0.2)
        });
        println!("softmax {r}x{c} {t:.2} us {:.1} cycles/vec", t * 4300.0 / ((r * c / 16) as f64));
        let mut y = x.clone();
        let t = bench(|| {
            y.copy_from_slice(&x);
            exp(isa, &mut y)
        });
        println!("exp {r}x{c} {t:.2} us {:.1} cycles/vec", t * 4300.0 / ((r * c / 16) as f64));
    }
    if std::env::args().count() > 1 {
        let (r, c) = (200, 32);
        let x = noise(r * c, 1);
        let mut y = x.clone();
        let s = std::time::Instant::now();
        while s.elapsed().as_secs_f64() < 3.0 {
            for _ in 0..1000 {
                y.copy_from_slice(&x);
                softmax_columns(isa, &mut y, c, 0.2);
            }
        }
    }
}
