//! SIMD kernels: matrix product, attention, normalisation and softmax over slices.
//!
//! Slices in, slices out: nothing here knows of tensors, layers or gradients' owners. Every kernel takes an [`Isa`], a token
//! that can only be made after the CPU was asked, and is written once over the [`Simd`] trait; the token picks the
//! instructions. This is the only crate with `unsafe`, and within it only `arch`, the tile of the matrix product and the
//! aligned buffer have any.
//!
//! ```
//! use nar4rec_kernels::{Isa, log_softmax_columns};
//! let mut scores = [1.0_f32, 2.0, 3.0];
//! log_softmax_columns(Isa::detect(), &mut scores, 1);
//! assert!((scores.map(f32::exp).iter().sum::<f32>() - 1.0).abs() < 1e-6);
//! ```

mod activation;
mod aligned;
mod arch;
mod attention;
mod elementwise;
mod exp;
mod gemm;
mod isa;
mod norm;
mod peak;
mod simd;
mod softmax;
mod tuning;

pub use activation::{Activation, activation_backward, activation_of};
pub use attention::{AttentionScratch, AttentionShape, Heads, attention_backward, attention_forward, query_block};
pub use elementwise::{AdamStep, adam_step, add, axpy, column_sums, dot, multiply, scale, square_sum};
pub use exp::exp;
pub use gemm::{
    Blocking, Epilogue, Matrix, PackedMatrix, PackedRows, QuantisedMatrix, QuantisedRows, Write, gemm, gemm_blocked,
    gemm_int8, quantise_weights,
};
pub use isa::{Isa, UnsupportedIsa};
pub use norm::{LayerNormSaved, layer_norm, layer_norm_backward, unit_rows, unit_rows_backward};
pub use peak::{burst_multiply_adds, dot4_burst, fma_burst};
pub use simd::Simd;
pub use softmax::{log_softmax_columns, log_softmax_columns_backward, softmax_columns, softmax_columns_backward};
