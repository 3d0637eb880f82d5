//! A run of lists in, every metric with its interval out.
//!
//! Lists are pushed one by one; what is kept of each is five numbers and, where they are scored, its items' scores and
//! labels, because AUC ranks the items of all lists together.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use crate::bootstrap::{Bootstrap, Estimate, Groups};
use crate::classification::{LogLossSums, RankedItems, ScoredItem, check_lengths, check_probabilities};
use crate::ranking::check_scores;
use crate::{Ideal, MetricsError, RankingMetrics};

/// What the scores of a [`ListResult`] are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScoreKind {
    /// Any finite numbers, higher meaning more likely: they give an AUC.
    Ranking,
    /// Probabilities of the label: they give an AUC and a LogLoss.
    Probability,
}

/// What came of one list. Everything may be empty: what is not known is not measured.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListResult<'a> {
    /// The relevance of the produced list's items, in list order.
    pub list: &'a [f32],
    /// The relevance of all candidates, in any order. Without a positive one the list has no ranking metrics and is counted.
    pub candidates: &'a [f32],
    /// The scores of the items that are scored, candidates or shown items.
    pub scores: &'a [f32],
    /// Whether each scored item is positive.
    pub labels: &'a [bool],
    /// Lists of the same group are drawn together, and those of none each by itself.
    pub group: Option<u64>,
    /// Further values of this list by metric name, such as its diversity; the summary gives their means.
    pub others: &'a [(&'a str, f64)],
}

type OfList = fn(&RankingMetrics) -> f64;

/// The ranking metrics by the name that stands before the cutoff.
const RANKING_METRICS: [(&str, OfList); 5] = [
    ("P", |metrics| metrics.precision),
    ("NDCG", |metrics| metrics.ndcg),
    ("MAP", |metrics| metrics.map),
    ("F1", |metrics| metrics.f1),
    ("Recall", |metrics| metrics.recall),
];

/// Collects [`ListResult`]s and finishes with [`Figures`].
///
/// ```
/// use std::num::NonZeroUsize;
/// use nar4rec_metrics::{Bootstrap, ListResult, ScoreKind, Summary};
///
/// let mut summary = Summary::new(NonZeroUsize::new(2).unwrap(), ScoreKind::Ranking);
/// summary.push(&ListResult {
///     list: &[1.0, 0.0],
///     candidates: &[0.0, 1.0, 0.0],
///     scores: &[0.2, 0.9, 0.4],
///     labels: &[false, true, false],
///     ..ListResult::default()
/// })?;
/// let figures = summary.finish(&Bootstrap::default());
/// assert_eq!(figures.get("P@2").unwrap().value, 0.5);
/// assert_eq!(figures.get("AUC").unwrap().value, 1.0);
/// # Ok::<(), nar4rec_metrics::MetricsError>(())
/// ```
#[derive(Debug)]
pub struct Summary {
    cutoff: NonZeroUsize,
    score_kind: ScoreKind,
    lists: u32,
    /// Of each list its group, or its number.
    groups: Vec<Result<u64, u32>>,
    without_positive: usize,
    ranking: Vec<(u32, RankingMetrics)>,
    items: Vec<ScoredItem>,
    log_loss: Vec<LogLossSums>,
    others: BTreeMap<String, Vec<(u32, f64)>>,
}

impl Summary {
    /// An empty summary whose ranking metrics are cut at `cutoff`.
    pub fn new(cutoff: NonZeroUsize, score_kind: ScoreKind) -> Self {
        Self {
            cutoff,
            score_kind,
            lists: 0,
            groups: Vec::new(),
            without_positive: 0,
            ranking: Vec::new(),
            items: Vec::new(),
            log_loss: Vec::new(),
            others: BTreeMap::new(),
        }
    }

