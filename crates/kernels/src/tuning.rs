//! The constants that were tuned, all of them, with the measurement that chose them.
//!
//! `cargo xtask bench tune` sweeps them on the CPU it runs on, prints the table and writes this file.
//!
//! ```text
//!            ┌──── depth ────┐            ┌ panel ┐
//!          ┌ ┌───────────────┐          ┌ ┌───────┬──
//!   rows   │ │ A: in L2      │   depth  │ │ B: L1 │         the tile of C, tile_rows × panel, lives in registers
//!          │ │ tile_rows ────┤          │ │       │         through `depth` multiply-adds
//!          └ └───────────────┘          └ └───────┴──
//! ```

use crate::gemm::Blocking;

/// Eight lanes in plain Rust.
pub(crate) const PORTABLE: Blocking = Blocking { depth: 256, rows: 168, tile_rows: 3 };

/// AVX2 with FMA: 12 of 16 registers hold the tile.
pub(crate) const AVX2: Blocking = Blocking { depth: 256, rows: 168, tile_rows: 6 };

/// AVX-512, with and without VNNI: 28 of 32 registers hold the tile.
pub(crate) const AVX512: Blocking = Blocking { depth: 256, rows: 168, tile_rows: 14 };
