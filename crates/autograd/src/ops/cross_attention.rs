//! Attention to a memory through absorbed keys and values; the forward pass and its formulae are in `tensor::cross`.
//!
//! ```text
//!   d_U = d_O·W_v    d_W_v = d_Oᵀ·U    d_b_v = Σ d_O    d_P = M·d_Uᵀ    d_S = P ∘ (d_P − colsum(d_P ∘ P))/√h
//!   d_M = P·d_U + d_S·Q′    d_Q′ = d_Sᵀ·M    d_Q = d_Q′·W_kᵀ    d_W_k = Qᵀ·d_Q′        d_b_k = 0
//! ```

use std::sync::Arc;

use nar4rec_kernels::{
    AttentionShape, Epilogue, Matrix, Write, column_sums, gemm, query_block, softmax_columns_backward,
};
use nar4rec_tensor::{
    CrossInputs, CrossOperands, CrossSaved, CrossSegment, Exec, LinearWeights, Segments, column_block, cross_attention,
    forward::View,
};

use crate::tape::{Context, Operation, Tape, TapeValue};

struct CrossAttention {
    q: TapeValue,
    memory: TapeValue,
    weights: LinearWeights,
    query_segments: Arc<Segments>,
    key_segments: Arc<Segments>,
    shape: AttentionShape,
    saved: CrossSaved,
}

pub(crate) fn record(tape: &mut Tape<'_>, operands: CrossOperands<'_, TapeValue>) -> TapeValue {
    let CrossOperands { q, memory, weights, query_segments, key_segments, shape } = operands;
    let shape_of_out = tape.shape(q);
    let parameters = tape.weights();
    tape.record(shape_of_out, |context, y| {
        let inputs = operands.inputs(parameters, |value| context.view(value));
        let [lifted, probabilities] = inputs.sizes(context.isa());
        let mut saved = CrossSaved {
            lifted: context.memory.pool.take(lifted),
            read: context.memory.pool.take(lifted),
            probabilities: context.memory.pool.take(probabilities),
        };
        let mut scratch = std::mem::take(&mut context.memory.cross);
        cross_attention(context.isa(), inputs, y, &mut saved, &mut scratch);
        context.memory.cross = scratch;
        let (query_segments, key_segments) = (Arc::clone(query_segments), Arc::clone(key_segments));
        CrossAttention { q, memory, weights, query_segments, key_segments, shape, saved }
    })
}

impl CrossAttention {
    fn inputs<'a>(&'a self, context: &'a Context<'_>) -> CrossInputs<'a> {
        CrossInputs {
            q: context.view(self.q),
            memory: context.view(self.memory),
            weights: context.weights.key_value(self.weights.weight),
            value_bias: None,
            query_segments: &self.query_segments,
            key_segments: &self.key_segments,
            shape: self.shape,
        }
    }

    /// d_U of all heads, `[queries · heads, d]`, from d_O.
    fn d_read(&self, context: &mut Context<'_>, d_out: View<'_>) -> Vec<f32> {
        let (d, heads, width) = (self.shape.width, self.shape.heads, self.shape.head_width());
        let mut d_read = context.memory.pool.take(d_out.rows() * heads * d);
        let weights = context.weights.key_value(self.weights.weight);
        for head in 0..heads {
            let d_o = column_block(d_out.data, d_out.rows(), head * width..(head + 1) * width, d);
            let w_v = weights.rows.rows_of(d + head * width..d + (head + 1) * width);
            gemm(context.isa(), d_o, w_v, (&mut d_read[head * d..], heads * d), Epilogue::OVER);
        }
        d_read
    }

    /// Adds to the gradients of the memory of a segment, given d_U; writes d_Q′.
    fn segment(
        &self,
        context: &mut Context<'_>,
        segment: &CrossSegment,
        d_read: &[f32],
        d_memory: &mut [f32],
        d_lifted: &mut [f32],
    ) {
        let (isa, d) = (context.isa(), self.shape.width);
        let block = query_block(isa);
        let d_memory = &mut d_memory[segment.keys.start * d..segment.keys.end * d];
        let mut scratch = std::mem::take(&mut context.memory.cross);
        let mut d_scores = context.memory.pool.take(segment.keys.len() * block);
        let memory = context.view(self.memory).matrix(&segment.keys);
        scratch.memory.repack(isa, memory);
        for (rows, kept) in segment.blocks(isa) {
            let numbers = rows.start * d..rows.end * d;
            let d_u = Matrix::new(&d_read[numbers.clone()], rows.len(), d, d);
            let probabilities = &self.saved.probabilities[kept];
            let p = Matrix::new(probabilities, segment.keys.len(), rows.len(), block);

            scratch.queries.repack(isa, d_u.transposed());
            scratch.queries.fill_panels();
            gemm(isa, memory, &scratch.queries, (&mut d_scores, block), Epilogue::OVER);
            softmax_columns_backward(isa, probabilities, &mut d_scores, block, self.shape.scale());

            scratch.queries.repack(isa, d_u);
            gemm(isa, p, &scratch.queries, (&mut *d_memory, d), Epilogue::ONTO);
            let d_s = Matrix::new(&d_scores, segment.keys.len(), rows.len(), block);
            scratch.queries.repack(isa, Matrix::new(&self.saved.lifted[numbers.clone()], rows.len(), d, d));
            gemm(isa, d_s, &scratch.queries, (&mut *d_memory, d), Epilogue::ONTO);
            gemm(isa, d_s.transposed(), &scratch.memory, (&mut d_lifted[numbers], d), Epilogue::OVER);
        }
        context.memory.pool.give(d_scores);
        context.memory.cross = scratch;
    }

    /// The gradients of W and b, and d_Q, from d_Q′ and d_O.
    fn heads(&self, context: &mut Context<'_>, d_lifted: &[f32], d_out: View<'_>) {
        let (isa, d) = (context.isa(), self.shape.width);
        let (heads, width, queries) = (self.shape.heads, self.shape.head_width(), d_out.rows());
        let mut packed = std::mem::take(&mut context.memory.packed);
        let (mut d_q, write) = context.take(self.q);
        for head in 0..heads {
            let columns = head * width..(head + 1) * width;
            let of_head = head * d..(head + 1) * d;
            let d_lifted = column_block(d_lifted, queries, of_head.clone(), heads * d);
            let d_o = column_block(d_out.data, queries, columns.clone(), d);

            packed.repack(isa, d_lifted);
            let (q, gradients) = context.view_and_gradients(self.q);
            let q = column_block(q.data, queries, columns.clone(), d);
            let d_w = gradients.dense_mut(self.weights.weight);
            gemm(isa, q.transposed(), &packed, (&mut d_w[columns.start * d..], d), Epilogue::ONTO);
            packed.repack(isa, column_block(&self.saved.read, queries, of_head, heads * d));
            gemm(isa, d_o.transposed(), &packed, (&mut d_w[(d + columns.start) * d..], d), Epilogue::ONTO);

            let w_k = &context.weights.key_value(self.weights.weight).keys[head];
            gemm(isa, d_lifted, w_k, (&mut d_q[columns.start..], d), Epilogue { write, ..Epilogue::OVER });
        }
        context.put(self.q, d_q);
        context.memory.packed = packed;
        if let Some(bias) = self.weights.bias {
            column_sums(isa, d_out.data, &mut context.gradients.dense_mut(bias)[d..]);
        }
    }
}

