//! Transformer layers and feature embedding, written once for training and inference.
//!
//! A layer declares its parameters in a [`Registry`](nar4rec_tensor::Registry) when it is made and has a `forward` that is
//! generic over the executor it is given. Nothing here knows whether it is recorded.

mod attention;
mod block;
mod config;
mod feature_embedding;
mod feed_forward;
mod items;
mod linear;
mod norm;
mod residual;

pub use attention::{CrossAttention, SelfAttention};
pub use block::{CandidateBlock, PositionBlock};
pub use config::{Activation, BlockConfig, ConfigError, NormPlacement};
pub use feature_embedding::FeatureEmbedding;
pub use feed_forward::FeedForward;
pub use items::{ItemScratch, ItemStates};
pub use linear::Linear;
pub use norm::LayerNorm;
