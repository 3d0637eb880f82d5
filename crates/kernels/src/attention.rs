//! Multi-head scaled dot-product attention over one request, forward and backward.
//!
//! ```text
//!   per head:  S = K·Qᵀ      P = softmax(S/√h) down the keys      O = Pᵀ·V               Q [nq, h], K and V [nk, h]
//!   d_V = P·d_O    d_P = V·d_Oᵀ    d_S = P ∘ (d_P − colsum(d_P ∘ P))/√h    d_Q = d_Sᵀ·K    d_K = d_S·Q
//! ```
//!
//! Scores stand as keys by queries, `[nk, nq]`: the softmax goes down columns and never across a vector's lanes, K is read in
//! place, and of the operands that must be packed Q alone has to be turned. Queries come in blocks of a panel's width, the
//! last one filled up with zeros, so that no vector is ever partial and the scores at hand, `[nk, block]`, stay in cache
//! however many queries there are; those of all blocks are kept only where a backward pass will need them. Q, K and V are
//! columns of wider rows (one product makes all three), so each is a strided view. A request is attended to alone: there is no
//! padding and so no mask.

use std::ops::Range;

use crate::{
    gemm::{Epilogue, Matrix, PackedMatrix, gemm},
    isa::Isa,
    softmax::{softmax_columns, softmax_columns_backward},
};

/// The heads that share a width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttentionShape {
    /// Number of heads; divides the width.
    pub heads: usize,
    /// Numbers of a query, key or value over all heads.
    pub width: usize,
}

impl AttentionShape {
    /// Numbers of a query, key or value of one head, h.
    pub fn head_width(self) -> usize {
        self.width / self.heads
    }

    /// 1/√h
    pub fn scale(self) -> f32 {
        1.0 / (self.head_width() as f32).sqrt()
    }
}

/// Queries, keys or values of one request: `rows` rows, `stride` numbers apart, whose first `width` numbers count.
#[derive(Debug, Clone, Copy)]
pub struct Heads<'a> {
    /// The numbers, from the first row's first on.
    pub data: &'a [f32],
    /// Number of rows.
    pub rows: usize,
    /// Between the beginnings of rows.
    pub stride: usize,
}

impl<'a> Heads<'a> {
    fn head(self, shape: AttentionShape, head: usize) -> Matrix<'a> {
        self.part(shape, head, 0..self.rows)
    }

    fn part(self, shape: AttentionShape, head: usize, rows: Range<usize>) -> Matrix<'a> {
        let width = shape.head_width();
        Matrix::new(&self.data[rows.start * self.stride + head * width..], rows.len(), width, self.stride)
    }
}

/// Memory that the kernels use between their steps; reuse one for many calls.
#[derive(Debug, Default)]
pub struct AttentionScratch {
    packed: PackedMatrix,
    values: PackedMatrix,
    scores: Vec<f32>,
}

/// Queries that are scored together: the columns of a panel.
pub fn query_block(isa: Isa) -> usize {
    2 * isa.tile().0
}

impl AttentionShape {
    /// How many numbers [`attention_forward`] keeps for the backward pass of `queries` queries over `keys` keys.
    pub fn probabilities(self, isa: Isa, queries: usize, keys: usize) -> usize {
        self.heads * keys * queries.next_multiple_of(query_block(isa))
    }
}

/// O of all heads into `out` `[nq, width]`. `probabilities` takes P of every head and block, `[heads, blocks, nk, block]`, for
/// the backward pass, as many as [`AttentionShape::probabilities`] says, or is empty.
///
/// # Panics
/// If the shapes do not agree.
pub fn attention_forward(
    isa: Isa,
    shape: AttentionShape,
    [q, k, v]: [Heads<'_>; 3],
    (out, probabilities): (&mut [f32], &mut [f32]),
    scratch: &mut AttentionScratch,
) {
    assert!(shape.heads > 0 && shape.width.is_multiple_of(shape.heads), "heads divide the width");
    assert_eq!(k.rows, v.rows, "one value per key");
    let AttentionScratch { packed: queries, values, scores } = scratch;
    let block = query_block(isa);
    if scores.len() < k.rows * block {
        scores.resize(k.rows * block, 0.0);
    }
    let mut kept = probabilities.chunks_exact_mut(k.rows * block);
    for head in 0..shape.heads {
        values.repack(isa, v.head(shape, head));
        for rows in blocks(q.rows, block) {
            let scores = kept.next().unwrap_or(&mut scores[..k.rows * block]);
            let out = &mut out[rows.start * shape.width + head * shape.head_width()..];
            queries.repack(isa, q.part(shape, head, rows.clone()).transposed());
            queries.fill_panels();
            gemm(isa, k.head(shape, head), &*queries, (&mut *scores, block), Epilogue::OVER);
            softmax_columns(isa, scores, block, shape.scale());
            let p = Matrix::new(scores, k.rows, rows.len(), block).transposed();
            gemm(isa, p, &*values, (out, shape.width), Epilogue::OVER);
        }
    }
}

/// Runs of at most `block` rows.
fn blocks(rows: usize, block: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows).step_by(block).map(move |start| start..rows.min(start + block))
}

/// The gradients `[d_q, d_k, d_v]`, each dense `[rows, width]`, written over. `probabilities` are those of the forward
/// pass and `d_out` `[nq, width]` the gradient of its result.
///
/// # Panics
/// If the shapes do not agree.
pub fn attention_backward(
    isa: Isa,
    shape: AttentionShape,
    [q, k, v]: [Heads<'_>; 3],
    (probabilities, d_out): (&[f32], &[f32]),
    [d_q, d_k, d_v]: [&mut [f32]; 3],
    scratch: &mut AttentionScratch,
) {
    let (width, block) = (shape.head_width(), query_block(isa));
    assert_eq!(probabilities.len(), shape.probabilities(isa, q.rows, k.rows), "the probabilities of every head");
    let AttentionScratch { packed, values: keys, scores } = scratch;
    scores.resize(k.rows * block, 0.0);
    let d_out = Heads { data: d_out, rows: q.rows, stride: shape.width };
    let mut kept = probabilities.chunks_exact(k.rows * block);
    for head in 0..shape.heads {
        let column = head * width;
        keys.repack(isa, k.head(shape, head));
        for rows in blocks(q.rows, block) {
            let p = kept.next().expect("as many blocks as there are probabilities of");
            let d_o = d_out.part(shape, head, rows.clone());
            // The first block of queries writes the gradients of keys and values, the others add to them.
            let epilogue = if rows.start == 0 { Epilogue::OVER } else { Epilogue::ONTO };

            packed.repack(isa, d_o);
            let p_matrix = Matrix::new(p, k.rows, rows.len(), block);
            gemm(isa, p_matrix, &*packed, (&mut d_v[column..], shape.width), epilogue);

            packed.repack(isa, d_o.transposed());
            packed.fill_panels();
            gemm(isa, v.head(shape, head), &*packed, (scores, block), Epilogue::OVER);
            softmax_columns_backward(isa, p, scores, block, shape.scale());

            let d_s = Matrix::new(scores, k.rows, rows.len(), block);
            let d_q = &mut d_q[rows.start * shape.width + column..];
            gemm(isa, d_s.transposed(), &*keys, (d_q, shape.width), Epilogue::OVER);
            packed.repack(isa, q.part(shape, head, rows));
            gemm(isa, d_s, &*packed, (&mut d_k[column..], shape.width), epilogue);
        }
    }
}

#[cfg(test)]
mod tests;
