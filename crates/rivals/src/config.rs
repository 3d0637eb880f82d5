//! Which systems there are, and what each is made of.

use std::str::FromStr;

use nar4rec_features::InputSpec;
use nar4rec_layers::{ConfigError, NormPlacement};
use nar4rec_tensor::Registry;
use serde::{Deserialize, Serialize};

use crate::{
    Dcn, DcnConfig, Dnn, DnnConfig, EdgeRerank, EdgeRerankConfig, Pier, PierConfig, Prm, PrmConfig, Rival, Seq2Slate,
    Seq2SlateConfig,
};

/// What a loss is a mean of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Items whose worth is known.
    Items,
    /// Lists.
    Lists,
}

/// A system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemKind {
    /// Item-wise perceptron.
    Dnn,
    /// Item-wise, with crosses.
    Dcn,
    /// Transformer over the initial list.
    Prm,
    /// Each next item given those before it, by beam search.
    EdgeRerank,
    /// Permutations near the user's past lists, the best of them by a network over lists.
    Pier,
    /// Pointer network, one step per position.
    #[serde(rename = "seq2slate")]
    Seq2Slate,
}

impl SystemKind {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Dnn, Self::Dcn, Self::Prm, Self::EdgeRerank, Self::Pier, Self::Seq2Slate];

    /// Its name in configurations and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dnn => "dnn",
            Self::Dcn => "dcn",
            Self::Prm => "prm",
            Self::Pier => "pier",
            Self::EdgeRerank => "edge_rerank",
            Self::Seq2Slate => "seq2slate",
        }
    }
}

impl FromStr for SystemKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| format!("no system is named {name:?}, expected one of {names}"))
    }
}

/// What each system is made of, as it stands in a configuration file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SystemConfig {
    /// Item-wise perceptron.
    pub dnn: DnnConfig,
    /// Item-wise, with crosses.
    pub dcn: DcnConfig,
    /// Transformer over the initial list.
    pub prm: PrmConfig,
    /// Permutations near the user's past lists.
    pub pier: PierConfig,
    /// Each next item given those before it, by beam search.
    pub edge_rerank: EdgeRerankConfig,
    /// Pointer network, one step per position.
    pub seq2slate: Seq2SlateConfig,
}

impl Default for SystemConfig {
    fn default() -> Self {
        Self {
            dnn: DnnConfig::default(),
            dcn: DcnConfig::default(),
            prm: PrmConfig { norm: NormPlacement::Post, ..PrmConfig::default() },
            pier: PierConfig::default(),
            edge_rerank: EdgeRerankConfig::default(),
            seq2slate: Seq2SlateConfig::default(),
        }
    }
}

impl SystemConfig {
    /// Checks that each system can be built.
    ///
    /// # Errors
    /// If one cannot; the error names the field, as in `prm.heads`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        // What cannot be built cannot be for any data.
        let input = InputSpec::default();
        SystemKind::ALL.into_iter().try_for_each(|kind| self.build(kind, &mut Registry::default(), &input).map(drop))
    }

    /// Declares the parameters of a system.
    ///
    /// # Errors
    /// If its configuration cannot be built; the error names the field, as in `prm.heads`.
    pub fn build(
        &self,
        kind: SystemKind,
        registry: &mut Registry,
        spec: &InputSpec,
    ) -> Result<Box<dyn Rival>, ConfigError> {
        registry.scope(kind.name(), |registry| {
            let built: Result<Box<dyn Rival>, ConfigError> = match kind {
                SystemKind::Dnn => Dnn::new(registry, spec, &self.dnn).map(|network| Box::new(network) as _),
                SystemKind::Dcn => Dcn::new(registry, spec, &self.dcn).map(|network| Box::new(network) as _),
                SystemKind::Prm => Prm::new(registry, spec, &self.prm).map(|network| Box::new(network) as _),
                SystemKind::Pier => Pier::new(registry, spec, &self.pier).map(|network| Box::new(network) as _),
                SystemKind::EdgeRerank => {
                    EdgeRerank::new(registry, spec, &self.edge_rerank).map(|network| Box::new(network) as _)
                }
                SystemKind::Seq2Slate => {
                    Seq2Slate::new(registry, spec, &self.seq2slate).map(|network| Box::new(network) as _)
                }
            };
            built.map_err(|error| ConfigError::new(format!("{}.{}", kind.name(), error.field), error.problem))
        })
    }
}

/// Sizes of a perceptron.
pub(crate) fn checked_sizes(width: usize, hidden: &[usize], dropout: f32) -> Result<(), ConfigError> {
    out_of_range("width", width, 1 << 14)?;
    for (index, size) in hidden.iter().enumerate() {
        out_of_range(&format!("hidden[{index}]"), *size, 1 << 14)?;
    }
    match (0.0..1.0).contains(&dropout) {
        true => Ok(()),
        false => Err(ConfigError::new("dropout", format!("{dropout}, expected at least 0 and below 1"))),
    }
}

/// A size that is zero or absurd.
pub(crate) fn out_of_range(field: &str, size: usize, most: usize) -> Result<(), ConfigError> {
    match (1..=most).contains(&size) {
        true => Ok(()),
        false => Err(ConfigError::new(field, format!("{size}, expected between 1 and {most}"))),
    }
}

/// A share of something that there must be some of.
pub(crate) fn check_share(field: &str, share: f32) -> Result<(), ConfigError> {
    match share > 0.0 && share <= 1.0 {
        true => Ok(()),
        false => Err(ConfigError::new(field, format!("{share}, expected above 0 and at most 1"))),
    }
}

/// Lists drawn with each shown one.
pub(crate) fn check_drawn_lists(count: usize) -> Result<(), ConfigError> {
    match count <= 256 {
        true => Ok(()),
        false => Err(ConfigError::new("drawn_lists", format!("{count}, expected at most 256"))),
    }
}
