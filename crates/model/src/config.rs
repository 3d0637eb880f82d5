//! The configuration that is saved with a model: enough to build it again and to serve it.

use nar4rec_decoding::{Arrangement, Decoder, ProposalConfig};
use nar4rec_evaluator::EvaluatorConfig;
use nar4rec_generator::GeneratorConfig;
use nar4rec_layers::ConfigError;
use nar4rec_slate::MAX_CANDIDATES;
use nar4rec_tensor::Purpose;
use serde::{Deserialize, Serialize};

/// What a model is made of and how it is used: `config.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// The matching model.
    pub generator: GeneratorConfig,
    /// The list model.
    pub evaluator: EvaluatorConfig,
    /// From proposed lists to the one that is shown.
    #[serde(default)]
    pub pipeline: PipelineConfig,
    /// In which numbers it is served.
    #[serde(default, skip_serializing_if = "Precision::is_f32")]
    pub precision: Precision,
    /// The resolved configuration of the training, kept for the record; nothing here reads it.
    #[serde(default)]
    pub training: serde_json::Value,
}

/// The numbers that the matrices between states are made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// As trained.
    #[default]
    F32,
    /// Eight-bit integers: weights by output, activations by row. Everything else stays f32.
    Int8,
}

impl Precision {
    /// Its name, as in `config.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Int8 => "int8",
        }
    }

    /// What weights are packed for to be served so.
    pub fn purpose(self) -> Purpose {
        match self {
            Self::F32 => Purpose::Inference,
            Self::Int8 => Purpose::Int8,
        }
    }

    fn is_f32(&self) -> bool {
        *self == Self::F32
    }
}

/// How lists are proposed and one is chosen. In TOML:
///
/// ```toml
/// [pipeline]
/// seed = 0
/// generator_weight = 0.0
/// arrangement = "proposed"
/// choice = "list"
/// decoders = [{ kind = "greedy" }, { kind = "k_best", lists = 4 }]
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PipelineConfig {
    /// What the sampling decoders draw from. The same request with the same seed gets the same lists.
    pub seed: u64,
    /// w: a list is worth its utility + w · Σ_j log P̂_{y_j, j}, and each of its items its part of both. At 0 the evaluator decides alone.
    pub generator_weight: f32,
    /// In which order the items of a proposed list stand.
    pub arrangement: Arrangement,
    /// What is chosen of the lists once they are judged.
    #[serde(skip_serializing_if = "Choice::is_list")]
    pub choice: Choice,
    /// How the list worth most is improved once all are judged.
    #[serde(skip_serializing_if = "ExchangeConfig::is_default")]
    pub exchanges: ExchangeConfig,
    /// The decoders, in the order in which their lists come.
    pub decoders: Vec<Decoder>,
}

/// How the list worth most is improved: the lists that differ from it in one item, or in the places of two, are judged, and the best of
/// all takes its place, again and again as long as one is worth more (docs/method.md §5). Not the paper's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table such as { rounds = 10, candidates = 20 }")]
pub struct ExchangeConfig {
    /// How often at most; 0 leaves it at what was proposed.
    pub rounds: usize,
    /// How many candidates may come in at a place: those that the generator finds likeliest there. With 0 items only change places.
    pub candidates: usize,
}

impl Default for ExchangeConfig {
    fn default() -> Self {
        Self { rounds: 0, candidates: 20 }
    }
}

impl ExchangeConfig {
    /// How many lists a round judges at most, of lists of `length` items out of so many candidates.
    pub fn most_lists(self, length: usize, candidates: usize) -> usize {
        if self.rounds == 0 {
            return 0;
        }
        let exchanged = length.saturating_mul(self.candidates.min(candidates.saturating_sub(length)));
        exchanged.saturating_add(length.saturating_mul(length.saturating_sub(1)) / 2)
    }

    /// Checks that a round is of no more lists than can be judged at once, of lists of `length` items.
    ///
    /// # Errors
    /// If it is of more.
    pub fn validate(self, length: usize) -> Result<(), ConfigError> {
        let lists = self.most_lists(length, MAX_CANDIDATES);
        if lists <= MAX_EXCHANGED {
            return Ok(());
        }
        let problem =
            format!("up to {lists} lists a round, expected at most {MAX_EXCHANGED}: fewer candidates, or 0 rounds");
        Err(ConfigError::new("exchanges", problem))
    }

    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What is chosen of the lists once they are judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The list worth most (docs/method.md §5).
    #[default]
    List,
    /// The items worth most, those first, whichever lists they stand in: an item is worth the mean over its places in all lists of its utility
    /// there + w · log P̂ of it there. The evaluator says of an item in one company what it does not in another, and a mean of
    /// many such opinions is better than one; it is blind to what the items chosen are worth *together*. The constraints of a request are
    /// kept; where that would take too long to find out, it is the list worth most.
    Items,
}

