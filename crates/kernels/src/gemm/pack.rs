//! The right-hand operand, laid out in the order the product reads it.

use std::ops::Range;

use super::Matrix;
use crate::{
    aligned::Aligned,
    isa::{Isa, Kernel},
    simd::Simd,
};

/// A matrix `[rows, columns]` in panels of two vectors' width, each panel row-major, the last one padded with zeros.
#[derive(Debug, Clone, Default)]
pub struct PackedMatrix {
    data: Aligned,
    rows: usize,
    columns: usize,
    width: usize,
}

impl PackedMatrix {
    /// Packs `matrix` for `isa`.
    pub fn new(isa: Isa, matrix: Matrix<'_>) -> Self {
        let mut packed = Self::default();
        packed.repack(isa, matrix);
        packed
    }

    /// Packs `matrix` into the memory this one holds.
    pub fn repack(&mut self, isa: Isa, matrix: Matrix<'_>) {
        self.width = 2 * isa.tile().0;
        (self.rows, self.columns) = (matrix.rows, matrix.columns);
        let panels = self.panels();
        self.data.resize(panels * self.rows * self.width);
        let (rows, width) = (self.rows, self.width);
        if rows > 0 {
            isa.run(Pack { matrix, panels: self.data.as_mut_slice(), rows, width });
        }
    }

    /// A run of rows as the right operand of a product.
    ///
    /// # Panics
    /// If there are no such rows.
    pub fn rows_of(&self, rows: Range<usize>) -> PackedRows<'_> {
        assert!(rows.start <= rows.end && rows.end <= self.rows, "rows {rows:?} of a matrix of {}", self.rows);
        PackedRows { matrix: self, rows }
    }

    /// Counts the zeros that fill the last panel as columns of the matrix, for a product of whole vectors.
    pub fn fill_panels(&mut self) {
        self.columns = self.panels() * self.width;
    }

    /// Rows of the matrix: the depth of the product.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns of the matrix, without padding.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Columns of a panel.
    pub(super) fn panel_width(&self) -> usize {
        self.width
    }

    /// The number of panels.
    pub(super) fn panels(&self) -> usize {
        self.columns.div_ceil(self.width.max(1))
    }

    /// The first column of a panel and how many of the matrix it has.
    pub(super) fn columns_of(&self, panel: usize) -> (usize, usize) {
        let left = panel * self.width;
        (left, self.width.min(self.columns - left))
    }

    /// Rows `from..to` of a panel: `[to − from, panel_width]`.
    pub(super) fn panel(&self, panel: usize, from: usize, to: usize) -> &[f32] {
        let start = panel * self.rows * self.width;
        &self.data.as_slice()[start + from * self.width..start + to * self.width]
    }
}

/// Rows of a packed matrix: the right operand of a product, whose depth they are.
#[derive(Debug, Clone)]
pub struct PackedRows<'a> {
    matrix: &'a PackedMatrix,
    rows: Range<usize>,
}

impl<'a> From<&'a PackedMatrix> for PackedRows<'a> {
    fn from(matrix: &'a PackedMatrix) -> Self {
        Self { matrix, rows: 0..matrix.rows }
    }
}

impl PackedRows<'_> {
    /// The depth of the product.
    pub(super) fn depth(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn matrix(&self) -> &PackedMatrix {
        self.matrix
    }

    /// Rows `from..to` of these, of a panel: `[to − from, panel_width]`.
    pub(super) fn panel(&self, panel: usize, from: usize, to: usize) -> &[f32] {
        self.matrix.panel(panel, self.rows.start + from, self.rows.start + to)
    }
}

/// Fills panels of `width` columns from a matrix of `rows` rows.
struct Pack<'a> {
    matrix: Matrix<'a>,
    panels: &'a mut [f32],
    rows: usize,
    width: usize,
}

impl Kernel for Pack<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (panel, data) in self.panels.chunks_exact_mut(self.rows * self.width).enumerate() {
            let left = panel * self.width;
            let count = self.width.min(self.matrix.columns - left);
            match self.matrix {
                Matrix { column_stride: 1, .. } => copy_panel(self.matrix, left, count, self.width, data),
                Matrix { row_stride: 1, .. } => transpose_panel(s, self.matrix, left, count, self.width, data),
                _ => gather_panel(self.matrix, [left, 0], [count, self.rows], self.width, data),
            }
            if count < self.width {
                data.chunks_exact_mut(self.width).for_each(|row| row[count..].fill(0.0));
            }
        }
    }
}

/// `count` columns from `left` on, of a matrix whose rows are contiguous.
#[inline(always)]
fn copy_panel(matrix: Matrix<'_>, left: usize, count: usize, width: usize, panel: &mut [f32]) {
    for (row, to) in panel.chunks_exact_mut(width).enumerate() {
        let from = row * matrix.row_stride + left;
        to[..count].copy_from_slice(&matrix.data[from..from + count]);
    }
}

/// `count` columns from `left` on, of a matrix whose columns are contiguous: squares of a vector's width, then the rest.
#[inline(always)]
fn transpose_panel<S: Simd>(s: S, matrix: Matrix<'_>, left: usize, count: usize, width: usize, panel: &mut [f32]) {
    let stride = matrix.column_stride;
    let (columns, rows) = (count - count % S::LANES, matrix.rows - matrix.rows % S::LANES);
    for column in (0..columns).step_by(S::LANES) {
        for row in (0..rows).step_by(S::LANES) {
            let from = &matrix.data[(left + column) * stride + row..];
            s.transpose(from, stride, &mut panel[row * width + column..], width);
        }
    }
    gather_panel(matrix, [left, rows], [columns, matrix.rows - rows], width, &mut panel[rows * width..]);
    gather_panel(matrix, [left + columns, 0], [count - columns, matrix.rows], width, &mut panel[columns..]);
}

/// A rectangle of `[columns, rows]` from `[left, top]` on, number by number, into rows of a panel.
#[inline(always)]
fn gather_panel(
    matrix: Matrix<'_>,
    [left, top]: [usize; 2],
    [columns, rows]: [usize; 2],
    width: usize,
    panel: &mut [f32],
) {
    for column in 0..columns {
        for row in 0..rows {
            let from = (top + row) * matrix.row_stride + (left + column) * matrix.column_stride;
            panel[row * width + column] = matrix.data[from];
        }
    }
}
