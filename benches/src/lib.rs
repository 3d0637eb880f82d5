//! Everything that is timed, each thing stated once.
//!
//! A benchmark is a name: [`names`] lists those at the named shapes, and [`Benchmark::named`] makes one of its name, checks its
//! answer against an oracle and hands over what is to be timed. Names are parsed, so that sizes which are not listed can be
//! asked for as well.
//!
//! ```text
//!   peak/fma/ISA   peak/dot4/ISA   peak/copy/KIB          what the CPU can do at best
//!   product/MxKxN/ISA|matrixmultiply|ndarray              blocked/MxKxN/ISA/DEPTH,ROWS,TILE_ROWS
//!   int8/MxKxN/ISA   quantise|attention|cross|softmax|log_p|layer_norm|gelu|exp|pack|pack_turned|adam/SHAPE
//!   generator|generator_int8|rerank/SHAPE/REQUESTS   evaluator/SHAPE/LISTS   decoding/SHAPE   choice/SHAPE/1
//!   training/SHAPE/THREADS
//! ```
//!
//! ISA is an instruction set, SHAPE `kuaishou`, `small`, `large` or sizes such as `n60-m6-d128-l2`. Two fronts time the same
//! benchmarks: `cargo bench -p nar4rec-benches` with criterion, and the program `measure`, which `cargo xtask bench` drives.
//!
//! ```
//! use nar4rec_benches::{Benchmark, Shared, time, Budget};
//! let mut benchmark = Benchmark::named("softmax/small", &mut Shared::default())?;
//! let timing = time(&mut benchmark.run, Budget::default());
//! assert!(timing.least <= timing.median);
//! # Ok::<(), anyhow::Error>(())
//! ```

mod benchmark;
mod catalogue;
mod export;

mod kernels;
mod noise;
mod oracle;
mod paths;
mod shape;
mod shared;
mod timing;

pub use benchmark::{Benchmark, Run, Work};
pub use catalogue::names;
pub use export::{Training, export};

pub use noise::noise;
pub use shape::{NAMED, Shape};
pub use shared::Shared;
pub use timing::{Budget, Timing, time};
