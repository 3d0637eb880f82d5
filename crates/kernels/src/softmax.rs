//! Softmax down the columns of a matrix: of attention's scores, keys by queries, and of the probability matrix, candidates
//! by positions.
//!
//! ```text
//!   p_ij = exp s·(z_ij − max_i z_ij) / Σ_i …         d_z = s·p ∘ (d_p − Σ_i p·d_p)
//!   log p_ij = z_ij − max_i z_ij − ln Σ_i …          d_z = d − p·Σ_i d
//! ```
//!
//! Whole vectors of columns go down the rows together, two at a time: no step works across the lanes of a vector, no column
//! meets another, and what lies beyond the last column costs a mask and nothing else. The maximum is subtracted first, so
//! no exponent overflows.

use std::ops::Range;

use crate::{
    exp::exp_vector,
    isa::{Isa, Kernel},
    simd::Simd,
};

/// Runs of at most two vectors' width that together are all columns.
#[inline(always)]
fn strips<S: Simd>(columns: usize) -> impl Iterator<Item = Range<usize>> {
    (0..columns).step_by(2 * S::LANES).map(move |left| left..columns.min(left + 2 * S::LANES))
}

/// The greatest number of each column of a strip.
#[inline(always)]
fn greatest<S: Simd>(s: S, values: &[f32], columns: usize, strip: Range<usize>) -> [S::F32; 2] {
    let mut best = [s.splat(f32::NEG_INFINITY); 2];
    for row in values.chunks_exact(columns) {
        let [low, high] = s.get_pair(&row[strip.clone()]);
        best = [s.max(best[0], low), s.max(best[1], high)];
    }
    best
}

/// Replaces each column of a matrix `[rows, columns]` by the softmax of `scale` times itself, `scale` above zero.
///
/// # Panics
/// If `values` is not a whole number of rows.
pub fn softmax_columns(isa: Isa, values: &mut [f32], columns: usize, scale: f32) {
    struct Softmax<'a>(&'a mut [f32], usize, f32);
    impl Kernel for Softmax<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            let Self(values, columns, scale) = self;
            for strip in strips::<S>(columns) {
                softmax_strip(s, values, columns, strip, scale);
            }
        }
    }
    if columns > 0 {
        assert_eq!(values.len() % columns, 0, "whole rows");
        isa.run(Softmax(values, columns, scale));
    }
}

#[inline(always)]
fn softmax_strip<S: Simd>(s: S, values: &mut [f32], columns: usize, strip: Range<usize>, scale: f32) {
    let best = greatest(s, values, columns, strip.clone());
    let scale = s.splat(scale);
    let mut sum = [s.splat(0.0); 2];
    for row in values.chunks_exact_mut(columns) {
        let row = &mut row[strip.clone()];
        let [low, high] = s.get_pair(row);
        let low = exp_vector(s, s.mul(s.sub(low, best[0]), scale));
        let high = exp_vector(s, s.mul(s.sub(high, best[1]), scale));
        sum = [s.add(sum[0], low), s.add(sum[1], high)];
        s.put_pair([low, high], row);
    }
    let one = s.splat(1.0);
    let inverse = [s.div(one, sum[0]), s.div(one, sum[1])];
    for row in values.chunks_exact_mut(columns) {
        let row = &mut row[strip.clone()];
        let [low, high] = s.get_pair(row);
        s.put_pair([s.mul(low, inverse[0]), s.mul(high, inverse[1])], row);
    }
}

/// Turns the gradient `d` of a softmax down columns into that of the numbers it was taken of, in place, both matrices dense
/// `[rows, columns]`.
///
/// # Panics
/// If the slices differ in length.
pub fn softmax_columns_backward(isa: Isa, p: &[f32], d: &mut [f32], columns: usize, scale: f32) {
    struct Backward<'a>(&'a [f32], &'a mut [f32], usize, f32);
    impl Kernel for Backward<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            let Self(p, d, columns, scale) = self;
            for strip in strips::<S>(columns) {
                let mut along = [s.splat(0.0); 2];
                for (p, d) in p.chunks_exact(columns).zip(d.chunks_exact(columns)) {
                    let (p, d) = (s.get_pair(&p[strip.clone()]), s.get_pair(&d[strip.clone()]));
                    along = [s.fma(p[0], d[0], along[0]), s.fma(p[1], d[1], along[1])];
                }
                for (p, d) in p.chunks_exact(columns).zip(d.chunks_exact_mut(columns)) {
                    let (p, to) = (s.get_pair(&p[strip.clone()]), &mut d[strip.clone()]);
                    let d = s.get_pair(to);
                    let low = s.mul(s.mul(p[0], s.splat(scale)), s.sub(d[0], along[0]));
                    let high = s.mul(s.mul(p[1], s.splat(scale)), s.sub(d[1], along[1]));
                    s.put_pair([low, high], to);
                }
            }
        }
    }
    assert_eq!(p.len(), d.len(), "one gradient per number");
    isa.run(Backward(p, d, columns, scale));
}

