//! The configuration of a training run, as it stands in TOML.

use std::{collections::BTreeMap, ops::RangeInclusive};

use nar4rec_evaluator::EvaluatorConfig;
use nar4rec_features::SchemaOptions;
use nar4rec_generator::GeneratorConfig;
use nar4rec_model::PipelineConfig;
use nar4rec_rivals::{SystemConfig, SystemKind};
use serde::{Deserialize, Serialize};

use crate::{Decay, Threshold};

/// Everything that decides what a training run does. Unknown fields are an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Decides every random choice: the same seed and data give the same bytes.
    pub seed: u64,
    /// The kind of feedback that makes an item relevant in P, NDCG, MAP, F1, Recall and AUC; of those the evaluator predicts
    /// the one of greatest weight if not given.
    pub relevance: Option<String>,
    /// How features are read.
    pub features: SchemaOptions,
    /// The generator.
    pub generator: GeneratorConfig,
    /// The evaluator; its kinds of feedback are those found in the data, each of weight 1, if none is given.
    pub evaluator: EvaluatorConfig,
    /// How lists are proposed and chosen.
    pub pipeline: PipelineConfig,
    /// What the systems are made of that NAR4Rec is compared with.
    pub systems: SystemConfig,
    /// How all are trained.
    pub training: TrainingConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 1,
            relevance: None,
            features: SchemaOptions::default(),
            generator: GeneratorConfig::default(),
            evaluator: EvaluatorConfig::default(),
            pipeline: PipelineConfig::default(),
            systems: SystemConfig::default(),
            training: TrainingConfig::default(),
        }
    }
}

/// How generator, evaluator and other systems are trained.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingConfig {
    /// The generator's loss.
    pub loss: LossConfig,
    /// The generator's run.
    pub generator: FitConfig,
    /// The evaluator's run.
    pub evaluator: FitConfig,
    /// What the evaluator sees besides the lists that were shown.
    pub negatives: NegativesConfig,
    /// The run of a system that NAR4Rec is compared with.
    pub system: FitConfig,
    /// What is otherwise for some of them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub systems: BTreeMap<SystemKind, FitChanges>,
    /// What such a system takes a candidate for that was not shown.
    pub unshown: Unshown,
    /// Which of such a system's epochs is kept.
    pub kept: Kept,
}

impl TrainingConfig {
    /// The run of a system.
    pub fn fit_of(&self, kind: SystemKind) -> FitConfig {
        let (fit, changes) = (self.system.clone(), self.systems.get(&kind).copied().unwrap_or_default());
        FitConfig {
            epochs: changes.epochs.unwrap_or(fit.epochs),
            batch_size: changes.batch_size.unwrap_or(fit.batch_size),
            learning_rate: changes.learning_rate.unwrap_or(fit.learning_rate),
            weight_decay: changes.weight_decay.unwrap_or(fit.weight_decay),
            ..fit
        }
    }
}

/// What is otherwise in one system's training run, so that each can have what suits it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitChanges {
    /// As [`FitConfig::epochs`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<u64>,
    /// As [`FitConfig::batch_size`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<usize>,
    /// As [`FitConfig::learning_rate`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f32>,
    /// As [`FitConfig::weight_decay`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f32>,
}

/// Which epoch of a system is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// That of the best lists: by NDCG of what it shows of the validation split's candidates.
    #[default]
    Lists,
    /// That of the best forecasts: by LogLoss of the validation split's shown items. By lists where it predicts nothing.
    Forecasts,
}

/// What a candidate is taken for that was not shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unshown {
    /// One that nobody knows anything about.
    #[default]
    Unknown,
    /// One the user would not have wanted.
    Unwanted,
}

/// One training run: epochs, batches, learning rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitConfig {
    /// Passes over the training lists.
    pub epochs: u64,
    /// Lists per step.
    pub batch_size: usize,
    /// The greatest learning rate.
    pub learning_rate: f32,
    /// The share of all steps in which the learning rate rises.
    pub warmup: f32,
    /// How the learning rate falls after that.
    pub decay: Decay,
    /// AdamW's decay of matrices.
    pub weight_decay: f32,
    /// The greatest length of a step's gradient.
    pub clip_norm: f32,
    /// After this many epochs without a better validation the run ends; the best epoch is kept in any case.
    pub patience: u64,
    /// Steps between checkpoints; there is also one after every epoch.
    pub checkpoint_steps: u64,
}

impl Default for FitConfig {
    fn default() -> Self {
        Self {
            epochs: 10,
            batch_size: 256,
            learning_rate: 1e-3,
            warmup: 0.05,
            decay: Decay::default(),
            weight_decay: 0.01,
            clip_norm: 5.0,
            patience: 3,
            checkpoint_steps: 500,
        }
    }
}

