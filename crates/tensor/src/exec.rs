//! The executor: run now, or run and remember.

use std::ops::Range;
use std::sync::Arc;

use nar4rec_kernels::{Activation, AttentionShape};

use crate::{
    CrossInputs, ParameterId, Segments, Weights,
    forward::{AttentionInputs, View},
};

/// The parameters of a linear map y = x·Wᵀ + b.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinearWeights {
    /// W, `[out, in]`.
    pub weight: ParameterId,
    /// b, `[1, out]`.
    pub bias: Option<ParameterId>,
}

/// The parameters of a layer normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NormWeights {
    /// The gain, `[1, d]`.
    pub gain: ParameterId,
    /// The bias, `[1, d]`.
    pub bias: ParameterId,
}

/// Rows to look up and average: bag r is `ids[offsets[r]..offsets[r + 1]]`; an empty bag gives zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bags<'a> {
    /// Where each bag begins, and the end: one more than there are bags.
    pub offsets: &'a [u32],
    /// Rows of the table.
    pub ids: &'a [u32],
}

impl Bags<'_> {
    /// The number of bags.
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Whether there are no bags.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A block of columns in each of two matrices, to be multiplied number by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interaction {
    /// The first column in the matrix of one row per segment.
    pub wide: usize,
    /// The first column in the other.
    pub x: usize,
    /// The number of columns.
    pub columns: usize,
}

/// Who attends to whom. Queries, keys and values are columns of wider values: each is a value and its first column.
#[derive(Debug, Clone, Copy)]
pub struct AttentionOperands<'a, V> {
    /// Queries.
    pub q: (V, usize),
    /// Keys.
    pub k: (V, usize),
    /// Values.
    pub v: (V, usize),
    /// Which rows of the queries belong together.
    pub query_segments: &'a Arc<Segments>,
    /// Which rows of keys and values those attend to: as many segments.
    pub key_segments: &'a Arc<Segments>,
    /// Heads and width.
    pub shape: AttentionShape,
}

/// Queries that attend to a memory whose keys and values are linear maps of it, [K|V] = memory·Wᵀ + b.
#[derive(Debug, Clone, Copy)]
pub struct CrossOperands<'a, V> {
    /// Queries, `[query rows, d]`.
    pub q: V,
    /// What they attend to, `[key rows, d]`.
    pub memory: V,
    /// W `[2d, d]`, declared as [`Kind::KeyValue`](crate::Kind::KeyValue), and b.
    pub weights: LinearWeights,
    /// Which rows of the queries belong together.
    pub query_segments: &'a Arc<Segments>,
    /// Which rows of the memory those attend to: as many segments.
    pub key_segments: &'a Arc<Segments>,
    /// Heads and width.
    pub shape: AttentionShape,
}

impl<V: Copy> CrossOperands<'_, V> {
    /// The same operands as matrices, which `view` gives for a value.
    pub fn inputs<'v>(&'v self, weights: &'v Weights, view: impl Fn(V) -> View<'v>) -> CrossInputs<'v> {
        let width = self.shape.width;
        CrossInputs {
            q: view(self.q),
            memory: view(self.memory),
            weights: weights.key_value(self.weights.weight),
            value_bias: self.weights.bias.map(|bias| &weights.parameters().get(bias)[width..]),
            query_segments: self.query_segments,
            key_segments: self.key_segments,
            shape: self.shape,
        }
    }
}

impl<V: Copy> AttentionOperands<'_, V> {
    /// The same operands as matrices, which `view` gives for a value.
    pub fn inputs<'v>(&'v self, view: impl Fn(V) -> View<'v>) -> AttentionInputs<'v> {
        AttentionInputs {
            qkv: [self.q, self.k, self.v].map(|(value, column)| (view(value), column)),
            query_segments: self.query_segments,
            key_segments: self.key_segments,
            shape: self.shape,
        }
    }
}

/// Runs the operations of a model. Values are matrices `[rows, columns]`; operations panic if shapes disagree, which is a
/// defect of the layer that calls them and not of any input.
pub trait Exec {
    /// A handle to a matrix.
    type Value: Copy;

    /// A matrix from outside, `data.len() / columns` rows.
    fn input(&mut self, data: &[f32], columns: usize) -> Self::Value;

    /// A parameter as a value: its rows are the parameter's.
    fn parameter(&mut self, id: ParameterId) -> Self::Value;

    /// activation(x·Wᵀ + b)
    fn linear(&mut self, x: Self::Value, weights: LinearWeights, activation: Activation) -> Self::Value;

    /// onto + dropout(x·Wᵀ + b): the end of a sub-layer and the sum around it.
    fn linear_onto(&mut self, onto: Self::Value, x: Self::Value, weights: LinearWeights, dropout: f32) -> Self::Value;

    /// Layer normalisation of every row.
    fn layer_norm(&mut self, x: Self::Value, weights: NormWeights) -> Self::Value;

    /// activation(x)
    fn activate(&mut self, x: Self::Value, activation: Activation) -> Self::Value;

    /// x ∘ by, number by number; a `by` of one column stands for as many as x has.
    fn times(&mut self, x: Self::Value, by: Self::Value) -> Self::Value;

