//! The numbers of scikit-learn, written by `goldens/metrics.py`, whose seed and versions stand in the file itself.

use std::num::NonZeroUsize;

use nar4rec_metrics::{Ideal, RankingMetrics, auc, log_loss, order_by_score};
use serde::Deserialize;

#[derive(Deserialize)]
struct Goldens {
    k: NonZeroUsize,
    lists: Vec<List>,
    pooled: Pooled,
}

#[derive(Deserialize)]
struct List {
    relevance: Vec<f32>,
    scores: Vec<f32>,
    precision: f64,
    recall: f64,
    f1: f64,
    ndcg: f64,
    map: f64,
    map_of_all: f64,
}

#[derive(Deserialize)]
struct Pooled {
    labels: Vec<bool>,
    probabilities: Vec<f32>,
    auc: f64,
    log_loss: f64,
    base_log_loss: f64,
}

fn goldens() -> Goldens {
    serde_json::from_str(include_str!("goldens/metrics.json")).expect("goldens/metrics.py wrote it")
}

fn close(what: &str, found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{what}: found {found}, scikit-learn has {expected}");
}

#[test]
fn ranking_metrics_agree() {
    let Goldens { k, lists, .. } = goldens();
    assert_eq!(lists.len(), 48);
    for (index, list) in lists.iter().enumerate() {
        let order = order_by_score(&list.scores).unwrap();
        let produced: Vec<f32> = order.into_iter().map(|candidate| list.relevance[candidate]).collect();
        let ideal = Ideal::new(&list.relevance).unwrap().unwrap();
        let found = RankingMetrics::at(k, &produced, &ideal).unwrap();
        close(&format!("precision of list {index}"), found.precision, list.precision);
        close(&format!("recall of list {index}"), found.recall, list.recall);
        close(&format!("F1 of list {index}"), found.f1, list.f1);
        close(&format!("NDCG of list {index}"), found.ndcg, list.ndcg);
        close(&format!("MAP of list {index}"), found.map, list.map);
        let all = NonZeroUsize::new(produced.len()).unwrap();
        let found = RankingMetrics::at(all, &produced, &ideal).unwrap();
        close(&format!("MAP of all of list {index}"), found.map, list.map_of_all);
    }
}

#[test]
fn classification_metrics_agree() {
    let Pooled { labels, probabilities, auc: expected_auc, log_loss: expected_loss, base_log_loss } = goldens().pooled;
    close("AUC", auc(&probabilities, &labels).unwrap().unwrap(), expected_auc);
    let found = log_loss(&probabilities, &labels).unwrap().unwrap();
    close("LogLoss", found.value, expected_loss);
    close("base LogLoss", found.base_rate, base_log_loss);
}
