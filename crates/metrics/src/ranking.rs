//! Metrics of one produced list, at a cutoff k.
//!
//! With r_j the relevance at position j = 1..k of the list, a hit where r_j > 0, and H positives among all candidates:
//!
//! ```text
//! P@k      = hits / k                                a list shorter than k counts as filled up with misses
//! Recall@k = hits / H
//! F1@k     = 2 P Recall / (P + Recall)               0 where both are 0
//! MAP@k    = Σ_{j ≤ k, hit} (hits up to j) / j  /  min(k, H)
//! NDCG@k   = Σ_{j ≤ k} r_j / log2(j + 1)  /  the same sum over the H positives in their best order, cut at k
//! ```
//!
//! The gain is the relevance itself (linear, not 2^r − 1), so a binary relevance gives gain 1, and NDCG agrees with
//! scikit-learn's `ndcg_score`, trec_eval's `ndcg_cut` and ranx's `ndcg`. The list comes in its order, so ties are the
//! caller's: [`order_by_score`] leaves equal scores as they were given.
//!
//! Two conventions differ from those libraries'. MAP@k is divided by min(k, H), theirs by H: with more positives than k
//! their best list has a MAP@k below 1, and a mean over requests would tell how many positives those have. And a list
//! without a positive has no value here, theirs is 0.

use std::num::NonZeroUsize;

use crate::MetricsError;

/// The positives of one request in falling order of relevance: what the best list would hold. There is at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct Ideal(Vec<f32>);

impl Ideal {
    /// The ideal of a request whose candidates have these relevances; `None` if no relevance is positive.
    ///
    /// # Errors
    /// If a relevance is negative or not finite.
    pub fn new(candidates: &[f32]) -> Result<Option<Self>, MetricsError> {
        check_relevance(candidates)?;
        let mut positives: Vec<f32> = candidates.iter().copied().filter(|&relevance| relevance > 0.0).collect();
        positives.sort_by(|a, b| b.total_cmp(a));
        Ok((!positives.is_empty()).then_some(Self(positives)))
    }

    /// The ideal of a request with so many candidates of relevance 1; `None` if there are none.
    pub fn binary(positives: usize) -> Option<Self> {
        (positives > 0).then(|| Self(vec![1.0; positives]))
    }

    /// The number of candidates with a positive relevance.
    pub fn positives(&self) -> usize {
        self.0.len()
    }

    /// Whether a list of this request can have these relevances: none of its best exceeds the ideal's at the same place.
    fn allows(&self, list: &[f32]) -> Result<(), MetricsError> {
        let mut found: Vec<f32> = list.iter().copied().filter(|&relevance| relevance > 0.0).collect();
        found.sort_by(|a, b| b.total_cmp(a));
        for (place, &found) in found.iter().enumerate() {
            let allowed = self.0.get(place).copied().unwrap_or(0.0);
            if found > allowed {
                return Err(MetricsError::BeyondIdeal { place: place + 1, found, allowed });
            }
        }
        Ok(())
    }
}

/// The ranking metrics of one list at a cutoff, each from 0 to 1.
///
/// ```
/// use std::num::NonZeroUsize;
/// use nar4rec_metrics::{Ideal, RankingMetrics};
///
/// let candidates = [0.0, 1.0, 0.0, 1.0, 0.0];
/// let list = [3, 0, 1].map(|candidate: usize| candidates[candidate]);
/// let ideal = Ideal::new(&candidates)?.expect("two candidates are relevant");
/// let metrics = RankingMetrics::at(NonZeroUsize::new(3).unwrap(), &list, &ideal)?;
/// assert_eq!((metrics.precision, metrics.recall), (2.0 / 3.0, 1.0));
/// # Ok::<(), nar4rec_metrics::MetricsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankingMetrics {
    /// P@k: the share of the k positions that hold a hit.
    pub precision: f64,
    /// NDCG@k: discounted relevance against the best possible.
    pub ndcg: f64,
    /// MAP@k: the mean of the precision at each hit (average precision; its mean over lists gives the name).
    pub map: f64,
    /// F1@k: the harmonic mean of P@k and Recall@k.
    pub f1: f64,
    /// Recall@k: the share of the positives that the list holds.
    pub recall: f64,
}

impl RankingMetrics {
    /// The metrics of a list with these relevances, in list order; what stands after position `k` is not looked at.
    ///
    /// # Errors
    /// If a relevance is negative or not finite, or if the list is more relevant than the ideal allows.
    pub fn at(k: NonZeroUsize, list: &[f32], ideal: &Ideal) -> Result<Self, MetricsError> {
        let k = k.get();
        let list = &list[..list.len().min(k)];
        check_relevance(list)?;
        ideal.allows(list)?;
        let mut hits = 0.0;
        let mut precisions = 0.0;
        for (position, &relevance) in list.iter().enumerate() {
            if relevance > 0.0 {
                hits += 1.0;
                precisions += hits / (position + 1) as f64;
            }
        }
        let positives = ideal.positives();
        let (precision, recall) = (hits / k as f64, hits / positives as f64);
        Ok(Self {
            precision,
            ndcg: discounted(list) / discounted(&ideal.0[..positives.min(k)]),
            map: precisions / positives.min(k) as f64,
            f1: if hits > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 },
            recall,
        })
    }
}

/// Σ_j r_j / log2(j + 1), j from 1.
fn discounted(relevances: &[f32]) -> f64 {
    relevances
        .iter()
        .enumerate()
        .map(|(position, &relevance)| f64::from(relevance) / (position as f64 + 2.0).log2())
        .sum()
}

fn check_relevance(relevances: &[f32]) -> Result<(), MetricsError> {
    match relevances.iter().position(|&relevance| !(relevance.is_finite() && relevance >= 0.0)) {
        Some(index) => Err(MetricsError::Relevance { index, value: relevances[index] }),
        None => Ok(()),
    }
}

/// The indices of `scores`, highest score first, equal scores in the order given.
///
/// # Errors
/// If a score is not finite.
pub fn order_by_score(scores: &[f32]) -> Result<Vec<usize>, MetricsError> {
    check_scores(scores)?;
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| (scores[b] + 0.0).total_cmp(&(scores[a] + 0.0)));
    Ok(order)
}

/// Refuses NaN and infinities. The callers then compare `score + 0.0`, which makes −0 equal to 0 under `total_cmp`.
pub(crate) fn check_scores(scores: &[f32]) -> Result<(), MetricsError> {
    match scores.iter().position(|score| !score.is_finite()) {
        Some(index) => Err(MetricsError::Score { index, value: scores[index] }),
        None => Ok(()),
    }
}

/// The paper's Recall@K: |first K of `ranking` ∩ `shown`| / |`shown`|, both lists of distinct candidate indices. `None`
/// if nothing was shown.
///
/// It asks whether the model would have shown what was shown, whatever the user thought of it. For K beyond the list
/// length, rank the candidates by their best P̂ over positions.
pub fn shown_recall(ranking: &[usize], shown: &[usize], k: NonZeroUsize) -> Option<f64> {
    let top = &ranking[..ranking.len().min(k.get())];
    let found = shown.iter().filter(|candidate| top.contains(candidate)).count();
    (!shown.is_empty()).then(|| found as f64 / shown.len() as f64)
}

#[cfg(test)]
mod tests;
