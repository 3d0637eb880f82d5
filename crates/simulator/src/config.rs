//! Every parameter of a simulation, as it stands in TOML and in `simulator.json`.

use std::ops::RangeInclusive;

use nar4rec_slate::MAX_CANDIDATES;
use serde::{Deserialize, Serialize};

use crate::SimulatorError;
use crate::letor::FEATURES;

/// Everything that decides what a simulation writes. Unknown fields are an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimulatorConfig {
    /// Decides every draw: the same seed, configuration and data give the same bytes.
    pub seed: u64,
    /// Lists shown for each query.
    pub sessions: u64,
    /// Whether the splits hold different queries or different sessions of the same.
    pub split: SplitBy,
    /// m: items in a shown list; fewer where a query has fewer candidates.
    pub list_length: usize,
    /// Queries with fewer documents than this are left out.
    pub least_candidates: usize,
    /// Of a query with more documents, only so many of the highest upstream score are candidates.
    pub most_candidates: usize,
    /// The user.
    pub user: UserConfig,
    /// The ranker that finds the candidates.
    pub upstream: UpstreamConfig,
    /// How freely the shown lists are drawn: Plackett–Luce with the upstream score divided by this. Near 0 the list is
    /// always the upstream order, at infinity it is uniformly random.
    pub temperature: f64,
}

impl Default for SimulatorConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            sessions: 20,
            split: SplitBy::default(),
            list_length: 6,
            least_candidates: 6,
            most_candidates: 40,
            user: UserConfig::default(),
            upstream: UpstreamConfig::default(),
            temperature: 0.5,
        }
    }
}

/// What the splits are cut out of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitBy {
    /// Every query is in one split: sections S1 to S3 train, S4 valid, S5 test. What is learned must hold for queries and items
    /// that nobody saw before, so features alone can tell what is relevant.
    #[default]
    Queries,
    /// Every query is in all splits, as in a service whose items come back: its first sessions train, the next tenth valid, the last
    /// tenth test. Items have ids of their own in each query, and a model can learn by them what features do not say. Their features
    /// stand in a catalog.
    Sessions,
}

/// The user: what is looked at, what attracts, what tires, and what is done about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UserConfig {
    /// How likely each position is looked at.
    pub examination: Examination,
    /// ε: the attraction of an item without relevance.
    pub attraction_floor: f64,
    /// The highest grade of relevance; an item of this grade has attraction 1.
    pub greatest_relevance: u32,
    /// How items alike tire.
    pub fatigue: FatigueConfig,
    /// The kinds of feedback, each with its weight in the list's utility.
    pub feedback: Vec<KindConfig>,
}

impl Default for UserConfig {
    fn default() -> Self {
        let kind = |name: &str, given_click| KindConfig { name: name.to_owned(), weight: 1.0, given_click };
        Self {
            examination: Examination::default(),
            attraction_floor: 0.1,
            greatest_relevance: 2,
            fatigue: FatigueConfig::default(),
            feedback: vec![kind("click", [1.0, 1.0]), kind("long_view", [0.1, 0.8]), kind("like", [0.02, 0.3])],
        }
    }
}

/// How likely each position is looked at; it falls from position to position.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "snake_case", deny_unknown_fields)]
pub enum Examination {
    /// 1 / log₂(j + 1), the discount of NDCG.
    #[default]
    Logarithmic,
    /// (1 / j)^exponent.
    Power {
        /// η: 0 looks everywhere alike, 1 is the usual choice.
        exponent: f64,
    },
}

impl Examination {
    /// The probability that position `place`, from 0, is looked at.
    pub fn at(self, place: usize) -> f64 {
        match self {
            Self::Logarithmic => 1.0 / ((place + 2) as f64).log2(),
            Self::Power { exponent } => ((place + 1) as f64).powf(-exponent),
        }
    }
}

