//! Tiles of `f32`: for every k two vectors of B are loaded, R numbers of A broadcast, and 2·R multiply-adds done.

use super::{
    Matrix, PackedRows,
    tile::{Multiply, Pair},
};
use crate::simd::Simd;

/// Columns `from..to` of A against a panel of B.
#[derive(Clone, Copy)]
pub(super) struct Floats<'a> {
    pub(super) a: Matrix<'a>,
    pub(super) b: &'a PackedRows<'a>,
    pub(super) panel: usize,
    pub(super) from: usize,
    pub(super) to: usize,
}

impl<S: Simd> Multiply<S> for Floats<'_> {
    #[inline(always)]
    fn tile<const R: usize>(self, s: S, row: usize) -> [Pair<S>; R] {
        let panel = self.b.panel(self.panel, self.from, self.to);
        let a = &self.a;
        debug_assert!(row + R <= a.rows && self.to <= a.columns);
        // SAFETY: rows `row..row + R` and columns `from..to` lie within `a` (checked when the view was made: the last element
        // of the matrix lies within its data), and `panel` holds `to − from` rows of two vectors. Of no columns nothing is read.
        unsafe {
            let first = a.data.as_ptr().wrapping_add(row * a.row_stride + self.from * a.column_stride);
            multiply::<S, R>(s, self.to - self.from, first, [a.row_stride, a.column_stride], panel.as_ptr())
        }
    }
}

/// The products of R rows of A with `depth` rows of a panel. On the way it asks for as much again of what lies behind: the
/// next panel, which is what the next tiles will read.
///
/// # Safety
/// - `a` points at R rows of `depth` readable numbers, rows and columns apart by the strides;
/// - `b` points at `depth` × 2 · LANES readable numbers.
#[inline(always)]
unsafe fn multiply<S: Simd, const R: usize>(
    s: S,
    depth: usize,
    a: *const f32,
    [row_stride, column_stride]: [usize; 2],
    b: *const f32,
) -> [Pair<S>; R] {
    let mut tile = [[s.splat(0.0); 2]; R];
    for k in 0..depth {
        // SAFETY: k < depth, within the extents the caller vouches for; any address may be prefetched.
        unsafe {
            let ahead = b.wrapping_add((depth + k) * 2 * S::LANES);
            s.prefetch(ahead);
            s.prefetch(ahead.wrapping_add(S::LANES));
            let low = s.load_at(b.add(2 * k * S::LANES));
            let high = s.load_at(b.add((2 * k + 1) * S::LANES));
            let column = a.add(k * column_stride);
            for (i, pair) in tile.iter_mut().enumerate() {
                let number = s.splat(*column.add(i * row_stride));
                pair[0] = s.fma(number, low, pair[0]);
                pair[1] = s.fma(number, high, pair[1]);
            }
        }
    }
    tile
}
