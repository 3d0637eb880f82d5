//! Softmax over rows (attention) and log-softmax over columns (the probability matrix).
//!
//! Both subtract the maximum first, so no exponent overflows.

use crate::{
    exp::exp_vector,
    isa::{Isa, Kernel},
    simd::Simd,
};

/// Replaces each row of `columns` numbers by its softmax.
///
/// # Panics
/// If `values` is not a whole number of rows.
pub fn softmax_rows(isa: Isa, values: &mut [f32], columns: usize) {
    struct Rows<'a>(&'a mut [f32], usize);
    impl Kernel for Rows<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            for row in self.0.chunks_exact_mut(self.1) {
                softmax(s, row);
            }
        }
    }
    if columns > 0 {
        assert_eq!(values.len() % columns, 0, "whole rows");
        isa.run(Rows(values, columns));
    }
}

#[inline(always)]
fn greatest<S: Simd>(s: S, row: &[f32]) -> f32 {
    let whole = row.chunks_exact(S::LANES);
    let rest = whole.remainder();
    let mut best = s.splat(f32::NEG_INFINITY);
    for chunk in whole {
        best = s.max(best, s.load(chunk));
    }
    // The padding of a partial load is zero, which may exceed every number of the row.
    rest.iter().fold(s.greatest(best), |best, x| if *x > best { *x } else { best })
}

#[inline(always)]
fn softmax<S: Simd>(s: S, row: &mut [f32]) {
    let shift = s.splat(greatest(s, row));
    let mut sum = s.splat(0.0);
    let mut chunks = row.chunks_exact_mut(S::LANES);
    for chunk in &mut chunks {
        let e = exp_vector(s, s.sub(s.load(chunk), shift));
        sum = s.add(sum, e);
        s.store(e, chunk);
    }
    let rest = chunks.into_remainder();
    if !rest.is_empty() {
        let e = exp_vector(s, s.sub(s.load_partial(rest), shift));
        s.store_partial(e, rest);
        // Read back, so that the lanes beyond the end are zero again.
        sum = s.add(sum, s.load_partial(rest));
    }
    let inverse = s.splat(1.0 / s.sum(sum));
    for chunk in row.chunks_mut(S::LANES) {
        s.put(s.mul(s.get(chunk), inverse), chunk);
    }
}

/// Replaces a matrix `[rows, columns]` by the logarithm of its softmax over the rows of each column: afterwards the
/// exponentials of every column sum to one. This is log P̂ (SPEC §1), rows being candidates and columns positions.
///
/// # Panics
/// If `values` is not a whole number of rows.
pub fn log_softmax_columns(isa: Isa, values: &mut [f32], columns: usize) {
    struct Columns<'a>(&'a mut [f32], usize);
    impl Kernel for Columns<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            let Self(values, columns) = self;
            for left in (0..columns).step_by(S::LANES) {
                let width = S::LANES.min(columns - left);
                log_softmax_strip(s, values, columns, left, width);
            }
        }
    }
    if columns > 0 {
        assert_eq!(values.len() % columns, 0, "whole rows");
        isa.run(Columns(values, columns));
    }
}

/// One vector's width of columns.
#[inline(always)]
fn log_softmax_strip<S: Simd>(s: S, values: &mut [f32], columns: usize, left: usize, width: usize) {
    let mut best = s.splat(f32::NEG_INFINITY);
    for row in values.chunks_exact(columns) {
        best = s.max(best, s.get(&row[left..left + width]));
    }
    let mut sum = s.splat(0.0);
    for row in values.chunks_exact(columns) {
        sum = s.add(sum, exp_vector(s, s.sub(s.get(&row[left..left + width]), best)));
    }
    let mut shift = vec_of::<S>();
    s.put(sum, &mut shift[..width]);
    for x in &mut shift[..width] {
        *x = x.ln();
    }
    let shift = s.add(best, s.get(&shift[..width]));
    for row in values.chunks_exact_mut(columns) {
        let row = &mut row[left..left + width];
        s.put(s.sub(s.get(row), shift), row);
    }
}

