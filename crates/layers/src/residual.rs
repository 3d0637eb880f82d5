//! The sum around a sub-layer, with its normalisation where the configuration puts it.
//!
//! ```text
//!   pre   x + dropout(f(norm(x)))        post  norm(x + dropout(f(x)))        none  x + dropout(f(x))
//! ```
//!
//! Every sub-layer ends in a linear map, f(x) = g(x)·Wᵀ + b, and the sum is made where that product is: x is read as the
//! product is written, instead of in a pass of its own.

use nar4rec_tensor::{Exec, Registry};

use crate::{BlockConfig, LayerNorm, Linear, NormPlacement};

/// A residual connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Residual {
    norm: Option<LayerNorm>,
    placement: NormPlacement,
    dropout: f32,
}

impl Residual {
    /// A connection whose normalisation, if it has one, is named `name`.
    pub(crate) fn new(registry: &mut Registry, name: &str, config: &BlockConfig) -> Self {
        Self::ending(registry, name, config, 1.0)
    }

    /// The same, where the gains of a normalisation of the sum begin at `scale`.
    pub(crate) fn ending(registry: &mut Registry, name: &str, config: &BlockConfig, scale: f32) -> Self {
        let gain = if config.norm == NormPlacement::Post { scale } else { 1.0 };
        let norm = match config.norm {
            NormPlacement::None => None,
            NormPlacement::Pre | NormPlacement::Post => {
                Some(registry.scope(name, |registry| LayerNorm::new(registry, config.width, gain)))
            }
        };
        Self { norm, placement: config.norm, dropout: config.dropout }
    }

    /// x and what a sub-layer makes of it, together: `inner` is g, `last` the map it ends in.
    pub(crate) fn around<E: Exec>(
        &self,
        ex: &mut E,
        x: E::Value,
        last: &Linear,
        inner: impl FnOnce(&mut E, E::Value) -> E::Value,
    ) -> E::Value {
        ex.scope(|ex| {
            let input = self.normalised(ex, x, NormPlacement::Pre);
            let inner = inner(ex, input);
            let sum = last.onto(ex, x, inner, self.dropout);
            self.normalised(ex, sum, NormPlacement::Post)
        })
    }

    fn normalised<E: Exec>(&self, ex: &mut E, x: E::Value, here: NormPlacement) -> E::Value {
        match self.norm {
            Some(norm) if self.placement == here => norm.forward(ex, x),
            _ => x,
        }
    }
}
