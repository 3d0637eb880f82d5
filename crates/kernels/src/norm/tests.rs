//! Values against f64, gradients against difference quotients in f64.

use super::*;
use crate::isa::isas_under_test;

const WIDTHS: [usize; 7] = [1, 3, 8, 15, 16, 33, 64];

fn wave(count: usize, phase: f64) -> Vec<f32> {
    (0..count).map(|i| ((i as f64 * 1.7 + phase).sin() * 2.0 + 0.3) as f32).collect()
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|x| f64::from(*x)).collect()
}

fn norm_f64(x: &[f64], gain: &[f64], bias: &[f64]) -> Vec<f64> {
    let width = gain.len();
    x.chunks(width)
        .flat_map(|row| {
            let mean = row.iter().sum::<f64>() / width as f64;
            let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / width as f64;
            let inverse = 1.0 / (variance + 1e-5).sqrt();
            (0..width).map(move |i| (row[i] - mean) * inverse * gain[i] + bias[i]).collect::<Vec<_>>()
        })
        .collect()
}

fn unit_f64(x: &[f64], width: usize) -> Vec<f64> {
    x.chunks(width)
        .flat_map(|row| {
            let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
            row.iter().map(move |x| x / length).collect::<Vec<_>>()
        })
        .collect()
}

/// dΣ(weights · f(x))/dx by central differences.
fn numeric(x: &[f64], weights: &[f64], f: &dyn Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let loss = |x: &[f64]| f(x).iter().zip(weights).map(|(y, w)| y * w).sum::<f64>();
    (0..x.len())
        .map(|i| {
            let (mut up, mut down) = (x.to_vec(), x.to_vec());
            up[i] += 1e-5;
            down[i] -= 1e-5;
            (loss(&up) - loss(&down)) / 2e-5
        })
        .collect()
}

fn assert_close(got: &[f32], want: &[f64], what: &str) {
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        // Rows of up to 64 numbers of size 2 in f32, divided by a deviation that may be small: 2e-4 relative covers it.
        let close = (f64::from(*got) - want).abs() <= 2e-4 * (1.0 + want.abs());
        assert!(close, "{what} at {i}: {got} not {want}");
    }
}

#[test]
fn layer_norm_values_and_gradients() {
    for isa in isas_under_test() {
        for width in WIDTHS.into_iter().skip(1) {
            let rows = 3;
            let (x, gain, bias) = (wave(rows * width, 0.1), wave(width, 0.5), wave(width, 0.9));
            let weights = wave(rows * width, 2.0);
            let (mut y, mut saved) = (vec![0.0; x.len()], vec![LayerNormSaved::default(); rows]);
            layer_norm(isa, &x, [&gain, &bias], &mut y, &mut saved);
            let (x64, gain64, bias64, weights64) = (wide(&x), wide(&gain), wide(&bias), wide(&weights));
            assert_close(&y, &norm_f64(&x64, &gain64, &bias64), "value");

            let (mut d, mut d_gain, mut d_bias) = (weights, vec![0.0; width], vec![0.0; width]);
            layer_norm_backward(isa, (&x, &saved), &gain, &mut d, [&mut d_gain, &mut d_bias]);
            assert_close(&d, &numeric(&x64, &weights64, &|x| norm_f64(x, &gain64, &bias64)), "d_x");
            assert_close(&d_gain, &numeric(&gain64, &weights64, &|g| norm_f64(&x64, g, &bias64)), "d_gain");
            assert_close(&d_bias, &numeric(&bias64, &weights64, &|b| norm_f64(&x64, &gain64, b)), "d_bias");
        }
    }
}

#[test]
fn unit_rows_values_and_gradients() {
    for isa in isas_under_test() {
        for width in WIDTHS {
            let rows = 3;
            let x = wave(rows * width, 0.4);
            let (mut units, mut lengths) = (x.clone(), vec![0.0; rows]);
            unit_rows(isa, &mut units, width, &mut lengths);
            let x64 = wide(&x);
            assert_close(&units, &unit_f64(&x64, width), "value");
            let weights = wave(rows * width, 3.0);
            let mut d = weights.clone();
            unit_rows_backward(isa, &units, &lengths, &mut d, width);
            assert_close(&d, &numeric(&x64, &wide(&weights), &|x| unit_f64(x, width)), "d_x");
        }
    }
}

#[test]
fn a_zero_row_stays_zero() {
    for isa in isas_under_test() {
        let (mut rows, mut lengths) = ([0.0; 5], [9.0]);
        unit_rows(isa, &mut rows, 5, &mut lengths);
        assert_eq!((rows, lengths), ([0.0; 5], [0.0]));
        let mut d = [1.0; 5];
        unit_rows_backward(isa, &rows, &lengths, &mut d, 5);
        assert_eq!(d, [0.0; 5]);
    }
}
