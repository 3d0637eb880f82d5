//! What is timed: every system at the configuration's sizes, and some of them again at several list lengths.

use nar4rec_train::{Config, SystemKind};

use crate::{ExperimentError, Subject, Variant, plan::chosen, variants};

/// NAR4Rec's row that the others are compared with.
pub(crate) const GENERATOR: &str = "nar4rec-generator";

/// The systems whose time is followed as the list grows.
const GROWN: [&str; 4] = ["seq2slate", "seq2slate-no-encoder", "generator-32", GENERATOR];

/// The list lengths it is followed over.
const LENGTHS: [usize; 5] = [2, 5, 10, 20, 40];

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timed {
    /// What a request's features cost to read; nothing is trained.
    Features,
    /// A system that NAR4Rec is compared with.
    Rival(SystemKind),
    /// NAR4Rec's generator, whose list is the greedy one.
    Generator,
    /// All of NAR4Rec: features, generator, decoders, evaluator, choice.
    Pipeline,
}

/// A system with its name and what it changes in the configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct TimedSystem {
    pub(crate) timed: Timed,
    pub(crate) variant: Variant,
}

impl TimedSystem {
    fn new(name: &str, timed: Timed, patch: &str) -> Self {
        let subject = if let Timed::Rival(kind) = timed { Subject::Rival(kind) } else { Subject::Nar4rec };
        Self { timed, variant: Variant::new(name, subject, patch) }
    }

    /// Of a variant that shows what one network proposes.
    fn network(variant: Variant) -> Self {
        let timed = if let Subject::Rival(kind) = variant.subject { Timed::Rival(kind) } else { Timed::Generator };
        Self { timed, variant }
    }

    pub(crate) fn name(&self) -> &str {
        &self.variant.name
    }
}

/// All systems.
pub(crate) fn systems() -> Vec<TimedSystem> {
    let mut systems = vec![TimedSystem::new("features", Timed::Features, "")];
    for kind in SystemKind::ALL {
        systems.push(TimedSystem::new(kind.name(), Timed::Rival(kind), ""));
        match kind {
            // With initial weights all probabilities are alike, and the search ends at once: this one never ends early, and
            // what a trained one takes lies between the two.
            SystemKind::EdgeRerank => systems.push(TimedSystem::new(
                "edge_rerank-whole-search",
                Timed::Rival(kind),
                "systems.edge_rerank.stability = 1.0",
            )),
            SystemKind::Seq2Slate => systems.push(TimedSystem::new(
                "seq2slate-no-encoder",
                Timed::Rival(kind),
                "systems.seq2slate.encoder = 'none'",
            )),
            _ => {}
        }
    }
    systems.push(TimedSystem::new(GENERATOR, Timed::Generator, ""));
    systems.push(TimedSystem::new("nar4rec", Timed::Pipeline, ""));
    systems.extend(variants::sizes().into_iter().map(TimedSystem::network));
    systems
}

/// One row: a system at the configuration's list length, or at another.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SpeedRow {
    pub(crate) system: TimedSystem,
    /// The list length that it is timed at as the list grows.
    pub(crate) grown: Option<usize>,
}

impl SpeedRow {
    /// Its name, which begins that of its outcomes' files.
    pub(crate) fn name(&self) -> String {
        match self.grown {
            Some(length) => format!("{}-m{length}", self.system.name()),
            None => self.system.name().to_owned(),
        }
    }

    /// The configuration of this row.
    pub(crate) fn config(&self, base: &Config, seed: u64) -> Result<Config, ExperimentError> {
        let mut config = self.system.variant.config(base, seed)?;
        if let Some(length) = self.grown {
            config.generator.list_length = length;
        }
        Ok(config)
    }
}

/// The systems of these names, or all.
///
/// # Errors
/// If a name is no system's.
pub fn timed(names: &[String]) -> Result<Vec<TimedSystem>, ExperimentError> {
    chosen(systems(), names, TimedSystem::name)
}

/// The rows of these systems; no list is longer than `candidates`.
pub(crate) fn rows(systems: &[TimedSystem], candidates: usize) -> Vec<SpeedRow> {
    let mut lengths = LENGTHS.map(|length| length.min(candidates)).to_vec();
    lengths.dedup();
    let mut rows: Vec<SpeedRow> =
        systems.iter().map(|system| SpeedRow { system: system.clone(), grown: None }).collect();
    for length in lengths {
        let grown = systems.iter().filter(|system| GROWN.contains(&system.name()));
        rows.extend(grown.map(|system| SpeedRow { system: system.clone(), grown: Some(length) }));
    }
    rows
}
