//! probe: gemm shapes
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
    more();
    if std::env::args().count() > 1 {
        return;
    }
    for name in Isa::names() {
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
            (48, 128, 512),
            (60, 32, 60),
            (60, 60, 32),
            (60, 128, 6),
            (200, 256, 1024),
            (256, 256, 256),
            (1024, 1024, 1024),
        ] {
            let a = noise(m * k, 1);
            let b = noise(k * n, 2);
            let mut c = vec![0.0; m * n];
            let bias = noise(n, 4);
            let p = PackedMatrix::new(isa, Matrix::new(&b, k, n, n));
            let t = bench(|| {
                gemm(isa, Matrix::new(&a, m, k, k), &p, (&mut c, n), Epilogue::OVER);
            });
            let t2 = bench(|| {
                gemm(
                    isa,
                    Matrix::new(&a, m, k, k),
                    &p,
                    (&mut c, n),
                    Epilogue { bias: Some(&bias), activation: Activation::Gelu, ..Epilogue::OVER },
                );
            });
            // rotate over many weights (cold L2)
            let ps: Vec<_> = (0..(16_000_000 / (k * n * 4)).max(1)).map(|_| p.clone()).collect();
            let mut i = 0;
            let t3 = bench(|| {
                i = (i + 1) % ps.len();
                gemm(isa, Matrix::new(&a, m, k, k), &ps[i], (&mut c, n), Epilogue::OVER);
            });
            let mut pk = PackedMatrix::default();
            let t4 = bench(|| pk.repack(isa, Matrix::new(&b, k, n, n)));
            let t5 = bench(|| pk.repack(isa, Matrix::new(&b, n, k, k).transposed()));
            let g = 2.0 * (m * k * n) as f64 / 1e3;
            println!(
                "{m}x{k}x{n}: {:.0} GF/s ({t:.2} us) gelu {t2:.2} us; L3 weights {:.0} GF/s; pack {t4:.2} packT {t5:.2}",
                g / t,
                g / t3
            );
        }
    }
}
#[allow(dead_code)]
fn more() {
    let isa = Isa::detect();
    for (r, w) in [(60usize, 128usize), (200, 256)] {
        let x = noise(r * w, 1);
        let g = noise(w, 2);
        let b = noise(w, 3);
        let mut y = vec![0.0; r * w];
        let t = bench(|| layer_norm(isa, &x, [&g, &b], &mut y, &mut []));
        println!("layer_norm {r}x{w} {t:.2} us {:.1} cycles/vec", t * 4300.0 / ((r * w / 16) as f64));
    }
    let x = noise(60 * 512, 1);
    let mut y = x.clone();
    let t = bench(|| {
        y.copy_from_slice(&x);
        activation_forward(isa, Activation::Gelu, &mut y)
    });
    println!("gelu 60x512 {t:.2} us {:.1} cycles/vec", t * 4300.0 / ((60 * 512 / 16) as f64));
    for (n, d, h) in [(60usize, 128usize, 4usize), (200, 256, 4), (6, 128, 4), (400, 128, 4)] {
        let qkv = noise(n * 3 * d, 1);
        let mut o = vec![0.0; n * d];
        let mut s = AttentionScratch::default();
        let hd = |c| Heads { data: &qkv[c..], rows: n, stride: 3 * d };
        let t = bench(|| {
            attention_forward(
                isa,
                AttentionShape { heads: h, width: d },
                [hd(0), hd(d), hd(2 * d)],
                (&mut o, &mut []),
                &mut s,
            )
        });
        println!("attention {n} {d} {h}: {t:.2} us {:.0} GF/s", (4 * n * n * d) as f64 / 1e3 / t);
    }
}
