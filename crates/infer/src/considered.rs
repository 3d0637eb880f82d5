//! A request with the lists that were considered for it, before they are put into the words of an answer.

use nar4rec_decoding::{Proposal, Scores};
use nar4rec_slate::{Permutation, Request};

use crate::{PlacedItem, Problem, Ranking, ScoredList, Trace, error::finite};

/// Who proposed a list that came with the call.
const GIVEN: &str = "given";

/// A request and its lists.
pub(crate) struct Considered<'r> {
    pub(crate) request: &'r Request,
    /// The row of its first candidate in the batch.
    pub(crate) first_row: usize,
    /// log P̂, `[candidates, positions]`.
    pub(crate) log_probabilities: Vec<f32>,
    pub(crate) positions: usize,
    /// In the order in which they were proposed.
    pub(crate) lists: Vec<Valued>,
    /// Which of the lists is worth most.
    pub(crate) best: usize,
}

/// A list and what it is worth; worth nothing until the evaluator has seen it.
pub(crate) struct Valued {
    source: &'static str,
    pub(crate) list: Permutation,
    log_probability: f32,
    utility: f32,
    /// `[items, kinds]`
    feedback: Vec<f32>,
    /// utility + w · log-probability: the list for which it is greatest is shown.
    worth: f32,
}

impl Valued {
    fn new(source: &'static str, list: Permutation, log_probability: f32) -> Self {
        Self { source, list, log_probability, utility: 0.0, feedback: Vec::new(), worth: 0.0 }
    }

    /// A list that a decoder proposed.
    pub(crate) fn proposed(Proposal { decoder, found }: &Proposal) -> Self {
        Self::new(decoder.name(), found.list.clone(), found.log_probability)
    }

    /// A list that came with the call.
    pub(crate) fn given(list: &Permutation, scores: &Scores<'_>) -> Self {
        let logs = list.iter().enumerate().map(|(position, index)| f64::from(scores.log_probability(index, position)));
        Self::new(GIVEN, list.clone(), logs.sum::<f64>() as f32)
    }

    /// Takes what the evaluator says.
    pub(crate) fn set(&mut self, feedback: Vec<f32>, utility: f32, generator_weight: f32) {
        self.feedback = feedback;
        self.utility = utility;
        self.worth = utility + generator_weight * self.log_probability;
    }
}

impl<'r> Considered<'r> {
    /// Picks the list worth most; of equals the one proposed first.
    pub(crate) fn choose(mut self) -> Result<Self, Problem> {
        finite("worth of a list", self.lists.iter().map(|list| &list.worth))?;
        for (index, list) in self.lists.iter().enumerate() {
            if list.worth.total_cmp(&self.lists[self.best].worth).is_gt() {
                self.best = index;
            }
        }
        Ok(self)
    }

    /// The best list and the `alternatives` that are worth most after it.
    pub(crate) fn into_ranking(self, alternatives: usize) -> Ranking {
        let mut others: Vec<usize> = (0..self.lists.len()).filter(|index| *index != self.best).collect();
        // A stable sort: of lists worth the same the one proposed first comes first.
        others.sort_by(|a, b| self.lists[*b].worth.total_cmp(&self.lists[*a].worth));
        others.truncate(alternatives);
        Ranking {
            request_id: self.request.request_id().to_owned(),
            best: self.scored(&self.lists[self.best]),
            alternatives: others.into_iter().map(|index| self.scored(&self.lists[index])).collect(),
        }
    }

    /// All of it.
    pub(crate) fn into_trace(self) -> Trace {
        let proposals = self.scored_lists();
        let Self { log_probabilities, positions, best, .. } = self;
        Trace { log_probabilities, positions, proposals, best }
    }

    /// Every list, in the order in which they were proposed.
    pub(crate) fn scored_lists(&self) -> Vec<ScoredList> {
        self.lists.iter().map(|list| self.scored(list)).collect()
    }

    fn scored(&self, valued: &Valued) -> ScoredList {
        let kinds = valued.feedback.len().checked_div(valued.list.len()).unwrap_or(0);
        let place = |(place, index): (usize, usize)| PlacedItem {
            id: self.request.candidates()[index].id.clone(),
            index,
            position: place + 1,
            p: self.log_probabilities[index * self.positions + place].exp(),
            feedback: valued.feedback[place * kinds..][..kinds].to_vec(),
        };
        ScoredList {
            items: valued.list.iter().enumerate().map(place).collect(),
            // The sums of an empty list are −0.
            utility: valued.utility + 0.0,
            log_probability: valued.log_probability + 0.0,
            source: valued.source,
        }
    }
}
