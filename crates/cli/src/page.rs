//! The report of a model on a data set, as an HTML page.

use std::{fs, path::Path};

use anyhow::Context;
use nar4rec_data::{DataSet, OnBad};
use nar4rec_infer::{Reranker, ScoredList, Trace};
use nar4rec_metrics::{Estimate, Figures};
use nar4rec_report::{
    Alternative, Column, EvaluatorRow, Fact, FeedbackKind, HeatMap, HeatRow, Measure, MetricsTable, Point, Report,
    Reranked, Scale, Series, Slate, SlateItem, System, Training,
};
use nar4rec_slate::{FeatureValue, Features, Impression, Permutation};
use nar4rec_train::{EpochRecord, Evaluation, Trained};

use crate::{target, watch::Watch};

/// What a report is made of.
pub(crate) struct Source<'a> {
    pub(crate) title: String,
    pub(crate) reranker: &'a Reranker,
    pub(crate) data: &'a DataSet,
    pub(crate) evaluation: &'a Evaluation,
    /// The run that made the model, if this is its report.
    pub(crate) training: Option<(&'a Trained, &'a Watch)>,
}

/// Impressions looked through for one whose list changed and was liked.
const SEARCHED: usize = 300;
/// Features of an item that are shown.
const FEATURES: usize = 4;
/// Loss points of a curve.
const POINTS: usize = 400;

/// Writes the page, to a file whole or not at all.
pub(crate) fn write(path: &Path, source: &Source<'_>) -> anyhow::Result<()> {
    let html = nar4rec_report::render(&report(source)?)?;
    let written = match target::is_stream(path) {
        true => fs::write(path, &html),
        false => nar4rec_model::write_atomically(path, html.as_bytes()),
    };
    written.with_context(|| format!("{}: cannot write", path.display()))
}

fn report(source: &Source<'_>) -> anyhow::Result<Report> {
    let example = example(source)?;
    let (reranked, heat_map) = match &example {
        Some((impression, trace)) => (Some(reranked(source, impression, trace)?), Some(heat_map(impression, trace))),
        None => (None, None),
    };
    Ok(Report {
        title: source.title.clone(),
        lead: Some(lead(source.evaluation)),
        facts: facts(source),
        metrics: Some(metrics(source.evaluation)),
        evaluator: source.evaluation.kinds.iter().map(evaluator_row).collect(),
        reranked,
        heat_map,
        training: source.training.map_or_else(Vec::new, |(trained, watch)| curves(trained, watch)),
        ..Report::default()
    })
}

/// One sentence on what came out.
fn lead(evaluation: &Evaluation) -> String {
    let ndcg = |figures: &Figures| {
        figures.metrics.iter().find(|m| m.name.starts_with("NDCG")).map(|m| (m.name.clone(), m.estimate.value))
    };
    let upstream = evaluation.baselines.first().and_then(|(_, figures)| ndcg(figures));
    match (ndcg(&evaluation.pipeline), upstream) {
        (Some((name, ours)), Some((_, theirs))) => format!(
            "On {} {} lists the reranked order reaches {name} {:.1}, the upstream order {:.1} (relevant: {}).",
            evaluation.lists,
            evaluation.split,
            100.0 * ours,
            100.0 * theirs,
            evaluation.relevance
        ),
        _ => format!("{} {} lists, none with a relevant item.", evaluation.lists, evaluation.split),
    }
}

fn facts(source: &Source<'_>) -> Vec<Fact> {
    let evaluation = source.evaluation;
    let mut facts = vec![
        Fact::new("Data set", format!("{}, {}", source.data.folder().display(), evaluation.split)),
        Fact::new("Lists", evaluation.lists.to_string()),
        Fact::new("List length", source.reranker.list_length().to_string()),
        Fact::new("Relevant item", format!("{} above 0", evaluation.relevance)),
    ];
    if let Some((trained, _)) = source.training {
        let model = &trained.model;
        let generator = &model.config.generator;
        let sizes = format!("width {}, layers {}, heads {}", generator.width, generator.layers, generator.heads);
        facts.push(Fact::new("Generator", format!("{} parameters, {sizes}", model.generator.parameters.count())));
        facts.push(Fact::new("Evaluator", format!("{} parameters", model.evaluator.parameters.count())));
        facts.push(Fact::new("Trained on", format!("{} lists", trained.prepared.train.len())));
        facts.push(Fact::new("Seed", model.provenance.seed.to_string()));
    }
    facts
}