/// How much of an item's attraction the items alike above it leave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FatigueConfig {
    /// λ: an item right below its twin keeps exp(−λ) of its attraction. 0 makes items independent of each other.
    pub strength: f64,
    /// δ: what an item counts for the one after the next, compared with the next. 0 is the item right above alone, 1 all of
    /// them alike.
    pub decay: f64,
}

impl Default for FatigueConfig {
    fn default() -> Self {
        Self { strength: 1.0, decay: 0.8 }
    }
}

/// A kind of feedback, which only an item that was clicked can have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindConfig {
    /// Its name in the log.
    pub name: String,
    /// What it adds to a list's utility.
    pub weight: f64,
    /// Its probability on a clicked item: without relevance, and of the highest grade. `[1, 1]` is the click itself.
    pub given_click: [f64; 2],
}

/// The ranker that finds the candidates: a noisy linear combination of a few features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UpstreamConfig {
    /// The features it knows, each with its weight; they are standardised first.
    pub features: Vec<FeatureWeight>,
    /// The standard deviation of what it gets wrong, drawn once for each document of a query.
    pub noise: f64,
}

impl Default for UpstreamConfig {
    fn default() -> Self {
        // BM25 of the body and of the title.
        let features = vec![FeatureWeight { feature: 21, weight: 0.5 }, FeatureWeight { feature: 23, weight: 0.5 }];
        Self { features, noise: 0.5 }
    }
}

/// A feature of the upstream ranker.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureWeight {
    /// Its number in the LETOR file, from 1.
    pub feature: usize,
    /// What a standard deviation of it adds to the score.
    pub weight: f64,
}

impl SimulatorConfig {
    /// Reads a configuration and checks it.
    ///
    /// # Errors
    /// If it is not TOML, has an unknown field, a value of the wrong type, or one out of its range.
    pub fn from_toml(text: &str) -> Result<Self, SimulatorError> {
        let config: Self = toml::from_str(text)
            .map_err(|error| SimulatorError::ConfigFile(error.to_string().trim_end().to_owned()))?;
        config.validate()?;
        Ok(config)
    }

    /// Checks every value.
    ///
    /// # Errors
    /// If one is out of its range; the message names the field.
    pub fn validate(&self) -> Result<(), SimulatorError> {
        counted("sessions", self.sessions as usize, 1..=1_000_000)?;
        if self.split == SplitBy::Sessions && self.sessions < 3 {
            let problem =
                format!("{}, expected at least 3 where split = \"sessions\": one for each split", self.sessions);
            return Err(SimulatorError::config("sessions", problem));
        }
        counted("list_length", self.list_length, 1..=MAX_CANDIDATES)?;
        counted("least_candidates", self.least_candidates, 1..=MAX_CANDIDATES)?;
        counted("most_candidates", self.most_candidates, self.least_candidates..=MAX_CANDIDATES)?;
        within("temperature", self.temperature, 1e-6..=1e6)?;
        self.upstream.validate()?;
        self.user.validate()
    }
}

impl UpstreamConfig {
    fn validate(&self) -> Result<(), SimulatorError> {
        for (place, known) in self.features.iter().enumerate() {
            counted(&format!("upstream.features[{place}].feature"), known.feature, 1..=FEATURES)?;
            within(&format!("upstream.features[{place}].weight"), known.weight, -1e6..=1e6)?;
        }
        within("upstream.noise", self.noise, 0.0..=1e6)
    }
}

