//! The matrix product C = A·B, with what follows it fused into the last store.
//!
//! ```text
//!   A [m, k]  any strides, read in place: its numbers are broadcast one at a time
//!   B [k, n]  packed once into panels of two vectors' width:  panel 0 │ panel 1 │ …, each [k, 2·LANES], zero-padded
//!   C [m, n]  row-major, rows `stride` apart
//!
//!   for each block of `depth` rows of B       a panel's block (depth × 2 vectors) stays in L1
//!     for each block of `rows` rows of A      A's block (rows × depth) stays in L2
//!       for each panel of B
//!         for each `tile_rows` rows of A      the tile of C lives in registers through `depth` multiply-adds
//! ```
//!
//! The three numbers are a [`Blocking`], chosen by measurement (`tuning.rs`). Weights are packed once and used for many products,
//! which is why B and not A is the packed operand. A strided A serves Aᵀ as well, so the three products of a linear layer's
//! forward and backward pass are all this one function.

mod float;
mod int8;
mod pack;
mod tile;

pub use int8::{QuantisedMatrix, QuantisedRows, gemm_int8, quantise_weights};
pub use pack::{PackedMatrix, PackedRows};

use crate::{
    activation::Activation,
    isa::{Isa, Kernel},
    simd::Simd,
};

/// How a product is cut so that each part of it stays in the cache, or the registers, it is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocking {
    /// Rows of B, and columns of A, per block: a panel's block, `depth` × two vectors, stays in L1.
    pub depth: usize,
    /// Rows of A per block: `rows` × `depth` numbers stay in L2.
    pub rows: usize,
    /// The most rows of a tile; what the registers of the instruction set hold is the limit.
    pub tile_rows: usize,
}

/// A read-only view of a matrix with arbitrary strides.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// A row-major matrix `[rows, columns]` whose rows begin `stride` numbers apart.
    ///
    /// # Panics
    /// If `data` is too short.
    pub fn new(data: &'a [f32], rows: usize, columns: usize, stride: usize) -> Self {
        Self::strided(data, [rows, columns], [stride, 1])
    }

    /// A matrix with both strides given.
    ///
    /// # Panics
    /// If the last element lies beyond `data`.
    pub fn strided(data: &'a [f32], [rows, columns]: [usize; 2], [row_stride, column_stride]: [usize; 2]) -> Self {
        if rows > 0 && columns > 0 {
            let along = |count: usize, stride: usize| (count - 1).checked_mul(stride);
            let last = along(rows, row_stride).zip(along(columns, column_stride)).and_then(|(a, b)| a.checked_add(b));
            let within = last.is_some_and(|last| last < data.len());
            assert!(within, "matrix [{rows}, {columns}] exceeds its {} numbers", data.len());
        }
        Self { data, rows, columns, row_stride, column_stride }
    }

    /// The transpose, of the same numbers.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }
}

/// What the product is added to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Write<'a> {
    /// C = A·B.
    Over,
    /// C = C + A·B.
    Onto,
    /// C = (A·B + bias) + R, in this order: R has the shape of C, its rows as far apart.
    Sum(&'a [f32]),
}

/// What happens to the product on its way to memory: C = activation(A·B + bias), or that added to something.
#[derive(Debug, Clone, Copy)]
pub struct Epilogue<'a> {
    /// What it is added to.
    pub write: Write<'a>,
    /// One number per column, added to every row.
    pub bias: Option<&'a [f32]>,
    /// Applied last; only with [`Write::Over`].
    pub activation: Activation,
}

impl Epilogue<'_> {
    /// Nothing but the product.
    pub const OVER: Self = Self { write: Write::Over, bias: None, activation: Activation::Identity };
    /// The product added to what is there.
    pub const ONTO: Self = Self { write: Write::Onto, bias: None, activation: Activation::Identity };
}

