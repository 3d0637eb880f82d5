//! What is being considered for a request, before it is put into the words of an answer. All of it is memory that the next
//! request uses again.

use nar4rec_decoding::{Pool, Proposal, Scores};
use nar4rec_slate::{Permutation, Request};

use crate::{PlacedItem, Problem, Ranking, RerankError, ScoredList, Trace, error::finite};

/// Who proposed a list that came with the call.
const GIVEN: &str = "given";

/// What is known of a request and its lists.
#[derive(Debug, Default)]
pub(crate) struct Considered {
    /// Why there is no answer, if there is none.
    problem: Option<Problem>,
    /// The row of its first candidate in the batch.
    pub(crate) first_row: usize,
    /// log P̂, `[candidates, positions]`.
    log_probabilities: Vec<f32>,
    positions: usize,
    /// In the order in which they were proposed.
    lists: Pool<Valued>,
    /// Which of the lists is worth most.
    best: usize,
    /// The other lists, those worth most first.
    others: Vec<usize>,
    spare: Spare,
}

/// Parts of answers that a shorter answer had no place for, kept with their memory for a longer one.
#[derive(Debug, Default)]
struct Spare {
    items: Vec<PlacedItem>,
    lists: Vec<ScoredList>,
}

/// Shortens `values` to `length`, or lengthens them with what was left over before.
fn fit<T: Default>(values: &mut Vec<T>, length: usize, spare: &mut Vec<T>) {
    spare.extend(values.drain(length.min(values.len())..));
    values.resize_with(length, || spare.pop().unwrap_or_default());
}

/// A list and what it is worth; worth nothing until the evaluator has seen it.
#[derive(Debug, Default)]
pub(crate) struct Valued {
    source: &'static str,
    pub(crate) list: Permutation,
    log_probability: f32,
    utility: f32,
    /// `[items, kinds]`
    feedback: Vec<f32>,
    /// utility + w · log-probability: the list for which it is greatest is shown.
    worth: f32,
    /// What the item judged at each place is worth, for arranging.
    worths: Vec<f32>,
    /// Where the item that is shown at each place was judged; empty if the list is shown as it was judged.
    arranged: Vec<usize>,
}

impl Valued {
    fn set(&mut self, source: &'static str, list: &Permutation, candidates: usize, log_probability: f32) {
        self.list.refill(list.as_slice(), candidates).expect("a permutation of these candidates is one again");
        (self.source, self.log_probability) = (source, log_probability);
        (self.utility, self.worth) = (0.0, 0.0);
        self.feedback.clear();
        self.arranged.clear();
    }

    /// Takes what the evaluator says: the logit of each kind for each item, and what the list is worth by them.
    pub(crate) fn judge(&mut self, logits: &[f32], utility: impl FnOnce(&[f32]) -> f32, generator_weight: f32) {
        self.feedback.clear();
        self.feedback.extend(logits.iter().map(|z| 1.0 / (1.0 + (-z).exp())));
        self.utility = utility(&self.feedback);
        self.worth = self.utility + generator_weight * self.log_probability;
    }

    /// Has what is worth most stand first, but for the places that are `fixed`. An item is worth its utility + w · log P̂ of it where it was
    /// judged, in `log_probabilities` of this many `positions`.
    fn arrange(
        &mut self,
        (log_probabilities, positions): (&[f32], usize),
        (utility, generator_weight): (impl Fn(&[f32]) -> f32, f32),
        fixed: impl Fn(usize) -> bool,
    ) {
        let Some(kinds) = self.feedback.len().checked_div(self.list.len()) else { return };
        let items = self.list.iter().zip(self.feedback.chunks_exact(kinds)).enumerate();
        let worth = |(place, (index, feedback)): (usize, (usize, &[f32]))| {
            utility(feedback) + generator_weight * log_probabilities[index * positions + place]
        };
        self.worths.clear();
        self.worths.extend(items.map(worth));
        self.arranged.extend((0..self.list.len()).filter(|place| !fixed(*place)));
        // Of items worth the same the one that stood first comes first.
        let before = |a: &usize, b: &usize| self.worths[*b].total_cmp(&self.worths[*a]).then(a.cmp(b));
        self.arranged.sort_unstable_by(before);
        (0..self.list.len()).filter(|place| fixed(*place)).for_each(|place| self.arranged.insert(place, place));
    }
}

impl Considered {
    /// Forgets the request before, but for `problem`.
    pub(crate) fn start(&mut self, problem: Option<Problem>) {
        self.problem = problem;
        self.log_probabilities.clear();
        self.lists.clear();
        self.best = 0;
    }

    /// Whether nothing has gone wrong yet.
    pub(crate) fn is_sound(&self) -> bool {
        self.problem.is_none()
    }

    /// Leaves it out of what follows if `result` is a problem.
    pub(crate) fn check(&mut self, result: Result<(), Problem>) {
        if let Err(problem) = result {
            self.problem = Some(problem);
            self.lists.clear();
        }
    }

    /// Takes log P̂, `[candidates, positions]`.
    pub(crate) fn set_log_probabilities(&mut self, log_probabilities: &[f32], positions: usize) {
        self.log_probabilities.extend_from_slice(log_probabilities);
        self.positions = positions;
    }

    /// Adds a list that a decoder proposed.
    pub(crate) fn propose(&mut self, Proposal { decoder, found }: &Proposal, candidates: usize) {
        self.lists.next(Valued::default).set(decoder.name(), &found.list, candidates, found.log_probability);
    }

