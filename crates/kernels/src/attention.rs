//! Multi-head scaled dot-product attention over one request, forward and backward.
//!
//! ```text
//!   per head:  S = Q·Kᵀ/√h      P = softmax over the keys      O = P·V            Q [nq, h], K and V [nk, h]
//!   d_V = Pᵀ·d_O    d_P = d_O·Vᵀ    d_S = P ∘ (d_P − rowsum(d_P ∘ P))    d_Q = d_S·K/√h    d_K = d_Sᵀ·Q/√h
//! ```
//!
//! Q, K and V are columns of wider rows (one product makes all three), so each is a strided view; the scores of one head,
//! nq·nk numbers, stay in cache. A request is attended to alone: there is no padding and so no mask.

use crate::{
    elementwise::scale,
    gemm::{Epilogue, Matrix, PackedMatrix, gemm},
    isa::{Isa, Kernel},
    simd::Simd,
    softmax::softmax_rows,
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
    fn head_width(self) -> usize {
        self.width / self.heads
    }

    /// 1/√h
    fn scale(self) -> f32 {
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
        let width = shape.head_width();
        Matrix::new(&self.data[head * width..], self.rows, width, self.stride)
    }
}

/// Memory that the kernels use between their steps; reuse one for many calls.
#[derive(Debug, Default)]
pub struct AttentionScratch {
    packed: PackedMatrix,
    scores: Vec<f32>,
}

/// O of all heads into `out` `[nq, width]`. `probabilities` takes P of every head, `[heads, nq, nk]`, for the backward
/// pass, or is empty.
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
    let (size, width) = (q.rows * k.rows, shape.head_width());
    scratch.scores.resize(size, 0.0);
    for head in 0..shape.heads {
        let scores = match probabilities.get_mut(head * size..(head + 1) * size) {
            Some(kept) => kept,
            None => &mut scratch.scores[..],
        };
        scratch.packed.repack(isa, k.head(shape, head).transposed());
        gemm(isa, q.head(shape, head), &scratch.packed, (scores, k.rows), Epilogue::OVER);
        scale(isa, scores, shape.scale());
        softmax_rows(isa, scores, k.rows);
        scratch.packed.repack(isa, v.head(shape, head));
        let scores = Matrix::new(scores, q.rows, k.rows, k.rows);
        gemm(isa, scores, &scratch.packed, (&mut out[head * width..], shape.width), Epilogue::OVER);
    }
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
    let (size, width) = (q.rows * k.rows, shape.head_width());
    assert_eq!(probabilities.len(), shape.heads * size, "the probabilities of every head");
    scratch.scores.resize(size, 0.0);
    let d_out = Heads { data: d_out, rows: q.rows, stride: shape.width };
    for head in 0..shape.heads {
        let p = &probabilities[head * size..(head + 1) * size];
        let p_matrix = Matrix::new(p, q.rows, k.rows, k.rows);
        let d_o = d_out.head(shape, head);
        let column = head * width;

        scratch.packed.repack(isa, d_o);
        gemm(isa, p_matrix.transposed(), &scratch.packed, (&mut d_v[column..], shape.width), Epilogue::OVER);

        scratch.packed.repack(isa, v.head(shape, head).transposed());
        let d_s = &mut scratch.scores[..];
        gemm(isa, d_o, &scratch.packed, (d_s, k.rows), Epilogue::OVER);
        softmax_rows_backward(isa, p, d_s, k.rows);
        scale(isa, d_s, shape.scale());

        let d_s = Matrix::new(d_s, q.rows, k.rows, k.rows);
        scratch.packed.repack(isa, k.head(shape, head));
        gemm(isa, d_s, &scratch.packed, (&mut d_q[column..], shape.width), Epilogue::OVER);
        scratch.packed.repack(isa, q.head(shape, head));
        gemm(isa, d_s.transposed(), &scratch.packed, (&mut d_k[column..], shape.width), Epilogue::OVER);
    }
}

/// Turns the gradient of softmax rows into that of their logits, in place: `d ← p ∘ (d − Σ d·p)`.
fn softmax_rows_backward(isa: Isa, p: &[f32], d: &mut [f32], columns: usize) {
    struct Run<'a>(&'a [f32], &'a mut [f32], usize);
    impl Kernel for Run<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            for (p, d) in self.0.chunks_exact(self.2).zip(self.1.chunks_exact_mut(self.2)) {
                let along = s.splat(crate::elementwise::dot_of(s, p, d));
                for (p, d) in p.chunks(S::LANES).zip(d.chunks_mut(S::LANES)) {
                    s.put(s.mul(s.get(p), s.sub(s.get(d), along)), d);
                }
            }
        }
    }
    isa.run(Run(p, d, columns));
}

#[cfg(test)]
mod tests;
