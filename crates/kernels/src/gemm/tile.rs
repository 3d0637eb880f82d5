//! The innermost part: a tile of C that lives in registers.
//!
//! A tile is R rows of A by one panel (two vectors) of B. For every k it loads two vectors of B, broadcasts R numbers of A
//! and does 2·R multiply-adds. With AVX-512 R = 14 uses 28 of 32 registers for the tile; with AVX2 R = 6 uses 12 of 16.

use super::{Matrix, PackedRows};
use crate::{activation::Activation, simd::Simd};

/// What to do with a tile when its block of the depth is done.
#[derive(Clone, Copy)]
pub(super) struct Stage<'a> {
    /// Add to what is in C.
    pub(super) onto: bool,
    pub(super) bias: Option<&'a [f32]>,
    pub(super) residual: Option<&'a [f32]>,
    pub(super) activation: Activation,
}

/// Rows `top..top + rows` of A, its columns `from..to`, against one panel of B.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    pub(super) a: Matrix<'a>,
    pub(super) top: usize,
    pub(super) rows: usize,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) b: &'a PackedRows<'a>,
    pub(super) panel: usize,
    /// Between rows of C.
    pub(super) stride: usize,
}

/// The block's product, tile by tile. Rows are shared out evenly, so that no tile is left with a single row.
#[inline(always)]
pub(super) fn run<S: Simd>(s: S, block: Block<'_>, c: &mut [f32], stage: Stage<'_>) {
    let tiles = block.rows.div_ceil(S::TILE_ROWS);
    let (size, larger) = (block.rows / tiles, block.rows % tiles);
    let mut row = block.top;
    for tile in 0..tiles {
        let rows = size + usize::from(tile < larger);
        dispatch(s, block, row, rows, c, stage);
        row += rows;
    }
}

/// Calls the tile compiled for `rows` rows.
#[inline(always)]
fn dispatch<S: Simd>(s: S, block: Block<'_>, row: usize, rows: usize, c: &mut [f32], stage: Stage<'_>) {
    macro_rules! of_rows {
        ($($r:literal)+) => {
            match rows {
                $($r if $r <= S::TILE_ROWS => tile::<S, $r>(s, block, row, c, stage),)+
                _ => unreachable!("a tile has between one and TILE_ROWS rows"),
            }
        };
    }
    of_rows!(1 2 3 4 5 6 7 8 9 10 11 12 13 14);
}

/// One tile of R rows from `row` on.
#[inline(always)]
fn tile<S: Simd, const R: usize>(s: S, block: Block<'_>, row: usize, c: &mut [f32], stage: Stage<'_>) {
    let panel = block.b.panel(block.panel, block.from, block.to);
    let a = &block.a;
    debug_assert!(row + R <= a.rows && block.to <= a.columns);
    // SAFETY: rows `row..row + R` and columns `from..to` lie within `a` (checked when the view was made: the last element
    // of the matrix lies within its data), and `panel` holds `to − from` rows of two vectors.
    let tile = unsafe {
        let first = a.data.as_ptr().add(row * a.row_stride + block.from * a.column_stride);
        multiply::<S, R>(s, block.to - block.from, first, [a.row_stride, a.column_stride], panel.as_ptr())
    };
    let left = block.panel * 2 * S::LANES;
    let width = (block.b.matrix().columns() - left).min(2 * S::LANES);
    let bias = stage.bias.map(|bias| s.get_pair(&bias[left..left + width]));
    for (i, mut pair) in tile.into_iter().enumerate() {
        let place = (row + i) * block.stride + left;
        let to = &mut c[place..][..width];
        let before = stage.onto.then(|| s.get_pair(to));
        let residual = stage.residual.map(|residual| s.get_pair(&residual[place..][..width]));
        for [low, high] in [before, bias, residual].into_iter().flatten() {
            pair = [s.add(pair[0], low), s.add(pair[1], high)];
        }
        s.put_pair(pair, to);
    }
    // The tile was just written and is in L1: a second pass over it is shorter than 28 unrolled copies of the function.
    if stage.activation != Activation::Identity {
        for i in 0..R {
            stage.activation.run(s, &mut c[(row + i) * block.stride + left..][..width]);
        }
    }
}

/// The products of R rows of A with `depth` rows of a panel.
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
) -> [[S::F32; 2]; R] {
    let mut tile = [[s.splat(0.0); 2]; R];
    for k in 0..depth {
        // SAFETY: k < depth, within the extents the caller vouches for.
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
