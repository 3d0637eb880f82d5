//! The two kinds of Transformer block of the matching model (docs/method.md §1).
//!
//! ```text
//!   candidates   A = X + SelfAttention(X)     X ← A + FeedForward(A)
//!   positions    B = T + SelfAttention(T)     C = B + CrossAttention(B, A)     T ← C + FeedForward(C)
//! ```

use std::sync::Arc;

use nar4rec_tensor::{Exec, Registry, Segments};

use crate::{BlockConfig, CrossAttention, FeedForward, LayerNorm, NormPlacement, SelfAttention, residual::Residual};

/// A block over the candidates of a request; over the items of a list it is the evaluator's.
#[derive(Debug, Clone, Copy)]
pub struct CandidateBlock {
    attention: SelfAttention,
    around_attention: Residual,
    feed_forward: FeedForward,
    around_feed_forward: Residual,
}

impl CandidateBlock {
    /// Declares the parameters.
    pub fn new(registry: &mut Registry, config: &BlockConfig) -> Self {
        Self::ending(registry, config, 1.0)
    }

    /// The same where states that are normalised last leave the block with a length of `scale` · √width.
    pub fn ending(registry: &mut Registry, config: &BlockConfig, scale: f32) -> Self {
        Self {
            attention: registry.scope("attention", |registry| SelfAttention::new(registry, config)),
            around_attention: Residual::new(registry, "attention_norm", config),
            feed_forward: registry.scope("feed_forward", |registry| FeedForward::new(registry, config)),
            around_feed_forward: Residual::ending(registry, "feed_forward_norm", config, scale),
        }
    }

    /// A: the states after self-attention, which the position stream of the same layer reads.
    pub fn attend<E: Exec>(&self, ex: &mut E, x: E::Value, segments: &Arc<Segments>) -> E::Value {
        self.around_attention.around(ex, x, &self.attention.out, |ex, x| self.attention.mixed(ex, x, segments))
    }

    /// X: the states after the feed-forward layer, given A.
    pub fn feed<E: Exec>(&self, ex: &mut E, a: E::Value) -> E::Value {
        self.around_feed_forward.around(ex, a, &self.feed_forward.outer, |ex, a| self.feed_forward.inner(ex, a))
    }
}

/// A block over the positions of a request.
#[derive(Debug, Clone, Copy)]
pub struct PositionBlock {
    attention: SelfAttention,
    around_attention: Residual,
    cross: CrossAttention,
    around_cross: Residual,
    memory_norm: Option<LayerNorm>,
    feed_forward: FeedForward,
    around_feed_forward: Residual,
}

impl PositionBlock {
    /// Declares the parameters, as [`CandidateBlock::ending`].
    pub fn ending(registry: &mut Registry, config: &BlockConfig, scale: f32) -> Self {
        // With `pre` the candidate states are sums that were never normalised; keys and values are made of them.
        let memory_norm = (config.norm == NormPlacement::Pre)
            .then(|| registry.scope("memory_norm", |registry| LayerNorm::new(registry, config.width, 1.0)));
        Self {
            attention: registry.scope("attention", |registry| SelfAttention::new(registry, config)),
            around_attention: Residual::new(registry, "attention_norm", config),
            cross: registry.scope("cross_attention", |registry| CrossAttention::new(registry, config)),
            around_cross: Residual::new(registry, "cross_attention_norm", config),
            memory_norm,
            feed_forward: registry.scope("feed_forward", |registry| FeedForward::new(registry, config)),
            around_feed_forward: Residual::ending(registry, "feed_forward_norm", config, scale),
        }
    }

    /// B: the states after self-attention. It does not depend on the candidates.
    pub fn attend<E: Exec>(&self, ex: &mut E, t: E::Value, segments: &Arc<Segments>) -> E::Value {
        self.around_attention.around(ex, t, &self.attention.out, |ex, t| self.attention.mixed(ex, t, segments))
    }

    /// T: the states after reading the candidates and the feed-forward layer, given B and the candidates' A.
    pub fn read<E: Exec>(
        &self,
        ex: &mut E,
        (b, segments): (E::Value, &Arc<Segments>),
        (memory, memory_segments): (E::Value, &Arc<Segments>),
    ) -> E::Value {
        let c = self.around_cross.around(ex, b, &self.cross.out, |ex, b| {
            let memory = self.memory_norm.map_or(memory, |norm| norm.forward(ex, memory));
            self.cross.mixed(ex, (b, segments), (memory, memory_segments))
        });
        self.around_feed_forward.around(ex, c, &self.feed_forward.outer, |ex, c| self.feed_forward.inner(ex, c))
    }
}
