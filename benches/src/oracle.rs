//! The answers, worked out plainly in f64.
//!
//! Nothing here shares a line with the code that is timed: matrices are ndarray's, parameters are looked up by name, keys and
//! values are made, and every list is judged alone.

use std::ops::Range;

use nar4rec_tensor::Parameters;
use ndarray::{Array1, Array2, ArrayView2, Axis, Slice};

use crate::Shape;

/// ε under the root of a layer normalisation.
const EPSILON: f64 = 1e-5;

/// Asserts that numbers are what they should be, up to `tolerance` times one more than their magnitude.
pub(crate) fn assert_close(what: &str, found: &[f32], expected: impl IntoIterator<Item = f64>, tolerance: f64) {
    let expected: Vec<f64> = expected.into_iter().collect();
    assert_eq!(found.len(), expected.len(), "{what}: as many numbers as the oracle has");
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(*found) - expected).abs();
        // A number that is none fails too.
        let is_close = error <= tolerance * (1.0 + expected.abs());
        assert!(is_close, "{what}: number {at} is {found}, the oracle has {expected}");
    }
}

/// Row-major numbers as a matrix.
pub(crate) fn matrix(data: &[f32], columns: usize) -> Array2<f64> {
    self::columns(data, columns, 0..columns)
}

/// Some columns of row-major numbers.
pub(crate) fn columns(data: &[f32], stride: usize, columns: Range<usize>) -> Array2<f64> {
    let of = |(row, column): (usize, usize)| f64::from(data[row * stride + columns.start + column]);
    Array2::from_shape_fn((data.len() / stride, columns.len()), of)
}

/// Some columns of a matrix.
pub(crate) fn part(x: &Array2<f64>, columns: Range<usize>) -> ArrayView2<'_, f64> {
    x.slice_axis(Axis(1), Slice::from(columns))
}

/// Numbers as a row.
pub(crate) fn row(data: &[f32]) -> Array1<f64> {
    data.iter().map(|x| f64::from(*x)).collect()
}

/// x·Wᵀ
pub(crate) fn linear(x: &Array2<f64>, weight: &Array2<f64>) -> Array2<f64> {
    x.dot(&weight.t())
}

/// Softmax down each column.
pub(crate) fn softmax_columns(mut x: Array2<f64>) -> Array2<f64> {
    for mut column in x.columns_mut() {
        let greatest = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        column.mapv_inplace(|x| (x - greatest).exp());
        let sum = column.sum();
        column /= sum;
    }
    x
}

/// Every query's attention to all keys, `heads` blocks of columns apart.
pub(crate) fn attention([q, k, v]: [&Array2<f64>; 3], heads: usize) -> Array2<f64> {
    let width = q.ncols() / heads;
    let mut out = Array2::zeros(q.dim());
    for head in 0..heads {
        let columns = head * width..(head + 1) * width;
        let [q, k, v] = [q, k, v].map(|x| part(x, columns.clone()));
        let p = softmax_columns(k.dot(&q.t()) / (width as f64).sqrt());
        out.slice_axis_mut(Axis(1), Slice::from(columns)).assign(&p.t().dot(&v));
    }
    out
}

/// Layer normalisation of every row.
pub(crate) fn layer_norm(x: &Array2<f64>, gain: &Array1<f64>, bias: &Array1<f64>) -> Array2<f64> {
    let mut y = x.clone();
    for mut row in y.rows_mut() {
        let mean = row.mean().expect("a row has numbers");
        row -= mean;
        let variance = row.mapv(|x| x * x).mean().expect("a row has numbers");
        row /= (variance + EPSILON).sqrt();
    }
    y * gain + bias
}

/// GELU in its tanh form.
pub(crate) fn gelu(x: f64) -> f64 {
    0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x)).tanh())
}

/// A model's parameters below a name.
struct Named<'a>(&'a Parameters, String);

impl<'a> Named<'a> {
    fn at(&self, name: impl std::fmt::Display) -> Named<'a> {
        Named(self.0, format!("{}.{name}", self.1))
    }

    fn get(&self) -> Array2<f64> {
        let (spec, values) = self.0.iter().find(|(spec, _)| spec.name == self.1).expect("a parameter of this name");
        matrix(values, spec.shape[1])
    }

    /// x·Wᵀ + b
    fn linear(&self, x: &Array2<f64>) -> Array2<f64> {
        linear(x, &self.at("weight").get()) + &self.at("bias").get()
    }

    fn norm(&self, x: &Array2<f64>) -> Array2<f64> {
        layer_norm(x, &self.at("weight").get().remove_axis(Axis(0)), &self.at("bias").get().remove_axis(Axis(0)))
    }

    /// x + SelfAttention(norm(x))
    fn attend(&self, x: &Array2<f64>, heads: usize) -> Array2<f64> {
        let own = self.at("attention");
        let qkv = own.at("qkv").linear(&self.at("attention_norm").norm(x));
        let d = x.ncols();
        let [q, k, v] = [0, d, 2 * d].map(|first| part(&qkv, first..first + d).to_owned());
        x + &own.at("out").linear(&attention([&q, &k, &v], heads))
    }

    /// x + CrossAttention(norm(x), norm(memory))
    fn read(&self, x: &Array2<f64>, memory: &Array2<f64>, heads: usize) -> Array2<f64> {
        let cross = self.at("cross_attention");
        let q = cross.at("q").linear(&self.at("cross_attention_norm").norm(x));
        let kv = cross.at("kv").linear(&self.at("memory_norm").norm(memory));
        let d = x.ncols();
        let [k, v] = [0, d].map(|first| part(&kv, first..first + d).to_owned());
        x + &cross.at("out").linear(&attention([&q, &k, &v], heads))
    }

    /// x + FeedForward(norm(x))
    fn feed(&self, x: &Array2<f64>) -> Array2<f64> {
        let forward = self.at("feed_forward");
        let inner = forward.at("in").linear(&self.at("feed_forward_norm").norm(x)).mapv(gelu);
        x + &forward.at("out").linear(&inner)
    }
}

