//! Layer normalisation (Ba et al. 2016): every row to mean 0 and variance 1, then a learned gain and bias.

use nar4rec_tensor::{Exec, Init, Kind, NormWeights, Registry};

/// A layer normalisation over rows of one width.
#[derive(Debug, Clone, Copy)]
pub struct LayerNorm(NormWeights);

impl LayerNorm {
    /// A normalisation of rows of `width` numbers whose gains begin at `gain`.
    pub fn new(registry: &mut Registry, width: usize, gain: f32) -> Self {
        let gain = registry.add("weight", [1, width], Kind::Vector, Init::Constant(gain));
        let bias = registry.add("bias", [1, width], Kind::Vector, Init::Constant(0.0));
        Self(NormWeights { gain, bias })
    }

    /// The normalised rows.
    pub fn forward<E: Exec>(&self, ex: &mut E, x: E::Value) -> E::Value {
        ex.layer_norm(x, self.0)
    }
}
