//! What one variant did with one seed.

use std::{collections::BTreeMap, fmt};

use nar4rec_train::{Diversity, SystemFigures};
use serde::{Deserialize, Serialize};

/// What one variant did with one seed, as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The variant's name.
    pub variant: String,
    /// The seed.
    pub seed: u64,
    /// The split.
    pub split: String,
    /// Its lists that were measured.
    pub lists: usize,
    /// Of these, lists without a relevant candidate: they are in no ranking metric.
    pub without_positive: usize,
    /// Lines that were left out, because they are bad or do not fit the system.
    pub skipped: u64,
    /// The kind of feedback that makes an item relevant.
    pub relevance: String,
    /// Metric → value.
    pub figures: BTreeMap<String, f64>,
    /// Metric → its value for each list, or for each query of a known user; nothing where no candidate was relevant, and where
    /// the list was left out as it does not fit the system.
    pub per_list: BTreeMap<String, Vec<Option<f64>>>,
    /// Of each list the number of its request among those that ask for different things: intervals are over these. `[lists]`
    pub questions: Vec<u32>,
    /// Seconds its training took; nothing if it needs none, or was interrupted.
    pub training_seconds: Option<f64>,
    /// Requests that were answered; a run of the same ones is answered once.
    pub answered: usize,
    /// Seconds in which they were, from requests to lists, of all threads together.
    pub answering_seconds: f64,
    /// The configuration it was trained and run with.
    pub config: String,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figures = self.figures.iter().filter(|(name, _)| name.starts_with("NDCG@") || name.starts_with("P@"));
        let figures: Vec<String> = figures.map(|(name, value)| format!("{name} {:.1} %", 100.0 * value)).collect();
        write!(f, "{}: {}", self.variant, figures.join(", "))?;
        if self.skipped > 0 {
            write!(f, ", {} lines left out", self.skipped)?;
        }
        Ok(())
    }
}

impl Outcome {
    /// Takes over what was measured; figures over shown items are called as in `shown AUC`.
    pub(crate) fn measured(mut self, system: &SystemFigures, length: usize) -> Self {
        let values = |figures: &nar4rec_metrics::Figures, before: &str| -> Vec<(String, f64)> {
            let named = figures.metrics.iter();
            named.map(|metric| (format!("{before}{}", metric.name), metric.estimate.value)).collect()
        };
        self.without_positive = system.lists.without_positive;
        self.figures.extend(values(&system.lists, ""));
        self.figures.extend(values(&system.shown, "shown "));
        self.figures.extend(of_diversity(system.diversity));
        let column = |of: fn(&nar4rec_metrics::RankingMetrics) -> f64| {
            system.per_list.iter().map(|metrics| metrics.as_ref().map(of)).collect()
        };
        self.per_list.insert(format!("P@{length}"), column(|metrics| metrics.precision));
        self.per_list.insert(format!("NDCG@{length}"), column(|metrics| metrics.ndcg));
        self
    }
}

/// How different lists are from one another, by name.
pub(crate) fn of_diversity(diversity: Diversity) -> impl Iterator<Item = (String, f64)> {
    let Diversity { coverage, repetition, distinct_pairs, intra_list_distance } = diversity;
    let always = [("coverage", coverage), ("repetition", repetition), ("distinct-2", distinct_pairs)];
    let distance = intra_list_distance.map(|distance| ("intra-list distance", distance));
    always.into_iter().chain(distance).map(|(name, value)| (name.to_owned(), value))
}
