//! Values against a naive attention in f64, gradients against its difference quotients.

use super::*;
use crate::isa::isas_under_test;

fn wave(count: usize, phase: f64) -> Vec<f32> {
    (0..count).map(|i| ((i as f64 * 2.3 + phase).sin() * 0.8) as f32).collect()
}

fn naive(shape: AttentionShape, nq: usize, nk: usize, [q, k, v]: [&[f64]; 3]) -> Vec<f64> {
    let (d, h) = (shape.width, shape.width / shape.heads);
    let mut out = vec![0.0; nq * d];
    for head in 0..shape.heads {
        for i in 0..nq {
            let score = |j: usize| -> f64 {
                (0..h).map(|c| q[i * d + head * h + c] * k[j * d + head * h + c]).sum::<f64>() / (h as f64).sqrt()
            };
            let total: f64 = (0..nk).map(|j| score(j).exp()).sum();
            for j in 0..nk {
                for c in 0..h {
                    out[i * d + head * h + c] += score(j).exp() / total * v[j * d + head * h + c];
                }
            }
        }
    }
    out
}

#[test]
fn values_and_gradients() {
    for isa in isas_under_test() {
        for (heads, width, nq, nk) in
            [(1, 4, 1, 1), (2, 8, 3, 5), (4, 64, 6, 17), (2, 6, 5, 1), (1, 33, 4, 9), (2, 8, 34, 5), (1, 4, 17, 18)]
        {
            let shape = AttentionShape { heads, width };
            // Rows wider than they need be: queries, keys and values live side by side.
            let stride = width + 3;
            let inputs = [(nq, 0.0), (nk, 1.0), (nk, 2.0)].map(|(rows, phase)| wave(rows * stride, phase));
            let [q, k, v] =
                [(&inputs[0], nq), (&inputs[1], nk), (&inputs[2], nk)].map(|(data, rows)| Heads { data, rows, stride });
            let mut out = vec![0.0; nq * width];
            let mut p = vec![0.0; shape.probabilities(isa, nq, nk)];
            let mut scratch = AttentionScratch::default();
            attention_forward(isa, shape, [q, k, v], (&mut out, &mut p), &mut scratch);

            let dense = [q, k, v].map(|heads| -> Vec<f64> {
                heads.data.chunks(stride).flat_map(|row| row[..width].iter().map(|x| f64::from(*x))).collect()
            });
            let of = |x: &[Vec<f64>; 3]| naive(shape, nq, nk, [&x[0], &x[1], &x[2]]);
            for (got, want) in out.iter().zip(of(&dense)) {
                assert!((f64::from(*got) - want).abs() < 1e-5, "{}: {got} not {want}", isa.name());
            }
            let mut without = vec![0.0; nq * width];
            attention_forward(isa, shape, [q, k, v], (&mut without, &mut []), &mut scratch);
            assert_eq!(out, without, "keeping the probabilities changes nothing");

            let weights = wave(nq * width, 5.0);
            let mut d = [nq, nk, nk].map(|rows| vec![0.0; rows * width]);
            let [d_q, d_k, d_v] = &mut d;
            attention_backward(isa, shape, [q, k, v], (&p, &weights), [d_q, d_k, d_v], &mut scratch);
            let loss = |x: &[Vec<f64>; 3]| of(x).iter().zip(&weights).map(|(y, w)| y * f64::from(*w)).sum::<f64>();
            for which in 0..3 {
                for i in 0..dense[which].len() {
                    let (mut up, mut down) = (dense.clone(), dense.clone());
                    up[which][i] += 1e-5;
                    down[which][i] -= 1e-5;
                    let numeric = (loss(&up) - loss(&down)) / 2e-5;
                    // Sums of at most 64 products of numbers below 1 in f32.
                    assert!((f64::from(d[which][i]) - numeric).abs() < 2e-5, "{} input {which} at {i}", isa.name());
                }
            }
        }
    }
}
