//! A simulated log: its form, its bytes, and its truth.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod made;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use nar4rec_data::{DataSet, JsonLines, Split, ValidateOptions, validate};
use nar4rec_simulator::{ForecastError, References, SimulatorConfig, SplitBy, Truth, simulate};
use nar4rec_slate::{Exposure, Impression, Item, Permutation};
use tempfile::TempDir;

fn config() -> SimulatorConfig {
    SimulatorConfig { sessions: 4, list_length: 4, most_candidates: 8, ..SimulatorConfig::default() }
}

/// A collection and a log of it.
fn log(config: &SimulatorConfig) -> (TempDir, TempDir) {
    let (source, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    made::mq2008(source.path(), 8);
    simulate(source.path(), out.path(), config, |_| ()).unwrap();
    (source, out)
}

fn impressions(folder: &Path, split: Split) -> Vec<Impression> {
    DataSet::open(folder).unwrap().impressions(split).unwrap().map(|line| line.unwrap().value).collect()
}

fn bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

fn shown(impression: &Impression) -> Permutation {
    let indices = impression.shown().iter().map(|shown| shown.candidate).collect();
    Permutation::new(indices, impression.request().candidates().len()).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let (source, out) = log(&config());
    let first = bytes(out.path());
    let names: Vec<_> = first.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["README.md", "simulator.json", "test.jsonl.gz", "train.jsonl.gz", "truth.jsonl.gz", "valid.jsonl.gz"]
    );
    let again = tempfile::tempdir().unwrap();
    let mut told = Vec::new();
    let summary = simulate(source.path(), again.path(), &config(), |lists| told.push(lists)).unwrap();
    assert!(bytes(again.path()) == first);
    assert_eq!(told.last(), Some(&summary.lists_by_split.iter().sum()));
    let other = tempfile::tempdir().unwrap();
    simulate(source.path(), other.path(), &SimulatorConfig { seed: 2, ..config() }, |_| ()).unwrap();
    assert!(bytes(other.path())["train.jsonl.gz"] != first["train.jsonl.gz"]);
}

#[test]
fn a_log_is_a_data_set_without_the_relevance() {
    let (_source, out) = log(&config());
    let report = validate(&DataSet::open(out.path()).unwrap(), &ValidateOptions::default()).unwrap();
    assert!(report.to_text().contains("long_view"), "{}", report.to_text());
    let truth = Truth::open(out.path()).unwrap();
    for (split, queries) in [(Split::Train, 21), (Split::Valid, 7), (Split::Test, 7)] {
        let impressions = impressions(out.path(), split);
        // One query in eight has five documents, fewer than the least.
        assert_eq!((impressions.len(), truth.queries(split).count()), (queries * 4, queries));
        for impression in &impressions {
            let request = impression.request();
            let query = truth.query(request.request_id()).unwrap();
            assert_eq!(request.request_id().split_once('/').unwrap().0, query.id());
            assert!((6..=8).contains(&request.candidates().len()) && impression.shown().len() == 4);
            let ids = request.candidates().iter().map(|candidate| &candidate.id);
            assert!(ids.eq(query.ids()), "the truth has the order of the requests");
            assert!(request.candidates().is_sorted_by(|a, b| a.score >= b.score));
            for candidate in request.candidates() {
                let names: Vec<_> = candidate.features.keys().cloned().collect();
                assert_eq!(names, (1..=40).map(|at| format!("f{at:02}")).collect::<Vec<_>>());
            }
        }
    }
}

fn by_sessions(sessions: u64) -> SimulatorConfig {
    SimulatorConfig { split: SplitBy::Sessions, sessions, ..config() }
}

#[test]
fn the_sessions_of_every_query_are_cut_in_order() {
    for (sessions, cuts) in [(3, [1, 1, 1]), (4, [2, 1, 1]), (19, [17, 1, 1]), (20, [16, 2, 2])] {
        let (source, out) = log(&by_sessions(sessions));
        let truth = Truth::open(out.path()).unwrap();
        let all: Vec<_> = truth.all_queries().cloned().collect();
        assert_eq!(all.len(), 35);
        let mut next = 0;
        for (split, lists) in Split::ALL.into_iter().zip(cuts) {
            assert!(truth.queries(split).eq(&all), "every split has all queries");
            let expected = all.iter().flat_map(|query| (next..next + lists).map(|at| format!("{}/{at}", query.id())));
            let found = impressions(out.path(), split);
            assert!(
                found.iter().map(|impression| impression.request().request_id()).eq(expected),
                "{split} of {sessions}"
            );
            next += lists;
        }
        assert_eq!(next, sessions);
        let again = tempfile::tempdir().unwrap();
        let summary = simulate(source.path(), again.path(), &by_sessions(sessions), |_| ()).unwrap();
        assert!(bytes(again.path()) == bytes(out.path()));
        assert_eq!((summary.queries_by_split, summary.lists_by_split), ([35; 3], cuts.map(|lists| 35 * lists)));
    }
}

