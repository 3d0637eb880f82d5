//! What a Transformer block is made of.

use nar4rec_tensor::AttentionShape;
use serde::{Deserialize, Serialize};

/// Where a block normalises.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NormPlacement {
    /// Before each sub-layer, and once at the end of each stream.
    #[default]
    Pre,
    /// After each residual sum.
    Post,
    /// Nowhere, as the paper's figure draws it.
    None,
}

/// The activation of the feed-forward layers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// GELU in its tanh form.
    #[default]
    Gelu,
    /// max(x, 0)
    Relu,
}

impl From<Activation> for nar4rec_tensor::Activation {
    fn from(activation: Activation) -> Self {
        match activation {
            Activation::Gelu => Self::Gelu,
            Activation::Relu => Self::Relu,
        }
    }
}

/// The size and make of a stack of Transformer blocks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlockConfig {
    /// Width d of every state.
    pub width: usize,
    /// Number of layers L.
    pub layers: usize,
    /// Attention heads; they divide the width.
    pub heads: usize,
    /// Inner width of the feed-forward layers.
    pub feed_forward: usize,
    /// Probability of dropping a number of a sub-layer's result in training.
    pub dropout: f32,
    /// Where to normalise.
    pub norm: NormPlacement,
    /// Between the two maps of a feed-forward layer.
    pub activation: Activation,
}

impl Default for BlockConfig {
    fn default() -> Self {
        Self {
            width: 64,
            layers: 2,
            heads: 4,
            feed_forward: 256,
            dropout: 0.1,
            norm: NormPlacement::default(),
            activation: Activation::default(),
        }
    }
}

/// A configuration that cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct ConfigError {
    /// The field as it stands in the configuration.
    pub field: String,
    /// What is wrong and what was expected.
    pub problem: String,
}

impl ConfigError {
    /// An error about `field`.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

/// The greatest width or inner width: beyond it a model is a typing error.
const MAX_WIDTH: usize = 1 << 14;

impl BlockConfig {
    /// Checks that blocks of this make exist.
    ///
    /// # Errors
    /// If a size is zero or absurd, the heads do not divide the width, or the dropout is no probability below one.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let sizes = [
            ("width", self.width, MAX_WIDTH),
            ("layers", self.layers, 64),
            ("heads", self.heads, self.width),
            ("feed_forward", self.feed_forward, MAX_WIDTH),
        ];
        for (field, size, most) in sizes {
            if size == 0 || size > most {
                return Err(ConfigError::new(field, format!("{size}, expected between 1 and {most}")));
            }
        }
        if !self.width.is_multiple_of(self.heads) {
            let problem = format!("{}, expected a divisor of the width {}", self.heads, self.width);
            return Err(ConfigError::new("heads", problem));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(ConfigError::new("dropout", format!("{}, expected at least 0 and below 1", self.dropout)));
        }
        Ok(())
    }

    /// Heads and width.
    pub(crate) fn attention(&self) -> AttentionShape {
        AttentionShape { heads: self.heads, width: self.width }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_built_is_named() {
        let message = |config: BlockConfig| config.validate().unwrap_err().to_string();
        assert!(BlockConfig::default().validate().is_ok());
        let odd = BlockConfig { heads: 3, ..BlockConfig::default() };
        assert_eq!(message(odd), "heads: 3, expected a divisor of the width 64");
        let flat = BlockConfig { width: 0, ..BlockConfig::default() };
        assert_eq!(message(flat), "width: 0, expected between 1 and 16384");
        for dropout in [1.0, -0.1, f32::NAN] {
            assert!(message(BlockConfig { dropout, ..BlockConfig::default() }).starts_with("dropout: "));
        }
    }
}
