//! Multi-head attention (Vaswani et al. 2017) within segments, from states to states.
//!
//! ```text
//!   self:   [q|k|v] = x·W_qkvᵀ + b                                     y = attention(q, k, v)·W_outᵀ + b
//!   cross:  q = x·W_qᵀ + b   [k|v] = memory·W_kvᵀ + b, absorbed       y = attention(q, k, v)·W_outᵀ + b
//! ```

use std::sync::Arc;

use nar4rec_tensor::{AttentionOperands, AttentionShape, CrossOperands, Exec, Kind, LinearWeights, Registry, Segments};

use crate::{BlockConfig, Linear};

/// Attention of states to the states of their own segment.
#[derive(Debug, Clone, Copy)]
pub struct SelfAttention {
    qkv: Linear,
    pub(crate) out: Linear,
    shape: AttentionShape,
}

impl SelfAttention {
    /// Declares the parameters.
    pub fn new(registry: &mut Registry, config: &BlockConfig) -> Self {
        let width = config.width;
        Self {
            qkv: registry.scope("qkv", |registry| Linear::new(registry, width, 3 * width)),
            out: registry.scope("out", |registry| Linear::new(registry, width, width)),
            shape: config.attention(),
        }
    }

    /// attention(q, k, v) of x `[rows, d]`: what the last map is applied to.
    pub(crate) fn mixed<E: Exec>(&self, ex: &mut E, x: E::Value, segments: &Arc<Segments>) -> E::Value {
        let qkv = self.qkv.forward(ex, x);
        let width = self.shape.width;
        ex.attention(AttentionOperands {
            q: (qkv, 0),
            k: (qkv, width),
            v: (qkv, 2 * width),
            query_segments: segments,
            key_segments: segments,
            shape: self.shape,
        })
    }
}

/// Attention of states to a memory: the candidates of the same request.
#[derive(Debug, Clone, Copy)]
pub struct CrossAttention {
    q: Linear,
    kv: LinearWeights,
    pub(crate) out: Linear,
    shape: AttentionShape,
}

impl CrossAttention {
    /// Declares the parameters.
    pub fn new(registry: &mut Registry, config: &BlockConfig) -> Self {
        let width = config.width;
        Self {
            q: registry.scope("q", |registry| Linear::new(registry, width, width)),
            kv: registry.scope("kv", |registry| {
                Linear::declare(registry, width, 2 * width, Kind::KeyValue { heads: config.heads })
            }),
            out: registry.scope("out", |registry| Linear::new(registry, width, width)),
            shape: config.attention(),
        }
    }

    /// What the last map is applied to where x `[rows, d]` attends to `memory` `[memory rows, d]`; segment s of one to
    /// segment s of the other.
    pub(crate) fn mixed<E: Exec>(
        &self,
        ex: &mut E,
        (x, query_segments): (E::Value, &Arc<Segments>),
        (memory, key_segments): (E::Value, &Arc<Segments>),
    ) -> E::Value {
        let q = self.q.forward(ex, x);
        let (weights, shape) = (self.kv, self.shape);
        ex.cross_attention(CrossOperands { q, memory, weights, query_segments, key_segments, shape })
    }
}
