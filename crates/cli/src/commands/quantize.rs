//! `nar4rec quantize`: a model in int8, with what that costs on real data written into it.

use std::collections::BTreeMap;

use anyhow::Context;
use nar4rec_data::DataSet;
use nar4rec_infer::{Model, Reranker};
use nar4rec_metrics::Figures;
use nar4rec_model::{Precision, Quantisation};
use nar4rec_train::{Agreement, Evaluation, agreement};

use super::{evaluate::measure, train::relevance};
use crate::{
    args::{Machine, QuantizeArgs},
    console,
    failure::Misuse,
};

/// Quantises, measures both forms, saves, and prints the comparison.
pub(crate) fn quantize(args: QuantizeArgs, machine: Machine) -> anyhow::Result<()> {
    Model::check_target(&args.out)?;
    let data = DataSet::open(&args.data)?;
    let wide = Model::load(&args.model)?;
    if wide.config.precision == Precision::Int8 {
        let problem = format!("{}: is in int8 already, expected a model in f32", args.model.display());
        return Err(Misuse(problem).into());
    }
    let relevance = relevance(&wide).with_context(|| args.model.display().to_string())?;
    let mut narrow = wide.clone().narrowed();
    let rerankers = [Reranker::new(wide, machine.isa)?, Reranker::new(narrow.clone(), machine.isa)?];
    let [before, after] =
        rerankers.each_ref().map(|reranker| measure(reranker, &data, args.split, &relevance, args.bad.policy()));
    let (before, after) = (before?, after?);
    let [a, b] = rerankers.each_ref();
    let agreement = agreement([a, b], &data, args.split, args.bad.policy(), |_| ())?;
    let cost = cost(&before, &after, agreement);
    let text = text(&cost);
    narrow.provenance.quantisation = Some(cost);
    narrow.save(&args.out)?;
    console::result(&text)?;
    console::note(&format!("{}: the model in int8", args.out.display()));
    Ok(())
}

/// Both evaluations side by side.
fn cost(before: &Evaluation, after: &Evaluation, agreement: Agreement) -> Quantisation {
    let of = |name: &str, figures: [&Figures; 2]| -> Vec<(String, [Option<f64>; 2])> {
        let metrics = figures[0].metrics.iter().map(|metric| metric.name.clone());
        let value = |figures: &Figures, metric: &str| figures.get(metric).map(|estimate| estimate.value);
        metrics.map(|metric| (format!("{name}.{metric}"), figures.map(|f| value(f, &metric)))).collect()
    };
    let metrics: BTreeMap<_, _> = [
        of("pipeline", [&before.pipeline, &after.pipeline]),
        of("generator", [&before.generator, &after.generator]),
        of("evaluator", [&before.evaluator, &after.evaluator]),
    ]
    .into_iter()
    .flatten()
    .collect();
    Quantisation {
        split: before.split.name().to_owned(),
        lists: before.lists as u64,
        metrics,
        same_lists: agreement.same_lists(),
        log_probability_error: agreement.log_probability_error,
    }
}

/// The comparison for people. Shares are in per cent, as `nar4rec evaluate` prints them.
pub(crate) fn text(cost: &Quantisation) -> String {
    let mut text =
        format!("{} split, {} lists\n\n{:<26}{:>9}{:>9}{:>9}\n", cost.split, cost.lists, "", "f32", "int8", "change");
    for (name, values) in &cost.metrics {
        let [Some(before), Some(after)] = *values else { continue };
        let scale = if name.contains("LogLoss") { 1.0 } else { 100.0 };
        let (before, after) = (before * scale, after * scale);
        text.push_str(&format!("{name:<26}{before:>9.3}{after:>9.3}{:>+9.3}\n", after - before));
    }
    text.push_str(&format!("\nthe same list for {:.1} % of requests\n", 100.0 * cost.same_lists));
    text.push_str(&format!("mean |change of log P̂| {:.4}\n", cost.log_probability_error));
    text
}