/// Room for one vector of any instruction set.
#[inline(always)]
fn vec_of<S: Simd>() -> [f32; 16] {
    const { assert!(S::LANES <= 16) };
    [0.0; 16]
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
            for left in (0..columns).step_by(S::LANES) {
                let strip = left..columns.min(left + S::LANES);
                let mut sum = s.splat(0.0);
                for row in d.chunks_exact(columns) {
                    sum = s.add(sum, s.get(&row[strip.clone()]));
                }
                for (row, log) in d.chunks_exact_mut(columns).zip(logs.chunks_exact(columns)) {
                    let p = exp_vector(s, s.get(&log[strip.clone()]));
                    let row = &mut row[strip.clone()];
                    s.put(s.sub(s.get(row), s.mul(p, sum)), row);
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
mod tests {
    use super::*;
    use crate::isa::isas_under_test;

    fn logits(count: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * 37 + 11) % 101) as f32 / 7.0 - 9.0).collect()
    }

    #[test]
    fn rows_against_f64_at_every_edge() {
        for isa in isas_under_test() {
            for columns in [1, 2, 7, 8, 9, 15, 16, 17, 33, 50] {
                let input = logits(3 * columns);
                let mut output = input.clone();
                softmax_rows(isa, &mut output, columns);
                for (x, y) in input.chunks(columns).zip(output.chunks(columns)) {
                    let total: f64 = x.iter().map(|x| f64::from(*x).exp()).sum();
                    for (x, y) in x.iter().zip(y) {
                        let truth = f64::from(*x).exp() / total;
                        assert!((f64::from(*y) - truth).abs() <= 1e-6 * truth, "{} [{columns}]", isa.name());
                    }
                }
            }
        }
    }

    #[test]
    fn columns_against_f64_at_every_edge() {
        for isa in isas_under_test() {
            for (rows, columns) in [(1, 1), (5, 6), (50, 6), (9, 16), (4, 17), (7, 40)] {
                let input = logits(rows * columns);
                let mut output = input.clone();
                log_softmax_columns(isa, &mut output, columns);
                for column in 0..columns {
                    let of = |row: usize| f64::from(input[row * columns + column]);
                    let total = (0..rows).map(|row| of(row).exp()).sum::<f64>().ln();
                    for row in 0..rows {
                        let error = f64::from(output[row * columns + column]) - (of(row) - total);
                        assert!(error.abs() < 3e-6, "{} [{rows}, {columns}]: {error}", isa.name());
                    }
                }
            }
        }
    }

    #[test]
    fn huge_logits_do_not_overflow() {
        for isa in isas_under_test() {
            let mut values = [1e30, 0.0, -1e30, 3e4];
            softmax_rows(isa, &mut values, 2);
            assert!(values.iter().all(|p| (0.0..=1.0).contains(p)), "{values:?}");
        }
    }

    #[test]
    fn the_gradient_of_the_columns_is_the_difference_quotient() {
        let (rows, columns) = (5, 3);
        let input = logits(rows * columns);
        let weights: Vec<f32> = (0..input.len()).map(|i| (i as f32).sin()).collect();
        let loss = |logits: &[f64]| -> f64 {
            (0..columns)
                .map(|column| {
                    let of = |row: usize| logits[row * columns + column];
                    let total = (0..rows).map(|row| of(row).exp()).sum::<f64>().ln();
                    (0..rows).map(|row| f64::from(weights[row * columns + column]) * (of(row) - total)).sum::<f64>()
                })
                .sum()
        };
        let wide: Vec<f64> = input.iter().map(|x| f64::from(*x)).collect();
        for isa in isas_under_test() {
            let mut logs = input.clone();
            log_softmax_columns(isa, &mut logs, columns);
            let mut d = weights.clone();
            log_softmax_columns_backward(isa, &logs, &mut d, columns);
            for i in 0..wide.len() {
                let (mut up, mut down) = (wide.clone(), wide.clone());
                up[i] += 1e-5;
                down[i] -= 1e-5;
                let numeric = (loss(&up) - loss(&down)) / 2e-5;
                assert!((f64::from(d[i]) - numeric).abs() < 1e-5, "{} at {i}", isa.name());
            }
        }
    }
}