    /// a + b, of one shape.
    fn add(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;

    /// x with row s of `spread` added to each row of segment s.
    fn add_spread(&mut self, x: Self::Value, spread: Self::Value, segments: &Arc<Segments>) -> Self::Value;

    /// x with row j of a table added to the j-th row of every segment: what stands at place j.
    fn add_places(&mut self, x: Self::Value, table: ParameterId, segments: &Arc<Segments>) -> Self::Value;

    /// The columns of all parts side by side.
    fn concat(&mut self, parts: &[Self::Value]) -> Self::Value;

    /// All rows of x, and all of them again, `times` in all.
    fn repeat(&mut self, x: Self::Value, times: usize) -> Self::Value;

    /// Row r of the result is row `rows[r]` of x; a row may stand many times or never.
    fn gather(&mut self, x: Self::Value, rows: &Arc<Vec<u32>>) -> Self::Value;

    /// One row per segment: the mean of its rows, zeros for an empty one.
    fn segment_mean(&mut self, x: Self::Value, segments: &Arc<Segments>) -> Self::Value;

    /// How alike each row is to those above it in its segment: column b is the cosine of the row and the one b + 1 above, 0 where
    /// there is none or one of them is zero. `[rows, reach]`
    fn cosines_above(&mut self, x: Self::Value, segments: &Arc<Segments>, reach: usize) -> Self::Value;

    /// The same numbers in rows of `columns`.
    fn reshape(&mut self, x: Self::Value, columns: usize) -> Self::Value;

    /// Embeddings side by side, one column block per table: row r holds the mean of each table's rows that bag r names.
    fn embed<'b>(&mut self, parts: impl Iterator<Item = (ParameterId, Bags<'b>)> + Clone) -> Self::Value;

    /// Products of blocks of columns of `wide`, which has a row per segment, and of `x`, side by side: row r of block b is
    /// `wide[segment of r, b.wide..] ∘ x[r, b.x..]`.
    fn interact(
        &mut self,
        wide: Self::Value,
        x: Self::Value,
        segments: &Arc<Segments>,
        blocks: &Arc<[Interaction]>,
    ) -> Self::Value;

    /// Multi-head attention within segments: `[query rows, width]`.
    fn attention(&mut self, operands: AttentionOperands<'_, Self::Value>) -> Self::Value;

    /// Multi-head attention to a memory within segments: `[query rows, d]`.
    fn cross_attention(&mut self, operands: CrossOperands<'_, Self::Value>) -> Self::Value;

    /// log P̂ (docs/method.md §1): for each segment the logarithm of softmax over candidates of x·tᵀ. x has the rows of
    /// `segments`, t `positions` rows per segment; the result is `[x rows, positions]`.
    fn log_probabilities(
        &mut self,
        x: Self::Value,
        t: Self::Value,
        segments: &Arc<Segments>,
        positions: usize,
    ) -> Self::Value;

    /// In training: zeroes each number with `probability` and scales the rest to keep the mean. Otherwise x itself.
    fn dropout(&mut self, x: Self::Value, probability: f32) -> Self::Value;

    /// Runs a part of the model of which only the result lives on; what else it made may be forgotten.
    fn scope(&mut self, part: impl FnOnce(&mut Self) -> Self::Value) -> Self::Value {
        let mark = self.open_scope();
        let result = part(self);
        self.close_scope(mark, result)
    }

    /// The beginning of a scope: a mark for [`Exec::close_scope`].
    fn open_scope(&mut self) -> usize {
        0
    }

    /// The end of the scope that began at `mark`: the handle of its result from now on.
    fn close_scope(&mut self, mark: usize, result: Self::Value) -> Self::Value {
        let _ = mark;
        result
    }

    /// Segments of the given lengths, in memory that may be used again.
    fn segments(&mut self, lengths: impl Iterator<Item = usize>) -> Arc<Segments> {
        Arc::new(Segments::of_lengths(lengths))
    }

    /// The numbers of a value, row-major.
    fn data(&self, value: Self::Value) -> &[f32];

    /// Rows and columns of a value.
    fn shape(&self, value: Self::Value) -> [usize; 2];
}

/// Some of the inputs of a linear map.
#[derive(Debug, Clone)]
pub struct InputPart<V> {
    /// The value that holds them.
    pub value: V,
    /// Its first column that counts.
    pub first: usize,
    /// Which inputs of the map they are.
    pub inputs: Range<usize>,
}

/// What only inference does, where a part of the model was computed beforehand. Nothing here has a backward pass.
pub trait Forward: Exec {
    /// A linear map of which only some inputs are given: Σ over parts of x_part·Wᵀ[its inputs] + b. W is f32.
    fn linear_of_parts(
        &mut self,
        rows: usize,
        parts: impl Iterator<Item = InputPart<Self::Value>> + Clone,
        linear: LinearWeights,
    ) -> Self::Value;

    /// x with row `rows[r]` of a table added to its row r, where the table has such a row.
    fn add_known_rows(&mut self, x: Self::Value, table: View<'_>, rows: &[u32]) -> Self::Value;

    /// x with row r of `part` added to its row `rows[r]`.
    fn add_at(&mut self, x: Self::Value, part: Self::Value, rows: &[u32]) -> Self::Value;
}
