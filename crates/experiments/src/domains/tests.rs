//! Ranks, agreements and reports of hand-made outcomes.

use std::collections::BTreeMap;

use super::*;
use crate::Experiment;

/// One seed of a variant whose lists are worth `level` on average: list by list ± the same, so that differences of levels are the
/// same on every list.
fn outcome(variant: &str, seed: u64, level: f64) -> Outcome {
    let lists: Vec<Option<f64>> = (0..40).map(|list| Some(level + 0.01 * f64::from(list % 5 - 2))).collect();
    Outcome {
        variant: variant.to_owned(),
        seed,
        split: "test".to_owned(),
        lists: 40,
        relevance: "like".to_owned(),
        figures: BTreeMap::from([
            ("NDCG@6".to_owned(), level),
            ("P@6".to_owned(), level / 2.0),
            ("AUC".to_owned(), 0.5),
        ]),
        per_list: BTreeMap::from([("NDCG@6".to_owned(), lists)]),
        ..Outcome::default()
    }
}

/// The same with a difference to `outcome` that is chance: up on half of the lists and down on the others.
fn like(variant: &str, other: &Outcome) -> Outcome {
    let mut outcome = Outcome { variant: variant.to_owned(), ..other.clone() };
    let lists = outcome.per_list.get_mut("NDCG@6").unwrap();
    for (list, value) in lists.iter_mut().flatten().enumerate() {
        *value += if list % 2 == 0 { 0.02 } else { -0.0199 };
    }
    outcome.figures.insert("NDCG@6".to_owned(), lists.iter().flatten().sum::<f64>() / 40.0);
    outcome
}

fn domain(name: &str, outcomes: &[Outcome]) -> Domain {
    Domain::new(name, Summary::new(outcomes).unwrap(), outcomes).unwrap()
}

/// Films: a > b > c, and d a little above c by chance. Videos: b > a > c. Pages: nothing but a.
fn domains() -> Vec<Domain> {
    let c = outcome("c", 1, 0.2);
    let films = [outcome("a", 1, 0.6), outcome("b", 1, 0.4), like("d", &c), c.clone()];
    let videos = [outcome("a", 1, 0.3), outcome("b", 1, 0.5), outcome("d", 1, 0.1), c];
    let pages = [outcome("a", 1, 0.5), outcome("a", 2, 0.7)];
    vec![domain("film", &films), domain("video", &videos), domain("page", &pages)]
}

#[test]
fn ranks_are_by_what_ranks_and_equals_share_one() {
    let ranks = |domain: &Domain| domain.ranks.clone();
    let [film, video, page] = &domains()[..] else { panic!("three data sets") };
    assert_eq!(ranks(film), [1, 2, 3, 4].map(Some));
    // a, b, d, c.
    assert_eq!(ranks(video), [2, 1, 4, 3].map(Some));
    assert_eq!(ranks(page), [Some(1)]);
    let equal = [outcome("a", 1, 0.3), outcome("b", 1, 0.5), outcome("c", 1, 0.5)];
    assert_eq!(ranks(&domain("x", &equal)), [3, 1, 1].map(Some));
    let unmeasured = Outcome { figures: BTreeMap::new(), per_list: BTreeMap::new(), ..outcome("a", 1, 0.5) };
    assert_eq!(ranks(&domain("x", &[unmeasured])), [None]);
}

#[test]
fn pairs_are_counted_as_they_are_told_apart() {
    let domains = domains();
    let summary = DomainsSummary::new(&domains).unwrap();
    let [both, of_one, _] = &summary.agreements[..] else { panic!("three pairs of data sets") };
    assert_eq!(both.data, ["film", "video"]);
    // Six pairs: a–b is reversed; c–d is chance among films; a–c, a–d, b–c and b–d agree.
    assert_eq!((both.variants, both.agree, both.disagree, both.open), (4, 4, 1, 1));
    // τ-b takes c–d for a pair like the others: four agree and two do not.
    assert!((both.tau.unwrap() - 2.0 / 6.0).abs() < 1e-12, "{:?}", both.tau);
    assert_eq!((of_one.variants, of_one.tau, of_one.agree + of_one.disagree + of_one.open), (1, None, 0));
}

#[test]
fn the_joint_report_has_both_tables() {
    let domains = domains();
    let summary = DomainsSummary::new(&domains).unwrap();
    let experiment = Experiment::named("domains").unwrap();
    let text = summary.to_markdown((&experiment).into());
    for expected in [
        "film: 40 lists of the test split, relevant = like; video: ",
        "| | film P@6 | film NDCG@6 | film rank | video P@6 | video NDCG@6 | video rank | page P@6 |",
        "| a | 30.0 | 60.0 | 1 | 15.0 | 30.0 | 2 | 30.0 ± 7.1 | 60.0 ± 14.1 | 1 |",
        "| b | 20.0 | 40.0 | 2 | 25.0 | 50.0 | 1 | – | – | – |",
        "| | variants | τ-b | same order | reverse order | open |",
        "| film, video | 4 | 0.33 | 4 | 1 | 1 |",
        "| film, page | 1 | – | 0 | 0 | 0 |",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    let json: serde_json::Value = serde_json::from_str(&summary.to_json((&experiment).into())).unwrap();
    assert_eq!(json["summary"]["domains"][1]["ranks"], serde_json::json!([2, 1, 4, 3]));
    assert_eq!(json["summary"]["agreements"][0]["disagree"], 1);
    let page = summary.to_html((&experiment).into()).unwrap();
    assert!(page.contains("video NDCG@6") && page.contains("places: film 2, video 1, page –"), "{page}");
    assert!(page.contains("4 pairs in the same order, 1 in reverse, 1 open"));
}

#[test]
fn one_data_set_has_nothing_to_agree_with() {
    let domains = &domains()[..1];
    let summary = DomainsSummary::new(domains).unwrap();
    let text = summary.to_markdown((&Experiment::named("domains").unwrap()).into());
    assert!(summary.agreements.is_empty() && !text.contains("τ-b"), "{text}");
}
