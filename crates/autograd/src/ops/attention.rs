//! Multi-head attention within segments; formulae and derivatives in the kernels crate.

use std::sync::Arc;

use nar4rec_kernels::{AttentionShape, attention_backward};
use nar4rec_tensor::{
    AttentionOperands, Segments,
    forward::{self, AttentionInputs},
};

use crate::tape::{Context, Operation, Tape, TapeValue};

struct Attention {
    /// Queries, keys and values, and their first columns.
    operands: [(TapeValue, usize); 3],
    query_segments: Arc<Segments>,
    key_segments: Arc<Segments>,
    shape: AttentionShape,
    probabilities: Vec<f32>,
}

pub(crate) fn record(tape: &mut Tape<'_>, operands: AttentionOperands<'_, TapeValue>) -> TapeValue {
    let shape = operands.shape;
    tape.record([operands.query_segments.rows(), shape.width], |context, y| {
        let mut scratch = std::mem::take(&mut context.memory.attention);
        let inputs = operands.inputs(|value| context.view(value));
        let mut probabilities = context.memory.pool.take(inputs.probabilities(context.isa()));
        forward::attention(context.isa(), inputs, (y, &mut probabilities), &mut scratch);
        context.memory.attention = scratch;
        Attention {
            operands: [operands.q, operands.k, operands.v],
            query_segments: Arc::clone(operands.query_segments),
            key_segments: Arc::clone(operands.key_segments),
            shape,
            probabilities,
        }
    })
}

impl Operation for Attention {
    fn backward(self: Box<Self>, context: &mut Context<'_>, d: Vec<f32>) {
        let (isa, width) = (context.isa(), self.shape.width);
        let mut scratch = std::mem::take(&mut context.memory.attention);
        let rows = [&self.query_segments, &self.key_segments, &self.key_segments].map(|segments| segments.rows());
        let mut parts = rows.map(|rows| context.memory.pool.take(rows * width));
        let inputs = AttentionInputs {
            qkv: self.operands.map(|(value, column)| (context.view(value), column)),
            query_segments: &self.query_segments,
            key_segments: &self.key_segments,
            shape: self.shape,
        };
        if inputs.are_some_passed_over() {
            parts.iter_mut().for_each(|part| part.fill(0.0));
        }
        inputs.for_each(isa, |[queries, keys], heads, kept| {
            let [d_q, d_k, d_v] = &mut parts;
            let of = |rows: &std::ops::Range<usize>| rows.start * width..rows.end * width;
            let d_parts = [&mut d_q[of(&queries)], &mut d_k[of(&keys)], &mut d_v[of(&keys)]];
            let known = (&self.probabilities[kept], &d[of(&queries)]);
            attention_backward(isa, self.shape, heads, known, d_parts, &mut scratch);
        });
        context.memory.attention = scratch;
        context.memory.pool.give(self.probabilities);
        context.memory.pool.give(d);
        for ((value, column), part) in self.operands.into_iter().zip(parts) {
            add_columns(context, value, column, width, part);
        }
    }
}

/// Adds the dense gradient `part` `[rows, width]` to the columns of `value` from `column` on.
fn add_columns(context: &mut Context<'_>, value: TapeValue, column: usize, width: usize, part: Vec<f32>) {
    let columns = context.view(value).columns;
    if columns == width || !context.wants(value) {
        return context.add(value, part);
    }
    let (mut d, write) = context.take(value);
    if write == nar4rec_kernels::Write::Over {
        d.fill(0.0);
    }
    for (to, from) in d.chunks_exact_mut(columns).zip(part.chunks_exact(width)) {
        to[column..column + width].iter_mut().zip(from).for_each(|(to, from)| *to += from);
    }
    context.put(value, d);
    context.memory.pool.give(part);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::Check;

    type Rows = Vec<Vec<f64>>;

    fn naive(shape: AttentionShape, segments: [&Segments; 2], [q, k, v]: [(&Rows, usize); 3]) -> Rows {
        let h = shape.width / shape.heads;
        let mut out = vec![vec![0.0; shape.width]; segments[0].rows()];
        for (queries, keys) in segments[0].iter().zip(segments[1].iter()) {
            for (i, head) in queries.flat_map(|i| (0..shape.heads).map(move |head| (i, head))) {
                let score = |j: usize| -> f64 {
                    let terms = (0..h).map(|c| q.0[i][q.1 + head * h + c] * k.0[j][k.1 + head * h + c]);
                    terms.sum::<f64>() / (h as f64).sqrt()
                };
                let total: f64 = keys.clone().map(|j| score(j).exp()).sum();
                for (j, c) in keys.clone().flat_map(|j| (0..h).map(move |c| (j, c))) {
                    out[i][head * h + c] += score(j).exp() / total * v.0[j][v.1 + head * h + c];
                }
            }
        }
        out
    }

    #[test]
    fn gradients_of_self_attention() {
        let shape = AttentionShape { heads: 2, width: 4 };
        let segments = Arc::new(Segments::of_lengths([3, 1, 0, 2]));
        Check::new().run(
            &[[6, 12]],
            |tape, x| {
                let (q, k, v) = ((x[0], 0), (x[0], 4), (x[0], 8));
                let (query_segments, key_segments) = (&segments, &segments);
                record(tape, AttentionOperands { q, k, v, query_segments, key_segments, shape })
            },
            |x, _| naive(shape, [&segments, &segments], [(&x[0], 0), (&x[0], 4), (&x[0], 8)]),
        );
    }

    #[test]
    fn gradients_of_cross_attention() {
        let shape = AttentionShape { heads: 1, width: 4 };
        // The third has queries without keys, the fourth keys without queries.
        let few = Arc::new(Segments::of_lengths([2, 2, 1, 0]));
        let many = Arc::new(Segments::of_lengths([4, 1, 0, 2]));
        Check::new().run(
            &[[5, 4], [7, 8]],
            |tape, x| {
                let (q, k, v) = ((x[0], 0), (x[1], 0), (x[1], 4));
                record(tape, AttentionOperands { q, k, v, query_segments: &few, key_segments: &many, shape })
            },
            |x, _| naive(shape, [&few, &many], [(&x[0], 0), (&x[1], 0), (&x[1], 4)]),
        );
    }
}