    /// Adds a list that came with the call.
    pub(crate) fn give(&mut self, list: &Permutation, scores: &Scores<'_>) {
        let logs = list.iter().enumerate().map(|(position, index)| f64::from(scores.log_probability(index, position)));
        let log_probability = logs.sum::<f64>() as f32;
        self.lists.next(Valued::default).set(GIVEN, list, scores.candidates(), log_probability);
    }

    /// The lists, in the order in which they were proposed.
    pub(crate) fn lists(&self) -> &[Valued] {
        self.lists.as_slice()
    }

    pub(crate) fn lists_mut(&mut self) -> &mut [Valued] {
        self.lists.as_mut_slice()
    }

    /// Picks the list worth most; of equals the one proposed first.
    pub(crate) fn choose(&mut self) {
        let lists = self.lists.as_slice();
        let worths = finite("worth of a list", lists.iter().map(|list| &list.worth));
        for (index, list) in lists.iter().enumerate() {
            if list.worth.total_cmp(&lists[self.best].worth).is_gt() {
                self.best = index;
            }
        }
        self.check(worths);
    }

    /// Has what is worth most stand first in every list that is shown, as far as the request's constraints let it: what is pinned stays where
    /// it is, and all items do where neighbours must differ.
    pub(crate) fn arrange(&mut self, request: &Request, utility: impl Fn(&[f32]) -> f32, generator_weight: f32) {
        let constraints = request.constraints();
        if !constraints.distinct_neighbours.is_empty() {
            return;
        }
        let fixed = |place: usize| constraints.pin.iter().any(|pin| pin.position == place + 1);
        for valued in self.lists.as_mut_slice() {
            valued.arrange((&self.log_probabilities, self.positions), (&utility, generator_weight), fixed);
        }
    }

    /// It again, if nothing went wrong; the error of `request` if something did.
    pub(crate) fn sound(&mut self, request: &Request) -> Result<&mut Self, RerankError> {
        match self.problem.take() {
            None => Ok(self),
            Some(problem) => Err(problem.of(request)),
        }
    }

    /// The best list and the `alternatives` that are worth most after it, into `ranking`.
    pub(crate) fn answer(&mut self, request: &Request, alternatives: usize, ranking: &mut Ranking) {
        let (lists, best) = (self.lists.as_slice(), self.best);
        self.others.clear();
        self.others.extend((0..lists.len()).filter(|index| *index != best));
        // Of lists worth the same the one proposed first comes first.
        let before = |a: &usize, b: &usize| lists[*b].worth.total_cmp(&lists[*a].worth).then(a.cmp(b));
        self.others.sort_unstable_by(before);
        self.others.truncate(alternatives);

        request.request_id().clone_into(&mut ranking.request_id);
        let mut spare = std::mem::take(&mut self.spare);
        self.score(request, &lists[best], &lists[best].arranged, &mut ranking.best, &mut spare);
        fit(&mut ranking.alternatives, self.others.len(), &mut spare.lists);
        for (index, to) in self.others.iter().zip(&mut ranking.alternatives) {
            self.score(request, &lists[*index], &lists[*index].arranged, to, &mut spare);
        }
        self.spare = spare;
    }

    /// log P̂, `[candidates, positions]`, and the number of positions.
    pub(crate) fn log_probabilities(&self) -> (&[f32], usize) {
        (&self.log_probabilities, self.positions)
    }

    /// All of it.
    pub(crate) fn trace(&self, request: &Request) -> Trace {
        let mut chosen = ScoredList::default();
        if let Some(best) = self.lists.as_slice().get(self.best) {
            self.score(request, best, &best.arranged, &mut chosen, &mut Spare::default());
        }
        Trace {
            chosen,
            log_probabilities: self.log_probabilities.clone(),
            positions: self.positions,
            proposals: self.scored_lists(request),
            best: self.best,
        }
    }

    /// Every list, in the order in which they were proposed.
    pub(crate) fn scored_lists(&self, request: &Request) -> Vec<ScoredList> {
        let scored = |list| {
            let mut scored = ScoredList::default();
            self.score(request, list, &[], &mut scored, &mut Spare::default());
            scored
        };
        self.lists.as_slice().iter().map(scored).collect()
    }

    /// A list with its items in the order of `arranged`, or as it was judged if that is empty.
    fn score(&self, request: &Request, valued: &Valued, arranged: &[usize], to: &mut ScoredList, spare: &mut Spare) {
        let kinds = valued.feedback.len().checked_div(valued.list.len()).unwrap_or(0);
        fit(&mut to.items, valued.list.len(), &mut spare.items);
        for (place, item) in to.items.iter_mut().enumerate() {
            let judged = arranged.get(place).copied().unwrap_or(place);
            let index = valued.list.as_slice()[judged];
            item.id.clone_from(&request.candidates()[index].id);
            (item.index, item.position) = (index, place + 1);
            item.p = self.log_probability(index, place).exp();
            item.feedback.clear();
            item.feedback.extend_from_slice(&valued.feedback[judged * kinds..][..kinds]);
        }
        let log_probability = match arranged {
            [] => valued.log_probability,
            _ => to.items.iter().map(|item| self.log_probability(item.index, item.position - 1)).sum(),
        };
        // The sums of an empty list are −0.
        to.utility = valued.utility + 0.0;
        to.log_probability = log_probability + 0.0;
        to.source = valued.source;
    }

    fn log_probability(&self, index: usize, place: usize) -> f32 {
        self.log_probabilities[index * self.positions + place]
    }
}
