//! Corner cases by trec_eval, ranx, scikit-learn and SciPy: equal scores, no positive, only positives, short lists.
//! `goldens/libraries.py` wrote the numbers and says which convention each library has; seed and versions stand in the file.
//!
//! Where nar4rec differs it is on purpose, and the difference is what is tested:
//! AP@k · positives / min(k, positives) is ours, and where the libraries say 0 for lack of a positive we have no value.

use std::num::NonZeroUsize;

use nar4rec_metrics::{Bootstrap, Groups, Ideal, RankingMetrics, auc, kendall_tau_b, log_loss, order_by_score};
use serde::Deserialize;

#[derive(Deserialize)]
struct Goldens {
    cases: Vec<Case>,
    tied: Vec<Tied>,
    pooled: Vec<Pooled>,
    paired: Vec<Paired>,
    ordered: Vec<Ordered>,
}

/// A list of the first `shown` candidates.
#[derive(Deserialize)]
struct Case {
    what: String,
    relevance: Vec<f32>,
    shown: usize,
    cutoffs: Vec<Cutoff>,
}

#[derive(Deserialize)]
struct Cutoff {
    k: NonZeroUsize,
    trec: Values,
    ranx: Values,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Values {
    p: f64,
    recall: f64,
    /// Only ranx has it.
    f1: Option<f64>,
    #[serde(rename = "AP")]
    ap: f64,
    #[serde(rename = "NDCG")]
    ndcg: f64,
}

/// A list with equal scores, and its mean NDCG at 1, 3, 6 and 10 over their orders.
#[derive(Deserialize)]
struct Tied {
    relevance: Vec<f32>,
    scores: Vec<f32>,
    ndcg: Vec<f64>,
}

#[derive(Deserialize)]
struct Pooled {
    what: String,
    labels: Vec<bool>,
    scores: Vec<f32>,
    /// None without both labels.
    auc: Option<f64>,
    mann_whitney: Option<f64>,
    log_loss: f64,
}

#[derive(Deserialize)]
struct Paired {
    first: Vec<f64>,
    second: Vec<f64>,
    low: f64,
    high: f64,
    standard_error: f64,
    not_above: f64,
}

#[derive(Deserialize)]
struct Ordered {
    first: Vec<f64>,
    second: Vec<f64>,
    /// None where one row has no two different values.
    tau: Option<f64>,
}

fn goldens() -> Goldens {
    serde_json::from_str(include_str!("goldens/libraries.json")).expect("goldens/libraries.py wrote it")
}

fn close(what: &str, found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{what}: found {found}, the library has {expected}");
}

#[test]
fn lists_agree_with_trec_eval_and_ranx() {
    let cases = goldens().cases;
    assert_eq!(cases.len(), 25);
    for Case { what, relevance, shown, cutoffs } in cases {
        let ideal = Ideal::new(&relevance).unwrap();
        for Cutoff { k, trec, ranx } in cutoffs {
            for (library, values) in [("trec_eval", trec), ("ranx", ranx)] {
                let Some(ideal) = &ideal else {
                    assert_eq!((values.p, values.recall, values.ap, values.ndcg), (0.0, 0.0, 0.0, 0.0));
                    continue;
                };
                let what = |metric: &str| format!("{metric}@{k} of {library}, {what}, {relevance:?}, {shown} shown");
                let found = RankingMetrics::at(k, &relevance[..shown], ideal).unwrap();
                close(&what("P"), found.precision, values.p);
                close(&what("Recall"), found.recall, values.recall);
                close(&what("NDCG"), found.ndcg, values.ndcg);
                values.f1.iter().for_each(|&f1| close(&what("F1"), found.f1, f1));
                let positives = ideal.positives();
                let in_their_way = found.map * positives.min(k.get()) as f64 / positives as f64;
                close(&what("AP"), in_their_way, values.ap);
            }
        }
    }
}

/// The mean over all orders of equal scores, worked out by trying every order of the candidates.
#[test]
fn the_mean_over_orders_of_equal_scores_is_that_of_scikit_learn() {
    for Tied { relevance, scores, ndcg } in goldens().tied {
        let ideal = Ideal::new(&relevance).unwrap().unwrap();
        let mut orders = Vec::new();
        permutations(&mut (0..relevance.len()).collect::<Vec<_>>(), 0, &mut orders);
        for (k, expected) in [1, 3, 6, 10].into_iter().zip(ndcg) {
            let k = NonZeroUsize::new(k).unwrap();
            let of_order = |order: &Vec<usize>| {
                let scores: Vec<f32> = order.iter().map(|&candidate| scores[candidate]).collect();
                let list: Vec<f32> =
                    order_by_score(&scores).unwrap().into_iter().map(|place| relevance[order[place]]).collect();
                RankingMetrics::at(k, &list, &ideal).unwrap().ndcg
            };
            let mean = orders.iter().map(of_order).sum::<f64>() / orders.len() as f64;
            close(&format!("NDCG@{k} of {relevance:?} by {scores:?}"), mean, expected);
        }
    }
}

fn permutations(items: &mut Vec<usize>, from: usize, found: &mut Vec<Vec<usize>>) {
    if from == items.len() {
        found.push(items.clone());
    }
    for other in from..items.len() {
        items.swap(from, other);
        permutations(items, from + 1, found);
        items.swap(from, other);
    }
}

#[test]
fn pooled_scores_agree_with_scikit_learn_and_scipy() {
    for Pooled { what, labels, scores, auc: expected, mann_whitney, log_loss: loss } in goldens().pooled {
        let found = auc(&scores, &labels).unwrap();
        assert_eq!(found.is_some(), expected.is_some(), "{what}");
        for expected in expected.into_iter().chain(mann_whitney) {
            close(&format!("AUC, {what}"), found.unwrap(), expected);
        }
        close(&format!("LogLoss, {what}"), log_loss(&scores, &labels).unwrap().unwrap().value, loss);
    }
}

/// Other draws than ours, so that they agree as far as 100,000 and 20,000 resamples tell: the end of a 95% interval is
/// known to about 2.7 standard errors divided by the root of the resamples, which is 0.02; a share to 0.5 divided by it.
#[test]
fn paired_differences_agree_with_scipy() {
    let bootstrap = Bootstrap { resamples: 20_000, seed: 4 };
    for Paired { first, second, low, high, standard_error, not_above } in goldens().paired {
        let found = bootstrap.difference(&first, &second, &Groups::single(first.len())).unwrap().unwrap();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        close("mean difference", found.mean.value, mean(&first) - mean(&second));
        for (found, expected) in [(found.mean.low, low), (found.mean.high, high)] {
            let errors = (found - expected) / standard_error;
            assert!(errors.abs() < 0.1, "found {found}, SciPy has {expected}: {errors} standard errors apart");
        }
        let share = found.not_above;
        assert!((share - not_above).abs() < 0.02, "found {share}, SciPy has {not_above}");
    }
}

#[test]
fn orders_agree_as_scipy_says() {
    let ordered = goldens().ordered;
    assert_eq!(ordered.len(), 10);
    for Ordered { first, second, tau } in ordered {
        let found = kendall_tau_b(&first, &second).unwrap();
        assert_eq!(found.is_some(), tau.is_some(), "{first:?} and {second:?}");
        found.into_iter().zip(tau).for_each(|(found, tau)| close("τ-b", found, tau));
    }
}
