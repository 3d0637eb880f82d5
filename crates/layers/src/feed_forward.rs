//! The position-wise feed-forward layer: y = f(x·W₁ᵀ + b₁)·W₂ᵀ + b₂, inner width several times d.

use nar4rec_tensor::{Exec, Registry};

use crate::{Activation, BlockConfig, Linear};

/// Two linear maps with an activation between.
#[derive(Debug, Clone, Copy)]
pub struct FeedForward {
    inner: Linear,
    pub(crate) outer: Linear,
    activation: Activation,
}

impl FeedForward {
    /// Declares the parameters.
    pub fn new(registry: &mut Registry, config: &BlockConfig) -> Self {
        Self {
            inner: registry.scope("in", |registry| Linear::new(registry, config.width, config.feed_forward)),
            outer: registry.scope("out", |registry| Linear::new(registry, config.feed_forward, config.width)),
            activation: config.activation,
        }
    }

    /// f(x·W₁ᵀ + b₁), x `[rows, d]`: what the outer map is applied to.
    pub(crate) fn inner<E: Exec>(&self, ex: &mut E, x: E::Value) -> E::Value {
        self.inner.activated(ex, x, self.activation.into())
    }
}
