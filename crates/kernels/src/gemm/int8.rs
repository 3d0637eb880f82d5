//! Products of eight-bit integers: weights by output column, activations by row, exact in between.
//!
//! ```text
//!   weights      w ≈ s_c · q,  q in −127..=127,  s_c = max|w| / 127 of the column
//!   activations  x ≈ s_r · q,  q in −127..=127,  s_r = max|x| / 127 of the row, stored as q + 128 in 1..=255
//!   y = s_r · s_c · Σ_k q_x·q_w = s_r · s_c · ( Σ_k (q_x + 128)·q_w − 128·Σ_k q_w )          the last sum is known beforehand
//! ```
//!
//! The instruction multiplies bytes without a sign by bytes with one, four at a time, which is why activations carry an
//! offset; what the offset adds is where the accumulators begin. All sums are of `i32` and exact, so every instruction set
//! gives the same integers; only then they are scaled. The packed matrix has the panels of the `f32` product with four rows
//! of the depth in each lane, and is a quarter of its size.

use super::{
    Epilogue,
    tile::{self, Multiply, Pair},
};
use crate::{
    aligned::Aligned,
    isa::{ByteKernel, Isa},
    simd::Bytes,
};

/// What stands for zero in a byte without a sign.
const OFFSET: i32 = 128;
/// The greatest quantised number.
const GREATEST: f32 = 127.0;

/// Quantises weights W `[out, in]`, row by row: the numbers and one scale a row. A row of zeros has scale 0.
///
/// A scale is rounded up to 17 significant bits, so that a quantised number times its scale is exact in `f32`: quantising what
/// comes back from quantised weights gives the same again.
///
/// # Panics
/// If `weights` is not `out` rows of `input` numbers.
pub fn quantise_weights(weights: &[f32], [out, input]: [usize; 2]) -> (Vec<i8>, Vec<f32>) {
    assert_eq!(weights.len(), out * input, "rows of weights");
    let scale = |row: &[f32]| {
        let greatest = row.iter().fold(0.0_f32, |greatest, w| greatest.max(w.abs()));
        f32::from_bits(((greatest / GREATEST).to_bits() + 0x7f) & !0x7f)
    };
    let rows = weights.chunks_exact(input.max(1));
    let scales: Vec<f32> = rows.clone().map(scale).collect();
    let quantise = |w: f32, scale: f32| if scale > 0.0 { (w / scale).round_ties_even() as i8 } else { 0 };
    let numbers = rows.zip(&scales).flat_map(|(row, scale)| row.iter().map(|w| quantise(*w, *scale)));
    (numbers.collect(), scales)
}

/// Quantised weights W `[out, in]`, packed as Wᵀ: the right operand of [`gemm_int8`].
#[derive(Debug, Clone, Default)]
pub struct QuantisedMatrix {
    /// Per panel, per four rows: the four bytes of each column.
    data: Aligned,
    rows: usize,
    columns: usize,
    width: usize,
    /// Of each column, zero for those that fill the last panel.
    scales: Vec<f32>,
    /// −128 · Σ_k q of each column.
    starts: Vec<i32>,
}

impl QuantisedMatrix {
    /// Quantises and packs weights `[out, in]` for `isa`.
    ///
    /// # Panics
    /// If `weights` is not `out` rows of `input` numbers.
    pub fn new(isa: Isa, weights: &[f32], [out, input]: [usize; 2]) -> Self {
        let width = 2 * isa.tile().0;
        let (numbers, mut scales) = quantise_weights(weights, [out, input]);
        let (panels, fours) = (out.div_ceil(width), input.div_ceil(4));
        scales.resize(panels * width, 0.0);
        let starts = vec![0; panels * width];
        let mut packed = Self { data: Aligned::default(), rows: input, columns: out, width, scales, starts };
        packed.data.resize(panels * fours * width);
        let bytes = packed.data.as_mut_bytes();
        for (column, row) in numbers.chunks_exact(input.max(1)).enumerate() {
            let (panel, lane) = (column / width, column % width);
            for (k, q) in row.iter().enumerate() {
                bytes[((panel * fours + k / 4) * width + lane) * 4 + k % 4] = *q;
            }
            packed.starts[column] = -OFFSET * row.iter().map(|q| i32::from(*q)).sum::<i32>();
        }
        packed
    }

