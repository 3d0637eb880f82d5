//! How lists of the validation split went, whoever made them.

use std::num::NonZeroUsize;

use nar4rec_metrics::{Ideal, RankingMetrics, auc};

use super::Validation;
use crate::{Example, Prepared};

/// How one validation list went.
pub(crate) struct Judged {
    metrics: Option<RankingMetrics>,
    /// Of each candidate its score, and whether it is relevant.
    scores: Vec<(f32, bool)>,
}

impl Judged {
    /// A list made for an example, if one was made, and scores of all candidates.
    pub(crate) fn new(
        (example, prepared): (&Example, &Prepared),
        list: Option<impl Iterator<Item = usize>>,
        scores: impl Iterator<Item = f32>,
    ) -> Self {
        let mut relevant = vec![0.0_f32; example.request.candidates()];
        let kinds = prepared.feedback.len();
        for (index, labels) in example.observed(kinds) {
            relevant[index] = f32::from(u8::from(labels[prepared.relevance] > 0.0));
        }
        let scores = scores.zip(&relevant).map(|(score, relevant)| (score, *relevant > 0.0)).collect();
        let cutoff = NonZeroUsize::new(prepared.list_length).expect("the configuration's list length is at least 1");
        let ideal = Ideal::new(&relevant).ok().flatten();
        let metrics = list.zip(ideal).and_then(|(list, ideal)| {
            let relevance: Vec<f32> = list.map(|index| relevant[index]).collect();
            RankingMetrics::at(cutoff, &relevance, &ideal).ok()
        });
        Self { metrics, scores }
    }
}

impl Validation {
    /// NDCG, P and AUC of these lists; NDCG is what counts.
    pub(crate) fn of_lists(judged: &[Judged], list_length: usize) -> Self {
        let metrics: Vec<&RankingMetrics> = judged.iter().filter_map(|judged| judged.metrics.as_ref()).collect();
        let mean =
            |of: fn(&RankingMetrics) -> f64| metrics.iter().map(|m| of(m)).sum::<f64>() / metrics.len().max(1) as f64;
        let (scores, labels): (Vec<f32>, Vec<bool>) = judged.iter().flat_map(|judged| &judged.scores).copied().unzip();
        let (ndcg, precision) = (mean(|m| m.ndcg), mean(|m| m.precision));
        let mut figures = vec![(format!("NDCG@{list_length}"), ndcg), (format!("P@{list_length}"), precision)];
        if let Ok(Some(auc)) = auc(&scores, &labels) {
            figures.push(("AUC".to_owned(), auc));
        }
        Self { objective: ndcg, figures }
    }
}
