//! Who can be compared: rivals, NAR4Rec, and orders that need no model.

use std::collections::HashMap;

use nar4rec_data::{DataSet, OnBad};
use nar4rec_infer::{Reranker, ScoredList};
use nar4rec_rivals::Ranked;
use nar4rec_slate::{Impression, InvalidRequest, Permutation, Request};

use crate::{Answer, Baseline, Compared, RivalRanker, TrainError, evaluation};

impl Compared for RivalRanker {
    fn name(&self) -> String {
        self.kind().name().to_owned()
    }

    fn answer(&self, requests: &[&Request], length: usize) -> Vec<Result<Answer, InvalidRequest>> {
        self.rank(&owned(requests), length).into_iter().map(|ranked| Ok(Answer::of(ranked?))).collect()
    }

    fn predict(&self, impression: &Impression) -> Result<Option<Vec<f32>>, InvalidRequest> {
        self.probabilities(impression.request(), &shown_list(impression, self.list_length())?)
    }
}

/// NAR4Rec: the list its pipeline chooses, scores by P̂, probabilities by the evaluator.
#[derive(Debug)]
pub struct Nar4rec<'a> {
    reranker: &'a Reranker,
    kind: usize,
}

impl<'a> Nar4rec<'a> {
    /// A loaded model, whose evaluator's kind `relevance` says how likely an item is to be relevant.
    ///
    /// # Errors
    /// If the evaluator predicts no such kind.
    pub fn new(reranker: &'a Reranker, relevance: &str) -> Result<Self, TrainError> {
        let kinds: Vec<String> = reranker.feedback_kinds().map(str::to_owned).collect();
        match kinds.iter().position(|kind| kind == relevance) {
            Some(kind) => Ok(Self { reranker, kind }),
            None => Err(TrainError::Relevance { found: relevance.to_owned(), expected: kinds }),
        }
    }
}

impl Compared for Nar4rec<'_> {
    fn name(&self) -> String {
        "nar4rec".to_owned()
    }

    fn answer(&self, requests: &[&Request], length: usize) -> Vec<Result<Answer, InvalidRequest>> {
        let traces = self.reranker.trace_batch(&owned(requests), Some(length)).into_iter();
        let answers = traces.map(|trace| {
            let trace = trace.map_err(|error| evaluation::refused(&error))?;
            let indices = |list: &ScoredList| list.items.iter().map(|item| item.index).collect::<Vec<usize>>();
            Ok(Answer {
                ranked: Ranked { list: indices(&trace.chosen), scores: evaluation::greatest_log_probabilities(&trace) },
                proposals: trace.proposals.iter().map(|list| (indices(list), list.utility)).collect(),
            })
        });
        answers.collect()
    }

    fn predict(&self, impression: &Impression) -> Result<Option<Vec<f32>>, InvalidRequest> {
        let list = shown_list(impression, self.reranker.list_length())?;
        let judged = self.reranker.evaluate(impression.request(), &[list]);
        let judged = judged.map_err(|error| evaluation::refused(&error))?;
        Ok(Some(judged[0].items.iter().map(|item| item.feedback[self.kind]).collect()))
    }
}

/// An order that needs no model, with what it counts.
#[derive(Debug)]
pub struct BaselineRanker {
    baseline: Baseline,
    popularity: HashMap<String, u32>,
}

impl BaselineRanker {
    /// A baseline; popularity is counted over the training split.
    ///
    /// # Errors
    /// If the training split has to be read and cannot be.
    pub fn new(baseline: Baseline, data: &DataSet, relevance: &str, on_bad: OnBad) -> Result<Self, TrainError> {
        let popularity = match baseline {
            Baseline::Popularity => evaluation::popularity(data, relevance, on_bad)?,
            Baseline::Upstream | Baseline::Random => HashMap::new(),
        };
        Ok(Self { baseline, popularity })
    }

    /// All of them.
    ///
    /// # Errors
    /// As [`BaselineRanker::new`].
    pub fn all(data: &DataSet, relevance: &str, on_bad: OnBad) -> Result<Vec<Self>, TrainError> {
        Baseline::ALL.into_iter().map(|baseline| Self::new(baseline, data, relevance, on_bad)).collect()
    }
}

impl Compared for BaselineRanker {
    fn name(&self) -> String {
        self.baseline.name().to_owned()
    }

    fn is_random(&self) -> bool {
        self.baseline == Baseline::Random
    }

    fn answer(&self, requests: &[&Request], length: usize) -> Vec<Result<Answer, InvalidRequest>> {
        let ranked = requests.iter().map(|request| self.baseline.rank(request, &self.popularity, length));
        ranked.map(|ranked| Ok(Answer::of(ranked))).collect()
    }

    fn predict(&self, _: &Impression) -> Result<Option<Vec<f32>>, InvalidRequest> {
        Ok(None)
    }
}

impl Answer {
    /// Of a system that makes one list.
    fn of(ranked: Ranked) -> Self {
        Self { ranked, proposals: Vec::new() }
    }
}

fn owned(requests: &[&Request]) -> Vec<Request> {
    requests.iter().map(|request| (*request).clone()).collect()
}

/// The list that was shown, cut to the length a model can judge.
pub(crate) fn shown_list(impression: &Impression, most: usize) -> Result<Permutation, InvalidRequest> {
    let indices = impression.shown().iter().take(most).map(|exposure| exposure.candidate).collect();
    Permutation::new(indices, impression.request().candidates().len())
        .map_err(|error| InvalidRequest::new("shown", error.to_string()))
}
