//! An evaluation's figures against a naive computation of each on the same model.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod made;

use std::{collections::HashMap, fs, num::NonZeroUsize};

use nar4rec_data::{DataSet, OnBad, Split};
use nar4rec_infer::Reranker;
use nar4rec_metrics::Figures;
use nar4rec_slate::{Impression, Permutation};
use nar4rec_tensor::Isa;
use nar4rec_train::{
    Baseline, BaselineRanker, Compared, DEEP, EvaluateOptions, Evaluation, Event, Flow, Nar4rec, Observer, Outcome,
    PrepareOptions, Resume, TrainOptions, compare, evaluate, train,
};
use serde_json::{Value, json};

struct Silent;

impl Observer for Silent {
    fn event(&mut self, _: &Event<'_>) -> Flow {
        Flow::Continue
    }
}

struct Case {
    reranker: Reranker,
    impressions: HashMap<Split, Vec<Impression>>,
    evaluation: Evaluation,
}

/// A model that has learned a little, on data in which on every fifth list nothing was liked and some candidates have no
/// score.
fn case() -> Case {
    let dir = tempfile::tempdir().unwrap();
    made::write(dir.path(), 160);
    let path = dir.path().join("test.jsonl");
    let lines = fs::read_to_string(&path).unwrap();
    let changed = lines.lines().enumerate().map(|(index, line)| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        line["candidates"][index % made::CANDIDATES]["score"] = Value::Null;
        for shown in line["shown"].as_array_mut().unwrap().iter_mut().filter(|_| index % 5 == 0) {
            shown["feedback"]["like"] = json!(0);
        }
        format!("{line}\n")
    });
    fs::write(&path, changed.collect::<String>()).unwrap();
    let data = DataSet::open(dir.path()).unwrap();
    let (prepare, resume) = (PrepareOptions::default(), Resume::Never);
    let options = TrainOptions { isa: Isa::detect(), prepare, checkpoint: None, resume };
    let Outcome::Finished(trained) = train(&data, &made::config(), options, &mut Silent).unwrap() else {
        panic!("nothing stopped it")
    };
    let reranker = Reranker::new(trained.model, Isa::detect()).unwrap();
    let options = EvaluateOptions { split: Split::Test, relevance: "like".to_owned(), on_bad: OnBad::Fail };
    let evaluation = evaluate(&reranker, &data, &options, |_| {}).unwrap();
    let read = |split| data.impressions(split).unwrap().map(|line| line.unwrap().value).collect();
    let impressions = [Split::Train, Split::Test].map(|split| (split, read(split))).into();
    Case { reranker, impressions, evaluation }
}

/// Whether the user liked each candidate.
fn liked(impression: &Impression) -> Vec<bool> {
    let mut liked = vec![false; impression.request().candidates().len()];
    for exposure in impression.shown() {
        liked[exposure.candidate] = exposure.feedback["like"] > 0.0;
    }
    liked
}

/// The mean over lists with a liked item of each ranking metric at 3.
fn ranking_metrics(lists: &[(Vec<usize>, Vec<bool>)]) -> [(&'static str, f64); 5] {
    let mut sums = [0.0; 5];
    let mut counted = 0.0;
    for (list, liked) in lists {
        let positives = liked.iter().filter(|liked| **liked).count();
        if positives == 0 {
            continue;
        }
        counted += 1.0;
        let (mut hits, mut precisions, mut gain) = (0.0, 0.0, 0.0);
        for (place, _) in list.iter().enumerate().filter(|(_, index)| liked[**index]) {
            hits += 1.0;
            precisions += hits / (place + 1) as f64;
            gain += 1.0 / ((place + 2) as f64).log2();
        }
        let ideal: f64 = (0..positives.min(3)).map(|place| 1.0 / ((place + 2) as f64).log2()).sum();
        let (precision, recall) = (hits / 3.0, hits / positives as f64);
        let f1 = if hits > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 };
        let values = [precision, gain / ideal, precisions / positives.min(3) as f64, f1, recall];
        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }
    let mut means = sums.into_iter().map(|sum| sum / counted);
    ["P@3", "NDCG@3", "MAP@3", "F1@3", "Recall@3"].map(|name| (name, means.next().unwrap()))
}

/// The share of pairs of a positive and a negative that are in order; ties count half.
fn naive_auc(scored: &[(f64, bool)]) -> f64 {
    let (mut sum, mut pairs) = (0.0, 0.0);
    for (score, _) in scored.iter().filter(|(_, positive)| *positive) {
        for (other, _) in scored.iter().filter(|(_, positive)| !positive) {
            pairs += 1.0;
            sum += if score > other { 1.0 } else { f64::from(u8::from(score == other)) / 2.0 };
        }
    }
    sum / pairs
}

