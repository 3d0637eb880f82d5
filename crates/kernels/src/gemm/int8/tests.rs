//! Integers against a naive sum, bit by bit on every instruction set, and the product against the `f32` one.

use super::super::tests::{naive, noise};
use super::*;
use crate::{Activation, Matrix, Write, isa::isas_under_test};

/// y by the formula of the page, the integers summed naively.
fn expected(x: &[f32], (w, [out, input]): (&[f32], [usize; 2]), row: usize, column: usize) -> f32 {
    let (numbers, scales) = quantise_weights(w, [out, input]);
    let x = &x[row * input..][..input];
    let scale = x.iter().fold(0.0_f32, |best, x| best.max(x.abs())) / GREATEST;
    let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
    let quantised = x.iter().map(|x| (x * inverse).round_ties_even() as i32);
    let weights = numbers[column * input..][..input].iter().map(|q| i32::from(*q));
    let sum: i32 = quantised.zip(weights).map(|(x, w)| x * w).sum();
    sum as f32 * (scale * scales[column])
}

#[test]
fn the_integers_are_exact_at_every_edge() {
    for isa in isas_under_test() {
        let (lanes, rows) = isa.tile();
        for m in [1, 2, rows - 1, rows, rows + 1, 2 * rows + 1] {
            for n in [1, lanes - 1, lanes, 2 * lanes, 2 * lanes + 1] {
                for k in [1, 3, 4, 5, 16, 33, 64] {
                    let (mut x, w) = (noise(m * k, 1), noise(k * n, 2));
                    x[..k].fill(0.0);
                    let (mut a, b) = (QuantisedRows::default(), QuantisedMatrix::new(isa, &w, [n, k]));
                    a.quantise(isa, &x, k);
                    let mut c = vec![f32::NAN; m * n];
                    gemm_int8(isa, &a, &b, (&mut c, n), Epilogue::OVER);
                    for (i, c) in c.iter().enumerate() {
                        let expected = expected(&x, (&w, [n, k]), i / n, i % n);
                        assert_eq!(*c, expected, "{} [{m}, {k}, {n}] at {i}", isa.name());
                    }
                }
            }
        }
    }
}

#[test]
fn a_nan_is_never_hidden() {
    for isa in isas_under_test() {
        for (k, at) in [(8, 0), (16, 3), (33, 32), (48, 20)] {
            let mut x = vec![1.0; 2 * k];
            x[at] = f32::NAN;
            let (mut a, b) = (QuantisedRows::default(), QuantisedMatrix::new(isa, &noise(3 * k, 1), [3, k]));
            a.quantise(isa, &x, k);
            let mut c = vec![0.0; 6];
            gemm_int8(isa, &a, &b, (&mut c, 3), Epilogue { activation: Activation::Relu, ..Epilogue::OVER });
            let nan = c.iter().map(|c| c.is_nan()).collect::<Vec<_>>();
            assert_eq!(nan, [true, true, true, false, false, false], "{} {k}", isa.name());
        }
    }
}

#[test]
fn extremes_do_not_saturate() {
    for isa in isas_under_test() {
        let k = 512;
        for sign in [1.0, -1.0] {
            let w = vec![sign; k];
            let (mut a, b) = (QuantisedRows::default(), QuantisedMatrix::new(isa, &w, [1, k]));
            a.quantise(isa, &vec![1.0; k], k);
            let mut c = [0.0];
            gemm_int8(isa, &a, &b, (&mut c, 1), Epilogue::OVER);
            // The scale of the weights is rounded up to 17 bits.
            assert!((c[0] / (sign * k as f32) - 1.0).abs() < 2e-5, "{}: {}", isa.name(), c[0]);
        }
    }
}

#[test]
fn the_product_is_that_of_f32_but_for_the_rounding() {
    let (m, k, n) = (13, 96, 40);
    let (x, w, bias, residual) = (noise(m * k, 3), noise(k * n, 4), noise(n, 5), noise(m * n, 6));
    for isa in isas_under_test() {
        let mut a = QuantisedRows::default();
        // Memory of a larger product before must not matter.
        a.quantise(isa, &noise(m * 2 * k, 9), 2 * k);
        a.quantise(isa, &x, k);
        let b = QuantisedMatrix::new(isa, &w, [n, k]);
        let w = Matrix::new(&w, n, k, k).transposed();
        assert_eq!((b.rows(), b.columns(), a.rows()), (k, n, m));
        for epilogue in [
            Epilogue { bias: Some(&bias), activation: Activation::Relu, ..Epilogue::OVER },
            Epilogue { bias: Some(&bias), write: Write::Sum(&residual), ..Epilogue::OVER },
        ] {
            let mut c = vec![0.0; m * n];
            gemm_int8(isa, &a, &b, (&mut c, n), epilogue);
            for (i, c) in c.iter().enumerate() {
                let (row, column) = (i / n, i % n);
                let sum = naive(Matrix::new(&x, m, k, k), w, row, column) as f32 + bias[column];
                let y = if epilogue.activation == Activation::Relu { sum.max(0.0) } else { sum + residual[i] };
                // Each of k products is off by at most 1/254 of one factor or the other; they mostly cancel.
                assert!((c - y).abs() < 0.15, "{} at {i}: {c} not {y}", isa.name());
            }
        }
    }
}

#[test]
fn weights_are_quantised_to_the_nearest_and_stay_so() {
    let w = [1.0, -1.984_375, 0.5, 0.0, 0.0, 0.0];
    let (numbers, scales) = quantise_weights(&w, [2, 3]);
    assert_eq!((numbers, scales), (vec![64, -127, 32, 0, 0, 0], vec![1.0 / 64.0, 0.0]));

    let w = noise(40 * 17, 7);
    let (numbers, scales) = quantise_weights(&w, [40, 17]);
    let back: Vec<f32> = numbers.iter().enumerate().map(|(i, q)| f32::from(*q) * scales[i / 17]).collect();
    let worst = w.iter().zip(&back).enumerate().map(|(i, (w, b))| (w - b).abs() / scales[i / 17]).fold(0.0, f32::max);
    assert!(worst <= 0.5001, "{worst} steps");
    assert_eq!(quantise_weights(&back, [40, 17]), (numbers, scales));
}