/// What the generator is rewarded for (docs/method.md §2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LossConfig {
    /// τ: lists of at least this utility are made likelier, the others unlikelier.
    pub utility_threshold: Threshold,
    /// Whether lists below τ count at all.
    pub unlikelihood: bool,
    /// What each position of a list counts.
    pub weighting: Weighting,
    /// What the order of a shown list says.
    pub order: Order,
    /// ω: the weight of the two contrastive losses.
    pub contrastive_weight: f32,
    /// ρ: states whose cosine exceeds 1 − ρ are pushed apart.
    pub margin: f32,
}

impl Default for LossConfig {
    fn default() -> Self {
        Self {
            utility_threshold: Threshold::default(),
            unlikelihood: true,
            weighting: Weighting::default(),
            order: Order::default(),
            contrastive_weight: 0.05,
            margin: 0.4,
        }
    }
}

/// What each position of a list counts in the generator's loss.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weighting {
    /// 1: the list is good or bad as a whole, as in the paper.
    List,
    /// Its item's share of the greatest utility an item can have, in a good list, and what is missing to it in a bad one.
    #[default]
    Item,
}

/// What the order of a shown list says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Each item belongs where it stood, as in the paper.
    #[default]
    Shown,
    /// Nothing: each item belongs at each of the list's places alike. For lists whose order was not anybody's choice.
    Any,
}

/// What the evaluator learns from besides the lists that were shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NegativesConfig {
    /// Lists per impression and epoch that are drawn from the trained generator; an item in them that was not shown counts as
    /// one without feedback. Zero unless an item that was not shown is one the user would not have liked.
    pub lists: usize,
    /// How freely they are drawn: at 1 by P̂, below it closer to the most probable.
    pub temperature: f64,
}

impl Default for NegativesConfig {
    fn default() -> Self {
        Self { lists: 0, temperature: 1.0 }
    }
}

/// A configuration file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigFileError(String);

/// The greatest count of epochs, lists or steps: the product of two is far from overflow.
const MOST: u64 = 1_000_000_000;

impl Config {
    /// Reads a configuration and checks it.
    ///
    /// # Errors
    /// If it is not TOML, has an unknown field, a value of the wrong type, or one out of its range. The message has the
    /// line.
    pub fn from_toml(text: &str) -> Result<Self, ConfigFileError> {
        let config: Self =
            toml::from_str(text).map_err(|error| ConfigFileError(error.to_string().trim_end().to_owned()))?;
        config.validate()?;
        Ok(config)
    }

    /// Checks every part that does not depend on the data.
    ///
    /// # Errors
    /// If a value is out of its range; the message names the field.
    pub fn validate(&self) -> Result<(), ConfigFileError> {
        let within = |part: &str, error: &dyn std::fmt::Display| ConfigFileError(format!("{part}.{error}"));
        self.generator.validate().map_err(|error| within("generator", &error))?;
        match self.evaluator.feedback.is_empty() {
            true => self.evaluator.block().validate(),
            false => self.evaluator.validate(),
        }
        .map_err(|error| within("evaluator", &error))?;
        self.pipeline.validate().map_err(|error| within("pipeline", &error))?;
        let length = self.generator.list_length;
        self.pipeline.exchanges.validate(length).map_err(|error| within("pipeline", &error))?;
        self.systems.validate().map_err(|error| within("systems", &error))?;
        self.training.generator.validate("training.generator")?;
        self.training.evaluator.validate("training.evaluator")?;
        self.training.system.validate("training.system")?;
        for kind in self.training.systems.keys() {
            self.training.fit_of(*kind).validate(&format!("training.systems.{}", kind.name()))?;
        }
        self.training.loss.validate()?;
        validate_features(&self.features)?;
        counted("training.negatives.lists", self.training.negatives.lists as u64, 0..=1000)?;
        in_range("training.negatives.temperature", self.training.negatives.temperature as f32, 1e-3, 1e3)
    }
}

/// Sizes with which no schema can be made.
fn validate_features(features: &SchemaOptions) -> Result<(), ConfigFileError> {
    for (field, count, most) in [
        ("hash_buckets", u64::from(features.hash_buckets), u64::from(u32::MAX)),
        ("id_dim", features.id_dim as u64, 1 << 14),
        ("max_dim", features.max_dim as u64, 1 << 14),
        ("max_list_length", features.max_list_length as u64, MOST),
    ] {
        counted(&format!("features.{field}"), count, 1..=most)?;
    }
    Ok(())
}

fn counted(field: &str, count: u64, range: RangeInclusive<u64>) -> Result<(), ConfigFileError> {
    if range.contains(&count) {
        return Ok(());
    }
    Err(ConfigFileError(format!("{field}: {count}, expected between {} and {}", range.start(), range.end())))
}