impl Choice {
    fn is_list(&self) -> bool {
        *self == Self::List
    }
}

impl Default for PipelineConfig {
    fn default() -> Self {
        let ProposalConfig { seed, arrangement, decoders } = ProposalConfig::default();
        Self {
            seed,
            generator_weight: 0.0,
            arrangement,
            choice: Choice::List,
            exchanges: ExchangeConfig::default(),
            decoders,
        }
    }
}

impl PipelineConfig {
    /// What proposes the lists.
    pub fn proposals(&self) -> ProposalConfig {
        ProposalConfig { seed: self.seed, arrangement: self.arrangement, decoders: self.decoders.clone() }
    }

    /// Checks that lists can be proposed and compared.
    ///
    /// # Errors
    /// If there is no decoder, a decoder's setting is out of range, the weight is negative or not finite, or a list is to be improved
    /// where none is chosen or its order is not to be touched.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let weight = self.generator_weight;
        if !(weight.is_finite() && weight >= 0.0) {
            return Err(ConfigError::new("generator_weight", format!("{weight}, expected a number of at least 0")));
        }
        let unfit = match (self.choice, self.arrangement) {
            (Choice::Items, _) => Some("choice = \"items\""),
            (Choice::List, Arrangement::Greedy) => Some("arrangement = \"greedy\""),
            (Choice::List, Arrangement::Proposed) => None,
        };
        if let (Some(unfit), rounds @ 1..) = (unfit, self.exchanges.rounds) {
            return Err(ConfigError::new("exchanges.rounds", format!("{rounds}, expected 0 with {unfit}")));
        }
        if self.decoders.is_empty() {
            return Err(ConfigError::new("decoders", "empty, expected at least one decoder"));
        }
        for (index, decoder) in self.decoders.iter().enumerate() {
            decoder.validate().map_err(|error| ConfigError::new(format!("decoders[{index}]"), error.to_string()))?;
        }
        Ok(())
    }
}

impl ModelConfig {
    /// Checks that such a model exists. The error names the field from the top, as in `generator.heads`.
    ///
    /// # Errors
    /// As the `validate` of each part, or if a round of exchanges would be of too many lists.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.generator.validate().map_err(within("generator"))?;
        self.evaluator.validate().map_err(within("evaluator"))?;
        self.pipeline.validate().map_err(within("pipeline"))?;
        self.pipeline.exchanges.validate(self.generator.list_length).map_err(within("pipeline"))
    }
}

/// Lists that a round of exchanges may judge.
const MAX_EXCHANGED: usize = 1 << 15;

/// The same error, one level further out.
fn within(part: &str) -> impl Fn(ConfigError) -> ConfigError {
    move |error| ConfigError::new(format!("{part}.{}", error.field), error.problem)
}

#[cfg(test)]
mod tests {
    use nar4rec_decoding::{Beam, KBest};
    use nar4rec_evaluator::FeedbackKind;

    use super::*;

    fn config() -> ModelConfig {
        let evaluator =
            EvaluatorConfig { feedback: vec![FeedbackKind::new("click", 1.0)], ..EvaluatorConfig::default() };
        ModelConfig {
            generator: GeneratorConfig::default(),
            evaluator,
            pipeline: PipelineConfig::default(),
            precision: Precision::default(),
            training: serde_json::json!({ "epochs": 4, "rate": 1e-3 }),
        }
    }

