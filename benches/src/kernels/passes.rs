//! Kernels that go over their numbers once or twice: softmax, normalisation, activation, packing, the optimiser's step.

use std::hint::black_box;

use nar4rec_kernels::{
    Activation, AdamStep, Epilogue, Isa, Matrix, PackedMatrix, activation_of, adam_step, exp, gemm, layer_norm,
    log_softmax_columns, query_block, softmax_columns,
};

use crate::{Benchmark, Shape, noise, oracle};

const NUMBER: usize = size_of::<f32>();

/// A kernel that changes numbers in place: they are copied in before each run, which is timed too.
fn in_place(
    x: Vec<f32>,
    what: &str,
    expected: impl IntoIterator<Item = f64>,
    mut kernel: impl FnMut(&mut [f32]) + 'static,
) -> Benchmark {
    let mut y = x.clone();
    kernel(&mut y);
    oracle::assert_close(what, &y, expected, 5e-6);
    let size = x.len() * NUMBER;
    Benchmark::pass(4 * size, 2 * size, move || {
        y.copy_from_slice(black_box(&x));
        kernel(&mut y);
    })
}

/// Softmax down the keys of a block of attention's scores, `[n, block]`.
pub(crate) fn softmax(shape: &Shape) -> Benchmark {
    let isa = Isa::detect();
    let (columns, scale) = (query_block(isa), 0.25);
    let x = noise(shape.candidates * columns, 9);
    let expected = oracle::softmax_columns(oracle::matrix(&x, columns) * f64::from(scale));
    in_place(x, "softmax", expected, move |x| softmax_columns(isa, x, columns, scale))
}

/// log P̂ of a request, `[n, m]`.
pub(crate) fn log_p(shape: &Shape) -> Benchmark {
    let (isa, columns) = (Isa::detect(), shape.positions);
    let x = noise(shape.candidates * columns, 10);
    let expected = oracle::softmax_columns(oracle::matrix(&x, columns)).mapv_into(f64::ln);
    in_place(x, "log P̂", expected, move |x| log_softmax_columns(isa, x, columns))
}

/// GELU of a request's feed-forward layer, `[n, f]`.
pub(crate) fn gelu(shape: &Shape) -> Benchmark {
    let isa = Isa::detect();
    let x = noise(shape.candidates * shape.feed_forward, 11);
    let mut y = vec![0.0; x.len()];
    activation_of(isa, Activation::Gelu, &x, &mut y);
    oracle::assert_close("GELU", &y, x.iter().map(|x| oracle::gelu(f64::from(*x))), 1e-5);
    let size = 2 * x.len() * NUMBER;
    Benchmark::pass(size, size, move || activation_of(isa, Activation::Gelu, black_box(&x), &mut y))
}

/// eˣ of as many numbers.
pub(crate) fn exponential(shape: &Shape) -> Benchmark {
    let isa = Isa::detect();
    let x = noise(shape.candidates * shape.feed_forward, 12);
    let expected: Vec<f64> = x.iter().map(|x| f64::from(*x).exp()).collect();
    in_place(x, "exp", expected, move |x| exp(isa, x))
}

/// Layer normalisation of a request's candidates, `[n, d]`.
pub(crate) fn norm(shape: &Shape) -> Benchmark {
    let (isa, d) = (Isa::detect(), shape.width);
    let (x, gain, bias) = (noise(shape.candidates * d, 13), noise(d, 14), noise(d, 15));
    let mut y = vec![0.0; x.len()];
    layer_norm(isa, &x, [&gain, &bias], &mut y, &mut []);
    let expected = oracle::layer_norm(&oracle::matrix(&x, d), &oracle::row(&gain), &oracle::row(&bias));
    oracle::assert_close("layer norm", &y, expected, 1e-5);
    let size = 2 * x.len() * NUMBER;
    Benchmark::pass(size, size, move || layer_norm(isa, black_box(&x), [&gain, &bias], &mut y, &mut []))
}

/// Packing a matrix `[d, f]` whose rows are contiguous.
pub(crate) fn pack(shape: &Shape) -> Benchmark {
    let [rows, columns] = [shape.width, shape.feed_forward];
    packing([rows, columns], move |data| Matrix::new(data, rows, columns, columns))
}

/// Packing a matrix `[d, f]` whose columns are contiguous, as those of a linear map's weights are.
pub(crate) fn pack_turned(shape: &Shape) -> Benchmark {
    let [rows, columns] = [shape.width, shape.feed_forward];
    packing([rows, columns], move |data| Matrix::new(data, columns, rows, rows).transposed())
}

fn packing([rows, columns]: [usize; 2], view: impl for<'a> Fn(&'a [f32]) -> Matrix<'a> + 'static) -> Benchmark {
    let isa = Isa::detect();
    let data = noise(rows * columns, 16);
    let mut packed = PackedMatrix::new(isa, view(&data));
    // What was packed is seen by multiplying it with another matrix.
    let left = noise(3 * rows, 22);
    let mut found = vec![0.0; 3 * columns];
    gemm(isa, Matrix::new(&left, 3, rows, rows), &packed, (&mut found, columns), Epilogue::OVER);
    let (mut transposed, mut own) = (vec![0.0; rows * columns], PackedMatrix::default());
    let identity: Vec<f32> =
        (0..columns * columns).map(|at| f32::from(u8::from(at / columns == at % columns))).collect();
    own.repack(isa, Matrix::new(&identity, columns, columns, columns));
    gemm(isa, view(&data), &own, (&mut transposed, columns), Epilogue::OVER);
    let expected = oracle::matrix(&left, rows).dot(&oracle::matrix(&transposed, columns));
    oracle::assert_close("packing", &found, expected, 1e-6 * (4.0 + rows as f64));
    let size = 2 * rows * columns * NUMBER;
    Benchmark::pass(size, size, move || packed.repack(isa, view(black_box(&data))))
}

/// One step of AdamW over as many numbers as a layer's feed-forward matrices have.
pub(crate) fn adam(shape: &Shape) -> Benchmark {
    let isa = Isa::detect();
    let count = 2 * shape.width * shape.feed_forward;
    let step =
        AdamStep { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, shrink: 0.999, step: 1e-3, correction: 1.5, gradient: 1.0 };
    let (mut w, g, mut m) = (noise(count, 17), noise(count, 18), noise(count, 19));
    let mut v: Vec<f32> = noise(count, 20).iter().map(|x| x * x).collect();
    let before: Vec<[f64; 4]> = (0..count).map(|i| [w[i], g[i], m[i], v[i]].map(f64::from)).collect();
    adam_step(isa, step, &mut w, &g, (&mut m, &mut v));
    let expected = before.into_iter().map(|[w, g, m, v]| {
        let (mean, square) = (0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g);
        w * 0.999 - 1e-3 * mean / (square.sqrt() * 1.5 + 1e-8)
    });
    oracle::assert_close("Adam", &w, expected, 1e-5);
    let (bytes, set) = (7 * count * NUMBER, 4 * count * NUMBER);
    Benchmark::pass(bytes, set, move || adam_step(isa, step, &mut w, black_box(&g), (&mut m, &mut v)))
}
