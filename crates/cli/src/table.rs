//! Evaluations as text and as JSON.

use nar4rec_metrics::Figures;
use nar4rec_train::Evaluation;
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
    let columns: Vec<String> = evaluation.generator.metrics.iter().map(|metric| metric.name.clone()).collect();
    let mut rows = vec![("pipeline", &evaluation.pipeline), ("generator alone", &evaluation.generator)];
    rows.extend(evaluation.baselines.iter().map(|(baseline, figures)| (baseline.name(), figures)));
    let mut text = format!(
        "{} split, {} lists, relevant = {} (per cent, with 95 % intervals)\n",
        evaluation.split, evaluation.lists, evaluation.relevance
    );
    let left_out = evaluation.generator.without_positive;
    if left_out > 0 {
        text.push_str(&format!("{left_out} lists without a relevant item are in no ranking metric\n"));
    }
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
    text.push_str("\nevaluator, over shown items\n");
    for kind in &evaluation.kinds {
        let value = |name: &str| kind.figures.get(name).map_or("–".to_owned(), |e| format!("{:.4}", e.value));
        text.push_str(&format!(
            "{:<17}AUC {}   LogLoss {}   (always the mean: {})\n",
            kind.name,
            value("AUC"),
            value("LogLoss"),
            value(Figures::BASE_LOG_LOSS)
        ));
    }
    text
}
