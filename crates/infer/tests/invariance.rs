//! What must not matter: who else is in the batch, how candidates are numbered, how many threads call.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::LazyLock;
use std::thread;

use nar4rec_infer::{
    FeatureValue, Isa, Observer, Operation, Options, Problem, Ranking, Request, Reranker, ScoredList, Stage, Trace,
    Watch,
};
use nar4rec_model::{Choice, ExchangeConfig};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;

mod made;

/// One for each instruction set of this CPU and each way to choose: a list, one that is improved, items.
static RERANKERS: LazyLock<Vec<Reranker>> = LazyLock::new(|| {
    let isas = Isa::names().into_iter().map(|name| Isa::named(name).unwrap());
    let ways = [(Choice::List, 0), (Choice::List, 3), (Choice::Items, 0)];
    let all = isas.flat_map(|isa| ways.map(|way| (isa, way)));
    all.map(|(isa, (choice, rounds))| {
        let mut model = made::model(5);
        model.config.pipeline.choice = choice;
        model.config.pipeline.exchanges = ExchangeConfig { rounds, candidates: 7 };
        Reranker::new(model, isa).unwrap()
    })
    .collect()
});

static RERANKER: LazyLock<Reranker> = LazyLock::new(|| made::reranker(5, |_| ()));

#[test]
fn a_reranker_is_shared_between_threads() {
    fn shareable<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}
    shareable::<Reranker>();
}

/// A request that one step or another may refuse.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Good,
    WrongFeature,
    UnknownFeature,
    PinBeyondList,
    Unsatisfiable,
}

