//! The innermost part: a tile of C that lives in registers.
//!
//! A tile is R rows of A by one panel (two vectors) of B. With AVX-512 R = 12 uses 24 of 32 registers for the tile; with AVX2
//! R = 6 uses 12 of 16. What is multiplied, and how, is the operand's affair ([`Multiply`]); what happens to the tile
//! afterwards is the same for all.

use crate::{activation::Activation, simd::Simd};

/// A row's worth of a tile: two vectors.
pub(super) type Pair<S> = [<S as Simd>::F32; 2];

/// Makes tiles: the products of some rows of A with one panel of B.
pub(super) trait Multiply<S: Simd>: Copy {
    /// Rows `row..row + R` of A with the panel.
    fn tile<const R: usize>(self, s: S, row: usize) -> [Pair<S>; R];
}

/// What to do with a tile when its block of the depth is done.
#[derive(Clone, Copy)]
pub(super) struct Stage<'a> {
    /// Add to what is in C.
    pub(super) onto: bool,
    pub(super) bias: Option<&'a [f32]>,
    pub(super) residual: Option<&'a [f32]>,
    pub(super) activation: Activation,
}

/// Where the tiles of a panel go: `rows` rows of C from `top` on, `width` columns from `left` on.
#[derive(Clone, Copy)]
pub(super) struct Strip {
    pub(super) top: usize,
    pub(super) rows: usize,
    /// The most rows of a tile, if the registers hold as many.
    pub(super) tile_rows: usize,
    pub(super) left: usize,
    pub(super) width: usize,
    /// Between rows of C.
    pub(super) stride: usize,
}

/// The strip's product, tile by tile. Rows are shared out evenly, so that no tile is left with a single row.
#[inline(always)]
pub(super) fn run<S: Simd>(s: S, product: impl Multiply<S>, strip: Strip, c: &mut [f32], stage: Stage<'_>) {
    let tiles = strip.rows.div_ceil(strip.tile_rows.min(S::TILE_ROWS));
    let (size, larger) = (strip.rows / tiles, strip.rows % tiles);
    let mut row = strip.top;
    for tile in 0..tiles {
        let rows = size + usize::from(tile < larger);
        dispatch(s, product, strip, [row, rows], c, stage);
        row += rows;
    }
}

/// Calls the tile compiled for `rows` rows.
#[inline(always)]
fn dispatch<S: Simd>(
    s: S,
    product: impl Multiply<S>,
    strip: Strip,
    [row, rows]: [usize; 2],
    c: &mut [f32],
    stage: Stage<'_>,
) {
    macro_rules! of_rows {
        ($($r:literal)+) => {
            match rows {
                $($r if $r <= S::TILE_ROWS => finish(s, product.tile::<$r>(s, row), strip, row, c, stage),)+
                _ => unreachable!("a tile has between one and TILE_ROWS rows"),
            }
        };
    }
    of_rows!(1 2 3 4 5 6 7 8 9 10 11 12 13 14);
}

/// Writes a tile whose first row is `row`.
#[inline(always)]
fn finish<S: Simd, const R: usize>(
    s: S,
    tile: [Pair<S>; R],
    strip: Strip,
    row: usize,
    c: &mut [f32],
    stage: Stage<'_>,
) {
    let Strip { left, width, stride, .. } = strip;
    if width == 2 * S::LANES {
        write_whole(s, tile, [row * stride + left, left, stride], c, stage);
    } else {
        write_partial(s, tile, [row * stride + left, left, stride], width, c, stage);
    }
    // The tile was just written and is in L1: a second pass over it is shorter than 28 unrolled copies of the function.
    if stage.activation != Activation::Identity {
        for i in 0..R {
            stage.activation.run(s, &mut c[(row + i) * stride + left..][..width]);
        }
    }
}

/// Writes a tile of whole vectors, its first number at `place` of C. Between short products this is a good part of the work, so
/// nothing is asked for each row that can be asked once.
#[inline(always)]
fn write_whole<S: Simd, const R: usize>(
    s: S,
    tile: [Pair<S>; R],
    [place, left, stride]: [usize; 3],
    c: &mut [f32],
    stage: Stage<'_>,
) {
    let bias = match stage.bias {
        Some(bias) => load_whole(s, &bias[left..]),
        None if !stage.onto && stage.residual.is_none() => {
            for (i, pair) in tile.into_iter().enumerate() {
                store_whole(s, pair, &mut c[place + i * stride..]);
            }
            return;
        }
        None => [s.splat(0.0); 2],
    };
    for (i, mut pair) in tile.into_iter().enumerate() {
        let at = place + i * stride;
        if stage.onto {
            pair = sum(s, pair, load_whole(s, &c[at..]));
        }
        pair = sum(s, pair, bias);
        if let Some(residual) = stage.residual {
            pair = sum(s, pair, load_whole(s, &residual[at..]));
        }
        store_whole(s, pair, &mut c[at..]);
    }
}

#[inline(always)]
fn load_whole<S: Simd>(s: S, from: &[f32]) -> Pair<S> {
    let from = &from[..2 * S::LANES];
    [s.load(from), s.load(&from[S::LANES..])]
}

#[inline(always)]
fn store_whole<S: Simd>(s: S, [low, high]: Pair<S>, to: &mut [f32]) {
    let to = &mut to[..2 * S::LANES];
    s.store(low, to);
    s.store(high, &mut to[S::LANES..]);
}

#[inline(always)]
fn sum<S: Simd>(s: S, a: Pair<S>, b: Pair<S>) -> Pair<S> {
    [s.add(a[0], b[0]), s.add(a[1], b[1])]
}

/// The same where the panel is narrower than two vectors.
#[inline(always)]
fn write_partial<S: Simd, const R: usize>(
    s: S,
    tile: [Pair<S>; R],
    [place, left, stride]: [usize; 3],
    width: usize,
    c: &mut [f32],
    stage: Stage<'_>,
) {
    let bias = stage.bias.map(|bias| s.get_pair(&bias[left..left + width]));
    for (i, mut pair) in tile.into_iter().enumerate() {
        let at = place + i * stride;
        let to = &mut c[at..at + width];
        let before = stage.onto.then(|| s.get_pair(to));
        let residual = stage.residual.map(|residual| s.get_pair(&residual[at..at + width]));
        for [low, high] in [before, bias, residual].into_iter().flatten() {
            pair = sum(s, pair, [low, high]);
        }
        s.put_pair(pair, to);
    }
}
