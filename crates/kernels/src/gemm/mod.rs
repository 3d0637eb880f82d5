//! The matrix product C = A·B, with what follows it fused into the last store.
//!
//! ```text
//!   A [m, k]  any strides, read in place: its numbers are broadcast one at a time
//!   B [k, n]  packed once into panels of two vectors' width:  panel 0 │ panel 1 │ …, each [k, 2·LANES], zero-padded
//!   C [m, n]  row-major, rows `stride` apart
//!
//!   for each block of KC rows of B            a panel's block (KC × 2 vectors) stays in L1
//!     for each block of MC rows of A          A's block (MC × KC) stays in L2
//!       for each panel of B
//!         for each TILE_ROWS rows of A        the tile of C lives in registers through KC multiply-adds
//! ```
//!
//! Weights are packed once and used for many products, which is why B and not A is the packed operand. A strided A serves
//! Aᵀ as well, so the three products of a linear layer's forward and backward pass are all this one function.

mod pack;
mod tile;

pub use pack::{PackedMatrix, PackedRows};

use crate::{
    activation::Activation,
    isa::{Isa, Kernel},
    simd::Simd,
};

/// Rows of B per block: 256 × 32 numbers of 4 bytes are 32 KiB, the L1 data cache of the smallest CPU aimed at.
pub(crate) const KC: usize = 256;
/// Rows of A per block: 168 × 256 numbers of 4 bytes are 168 KiB, a sixth of the smallest L2 aimed at.
pub(crate) const MC: usize = 168;

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
            let last = (rows - 1) * row_stride + (columns - 1) * column_stride;
            assert!(last < data.len(), "matrix [{rows}, {columns}] exceeds its {} numbers", data.len());
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
    let b = b.into();
    let columns = b.matrix().columns();
    assert_eq!(a.columns, b.depth(), "inner dimensions of the product");
    if a.rows == 0 || columns == 0 {
        return;
    }
    assert_eq!(isa.tile().0 * 2, b.matrix().panel_width(), "operand packed for another instruction set");
    let numbers = (a.rows - 1) * stride + columns;
    assert!(columns <= stride && numbers <= c.len(), "product exceeds its destination");
    if let Write::Sum(residual) = epilogue.write {
        assert!(numbers <= residual.len(), "product exceeds what it is added to");
    }
    assert!(epilogue.bias.is_none_or(|bias| bias.len() == columns), "one bias per column");
    debug_assert!(epilogue.write == Write::Over || epilogue.activation == Activation::Identity);
    isa.run(Product { a, b: &b, c, stride, epilogue });
}

struct Product<'a> {
    a: Matrix<'a>,
    b: &'a PackedRows<'a>,
    c: &'a mut [f32],
    stride: usize,
    epilogue: Epilogue<'a>,
}

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let depth = self.a.columns;
        // A product of depth 0 still writes its bias: one empty block.
        let blocks = depth.div_ceil(KC).max(1);
        for block in 0..blocks {
            let (from, to) = (block * KC, depth.min((block + 1) * KC));
            let is_last = block + 1 == blocks;
            let epilogue = tile::Stage {
                onto: block > 0 || self.epilogue.write == Write::Onto,
                bias: self.epilogue.bias.filter(|_| is_last),
                residual: match self.epilogue.write {
                    Write::Sum(residual) if is_last => Some(residual),
                    _ => None,
                },
                activation: if is_last { self.epilogue.activation } else { Activation::Identity },
            };
            for top in (0..self.a.rows).step_by(MC) {
                let rows = MC.min(self.a.rows - top);
                for panel in 0..self.b.matrix().panels() {
                    let block = tile::Block { a: self.a, top, rows, from, to, b: self.b, panel, stride: self.stride };
                    tile::run(s, block, self.c, epilogue);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