/// Replaces a matrix `[rows, columns]` by the logarithm of its softmax over the rows of each column: afterwards the
/// exponentials of every column sum to one. With candidates as rows and positions as columns this is log P̂
/// (docs/method.md §1).
///
/// # Panics
/// If `values` is not a whole number of rows.
pub fn log_softmax_columns(isa: Isa, values: &mut [f32], columns: usize) {
    struct LogSoftmax<'a>(&'a mut [f32], usize);
    impl Kernel for LogSoftmax<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            let Self(values, columns) = self;
            for strip in strips::<S>(columns) {
                log_softmax_strip(s, values, columns, strip);
            }
        }
    }
    if columns > 0 {
        assert_eq!(values.len() % columns, 0, "whole rows");
        isa.run(LogSoftmax(values, columns));
    }
}

#[inline(always)]
fn log_softmax_strip<S: Simd>(s: S, values: &mut [f32], columns: usize, strip: Range<usize>) {
    const { assert!(S::LANES <= 16) };
    let best = greatest(s, values, columns, strip.clone());
    let mut sum = [s.splat(0.0); 2];
    for row in values.chunks_exact(columns) {
        let [low, high] = s.get_pair(&row[strip.clone()]);
        let (low, high) = (exp_vector(s, s.sub(low, best[0])), exp_vector(s, s.sub(high, best[1])));
        sum = [s.add(sum[0], low), s.add(sum[1], high)];
    }
    let mut logs = [0.0_f32; 32];
    let logs = &mut logs[..strip.len()];
    s.put_pair(sum, logs);
    logs.iter_mut().for_each(|sum| *sum = sum.ln());
    let logs = s.get_pair(logs);
    let shift = [s.add(best[0], logs[0]), s.add(best[1], logs[1])];
    for row in values.chunks_exact_mut(columns) {
        let row = &mut row[strip.clone()];
        let [low, high] = s.get_pair(row);
        s.put_pair([s.sub(low, shift[0]), s.sub(high, shift[1])], row);
    }
}

/// Turns the gradient of the log-probabilities into that of the logits, in place, one matrix `[rows, columns]`:
/// `d_logit = d − p · Σ_rows d`.
///
/// # Panics
/// If the slices differ in length.
pub fn log_softmax_columns_backward(isa: Isa, log_probabilities: &[f32], d: &mut [f32], columns: usize) {
    struct Backward<'a>(&'a [f32], &'a mut [f32], usize);
    impl Kernel for Backward<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            let Self(logs, d, columns) = self;
            for strip in strips::<S>(columns) {
                let mut sum = [s.splat(0.0); 2];
                for row in d.chunks_exact(columns) {
                    let [low, high] = s.get_pair(&row[strip.clone()]);
                    sum = [s.add(sum[0], low), s.add(sum[1], high)];
                }
                for (row, log) in d.chunks_exact_mut(columns).zip(logs.chunks_exact(columns)) {
                    let (log, row) = (s.get_pair(&log[strip.clone()]), &mut row[strip.clone()]);
                    let [low, high] = s.get_pair(row);
                    let low = s.sub(low, s.mul(exp_vector(s, log[0]), sum[0]));
                    let high = s.sub(high, s.mul(exp_vector(s, log[1]), sum[1]));
                    s.put_pair([low, high], row);
                }
            }
        }
    }
    assert_eq!(log_probabilities.len(), d.len(), "one gradient per number");
    if columns > 0 {
        isa.run(Backward(log_probabilities, d, columns));
    }
}

#[cfg(test)]
mod tests;
