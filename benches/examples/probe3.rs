//! probe: attention loop
use nar4rec_benches::noise;
use nar4rec_kernels::*;
fn main() {
    let isa = Isa::detect();
    let a: Vec<usize> = std::env::args().skip(1).map(|x| x.parse().unwrap()).collect();
    let (n, d, h) = (a[0], a[1], a[2]);
    let qkv = noise(n * 3 * d, 1);
    let mut o = vec![0.0; n * d];
    let mut s = AttentionScratch::default();
    let hd = |c| Heads { data: &qkv[c..], rows: n, stride: 3 * d };
    let start = std::time::Instant::now();
    let mut k = 0;
    while start.elapsed().as_secs_f64() < 3.0 {
        for _ in 0..100 {
            attention_forward(
                isa,
                AttentionShape { heads: h, width: d },
                [hd(0), hd(d), hd(2 * d)],
                (&mut o, &mut []),
                &mut s,
            );
        }
        k += 100;
    }
    println!("{} us", start.elapsed().as_secs_f64() * 1e6 / k as f64);
}