fn request_of(kind: Kind, seed: u64, candidates: usize) -> Request {
    let request = made::request(seed, candidates);
    let first = request.candidates()[0].id.clone();
    match kind {
        Kind::Good => request,
        Kind::WrongFeature => {
            let mut candidates = request.candidates().to_vec();
            candidates.last_mut().unwrap().features.insert("price".into(), FeatureValue::from("cheap"));
            Request::new(request.request_id(), request.user().clone(), candidates).unwrap()
        }
        Kind::UnknownFeature => made::constrained(request, r#"{"distinct_neighbours":["colour"]}"#),
        Kind::PinBeyondList => made::constrained(request, &format!(r#"{{"pin":[{{"id":"{first}","position":7}}]}}"#)),
        Kind::Unsatisfiable => {
            let mut candidates = request.candidates().to_vec();
            candidates.iter_mut().for_each(|candidate| {
                candidate.features.insert("author".into(), FeatureValue::from("a0"));
            });
            let request = Request::new(request.request_id(), request.user().clone(), candidates).unwrap();
            made::constrained(request, r#"{"at_most":[{"feature":"author","count":1}]}"#)
        }
    }
}

fn any_request() -> impl Strategy<Value = Request> {
    let kinds = prop::sample::select(vec![
        Kind::Good,
        Kind::Good,
        Kind::WrongFeature,
        Kind::UnknownFeature,
        Kind::PinBeyondList,
        Kind::Unsatisfiable,
    ]);
    (kinds, any::<u64>(), 1_usize..30).prop_map(|(kind, seed, candidates)| request_of(kind, seed, candidates))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_request_in_a_batch_is_the_same_as_alone(
        requests in prop::collection::vec(any_request(), 1..40),
        length in prop::option::of(0..8_usize),
        alternatives in 0..4_usize,
        isa in any::<prop::sample::Index>(),
    ) {
        let reranker = isa.get(&RERANKERS);
        let options = Options { length, alternatives };
        let together = reranker.rerank_batch(&requests, options);
        prop_assert_eq!(together.len(), requests.len());
        for (request, answer) in requests.iter().zip(&together) {
            // Through text, so that the sign of a zero counts.
            prop_assert_eq!(format!("{answer:?}"), format!("{:?}", reranker.rerank_with(request, options)));
        }
        let traces = reranker.trace_batch(&requests, length);
        for (request, trace) in requests.iter().zip(traces) {
            prop_assert_eq!(&trace, &reranker.trace_batch(std::slice::from_ref(request), length)[0]);
        }
    }
}

#[test]
fn every_kind_of_failure_stays_where_it_is() {
    let kinds = [
        Kind::Good,
        Kind::WrongFeature,
        Kind::UnknownFeature,
        Kind::Good,
        Kind::PinBeyondList,
        Kind::Unsatisfiable,
        Kind::Good,
    ];
    let requests: Vec<Request> = kinds.into_iter().zip(0..).map(|(kind, seed)| request_of(kind, seed, 9)).collect();
    let answers = RERANKER.rerank_batch(&requests, Options::default());
    for ((kind, request), answer) in kinds.into_iter().zip(&requests).zip(answers) {
        let name = request.request_id();
        match (kind, answer) {
            (Kind::Good, Ok(ranking)) => assert_eq!(ranking.request_id, name),
            (Kind::Good, Err(error)) => panic!("{error}"),
            (_, Ok(_)) => panic!("{kind:?} got a list"),
            (_, Err(error)) => {
                assert_eq!(error.request_id, name);
                let expected = match kind {
                    Kind::WrongFeature => matches!(error.problem, Problem::Feature(_)),
                    Kind::UnknownFeature => matches!(error.problem, Problem::UnknownFeature { .. }),
                    Kind::PinBeyondList => matches!(error.problem, Problem::PinBeyondList { .. }),
                    _ => matches!(error.problem, Problem::Unsatisfiable { .. }),
                };
                assert!(expected, "{kind:?}: {error}");
            }
        }
    }
    let all_bad = RERANKER.rerank_batch(&requests[1..3], Options::default());
    assert!(all_bad.iter().all(Result::is_err));
    assert!(RERANKER.rerank_batch(&[], Options::default()).is_empty());
}

/// The same candidates in another order.
fn shuffled(request: &Request, seed: u64) -> Request {
    let mut candidates = request.candidates().to_vec();
    candidates.shuffle(&mut Pcg64Mcg::seed_from_u64(seed));
    Request::new(request.request_id(), request.user().clone(), candidates).unwrap()
}

/// The least difference between two candidates' log P̂ at one position.
fn least_gap(trace: &Trace) -> f32 {
    let column = |position: usize| {
        let mut column: Vec<f32> =
            trace.log_probabilities.iter().skip(position).step_by(trace.positions).copied().collect();
        column.sort_by(f32::total_cmp);
        column.windows(2).map(|pair| pair[1] - pair[0]).fold(f32::INFINITY, f32::min)
    };
    (0..trace.positions).map(column).fold(f32::INFINITY, f32::min)
}

/// Sums over candidates run in their order, so numbers are the same up to rounding; where rounding cannot decide between
/// two candidates, lists are the same, those of the sampling decoders too.
#[test]
fn relabelling_candidates_relabels_the_result() {
    let mut compared = 0;
    for seed in 0..60 {
        let request = made::request(seed, 3 + seed as usize % 15);
        let relabelled = shuffled(&request, seed);
        let traces = RERANKER.trace_batch(&[request.clone(), relabelled.clone()], None);
        let [one, other] = &traces.into_iter().map(Result::unwrap).collect::<Vec<_>>()[..] else { unreachable!() };
        if least_gap(one) < 1e-5 {
            continue;
        }
        compared += 1;
        assert_eq!(one.proposals.len(), other.proposals.len(), "seed {seed}");
        for (a, b) in one.proposals.iter().zip(&other.proposals) {
            assert_eq!((ids(a), a.source), (ids(b), b.source), "seed {seed}");
            assert!((a.utility - b.utility).abs() < 1e-4 && (a.log_probability - b.log_probability).abs() < 1e-4);
            let names = |list: &ScoredList, request: &Request| -> Vec<String> {
                list.items.iter().map(|item| request.candidates()[item.index].id.clone()).collect()
            };
            assert_eq!(names(a, &request), names(b, &relabelled));
        }
        assert_eq!(ids(&one.chosen), ids(&other.chosen), "seed {seed}");
    }
    assert!(compared > 40, "only {compared} of 60 requests had no near ties");
}

fn ids(list: &ScoredList) -> Vec<&str> {
    list.items.iter().map(|item| item.id.as_str()).collect()
}

/// What an observer was told: stages, and how many operations began and ended within each.
#[derive(Debug, Default)]
struct Diary {
    stages: Vec<(Stage, [usize; 2])>,
}

impl Watch for Diary {
    fn begin(&mut self) {
        self.stages.last_mut().unwrap().1[0] += 1;
    }

    fn end(&mut self, _: Operation) {
        self.stages.last_mut().unwrap().1[1] += 1;
    }
}

impl Observer for Diary {
    fn enter(&mut self, stage: Stage) {
        self.stages.push((stage, [0; 2]));
    }
}

#[test]
fn an_observer_sees_every_stage_and_changes_nothing() {
    for seed in 0..10 {
        let request = made::request(seed, 2 + seed as usize);
        let (mut diary, mut ranking) = (Diary::default(), Ranking::default());
        RERANKER.rerank_observed(&request, Options::default(), &mut ranking, &mut diary).unwrap();
        assert_eq!(format!("{ranking:?}"), format!("{:?}", RERANKER.rerank(&request).unwrap()));
        assert!(diary.stages.iter().map(|(stage, _)| *stage).eq(Stage::ALL));
        for (stage, [begun, ended]) in diary.stages {
            assert_eq!(begun, ended);
            assert_eq!(begun > 0, [Stage::Generate, Stage::Evaluate].contains(&stage), "{stage:?}");
        }
    }
}

#[test]
fn an_observer_sees_decoding_and_judging_again_for_every_round_of_exchanges() {
    let improving =
        made::reranker(5, |model| model.config.pipeline.exchanges = ExchangeConfig { rounds: 2, candidates: 3 });
    let mut rounds = 0;
    for seed in 0..10 {
        let mut diary = Diary::default();
        let request = made::request(seed, 12);
        improving.rerank_observed(&request, Options::default(), &mut Ranking::default(), &mut diary).unwrap();
        let mut stages = diary.stages.iter().map(|(stage, _)| *stage);
        assert!(stages.by_ref().take(2).eq([Stage::Encode, Stage::Generate]));
        assert_eq!(stages.next_back(), Some(Stage::Answer));
        let pairs: Vec<Stage> = stages.collect();
        assert!(pairs.chunks(2).all(|pair| pair == [Stage::Decode, Stage::Evaluate]));
        rounds = rounds.max(pairs.len() / 2 - 1);
    }
    assert_eq!(rounds, 2);
}

#[test]
fn threads_that_share_a_reranker_get_what_one_gets() {
    let requests: Vec<Request> = (0..48).map(|seed| made::request(seed, 1 + seed as usize)).collect();
    let options = Options { alternatives: 3, ..Options::default() };
    let alone = format!("{:?}", RERANKER.rerank_batch(&requests, options));
    for threads in [1, 2, 8] {
        let reranker = made::reranker(5, |_| ());
        thread::scope(|scope| {
            let worker = |part: usize| {
                let (reranker, requests) = (&reranker, &requests);
                // Each cuts the requests into batches of another size.
                let answer = move || -> Vec<_> {
                    requests.chunks(1 + 3 * part).flat_map(|batch| reranker.rerank_batch(batch, options)).collect()
                };
                scope.spawn(answer)
            };
            let workers: Vec<_> = (0..threads).map(worker).collect();
            for worker in workers {
                assert_eq!(format!("{:?}", worker.join().unwrap()), alone, "{threads} threads");
            }
        });
    }
}
