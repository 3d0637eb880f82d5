//! One pass: a few requests through the generator together, all their lists through the evaluator together.
//!
//! ```text
//!   requests ─ encode ─→ batch ─ generator ─→ log P̂, states ─ decoders ─→ lists ─ evaluator ─→ worth ─ choose ─→ what is shown
//!                                                                           ↑                  │
//!                                                                           └──── exchanges ←──┘
//! ```
//!
//! A request that fails at any step is left out of those that follow; no row of the batch depends on another request's.

use std::sync::Arc;

use nar4rec_decoding::{DecodeError, Decoder, Greedy, Proposals, Scores, Workspace};
use nar4rec_evaluator::EvaluatorConfig;
use nar4rec_features::FeatureBatch;
use nar4rec_generator::GeneratorConfig;
use nar4rec_layers::{FeatureEmbedding, ItemScratch, ItemStates};
use nar4rec_model::{Choice, ExchangeConfig};
use nar4rec_slate::{Permutation, Request};
use nar4rec_tensor::{Eager, Exec, Forward, Segments, Watched};

use super::{Network, Reranker};
use crate::{
    Observer, Problem, Stage,
    considered::Considered,
    error::{LOG_PROBABILITY, finite},
    scratch::Scratch,
};

/// Numbers in the widest states of a pass: 512 KiB of them, half of the second-level cache of the smallest CPU aimed at. The
/// generator takes 0.28 ms for a request of `kuaishou` alone, as much in a pass of four and 0.39 ms in a pass of 64.
const NUMBERS_PER_PASS: usize = 1 << 17;

/// How much of the cache a request wants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Footprint {
    /// Numbers in the generator's widest states of one candidate.
    per_candidate: usize,
    /// Numbers in the evaluator's widest states of one list.
    per_list: usize,
    /// Lists that are judged of a request at first.
    lists: usize,
    /// Items in a list.
    length: usize,
    exchanges: ExchangeConfig,
}

impl Footprint {
    /// Of requests to these networks, with so many lists for each that are improved so.
    pub(super) fn new(
        generator: &GeneratorConfig,
        evaluator: &EvaluatorConfig,
        lists: usize,
        exchanges: ExchangeConfig,
    ) -> Self {
        let length = generator.list_length;
        Self {
            per_candidate: generator.feed_forward.max(3 * generator.width),
            per_list: length * evaluator.feed_forward.max(3 * evaluator.width),
            lists,
            length,
            exchanges,
        }
    }

    fn of(self, candidates: usize) -> usize {
        let lists = self.lists.max(self.exchanges.most_lists(self.length, candidates));
        self.per_list.saturating_mul(lists).max(self.per_candidate * candidates)
    }

    /// How many requests of so many candidates fit a pass.
    pub(super) fn requests(self, candidates: usize) -> usize {
        (NUMBERS_PER_PASS / self.of(candidates)).max(1)
    }
}

/// Where the lists come from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted<'a> {
    /// There are none: P̂ is all that is wanted.
    Nothing,
    /// From the model's decoders, with this many items.
    Proposals(usize),
    /// From the caller.
    Given(&'a [Permutation]),
}

/// The requests of each pass: enough to fill the kernels, few enough to stay in cache. One that does not is a pass of its own.
pub(super) fn passes(mut requests: &[Request], footprint: Footprint) -> impl Iterator<Item = &[Request]> {
    std::iter::from_fn(move || {
        let mut numbers = 0_usize;
        let fits = requests.iter().take_while(|request| {
            numbers = numbers.saturating_add(footprint.of(request.candidates().len()));
            numbers <= NUMBERS_PER_PASS
        });
        let (pass, rest) = requests.split_at(fits.count().max(1).min(requests.len()));
        requests = rest;
        (!pass.is_empty()).then_some(pass)
    })
}