    #[test]
    fn the_pipeline_is_flat_in_toml() {
        let text =
            "seed = 3\ngenerator_weight = 0.25\ndecoders = [{ kind = 'greedy' }, { kind = 'k_best', lists = 4 }]";
        let pipeline: PipelineConfig = toml::from_str(text).unwrap();
        assert_eq!((pipeline.seed, pipeline.generator_weight), (3, 0.25));
        assert_eq!(pipeline.proposals().decoders[1], Decoder::KBest(KBest { lists: 4 }));
        assert_eq!(pipeline.proposals().seed, 3);
        let error = toml::from_str::<PipelineConfig>("exchanges = 4").unwrap_err().to_string();
        assert!(error.contains("integer `4`, expected a table such as { rounds = 10, candidates = 20 }"), "{error}");
        assert_eq!(toml::from_str::<PipelineConfig>("").unwrap(), PipelineConfig::default());
        assert_eq!(PipelineConfig::default().proposals(), ProposalConfig::default());
        let error = toml::from_str::<PipelineConfig>("sed = 3").unwrap_err().to_string();
        assert!(error.contains("unknown field `sed`"), "{error}");
    }

    #[test]
    fn a_round_of_exchanges_is_of_so_many_lists() {
        let most = |rounds, candidates| ExchangeConfig { rounds, candidates };
        assert_eq!(most(1, 20).most_lists(6, 100), 6 * 20 + 15);
        assert_eq!(most(1, 20).most_lists(6, 10), 6 * 4 + 15);
        assert_eq!(most(9, 0).most_lists(2, 10), 1);
        assert_eq!(most(1, 20).most_lists(1, 1), 0);
        assert_eq!(most(1, 20).most_lists(0, 9), 0);
        assert_eq!(most(0, 20).most_lists(6, 100), 0);
        assert_eq!(most(1, usize::MAX).most_lists(6, usize::MAX), usize::MAX);
    }

    #[test]
    fn json_round_trips() {
        for choice in [Choice::List, Choice::Items] {
            let mut config = config();
            config.pipeline.choice = choice;
            let text = serde_json::to_string(&config).unwrap();
            assert_eq!(serde_json::from_str::<ModelConfig>(&text).unwrap(), config);
            assert_eq!(text.contains(r#""choice":"items""#), choice == Choice::Items, "{text}");
            assert!(!text.contains("exchanges"), "{text}");
        }
        let mut config = config();
        config.pipeline.exchanges.rounds = 2;
        let text = serde_json::to_string(&config).unwrap();
        assert!(text.contains(r#""exchanges":{"rounds":2,"candidates":20}"#), "{text}");
        assert_eq!(serde_json::from_str::<ModelConfig>(&text).unwrap(), config);
    }

    #[test]
    fn what_cannot_be_is_named_from_the_top() {
        let message = |change: &dyn Fn(&mut ModelConfig)| {
            let mut config = config();
            change(&mut config);
            config.validate().unwrap_err().to_string()
        };
        assert!(config().validate().is_ok());
        assert!(message(&|c| c.generator.heads = 3).starts_with("generator.heads: 3, expected a divisor"));
        assert!(message(&|c| c.evaluator.feedback.clear()).starts_with("evaluator.feedback: empty"));
        assert_eq!(
            message(&|c| c.pipeline.decoders.clear()),
            "pipeline.decoders: empty, expected at least one decoder"
        );
        for weight in [f32::NAN, f32::INFINITY, -1.0] {
            assert!(message(&|c| c.pipeline.generator_weight = weight).starts_with("pipeline.generator_weight: "));
        }
        let exchanging = |c: &mut ModelConfig| c.pipeline.exchanges.rounds = 4;
        assert_eq!(
            message(&|c| {
                exchanging(c);
                c.pipeline.choice = Choice::Items;
            }),
            "pipeline.exchanges.rounds: 4, expected 0 with choice = \"items\""
        );
        assert_eq!(
            message(&|c| {
                exchanging(c);
                c.pipeline.arrangement = Arrangement::Greedy;
            }),
            "pipeline.exchanges.rounds: 4, expected 0 with arrangement = \"greedy\""
        );
        let mut improving = config();
        exchanging(&mut improving);
        assert!(improving.validate().is_ok());
        improving.pipeline.exchanges.candidates = usize::MAX;
        assert!(improving.validate().is_ok(), "more than there are are as many as there are");
        improving.generator.list_length = 10;
        assert_eq!(
            improving.validate().unwrap_err().to_string(),
            "pipeline.exchanges: up to 40905 lists a round, expected at most 32768: fewer candidates, or 0 rounds"
        );
        let beam = Decoder::Beam(Beam { width: 0, lists: 1 });
        let expected = "pipeline.decoders[5]: beam.width: 0, expected at least 1";
        assert_eq!(message(&|c| c.pipeline.decoders.push(beam)), expected);
    }
}
