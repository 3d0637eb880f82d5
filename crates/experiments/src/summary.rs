//! Outcomes put together: for each variant the mean over seeds and their spread, and how far the first is ahead.

use nar4rec_metrics::{Bootstrap, Difference};
use serde::Serialize;

use crate::{ExperimentError, Outcome};

/// A figure over seeds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Value {
    /// The mean.
    pub mean: f64,
    /// The standard deviation over seeds; nothing for one seed.
    pub deviation: Option<f64>,
}

impl Value {
    /// Of some values; nothing of none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        let deviation = (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt());
        (!values.is_empty()).then_some(Self { mean, deviation })
    }
}

/// One variant over its seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The variant.
    pub variant: String,
    /// The seeds that are done.
    pub seeds: Vec<u64>,
    /// The figures, in the order of [`Summary::columns`].
    pub values: Vec<Option<Value>>,
    /// How far it is behind the first in [`Summary::ranked_by`], list by list: mean, and the ends of the 95 % interval. Nothing
    /// for the first itself.
    pub behind: Option<[f64; 3]>,
    /// The share of resamples in which it is not behind.
    pub not_behind: Option<f64>,
}

/// An experiment so far.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The split, its lists and what makes an item relevant, of the first outcome.
    pub about: Option<(String, usize, String)>,
    /// The figures' names.
    pub columns: Vec<String>,
    /// The figure whose values by list are compared.
    pub ranked_by: Option<String>,
    /// The variants, in the order of the experiment.
    pub rows: Vec<Row>,
}

/// What the seconds of a training are called in a table.
pub(crate) const TRAINING_SECONDS: &str = "training, s";
/// What the milliseconds are called in which a list was made and judged, on all threads.
pub(crate) const LIST_MILLISECONDS: &str = "a list, ms";

/// What kind of number a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    /// Whether it is told in per cent.
    pub(crate) is_share: bool,
    /// Whether less of it is better.
    pub(crate) is_loss: bool,
    /// Decimals in a table.
    pub(crate) decimals: usize,
}

/// The form of the figure of this name.
pub(crate) fn form(name: &str) -> Form {
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    let is_loss = has(&["LogLoss", "lost", "repetition", "RMSE", TRAINING_SECONDS, LIST_MILLISECONDS]);
    let is_share = !has(&["LogLoss", "intra-list", " / list", TRAINING_SECONDS, LIST_MILLISECONDS]);
    let decimals = match name {
        TRAINING_SECONDS => 0,
        LIST_MILLISECONDS => 2,
        _ if is_share => 1,
        _ => 4,
    };
    Form { is_share, is_loss, decimals }
}

/// A figure of an outcome.
fn figure(outcome: &Outcome, name: &str) -> Option<f64> {
    match name {
        TRAINING_SECONDS => outcome.training_seconds,
        LIST_MILLISECONDS => Some(1e3 * outcome.evaluation_seconds / outcome.lists.max(1) as f64),
        _ => outcome.figures.get(name).copied(),
    }
}

/// The figures that come first, by how their names begin; the rest follows by name.
const FIRST: [&str; 12] = [
    "optimum",
    "best proposed",
    "lost",
    "P@",
    "NDCG@",
    "MAP@",
    "F1@",
    "Recall@",
    "AUC",
    "shown AUC",
    "shown LogLoss",
    "shown Base",
];

impl Summary {
    /// Of outcomes.
    ///
    /// # Errors
    /// If outcomes of one experiment are of different lists.
    pub fn new(outcomes: &[Outcome]) -> Result<Self, ExperimentError> {
        let mut variants: Vec<&str> = Vec::new();
        for outcome in outcomes {
            if !variants.contains(&outcome.variant.as_str()) {
                variants.push(&outcome.variant);
            }
        }
        let columns = columns(outcomes);
        let ranks = |name: &&String| *name == "optimum" || name.starts_with("NDCG@");
        let ranked_by = columns.iter().find(ranks).cloned();
        let means: Vec<Option<Vec<f64>>> =
            variants.iter().map(|variant| Some(by_list(of(outcomes, variant), ranked_by.as_deref()?))).collect();
        let mean = |values: &Option<Vec<f64>>| values.as_ref().map_or(f64::NEG_INFINITY, |v| v.iter().sum::<f64>());
        let first = (0..means.len()).rev().max_by(|a, b| mean(&means[*a]).total_cmp(&mean(&means[*b])));
        let mut rows = Vec::new();
        for (index, variant) in variants.iter().enumerate() {
            let difference = match (first, &means[index]) {
                (Some(first), Some(own)) if first != index => {
                    means[first].as_ref().map(|best| Bootstrap::default().difference(best, own)).transpose()?.flatten()
                }
                _ => None,
            };
            rows.push(Row {
                variant: (*variant).to_owned(),
                seeds: of(outcomes, variant).map(|outcome| outcome.seed).collect(),
                values: columns.iter().map(|name| value(of(outcomes, variant), name)).collect(),
                behind: difference.map(|Difference { mean, .. }| [mean.value, mean.low, mean.high]),
                not_behind: difference.map(|difference| difference.not_above),
            });
        }
        let about = outcomes.first().map(|first| (first.split.clone(), first.lists, first.relevance.clone()));
        Ok(Self { about, columns, ranked_by, rows })
    }
}

