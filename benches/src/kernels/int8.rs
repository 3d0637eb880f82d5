//! Products of eight-bit integers, and the quantisation of what goes into them.

use std::hint::black_box;

use nar4rec_kernels::{Epilogue, Isa, QuantisedMatrix, QuantisedRows, gemm_int8, quantise_weights};

use super::{byte_peak, products::Product};
use crate::{Benchmark, Shape, Shared, noise, oracle};

/// The product of quantised operands; its rows are quantised beforehand.
pub(crate) fn product(product: Product, isa: Isa, shared: &mut Shared) -> Benchmark {
    let Product { m, k, n } = product;
    let operands = shared.operands(product);
    let [a, b] = operands.slices();
    // Weights stand as [out, in]: Bᵀ.
    let weights: Vec<f32> = (0..n * k).map(|at| b[at % k * n + at / k]).collect();
    let packed = QuantisedMatrix::new(isa, &weights, [n, k]);
    let mut rows = QuantisedRows::default();
    rows.quantise(isa, a, k);
    let mut c = vec![0.0; m * n];
    gemm_int8(isa, &rows, &packed, (&mut c, n), Epilogue::OVER);
    let expected = naive(a, quantise_weights(&weights, [n, k]), k);
    // A number of A may be rounded the other way: that is one weight, of at most 1, times a 127th.
    oracle::assert_close(isa.name(), &c, expected, 2.0 / 127.0);
    Benchmark::arithmetic(product.operations(), byte_peak(isa), move || {
        gemm_int8(isa, black_box(&rows), &packed, (&mut c, n), Epilogue::OVER);
    })
}

/// A·Wᵀ in f64, the rows of A quantised by their greatest number.
fn naive(a: &[f32], (weights, scales): (Vec<i8>, Vec<f32>), k: usize) -> impl Iterator<Item = f64> {
    let quantised = |row: &[f32]| {
        let scale = f64::from(row.iter().fold(0.0_f32, |best, x| best.max(x.abs()))) / 127.0;
        row.iter().map(|x| (f64::from(*x) / scale).round_ties_even() * scale).collect::<Vec<f64>>()
    };
    let rows: Vec<Vec<f64>> = a.chunks_exact(k).map(quantised).collect();
    rows.into_iter().flat_map(move |row| {
        let dot = |weights: &[i8]| -> f64 { row.iter().zip(weights).map(|(x, w)| x * f64::from(*w)).sum() };
        let columns = weights.chunks_exact(k).zip(&scales);
        columns.map(|(weights, scale)| dot(weights) * f64::from(*scale)).collect::<Vec<f64>>()
    })
}

/// The states of a request's candidates, `[n, d]`.
pub(crate) fn quantise(shape: &Shape) -> Benchmark {
    let (isa, width) = (Isa::detect(), shape.width);
    let x = noise(shape.candidates * width, 3);
    let mut rows = QuantisedRows::default();
    rows.quantise(isa, &x, width);
    // What it stores is seen by multiplying it with the identity, whose rows quantise exactly but for the scale's last bits.
    let identity: Vec<f32> = (0..width * width).map(|at| f32::from(u8::from(at / width == at % width))).collect();
    let packed = QuantisedMatrix::new(isa, &identity, [width, width]);
    let mut back = vec![0.0; x.len()];
    gemm_int8(isa, &rows, &packed, (&mut back, width), Epilogue::OVER);
    oracle::assert_close("quantise", &back, x.iter().map(|x| f64::from(*x)), 0.501 / 127.0);
    let bytes = x.len() * (size_of::<f32>() + 1);
    Benchmark::pass(bytes, bytes, move || rows.quantise(isa, black_box(&x), width))
}
