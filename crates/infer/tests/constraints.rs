//! Constraints are kept, or the answer says which cannot be: against a search through all lists, and by hand.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use nar4rec_infer::{
    AtMost, Constraints, FeatureValue, Features, Item, Options, Pin, Problem, Request, Reranker, ScoredList,
};
use nar4rec_model::{Choice, ExchangeConfig};
use proptest::{collection::vec, prelude::*, sample::select};

mod made;

static RERANKER: LazyLock<Reranker> =
    LazyLock::new(|| made::reranker(5, |model| model.config.pipeline.choice = Choice::Items));

/// The list worth most; the same once improved.
static CHOOSING: LazyLock<[Reranker; 2]> = LazyLock::new(|| {
    [0, 1].map(|rounds| {
        made::reranker(5, |model| model.config.pipeline.exchanges = ExchangeConfig { rounds, candidates: 99 })
    })
});

static CATALOG: LazyLock<HashMap<String, Features>> =
    LazyLock::new(|| made::items().into_iter().map(|Item { id, features }| (id, features)).collect());

/// The categories of a candidate's feature, its own before the catalog's.
fn values(request: &Request, index: usize, feature: &str) -> Vec<String> {
    let candidate = &request.candidates()[index];
    match candidate.features.get(feature).or_else(|| CATALOG[&candidate.id].get(feature)) {
        None | Some(FeatureValue::Missing) => vec![],
        Some(FeatureValue::Number(number)) => vec![number.to_string()],
        Some(FeatureValue::Text(text)) => vec![text.clone()],
        Some(FeatureValue::List(list)) => list.clone(),
    }
}

/// Whether a list of candidate indices keeps the request's constraints.
fn keeps(request: &Request, list: &[usize]) -> bool {
    let constraints = request.constraints();
    let id = |index: usize| &request.candidates()[index].id;
    let pinned = |pin: &Pin| list.get(pin.position - 1).is_some_and(|index| *id(*index) == pin.id);
    let few = |limit: &AtMost| {
        let all: Vec<String> = list.iter().flat_map(|index| values(request, *index, &limit.feature)).collect();
        all.iter().all(|value| all.iter().filter(|other| *other == value).count() <= limit.count)
    };
    let unlike = |feature: &String| {
        list.windows(2).all(|pair| {
            let right = values(request, pair[1], feature);
            values(request, pair[0], feature).iter().all(|value| !right.contains(value))
        })
    };
    constraints.pin.iter().all(pinned)
        && list.iter().all(|index| !constraints.exclude.contains(id(*index)))
        && constraints.at_most.iter().all(few)
        && constraints.distinct_neighbours.iter().all(unlike)
}

/// Fills `list` to `length` with the first of `candidates` that leaves a way to keep the constraints, place by place.
fn fill(request: &Request, candidates: &[usize], list: &mut Vec<usize>, length: usize) -> bool {
    if list.len() == length {
        return keeps(request, list);
    }
    candidates.iter().any(|&index| {
        if list.contains(&index) {
            return false;
        }
        list.push(index);
        let filled = fill(request, candidates, list, length);
        if !filled {
            list.pop();
        }
        filled
    })
}

/// Pins as (candidate, position), exclusions, limits, and features of which neighbours must differ.
type Drawn = (Vec<(usize, usize)>, Vec<usize>, Vec<AtMost>, Vec<String>);

fn any_constraints(n: usize) -> impl Strategy<Value = Drawn> {
    let feature = || select(vec!["author", "genres", "year"]).prop_map(str::to_owned);
    let limit = (feature(), 1_usize..3).prop_map(|(feature, count)| AtMost { feature, count });
    (vec((0..n, 1_usize..6), 0..3), vec(0..n, 0..3), vec(limit, 0..3), vec(feature(), 0..2))
}

