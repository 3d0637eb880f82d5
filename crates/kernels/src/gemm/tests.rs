//! Every instruction set against a naive product in f64, at sizes around the edges of tiles, panels and blocks.

use super::*;
use crate::isa::isas_under_test;

/// Numbers in −1..1 that look random and are the same everywhere.
pub(super) fn noise(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

pub(super) fn naive(a: Matrix<'_>, b: Matrix<'_>, row: usize, column: usize) -> f64 {
    (0..a.columns)
        .map(|k| {
            let left = a.data[row * a.row_stride + k * a.column_stride];
            let right = b.data[k * b.row_stride + column * b.column_stride];
            f64::from(left) * f64::from(right)
        })
        .sum()
}

fn check(isa: Isa, a: Matrix<'_>, b: Matrix<'_>) {
    let (m, n) = (a.rows, b.columns);
    let stride = n + 3;
    let start = noise(m * stride, 9);
    let bias = noise(n, 11);
    let residual: Vec<f32> = start.iter().map(|x| 2.0 * x).collect();
    for (epilogue, scale, offset) in [
        (Epilogue::OVER, 0.0, 0.0),
        (Epilogue::ONTO, 1.0, 0.0),
        (Epilogue { bias: Some(&bias), ..Epilogue::OVER }, 0.0, 1.0),
        (Epilogue { bias: Some(&bias), write: Write::Sum(&residual), ..Epilogue::OVER }, 2.0, 1.0),
    ] {
        let mut c = start.clone();
        gemm(isa, a, &PackedMatrix::new(isa, b), (&mut c, stride), epilogue);
        for row in 0..m {
            let beyond = row * stride + n..(row + 1) * stride;
            assert_eq!(c[beyond.clone()], start[beyond], "beyond the row nothing is written");
            for (column, bias) in bias.iter().enumerate() {
                let at = row * stride + column;
                let expected = naive(a, b, row, column) + scale * f64::from(start[at]) + offset * f64::from(*bias);
                // Products of numbers below 1: the rounding error grows with the depth.
                let tolerance = 1e-6 * (4.0 + a.columns as f64);
                let close = (f64::from(c[at]) - expected).abs() <= tolerance;
                assert!(close, "{} [{m}, {}, {n}] at {row},{column}: {} not {expected}", isa.name(), a.columns, c[at]);
            }
        }
    }
}

#[test]
fn agrees_with_a_naive_product_at_every_edge() {
    for isa in isas_under_test() {
        let (lanes, rows) = isa.tile();
        for m in [1, 2, rows - 1, rows, rows + 1, 2 * rows + 1] {
            for n in [1, lanes - 1, lanes, lanes + 1, 2 * lanes, 2 * lanes + 1, 6] {
                for k in [0, 1, 2, 7, 64] {
                    let (a, b) = (noise(m * k, 1), noise(k * n, 2));
                    check(isa, Matrix::new(&a, m, k, k), Matrix::new(&b, k, n, n));
                }
            }
        }
    }
}

#[test]
fn agrees_beyond_one_block() {
    for isa in isas_under_test() {
        let Blocking { depth, rows, .. } = isa.blocking();
        for (m, k, n) in [(rows - 1, depth, 33), (rows + 1, depth + 1, 40), (5, 2 * depth + 3, 70)] {
            let (a, b) = (noise(m * k, 3), noise(k * n, 4));
            check(isa, Matrix::new(&a, m, k, k), Matrix::new(&b, k, n, n));
        }
    }
}

#[test]
fn strides_and_transposes_are_views() {
    for isa in isas_under_test() {
        let (m, k, n) = (19, 23, 37);
        let (a, b) = (noise(k * (m + 2), 5), noise(n * (k + 1), 6));
        let a = Matrix::new(&a, k, m, m + 2).transposed();
        let b = Matrix::new(&b, n, k, k + 1).transposed();
        check(isa, a, b);
    }
}

#[test]
fn agrees_with_matrixmultiply() {
    let (m, k, n) = (60, 128, 96);
    let (a, b) = (noise(m * k, 7), noise(k * n, 8));
    let mut theirs = vec![0.0; m * n];
    // SAFETY: the three matrices are dense and of the sizes given.
    unsafe {
        matrixmultiply::sgemm(
            m,
            k,
            n,
            1.0,
            a.as_ptr(),
            k as isize,
            1,
            b.as_ptr(),
            n as isize,
            1,
            0.0,
            theirs.as_mut_ptr(),
            n as isize,
            1,
        );
    }
    for isa in isas_under_test() {
        let mut ours = vec![0.0; m * n];
        let packed = PackedMatrix::new(isa, Matrix::new(&b, k, n, n));
        gemm(isa, Matrix::new(&a, m, k, k), &packed, (&mut ours, n), Epilogue::OVER);
        assert!(ours.iter().zip(&theirs).all(|(a, b)| (a - b).abs() < 1e-4), "{}", isa.name());
    }
}

#[test]
#[should_panic(expected = "exceeds its 5 numbers")]
fn a_view_never_exceeds_its_data() {
    let _ = Matrix::new(&[0.0; 5], 2, 3, 3);
}

#[test]
#[should_panic(expected = "exceeds its 1 numbers")]
fn nor_do_strides_that_overflow() {
    let _ = Matrix::strided(&[0.0], [3, 1], [1 << 63, 1]);
}
