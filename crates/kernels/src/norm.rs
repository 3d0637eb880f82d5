//! Layer normalisation and normalisation to unit length, forward and backward.
//!
//! ```text
//!   x̂ = (x − mean) / √(variance + ε)      y = g·x̂ + b                                  one row of d numbers
//!   d_x = (r/d)·(d·d_x̂ − Σ d_x̂ − x̂·Σ d_x̂·x̂),  d_x̂ = g·d_y,  r = 1/√(variance + ε)
//! ```

use crate::{
    elementwise::dot_of,
    isa::{Isa, Kernel},
    simd::Simd,
};

/// ε under the root of the variance.
const EPSILON: f32 = 1e-5;

/// What the backward pass of a layer normalisation needs of each row.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LayerNormSaved {
    /// The row's mean.
    pub mean: f32,
    /// 1/√(variance + ε).
    pub inverse: f32,
}

/// Normalises every row of `x` `[rows, d]` into `y`, with gain and bias `[d]`. `saved` takes one entry a row, or is empty.
///
/// # Panics
/// If the lengths do not agree.
pub fn layer_norm(isa: Isa, x: &[f32], [gain, bias]: [&[f32]; 2], y: &mut [f32], saved: &mut [LayerNormSaved]) {
    struct Run<'a>(&'a [f32], [&'a [f32]; 2], &'a mut [f32], &'a mut [LayerNormSaved]);
    impl Kernel for Run<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            let Self(x, parameters, y, saved) = self;
            let width = parameters[0].len();
            for (index, (x, y)) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)).enumerate() {
                let row = statistics(s, x);
                normalise(s, x, row, parameters, y);
                if let Some(saved) = saved.get_mut(index) {
                    *saved = row;
                }
            }
        }
    }
    assert!(gain.len() == bias.len() && x.len() == y.len(), "one gain and bias per column, one result per number");
    if !gain.is_empty() {
        assert_eq!(x.len() % gain.len(), 0, "whole rows");
        isa.run(Run(x, [gain, bias], y, saved));
    }
}

/// One row's x̂, times the gain, plus the bias.
#[inline(always)]
fn normalise<S: Simd>(s: S, x: &[f32], row: LayerNormSaved, [gain, bias]: [&[f32]; 2], y: &mut [f32]) {
    let (mean, inverse) = (s.splat(row.mean), s.splat(row.inverse));
    let parameters = gain.chunks_exact(S::LANES).zip(bias.chunks_exact(S::LANES));
    for ((x, y), (gain, bias)) in x.chunks_exact(S::LANES).zip(y.chunks_exact_mut(S::LANES)).zip(parameters) {
        let unit = s.mul(s.sub(s.load(x), mean), inverse);
        s.store(s.fma(unit, s.load(gain), s.load(bias)), y);
    }
    let whole = x.len() - x.len() % S::LANES;
    if whole < x.len() {
        let unit = s.mul(s.sub(s.load_partial(&x[whole..]), mean), inverse);
        let rest = s.fma(unit, s.load_partial(&gain[whole..]), s.load_partial(&bias[whole..]));
        s.store_partial(rest, &mut y[whole..]);
    }
}

/// Mean and 1/√(variance + ε) of a row. Two accumulators, so that an addition need not wait for the one before.
#[inline(always)]
fn statistics<S: Simd>(s: S, x: &[f32]) -> LayerNormSaved {
    let count = x.len() as f32;
    let mut sums = [s.splat(0.0); 2];
    let pairs = x.chunks_exact(2 * S::LANES);
    let rest = pairs.remainder();
    for pair in pairs {
        sums[0] = s.add(sums[0], s.load(pair));
        sums[1] = s.add(sums[1], s.load(&pair[S::LANES..]));
    }
    let mean = (s.sum(s.add(sums[0], sums[1])) + rest.iter().sum::<f32>()) / count;
    let (centre, mut squares) = (s.splat(mean), [s.splat(0.0); 2]);
    for pair in x.chunks_exact(2 * S::LANES) {
        let (low, high) = (s.sub(s.load(pair), centre), s.sub(s.load(&pair[S::LANES..]), centre));
        squares = [s.fma(low, low, squares[0]), s.fma(high, high, squares[1])];
    }
    let rest: f32 = rest.iter().map(|x| (x - mean) * (x - mean)).sum();
    let variance = (s.sum(s.add(squares[0], squares[1])) + rest) / count;
    LayerNormSaved { mean, inverse: 1.0 / (variance + EPSILON).sqrt() }
}