impl UserConfig {
    /// Checks every value.
    ///
    /// # Errors
    /// If one is out of its range; the message names the field.
    pub fn validate(&self) -> Result<(), SimulatorError> {
        if let Examination::Power { exponent } = self.examination {
            within("user.examination.exponent", exponent, 0.0..=100.0)?;
        }
        within("user.attraction_floor", self.attraction_floor, 0.0..=1.0)?;
        counted("user.greatest_relevance", self.greatest_relevance as usize, 1..=30)?;
        within("user.fatigue.strength", self.fatigue.strength, 0.0..=100.0)?;
        within("user.fatigue.decay", self.fatigue.decay, 0.0..=1.0)?;
        if self.feedback.is_empty() {
            return Err(SimulatorError::config("user.feedback", "empty, expected at least one kind"));
        }
        for (place, kind) in self.feedback.iter().enumerate() {
            let field = |name: &str| format!("user.feedback[{place}].{name}");
            let twice = self.feedback[..place].iter().any(|other| other.name == kind.name);
            if kind.name.is_empty() || twice {
                let problem = format!("{:?}, expected a name that no other kind has", kind.name);
                return Err(SimulatorError::config(field("name"), problem));
            }
            within(&field("weight"), kind.weight, 0.0..=1e6)?;
            for probability in kind.given_click {
                within(&field("given_click"), probability, 0.0..=1.0)?;
            }
        }
        Ok(())
    }
}

fn counted(field: &str, count: usize, range: RangeInclusive<usize>) -> Result<(), SimulatorError> {
    if range.contains(&count) {
        return Ok(());
    }
    let problem = format!("{count}, expected between {} and {}", range.start(), range.end());
    Err(SimulatorError::config(field, problem))
}

fn within(field: &str, value: f64, range: RangeInclusive<f64>) -> Result<(), SimulatorError> {
    if range.contains(&value) {
        return Ok(());
    }
    let problem = format!("{value}, expected between {} and {}", range.start(), range.end());
    Err(SimulatorError::config(field, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid_and_round_trips() {
        let config = SimulatorConfig::default();
        config.validate().unwrap();
        assert_eq!(SimulatorConfig::from_toml(&toml::to_string(&config).unwrap()).unwrap(), config);
        assert_eq!(SimulatorConfig::from_toml("").unwrap(), config);
    }

    #[test]
    fn messages_name_the_field() {
        let message = |text: &str| SimulatorConfig::from_toml(text).unwrap_err().to_string();
        let unknown = message("seed = 1\n[user]\nfatige = 1");
        assert!(unknown.contains("line 3") && unknown.contains("fatige"), "{unknown}");
        assert_eq!(message("sessions = 0"), "sessions: 0, expected between 1 and 1000000");
        let few = message("sessions = 2\nsplit = \"sessions\"");
        assert_eq!(few, "sessions: 2, expected at least 3 where split = \"sessions\": one for each split");
        assert!(message("split = \"users\"").contains("users"));
        assert_eq!(message("most_candidates = 5"), "most_candidates: 5, expected between 6 and 4096");
        assert_eq!(message("temperature = nan"), "temperature: NaN, expected between 0.000001 and 1000000");
        assert_eq!(message("[user.fatigue]\ndecay = 1.5"), "user.fatigue.decay: 1.5, expected between 0 and 1");
        assert!(message("[user]\nfeedback = []").starts_with("user.feedback: empty"));
        let kind = |name: &str| format!("[[user.feedback]]\nname = {name:?}\nweight = 1.0\ngiven_click = [0.5, 1.5]\n");
        assert!(message(&kind("a")).starts_with("user.feedback[0].given_click: 1.5"));
        let twice = format!("{}{}", kind("a"), kind("a")).replace("1.5", "1.0");
        assert!(message(&twice).starts_with("user.feedback[1].name: \"a\", expected a name that no other kind has"));
        assert!(message("[user.examination]\nform = \"cubic\"").contains("cubic"));
        let upstream = "[[upstream.features]]\nfeature = 47\nweight = 1.0";
        assert_eq!(message(upstream), "upstream.features[0].feature: 47, expected between 1 and 46");
    }

    #[test]
    fn examination_falls() {
        assert_eq!(Examination::Logarithmic.at(0), 1.0);
        assert_eq!(Examination::Logarithmic.at(2), 0.5);
        assert_eq!(Examination::Power { exponent: 1.0 }.at(3), 0.25);
        assert_eq!(Examination::Power { exponent: 0.0 }.at(3), 1.0);
    }
}
