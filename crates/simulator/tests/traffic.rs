//! The requests of a day: who asks what, in which group, and what is done about a list.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod made;

use std::collections::{BTreeMap, BTreeSet};

use nar4rec_data::{JsonLines, JsonLinesWriter, Split};
use nar4rec_simulator::{Query, SimulatorConfig, SplitBy, Traffic, Truth, simulate};
use nar4rec_slate::Permutation;
use tempfile::TempDir;

fn log(split: SplitBy) -> TempDir {
    let (source, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    made::mq2008(source.path(), 4);
    let config =
        SimulatorConfig { split, sessions: 3, list_length: 4, most_candidates: 8, ..SimulatorConfig::default() };
    simulate(source.path(), out.path(), &config, |_| ()).unwrap();
    out
}

#[test]
fn a_visit_is_a_function_of_seed_day_and_number() {
    let out = log(SplitBy::Sessions);
    let truth = Truth::open(out.path()).unwrap();
    let of = |seed, day| -> Vec<(String, usize)> {
        let traffic = Traffic::new(&truth, Split::Test, seed).unwrap();
        let visits = (0..50).map(|number| traffic.visit(day, number, 2));
        visits.map(|visit| (visit.query.id().to_owned(), visit.group)).collect()
    };
    let traffic = Traffic::new(&truth, Split::Test, 1).unwrap();
    let backwards: Vec<_> = (0..50).rev().map(|number| traffic.visit(3, number, 2)).collect();
    assert!(
        of(1, 3).iter().eq(backwards
            .iter()
            .rev()
            .map(|visit| (visit.query.id().to_owned(), visit.group))
            .collect::<Vec<_>>()
            .iter())
    );
    assert!(of(1, 3) != of(1, 4) && of(1, 3) != of(2, 3));
    let ids: BTreeSet<String> = (1..3)
        .flat_map(|day| (0..50).map(move |at| (day, at)))
        .map(|(day, at)| traffic.visit(day, at, 2).request_id())
        .collect();
    assert_eq!(ids.len(), 100, "no id stands twice");
    for visit in backwards {
        assert_eq!(visit.request_id(), format!("{}/d3-{}", visit.query.id(), visit.number));
        assert_eq!(truth.query(&visit.request_id()).unwrap(), visit.query);
    }
}

#[test]
fn queries_and_groups_are_drawn_alike() {
    const VISITS: u64 = 20_000;
    let out = log(SplitBy::Sessions);
    let truth = Truth::open(out.path()).unwrap();
    let traffic = Traffic::new(&truth, Split::Test, 1).unwrap();
    let mut counts: BTreeMap<(String, usize), u64> = BTreeMap::new();
    for number in 0..VISITS {
        let visit = traffic.visit(1, number, 2);
        *counts.entry((visit.query.id().to_owned(), visit.group)).or_default() += 1;
    }
    // Every query in either group, each within five standard deviations of its share.
    let share = 1.0 / (2 * traffic.queries().len()) as f64;
    let (expected, deviation) = (VISITS as f64 * share, (VISITS as f64 * share * (1.0 - share)).sqrt());
    assert_eq!(counts.len(), 2 * truth.all_queries().count());
    assert!(counts.values().all(|&count| (count as f64 - expected).abs() <= 5.0 * deviation), "{counts:?}");
}

#[test]
fn where_queries_are_split_only_those_of_the_split_ask() {
    let out = log(SplitBy::Queries);
    let truth = Truth::open(out.path()).unwrap();
    let traffic = Traffic::new(&truth, Split::Test, 1).unwrap();
    let asked: BTreeSet<&str> = (0..500).map(|number| traffic.visit(1, number, 3).query.id()).collect();
    assert!(asked.into_iter().eq(truth.queries(Split::Test).map(Query::id).collect::<BTreeSet<_>>()));

    let file = out.path().join("truth.jsonl.gz");
    let lines: Vec<serde_json::Value> = JsonLines::open(&file).unwrap().map(|line| line.unwrap().value).collect();
    let mut rest = JsonLinesWriter::create(&file).unwrap();
    lines.iter().filter(|line| line["split"] != "test").for_each(|line| rest.write(line).unwrap());
    rest.finish().unwrap();
    let truth = Truth::open(out.path()).unwrap();
    let nobody = Traffic::new(&truth, Split::Test, 1).unwrap_err().to_string();
    assert_eq!(nobody, "no query has sessions in the test split, expected at least one");
}

#[test]
fn a_user_does_the_same_whatever_the_group_and_clicks_as_often_as_predicted() {
    let out = log(SplitBy::Sessions);
    let truth = Truth::open(out.path()).unwrap();
    let traffic = Traffic::new(&truth, Split::Test, 7).unwrap();
    let (mut clicks, mut expected, mut variance) = (0.0, 0.0, 0.0);
    for number in 0..3000 {
        let visit = traffic.visit(2, number, 2);
        let list = Permutation::new(vec![2, 0, 1], visit.query.candidates()).unwrap();
        let feedback = traffic.feedback(&visit, &list);
        let other = nar4rec_simulator::Visit { group: 1 - visit.group, ..visit };
        assert_eq!(feedback, traffic.feedback(&other, &list));
        clicks += feedback.iter().map(|feedback| feedback["click"]).sum::<f64>();
        for place in truth.user().probabilities(visit.query, &list) {
            expected += place.click;
            variance += place.click * (1.0 - place.click);
        }
    }
    assert!((clicks - expected).abs() <= 5.0 * variance.sqrt(), "{clicks} clicks, expected {expected}");
}