fn in_range(field: &str, value: f32, least: f32, most: f32) -> Result<(), ConfigFileError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(ConfigFileError(format!("{field}: {value}, expected between {least} and {most}")))
}

impl FitConfig {
    fn validate(&self, part: &str) -> Result<(), ConfigFileError> {
        let counts = [("epochs", self.epochs), ("batch_size", self.batch_size as u64), ("patience", self.patience)];
        for (field, count) in counts.into_iter().chain([("checkpoint_steps", self.checkpoint_steps)]) {
            counted(&format!("{part}.{field}"), count, 1..=MOST)?;
        }
        in_range(&format!("{part}.learning_rate"), self.learning_rate, f32::MIN_POSITIVE, 10.0)?;
        in_range(&format!("{part}.warmup"), self.warmup, 0.0, 1.0)?;
        in_range(&format!("{part}.weight_decay"), self.weight_decay, 0.0, 10.0)?;
        in_range(&format!("{part}.clip_norm"), self.clip_norm, f32::MIN_POSITIVE, f32::MAX)
    }
}

impl LossConfig {
    fn validate(&self) -> Result<(), ConfigFileError> {
        in_range("training.loss.contrastive_weight", self.contrastive_weight, 0.0, 1e6)?;
        in_range("training.loss.margin", self.margin, 0.0, 2.0)?;
        match self.utility_threshold {
            Threshold::Quantile(share) => in_range("training.loss.utility_threshold.quantile", share, 0.0, 1.0),
            Threshold::Value(value) => in_range("training.loss.utility_threshold.value", value, f32::MIN, f32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_given_has_a_default() {
        let config = Config::from_toml("seed = 7\n[training.loss]\nutility_threshold = { value = 4.0 }").unwrap();
        assert_eq!(config.seed, 7);
        assert_eq!(config.training.loss.utility_threshold, Threshold::Value(4.0));
        assert_eq!(config.training.generator, FitConfig::default());
        assert_eq!(Config::from_toml("").unwrap(), Config::default());
    }

    #[test]
    fn messages_name_line_and_field() {
        let message = |text: &str| Config::from_toml(text).unwrap_err().to_string();
        let unknown = message("seed = 1\n[generator]\nwidht = 64");
        assert!(unknown.contains("line 3") && unknown.contains("widht"), "{unknown}");
        assert!(message("[generator]\nheads = 3").starts_with("generator.heads: 3, expected a divisor"));
        assert!(message("[training.generator]\nepochs = 0").starts_with("training.generator.epochs: 0"));
        assert!(message("[training.evaluator]\nlearning_rate = -1.0").starts_with("training.evaluator.learning_rate"));
        assert!(message("[training.loss]\nutility_threshold = { quantile = 1.5 }").contains("between 0 and 1"));
        assert_eq!(message("[features]\nid_dim = 0"), "features.id_dim: 0, expected between 1 and 16384");
        assert!(message("[training.negatives]\nlists = 1001").starts_with("training.negatives.lists: 1001"));
        assert!(message("[systems.pier]\nkept = 300").starts_with("systems.pier.kept: 300"));
        assert!(message("[systems.seq2slate]\nwidth = 0").starts_with("systems.seq2slate.width: 0"));
        let many = "[generator]\nlist_length = 10\n[pipeline]\nexchanges = { rounds = 1, candidates = 4096 }";
        assert!(message(many).starts_with("pipeline.exchanges: up to "), "{}", message(many));
    }

    #[test]
    fn a_system_may_have_a_run_of_its_own() {
        let text =
            "[training.system]\nepochs = 3\nlearning_rate = 0.003\n[training.systems.prm]\nlearning_rate = 0.002";
        let training = Config::from_toml(text).unwrap().training;
        let changed = FitConfig { learning_rate: 0.002, ..training.system.clone() };
        assert_eq!((training.fit_of(SystemKind::Prm), training.fit_of(SystemKind::Dnn)), (changed, training.system));
        let message = |text: &str| Config::from_toml(text).unwrap_err().to_string();
        assert!(message("[training.systems.prm]\nepochs = 0").starts_with("training.systems.prm.epochs: 0"));
        assert!(message("[training.systems.prm]\nrate = 1.0").contains("unknown field `rate`"));
        assert!(message("[training.systems.prmm]\nepochs = 1").contains("unknown variant `prmm`"));
    }

    #[test]
    fn toml_round_trips() {
        let changes = FitChanges { epochs: Some(3), weight_decay: Some(0.3), ..FitChanges::default() };
        let systems = BTreeMap::from([(SystemKind::EdgeRerank, changes)]);
        let training = TrainingConfig { systems, ..TrainingConfig::default() };
        let config = Config { relevance: Some("like".into()), training, ..Config::default() };
        assert_eq!(Config::from_toml(&toml::to_string(&config).unwrap()).unwrap(), config);
    }
}