impl Reranker {
    /// One pass over a few requests: afterwards `scratch.considered` has what is wanted of each, with what is shown chosen.
    pub(super) fn pass(
        &self,
        requests: &[Request],
        wanted: Wanted<'_>,
        scratch: &mut Scratch,
        observer: &mut impl Observer,
    ) {
        observer.enter(Stage::Encode);
        self.encode(requests, scratch);
        observer.enter(Stage::Generate);
        self.generate(requests, wanted, scratch, observer);
        observer.enter(Stage::Evaluate);
        self.value(scratch, observer);
        if let Wanted::Proposals(_) = wanted {
            self.improve(scratch, observer);
        }
        observer.enter(Stage::Answer);
        let Scratch { considered, decoding, .. } = scratch;
        let considered = considered.as_mut_slice().iter_mut().zip(requests);
        for (considered, request) in considered.filter(|(considered, _)| considered.is_sound()) {
            let chosen = self.choose(request, wanted, considered, decoding);
            considered.check(chosen);
        }
    }

    /// Fills the batch with the requests that can be encoded.
    fn encode(&self, requests: &[Request], scratch: &mut Scratch) {
        let Scratch { batch, encoded, encoding, considered, .. } = scratch;
        batch.clear();
        considered.clear();
        for request in requests {
            let result = self.encoder.encode_into(request, &self.catalog, encoded, encoding);
            if result.is_ok() {
                batch.push(encoded, &self.catalog);
            }
            considered.next(Considered::default).start(result.err().map(Problem::from));
        }
    }

    /// Runs the generator on the batch and finds the lists of each of its requests.
    fn generate(&self, requests: &[Request], wanted: Wanted<'_>, scratch: &mut Scratch, observer: &mut impl Observer) {
        let Network { layers, weights, items } = &self.generator;
        let mut ex = Watched { inner: Eager::new(weights, &mut scratch.generator), watch: &mut *observer };
        let segments = ex.segments(scratch.batch.lengths());
        let x = states(layers.input(), items.as_ref(), &mut ex, (&scratch.batch, &segments), &mut scratch.items);
        let output = layers.forward_from(&mut ex, (x, segments), &self.first_positions);
        let ex = ex.inner;
        observer.enter(Stage::Decode);
        let (log_probabilities, states) = (ex.data(output.log_probabilities), ex.data(output.candidates));
        let (positions, width) = (self.list_length(), layers.config().width);
        let mut segments = output.segments.iter();
        let considered = scratch.considered.as_mut_slice().iter_mut().zip(requests);
        for (considered, request) in considered.filter(|(considered, _)| considered.is_sound()) {
            let rows = segments.next().expect("every request that was encoded has a segment");
            let logs = &log_probabilities[rows.start * positions..rows.end * positions];
            let states = &states[rows.start * width..rows.end * width];
            considered.first_row = rows.start;
            considered.set_log_probabilities(logs, positions);
            let memory = (&mut scratch.decoding, &mut scratch.proposals);
            let found = self.lists(request, (logs, states), wanted, considered, memory);
            considered.check(found);
        }
    }

    /// Finds the lists of one request, from its rows of the generator's output.
    fn lists(
        &self,
        request: &Request,
        (log_probabilities, states): (&[f32], &[f32]),
        wanted: Wanted<'_>,
        considered: &mut Considered,
        (workspace, proposals): (&mut Workspace, &mut Proposals),
    ) -> Result<(), Problem> {
        let scores = scores(request, log_probabilities, states, self.list_length())?;
        match wanted {
            Wanted::Nothing => {}
            Wanted::Proposals(length) => {
                let rules = self.attributes.rules(request)?;
                let proposed = self.proposals.propose(&scores, &rules, length, workspace, proposals);
                proposed.map_err(|error| Problem::of_decoding(error, request))?;
                considered.set_rules(rules);
                proposals.iter().for_each(|proposal| considered.propose(proposal));
            }
            Wanted::Given(lists) => {
                for (place, list) in lists.iter().enumerate() {
                    self.check(place, list, request.candidates().len())?;
                    considered.give(list);
                }
            }
        }
        Ok(())
    }

