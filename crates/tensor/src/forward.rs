//! The forward pass of the operations that are more than one kernel, over slices.
//!
//! Every executor calls these, so that what is served cannot drift from what was trained. Each writes the whole of `out`.

use std::ops::Range;

use nar4rec_kernels::{
    AttentionScratch, AttentionShape, Epilogue, Heads, Isa, Matrix, PackedMatrix, add, attention_forward, axpy, dot,
    gemm, log_softmax_columns, multiply, scale, square_sum,
};

use crate::{Bags, Interaction, Segments};

/// A row-major matrix and its number of columns.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The numbers.
    pub data: &'a [f32],
    /// Numbers in a row.
    pub columns: usize,
}

impl<'a> View<'a> {
    /// The number of rows.
    pub fn rows(self) -> usize {
        self.data.len().checked_div(self.columns).unwrap_or(0)
    }

    /// Row `index`.
    pub fn row(self, index: usize) -> &'a [f32] {
        &self.data[index * self.columns..][..self.columns]
    }

    /// The numbers of a run of rows.
    pub fn slice(self, rows: &Range<usize>) -> &'a [f32] {
        &self.data[rows.start * self.columns..rows.end * self.columns]
    }

    /// A run of rows as an operand of a product.
    pub fn matrix(self, rows: &Range<usize>) -> Matrix<'a> {
        Matrix::new(self.slice(rows), rows.len(), self.columns, self.columns)
    }

    /// Queries, keys or values: the columns from `column` on, in a run of rows.
    pub fn heads(self, column: usize, rows: &Range<usize>) -> Heads<'a> {
        Heads { data: &self.data[rows.start * self.columns + column..], rows: rows.len(), stride: self.columns }
    }
}

/// A part of several side by side: its columns from `left` on in rows of `columns`.
pub fn place(part: View<'_>, (out, columns): (&mut [f32], usize), left: usize) {
    debug_assert_eq!(part.rows() * columns, out.len(), "parts of one height");
    for (row, to) in out.chunks_exact_mut(columns).enumerate() {
        to[left..left + part.columns].copy_from_slice(part.row(row));
    }
}

/// Multiplies `out` by `by`, number by number; a `by` of one column by row.
pub fn times(isa: Isa, by: View<'_>, out: &mut [f32]) {
    if by.data.len() == out.len() {
        return multiply(isa, out, by.data);
    }
    let columns = out.len().checked_div(by.data.len()).unwrap_or(1).max(1);
    for (row, factor) in out.chunks_exact_mut(columns).zip(by.data) {
        scale(isa, row, *factor);
    }
}

/// Adds row s of `spread` to each row of segment s of `out`.
pub fn add_spread(isa: Isa, spread: View<'_>, segments: &Segments, out: &mut [f32]) {
    let columns = spread.columns;
    for (index, rows) in segments.iter().enumerate() {
        for row in out[rows.start * columns..rows.end * columns].chunks_exact_mut(columns) {
            add(isa, row, spread.row(index));
        }
    }
}

/// Adds row j of the table to the j-th row of every segment of `out`.
pub fn add_places(isa: Isa, table: View<'_>, segments: &Segments, out: &mut [f32]) {
    let columns = table.columns;
    for rows in segments.iter() {
        let numbers = rows.len() * columns;
        add(isa, &mut out[rows.start * columns..][..numbers], &table.data[..numbers]);
    }
}

/// All rows of x as often as `out` has room for them.
pub fn repeat(x: View<'_>, out: &mut [f32]) {
    out.chunks_exact_mut(x.data.len().max(1)).for_each(|copy| copy.copy_from_slice(x.data));
}

/// Row r of the result is row `rows[r]` of x.
pub fn gather(x: View<'_>, rows: &[u32], out: &mut [f32]) {
    for (to, row) in out.chunks_exact_mut(x.columns.max(1)).zip(rows) {
        to.copy_from_slice(x.row(*row as usize));
    }
}

/// The mean of each segment's rows, zeros for an empty one.
pub fn segment_mean(isa: Isa, x: View<'_>, segments: &Segments, out: &mut [f32]) {
    for (rows, mean) in segments.iter().zip(out.chunks_exact_mut(x.columns)) {
        mean.fill(0.0);
        let share = 1.0 / rows.len() as f32;
        for row in rows {
            axpy(isa, mean, x.row(row), share);
        }
    }
}

/// The cosine of each row and those above it in its segment, `out` having as many columns as it may look up.
pub fn cosines_above(isa: Isa, x: View<'_>, segments: &Segments, out: &mut [f32]) {
    let Some(reach) = out.len().checked_div(segments.rows()).filter(|reach| *reach > 0) else { return };
    for rows in segments.iter() {
        for row in rows.clone() {
            let inverse = inverse_norm(isa, x.row(row));
            let (above, none) = out[row * reach..][..reach].split_at_mut(reach.min(row - rows.start));
            none.fill(0.0);
            for (back, cosine) in above.iter_mut().enumerate() {
                let other = x.row(row - 1 - back);
                *cosine = dot(isa, x.row(row), other) * inverse * inverse_norm(isa, other);
            }
        }
    }
}

