//! Parameters, weights and the executor trait that lets one layer definition serve training and inference.
//!
//! A layer is a handful of [`ParameterId`]s and a `forward` that is generic over [`Exec`], its *argument*: run eagerly over
//! packed weights ([`Eager`]) or recorded for a backward pass (the tape of the autograd crate), the same lines either way.
//! Values are matrices of `f32`. A batch is ragged: the rows of all its requests one after another, with [`Segments`] to
//! tell them apart. There is no padding, so there is nothing to mask, and a request alone gives the same bytes as in a batch.

mod cross;
mod eager;
mod exec;
pub mod forward;
mod parameters;
mod segments;
mod watched;
mod weights;

pub use cross::{CrossInputs, CrossSaved, CrossScratch, CrossSegment, column_block, cross_attention};
pub use eager::{Eager, EagerValue, Workspace};
pub use exec::{
    AttentionOperands, Bags, CrossOperands, Exec, Forward, InputPart, Interaction, LinearWeights, NormWeights,
};
pub use nar4rec_kernels::{Activation, AttentionShape, Isa, UnsupportedIsa};
pub use parameters::{Init, Kind, ParameterError, ParameterId, ParameterSpec, Parameters, Registry, dequantised};
pub use segments::Segments;
pub use watched::{Operation, Watch, Watched};
pub use weights::{Factor, PackedKeyValue, PackedLinear, Purpose, Weights};