    /// Rows of the matrix: the depth of the product.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns of the matrix.
    pub fn columns(&self) -> usize {
        self.columns
    }

    fn panels(&self) -> usize {
        self.columns.div_ceil(self.width.max(1))
    }

    /// The bytes of a panel, four for each column and each four rows.
    fn panel(&self, panel: usize) -> &[i8] {
        let size = 4 * self.rows.div_ceil(4) * self.width;
        &self.data.as_bytes()[panel * size..(panel + 1) * size]
    }
}

/// Rows of activations, quantised: the left operand of [`gemm_int8`]. Reuse one for many products.
#[derive(Debug, Clone, Default)]
pub struct QuantisedRows {
    /// Rows of the depth rounded up to fours.
    bytes: Vec<u8>,
    scales: Vec<f32>,
    depth: usize,
    stride: usize,
}

impl QuantisedRows {
    /// Quantises rows of `depth` numbers that lie one behind another.
    ///
    /// # Panics
    /// If `x` is not a whole number of rows.
    pub fn quantise(&mut self, isa: Isa, x: &[f32], depth: usize) {
        let rows = x.len().checked_div(depth).unwrap_or(0);
        assert_eq!(rows * depth, x.len(), "whole rows");
        (self.depth, self.stride) = (depth, depth.next_multiple_of(4));
        self.scales.resize(rows, 0.0);
        // What fills a row up meets weights that are zero.
        if self.bytes.len() < rows * self.stride {
            self.bytes.resize(rows * self.stride, 0);
        }
        isa.run_bytes(Quantise { x, rows: self });
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.scales.len()
    }
}

struct Quantise<'a> {
    x: &'a [f32],
    rows: &'a mut QuantisedRows,
}

impl ByteKernel for Quantise<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Bytes>(self, s: S) {
        let QuantisedRows { bytes, scales, depth, stride } = self.rows;
        if *depth == 0 {
            return;
        }
        let rows = self.x.chunks_exact(*depth).zip(bytes.chunks_exact_mut(*stride)).zip(scales);
        for ((x, to), scale) in rows {
            *scale = greatest(s, x) / GREATEST;
            let inverse = if *scale > 0.0 { 1.0 / *scale } else { 0.0 };
            let (whole, rest) = x.split_at(x.len() - x.len() % S::LANES);
            for (x, to) in whole.chunks_exact(S::LANES).zip(to.chunks_exact_mut(S::LANES)) {
                s.store_offset_bytes(s.mul(s.load(x), s.splat(inverse)), to);
            }
            for (x, to) in rest.iter().zip(&mut to[whole.len()..]) {
                *to = ((x * inverse).round_ties_even() as i32 + OFFSET) as u8;
            }
        }
    }
}

/// The greatest magnitude of a row; NaN if there is one in it, or an infinity, so that the row's products are NaN too.
#[inline(always)]
fn greatest<S: Bytes>(s: S, x: &[f32]) -> f32 {
    let zero = s.splat(0.0);
    let mut best = [zero; 2];
    let mut nothing = zero;
    for chunk in x.chunks(2 * S::LANES) {
        let [low, high] = s.get_pair(chunk);
        best = [s.max(best[0], s.max(low, s.sub(zero, low))), s.max(best[1], s.max(high, s.sub(zero, high)))];
        nothing = s.fma(low, zero, s.fma(high, zero, nothing));
    }
    s.greatest(s.max(best[0], best[1])) + s.sum(nothing)
}

