//! What is being considered for a request, before it is put into the words of an answer. All of it is memory that the next
//! request uses again.

use nar4rec_decoding::{Pool, Proposal, Rules};
use nar4rec_slate::{Permutation, Request};

use crate::{
    PlacedItem, Problem, Ranking, RerankError, ScoredList, Trace, error::finite, exchanges::Exchanges,
    opinions::Opinions,
};

/// Who proposed a list that came with the call.
const GIVEN: &str = "given";

/// Who made a list of the items worth most of all lists.
const COMPOSED: &str = "composed";

/// Who made a list of one that was worth most, by an exchange.
const EXCHANGED: &str = "exchanged";

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
    /// What its lists must keep; nothing where they were given.
    rules: Option<Rules>,
    /// In the order in which they were proposed.
    lists: Pool<Valued>,
    /// How many of them the evaluator has seen.
    judged: usize,
    /// The list whose neighbours are among the lists.
    exchanged: Option<usize>,
    exchanges: Exchanges,
    /// The lists that were there before them and are next to it too.
    known: Vec<usize>,
    shown: Shown,
    opinions: Opinions,
    /// The list of the items worth most, if it is shown.
    composed: Valued,
    /// The lists that are not shown, those worth most first.
    others: Vec<usize>,
    spare: Spare,
}

/// Which list is shown.
#[derive(Debug, Clone, Copy)]
enum Shown {
    /// One of those that were judged.
    Judged(usize),
    Composed,
}

impl Default for Shown {
    fn default() -> Self {
        Self::Judged(0)
    }
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
    /// utility + w · log-probability
    worth: f32,
}

impl Valued {
    fn set(&mut self, source: &'static str, list: &[usize], candidates: usize, log_probability: f32) {
        self.list.refill(list, candidates).expect("a permutation of these candidates is one again");
        (self.source, self.log_probability) = (source, log_probability);
        (self.utility, self.worth) = (0.0, 0.0);
        self.feedback.clear();
    }

    /// Takes what the evaluator says: the logit of each kind for each item, and what the list is worth by them.
    pub(crate) fn judge(&mut self, logits: &[f32], utility: impl FnOnce(&[f32]) -> f32, generator_weight: f32) {
        self.feedback.clear();
        self.feedback.extend(logits.iter().map(|z| 1.0 / (1.0 + (-z).exp())));
        self.utility = utility(&self.feedback);
        self.worth = self.utility + generator_weight * self.log_probability;
    }
}