fn metrics(evaluation: &Evaluation) -> MetricsTable {
    let names: Vec<&str> = evaluation.generator.metrics.iter().map(|metric| metric.name.as_str()).collect();
    let system = |name: &str, note: &str, figures: &Figures| System {
        name: name.to_owned(),
        note: Some(note.to_owned()),
        values: names.iter().map(|name| measure(figures.get(name))).collect(),
    };
    let mut rows = vec![
        system("NAR4Rec pipeline", "several lists, the evaluator chooses", &evaluation.pipeline),
        system("Generator alone", "its first list", &evaluation.generator),
    ];
    rows.extend(evaluation.baselines.iter().map(|(baseline, figures)| {
        let note = match baseline.name() {
            "upstream" => "by the score that came with the candidates",
            "popularity" => "by relevant feedback in the training split",
            _ => "by chance",
        };
        let name = baseline.name();
        system(&format!("{}{}", name[..1].to_uppercase(), &name[1..]), note, figures)
    }));
    let left_out = evaluation.generator.without_positive;
    let mut note = "Ranges are 95% intervals over lists.".to_owned();
    if left_out > 0 {
        note.push_str(&format!(" {left_out} lists without a relevant item are in no ranking metric."));
    }
    MetricsTable { columns: names.iter().map(|name| Column::share(*name)).collect(), rows, note: Some(note) }
}

fn measure(estimate: Option<Estimate>) -> Measure {
    estimate.map_or(Measure::NONE, |e| Measure::new(e.value, e.low, e.high))
}

fn evaluator_row(kind: &nar4rec_train::KindFigures) -> EvaluatorRow {
    EvaluatorRow {
        kind: kind.name.clone(),
        labels: kind.labels,
        positive_share: kind.positives as f64 / kind.labels as f64,
        auc: measure(kind.figures.get("AUC")),
        log_loss: measure(kind.figures.get("LogLoss")),
        base_log_loss: kind.figures.get(Figures::BASE_LOG_LOSS).map_or(f64::NAN, |e| e.value),
    }
}

/// An impression worth looking at: of the first few the one in whose chosen list the most relevant items came to stand that
/// the upstream order did not show; of equals the one with more relevant items.
fn example(source: &Source<'_>) -> anyhow::Result<Option<(Impression, Trace)>> {
    let lines = source.data.impressions(source.evaluation.split)?.on_bad(OnBad::Skip).take(SEARCHED);
    let mut best: Option<((isize, usize), Impression, Trace)> = None;
    for line in lines {
        let impression = line?.value;
        let request = impression.request().clone();
        let Some(Ok(trace)) = source.reranker.trace_batch(std::slice::from_ref(&request), None).pop() else { continue };
        let relevant = |index: usize| {
            let shown = impression.shown().iter().find(|exposure| exposure.candidate == index);
            shown
                .and_then(|exposure| exposure.feedback.get(&source.evaluation.relevance))
                .is_some_and(|value| *value > 0.0)
        };
        let chosen = &trace.chosen.items;
        let after = chosen.iter().filter(|item| relevant(item.index)).count();
        let first = impression.request().upstream_order().into_iter().take(chosen.len());
        let before = first.filter(|index| relevant(*index)).count();
        let gain = (after as isize - before as isize, after);
        if best.as_ref().is_none_or(|(most, ..)| gain > *most) {
            best = Some((gain, impression, trace));
        }
    }
    Ok(best.map(|(_, impression, trace)| (impression, trace)))
}

fn reranked(source: &Source<'_>, impression: &Impression, trace: &Trace) -> anyhow::Result<Reranked> {
    let request = impression.request();
    let order = request.upstream_order();
    let first = Permutation::new(order[..trace.chosen.items.len()].to_vec(), order.len())?;
    // What is shown may be made of the items of several lists: here it is judged like any other.
    let shown = Permutation::new(trace.chosen.items.iter().map(|item| item.index).collect(), order.len())?;
    let mut judged = source.reranker.evaluate(request, &[first, shown])?;
    let chosen = ScoredList { source: trace.chosen.source, ..judged.remove(1) };
    let before = judged.remove(0);
    let kinds: Vec<&str> = source.reranker.feedback_kinds().collect();
    let slate = |name: &str, list: &ScoredList| Slate {
        name: name.to_owned(),
        items: list.items.iter().map(|item| slate_item(impression, &order, &kinds, item)).collect(),
        utility: f64::from(list.utility),
    };
    let others = trace.proposals.iter().filter(|list| **list != trace.chosen);
    let mut alternatives: Vec<Alternative> = others.map(|list| alternative(list, &kinds, false)).collect();
    alternatives.push(alternative(&chosen, &kinds, true));
    alternatives.sort_by(|a, b| b.utility.total_cmp(&a.utility));
    let user = request.user();
    let mut context = shown_features(&user.features);
    context.extend(user.id.as_ref().map(|id| Fact::new("User", id)));
    context.push(Fact::new("Candidates", request.candidates().len().to_string()));
    Ok(Reranked {
        request_id: request.request_id().to_owned(),
        context,
        kinds: source
            .reranker
            .feedback()
            .iter()
            .map(|kind| FeedbackKind { name: kind.name.clone(), weight: f64::from(kind.weight) })
            .collect(),
        before: slate("Upstream order", &before),
        after: slate("Reranked", &chosen),
        alternatives,
    })
}

