//! Attention to a memory whose keys and values are linear maps of it, without ever making them.
//!
//! ```text
//!   per head   Q·Kᵀ = Q·(M·W_kᵀ + 1·b_kᵀ)ᵀ = (Q·W_k)·Mᵀ + (Q·b_k)·1ᵀ      the last term is the same for all keys: no softmax sees it
//!              P·V  = P·(M·W_vᵀ + 1·b_vᵀ)  = (P·M)·W_vᵀ + b_v             the rows of P sum to one
//!
//!   lifted     Q′ = Q·W_k          [queries, d]    for all heads side by side: [queries · heads, d], heads innermost
//!   scores     S = M·Q′ᵀ           [keys, queries · heads],  P = softmax(S/√h) down the keys
//!   read       U = Pᵀ·M            [queries · heads, d]
//!   out        O = U·W_vᵀ + b_v    [queries, h]    of each head
//! ```
//!
//! With m queries and n keys that is 4md² + 4·heads·mnd operations where making keys and values first takes 4nd² + 4mnd: for 6
//! positions over 60 candidates, d = 128 and 4 heads, 1.1 million instead of 4.1.

use std::ops::Range;

use nar4rec_kernels::{AttentionShape, Epilogue, Isa, Matrix, PackedMatrix, gemm, query_block, softmax_columns};

use crate::{PackedKeyValue, Segments, forward::View};

/// What attends to what.
#[derive(Debug, Clone, Copy)]
pub struct CrossInputs<'a> {
    /// Queries, `[query rows, d]`.
    pub q: View<'a>,
    /// The memory, `[key rows, d]`.
    pub memory: View<'a>,
    /// W_k and W_v.
    pub weights: &'a PackedKeyValue,
    /// b_v.
    pub value_bias: Option<&'a [f32]>,
    /// The rows of the queries that belong together.
    pub query_segments: &'a Segments,
    /// The rows of the memory that they attend to.
    pub key_segments: &'a Segments,
    /// Heads and width.
    pub shape: AttentionShape,
}

/// What the forward pass makes on its way and the backward pass needs.
#[derive(Debug, Default)]
pub struct CrossSaved {
    /// Q′, `[query rows · heads, d]`.
    pub lifted: Vec<f32>,
    /// U, `[query rows · heads, d]`.
    pub read: Vec<f32>,
    /// P of each segment, in blocks of queries, `[keys, block]` each.
    pub probabilities: Vec<f32>,
}

/// Memory between the steps; reuse one for many calls.
#[derive(Debug, Default)]
pub struct CrossScratch {
    /// The block of Q′ at hand, turned.
    pub queries: PackedMatrix,
    /// The segment's memory.
    pub memory: PackedMatrix,
}

/// A segment's part of everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrossSegment {
    /// Rows of Q′ and U.
    pub lifted: Range<usize>,
    /// Rows of the memory.
    pub keys: Range<usize>,
    /// Of the probabilities.
    pub probabilities: Range<usize>,
}

impl CrossInputs<'_> {
    /// How many numbers [`CrossSaved::lifted`] and [`CrossSaved::probabilities`] take.
    pub fn sizes(&self, isa: Isa) -> [usize; 2] {
        let probabilities = self.segments(isa).last().map_or(0, |segment| segment.probabilities.end);
        [self.q.rows() * self.shape.heads * self.shape.width, probabilities]
    }

    /// Every segment, in order.
    pub fn segments(&self, isa: Isa) -> impl Iterator<Item = CrossSegment> + '_ {
        assert_eq!(self.query_segments.count(), self.key_segments.count(), "one run of keys for each of queries");
        let (heads, block) = (self.shape.heads, query_block(isa));
        let mut end = 0;
        self.query_segments.iter().zip(self.key_segments.iter()).map(move |(queries, keys)| {
            let lifted = queries.start * heads..queries.end * heads;
            let start = end;
            end += keys.len() * lifted.len().next_multiple_of(block);
            CrossSegment { lifted, keys, probabilities: start..end }
        })
    }
}