#[test]
fn items_of_cut_queries_have_ids_of_their_own() {
    let (source, out) = log(&by_sessions(4));
    let truth = Truth::open(out.path()).unwrap();
    let mut ids = BTreeSet::new();
    for query in truth.all_queries() {
        assert!(query.ids().iter().all(|id| id.split_once(':').unwrap().0 == query.id()));
        assert!(query.ids().iter().all(|id| ids.insert(id.clone())), "an item of two queries");
    }
    for impression in Split::ALL.into_iter().flat_map(|split| impressions(out.path(), split)) {
        let request = impression.request();
        let found = request.candidates().iter().map(|candidate| &candidate.id);
        assert!(found.eq(truth.query(request.request_id()).unwrap().ids()));
        assert!(request.candidates().iter().all(|candidate| candidate.features.is_empty()));
    }
    let mut catalog = BTreeMap::new();
    for line in JsonLines::<Item>::open(out.path().join("items.jsonl.gz")).unwrap() {
        let Item { id, features } = line.unwrap().value;
        catalog.insert(id, features);
    }
    assert!(catalog.keys().eq(&ids));
    assert!(catalog.values().all(|features| features.len() == 40), "none that never varies, and not the relevance");
    let report = validate(&DataSet::open(out.path()).unwrap(), &ValidateOptions::default()).unwrap();
    assert!(report.is_valid(), "{}", report.to_text());
    let references = References::measure(&truth, &DataSet::open(out.path()).unwrap(), Split::Test).unwrap();
    assert_eq!((references.queries, references.proven), (35, 35));
    simulate(source.path(), out.path(), &config(), |_| ()).unwrap();
    assert!(!out.path().join("items.jsonl.gz").exists(), "queries that are split have no catalog");
}

#[test]
fn how_a_log_is_split_changes_neither_lists_nor_feedback() {
    let (_source, out) = log(&config());
    let (_other_source, other) = log(&by_sessions(4));
    let of = |folder: &Path| -> BTreeMap<String, Vec<Exposure>> {
        let all = Split::ALL.into_iter().flat_map(|split| impressions(folder, split));
        all.map(|impression| (impression.request().request_id().to_owned(), impression.shown().to_vec())).collect()
    };
    assert!(of(out.path()) == of(other.path()));
    let text = fs::read_to_string(out.path().join("simulator.json")).unwrap();
    let earlier = text.replace("    \"split\": \"queries\",\n", "");
    assert!(earlier != text);
    fs::write(out.path().join("simulator.json"), earlier).unwrap();
    assert_eq!(Truth::open(out.path()).unwrap().config(), &config(), "a description without it means queries");
    fs::copy(other.path().join("simulator.json"), out.path().join("simulator.json")).unwrap();
    let mixed = Truth::open(out.path()).unwrap_err().to_string();
    assert!(
        mixed.ends_with("truth.jsonl.gz:1: split: found \"train\", expected none, as every split has this query"),
        "{mixed}"
    );
    fs::copy(other.path().join("truth.jsonl.gz"), out.path().join("truth.jsonl.gz")).unwrap();
    fs::write(out.path().join("simulator.json"), text).unwrap();
    let mixed = Truth::open(out.path()).unwrap_err().to_string();
    assert!(mixed.ends_with("truth.jsonl.gz:1: split: missing, expected the query's split"), "{mixed}");
}

#[test]
fn the_page_beside_a_log_tells_how_it_is_split() {
    let page = |config: &SimulatorConfig| fs::read_to_string(log(config).1.path().join("README.md")).unwrap();
    let queries = page(&config());
    assert!(queries.contains("| lists: train (S1–S3), valid (S4), test (S5) | 84, 28, 28 |"), "{queries}");
    assert!(queries.contains("No query is in two splits"), "{queries}");
    let sessions = page(&by_sessions(4));
    assert!(sessions.contains("test (the last) | 70, 35, 35 |") && sessions.contains("`QUERY:DOCUMENT`"), "{sessions}");
    assert!(sessions.contains("| 35; 5 |"), "{sessions}");
}