/// The gradients of a layer normalisation: turns `d` from that of `y` into that of `x`, and adds to those of gain and bias.
///
/// # Panics
/// If the lengths do not agree.
pub fn layer_norm_backward(
    isa: Isa,
    (x, saved): (&[f32], &[LayerNormSaved]),
    gain: &[f32],
    d: &mut [f32],
    [d_gain, d_bias]: [&mut [f32]; 2],
) {
    struct Run<'a> {
        x: &'a [f32],
        saved: &'a [LayerNormSaved],
        gain: &'a [f32],
        d: &'a mut [f32],
        d_gain: &'a mut [f32],
        d_bias: &'a mut [f32],
    }
    impl Kernel for Run<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            let width = self.gain.len();
            let rows = self.x.chunks_exact(width).zip(self.d.chunks_exact_mut(width)).zip(self.saved);
            for ((x, d), saved) in rows {
                backward_row(s, x, *saved, self.gain, d, [self.d_gain, self.d_bias]);
            }
        }
    }
    assert!(x.len() == d.len() && saved.len() * gain.len() == x.len(), "one gradient per number, one entry per row");
    assert!(gain.len() == d_gain.len() && gain.len() == d_bias.len(), "one gain and bias per column");
    if !gain.is_empty() {
        isa.run(Run { x, saved, gain, d, d_gain, d_bias });
    }
}

#[inline(always)]
fn backward_row<S: Simd>(
    s: S,
    x: &[f32],
    saved: LayerNormSaved,
    gain: &[f32],
    d: &mut [f32],
    [d_gain, d_bias]: [&mut [f32]; 2],
) {
    let (mean, inverse) = (s.splat(saved.mean), s.splat(saved.inverse));
    let (mut sum, mut sum_unit) = (s.splat(0.0), s.splat(0.0));
    for i in (0..x.len()).step_by(S::LANES) {
        let strip = i..x.len().min(i + S::LANES);
        let unit = s.mul(s.sub(s.get(&x[strip.clone()]), mean), inverse);
        let d_y = s.get(&d[strip.clone()]);
        // Beyond the end d_y is zero, and so is every term below.
        s.put(s.fma(d_y, unit, s.get(&d_gain[strip.clone()])), &mut d_gain[strip.clone()]);
        s.put(s.add(d_y, s.get(&d_bias[strip.clone()])), &mut d_bias[strip.clone()]);
        let d_unit = s.mul(d_y, s.get(&gain[strip]));
        sum = s.add(sum, d_unit);
        sum_unit = s.fma(d_unit, unit, sum_unit);
    }
    let count = x.len() as f32;
    let (sum, sum_unit) = (s.splat(s.sum(sum) / count), s.splat(s.sum(sum_unit) / count));
    for ((x, d), gain) in x.chunks(S::LANES).zip(d.chunks_mut(S::LANES)).zip(gain.chunks(S::LANES)) {
        let unit = s.mul(s.sub(s.get(x), mean), inverse);
        let d_unit = s.mul(s.get(d), s.get(gain));
        s.put(s.mul(inverse, s.sub(s.sub(d_unit, sum), s.mul(unit, sum_unit))), d);
    }
}

/// Divides every row of `rows` `[_, width]` by its length, in place; `lengths` takes the length of each. A row of length
/// zero stays zero.
///
/// # Panics
/// If there is not one length per row.
pub fn unit_rows(isa: Isa, rows: &mut [f32], width: usize, lengths: &mut [f32]) {
    struct Run<'a>(&'a mut [f32], usize, &'a mut [f32]);
    impl Kernel for Run<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            for (row, length) in self.0.chunks_exact_mut(self.1).zip(self.2) {
                *length = dot_of(s, row, row).sqrt();
                let inverse = s.splat(if *length > 0.0 { 1.0 / *length } else { 0.0 });
                for chunk in row.chunks_mut(S::LANES) {
                    s.put(s.mul(s.get(chunk), inverse), chunk);
                }
            }
        }
    }
    assert_eq!(rows.len(), width * lengths.len(), "one length per row");
    if width > 0 {
        isa.run(Run(rows, width, lengths));
    }
}

/// Turns the gradient of unit rows u = x/|x| into that of x, in place: `d_x = (d_u − u·(u·d_u)) / |x|`, zero where |x| = 0.
///
/// # Panics
/// If the lengths do not agree.
pub fn unit_rows_backward(isa: Isa, units: &[f32], lengths: &[f32], d: &mut [f32], width: usize) {
    struct Run<'a>(&'a [f32], &'a [f32], &'a mut [f32], usize);
    impl Kernel for Run<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            let Self(units, lengths, d, width) = self;
            for ((unit, d), length) in units.chunks_exact(width).zip(d.chunks_exact_mut(width)).zip(lengths) {
                let along = s.splat(dot_of(s, unit, d));
                let inverse = s.splat(if *length > 0.0 { 1.0 / *length } else { 0.0 });
                for (unit, d) in unit.chunks(S::LANES).zip(d.chunks_mut(S::LANES)) {
                    s.put(s.mul(s.sub(s.get(d), s.mul(s.get(unit), along)), inverse), d);
                }
            }
        }
    }
    assert!(units.len() == d.len() && d.len() == width * lengths.len(), "one gradient per number, one length per row");
    if width > 0 {
        isa.run(Run(units, lengths, d, width));
    }
}

#[cfg(test)]
mod tests;
