//! An executor around another one that tells what runs: for profiles by layer. It reads no clock; whoever watches may.

use std::sync::Arc;

use nar4rec_kernels::Activation;

use crate::{
    AttentionOperands, Bags, CrossOperands, Exec, Forward, InputPart, Interaction, LinearWeights, NormWeights,
    ParameterId, Segments, forward::View,
};

/// An operation that has run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// The name of the [`Exec`] method.
    pub name: &'static str,
    /// The first parameter it used, which tells the layer.
    pub parameter: Option<ParameterId>,
    /// Multiply-adds of its matrix products, twice: 0 where there are none.
    pub flops: u64,
}

/// Is told of every operation.
pub trait Watch {
    /// An operation begins.
    fn begin(&mut self);
    /// It is done.
    fn end(&mut self, operation: Operation);
}

/// Nobody watches.
impl Watch for () {
    fn begin(&mut self) {}

    fn end(&mut self, _: Operation) {}
}

impl<W: Watch + ?Sized> Watch for &mut W {
    fn begin(&mut self) {
        (**self).begin();
    }

    fn end(&mut self, operation: Operation) {
        (**self).end(operation);
    }
}

/// Runs everything on `inner` and tells `watch`.
#[derive(Debug)]
pub struct Watched<E, W> {
    /// What runs the operations.
    pub inner: E,
    /// What is told.
    pub watch: W,
}

impl<E: Exec, W: Watch> Watched<E, W> {
    /// Runs one operation; `flops` is 2 · rows of the result · columns of the result · this depth.
    fn run(
        &mut self,
        (name, parameter): (&'static str, Option<ParameterId>),
        depth: usize,
        operation: impl FnOnce(&mut E) -> E::Value,
    ) -> E::Value {
        self.watch.begin();
        let value = operation(&mut self.inner);
        let [rows, columns] = self.inner.shape(value);
        self.watch.end(Operation { name, parameter, flops: (2 * rows * columns * depth) as u64 });
        value
    }

    /// Runs an operation without products.
    fn plain(&mut self, name: &'static str, operation: impl FnOnce(&mut E) -> E::Value) -> E::Value {
        self.run((name, None), 0, operation)
    }

    fn columns(&self, value: E::Value) -> usize {
        self.inner.shape(value)[1]
    }
}

/// Σ over segments of queries · keys.
fn pairs(queries: &Segments, keys: &Segments) -> usize {
    queries.iter().zip(keys.iter()).map(|(queries, keys)| queries.len() * keys.len()).sum()
}

impl<E: Exec, W: Watch> Exec for Watched<E, W> {
    type Value = E::Value;

    fn input(&mut self, data: &[f32], columns: usize) -> E::Value {
        self.plain("input", |ex| ex.input(data, columns))
    }

    fn parameter(&mut self, id: ParameterId) -> E::Value {
        self.run(("parameter", Some(id)), 0, |ex| ex.parameter(id))
    }

    fn linear(&mut self, x: E::Value, weights: LinearWeights, activation: Activation) -> E::Value {
        let depth = self.columns(x);
        self.run(("linear", Some(weights.weight)), depth, |ex| ex.linear(x, weights, activation))
    }

    fn linear_onto(&mut self, onto: E::Value, x: E::Value, weights: LinearWeights, dropout: f32) -> E::Value {
        let depth = self.columns(x);
        self.run(("linear_onto", Some(weights.weight)), depth, |ex| ex.linear_onto(onto, x, weights, dropout))
    }

    fn layer_norm(&mut self, x: E::Value, weights: NormWeights) -> E::Value {
        self.run(("layer_norm", Some(weights.gain)), 0, |ex| ex.layer_norm(x, weights))
    }

    fn activate(&mut self, x: E::Value, activation: Activation) -> E::Value {
        self.plain("activate", |ex| ex.activate(x, activation))
    }

    fn times(&mut self, x: E::Value, by: E::Value) -> E::Value {
        self.plain("times", |ex| ex.times(x, by))
    }

    fn add(&mut self, a: E::Value, b: E::Value) -> E::Value {
        self.plain("add", |ex| ex.add(a, b))
    }

    fn add_spread(&mut self, x: E::Value, spread: E::Value, segments: &Arc<Segments>) -> E::Value {
        self.plain("add_spread", |ex| ex.add_spread(x, spread, segments))
    }

    fn add_places(&mut self, x: E::Value, table: ParameterId, segments: &Arc<Segments>) -> E::Value {
        self.run(("add_places", Some(table)), 0, |ex| ex.add_places(x, table, segments))
    }

