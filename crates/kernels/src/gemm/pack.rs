//! The right-hand operand, laid out in the order the product reads it.

use super::Matrix;
use crate::{aligned::Aligned, isa::Isa};

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
        if rows == 0 {
            return;
        }
        for (panel, data) in self.data.as_mut_slice().chunks_exact_mut(rows * width).enumerate() {
            let left = panel * width;
            pack_panel(matrix, left, width.min(matrix.columns - left), width, data);
        }
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

    /// Rows `from..to` of a panel: `[to − from, panel_width]`.
    pub(super) fn panel(&self, panel: usize, from: usize, to: usize) -> &[f32] {
        let start = panel * self.rows * self.width;
        &self.data.as_slice()[start + from * self.width..start + to * self.width]
    }
}

/// Copies `count` columns from `left` on into a panel, zeros in the rest of its `width`.
fn pack_panel(matrix: Matrix<'_>, left: usize, count: usize, width: usize, panel: &mut [f32]) {
    if matrix.column_stride == 1 {
        for (row, to) in panel.chunks_exact_mut(width).enumerate() {
            let from = row * matrix.row_stride + left;
            to[..count].copy_from_slice(&matrix.data[from..from + count]);
            to[count..].fill(0.0);
        }
        return;
    }
    if count < width {
        panel.fill(0.0);
    }
    for column in 0..count {
        let from = &matrix.data[(left + column) * matrix.column_stride..];
        for (row, to) in panel[column..].iter_mut().step_by(width).enumerate() {
            *to = from[row * matrix.row_stride];
        }
    }
}
