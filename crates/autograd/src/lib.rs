//! Reverse-mode differentiation: a tape of coarse operations, one file per operation.
//!
//! A [`Tape`] is an executor (`nar4rec_tensor::Exec`): layers run on it as they run in inference, and it remembers. Losses
//! are functions of the outputs that return their own gradient, so a backward pass begins with those gradients and ends
//! with the [`Gradients`] of all parameters. Each operation's file in `ops` has its formula, its forward and its backward
//! pass, and a check against difference quotients.
//!
//! ```text
//!   tape.forward…  →  d = tape.output_gradient(output)  →  losses add to d  →  tape.backward([d, …], gradients)
//! ```

mod gradients;
mod ops;
mod pool;
mod tape;

pub use gradients::{Gradients, RowGradients};
pub use tape::{OutputGradient, Tape, TapeMemory, TapeValue};