fn assert_figures(figures: &Figures, expected: &[(&str, f64)]) {
    for (name, expected) in expected {
        let found = figures.get(name).unwrap();
        assert!((found.value - expected).abs() < 1e-6, "{name}: {}, expected {expected}", found.value);
        assert!(found.low <= found.value && found.value <= found.high, "{name}: {found:?}");
    }
}

/// The first three by score, the greatest first, equals as they come.
fn by_score(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    order.truncate(3);
    order
}

#[test]
fn generator_and_pipeline_are_measured_by_their_lists() {
    let case = case();
    let (mut generator, mut pipeline, mut scored) = (Vec::new(), Vec::new(), Vec::new());
    for impression in &case.impressions[&Split::Test] {
        let (request, liked) = (impression.request(), liked(impression));
        let trace = case.reranker.trace_batch(std::slice::from_ref(request), None).remove(0).unwrap();
        generator.push((trace.proposals[0].items.iter().map(|item| item.index).collect(), liked.clone()));
        let chosen = case.reranker.rerank(request).unwrap().best;
        pipeline.push((chosen.items.iter().map(|item| item.index).collect(), liked.clone()));
        let rows = trace.log_probabilities.chunks(trace.positions);
        scored.extend(rows.map(|row| f64::from(row.iter().copied().fold(f32::MIN, f32::max))).zip(liked));
    }
    assert_figures(&case.evaluation.generator, &ranking_metrics(&generator));
    assert_figures(&case.evaluation.generator, &[("AUC", naive_auc(&scored))]);
    assert_figures(&case.evaluation.pipeline, &ranking_metrics(&pipeline));
    assert!(generator != pipeline, "the evaluator chooses another list now and then");
}

#[test]
fn lists_without_a_liked_item_are_left_out_and_counted() {
    let case = case();
    let lists = &case.impressions[&Split::Test];
    let without = lists.iter().filter(|impression| !liked(impression).contains(&true)).count();
    assert!(without >= lists.len() / 5);
    assert_eq!((case.evaluation.lists, case.evaluation.generator.lists), (lists.len(), lists.len()));
    assert_eq!(case.evaluation.generator.without_positive, without);
    assert_eq!(case.evaluation.pipeline.without_positive, without);
}

#[test]
fn the_evaluator_is_measured_on_what_was_shown() {
    let case = case();
    let mut scored = Vec::new();
    for impression in &case.impressions[&Split::Test] {
        let shown: Vec<usize> = impression.shown().iter().map(|exposure| exposure.candidate).collect();
        let list = Permutation::new(shown, made::CANDIDATES).unwrap();
        let said = case.reranker.evaluate(impression.request(), &[list]).unwrap().remove(0);
        for (item, exposure) in said.items.iter().zip(impression.shown()) {
            scored.push((f64::from(item.feedback[0]), exposure.feedback["like"] > 0.0));
        }
    }
    let count = scored.len() as f64;
    let loss = |p: f64, positive: bool| if positive { -p.ln() } else { -(1.0 - p).ln() };
    let log_loss = scored.iter().map(|(p, positive)| loss(*p, *positive)).sum::<f64>() / count;
    let positives = scored.iter().filter(|(_, positive)| *positive).count() as f64;
    let base = scored.iter().map(|(_, positive)| loss(positives / count, *positive)).sum::<f64>() / count;
    let expected = [("AUC", naive_auc(&scored)), ("LogLoss", log_loss), (Figures::BASE_LOG_LOSS, base)];
    assert_figures(&case.evaluation.evaluator, &expected);
    let kind = &case.evaluation.kinds[0];
    assert_eq!((kind.name.as_str(), kind.labels as f64, kind.positives as f64), ("like", count, positives));
}

