//! Tests of `yandex_serp`.

use std::collections::BTreeSet;
use std::fs;

use nar4rec_slate::FeatureValue;

use super::*;
use crate::DataSet;

const HEADER: &str = "split\tserp\tquery\turls\tclick_positions\tclicks_per_position";

/// A page of three urls; `clicks` are positions in order of time.
fn row(part: &str, number: usize, query: &str, urls: &str, clicks: &[usize]) -> String {
    let counts = (1..=3).map(|position| clicks.iter().filter(|&&click| click == position).count().to_string());
    let joined = clicks.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    format!("{part}\t{number}\t{query}\t{urls}\t{joined}\t{}", counts.collect::<Vec<_>>().join(","))
}

/// Two lists of training, one for validation, one of the test that is new and one that is not.
fn log() -> Vec<String> {
    vec![
        row("train", 0, "q", "a,b,c", &[2, 1]),
        row("train", 1, "q", "a,b,c", &[]),
        row("train", 2, "q", "b,a,d", &[1]),
        row("train", 3, "q", "a,b,c", &[1]),
        row("train", 4, "r", "a,x,y", &[3]),
        row("train", 5, "q", "c,a,b", &[]),
        row("test", 0, "q", "a,b,c", &[1]),
        row("test", 1, "q", "b,a,e", &[3, 1]),
        row("test", 2, "q", "f,a,g", &[]),
    ]
}

fn small() -> YandexSerpOptions {
    YandexSerpOptions { slate: 3, candidates: 5, valid_share: 0.2, ..Default::default() }
}

fn run(rows: &[String], out: &Path, options: &YandexSerpOptions) -> Result<YandexSerpSummary, DataError> {
    let text = format!("{HEADER}\n{}\n", rows.join("\n"));
    convert_yandex_serp_reader("serps.tsv", std::io::Cursor::new(text), out, options)
}

fn impressions(folder: &Path, split: Split) -> Vec<Impression> {
    DataSet::open(folder).unwrap().impressions(split).unwrap().map(|line| line.unwrap().value).collect()
}

fn problem(rows: &[String]) -> String {
    let out = tempfile::tempdir().unwrap();
    let message = run(rows, out.path(), &small()).unwrap_err().to_string();
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
    message
}

/// The impression of a request, wherever it went.
fn find(folder: &Path, id: &str) -> (Split, Impression) {
    let all = Split::ALL.into_iter().flat_map(|split| impressions(folder, split).into_iter().map(move |i| (split, i)));
    all.into_iter().find(|(_, impression)| impression.request().request_id() == id).unwrap()
}

fn feature(impression: &Impression, url: &str, name: &str) -> FeatureValue {
    let mut candidates = impression.request().candidates().iter();
    candidates.find(|candidate| candidate.id == url).unwrap().features[name].clone()
}

#[test]
fn each_list_is_of_one_split_and_the_test_shows_new_lists_only() {
    let out = tempfile::tempdir().unwrap();
    let summary = run(&log(), out.path(), &small()).unwrap();
    assert_eq!((summary.rows, summary.queries, summary.urls), (9, 2, 9));
    assert_eq!((summary.train.serps + summary.valid.serps, summary.train.lists + summary.valid.lists), (6, 4));
    assert_eq!((summary.valid.serps, summary.valid.lists), (1, 1));
    assert_eq!((summary.test.serps, summary.test.lists, summary.lists_seen_in_training), (2, 2, 1));
    assert_eq!(summary.test.clicks, [1, 0, 1]);
    let lists = |split| -> BTreeSet<Vec<String>> {
        let shown = |impression: &Impression| {
            let candidates = impression.request().candidates();
            impression.shown().iter().map(|shown| candidates[shown.candidate].id.clone()).collect()
        };
        impressions(out.path(), split).iter().map(shown).collect()
    };
    assert_eq!(
        lists(Split::Test),
        BTreeSet::from([["b", "a", "e"], ["f", "a", "g"]].map(|l| l.map(String::from).to_vec()))
    );
    assert!(lists(Split::Train).is_disjoint(&lists(Split::Valid)));
}