#[test]
fn the_feedback_is_that_of_the_known_user() {
    let (_source, out) = log(&SimulatorConfig { sessions: 200, ..config() });
    let truth = Truth::open(out.path()).unwrap();
    let (mut expected, mut variance, mut observed) = (0.0, 0.0, 0.0);
    for impression in impressions(out.path(), Split::Train) {
        let query = truth.query(impression.request().request_id()).unwrap();
        let places = truth.user().probabilities(query, &shown(&impression));
        for (place, shown) in places.iter().zip(impression.shown()) {
            expected += place.click;
            variance += place.click * (1.0 - place.click);
            observed += shown.feedback["click"];
        }
    }
    assert!((observed - expected).abs() <= 5.0 * variance.sqrt(), "{observed} clicks, expected {expected}");
}

#[test]
fn regret_is_the_generators_error_and_the_evaluators() {
    let (_source, out) = log(&config());
    let truth = Truth::open(out.path()).unwrap();
    for query in truth.queries(Split::Test) {
        let n = query.candidates();
        let lists: Vec<_> =
            (0..n).map(|first| Permutation::new((0..4).map(|at| (first + at) % n).collect(), n).unwrap()).collect();
        let worth: Vec<f64> = lists.iter().map(|list| truth.utility(query.id(), list).unwrap()).collect();
        let optimum = truth.optimum(query.id()).unwrap();
        let exact = truth.user().exhaustive_optimum(query, 4);
        assert!(optimum.is_proven() && (optimum.utility - exact.utility).abs() < 1e-12);
        let regret = truth.regret(&format!("{}/3", query.id()), &lists, 1).unwrap();
        let best = worth.iter().copied().fold(0.0, f64::max);
        assert_eq!((regret.optimum, regret.best_proposed, regret.chosen), (optimum.utility, best, worth[1]));
        assert!((regret.generator_error() + regret.evaluator_error() - regret.total()).abs() < 1e-12);
        let with_best = truth.regret(query.id(), &[lists[0].clone(), optimum.list.clone()], 1).unwrap();
        assert_eq!((with_best.generator_error(), with_best.total()), (0.0, 0.0));
        let perfect = ForecastError::of(&worth, &worth).unwrap();
        assert_eq!((perfect.mean_error, perfect.rmse), (0.0, 0.0));
        assert!(perfect.rank_correlation.unwrap() > 1.0 - 1e-12);
    }
}

#[test]
fn references_stand_in_order() {
    let (_source, out) = log(&config());
    let truth = Truth::open(out.path()).unwrap();
    let references = References::measure(&truth, &DataSet::open(out.path()).unwrap(), Split::Test).unwrap();
    assert_eq!((references.queries, references.proven), (7, 7));
    assert_eq!(references.optimum, references.bound);
    assert!(references.optimum >= references.by_relevance && references.optimum > references.logged, "{references:?}");
    assert!(references.logged > references.random, "{references:?}");
    assert!(references.to_text().contains("proven optimal for 7 of 7 queries"), "{}", references.to_text());
}

#[test]
fn what_is_no_truth_is_told() {
    let (_source, out) = log(&config());
    let truth = Truth::open(out.path()).unwrap();
    assert!(truth.query("nobody").unwrap_err().to_string().starts_with("no query \"nobody\" in the truth"));
    let id = truth.queries(Split::Test).next().unwrap().id();
    let beyond = Permutation::new(vec![0, 30], 31).unwrap();
    assert!(truth.utility(id, &beyond).unwrap_err().to_string().contains("position 1 holds candidate 30"));
    let nothing = truth.regret(id, &[], 0).unwrap_err().to_string();
    assert!(nothing.contains("list 0 was chosen, expected one of the 0"), "{nothing}");
    let file = out.path().join("simulator.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("\"format\": 1", "\"format\": 2")).unwrap();
    assert!(Truth::open(out.path()).unwrap_err().to_string().ends_with("simulator.json: format 2, expected 1"));
    fs::remove_file(&file).unwrap();
    assert!(Truth::open(out.path()).unwrap_err().to_string().contains("simulator.json: cannot open"));
}

#[test]
fn a_bad_line_leaves_no_log() {
    let (source, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    made::mq2008(source.path(), 2);
    let file = source.path().join("S3.txt");
    let text = fs::read_to_string(&file).unwrap().replacen(" 7:", " 8:", 1);
    fs::write(&file, text).unwrap();
    let error = simulate(source.path(), out.path(), &config(), |_| ()).unwrap_err().to_string();
    assert!(error.contains("S3.txt:1: feature 7: found \"8:"), "{error}");
    assert!(bytes(out.path()).is_empty());
}