#[test]
fn baselines_are_what_their_names_say() {
    let case = case();
    let mut counts: HashMap<&str, f64> = HashMap::new();
    for impression in &case.impressions[&Split::Train] {
        for exposure in impression.shown().iter().filter(|exposure| exposure.feedback["like"] > 0.0) {
            *counts.entry(&impression.request().candidates()[exposure.candidate].id).or_default() += 1.0;
        }
    }
    let (mut upstream, mut popularity, mut scored) = (Vec::new(), Vec::new(), Vec::new());
    for impression in &case.impressions[&Split::Test] {
        let (candidates, liked) = (impression.request().candidates(), liked(impression));
        let scores: Vec<f64> = candidates.iter().map(|candidate| candidate.score.unwrap_or(-1e9)).collect();
        upstream.push((by_score(&scores), liked.clone()));
        let counts: Vec<f64> =
            candidates.iter().map(|candidate| counts.get(candidate.id.as_str()).copied().unwrap_or(0.0)).collect();
        popularity.push((by_score(&counts), liked.clone()));
        scored.extend(counts.into_iter().zip(liked));
    }
    let figures =
        |wanted| case.evaluation.baselines.iter().find(|(baseline, _)| *baseline == wanted).unwrap().1.clone();
    assert_figures(&figures(Baseline::Upstream), &ranking_metrics(&upstream));
    assert_figures(&figures(Baseline::Popularity), &ranking_metrics(&popularity));
    assert_figures(&figures(Baseline::Popularity), &[("AUC", naive_auc(&scored))]);
    let random = figures(Baseline::Random);
    // Of twelve candidates about three are liked: by chance a quarter of a list is.
    assert!((0.1..0.4).contains(&random.get("P@3").unwrap().value), "{random:?}");
    assert!((0.4..0.6).contains(&random.get("AUC").unwrap().value), "{random:?}");
}

/// Two ways to the same figures: an evaluation of one model, and a comparison in which it stands beside others.
#[test]
fn a_comparison_finds_what_an_evaluation_finds() {
    let dir = tempfile::tempdir().unwrap();
    made::write(dir.path(), 60);
    let data = DataSet::open(dir.path()).unwrap();
    let (prepare, resume) = (PrepareOptions::default(), Resume::Never);
    let options = TrainOptions { isa: Isa::detect(), prepare, checkpoint: None, resume };
    let Outcome::Finished(trained) = train(&data, &made::config(), options, &mut Silent).unwrap() else {
        panic!("nothing stopped it")
    };
    let reranker = Reranker::new(trained.model, Isa::detect()).unwrap();
    let options = EvaluateOptions { split: Split::Test, relevance: "like".to_owned(), on_bad: OnBad::Fail };
    let evaluation = evaluate(&reranker, &data, &options, |_| {}).unwrap();

    let baselines = BaselineRanker::all(&data, "like", OnBad::Fail).unwrap();
    let ours = Nar4rec::new(&reranker, "like").unwrap();
    let mut systems: Vec<&dyn Compared> = vec![&ours];
    systems.extend(baselines.iter().map(|baseline| baseline as &dyn Compared));
    let length = NonZeroUsize::new(made::LENGTH).unwrap();
    let (mut seen, mut shown_recall) = (Vec::new(), 0.0);
    let comparison = compare(&systems, length, &data, &options, |number, impression, answers| {
        seen.push(number);
        let candidates = impression.request().candidates().len();
        for answer in answers {
            assert_eq!((answer.ranked.list.len(), answer.ranked.scores.len()), (made::LENGTH, candidates));
        }
        let chosen = &answers[0].ranked.list;
        let shown = impression.shown().iter().filter(|exposure| chosen.contains(&exposure.candidate));
        shown_recall += shown.count() as f64 / impression.shown().len() as f64;
        assert!(answers[0].proposals.iter().any(|(list, _)| list == chosen) && answers[1].proposals.is_empty());
    });
    let comparison = comparison.unwrap();
    assert_eq!(seen, (0..comparison.lists).collect::<Vec<_>>());
    let [of_ours, rest @ ..] = &comparison.systems[..] else { panic!("four systems") };
    for metric in &evaluation.pipeline.metrics {
        assert_eq!(of_ours.lists.get(&metric.name), Some(metric.estimate), "{}", metric.name);
    }
    assert_eq!(of_ours.lists.get("AUC"), evaluation.generator.get("AUC"));
    for metric in &evaluation.evaluator.metrics {
        assert_eq!(of_ours.shown.get(&metric.name), Some(metric.estimate), "{}", metric.name);
    }
    let found = of_ours.shown.get(&format!("Recall@{}", made::LENGTH)).unwrap().value;
    assert!((found - shown_recall / comparison.lists as f64).abs() < 1e-12 && found > 0.0);
    assert!(of_ours.shown.get("Recall@10").unwrap().value > found, "ten of twelve candidates hold more than three");
    let of_ten = compare(&systems[1..], DEEP, &data, &options, |_, _, _| {}).unwrap();
    for system in &of_ten.systems {
        let recalls = system.lists.metrics.iter().filter(|metric| metric.name == "Recall@10").count();
        assert_eq!(recalls, 1, "{}: {:?}", system.name, system.lists);
    }
    for ((baseline, figures), system) in evaluation.baselines.iter().zip(rest) {
        assert_eq!(baseline.name(), system.name);
        for metric in &figures.metrics {
            assert_eq!(system.lists.get(&metric.name), Some(metric.estimate), "{} {}", system.name, metric.name);
        }
    }
}
