//! Times the ways to cut products: every blocking of a grid, at every product of the named shapes.
//!
//! ```text
//!   for each product
//!     for each round              all blockings once, so that what disturbs one round disturbs them all alike
//!       for each blocking         that differs from those before: depth 256 and 512 cut a product of depth 128 alike
//! ```

use std::collections::HashMap;

use regex::Regex;

use super::engine::{After, Engine, Program, Sampling};
use super::tuning_file::Blocking;

/// A product `[m, k] · [k, n]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Product {
    pub(crate) m: usize,
    pub(crate) k: usize,
    pub(crate) n: usize,
}

impl Product {
    /// One written as in `60x128x512`.
    fn parse(text: &str) -> Option<Self> {
        let sizes: Option<Vec<usize>> = text.split('x').map(|size| size.parse().ok()).collect();
        match sizes?.as_slice() {
            &[m, k, n] => Some(Self { m, k, n }),
            _ => None,
        }
    }

    /// The name of its benchmark with an instruction set and a blocking.
    pub(crate) fn name(self, isa: &str, blocking: Blocking) -> String {
        let (Self { m, k, n }, Blocking { depth, rows, tile_rows }) = (self, blocking);
        format!("blocked/{m}x{k}x{n}/{isa}/{depth},{rows},{tile_rows}")
    }

    /// How a blocking cuts it. Blockings that cut a product alike run the same instructions.
    pub(crate) fn cut(self, blocking: Blocking) -> Cut {
        let tiles = |rows: usize| rows.div_ceil(blocking.tile_rows);
        let rows = blocking.rows.min(self.m);
        Cut { depth: blocking.depth.min(self.k), rows, tiles: tiles(rows), rest: tiles(self.m % rows) }
    }
}

/// The parts that a product is cut into: the depth and rows of a block, tiles of a block and of the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Cut {
    depth: usize,
    rows: usize,
    tiles: usize,
    rest: usize,
}

/// The instruction sets and products that `measure` knows.
pub(crate) fn known(program: &Program) -> anyhow::Result<(Vec<String>, Vec<Product>)> {
    let names = program.names(Some(&Regex::new("^product/")?))?;
    let mut isas: Vec<String> = Vec::new();
    let mut products: Vec<Product> = Vec::new();
    for name in &names {
        let mut parts = name.split('/').skip(1);
        let (Some(product), Some(way)) = (parts.next().and_then(Product::parse), parts.next()) else { continue };
        if !["matrixmultiply", "ndarray"].contains(&way) && isas.iter().all(|isa| isa != way) {
            isas.push(way.to_owned());
        }
        if !products.contains(&product) {
            products.push(product);
        }
    }
    Ok((isas, products))
}

/// The blockings that are tried with tiles of so many rows at most.
pub(crate) fn grid(most_tile_rows: usize) -> Vec<Blocking> {
    let tiles = (most_tile_rows.saturating_sub(4).max(1)..=most_tile_rows).rev();
    let of_tile = |tile_rows: usize| {
        let rows = [42, 84, 168, 336, 672, 4096].into_iter();
        rows.flat_map(move |rows| [64, 128, 192, 256, 384, 512, 1024].map(|depth| Blocking { depth, rows, tile_rows }))
    };
    tiles.flat_map(of_tile).collect()
}

/// Nanoseconds of one product: round by round, of each way to cut it.
pub(crate) type Rounds = Vec<HashMap<Cut, f64>>;

/// Times a product in every way that some blocking of the grid cuts it.
pub(crate) fn sweep(
    program: &Program,
    isa: &str,
    product: Product,
    grid: &[Blocking],
    rounds: usize,
) -> anyhow::Result<Rounds> {
    let mut distinct: Vec<Blocking> = Vec::new();
    for blocking in grid {
        if distinct.iter().all(|known| product.cut(*known) != product.cut(*blocking)) {
            distinct.push(*blocking);
        }
    }
    // A program for each product, so that its memory is freed.
    let mut engine = program.start()?;
    (0..rounds).map(|round| one_round(&mut engine, isa, product, &distinct, round)).collect()
}

/// Every blocking once; every other round begins at the other end.
fn one_round(
    engine: &mut Engine,
    isa: &str,
    product: Product,
    blockings: &[Blocking],
    round: usize,
) -> anyhow::Result<HashMap<Cut, f64>> {
    let sampling = Sampling { millis: 2, samples: 1, after: After::Keep };
    let mut order: Vec<Blocking> = blockings.to_vec();
    if round % 2 == 1 {
        order.reverse();
    }
    let time = |blocking: Blocking| {
        let timed = engine.time(&product.name(isa, blocking), sampling)?;
        Ok((product.cut(blocking), timed.least))
    };
    order.into_iter().map(time).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRODUCT: Product = Product { m: 60, k: 128, n: 512 };

    fn cut(depth: usize, rows: usize, tile_rows: usize) -> Cut {
        PRODUCT.cut(Blocking { depth, rows, tile_rows })
    }

    #[test]
    fn blockings_that_cut_alike_are_one() {
        assert_eq!(cut(128, 60, 14), cut(1024, 4096, 12), "60 rows are five tiles of twelve either way");
        assert_ne!(cut(128, 60, 14), cut(64, 60, 14));
        assert_ne!(cut(128, 60, 14), cut(128, 42, 14));
        assert_ne!(cut(128, 60, 14), cut(128, 60, 10));
    }

    #[test]
    fn products_are_read_and_named() {
        assert_eq!(Product::parse("60x128x512"), Some(PRODUCT));
        assert_eq!([Product::parse("60x128"), Product::parse("60xax1")], [None, None]);
        let blocking = Blocking { depth: 256, rows: 168, tile_rows: 14 };
        assert_eq!(PRODUCT.name("avx512", blocking), "blocked/60x128x512/avx512/256,168,14");
    }

    #[test]
    fn the_grid_ends_at_what_registers_hold() {
        assert_eq!(grid(14).iter().map(|blocking| blocking.tile_rows).max(), Some(14));
        assert_eq!(grid(3).iter().map(|blocking| blocking.tile_rows).min(), Some(1));
        assert_eq!(grid(3).len(), 3 * 6 * 7);
    }
}
