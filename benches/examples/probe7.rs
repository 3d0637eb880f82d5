//! probe: int8
use nar4rec_benches::noise;
use nar4rec_kernels::*;
use std::time::Instant;
fn bench(mut f: impl FnMut()) -> f64 {
    for _ in 0..20 {
        f();
    }
    let mut best = 1e9f64;
    for _ in 0..40 {
        let s = Instant::now();
        for _ in 0..20 {
            f();
        }
        best = best.min(s.elapsed().as_secs_f64() / 20.0);
    }
    best * 1e6
}
fn main() {
    for name in ["avx2", "avx512", "avx512vnni"] {
        let isa = Isa::named(name).unwrap();
        println!("{name}");
        for (m, k, n) in [
            (60, 128, 128),
            (60, 128, 384),
            (60, 128, 512),
            (60, 512, 128),
            (480, 128, 512),
            (6, 128, 512),
            (6, 512, 128),
            (200, 256, 1024),
            (200, 1024, 256),
        ] {
            let x = noise(m * k, 1);
            let w = noise(k * n, 2);
            let mut c = vec![0.0; m * n];
            let b = QuantisedMatrix::new(isa, &w, [n, k]);
            let mut a = QuantisedRows::default();
            let tq = bench(|| a.quantise(isa, &x, k));
            let t = bench(|| gemm_int8(isa, &a, &b, (&mut c, n), Epilogue::OVER));
            let p = PackedMatrix::new(isa, Matrix::new(&w, k, n, n));
            let tf = bench(|| gemm(isa, Matrix::new(&x, m, k, k), &p, (&mut c, n), Epilogue::OVER));
            let g = 2.0 * (m * k * n) as f64 / 1e3;
            println!(
                "{m}x{k}x{n}: int8 {:.0} GOP/s ({t:.2} us) quantise {tq:.2} us; f32 {:.0} ({tf:.2})",
                g / t,
                g / tf
            );
        }
    }
}
