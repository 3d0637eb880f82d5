//! Attention of a request's candidates to each other, and of its positions to its candidates.

use std::hint::black_box;

use nar4rec_kernels::{AttentionScratch, AttentionShape, Heads, Isa, attention_forward};
use nar4rec_tensor::{
    CrossInputs, CrossSaved, CrossScratch, Init, Kind, Parameters, Purpose, Registry, Segments, Weights,
    cross_attention, forward::View,
};

use super::float_peak;
use crate::{Benchmark, Shape, noise, oracle};

fn heads(shape: &Shape) -> AttentionShape {
    AttentionShape { heads: shape.heads, width: shape.width }
}

/// Self-attention over `[n, 3d]`, queries, keys and values side by side.
pub(crate) fn own(shape: &Shape) -> Benchmark {
    let (isa, n, d) = (Isa::detect(), shape.candidates, shape.width);
    let (qkv, heads) = (noise(3 * n * d, 4), heads(shape));
    let [q, k, v] = [0, d, 2 * d].map(|first| oracle::columns(&qkv, 3 * d, first..first + d));
    let expected = oracle::attention([&q, &k, &v], shape.heads);

    let mut scratch = AttentionScratch::default();
    let mut run = move |out: &mut [f32]| {
        let part = |first: usize| Heads { data: &black_box(&qkv)[first..], rows: n, stride: 3 * d };
        attention_forward(isa, heads, [part(0), part(d), part(2 * d)], (out, &mut []), &mut scratch);
    };
    let mut out = vec![0.0; n * d];
    run(&mut out);
    oracle::assert_close("attention", &out, expected, 1e-5);
    Benchmark::arithmetic((4 * n * n * d) as f64, float_peak(isa), move || run(&mut out))
}

/// Cross-attention of m positions to n candidates, keys and values never made.
pub(crate) fn cross(shape: &Shape) -> Benchmark {
    let (isa, n, m, d) = (Isa::detect(), shape.candidates, shape.positions, shape.width);
    let mut registry = Registry::default();
    let id = registry.add("kv", [2 * d, d], Kind::KeyValue { heads: shape.heads }, Init::Uniform(0.1));
    let weights = Weights::new(Parameters::initialise(registry.finish(), 5), isa, Purpose::Inference);
    let (q, memory, bias) = (noise(m * d, 6), noise(n * d, 7), noise(d, 8));
    let kv = oracle::linear(&oracle::matrix(&memory, d), &oracle::matrix(weights.parameters().get(id), d));
    let [k, v] = [0..d, d..2 * d].map(|columns| oracle::part(&kv, columns).to_owned());
    let expected = oracle::attention([&oracle::matrix(&q, d), &k, &(v + &oracle::row(&bias))], shape.heads);

    let (queries, keys, heads) = (Segments::uniform(1, m), Segments::uniform(1, n), heads(shape));
    let (mut saved, mut scratch) = (CrossSaved::default(), CrossScratch::default());
    let mut run = move |out: &mut [f32]| {
        let inputs = CrossInputs {
            q: View { data: black_box(&q), columns: d },
            memory: View { data: black_box(&memory), columns: d },
            weights: weights.key_value(id),
            value_bias: Some(&bias),
            query_segments: &queries,
            key_segments: &keys,
            shape: heads,
        };
        cross_attention(isa, inputs, out, &mut saved, &mut scratch);
    };
    let mut out = vec![0.0; m * d];
    run(&mut out);
    oracle::assert_close("cross-attention", &out, expected, 1e-5);
    let operations = (4 * m * d * d + 4 * m * shape.heads * n * d) as f64;
    Benchmark::arithmetic(operations, float_peak(isa), move || run(&mut out))
}
