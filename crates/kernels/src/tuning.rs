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
///
/// Measured 2026-11-24 on AMD EPYC with rustc 1.95.0:
/// 43.0 GFLOP/s, the geometric mean of 12 products; 256 × 168, tiles of 3: 33.3.
pub(crate) const PORTABLE: Blocking = Blocking { depth: 512, rows: 168, tile_rows: 2 };

/// AVX2 with FMA: 12 of 16 registers hold the tile.
pub(crate) const AVX2: Blocking = Blocking { depth: 256, rows: 168, tile_rows: 6 };

/// AVX-512, with and without VNNI: 24 of 32 registers hold the tile.
///
/// Measured 2026-11-24 on AMD EPYC with rustc 1.95.0:
/// 231 GFLOP/s, the geometric mean of 12 products; 256 × 168, tiles of 14: 227.
pub(crate) const AVX512: Blocking = Blocking { depth: 1024, rows: 168, tile_rows: 12 };