/// A request whose constraints do not contradict themselves, and the length asked for.
fn any_case() -> impl Strategy<Value = (Request, usize)> {
    let sizes = (1_usize..7).prop_flat_map(|n| (Just(n), any::<u64>(), 1_usize..5, any_constraints(n)));
    sizes.prop_map(|(n, seed, asked, (mut pins, excluded, at_most, distinct_neighbours))| {
        let request = made::request(seed, n);
        let id = |index: usize| request.candidates()[index].id.clone();
        pins.sort_unstable();
        pins.dedup_by_key(|(index, _)| *index);
        pins.sort_unstable_by_key(|(_, position)| *position);
        pins.dedup_by_key(|(_, position)| *position);
        let exclude = excluded.into_iter().filter(|index| pins.iter().all(|(pinned, _)| pinned != index)).map(id);
        let exclude = exclude.collect();
        let pin = pins.iter().map(|&(index, position)| Pin { id: id(index), position }).collect();
        (request.clone().constrained(Constraints { pin, exclude, at_most, distinct_neighbours }).unwrap(), asked)
    })
}

fn indices(list: &ScoredList) -> Vec<usize> {
    list.items.iter().map(|item| item.index).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_list_keeps_them_or_none_could((request, asked) in any_case()) {
        let excluded: std::collections::HashSet<_> = request.constraints().exclude.iter().collect();
        let length = asked.min(request.candidates().len() - excluded.len());
        let beyond = request.constraints().pin.iter().any(|pin| pin.position > length);
        let all: Vec<usize> = (0..request.candidates().len()).collect();
        let possible = fill(&request, &all, &mut Vec::new(), length);
        match RERANKER.trace_batch(std::slice::from_ref(&request), Some(asked)).remove(0) {
            Ok(trace) => {
                for list in trace.proposals.iter().chain([&trace.chosen]) {
                    prop_assert_eq!(list.items.len(), length);
                    prop_assert!(keeps(&request, &indices(list)), "{:?}", list);
                }
                let by_worth: Vec<usize> = made::worths(&trace, 0.05).into_iter().map(|(index, ..)| index).collect();
                let mut expected = Vec::new();
                prop_assert!(fill(&request, &by_worth, &mut expected, length));
                prop_assert_eq!(indices(&trace.chosen), expected);
                let [trace, improved] = CHOOSING.each_ref().map(|reranker| {
                    reranker.trace_batch(std::slice::from_ref(&request), Some(asked)).remove(0).unwrap()
                });
                let next = made::next_to(&indices(&trace.chosen), request.candidates().len());
                let kept = next.into_iter().filter(|list| keeps(&request, list));
                let expected: BTreeSet<Vec<usize>> = trace.proposals.iter().map(indices).chain(kept).collect();
                let found: BTreeSet<Vec<usize>> = improved.proposals.iter().map(indices).collect();
                prop_assert_eq!(found.len(), improved.proposals.len());
                prop_assert_eq!(found, expected);
            }
            Err(error) => {
                prop_assert!(!possible, "{}", error);
                prop_assert_eq!(matches!(error.problem, Problem::PinBeyondList { .. }), beyond, "{}", error);
                prop_assert_eq!(matches!(error.problem, Problem::Unsatisfiable { .. }), !beyond, "{}", error);
            }
        }
    }
}