/// The outcomes of a variant.
pub(crate) fn of<'a>(outcomes: &'a [Outcome], variant: &'a str) -> impl Iterator<Item = &'a Outcome> {
    outcomes.iter().filter(move |outcome| outcome.variant == variant)
}

fn value<'a>(outcomes: impl Iterator<Item = &'a Outcome>, name: &str) -> Option<Value> {
    Value::of(&outcomes.filter_map(|outcome| figure(outcome, name)).collect::<Vec<_>>())
}

/// The names of all figures.
fn columns(outcomes: &[Outcome]) -> Vec<String> {
    let mut names: Vec<String> = outcomes.iter().flat_map(|outcome| outcome.figures.keys().cloned()).collect();
    names.sort();
    names.dedup();
    let place = |name: &String| FIRST.iter().position(|first| name.starts_with(first)).unwrap_or(FIRST.len());
    names.sort_by_key(place);
    let times = [TRAINING_SECONDS, LIST_MILLISECONDS].map(str::to_owned);
    names.extend(times.into_iter().filter(|name| outcomes.iter().any(|outcome| figure(outcome, name).is_some())));
    names
}

/// The mean over outcomes of a figure of each list, of lists that have one.
pub(crate) fn by_list<'a>(outcomes: impl Iterator<Item = &'a Outcome>, name: &str) -> Vec<f64> {
    let columns: Vec<&Vec<Option<f64>>> = outcomes.filter_map(|outcome| outcome.per_list.get(name)).collect();
    let lists = columns.first().map_or(0, |column| column.len());
    let mean = |list: usize| {
        let values: Option<Vec<f64>> = columns.iter().map(|column| column.get(list).copied().flatten()).collect();
        values.map(|values| values.iter().sum::<f64>() / values.len() as f64)
    };
    (0..lists).filter_map(mean).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn outcome(variant: &str, seed: u64, ndcg: [f64; 4]) -> Outcome {
        let mean = ndcg.iter().sum::<f64>() / 4.0;
        Outcome {
            variant: variant.to_owned(),
            seed,
            lists: 5,
            evaluation_seconds: 0.5,
            figures: BTreeMap::from([("NDCG@6".to_owned(), mean), ("AUC".to_owned(), 0.5), ("P@6".to_owned(), 0.25)]),
            per_list: BTreeMap::from([(
                "NDCG@6".to_owned(),
                ndcg.into_iter().map(Some).chain([None]).collect::<Vec<_>>(),
            )]),
            ..Outcome::default()
        }
    }

    #[test]
    fn means_deviations_and_differences() {
        let outcomes = [
            outcome("a", 1, [0.1, 0.2, 0.3, 0.4]),
            outcome("b", 1, [0.2, 0.3, 0.4, 0.5]),
            outcome("a", 2, [0.3, 0.4, 0.5, 0.6]),
            outcome("b", 2, [0.4, 0.5, 0.6, 0.7]),
        ];
        let summary = Summary::new(&outcomes).unwrap();
        assert_eq!(summary.columns, ["P@6", "NDCG@6", "AUC", "a list, ms"]);
        // 0.5 seconds for 5 lists.
        assert_eq!(summary.rows[0].values[3].map(|value| value.mean), Some(100.0));
        let [a, b] = &summary.rows[..] else { panic!("two variants") };
        assert_eq!((a.variant.as_str(), a.seeds.as_slice()), ("a", &[1, 2][..]));
        let ndcg = a.values[1].unwrap();
        assert!((ndcg.mean - 0.35).abs() < 1e-12 && (ndcg.deviation.unwrap() - 0.02_f64.sqrt()).abs() < 1e-12);
        // b is better by 0.1 on every list.
        let behind = a.behind.unwrap();
        assert!(behind.iter().all(|value| (value - 0.1).abs() < 1e-9), "{behind:?}");
        assert_eq!((a.not_behind, b.behind), (Some(0.0), None));
    }

    #[test]
    fn nothing_is_summed_up_as_nothing() {
        let summary = Summary::new(&[]).unwrap();
        assert!(summary.rows.is_empty() && summary.columns.is_empty() && summary.about.is_none());
    }

    #[test]
    fn outcomes_of_different_lists_are_refused() {
        let mut short = outcome("b", 1, [0.0; 4]);
        short.per_list.get_mut("NDCG@6").unwrap().truncate(3);
        assert!(Summary::new(&[outcome("a", 1, [0.1; 4]), short]).is_err());
    }
}