/// What a generator makes of one request.
pub(crate) struct Generated {
    /// log P̂, `[n, m]`.
    pub(crate) log_probabilities: Array2<f64>,
    /// Final candidate states, `[n, d]`.
    pub(crate) candidates: Array2<f64>,
    /// Final position states, `[m, d]`.
    pub(crate) positions: Array2<f64>,
}

/// A generator's answer to a request whose candidates have these numbers.
pub(crate) fn generator(parameters: &Parameters, shape: &Shape, numbers: &Array2<f64>) -> Generated {
    let root = Named(parameters, "generator".to_owned());
    let mut x = root.at("input.candidate").linear(numbers);
    let mut t = root.at("positions").get();
    for layer in 0..shape.layers {
        let (candidates, positions) = (root.at("candidate_blocks").at(layer), root.at("position_blocks").at(layer));
        let a = candidates.attend(&x, shape.heads);
        t = positions.feed(&positions.read(&positions.attend(&t, shape.heads), &a, shape.heads));
        x = candidates.feed(&a);
    }
    let (candidates, positions) = (root.at("candidate_norm").norm(&x), root.at("position_norm").norm(&t));
    let log_probabilities = softmax_columns(linear(&candidates, &positions)).mapv_into(f64::ln);
    Generated { log_probabilities, candidates, positions }
}

/// An evaluator's probabilities for the places of a list of candidates that have these numbers, `[places, kinds]`.
pub(crate) fn evaluator(parameters: &Parameters, shape: &Shape, numbers: &Array2<f64>, list: &[usize]) -> Array2<f64> {
    let root = Named(parameters, "evaluator".to_owned());
    let places = root.at("positions").get();
    let shown = root.at("input.candidate").linear(&numbers.select(Axis(0), list));
    let mut x = shown + places.slice_axis(Axis(0), Slice::from(0..list.len()));
    for layer in 0..shape.layers {
        let block = root.at("blocks").at(layer);
        x = block.feed(&block.attend(&x, shape.heads));
    }
    let logits = root.at("head").linear(&root.at("last_norm").norm(&x));
    logits.mapv_into(|z| 1.0 / (1.0 + (-z).exp()))
}

/// The list that contrastive decoding with `alpha` finds among all candidates.
pub(crate) fn contrastive(generated: &Generated, alpha: f64) -> Vec<usize> {
    let Generated { log_probabilities: logs, candidates: states, .. } = generated;
    let length = |i: usize| states.row(i).dot(&states.row(i)).sqrt();
    let cosine = |i: usize, j: usize| states.row(i).dot(&states.row(j)) / (length(i) * length(j));
    let mut list: Vec<usize> = Vec::new();
    for position in 0..logs.ncols() {
        let key = |candidate: usize| {
            let alike = list.iter().map(|chosen| cosine(candidate, *chosen)).reduce(f64::max).unwrap_or(0.0);
            (1.0 - alpha) * logs[[candidate, position]].exp() - alpha * alike
        };
        let untaken = (0..logs.nrows()).filter(|candidate| !list.contains(candidate));
        let best = untaken.map(|candidate| (key(candidate), candidate)).max_by(|a, b| a.0.total_cmp(&b.0));
        list.push(best.expect("there are more candidates than positions").1);
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "number 1 is 2.1, the oracle has 2")]
    fn what_is_off_is_told() {
        assert_close("sums", &[1.0, 2.1], [1.0, 2.0], 1e-3);
    }

    #[test]
    #[should_panic(expected = "number 0 is NaN")]
    fn what_is_no_number_is_off() {
        assert_close("sums", &[f32::NAN], [1.0], 1e3);
    }

    #[test]
    fn a_single_key_is_all_that_is_read() {
        let (q, k, v) = (matrix(&[1.0, 2.0], 2), matrix(&[3.0, 4.0], 2), matrix(&[5.0, 6.0], 2));
        assert_eq!(attention([&q, &k, &v], 2), v);
    }
}
