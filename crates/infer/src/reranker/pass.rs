//! One pass: a few requests through the generator together, all their lists through the evaluator together.
//!
//! ```text
//!   requests ─ encode ─→ batch ─ generator ─→ log P̂, states ─ decoders ─→ lists ─ evaluator ─→ worth ─ choose ─→ best
//! ```
//!
//! A request that fails at any step is left out of those that follow; no row of the batch depends on another request's.

use std::iter::once;

use nar4rec_decoding::{Proposals, Scores, Workspace};
use nar4rec_evaluator::Lists;
use nar4rec_slate::{MAX_CANDIDATES, Permutation, Request};
use nar4rec_tensor::{Eager, Exec};

use super::Reranker;
use crate::{
    Problem, RerankError,
    considered::{Considered, Valued},
    error::{LOG_PROBABILITY, finite},
    scratch::Scratch,
};

/// Requests that share one pass of the networks: enough to fill the kernels, few enough to stay in cache.
const REQUESTS_PER_PASS: usize = 16;

/// Candidates that share one pass, so that many large requests need no more memory than one of the largest.
const ROWS_PER_PASS: usize = MAX_CANDIDATES;

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

/// The requests of each pass.
pub(super) fn passes(mut requests: &[Request]) -> impl Iterator<Item = &[Request]> {
    std::iter::from_fn(move || {
        let mut rows = 0;
        let fits = requests.iter().take(REQUESTS_PER_PASS).take_while(|request| {
            rows += request.candidates().len();
            rows <= ROWS_PER_PASS
        });
        let (pass, rest) = requests.split_at(fits.count());
        requests = rest;
        (!pass.is_empty()).then_some(pass)
    })
}

impl Reranker {
    /// One pass over a few requests: what is wanted of each, with the best list chosen.
    pub(super) fn pass<'r>(
        &self,
        requests: &'r [Request],
        wanted: Wanted<'_>,
        scratch: &mut Scratch,
    ) -> Vec<Result<Considered<'r>, RerankError>> {
        let encoded = self.encode(requests, scratch);
        let mut considered = self.generate(requests, encoded, wanted, scratch);
        self.value(&mut considered, scratch);
        let chosen = considered.into_iter().map(|considered| considered?.choose());
        chosen.zip(requests).map(|(chosen, request)| chosen.map_err(|problem| problem.of(request))).collect()
    }

    /// Fills the batch with the requests that can be encoded.
    fn encode(&self, requests: &[Request], scratch: &mut Scratch) -> Vec<Result<(), Problem>> {
        let Scratch { batch, encoded, .. } = scratch;
        batch.clear();
        let results = requests.iter().map(|request| {
            self.encoder.encode_into(request, &self.catalog, encoded)?;
            batch.push(encoded, &self.catalog);
            Ok(())
        });
        results.collect()
    }

    /// Runs the generator on the batch and finds the lists of each of its requests.
    fn generate<'r>(
        &self,
        requests: &'r [Request],
        encoded: Vec<Result<(), Problem>>,
        wanted: Wanted<'_>,
        scratch: &mut Scratch,
    ) -> Vec<Result<Considered<'r>, Problem>> {
        let (generator, weights) = &self.generator;
        let mut ex = Eager::new(weights, &mut scratch.generator);
        let output = generator.forward(&mut ex, &scratch.batch);
        let (log_probabilities, states) = (ex.data(output.log_probabilities), ex.data(output.candidates));
        let (positions, width) = (self.list_length(), generator.config().width);
        let mut segments = output.segments.iter();
        let considered = requests.iter().zip(encoded).map(|(request, encoded)| {
            encoded?;
            let rows = segments.next().expect("every request that was encoded has a segment");
            let logs = &log_probabilities[rows.start * positions..rows.end * positions];
            let states = &states[rows.start * width..rows.end * width];
            let memory = (&mut scratch.decoding, &mut scratch.proposals);
            let lists = self.lists(request, (logs, states), wanted, memory)?;
            let first_row = rows.start;
            Ok(Considered { request, first_row, log_probabilities: logs.to_vec(), positions, lists, best: 0 })
        });
        considered.collect()
    }

    /// The lists of one request, from its rows of the generator's output.
    fn lists(
        &self,
        request: &Request,
        (log_probabilities, states): (&[f32], &[f32]),
        wanted: Wanted<'_>,
        (workspace, proposals): (&mut Workspace, &mut Proposals),
    ) -> Result<Vec<Valued>, Problem> {
        let scores = scores(request, log_probabilities, states, self.list_length())?;
        match wanted {
            Wanted::Nothing => Ok(Vec::new()),
            Wanted::Proposals(length) => {
                let rules = self.attributes.rules(request)?;
                let proposed = self.proposals.propose(&scores, &rules, length, workspace, proposals);
                proposed.map_err(|error| Problem::of_decoding(error, request))?;
                Ok(proposals.iter().map(Valued::proposed).collect())
            }
            Wanted::Given(lists) => {
                let checked = lists.iter().enumerate().map(|(place, list)| {
                    self.check(place, list, request.candidates().len())?;
                    Ok(Valued::given(list, &scores))
                });
                checked.collect()
            }
        }
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

    /// Has the evaluator judge all lists at once.
    fn value(&self, considered: &mut [Result<Considered<'_>, Problem>], scratch: &mut Scratch) {
        let (mut rows, mut ends) = (Vec::new(), Vec::new());
        for request in considered.iter().flatten() {
            for valued in &request.lists {
                rows.extend(valued.list.iter().map(|index| (request.first_row + index) as u32));
                ends.push(rows.len());
            }
        }
        if ends.is_empty() {
            return;
        }
        let starts = once(0).chain(ends.iter().copied());
        let batched = Lists::new(starts.zip(&ends).map(|(start, &end)| &rows[start..end]));
        let (evaluator, weights) = &self.evaluator;
        let mut ex = Eager::new(weights, &mut scratch.evaluator);
        let logits = evaluator.forward(&mut ex, &scratch.batch, &batched);
        let kinds = evaluator.config().feedback.len();
        let mut rest = ex.data(logits);
        for slot in considered {
            let Ok(request) = slot else { continue };
            let items: usize = request.lists.iter().map(|valued| valued.list.len()).sum();
            let logits = rest.split_off(..items * kinds).expect("a logit for every item and kind");
            match finite("logit of the evaluator", logits) {
                Ok(()) => self.judge(&mut request.lists, logits),
                Err(problem) => *slot = Err(problem),
            }
        }
    }

    /// Gives the lists of one request what the evaluator says of them, `[items of all lists, kinds]`.
    fn judge(&self, lists: &mut [Valued], mut logits: &[f32]) {
        let evaluator = &self.evaluator.0;
        let kinds = evaluator.config().feedback.len();
        for valued in lists {
            let own = logits.split_off(..valued.list.len() * kinds).expect("a logit for every item and kind");
            let feedback: Vec<f32> = own.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect();
            let utility = evaluator.utility(&feedback);
            valued.set(feedback, utility, self.generator_weight);
        }
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
    fn a_pass_is_bounded_in_requests_and_in_candidates() {
        let sizes = |candidates: &[usize]| {
            let requests: Vec<Request> = candidates.iter().copied().map(request).collect();
            passes(&requests).map(<[Request]>::len).collect::<Vec<_>>()
        };
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(sizes(&[3; 16]), [16]);
        assert_eq!(sizes(&[3; 35]), [16, 16, 3]);
        assert_eq!(sizes(&[1, MAX_CANDIDATES, MAX_CANDIDATES - 1, 1, 1]), [1, 1, 2, 1]);
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
