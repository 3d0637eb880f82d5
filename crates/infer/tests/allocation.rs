//! After warm-up a request allocates nothing, from its features to the ids of its best list.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod made;

use made::{LENGTH, request, reranker};
use nar4rec_infer::{Options, Ranking, Request, Reranker};
use nar4rec_model::{Choice, ExchangeConfig};

/// Requests of many sizes, none above 60 candidates.
fn requests(seeds: std::ops::Range<u64>) -> Vec<Request> {
    seeds.map(|seed| request(seed, 1 + (seed as usize * 17) % 60)).collect()
}

/// Allocations of reranking each of `requests` once.
fn allocations(reranker: &Reranker, requests: &[Request], options: Options, ranking: &mut Ranking) -> u64 {
    let measured = allocation_counter::measure(|| {
        for request in requests {
            reranker.rerank_into(request, options, ranking).unwrap();
        }
    });
    measured.count_total
}

#[test]
fn nothing_is_allocated_for_a_request_that_is_no_larger_than_those_before() {
    for narrow in [false, true] {
        let reranker = reranker(1, |model| {
            model.config.pipeline.choice = Choice::Items;
            if narrow {
                *model = model.clone().narrowed();
            }
        });
        for alternatives in [0, 3] {
            let options = Options { length: None, alternatives };
            let mut ranking = Ranking::default();
            let largest: Vec<Request> = (0..4).map(|seed| request(900 + seed, 60)).collect();
            assert!(allocations(&reranker, &largest, options, &mut ranking) > 0, "the counter counts");
            // The longest id and the most features are met by chance; a few dozen requests have them.
            allocations(&reranker, &requests(0..150), options, &mut ranking);
            assert_eq!(allocations(&reranker, &requests(150..450), options, &mut ranking), 0, "int8: {narrow}");
            assert_eq!(ranking.best.items.len(), LENGTH.min(1 + (449 * 17) % 60));
        }
    }
}

/// How many lists exchanges find depends on how often they help.
#[test]
fn nothing_is_allocated_for_exchanges_of_no_more_lists_than_before() {
    let reranker = reranker(1, |model| model.config.pipeline.exchanges = ExchangeConfig { rounds: 99, candidates: 10 });
    let mut ranking = Ranking::default();
    let options = Options { length: None, alternatives: 3 };
    assert!(allocations(&reranker, &requests(0..60), options, &mut ranking) > 0, "the counter counts");
    assert_eq!(allocations(&reranker, &requests(0..60), options, &mut ranking), 0);
}

#[test]
fn a_ranking_that_is_used_again_holds_nothing_of_the_request_before() {
    let reranker = reranker(2, |model| model.config.pipeline.choice = Choice::Items);
    let mut ranking = Ranking::default();
    for request in requests(0..40) {
        let options = Options { length: None, alternatives: (request.candidates().len() % 5) };
        reranker.rerank_into(&request, options, &mut ranking).unwrap();
        assert_eq!(ranking, reranker.rerank_with(&request, options).unwrap());
    }
}