/// C = A·B with its epilogue, A and B quantised. C is `[a.rows(), b.columns()]`, its rows `stride` numbers apart.
///
/// # Panics
/// If the shapes do not agree, or `b` was packed for another instruction set.
pub fn gemm_int8(
    isa: Isa,
    a: &QuantisedRows,
    b: &QuantisedMatrix,
    (c, stride): (&mut [f32], usize),
    epilogue: Epilogue<'_>,
) {
    assert_eq!(a.depth, b.rows, "inner dimensions of the product");
    if a.rows() == 0 || b.columns == 0 {
        return;
    }
    assert_eq!(isa.tile().0 * 2, b.width, "operand packed for another instruction set");
    epilogue.check([a.rows(), b.columns], c.len(), stride);
    isa.run_bytes(Product { a, b, c, stride, epilogue });
}

struct Product<'a> {
    a: &'a QuantisedRows,
    b: &'a QuantisedMatrix,
    c: &'a mut [f32],
    stride: usize,
    epilogue: Epilogue<'a>,
}

impl ByteKernel for Product<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Bytes>(self, s: S) {
        for panel in 0..self.b.panels() {
            let left = panel * self.b.width;
            let width = self.b.width.min(self.b.columns - left);
            let rows = self.a.rows();
            let strip = tile::Strip { top: 0, rows, tile_rows: S::TILE_ROWS, left, width, stride: self.stride };
            let product = Integers { a: self.a, b: self.b, panel };
            tile::run(s, product, strip, self.c, self.epilogue.last(false));
        }
    }
}

/// All of A against a panel of B.
#[derive(Clone, Copy)]
struct Integers<'a> {
    a: &'a QuantisedRows,
    b: &'a QuantisedMatrix,
    panel: usize,
}

impl<S: Bytes> Multiply<S> for Integers<'_> {
    #[inline(always)]
    fn tile<const R: usize>(self, s: S, row: usize) -> [Pair<S>; R] {
        let Self { a, b, panel } = self;
        let left = panel * b.width;
        let pair = |numbers: &[i32]| [s.load_i32(&numbers[left..]), s.load_i32(&numbers[left + S::LANES..])];
        let rows = &a.bytes[row * a.stride..(row + R) * a.stride];
        // SAFETY: `rows` holds R rows of `stride` bytes, a multiple of four, and the panel as many fours of two vectors.
        let sums =
            unsafe { multiply::<S, R>(s, [pair(&b.starts); R], a.stride, rows.as_ptr(), b.panel(panel).as_ptr()) };
        let scales = s.get_pair(&b.scales[left..left + b.width]);
        let mut tile = [scales; R];
        for (i, (pair, sum)) in tile.iter_mut().zip(sums).enumerate() {
            let of_row = s.splat(a.scales[row + i]);
            *pair =
                [s.mul(s.to_f32(sum[0]), s.mul(of_row, scales[0])), s.mul(s.to_f32(sum[1]), s.mul(of_row, scales[1]))];
        }
        tile
    }
}

/// Adds the products of R rows of `depth` bytes with a panel to `sums`, and asks for the panel behind it on the way.
///
/// # Safety
/// - `a` points at R rows of `depth` readable bytes, a multiple of four;
/// - `b` points at `depth` × 2 · LANES readable bytes.
#[inline(always)]
unsafe fn multiply<S: Bytes, const R: usize>(
    s: S,
    mut sums: [[S::I32; 2]; R],
    depth: usize,
    a: *const u8,
    b: *const i8,
) -> [[S::I32; 2]; R] {
    for k in 0..depth / 4 {
        // SAFETY: k < depth / 4, within the extents the caller vouches for; any address may be prefetched.
        unsafe {
            let at = b.add(8 * k * S::LANES);
            let ahead = at.wrapping_add(2 * depth * S::LANES);
            s.prefetch(ahead.cast());
            s.prefetch(ahead.wrapping_add(4 * S::LANES).cast());
            let (low, high) = (s.load_bytes_at(at), s.load_bytes_at(at.add(4 * S::LANES)));
            for (i, pair) in sums.iter_mut().enumerate() {
                let four = s.splat_bytes(a.add(i * depth + 4 * k).cast::<[u8; 4]>().read());
                pair[0] = s.dot4(pair[0], four, low);
                pair[1] = s.dot4(pair[1], four, high);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests;