/// C = A·B with its epilogue. C is `[a.rows(), b.columns()]`, its rows `stride` numbers apart.
///
/// # Panics
/// If the shapes do not agree, or `b` was packed for another instruction set.
pub fn gemm<'b>(
    isa: Isa,
    a: Matrix<'_>,
    b: impl Into<PackedRows<'b>>,
    (c, stride): (&mut [f32], usize),
    epilogue: Epilogue<'_>,
) {
    gemm_blocked(isa, isa.blocking(), a, b, (c, stride), epilogue);
}

/// As [`gemm`], cut as `blocking` says: for tuning. The result depends on `depth` in its rounding and on nothing else.
///
/// # Panics
/// As [`gemm`], or if a number of `blocking` is zero.
pub fn gemm_blocked<'b>(
    isa: Isa,
    blocking: Blocking,
    a: Matrix<'_>,
    b: impl Into<PackedRows<'b>>,
    (c, stride): (&mut [f32], usize),
    epilogue: Epilogue<'_>,
) {
    assert!(blocking.depth > 0 && blocking.rows > 0 && blocking.tile_rows > 0, "blocks of some size");
    let b = b.into();
    let columns = b.matrix().columns();
    assert_eq!(a.columns, b.depth(), "inner dimensions of the product");
    if a.rows == 0 || columns == 0 {
        return;
    }
    assert_eq!(isa.tile().0 * 2, b.matrix().panel_width(), "operand packed for another instruction set");
    epilogue.check([a.rows, columns], c.len(), stride);
    isa.run(Product { a, b: &b, c, stride, epilogue, blocking });
}

struct Product<'a> {
    a: Matrix<'a>,
    b: &'a PackedRows<'a>,
    c: &'a mut [f32],
    stride: usize,
    epilogue: Epilogue<'a>,
    blocking: Blocking,
}

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let depth = self.a.columns;
        let Blocking { depth: deep, rows: high, tile_rows } = self.blocking;
        // A product of depth 0 still writes its bias: one empty block.
        let blocks = depth.div_ceil(deep).max(1);
        for block in 0..blocks {
            let (from, to) = (block * deep, depth.min((block + 1) * deep));
            let is_last = block + 1 == blocks;
            let stage = if is_last { self.epilogue.last(block > 0) } else { self.epilogue.first(block > 0) };
            for top in (0..self.a.rows).step_by(high) {
                let rows = high.min(self.a.rows - top);
                for panel in 0..self.b.matrix().panels() {
                    let (left, width) = self.b.matrix().columns_of(panel);
                    let product = float::Floats { a: self.a, b: self.b, panel, from, to };
                    let strip = tile::Strip { top, rows, tile_rows, left, width, stride: self.stride };
                    tile::run(s, product, strip, self.c, stage);
                }
            }
        }
    }
}

impl<'a> Epilogue<'a> {
    /// What is done after a block of the depth that is not the last.
    fn first(self, continued: bool) -> tile::Stage<'a> {
        let onto = continued || self.write == Write::Onto;
        tile::Stage { onto, bias: None, residual: None, activation: Activation::Identity }
    }

    /// What is done after the last block of the depth.
    fn last(self, continued: bool) -> tile::Stage<'a> {
        let residual = match self.write {
            Write::Sum(residual) => Some(residual),
            Write::Over | Write::Onto => None,
        };
        tile::Stage { bias: self.bias, residual, activation: self.activation, ..self.first(continued) }
    }

    /// Whether a product `[rows, columns]` fits where it goes, C having `len` numbers in rows `stride` apart.
    ///
    /// # Panics
    /// If it does not.
    fn check(&self, [rows, columns]: [usize; 2], len: usize, stride: usize) {
        let numbers = (rows - 1) * stride + columns;
        assert!(columns <= stride && numbers <= len, "product exceeds its destination");
        if let Write::Sum(residual) = self.write {
            assert!(numbers <= residual.len(), "product exceeds what it is added to");
        }
        assert!(self.bias.is_none_or(|bias| bias.len() == columns), "one bias per column");
        debug_assert!(self.write == Write::Over || self.activation == Activation::Identity);
    }
}

#[cfg(test)]
mod tests;