#[test]
fn what_is_known_is_of_earlier_other_lists_of_training() {
    let out = tempfile::tempdir().unwrap();
    run(&log(), out.path(), &small()).unwrap();
    let (split, third) = find(out.path(), "train-3");
    assert_eq!(
        (split, feature(&third, "a", "log_shown")),
        (Split::Train, 0.0.into()),
        "its own list counts for nothing"
    );
    let (split, other) = find(out.path(), "train-2");
    if split == Split::Train {
        assert_eq!(feature(&other, "a", "log_shown"), rounded_ln(3.0), "three showings of the list before it");
    }
    let (_, test) = find(out.path(), "test-1");
    let trained: Vec<Impression> = impressions(out.path(), Split::Train);
    let shown = |url: &str| {
        let holds = |i: &&Impression| {
            i.request().user().features["query"] == FeatureValue::from("q")
                && i.shown().iter().any(|shown| i.request().candidates()[shown.candidate].id == url)
        };
        trained.iter().filter(holds).count() as f64
    };
    for url in ["a", "b", "e"] {
        assert_eq!(feature(&test, url, "log_shown"), rounded_ln(shown(url)), "{url}");
    }
    assert_eq!(feature(&test, "e", "mean_position"), FeatureValue::Missing);
}

fn rounded_ln(count: f64) -> FeatureValue {
    crate::converted::rounded(count.ln_1p()).into()
}

#[test]
fn rates_are_smoothed_and_clicks_are_compared_with_those_of_the_position() {
    let source = Source::from_reader("s", std::io::Cursor::new(format!("{HEADER}\n{}\n", log().join("\n")))).unwrap();
    let log = Log::read(source, 3).unwrap();
    let mut past = Past::default();
    assert_eq!(past.known(0, 0).0, 1.0, "nothing is known");
    past.add(&log, &log.serps[0]);
    past.add(&log, &log.serps[2]);
    // 6 showings with 3 clicks: p = 4 / 8; position 1 has 2 of 2 clicked, position 2 has 1 of 2.
    let (p, first, second) = (0.5, (2.0 + 2.5) / 7.0, (1.0 + 2.5) / 7.0);
    let (score, features) = past.known(0, 0);
    let near = |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-4, "{found} {wanted}");
    near(score, (1.0 + 5.0 * p) / (first + second + 5.0 * p));
    assert_eq!(features["mean_position"], 1.5.into());
    assert_eq!(features["click_rate"], crate::converted::rounded((1.0 + 2.5) / 7.0).into());
}

#[test]
fn candidates_are_the_page_and_others_of_its_query_and_part() {
    let out = tempfile::tempdir().unwrap();
    run(&log(), out.path(), &small()).unwrap();
    let ids = |id: &str| -> BTreeSet<String> {
        find(out.path(), id).1.request().candidates().iter().map(|candidate| candidate.id.clone()).collect()
    };
    assert_eq!(ids("train-0"), BTreeSet::from(["a", "b", "c", "d"].map(String::from)), "as many as there are");
    assert_eq!(ids("train-4"), BTreeSet::from(["a", "x", "y"].map(String::from)));
    assert!(ids("test-1").is_superset(&BTreeSet::from(["b", "a", "e"].map(String::from))));
    assert_eq!(ids("test-1").len(), 5);
    assert!(!ids("test-1").contains("d"), "the test part never shows it");
}

#[test]
fn a_shorter_list_keeps_the_page_among_the_candidates() {
    let out = tempfile::tempdir().unwrap();
    let summary = run(&log(), out.path(), &YandexSerpOptions { slate: 2, ..small() }).unwrap();
    assert_eq!((summary.test.serps, summary.lists_seen_in_training), (1, 2), "b, a is in the training part");
    let (_, test) = find(out.path(), "test-2");
    assert_eq!(test.shown().len(), 2);
    assert!(test.request().candidates().iter().any(|candidate| candidate.id == "g"));
}

