//! What the generator is made of.

use nar4rec_layers::{Activation, BlockConfig, ConfigError, NormPlacement};
use serde::{Deserialize, Serialize};

/// Which candidate states the position stream reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrossSource {
    /// Those of the same layer, after self-attention and before the feed-forward layer (NAR4Rec).
    #[default]
    SameLayer,
    /// The final ones, in every layer (CONGRATS).
    Final,
}

/// Where the position stream begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PositionSource {
    /// m learned vectors shared by all requests: what lets sparse logs train them.
    #[default]
    Shared,
    /// Computed from the mean candidate of the request alone: the opposite, for the ablation.
    Candidates,
}

/// The generator's configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GeneratorConfig {
    /// Length m of the lists it is trained on; shorter ones can be asked for.
    pub list_length: usize,
    /// Width d of every state.
    pub width: usize,
    /// Number of layers L in each stream.
    pub layers: usize,
    /// Attention heads; they divide the width.
    pub heads: usize,
    /// Inner width of the feed-forward layers.
    pub feed_forward: usize,
    /// Probability of dropping a number of the first states or of a sub-layer's result in training.
    pub dropout: f32,
    /// Where to normalise: `pre`, `post` or `none`.
    pub norm: NormPlacement,
    /// Between the maps of a feed-forward layer: `gelu` or `relu`.
    pub activation: Activation,
    /// Which candidate states positions read: `same_layer` or `final`.
    pub cross_source: CrossSource,
    /// Where positions begin: `shared` or `candidates`.
    pub positions: PositionSource,
}

impl Default for GeneratorConfig {
    fn default() -> Self {
        let block = BlockConfig::default();
        Self {
            list_length: 6,
            width: block.width,
            layers: block.layers,
            heads: block.heads,
            feed_forward: block.feed_forward,
            dropout: block.dropout,
            norm: block.norm,
            activation: block.activation,
            cross_source: CrossSource::default(),
            positions: PositionSource::default(),
        }
    }
}

impl GeneratorConfig {
    /// The make of its blocks.
    pub fn block(&self) -> BlockConfig {
        BlockConfig {
            width: self.width,
            layers: self.layers,
            heads: self.heads,
            feed_forward: self.feed_forward,
            dropout: self.dropout,
            norm: self.norm,
            activation: self.activation,
        }
    }

    /// Checks that such a generator exists.
    ///
    /// # Errors
    /// If a size is zero or absurd or does not fit another.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if !(1..=1024).contains(&self.list_length) {
            return Err(ConfigError::new("list_length", format!("{}, expected between 1 and 1024", self.list_length)));
        }
        self.block().validate()
    }
}