    /// Whether a list of the caller's is one the networks can judge.
    fn check(&self, place: usize, list: &Permutation, candidates: usize) -> Result<(), Problem> {
        let (length, most) = (list.len(), self.list_length());
        if length > most {
            return Err(Problem::ListTooLong { list: place, length, most });
        }
        match list.iter().find(|index| *index >= candidates) {
            Some(index) => Err(Problem::NoSuchCandidate { list: place, index, candidates }),
            None => Ok(()),
        }
    }

    /// Chooses what is shown of a request whose lists are judged.
    fn choose(
        &self,
        request: &Request,
        wanted: Wanted<'_>,
        considered: &mut Considered,
        workspace: &mut Workspace,
    ) -> Result<(), Problem> {
        considered.choose()?;
        let (Choice::Items, Wanted::Proposals(length)) = (self.choice, wanted) else { return Ok(()) };
        let layers = &self.evaluator.layers;
        let utility = |feedback: &[f32]| layers.utility(feedback);
        let (worths, rules) = considered.worths(layers.config().feedback.len(), utility, self.generator_weight)?;
        let scores = Scores::new(worths, &[], request.candidates().len(), self.list_length());
        match scores.and_then(|scores| Decoder::Greedy(Greedy {}).decode(&scores, rules, length, 0, workspace)) {
            Ok(found) => considered.show(&found[0].list, utility),
            // The list worth most keeps the rules and is there already.
            Err(DecodeError::SearchLimit { .. }) => {}
            Err(error) => return Err(Problem::of_decoding(error, request)),
        }
        Ok(())
    }

    /// Exchanges items of the lists worth most, as long as the evaluator approves.
    fn improve(&self, scratch: &mut Scratch, observer: &mut impl Observer) {
        for _ in 0..self.exchanges.rounds {
            observer.enter(Stage::Decode);
            let considered = scratch.considered.as_mut_slice().iter_mut();
            considered.for_each(|considered| considered.exchange(self.exchanges.candidates));
            observer.enter(Stage::Evaluate);
            if !self.value(scratch, observer) {
                break;
            }
        }
    }

    /// Has the evaluator judge all lists at once that it has not seen. Whether there were any.
    fn value(&self, scratch: &mut Scratch, observer: &mut impl Observer) -> bool {
        let Scratch { lists, considered, .. } = scratch;
        lists.clear();
        for request in considered.as_slice() {
            for valued in request.unjudged() {
                lists.push(valued.list.iter().map(|index| (request.first_row + index) as u32));
            }
        }
        if lists.segments().count() == 0 {
            return false;
        }
        let Network { layers, weights, items } = &self.evaluator;
        let mut ex = Watched { inner: Eager::new(weights, &mut scratch.evaluator), watch: observer };
        let segments = ex.segments(scratch.batch.lengths());
        let x = states(layers.input(), items.as_ref(), &mut ex, (&scratch.batch, &segments), &mut scratch.items);
        let logits = layers.forward_from(&mut ex, x, lists);
        let kinds = layers.config().feedback.len();
        let mut rest = ex.data(logits);
        for request in considered.as_mut_slice() {
            let items: usize = request.unjudged().iter().map(|valued| valued.list.len()).sum();
            let mut logits = rest.split_off(..items * kinds).expect("a logit for every item and kind");
            let found = finite("logit of the evaluator", logits);
            for valued in request.judge() {
                let own = logits.split_off(..valued.list.len() * kinds).expect("a logit for every item and kind");
                valued.judge(own, |feedback| layers.utility(feedback), self.generator_weight);
            }
            request.check(found);
        }
        true
    }
}

/// The states of a batch's candidates, with what is known of their items beforehand.
fn states<F: Forward>(
    input: &FeatureEmbedding,
    items: Option<&ItemStates>,
    ex: &mut F,
    (batch, segments): (&FeatureBatch, &Arc<Segments>),
    scratch: &mut ItemScratch,
) -> F::Value {
    match items {
        Some(items) => input.forward_with_items(ex, (batch, segments), items, scratch),
        None => input.forward(ex, batch, segments),
    }
}

