//! AUC and LogLoss over pooled items.
//!
//! ```text
//! AUC     = P(score of a positive > score of a negative) + ½ P(equal), over all pairs of one positive and one negative
//! LogLoss = −mean( y ln p + (1 − y) ln(1 − p) ),  p clamped to [1e-7, 1 − 1e-7]
//! base    = the LogLoss of always predicting the share of positives: what a LogLoss must beat to say anything
//! ```
//!
//! AUC is the statistic of Mann and Whitney divided by the number of pairs, and agrees with SciPy's and with scikit-learn's
//! `roc_auc_score`, ties included.
//!
//! AUC takes one sort and one pass over groups of equal scores. Both are kept in a form where every list has a whole
//! weight (how often it was drawn), so a bootstrap resample costs one pass and no sort.

use crate::MetricsError;
use crate::ranking::check_scores;

/// Probabilities are clamped to this distance from 0 and 1, so that one confident mistake costs 16.1 and not infinity.
pub const PROBABILITY_MARGIN: f64 = 1e-7;

/// A LogLoss and the one to compare it with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogLoss {
    /// Mean negative log-likelihood of the labels, in nats; lower is better.
    pub value: f64,
    /// The same for a constant prediction of the share of positives.
    pub base_rate: f64,
}

/// The area under the ROC curve; `None` unless both labels occur. Equal scores count half.
///
/// # Errors
/// If the lengths differ or a score is not finite.
pub fn auc(scores: &[f32], labels: &[bool]) -> Result<Option<f64>, MetricsError> {
    check_lengths(scores, labels)?;
    check_scores(scores)?;
    let items = scores.iter().zip(labels).map(|(&score, &positive)| ScoredItem { score, positive, list: 0 });
    Ok(RankedItems::new(items.collect()).auc(&[1]))
}

/// The LogLoss of predicted probabilities; `None` if there are none.
///
/// # Errors
/// If the lengths differ or a probability is NaN or outside 0..=1.
pub fn log_loss(probabilities: &[f32], labels: &[bool]) -> Result<Option<LogLoss>, MetricsError> {
    check_lengths(probabilities, labels)?;
    check_probabilities(probabilities)?;
    Ok(LogLossSums::of(probabilities, labels).finish())
}

pub(crate) fn check_lengths(scores: &[f32], labels: &[bool]) -> Result<(), MetricsError> {
    if scores.len() == labels.len() {
        return Ok(());
    }
    Err(MetricsError::Lengths { scores: scores.len(), labels: labels.len() })
}

pub(crate) fn check_probabilities(probabilities: &[f32]) -> Result<(), MetricsError> {
    match probabilities.iter().position(|p| !(0.0..=1.0).contains(p)) {
        Some(index) => Err(MetricsError::Probability { index, value: probabilities[index] }),
        None => Ok(()),
    }
}

/// One item with a finite score, its label and the number of the list it stands in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScoredItem {
    pub(crate) score: f32,
    pub(crate) positive: bool,
    pub(crate) list: u32,
}

/// Items in rising order of score, with the score itself reduced to where groups of equal scores begin.
#[derive(Debug)]
pub(crate) struct RankedItems(Vec<RankedItem>);

#[derive(Debug, Clone, Copy)]
struct RankedItem {
    list: u32,
    positive: bool,
    opens_group: bool,
}

impl RankedItems {
    pub(crate) fn new(mut items: Vec<ScoredItem>) -> Self {
        items.sort_unstable_by(|a, b| (a.score + 0.0).total_cmp(&(b.score + 0.0)));
        let mut previous = f32::NAN;
        let ranked = items.into_iter().map(|ScoredItem { score, positive, list }| {
            let opens_group = score != previous;
            previous = score;
            RankedItem { list, positive, opens_group }
        });
        Self(ranked.collect())
    }

    /// The AUC where an item of list l counts `weights[l]` times. The sum is kept doubled, so it stays whole and exact.
    pub(crate) fn auc(&self, weights: &[u32]) -> Option<f64> {
        let (mut doubled, mut positives, mut negatives) = (0u64, 0u64, 0u64);
        let (mut group_positives, mut group_negatives) = (0u64, 0u64);
        for item in &self.0 {
            if item.opens_group {
                doubled += group_positives * (2 * negatives + group_negatives);
                positives += group_positives;
                negatives += group_negatives;
                (group_positives, group_negatives) = (0, 0);
            }
            let weight = u64::from(weights[item.list as usize]);
            let as_positive = weight * u64::from(item.positive);
            group_positives += as_positive;
            group_negatives += weight - as_positive;
        }
        doubled += group_positives * (2 * negatives + group_negatives);
        let pairs = (positives + group_positives) * (negatives + group_negatives);
        (pairs > 0).then(|| doubled as f64 / (2.0 * pairs as f64))
    }
}

/// The sums a LogLoss is made of, for one list or many.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LogLossSums {
    loss: f64,
    items: f64,
    positives: f64,
}

impl LogLossSums {
    /// The sums over items whose probabilities are from 0 to 1.
    pub(crate) fn of(probabilities: &[f32], labels: &[bool]) -> Self {
        let loss = |(&p, &positive): (&f32, &bool)| {
            let p = f64::from(p).clamp(PROBABILITY_MARGIN, 1.0 - PROBABILITY_MARGIN);
            if positive { -p.ln() } else { -(1.0 - p).ln() }
        };
        Self {
            loss: probabilities.iter().zip(labels).map(loss).sum(),
            items: labels.len() as f64,
            positives: labels.iter().filter(|&&positive| positive).count() as f64,
        }
    }

    /// The sums where `lists[l]` counts `weights[l]` times.
    pub(crate) fn weighted(lists: &[Self], weights: &[u32]) -> Self {
        lists.iter().zip(weights).fold(Self::default(), |sum, (list, &weight)| {
            let weight = f64::from(weight);
            Self {
                loss: sum.loss + weight * list.loss,
                items: sum.items + weight * list.items,
                positives: sum.positives + weight * list.positives,
            }
        })
    }

    pub(crate) fn finish(self) -> Option<LogLoss> {
        let rate = self.positives / self.items;
        let entropy = |share: f64| if share > 0.0 { -share * share.ln() } else { 0.0 };
        let base_rate = entropy(rate) + entropy(1.0 - rate);
        (self.items > 0.0).then(|| LogLoss { value: self.loss / self.items, base_rate })
    }
}

#[cfg(test)]
mod tests;