/// Five candidates, of which the first four are known to the catalog.
fn request(candidates: &str, constraints: &str) -> Request {
    let line = format!(r#"{{"request_id":"r","candidates":{candidates},"constraints":{constraints}}}"#);
    serde_json::from_str(&line).unwrap()
}

fn problem(candidates: &str, constraints: &str) -> String {
    RERANKER.rerank(&request(candidates, constraints)).unwrap_err().to_string()
}

#[test]
fn what_cannot_be_kept_is_told_in_the_words_of_the_request() {
    let three = r#"[{"id":"v1"},{"id":"v2"},{"id":"v3"}]"#;
    assert_eq!(
        problem(three, r#"{"pin":[{"id":"v2","position":4}]}"#),
        r#"request "r": constraints.pin: "v2" is pinned to position 4, but the list has only 3 positions"#
    );
    assert_eq!(
        problem(three, r#"{"at_most":[{"feature":"year","count":1},{"feature":"autor","count":1}]}"#),
        r#"request "r": constraints.at_most[1].feature: "autor" is a feature neither of a candidate nor of the model, expected one that is"#
    );
    assert_eq!(
        problem(three, r#"{"distinct_neighbours":["colour"]}"#),
        r#"request "r": constraints.distinct_neighbours[0]: "colour" is a feature neither of a candidate nor of the model, expected one that is"#
    );
    let same = r#"[{"id":"v1","features":{"author":"x"}},{"id":"v2","features":{"author":"x"}}]"#;
    assert_eq!(
        problem(same, r#"{"distinct_neighbours":["author"]}"#),
        r#"request "r": no list of 2 candidates keeps the constraints"#
    );
}

#[test]
fn a_feature_that_only_the_candidates_have_can_be_constrained() {
    let candidates = r#"[{"id":"v1","features":{"shop":"s"}},{"id":"v2","features":{"shop":"s"}},{"id":"v3"}]"#;
    let free = request(candidates, "{}");
    assert_eq!(RERANKER.rerank(&free).unwrap().best.items.len(), 3);
    assert!(problem(candidates, r#"{"at_most":[{"feature":"shop","count":1}]}"#).contains("no list of 3"));
}

#[test]
fn a_feature_the_model_knows_may_be_missing_from_every_candidate() {
    let candidates = r#"[{"id":"new1"},{"id":"new2"}]"#;
    for feature in ["author", "genres", "price"] {
        let constrained = request(candidates, &format!(r#"{{"distinct_neighbours":["{feature}"]}}"#));
        assert_eq!(RERANKER.rerank(&constrained).unwrap().best.items.len(), 2, "{feature}");
    }
    // The item's id is a feature by name only: no candidate has it among its features.
    assert!(problem(candidates, r#"{"distinct_neighbours":["item_id"]}"#).contains("\"item_id\" is a feature neither"));
}

/// Whether two candidates with these features may not stand side by side for sharing a value of `x`.
fn collide(left: &str, right: &str) -> bool {
    let candidates = format!(r#"[{{"id":"v1","features":{left}}},{{"id":"v2","features":{right}}}]"#);
    RERANKER.rerank(&request(&candidates, r#"{"distinct_neighbours":["x"]}"#)).is_err()
}

#[test]
fn values_are_equal_as_categories_are() {
    assert!(collide(r#"{"x":25}"#, r#"{"x":"25"}"#));
    assert!(collide(r#"{"x":0.0}"#, r#"{"x":-0.0}"#));
    assert!(collide(r#"{"x":["a","b"]}"#, r#"{"x":"b"}"#));
    assert!(!collide(r#"{"x":["a","b"]}"#, r#"{"x":["c"]}"#));
    assert!(!collide(r#"{"x":[]}"#, r#"{"x":[]}"#));
    assert!(!collide(r#"{"x":null}"#, r#"{"x":"null"}"#));
}

#[test]
fn a_candidates_own_value_wins_and_null_is_no_value() {
    let reranker = made::reranker(5, |model| {
        for item in model.items.as_mut().unwrap() {
            item.features.insert("genres".into(), vec!["war".to_owned()].into());
        }
    });
    let list = |first: &str| {
        let candidates = format!(r#"[{{"id":"v1","features":{first}}},{{"id":"v2"}}]"#);
        reranker.rerank(&request(&candidates, r#"{"at_most":[{"feature":"genres","count":1}]}"#))
    };
    assert!(list("{}").is_err());
    assert!(list(r#"{"genres":null}"#).is_err(), "the catalog's value stands where the candidate's is null");
    assert!(list(r#"{"genres":["comedy"]}"#).is_ok());
    assert!(list(r#"{"genres":[]}"#).is_ok());
}

#[test]
fn pins_and_exclusions_are_kept_at_any_length() {
    let plain = made::request(3, 30);
    let id = |index: usize| plain.candidates()[index].id.clone();
    let text = format!(
        r#"{{"pin":[{{"id":"{}","position":1}},{{"id":"{}","position":3}}],"exclude":["{}"]}}"#,
        id(20),
        id(4),
        made::best_ids(&RERANKER, &plain)[0]
    );
    let request = made::constrained(plain.clone(), &text);
    for length in [3, 4, 6, 100] {
        let options = Options { length: Some(length), alternatives: 100 };
        let ranking = RERANKER.rerank_with(&request, options).unwrap();
        for list in ranking.alternatives.iter().chain([&ranking.best]) {
            assert_eq!(list.items.len(), length.min(made::LENGTH));
            assert_eq!((&list.items[0].id, &list.items[2].id), (&id(20), &id(4)));
            assert!(keeps(&request, &indices(list)));
        }
    }
    let error = RERANKER.rerank_with(&request, Options { length: Some(2), alternatives: 0 }).unwrap_err();
    assert!(error.to_string().ends_with("is pinned to position 3, but the list has only 2 positions"), "{error}");
}
