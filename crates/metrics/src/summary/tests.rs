//! The summary agrees with the metrics it is made of, and the order of lists does not matter.

use proptest::prelude::*;

use super::*;
use crate::{auc, log_loss};

const TWO: NonZeroUsize = NonZeroUsize::new(2).unwrap();

#[derive(Debug, Clone)]
struct List {
    relevance: Vec<f32>,
    probabilities: Vec<f32>,
    labels: Vec<bool>,
}

fn lists() -> impl Strategy<Value = Vec<List>> {
    let item = (any::<bool>(), 0u8..=10);
    let list = prop::collection::vec(item, 1..8).prop_map(|items| List {
        relevance: items.iter().map(|item| f32::from(u8::from(item.0))).collect(),
        probabilities: items.iter().map(|item| f32::from(item.1) / 10.0).collect(),
        labels: items.iter().map(|item| item.0).collect(),
    });
    prop::collection::vec(list, 1..20)
}

fn figures(lists: &[List], bootstrap: &Bootstrap) -> Figures {
    let mut summary = Summary::new(TWO, ScoreKind::Probability);
    for List { relevance, probabilities, labels } in lists {
        let result = ListResult {
            list: relevance,
            candidates: relevance,
            scores: probabilities,
            labels,
            group: None,
            others: &[("length", relevance.len() as f64)],
        };
        summary.push(&result).unwrap();
    }
    summary.finish(bootstrap)
}

#[test]
fn lists_without_a_positive_are_counted_and_left_out() {
    let mut summary = Summary::new(TWO, ScoreKind::Ranking);
    for relevance in [&[1.0, 0.0][..], &[0.0, 0.0], &[]] {
        summary.push(&ListResult { list: relevance, candidates: relevance, ..ListResult::default() }).unwrap();
    }
    let figures = summary.finish(&Bootstrap::default());
    assert_eq!((figures.lists, figures.without_positive), (3, 1));
    let names: Vec<&str> = figures.metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(names, ["P@2", "NDCG@2", "MAP@2", "F1@2", "Recall@2"]);
    assert_eq!(figures.get("P@2"), Some(Estimate { value: 0.5, low: 0.5, high: 0.5 }));
    assert_eq!(figures.get("AUC"), None);
}

#[test]
fn an_empty_run_has_no_figures() {
    let figures = Summary::new(TWO, ScoreKind::Probability).finish(&Bootstrap::default());
    assert_eq!(figures, Figures { lists: 0, without_positive: 0, metrics: vec![] });
}

#[test]
fn a_refused_list_leaves_the_summary_as_it_was() {
    let good =
        ListResult { list: &[1.0], candidates: &[1.0], scores: &[0.5], labels: &[true], group: None, others: &[] };
    let bad = [
        ListResult { list: &[2.0], ..good },
        ListResult { candidates: &[f32::NAN], ..good },
        ListResult { scores: &[1.5], ..good },
        ListResult { labels: &[], ..good },
        ListResult { others: &[("distance", f64::NAN)], ..good },
    ];
    let mut summary = Summary::new(TWO, ScoreKind::Probability);
    for result in bad {
        let error = summary.push(&result).expect_err("it is bad");
        let names_it = result.others.is_empty() || error.to_string() == "\"distance\" is NaN, expected a finite number";
        assert!(names_it, "{result:?}: {error}");
    }
    summary.push(&good).unwrap();
    assert_eq!(summary.finish(&Bootstrap::default()).lists, 1);
}

#[test]
fn the_interval_of_a_pooled_metric_holds_its_value() {
    let lists: Vec<List> = (0..60u32)
        .map(|i| List {
            relevance: vec![1.0, 0.0],
            probabilities: vec![(i * 7 % 10) as f32 / 10.0, (i * 3 % 8) as f32 / 10.0],
            labels: vec![true, false],
        })
        .collect();
    let figures = figures(&lists, &Bootstrap::default());
    for name in ["AUC", "LogLoss"] {
        let Estimate { value, low, high } = figures.get(name).unwrap();
        assert!(low < value && value < high, "{name}: {low} {value} {high}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_summary_agrees_with_its_parts(lists in lists()) {
        let figures = figures(&lists, &Bootstrap { resamples: 20, seed: 1 });
        let scores: Vec<f32> = lists.iter().flat_map(|list| list.probabilities.clone()).collect();
        let labels: Vec<bool> = lists.iter().flat_map(|list| list.labels.clone()).collect();
        prop_assert_eq!(figures.get("AUC").map(|e| e.value), auc(&scores, &labels).unwrap());
        let expected = log_loss(&scores, &labels).unwrap().unwrap();
        prop_assert!((figures.get("LogLoss").unwrap().value - expected.value).abs() < 1e-9);
        prop_assert!((figures.get(Figures::BASE_LOG_LOSS).unwrap().value - expected.base_rate).abs() < 1e-9);
        let ndcg: Vec<f64> = lists.iter().filter_map(|list| {
            let ideal = Ideal::new(&list.relevance).unwrap()?;
            Some(RankingMetrics::at(TWO, &list.relevance, &ideal).unwrap().ndcg)
        }).collect();
        prop_assert_eq!(figures.lists - figures.without_positive, ndcg.len());
        if let Some(found) = figures.get("NDCG@2") {
            prop_assert!((found.value - ndcg.iter().sum::<f64>() / ndcg.len() as f64).abs() < 1e-12);
        }
        for metric in &figures.metrics {
            prop_assert!(metric.estimate.low <= metric.estimate.high);
        }
    }

    #[test]
    fn the_order_of_lists_does_not_change_the_values(
        (lists, shuffled) in lists().prop_flat_map(|lists| (Just(lists.clone()), Just(lists).prop_shuffle())),
    ) {
        let bootstrap = Bootstrap { resamples: 0, seed: 0 };
        let (a, b) = (figures(&lists, &bootstrap), figures(&shuffled, &bootstrap));
        prop_assert_eq!(a.metrics.len(), b.metrics.len());
        for (a, b) in a.metrics.iter().zip(&b.metrics) {
            prop_assert_eq!(&a.name, &b.name);
            prop_assert!((a.estimate.value - b.estimate.value).abs() < 1e-9);
        }
    }
}

#[test]
fn lists_of_a_group_give_the_interval_of_one() {
    let figures = |repeats: u64, group: bool| {
        let mut summary = Summary::new(NonZeroUsize::new(1).unwrap(), ScoreKind::Probability);
        for list in 0..30_u64 {
            for _ in 0..repeats {
                let relevant = list % 3 == 0;
                let scores = [0.1 + 0.02 * list as f32, 0.5];
                summary
                    .push(&ListResult {
                        list: &[f32::from(u8::from(relevant))],
                        candidates: &[1.0, 0.0],
                        scores: &scores,
                        labels: &[relevant, !relevant],
                        group: group.then_some(list),
                        others: &[("other", list as f64)],
                    })
                    .unwrap();
            }
        }
        summary.finish(&Bootstrap { resamples: 200, seed: 3 })
    };
    let (once, often) = (figures(1, false), figures(7, true));
    for metric in &once.metrics {
        let (a, b) = (metric.estimate, often.get(&metric.name).unwrap());
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(
            close(a.value, b.value) && close(a.low, b.low) && close(a.high, b.high),
            "{}: {a:?} {b:?}",
            metric.name
        );
    }
    assert!(once.metrics.len() >= 9, "AUC, LogLoss and the others are there");
}
