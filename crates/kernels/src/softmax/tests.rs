//! Against f64 at every edge, and gradients against difference quotients.

use super::*;
use crate::isa::isas_under_test;

fn logits(count: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 37 + 11) % 101) as f32 / 7.0 - 9.0).collect()
}

/// Down column `column`, in f64.
fn column(values: &[f32], columns: usize, column: usize) -> Vec<f64> {
    values.chunks(columns).map(|row| f64::from(row[column])).collect()
}

const SHAPES: [(usize, usize); 10] =
    [(1, 1), (5, 6), (50, 6), (9, 15), (9, 16), (4, 17), (3, 31), (60, 32), (7, 33), (2, 70)];

#[test]
fn probabilities_within_a_few_ulps_of_f64() {
    for isa in isas_under_test() {
        for (rows, columns) in SHAPES {
            for scale in [1.0_f32, 0.25] {
                let input = logits(rows * columns);
                let mut output = input.clone();
                softmax_columns(isa, &mut output, columns, scale);
                for c in 0..columns {
                    let weights = column(&input, columns, c).into_iter().map(|z| (f64::from(scale) * z).exp());
                    let total: f64 = weights.clone().sum();
                    for (weight, p) in weights.zip(column(&output, columns, c)) {
                        let (p, truth) = (p as f32, (weight / total) as f32);
                        // The argument of the exponential is rounded at a size of up to 18, the sum over the rows.
                        let ulps = p.to_bits().abs_diff(truth.to_bits());
                        assert!(ulps <= 24, "{} [{rows}, {columns}]: {ulps} ulps", isa.name());
                    }
                }
            }
        }
    }
}

#[test]
fn log_probabilities_against_f64() {
    for isa in isas_under_test() {
        for (rows, columns) in SHAPES {
            let input = logits(rows * columns);
            let mut output = input.clone();
            log_softmax_columns(isa, &mut output, columns);
            for c in 0..columns {
                let z = column(&input, columns, c);
                let total = z.iter().map(|z| z.exp()).sum::<f64>().ln();
                for (z, log) in z.into_iter().zip(column(&output, columns, c)) {
                    let error = log - (z - total);
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
        softmax_columns(isa, &mut values, 2, 1.0);
        assert!(values.iter().all(|p| (0.0..=1.0).contains(p)), "{values:?}");
        assert_eq!((values[0], values[3]), (1.0, 1.0));
    }
}

/// Compares a gradient with the difference quotients of Σ weight · f(logits), f a function of one column.
fn check_gradient(name: &str, backward: impl Fn(Isa, &[f32], &mut [f32], usize), f: impl Fn(&[f64]) -> Vec<f64>) {
    for (rows, columns) in [(5, 3), (4, 17), (3, 33)] {
        let input = logits(rows * columns);
        let weights: Vec<f32> = (0..input.len()).map(|i| (i as f32).sin()).collect();
        for isa in isas_under_test() {
            let mut d = weights.clone();
            backward(isa, &input, &mut d, columns);
            for c in 0..columns {
                let (z, w) = (column(&input, columns, c), column(&weights, columns, c));
                let loss = |z: &[f64]| f(z).iter().zip(&w).map(|(y, w)| y * w).sum::<f64>();
                for (row, d) in column(&d, columns, c).into_iter().enumerate() {
                    let (mut up, mut down) = (z.clone(), z.clone());
                    up[row] += 1e-5;
                    down[row] -= 1e-5;
                    let numeric = (loss(&up) - loss(&down)) / 2e-5;
                    assert!((d - numeric).abs() < 1e-5, "{name} {} at {row},{c}: {d} not {numeric}", isa.name());
                }
            }
        }
    }
}

#[test]
fn gradients_are_the_difference_quotients() {
    check_gradient(
        "softmax",
        |isa, logits, d, columns| {
            let mut p = logits.to_vec();
            softmax_columns(isa, &mut p, columns, 0.5);
            softmax_columns_backward(isa, &p, d, columns, 0.5);
        },
        |z| {
            let total: f64 = z.iter().map(|z| (0.5 * z).exp()).sum();
            z.iter().map(|z| (0.5 * z).exp() / total).collect()
        },
    );
    check_gradient(
        "log-softmax",
        |isa, logits, d, columns| {
            let mut logs = logits.to_vec();
            log_softmax_columns(isa, &mut logs, columns);
            log_softmax_columns_backward(isa, &logs, d, columns);
        },
        |z| {
            let total = z.iter().map(|z| z.exp()).sum::<f64>().ln();
            z.iter().map(|z| z - total).collect()
        },
    );
}