impl Considered {
    /// Forgets the request before, but for `problem`.
    pub(crate) fn start(&mut self, problem: Option<Problem>) {
        self.problem = problem;
        self.log_probabilities.clear();
        self.lists.clear();
        (self.judged, self.exchanged) = (0, None);
        self.rules = None;
        self.shown = Shown::default();
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
            self.judged = 0;
        }
    }

    /// Takes log P̂, `[candidates, positions]`.
    pub(crate) fn set_log_probabilities(&mut self, log_probabilities: &[f32], positions: usize) {
        self.log_probabilities.extend_from_slice(log_probabilities);
        self.positions = positions;
    }

    /// Takes what the lists that follow keep.
    pub(crate) fn set_rules(&mut self, rules: Rules) {
        self.rules = Some(rules);
    }

    /// Adds a list that a decoder proposed.
    pub(crate) fn propose(&mut self, Proposal { decoder, found }: &Proposal) {
        let candidates = self.candidates();
        self.lists.next(Valued::default).set(decoder.name(), found.list.as_slice(), candidates, found.log_probability);
    }

    /// Adds a list that came with the call.
    pub(crate) fn give(&mut self, list: &Permutation) {
        let (candidates, log_probability) = (self.candidates(), self.log_probability_of(list.iter()));
        self.lists.next(Valued::default).set(GIVEN, list.as_slice(), candidates, log_probability);
    }

    /// The lists that the evaluator has not seen yet, in the order in which they were proposed.
    pub(crate) fn unjudged(&self) -> &[Valued] {
        &self.lists.as_slice()[self.judged..]
    }

    /// The same, to be judged.
    pub(crate) fn judge(&mut self) -> &mut [Valued] {
        let lists = self.lists.as_mut_slice();
        let from = std::mem::replace(&mut self.judged, lists.len());
        &mut lists[from..]
    }

    /// The list worth most; of equals the one proposed first.
    fn best(&self) -> Option<usize> {
        let lists = self.lists.as_slice();
        (0..lists.len()).rev().max_by(|a, b| lists[*a].worth.total_cmp(&lists[*b].worth))
    }

    /// Adds the lists next to the one worth most, of [`Exchanges::find`], that are not there yet; none if its neighbours are there
    /// already.
    pub(crate) fn exchange(&mut self, most: usize) {
        let best = self.best();
        if best == self.exchanged {
            return;
        }
        self.exchanged = best;
        let Some(best) = best else { return };
        let rules = self.rules.take().expect("rules come before the lists that keep them");
        let mut exchanges = std::mem::take(&mut self.exchanges);
        let candidates = (0..self.candidates()).filter(|candidate| !rules.is_excluded(*candidate));
        let list = self.lists.as_slice()[best].list.as_slice();
        let log_probability = |index: usize, place: usize| self.log_probability(index, place);
        exchanges.find(list, candidates, most, log_probability, |list| rules.are_kept(list));
        // Only lists that are next to it too can be among those found.
        self.known.clear();
        self.known.extend((0..self.lists.as_slice().len()).filter(|other| {
            let other = self.lists.as_slice()[*other].list.as_slice();
            other.iter().zip(list).filter(|(a, b)| a != b).count() <= 2
        }));
        for list in exchanges.found() {
            let lists = self.lists.as_slice();
            if self.known.iter().all(|known| lists[*known].list.as_slice() != list) {
                let (candidates, log_probability) = (self.candidates(), self.log_probability_of(list.iter().copied()));
                self.lists.next(Valued::default).set(EXCHANGED, list, candidates, log_probability);
            }
        }
        (self.exchanges, self.rules) = (exchanges, Some(rules));
    }

    /// Shows the list worth most; of equals the one proposed first.
    pub(crate) fn choose(&mut self) -> Result<(), Problem> {
        finite("worth of a list", self.lists.as_slice().iter().map(|list| &list.worth))?;
        self.shown = Shown::Judged(self.best().unwrap_or_default());
        Ok(())
    }

    /// What each candidate is worth over all the lists in which it stands, as [`Opinions::conclude`], and the rules that the lists keep.
    pub(crate) fn worths(
        &mut self,
        kinds: usize,
        utility: impl Fn(&[f32]) -> f32,
        generator_weight: f32,
    ) -> Result<(&[f32], &Rules), Problem> {
        let candidates = self.candidates();
        let mut opinions = std::mem::take(&mut self.opinions);
        opinions.start(candidates, kinds);
        for Valued { list, feedback, .. } in self.lists.as_slice() {
            opinions.hear(list, feedback, |index, place| self.log_probability(index, place));
        }
        self.opinions = opinions;
        let worths = self.opinions.conclude(self.positions, utility, generator_weight)?;
        Ok((worths, self.rules.as_ref().expect("rules come before the lists that keep them")))
    }

    /// Shows `list`, made by the [`Self::worths`] of its items.
    pub(crate) fn show(&mut self, list: &Permutation, utility: impl FnOnce(&[f32]) -> f32) {
        if let Some(judged) = self.lists.as_slice().iter().position(|valued| valued.list == *list) {
            self.shown = Shown::Judged(judged);
            return;
        }
        let (candidates, log_probability) = (self.candidates(), self.log_probability_of(list.iter()));
        let Self { composed, opinions, .. } = self;
        composed.set(COMPOSED, list.as_slice(), candidates, log_probability);
        list.iter().for_each(|index| composed.feedback.extend_from_slice(opinions.feedback(index)));
        composed.utility = utility(&composed.feedback);
        self.shown = Shown::Composed;
    }

    /// What is shown, if there is anything to show.
    fn shown(&self) -> Option<&Valued> {
        match self.shown {
            Shown::Judged(index) => self.lists.as_slice().get(index),
            Shown::Composed => Some(&self.composed),
        }
    }

    /// It again, if nothing went wrong; the error of `request` if something did.
    pub(crate) fn sound(&mut self, request: &Request) -> Result<&mut Self, RerankError> {
        match self.problem.take() {
            None => Ok(self),
            Some(problem) => Err(problem.of(request)),
        }
    }

    /// The list to show and the `alternatives` that are worth most of the others, into `ranking`.
    pub(crate) fn answer(&mut self, request: &Request, alternatives: usize, ranking: &mut Ranking) {
        let (mut others, mut spare) = (std::mem::take(&mut self.others), std::mem::take(&mut self.spare));
        let (lists, shown) = (self.lists.as_slice(), self.shown().expect("a list was proposed"));
        others.clear();
        if alternatives > 0 {
            // A composed list is none of them.
            others.extend((0..lists.len()).filter(|index| !std::ptr::eq(&lists[*index], shown)));
            // Of lists worth the same the one proposed first comes first.
            let before = |a: &usize, b: &usize| lists[*b].worth.total_cmp(&lists[*a].worth).then(a.cmp(b));
            others.sort_unstable_by(before);
            others.truncate(alternatives);
        }

        request.request_id().clone_into(&mut ranking.request_id);
        self.score(request, shown, &mut ranking.best, &mut spare);
        fit(&mut ranking.alternatives, others.len(), &mut spare.lists);
        for (index, to) in others.iter().zip(&mut ranking.alternatives) {
            self.score(request, &lists[*index], to, &mut spare);
        }
        (self.others, self.spare) = (others, spare);
    }

    /// log P̂, `[candidates, positions]`, and the number of positions.
    pub(crate) fn log_probabilities(&self) -> (&[f32], usize) {
        (&self.log_probabilities, self.positions)
    }

    /// All of it.
    pub(crate) fn trace(&self, request: &Request) -> Trace {
        Trace {
            chosen: self.shown().map(|shown| self.scored(request, shown)).unwrap_or_default(),
            log_probabilities: self.log_probabilities.clone(),
            positions: self.positions,
            proposals: self.scored_lists(request),
        }
    }

    /// Every list, in the order in which they were proposed.
    pub(crate) fn scored_lists(&self, request: &Request) -> Vec<ScoredList> {
        self.lists.as_slice().iter().map(|list| self.scored(request, list)).collect()
    }

    fn scored(&self, request: &Request, valued: &Valued) -> ScoredList {
        let mut scored = ScoredList::default();
        self.score(request, valued, &mut scored, &mut Spare::default());
        scored
    }

    fn score(&self, request: &Request, valued: &Valued, to: &mut ScoredList, spare: &mut Spare) {
        let kinds = valued.feedback.len().checked_div(valued.list.len()).unwrap_or(0);
        fit(&mut to.items, valued.list.len(), &mut spare.items);
        for ((place, index), item) in valued.list.iter().enumerate().zip(&mut to.items) {
            item.id.clone_from(&request.candidates()[index].id);
            (item.index, item.position) = (index, place + 1);
            item.p = self.log_probability(index, place).exp();
            item.feedback.clear();
            item.feedback.extend_from_slice(&valued.feedback[place * kinds..][..kinds]);
        }
        // The sums of an empty list are −0.
        to.utility = valued.utility + 0.0;
        to.log_probability = valued.log_probability + 0.0;
        to.source = valued.source;
    }

    fn candidates(&self) -> usize {
        self.log_probabilities.len() / self.positions
    }

    fn log_probability(&self, index: usize, place: usize) -> f32 {
        self.log_probabilities[index * self.positions + place]
    }

    /// Σ_j log P̂ of the items of a list where they stand.
    fn log_probability_of(&self, list: impl Iterator<Item = usize>) -> f32 {
        let logs = list.enumerate().map(|(place, index)| f64::from(self.log_probability(index, place)));
        logs.sum::<f64>() as f32
    }
}
