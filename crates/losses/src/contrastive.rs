//! Keeps states apart, so that the candidates, which act as the output vocabulary, do not collapse (docs/method.md §2).
//!
//! ```text
//!   L = mean over i ≠ j of max(0, ρ − 1 + cos(s_i, s_j))
//! ```
//!
//! With unit rows u = s/|s| and G the 0/1 matrix of active pairs, dL/du = 2·G·u / (n(n−1)).

use nar4rec_kernels::{Epilogue, Isa, Matrix, PackedMatrix, axpy, gemm, unit_rows, unit_rows_backward};

/// Memory that the loss uses between its steps; reuse one for many calls.
#[derive(Debug, Default)]
pub struct ContrastiveScratch {
    units: Vec<f32>,
    lengths: Vec<f32>,
    pairs: Vec<f32>,
    d_units: Vec<f32>,
    packed: PackedMatrix,
}

/// The contrastive loss with its margin.
#[derive(Debug, Clone, Copy)]
pub struct Contrastive {
    /// ρ: pairs whose cosine exceeds 1 − ρ are pushed apart.
    pub margin: f32,
}

impl Contrastive {
    /// The loss of one request's `states` `[n, width]`; adds its gradient to `d`. A single state has no pairs: zero.
    pub fn loss(
        &self,
        isa: Isa,
        (states, width): (&[f32], usize),
        scale: f32,
        d: &mut [f32],
        scratch: &mut ContrastiveScratch,
    ) -> f64 {
        let n = states.len() / width;
        if n < 2 || scale == 0.0 {
            return 0.0;
        }
        let ContrastiveScratch { units, lengths, pairs, d_units, packed } = scratch;
        units.clear();
        units.extend_from_slice(states);
        lengths.resize(n, 0.0);
        unit_rows(isa, units, width, lengths);
        let rows = Matrix::new(units, n, width, width);
        pairs.resize(n * n, 0.0);
        packed.repack(isa, rows.transposed());
        gemm(isa, rows, &*packed, (pairs, n), Epilogue::OVER);
        let sum = self.activate(pairs, n);

        let share = 1.0 / (n * (n - 1)) as f32;
        d_units.resize(n * width, 0.0);
        packed.repack(isa, rows);
        gemm(isa, Matrix::new(pairs, n, n, n), &*packed, (d_units, width), Epilogue::OVER);
        unit_rows_backward(isa, units, lengths, d_units, width);
        axpy(isa, d, d_units, 2.0 * share * scale);
        sum * f64::from(share * scale)
    }

    /// The sum of the hinges over i ≠ j; each cosine becomes 1 where its hinge is active and 0 elsewhere.
    fn activate(&self, pairs: &mut [f32], n: usize) -> f64 {
        let mut sum = 0.0;
        for (i, row) in pairs.chunks_exact_mut(n).enumerate() {
            row[i] = -1.0;
            let mut of_row = 0.0;
            for cosine in row {
                let hinge = (self.margin - 1.0 + *cosine).max(0.0);
                of_row += hinge;
                *cosine = if hinge > 0.0 { 1.0 } else { 0.0 };
            }
            sum += f64::from(of_row);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::assert_gradient;

    fn naive(states: &[f64], width: usize, margin: f64) -> f64 {
        let rows: Vec<&[f64]> = states.chunks(width).collect();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let cosine = |a: &[f64], b: &[f64]| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
        let pairs = (0..rows.len()).flat_map(|i| (0..rows.len()).map(move |j| (i, j))).filter(|(i, j)| i != j);
        let hinges = pairs.map(|(i, j)| (margin - 1.0 + cosine(rows[i], rows[j])).max(0.0));
        hinges.sum::<f64>() / (rows.len() * (rows.len() - 1)) as f64
    }

    #[test]
    fn values_and_gradients() {
        for (n, width, margin) in [(2, 3, 0.9), (7, 5, 0.8), (20, 16, 1.2)] {
            let states: Vec<f32> = (0..n * width).map(|i| ((i as f64 * 1.9).sin() + 0.4) as f32).collect();
            let wide: Vec<f64> = states.iter().map(|x| f64::from(*x)).collect();
            let mut d = vec![0.0; states.len()];
            let mut scratch = ContrastiveScratch::default();
            let loss = Contrastive { margin: margin as f32 };
            let value = loss.loss(Isa::detect(), (&states, width), 0.5, &mut d, &mut scratch);
            assert!(value > 0.0, "the check would see nothing");
            assert!((value - 0.5 * naive(&wide, width, margin)).abs() < 1e-6);
            assert_gradient(&states, &d, &|x| 0.5 * naive(x, width, margin));
        }
    }

    #[test]
    fn one_state_has_no_pairs() {
        let mut d = [0.0; 3];
        let loss = Contrastive { margin: 0.4 };
        assert_eq!(
            loss.loss(Isa::detect(), (&[1.0, 2.0, 3.0], 3), 1.0, &mut d, &mut ContrastiveScratch::default()),
            0.0
        );
    }
}
