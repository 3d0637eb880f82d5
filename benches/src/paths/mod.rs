//! Benchmarks of whole paths: through a network, from P̂ to lists, from a request to its answer, a step of training.

pub(crate) mod choice;
pub(crate) mod networks;
pub(crate) mod rerank;
pub(crate) mod training;

use ndarray::Array2;

use crate::{Shape, oracle, shape::NUMBERS};

/// How far numbers in f32 that went through a few layers may be from those in f64.
pub(crate) const TOLERANCE: f64 = 1e-4;

/// The numbers of one request's candidates, of a batch's.
pub(crate) fn numbers_of(batch: &[f32], shape: &Shape, request: usize) -> Array2<f64> {
    let size = shape.candidates * NUMBERS;
    oracle::matrix(&batch[request * size..(request + 1) * size], NUMBERS)
}