fn alternative(list: &ScoredList, kinds: &[&str], chosen: bool) -> Alternative {
    let expected = (0..kinds.len()).map(|kind| list.items.iter().map(|item| f64::from(item.feedback[kind])).sum());
    Alternative {
        source: list.source.to_owned(),
        items: list.items.iter().map(|item| item.id.clone()).collect(),
        expected: expected.collect(),
        utility: f64::from(list.utility),
        chosen,
    }
}

fn slate_item(impression: &Impression, order: &[usize], kinds: &[&str], item: &nar4rec_infer::PlacedItem) -> SlateItem {
    let exposure = impression.shown().iter().find(|exposure| exposure.candidate == item.index);
    SlateItem {
        id: item.id.clone(),
        upstream_position: order.iter().position(|index| *index == item.index).map(|place| place + 1),
        features: shown_features(&impression.request().candidates()[item.index].features),
        probabilities: item.feedback.iter().map(|p| f64::from(*p)).collect(),
        feedback: exposure
            .map_or_else(Vec::new, |exposure| kinds.iter().map(|kind| exposure.feedback.get(*kind).copied()).collect()),
    }
}

fn shown_features(features: &Features) -> Vec<Fact> {
    let text = |value: &FeatureValue| match value {
        FeatureValue::Missing => None,
        FeatureValue::Number(number) => {
            Some(format!("{number:.3}").trim_end_matches('0').trim_end_matches('.').to_owned())
        }
        FeatureValue::Text(text) => Some(text.clone()),
        FeatureValue::List(list) => Some(list.iter().rev().take(3).cloned().collect::<Vec<_>>().join(", ")),
    };
    let known = features.iter().filter_map(|(name, value)| Some(Fact::new(name, text(value)?)));
    known.take(FEATURES).collect()
}

fn heat_map(impression: &Impression, trace: &Trace) -> HeatMap {
    let chosen = &trace.chosen.items;
    let candidates =
        impression.request().candidates().iter().zip(trace.log_probabilities.chunks_exact(trace.positions));
    let row = |(index, (candidate, logs)): (usize, (&nar4rec_slate::Candidate, &[f32]))| HeatRow {
        id: candidate.id.clone(),
        probabilities: logs.iter().map(|p| f64::from(p.exp())).collect(),
        chosen_at: chosen.iter().position(|item| item.index == index),
    };
    HeatMap {
        request_id: impression.request().request_id().to_owned(),
        positions: trace.positions,
        rows: candidates.enumerate().map(row).collect(),
    }
}

/// The loss of each step, averaged to a few hundred points, and the validation of each epoch.
fn curves(trained: &Trained, watch: &Watch) -> Vec<Training> {
    let runs = [("Generator", "generator", &trained.generator), ("Evaluator", "evaluator", &trained.evaluator)];
    runs.into_iter()
        .filter_map(|(name, model, history)| {
            let (_, losses) = watch.losses.iter().find(|(watched, _)| *watched == model)?;
            (!losses.is_empty()).then(|| curve(name, losses, history))
        })
        .collect()
}

fn curve(name: &str, losses: &[(u64, f64)], history: &[EpochRecord]) -> Training {
    let last = losses.last().map_or(0, |(step, _)| *step);
    let epoch_steps = last as f64 / history.len().max(1) as f64;
    let points = losses.chunks(losses.len().div_ceil(POINTS)).map(|chunk| Point {
        step: chunk[chunk.len() / 2].0 as f64,
        value: chunk.iter().map(|(_, loss)| loss).sum::<f64>() / chunk.len() as f64,
    });
    let figure = |record: &EpochRecord| record.figures.first().cloned();
    let validation = history.first().and_then(figure).map(|(name, _)| Series {
        scale: if name == "Loss" { Scale::Plain } else { Scale::Percent },
        name,
        points: history
            .iter()
            .filter_map(|record| Some(Point { step: record.epoch as f64 * epoch_steps, value: figure(record)?.1 }))
            .collect(),
    });
    let kept = history.iter().rfind(|record| record.best);
    Training {
        name: name.to_owned(),
        loss: Series { name: "Loss".to_owned(), scale: Scale::Plain, points: points.collect() },
        validation,
        kept_step: kept.map(|record| record.epoch as f64 * epoch_steps),
    }
}