/// What decoders read, if all of it is finite.
fn scores<'a>(
    request: &Request,
    log_probabilities: &'a [f32],
    states: &'a [f32],
    positions: usize,
) -> Result<Scores<'a>, Problem> {
    // To a decoder −∞ is a cell that must not be used. The generator has none: here it is an overflow.
    finite(LOG_PROBABILITY, log_probabilities)?;
    let scores = Scores::new(log_probabilities, states, request.candidates().len(), positions);
    scores.map_err(|error| Problem::of_decoding(error, request))
}

#[cfg(test)]
mod tests {
    use nar4rec_slate::{Candidate, Features, User};

    use super::*;

    fn request(candidates: usize) -> Request {
        let candidate = |index: usize| Candidate { id: index.to_string(), score: None, features: Features::new() };
        Request::new("r", User::default(), (0..candidates).map(candidate).collect()).unwrap()
    }

    #[test]
    fn a_pass_is_bounded_by_candidates_and_by_lists() {
        let sizes_with = |exchanges: ExchangeConfig, lists: usize, candidates: &[usize]| {
            let requests: Vec<Request> = candidates.iter().copied().map(request).collect();
            let generator = GeneratorConfig { list_length: 4, width: 512, feed_forward: 2048, ..Default::default() };
            let evaluator = EvaluatorConfig { width: 1024, feed_forward: 1024, ..Default::default() };
            let footprint = Footprint::new(&generator, &evaluator, lists, exchanges);
            passes(&requests, footprint).map(<[Request]>::len).collect::<Vec<_>>()
        };
        let sizes = |lists, candidates: &[usize]| sizes_with(ExchangeConfig::default(), lists, candidates);
        // 64 candidates, or ten lists of four items, each three times 1024 wide.
        assert_eq!(sizes(1, &[]), [0; 0]);
        assert_eq!(sizes(1, &[6; 12]), [10, 2]);
        assert_eq!(sizes(1, &[8; 20]), [8, 8, 4]);
        assert_eq!(sizes(1, &[1, 64, 58, 6, 6, 200, 65]), [1, 1, 2, 1, 1, 1]);
        assert_eq!(sizes(5, &[8; 5]), [2, 2, 1]);
        assert_eq!(sizes(usize::MAX, &[8; 2]), [1, 1]);
        // Of six candidates two may come in at each of four places, and two change places in six ways: 14 lists.
        let exchanging = |rounds, candidates| ExchangeConfig { rounds, candidates };
        assert_eq!(sizes_with(exchanging(1, 9), 1, &[6; 2]), [1, 1]);
        assert_eq!(sizes_with(exchanging(0, 9), 1, &[6; 2]), [2]);
        assert_eq!(sizes_with(exchanging(1, 0), 1, &[6; 2]), [1, 1]);
        assert_eq!(sizes_with(exchanging(1, usize::MAX), 1, &[4; 3]), [1, 1, 1]);
        assert_eq!(sizes_with(exchanging(1, 9), 12, &[6; 2]), [1, 1]);
    }

    #[test]
    fn nothing_is_decoded_from_numbers_that_are_not_finite() {
        let request = request(2);
        let problem = |logs: [f32; 2], states: [f32; 4]| scores(&request, &logs, &states, 1).err();
        assert_eq!(problem([-1e30, 0.0], [1e30, 0.0, -1.0, 2.0]), None);
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let is_named = |problem: Option<Problem>, name: &str| match problem {
                Some(Problem::NotFinite { what, found }) => what == name && found.to_bits() == bad.to_bits(),
                _ => false,
            };
            assert!(is_named(problem([0.0, bad], [0.0; 4]), LOG_PROBABILITY), "{bad}");
            assert!(is_named(problem([0.0; 2], [0.0, 0.0, bad, 0.0]), "candidate state of the generator"), "{bad}");
        }
    }
}