    /// Adds one list. A list that is refused leaves the summary as it was.
    ///
    /// # Errors
    /// If a relevance or a score is impossible, scores and labels differ in length, or the list is more relevant than its
    /// candidates allow.
    pub fn push(&mut self, result: &ListResult<'_>) -> Result<(), MetricsError> {
        check_lengths(result.scores, result.labels)?;
        match self.score_kind {
            ScoreKind::Ranking => check_scores(result.scores)?,
            ScoreKind::Probability => check_probabilities(result.scores)?,
        }
        if let Some(&(name, value)) = result.others.iter().find(|(_, value)| !value.is_finite()) {
            return Err(MetricsError::Other { name: name.to_owned(), value });
        }
        let list = self.lists;
        match Ideal::new(result.candidates)? {
            Some(ideal) => self.ranking.push((list, RankingMetrics::at(self.cutoff, result.list, &ideal)?)),
            None => self.without_positive += usize::from(!result.candidates.is_empty()),
        }
        let scored = result.scores.iter().zip(result.labels);
        self.items.extend(scored.map(|(&score, &positive)| ScoredItem { score, positive, list }));
        if self.score_kind == ScoreKind::Probability {
            self.log_loss.push(LogLossSums::of(result.scores, result.labels));
        }
        for &(name, value) in result.others {
            self.others.entry(name.to_owned()).or_default().push((list, value));
        }
        self.groups.push(result.group.ok_or(list));
        self.lists += 1;
        Ok(())
    }

    /// Every metric that has a value, with its interval.
    pub fn finish(self, bootstrap: &Bootstrap) -> Figures {
        let (lists, groups) = (self.lists as usize, Groups::of(&self.groups));
        let mut figures = Figures { lists, without_positive: self.without_positive, metrics: Vec::new() };
        for (name, of_list) in RANKING_METRICS {
            let name = format!("{name}@{}", self.cutoff);
            let column: Vec<(u32, f64)> =
                self.ranking.iter().map(|(list, metrics)| (*list, of_list(metrics))).collect();
            figures.add(name, bootstrap.in_groups(&groups, |weights| weighted_mean(&column, weights)));
        }
        let items = RankedItems::new(self.items);
        figures.add("AUC".to_owned(), bootstrap.in_groups(&groups, |weights| items.auc(weights)));
        let log_loss = |weights: &[u32]| LogLossSums::weighted(&self.log_loss, weights).finish();
        let value = bootstrap.in_groups(&groups, |weights| Some(log_loss(weights)?.value));
        let base_rate = bootstrap.in_groups(&groups, |weights| Some(log_loss(weights)?.base_rate));
        figures.add("LogLoss".to_owned(), value);
        figures.add(Figures::BASE_LOG_LOSS.to_owned(), base_rate);
        for (name, column) in self.others {
            figures.add(name, bootstrap.in_groups(&groups, |weights| weighted_mean(&column, weights)));
        }
        figures
    }
}

/// The mean of a column's values, each counting as often as its list; `None` where none counts.
fn weighted_mean(column: &[(u32, f64)], weights: &[u32]) -> Option<f64> {
    let (mut sum, mut total) = (0.0, 0u64);
    for &(list, value) in column {
        let weight = weights[list as usize];
        sum += f64::from(weight) * value;
        total += u64::from(weight);
    }
    (total > 0).then(|| sum / total as f64)
}

/// One named metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// The name as the field writes it, such as `NDCG@6`.
    pub name: String,
    /// The value and its interval.
    pub estimate: Estimate,
}

/// What a run measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// The number of lists.
    pub lists: usize,
    /// The lists that had candidates but no positive one: they are in no ranking metric.
    pub without_positive: usize,
    /// `P@k NDCG@k MAP@k F1@k Recall@k AUC LogLoss`, the base rate's LogLoss, then the others by name. A metric without a
    /// value (no list with a positive, one label only) is absent.
    pub metrics: Vec<Metric>,
}

impl Figures {
    /// The name of the LogLoss that always predicting the share of positives has.
    pub const BASE_LOG_LOSS: &'static str = "BaseLogLoss";

    /// The metric of this name, if it has a value.
    pub fn get(&self, name: &str) -> Option<Estimate> {
        self.metrics.iter().find(|metric| metric.name == name).map(|metric| metric.estimate)
    }

    fn add(&mut self, name: String, estimate: Option<Estimate>) {
        self.metrics.extend(estimate.map(|estimate| Metric { name, estimate }));
    }
}

#[cfg(test)]
mod tests;