impl Operation for CrossAttention {
    fn backward(self: Box<Self>, context: &mut Context<'_>, d: Vec<f32>) {
        if d.is_empty() {
            return;
        }
        let isa = context.isa();
        let d_out = View { data: &d, columns: self.shape.width };
        let d_read = self.d_read(context, d_out);
        let mut d_lifted = context.memory.pool.take(d_read.len());
        let (mut d_memory, write) = context.take(self.memory);
        if write == Write::Over {
            d_memory.fill(0.0);
        }
        let segments: Vec<CrossSegment> = self.inputs(context).segments(isa).collect();
        for segment in &segments {
            if segment.keys.is_empty() {
                d_lifted[segment.lifted.start * self.shape.width..segment.lifted.end * self.shape.width].fill(0.0);
                continue;
            }
            self.segment(context, segment, &d_read, &mut d_memory, &mut d_lifted);
        }
        context.put(self.memory, d_memory);
        self.heads(context, &d_lifted, d_out);
        let CrossSaved { lifted, read, probabilities } = self.saved;
        for buffer in [d, d_read, d_lifted, lifted, read, probabilities] {
            context.memory.pool.give(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use nar4rec_tensor::Kind;

    use super::*;
    use crate::ops::check::{Check, matrix};

    type Rows = Vec<Vec<f64>>;

    /// Keys and values made first, as the formula has it.
    fn naive(shape: AttentionShape, segments: [&Segments; 2], [q, memory]: [&Rows; 2], w: &Rows, b: &[f64]) -> Rows {
        let (d, h) = (shape.width, shape.head_width());
        let mut made = matrix::product(memory, &matrix::transposed(w));
        made.iter_mut().for_each(|row| row.iter_mut().zip(b).for_each(|(x, b)| *x += b));
        let mut out = vec![vec![0.0; d]; q.len()];
        for (queries, keys) in segments[0].iter().zip(segments[1].iter()) {
            for (i, c) in queries.flat_map(|i| (0..d).map(move |c| (i, c))) {
                let first = c / h * h;
                let score = |j: usize| -> f64 {
                    (first..first + h).map(|c| q[i][c] * made[j][c]).sum::<f64>() / (h as f64).sqrt()
                };
                let total: f64 = keys.clone().map(|j| score(j).exp()).sum();
                // Where there is nothing to attend to, the probabilities do not sum to one, and b_v is what is left.
                let read = keys.clone().map(|j| score(j).exp() / total * (made[j][d + c] - b[d + c])).sum::<f64>();
                out[i][c] = read + b[d + c];
            }
        }
        out
    }

    #[test]
    fn gradients() {
        // The third has more queries times heads than a block, the last has none.
        for (heads, d, queries, keys) in [
            (2, 4, vec![2, 2, 1], vec![3, 0, 1]),
            (1, 3, vec![4], vec![5]),
            (4, 4, vec![9], vec![2]),
            (2, 4, vec![0], vec![2]),
        ] {
            let shape = AttentionShape { heads, width: d };
            let (queries, keys) = (Arc::new(Segments::of_lengths(queries)), Arc::new(Segments::of_lengths(keys)));
            let mut check = Check::new();
            let weight = check.parameter([2 * d, d], Kind::KeyValue { heads });
            let bias = check.parameter([1, 2 * d], Kind::Vector);
            check.run(
                &[[queries.rows(), d], [keys.rows(), d]],
                |tape, x| {
                    let weights = LinearWeights { weight, bias: Some(bias) };
                    let (query_segments, key_segments) = (&queries, &keys);
                    record(tape, CrossOperands { q: x[0], memory: x[1], weights, query_segments, key_segments, shape })
                },
                |x, p| naive(shape, [&queries, &keys], [&x[0], &x[1]], &p[0], &p[1][0]),
            );
        }
    }
}