    fn concat(&mut self, parts: &[E::Value]) -> E::Value {
        self.plain("concat", |ex| ex.concat(parts))
    }

    fn repeat(&mut self, x: E::Value, times: usize) -> E::Value {
        self.plain("repeat", |ex| ex.repeat(x, times))
    }

    fn gather(&mut self, x: E::Value, rows: &Arc<Vec<u32>>) -> E::Value {
        self.plain("gather", |ex| ex.gather(x, rows))
    }

    fn segment_mean(&mut self, x: E::Value, segments: &Arc<Segments>) -> E::Value {
        self.plain("segment_mean", |ex| ex.segment_mean(x, segments))
    }

    fn cosines_above(&mut self, x: E::Value, segments: &Arc<Segments>, reach: usize) -> E::Value {
        self.plain("cosines_above", |ex| ex.cosines_above(x, segments, reach))
    }

    fn reshape(&mut self, x: E::Value, columns: usize) -> E::Value {
        self.plain("reshape", |ex| ex.reshape(x, columns))
    }

    fn embed<'b>(&mut self, parts: impl Iterator<Item = (ParameterId, Bags<'b>)> + Clone) -> E::Value {
        let first = parts.clone().next().map(|(table, _)| table);
        self.run(("embed", first), 0, |ex| ex.embed(parts))
    }

    fn interact(
        &mut self,
        wide: E::Value,
        x: E::Value,
        segments: &Arc<Segments>,
        blocks: &Arc<[Interaction]>,
    ) -> E::Value {
        self.plain("interact", |ex| ex.interact(wide, x, segments, blocks))
    }

    fn attention(&mut self, operands: AttentionOperands<'_, E::Value>) -> E::Value {
        // Two products: of queries and keys, and of probabilities and values.
        self.watch.begin();
        let value = self.inner.attention(operands);
        let flops = 4 * operands.shape.width * pairs(operands.query_segments, operands.key_segments);
        self.watch.end(Operation { name: "attention", parameter: None, flops: flops as u64 });
        value
    }

    fn cross_attention(&mut self, operands: CrossOperands<'_, E::Value>) -> E::Value {
        self.watch.begin();
        let value = self.inner.cross_attention(operands);
        let (d, heads) = (operands.shape.width, operands.shape.heads);
        let lifted = 4 * operands.query_segments.rows() * d * d;
        let flops = lifted + 4 * heads * d * pairs(operands.query_segments, operands.key_segments);
        let parameter = Some(operands.weights.weight);
        self.watch.end(Operation { name: "cross_attention", parameter, flops: flops as u64 });
        value
    }

    fn log_probabilities(&mut self, x: E::Value, t: E::Value, segments: &Arc<Segments>, positions: usize) -> E::Value {
        let depth = self.columns(x);
        self.run(("log_probabilities", None), depth, |ex| ex.log_probabilities(x, t, segments, positions))
    }

    fn dropout(&mut self, x: E::Value, probability: f32) -> E::Value {
        self.inner.dropout(x, probability)
    }

    fn open_scope(&mut self) -> usize {
        self.inner.open_scope()
    }

    fn close_scope(&mut self, mark: usize, result: E::Value) -> E::Value {
        self.inner.close_scope(mark, result)
    }

    fn segments(&mut self, lengths: impl Iterator<Item = usize>) -> Arc<Segments> {
        self.inner.segments(lengths)
    }

    fn data(&self, value: E::Value) -> &[f32] {
        self.inner.data(value)
    }

    fn shape(&self, value: E::Value) -> [usize; 2] {
        self.inner.shape(value)
    }
}

impl<E: Forward, W: Watch> Forward for Watched<E, W> {
    fn linear_of_parts(
        &mut self,
        rows: usize,
        parts: impl Iterator<Item = InputPart<E::Value>> + Clone,
        linear: LinearWeights,
    ) -> E::Value {
        let depth = parts.clone().map(|part| part.inputs.len()).sum();
        let of = ("linear_of_parts", Some(linear.weight));
        self.run(of, depth, |ex| ex.linear_of_parts(rows, parts, linear))
    }

    fn add_known_rows(&mut self, x: E::Value, table: View<'_>, rows: &[u32]) -> E::Value {
        self.plain("add_known_rows", |ex| ex.add_known_rows(x, table, rows))
    }

    fn add_at(&mut self, x: E::Value, part: E::Value, rows: &[u32]) -> E::Value {
        self.plain("add_at", |ex| ex.add_at(x, part, rows))
    }
}