#[test]
fn clicks_are_feedback_and_the_last_in_time_is_told() {
    let out = tempfile::tempdir().unwrap();
    run(&log(), out.path(), &small()).unwrap();
    let (_, impression) = find(out.path(), "test-1");
    let of = |kind: &str| impression.shown().iter().map(|shown| shown.feedback[kind]).collect::<Vec<_>>();
    assert_eq!((of("click"), of("last_click")), (vec![1.0, 0.0, 1.0], vec![1.0, 0.0, 0.0]));
}

#[test]
fn a_cap_keeps_so_many_pages_of_each_query_in_each_part() {
    let out = tempfile::tempdir().unwrap();
    let mut rows = log();
    rows.extend((10..20).map(|number| row("test", number, "q", &format!("n{number},a,b"), &[])));
    let options = YandexSerpOptions { most_per_query: Some(4), valid_share: 0.5, ..small() };
    let summary = run(&rows, out.path(), &options).unwrap();
    assert_eq!((summary.rows, summary.beyond_most_per_query), (19, 1 + 9));
    assert_eq!(summary.train.serps + summary.valid.serps, 5);
    assert_eq!(summary.test.serps + summary.lists_seen_in_training, 4);
}

#[test]
fn bad_rows_are_told_with_line_and_column() {
    let bad = |from: &str, to: &str| {
        problem(&[row("train", 0, "q", "a,b,c", &[]), row("test", 1, "q", "a,b,c", &[1]).replacen(from, to, 1)])
    };
    assert_eq!(bad("test", "dev"), "serps.tsv:3: split: found \"dev\", expected train or test");
    assert_eq!(bad("\tq\t", "\t\t"), "serps.tsv:3: query: empty, expected an id");
    assert_eq!(bad("a,b,c", "a,b"), "serps.tsv:3: urls: found 2 urls, expected at least 3");
    assert_eq!(bad("a,b,c", "a,b,a"), "serps.tsv:3: urls: \"a\" stands twice, expected distinct ids");
    assert_eq!(bad("a,b,c", "a,,c"), "serps.tsv:3: urls: found \"a,,c\", expected ids with a comma between them");
    let counts = "expected 3 counts with a comma between them, one for each url";
    assert_eq!(bad("1,0,0", "1,0"), format!("serps.tsv:3: clicks_per_position: found \"1,0\", {counts}"));
    assert_eq!(bad("1,0,0", "x,0,0"), format!("serps.tsv:3: clicks_per_position: found \"x,0,0\", {counts}"));
    let position = "expected the position, from 1, of a url with clicks";
    assert_eq!(bad("\t1\t1,", "\t2\t1,"), format!("serps.tsv:3: click_positions: found \"2\", {position}"));
    assert_eq!(bad("\t1\t1,", "\t4\t1,"), format!("serps.tsv:3: click_positions: found \"4\", {position}"));
    assert!(bad("\t1,0,0", "").ends_with("found 5 columns, expected 6 as in line 1"));
}

#[test]
fn an_empty_split_is_told() {
    let expected = "expected pages of several lists in both parts";
    let message = problem(&log()[..6]);
    assert_eq!(message, format!("serps.tsv:7: no page is left for the test split, {expected}"));
    let out = tempfile::tempdir().unwrap();
    let none = YandexSerpOptions { valid_share: 0.0, ..small() };
    let message = run(&log(), out.path(), &none).unwrap_err().to_string();
    assert_eq!(message, "valid_share: found 0, which leaves no list for the valid split");
    let message = problem(&log()[6..]);
    assert_eq!(message, format!("serps.tsv:4: no page is left for the train split, {expected}"));
}

#[test]
fn options_outside_their_range_are_told() {
    let problem = |options: YandexSerpOptions| options.check().unwrap_err().to_string();
    let default = YandexSerpOptions::default;
    assert_eq!(problem(YandexSerpOptions { slate: 0, ..default() }), "slate: found 0, expected at least 1");
    assert_eq!(problem(YandexSerpOptions { candidates: 9, ..default() }), "candidates: found 9, expected 10 to 4096");
    assert_eq!(problem(YandexSerpOptions { valid_share: 2.0, ..default() }), "valid_share: found 2, expected 0 to 1");
    let none = YandexSerpOptions { most_per_query: Some(0), ..default() };
    assert_eq!(problem(none), "most_per_query: found 0, expected at least 1");
}
