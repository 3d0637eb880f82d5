//! Evaluations as text and as JSON.

use nar4rec_data::Split;
use nar4rec_metrics::Figures;
use nar4rec_train::{Comparison, Evaluation};
use serde_json::{Map, Value, json};

/// The evaluation as one JSON object. Beside every figure's object stands its 95 % interval, `[low, high]`.
pub(crate) fn to_json(evaluation: &Evaluation) -> Value {
    let baselines: Map<_, _> =
        evaluation.baselines.iter().map(|(baseline, figures)| (baseline.name().to_owned(), values(figures))).collect();
    let kinds: Map<_, _> = evaluation.kinds.iter().map(|kind| (kind.name.clone(), values(&kind.figures))).collect();
    json!({
        "split": evaluation.split,
        "lists": evaluation.lists,
        "relevance": evaluation.relevance,
        "generator": values(&evaluation.generator),
        "pipeline": values(&evaluation.pipeline),
        "evaluator": values(&evaluation.evaluator),
        "feedback": kinds,
        "baselines": baselines,
        "intervals": {
            "generator": intervals(&evaluation.generator),
            "pipeline": intervals(&evaluation.pipeline),
            "evaluator": intervals(&evaluation.evaluator),
        },
        "skipped": evaluation.skipped.count,
    })
}

fn values(figures: &Figures) -> Value {
    figures
        .metrics
        .iter()
        .map(|metric| (metric.name.clone(), json!(metric.estimate.value)))
        .collect::<Map<_, _>>()
        .into()
}

fn intervals(figures: &Figures) -> Value {
    let pair = |metric: &nar4rec_metrics::Metric| json!([metric.estimate.low, metric.estimate.high]);
    figures.metrics.iter().map(|metric| (metric.name.clone(), pair(metric))).collect::<Map<_, _>>().into()
}

/// The evaluation as a table for people: shares in per cent, with their 95 % intervals for the model's rows.
pub(crate) fn to_text(evaluation: &Evaluation) -> String {
    let mut rows = vec![("pipeline", &evaluation.pipeline), ("generator alone", &evaluation.generator)];
    rows.extend(evaluation.baselines.iter().map(|(baseline, figures)| (baseline.name(), figures)));
    let mut text = rankings((evaluation.split, evaluation.lists, &evaluation.relevance), &rows);
    text.push_str("\nevaluator, over shown items\n");
    evaluation.kinds.iter().for_each(|kind| text.push_str(&probabilities(&kind.name, &kind.figures)));
    text
}

/// Systems side by side for people, as [`to_text`].
pub(crate) fn comparison_to_text(comparison: &Comparison) -> String {
    let rows: Vec<_> = comparison.systems.iter().map(|system| (system.name.as_str(), &system.lists)).collect();
    let mut text = rankings((comparison.split, comparison.lists, &comparison.relevance), &rows);
    let mut predicting = comparison.systems.iter().filter(|system| system.shown.get("AUC").is_some()).peekable();
    if predicting.peek().is_some() {
        text.push_str("\nprobabilities, over shown items\n");
    }
    predicting.for_each(|system| text.push_str(&probabilities(&system.name, &system.shown)));
    text
}

/// Systems side by side as one JSON object.
pub(crate) fn comparison_to_json(comparison: &Comparison) -> Value {
    let systems: Map<_, _> = comparison
        .systems
        .iter()
        .map(|system| {
            let value = json!({
                "lists": values(&system.lists),
                "shown": values(&system.shown),
                "coverage": system.diversity.coverage,
                "repetition": system.diversity.repetition,
                "distinct_pairs": system.diversity.distinct_pairs,
                "intra_list_distance": system.diversity.intra_list_distance,
                "intervals": { "lists": intervals(&system.lists), "shown": intervals(&system.shown) },
            });
            (system.name.clone(), value)
        })
        .collect();
    json!({
        "split": comparison.split,
        "lists": comparison.lists,
        "relevance": comparison.relevance,
        "systems": systems,
        "skipped": comparison.skipped.count,
    })
}

/// Ranking metrics by row, in the columns that the first row has.
fn rankings((split, lists, relevance): (Split, usize, &str), rows: &[(&str, &Figures)]) -> String {
    let mut text = format!("{split} split, {lists} lists, relevant = {relevance} (per cent, with 95 % intervals)\n");
    let first = rows.first().map(|(_, figures)| *figures);
    let left_out = first.map_or(0, |figures| figures.without_positive);
    if left_out > 0 {
        text.push_str(&format!("{left_out} lists without a relevant item are in no ranking metric\n"));
    }
    let columns: Vec<&str> = first.iter().flat_map(|f| &f.metrics).map(|metric| metric.name.as_str()).collect();
    text.push_str(&format!("\n{:<17}", ""));
    columns.iter().for_each(|name| text.push_str(&format!("{name:>20}")));
    text.push('\n');
    for (name, figures) in rows {
        text.push_str(&format!("{name:<17}"));
        for column in &columns {
            let cell = figures.get(column).map_or("–".to_owned(), |e| {
                format!("{:.1} [{:.1}, {:.1}]", 100.0 * e.value, 100.0 * e.low, 100.0 * e.high)
            });
            text.push_str(&format!("{cell:>20}"));
        }
        text.push('\n');
    }
    text
}

/// AUC and LogLoss in one line.
fn probabilities(name: &str, figures: &Figures) -> String {
    let value = |metric: &str| figures.get(metric).map_or("–".to_owned(), |e| format!("{:.4}", e.value));
    format!(
        "{name:<17}AUC {}   LogLoss {}   (always the mean: {})\n",
        value("AUC"),
        value("LogLoss"),
        value(Figures::BASE_LOG_LOSS)
    )
}