/// 1/‖x‖, 0 for zeros.
pub fn inverse_norm(isa: Isa, x: &[f32]) -> f32 {
    let square = square_sum(isa, x);
    if square > 0.0 { square.sqrt().recip() } else { 0.0 }
}

/// The mean of the rows each bag names, from the column `left` on in rows of `columns`.
pub fn embed(isa: Isa, table: View<'_>, bags: Bags<'_>, (out, columns): (&mut [f32], usize), left: usize) {
    for (bag, row) in bags.offsets.windows(2).zip(out.chunks_exact_mut(columns)) {
        let row = &mut row[left..left + table.columns];
        let ids = &bags.ids[bag[0] as usize..bag[1] as usize];
        if let [only] = ids {
            row.copy_from_slice(table.row(*only as usize));
            continue;
        }
        row.fill(0.0);
        let share = 1.0 / ids.len() as f32;
        for id in ids {
            axpy(isa, row, table.row(*id as usize), share);
        }
    }
}

/// The columns that interactions give.
pub fn interaction_columns(blocks: &[Interaction]) -> usize {
    blocks.iter().map(|block| block.columns).sum()
}

/// Products of blocks of columns, `wide` having a row per segment.
pub fn interact(isa: Isa, [wide, x]: [View<'_>; 2], segments: &Segments, blocks: &[Interaction], out: &mut [f32]) {
    let columns = interaction_columns(blocks);
    for (index, rows) in segments.iter().enumerate() {
        for row in rows {
            let mut rest = &mut out[row * columns..][..columns];
            for block in blocks {
                let to = rest.split_off_mut(..block.columns).expect("a row has the columns of every block");
                to.copy_from_slice(&x.row(row)[block.x..][..block.columns]);
                multiply(isa, to, &wide.row(index)[block.wide..][..block.columns]);
            }
        }
    }
}

/// Queries, keys and values of a batch: a matrix each and the first column that counts.
#[derive(Debug, Clone, Copy)]
pub struct AttentionInputs<'a> {
    /// Queries, keys and values.
    pub qkv: [(View<'a>, usize); 3],
    /// The rows of the queries that belong together.
    pub query_segments: &'a Segments,
    /// The rows of keys and values that they attend to.
    pub key_segments: &'a Segments,
    /// Heads and width.
    pub shape: AttentionShape,
}

impl AttentionInputs<'_> {
    /// Calls `each` with the rows and operands of every segment that has queries and keys, and where its probabilities begin and
    /// end.
    pub fn for_each(&self, isa: Isa, mut each: impl FnMut([Range<usize>; 2], [Heads<'_>; 3], Range<usize>)) {
        assert_eq!(self.query_segments.count(), self.key_segments.count(), "one run of keys for each of queries");
        let mut start = 0;
        for (queries, keys) in self.query_segments.iter().zip(self.key_segments.iter()) {
            if queries.is_empty() || keys.is_empty() {
                continue;
            }
            let [q, k, v] = self.qkv;
            let heads = [q.0.heads(q.1, &queries), k.0.heads(k.1, &keys), v.0.heads(v.1, &keys)];
            let end = start + self.shape.probabilities(isa, queries.len(), keys.len());
            each([queries, keys], heads, start..end);
            start = end;
        }
    }

    /// Whether there are queries without keys or keys without queries, which [`AttentionInputs::for_each`] passes over.
    pub fn are_some_passed_over(&self) -> bool {
        let mut pairs = self.query_segments.iter().zip(self.key_segments.iter());
        pairs.any(|(queries, keys)| queries.is_empty() != keys.is_empty())
    }

    /// How many probabilities there are to keep, over all segments.
    pub fn probabilities(&self, isa: Isa) -> usize {
        let pairs = self.query_segments.iter().zip(self.key_segments.iter());
        pairs.map(|(queries, keys)| self.shape.probabilities(isa, queries.len(), keys.len())).sum()
    }
}

/// Attention within segments, `[query rows, width]`; a query without keys reads zeros. `probabilities` takes those of every
/// segment, or is empty.
pub fn attention(
    isa: Isa,
    inputs: AttentionInputs<'_>,
    (out, probabilities): (&mut [f32], &mut [f32]),
    scratch: &mut AttentionScratch,
) {
    let width = inputs.shape.width;
    if inputs.are_some_passed_over() {
        out.fill(0.0);
    }
    inputs.for_each(isa, |[queries, _], heads, kept| {
        let out = &mut out[queries.start * width..queries.end * width];
        let kept = probabilities.get_mut(kept).unwrap_or_default();
        attention_forward(isa, inputs.shape, heads, (out, kept), scratch);
    });
}

/// log P̂ of every segment: the product x·tᵀ and its log-softmax over the segment's rows. t has `positions` rows a segment.
pub fn log_probabilities(
    isa: Isa,
    [x, t]: [View<'_>; 2],
    (segments, positions): (&Segments, usize),
    out: &mut [f32],
    packed: &mut PackedMatrix,
) {
    for (index, rows) in segments.iter().enumerate() {
        packed.repack(isa, t.matrix(&(index * positions..(index + 1) * positions)).transposed());
        let out = &mut out[rows.start * positions..rows.end * positions];
        gemm(isa, x.matrix(&rows), &*packed, (out, positions), Epilogue::OVER);
        log_softmax_columns(isa, out, positions);
    }
}
