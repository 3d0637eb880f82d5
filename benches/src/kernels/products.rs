//! Products of `f32`: ours with every instruction set and blocking, beside ndarray.
//!
//! ndarray's product is matrixmultiply's; `matrixmultiply` names the call that writes into memory it is given, `ndarray` the
//! one that returns a new array.

use std::{cell::RefCell, fmt, hint::black_box, rc::Rc, str::FromStr};

use anyhow::Context;
use nar4rec_kernels::{Blocking, Epilogue, Isa, Matrix, PackedMatrix, gemm, gemm_blocked};
use ndarray::{Array2, linalg::general_mat_mul};

use super::float_peak;
use crate::{Benchmark, Shape, Shared, noise, oracle};

/// A product `[m, k] · [k, n]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Product {
    /// Rows.
    pub(crate) m: usize,
    /// Depth.
    pub(crate) k: usize,
    /// Columns.
    pub(crate) n: usize,
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.m, self.k, self.n)
    }
}

impl FromStr for Product {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let sizes: Option<Vec<usize>> = text.split('x').map(|size| size.parse().ok().filter(|n| *n > 0)).collect();
        match sizes.as_deref() {
            Some(&[m, k, n]) => Ok(Self { m, k, n }),
            _ => anyhow::bail!("product {text:?}, expected rows, depth and columns such as 60x128x512"),
        }
    }
}

impl Product {
    /// What a generator of this shape multiplies: a projection, in and out of the feed-forward layer, and the last but one for
    /// eight requests at once.
    pub(crate) fn of(shape: &Shape) -> [Self; 4] {
        let Shape { candidates: n, width: d, feed_forward: f, .. } = *shape;
        [[n, d, d], [n, d, f], [n, f, d], [8 * n, d, f]].map(|[m, k, n]| Self { m, k, n })
    }

    /// Multiplications and additions.
    pub(crate) fn operations(self) -> f64 {
        (2 * self.m * self.k * self.n) as f64
    }

    /// Rounding errors of sums of `k` products of numbers below 1.
    fn tolerance(self) -> f64 {
        1e-6 * (4.0 + self.k as f64)
    }
}

/// A, B and A·B.
#[derive(Debug)]
pub(crate) struct Operands {
    pub(crate) a: Array2<f32>,
    pub(crate) b: Array2<f32>,
    /// By ndarray in f64.
    expected: Array2<f64>,
}

impl Operands {
    pub(crate) fn new(product: Product) -> Self {
        let Product { m, k, n } = product;
        let array = |[rows, columns]: [usize; 2], seed| {
            Array2::from_shape_vec((rows, columns), noise(rows * columns, seed)).expect("a number for every place")
        };
        let (a, b) = (array([m, k], 1), array([k, n], 2));
        let expected = a.mapv(f64::from).dot(&b.mapv(f64::from));
        Self { a, b, expected }
    }

    /// The numbers of A and B, row-major.
    pub(crate) fn slices(&self) -> [&[f32]; 2] {
        [&self.a, &self.b].map(|array| array.as_slice().expect("made row-major"))
    }
}

/// Operands, B packed.
#[derive(Debug)]
pub(crate) struct Packed {
    operands: Rc<Operands>,
    b: PackedMatrix,
    c: RefCell<Vec<f32>>,
}

impl Packed {
    pub(crate) fn new(operands: Rc<Operands>, isa: Isa) -> Self {
        let (k, n) = operands.b.dim();
        let b = PackedMatrix::new(isa, Matrix::new(operands.slices()[1], k, n, n));
        let c = RefCell::new(vec![0.0; operands.expected.len()]);
        Self { operands, b, c }
    }

    fn matrix(&self) -> Matrix<'_> {
        let (m, k) = self.operands.a.dim();
        Matrix::new(self.operands.slices()[0], m, k, k)
    }

    fn check(&self, what: &str, product: Product) {
        oracle::assert_close(what, &self.c.borrow(), self.operands.expected.iter().copied(), product.tolerance());
        self.c.borrow_mut().fill(0.0);
    }
}

/// Our product with an instruction set.
pub(crate) fn ours(product: Product, isa: Isa, shared: &mut Shared) -> Benchmark {
    let packed = shared.packed(product, isa);
    let run = {
        let packed = packed.clone();
        move || {
            let mut c = packed.c.borrow_mut();
            gemm(isa, black_box(packed.matrix()), &packed.b, (&mut c, product.n), Epilogue::OVER);
        }
    };
    run();
    packed.check(isa.name(), product);
    Benchmark::arithmetic(product.operations(), float_peak(isa), run)
}

/// The same, cut as told.
pub(crate) fn blocked(product: Product, isa: Isa, blocking: Blocking, shared: &mut Shared) -> Benchmark {
    let packed = shared.packed(product, isa);
    let run = {
        let packed = packed.clone();
        move || {
            let mut c = packed.c.borrow_mut();
            let a = black_box(packed.matrix());
            gemm_blocked(isa, blocking, a, &packed.b, (&mut c, product.n), Epilogue::OVER);
        }
    };
    run();
    packed.check(isa.name(), product);
    Benchmark::arithmetic(product.operations(), float_peak(isa), run)
}

/// Depth, rows and rows of a tile, as in `256,168,14`.
pub(crate) fn parse_blocking(text: &str) -> anyhow::Result<Blocking> {
    let sizes: Option<Vec<usize>> = text.split(',').map(|size| size.parse().ok().filter(|n| *n > 0)).collect();
    match sizes.as_deref() {
        Some(&[depth, rows, tile_rows]) => Ok(Blocking { depth, rows, tile_rows }),
        _ => anyhow::bail!("blocking {text:?}, expected depth, rows and rows of a tile such as 256,168,14"),
    }
}

/// A peer's product, by name.
pub(crate) fn theirs(product: Product, peer: &str, shared: &mut Shared) -> anyhow::Result<Benchmark> {
    let operands = shared.operands(product);
    let mut c = Array2::zeros((product.m, product.n));
    general_mat_mul(1.0, &operands.a, &operands.b, 0.0, &mut c);
    let expected = operands.expected.iter().copied();
    oracle::assert_close(peer, c.as_slice().context("made row-major")?, expected, product.tolerance());
    let peak = float_peak(Isa::detect());
    match peer {
        "matrixmultiply" => Ok(Benchmark::arithmetic(product.operations(), peak, move || {
            general_mat_mul(1.0, black_box(&operands.a), &operands.b, 0.0, &mut c);
        })),
        "ndarray" => Ok(Benchmark::arithmetic(product.operations(), peak, move || {
            black_box(black_box(&operands.a).dot(&operands.b));
        })),
        _ => anyhow::bail!("peer {peer:?}, expected matrixmultiply or ndarray"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_and_blockings_are_read() {
        let product: Product = "60x128x512".parse().unwrap();
        assert_eq!((product.to_string(), product.operations()), ("60x128x512".to_owned(), 7_864_320.0));
        assert!("60x128".parse::<Product>().is_err() && "60x0x1".parse::<Product>().is_err());
        assert_eq!(parse_blocking("256,168,14").unwrap(), Blocking { depth: 256, rows: 168, tile_rows: 14 });
        assert!(parse_blocking("256,168").is_err() && parse_blocking("256,168,0").is_err());
    }
}