impl CrossSegment {
    /// The segment's blocks of queries: the rows of Q′ and U in each, and its probabilities.
    pub fn blocks(&self, isa: Isa) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + '_ {
        let block = query_block(isa);
        self.lifted.clone().step_by(block).enumerate().map(move |(index, start)| {
            let size = self.keys.len() * block;
            let first = self.probabilities.start + index * size;
            (start..self.lifted.end.min(start + block), first..first + size)
        })
    }
}

/// O of all heads into `out` `[query rows, d]`.
pub fn cross_attention(
    isa: Isa,
    inputs: CrossInputs<'_>,
    out: &mut [f32],
    saved: &mut CrossSaved,
    scratch: &mut CrossScratch,
) {
    let (d, heads, width) = (inputs.shape.width, inputs.shape.heads, inputs.shape.head_width());
    let (queries, row) = (inputs.q.rows(), heads * d);
    if queries == 0 {
        return;
    }
    let [lifted, probabilities] = inputs.sizes(isa);
    grow(&mut saved.lifted, lifted);
    grow(&mut saved.read, lifted);
    grow(&mut saved.probabilities, probabilities);
    for head in 0..heads {
        let columns = head * width..(head + 1) * width;
        let q = column_block(inputs.q.data, queries, columns.clone(), d);
        let w_k = inputs.weights.rows.rows_of(columns);
        gemm(isa, q, w_k, (&mut saved.lifted[head * d..], row), Epilogue::OVER);
    }
    for segment in inputs.segments(isa) {
        attend(isa, inputs, &segment, saved, scratch);
    }
    for (head, w_v) in inputs.weights.values.iter().enumerate() {
        let columns = head * width..(head + 1) * width;
        let u = column_block(&saved.read, queries, head * d..(head + 1) * d, row);
        let bias = inputs.value_bias.map(|bias| &bias[columns.clone()]);
        gemm(isa, u, w_v, (&mut out[columns.start..], d), Epilogue { bias, ..Epilogue::OVER });
    }
}

/// From the lifted queries of a segment to what they read.
fn attend(
    isa: Isa,
    inputs: CrossInputs<'_>,
    segment: &CrossSegment,
    saved: &mut CrossSaved,
    scratch: &mut CrossScratch,
) {
    let (d, block) = (inputs.shape.width, query_block(isa));
    if segment.keys.is_empty() {
        return saved.read[segment.lifted.start * d..segment.lifted.end * d].fill(0.0);
    }
    let memory = inputs.memory.matrix(&segment.keys);
    scratch.memory.repack(isa, memory);
    for (rows, kept) in segment.blocks(isa) {
        let numbers = rows.start * d..rows.end * d;
        let scores = &mut saved.probabilities[kept];
        scratch.queries.repack(isa, Matrix::new(&saved.lifted[numbers.clone()], rows.len(), d, d).transposed());
        scratch.queries.fill_panels();
        gemm(isa, memory, &scratch.queries, (&mut *scores, block), Epilogue::OVER);
        softmax_columns(isa, scores, block, inputs.shape.scale());
        let p = Matrix::new(scores, segment.keys.len(), rows.len(), block);
        gemm(isa, p.transposed(), &scratch.memory, (&mut saved.read[numbers], d), Epilogue::OVER);
    }
}

/// A block of columns of a matrix whose rows are `stride` long.
pub fn column_block(data: &[f32], rows: usize, columns: Range<usize>, stride: usize) -> Matrix<'_> {
    Matrix::new(&data[columns.start.min(data.len())..], rows, columns.len(), stride)
}

/// Makes room, without touching what is there.
fn grow(numbers: &mut Vec<f32>, len: usize) {
    if numbers.len() < len {
        numbers.resize(len, 0.0);
    }
}
