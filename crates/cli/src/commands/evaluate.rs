//! `nar4rec evaluate`: how good is a model?

use std::{
    io::{self, IsTerminal},
    num::NonZeroUsize,
};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use nar4rec_data::{DataSet, OnBad, Split};
use nar4rec_infer::{Model, Reranker};
use nar4rec_metrics::Figures;
use nar4rec_train::{BaselineRanker, Compared, EvaluateOptions, Evaluation, RivalRanker, SystemKind};

use super::{
    tell_skipped,
    train::{read_config, relevance},
};
use crate::{
    args::{EvaluateArgs, Machine},
    console,
    failure::Misuse,
    page, table, target,
};

/// Measures, prints, and writes the report if one is asked for.
pub(crate) fn evaluate(args: EvaluateArgs, machine: Machine) -> anyhow::Result<()> {
    if let Some(report) = &args.report {
        target::check_file("--report", report)?;
    }
    let data = DataSet::open(&args.data)?;
    if let Some(system) = nar4rec_train::system_at(&args.model)? {
        return evaluate_rival(system, &args, &data, machine);
    }
    let mut model = Model::load(&args.model)?;
    if let Some(path) = &args.config {
        model.config.pipeline = read_config(path)?.pipeline;
    }
    let relevance = relevance(&model).with_context(|| args.model.display().to_string())?;
    let reranker = Reranker::new(model, machine.isa)?;
    let evaluation = measure(&reranker, &data, args.split, &relevance, args.bad.policy())?;
    if args.json {
        console::result(&format!("{}\n", table::to_json(&evaluation)))?;
    } else {
        console::result(&table::to_text(&evaluation))?;
    }
    if let Some(advice) = advice(&evaluation.pipeline, &evaluation.generator) {
        console::note(&advice);
    }
    if let Some(path) = &args.report {
        let title = format!("{} on {}", args.model.display(), args.data.display());
        page::write(
            path,
            &page::Source { title, reranker: &reranker, data: &data, evaluation: &evaluation, training: None },
        )?;
        console::note(&format!("{}: the report", path.display()));
    }
    Ok(())
}

/// What to look at where the list that is chosen is worse, beyond its interval, than the generator's own.
fn advice(pipeline: &Figures, generator: &Figures) -> Option<String> {
    let chosen = pipeline.metrics.iter().find(|metric| metric.name.starts_with("NDCG@"))?;
    let own = generator.get(&chosen.name)?.value;
    (chosen.estimate.high < own).then(|| {
        let [chosen_value, own] = [chosen.estimate.value, own].map(|share| 100.0 * share);
        format!(
            "{} of the lists that the evaluator chooses is {chosen_value:.1} %, of the generator's own {own:.1} %: \
             pipeline.generator_weight heeds the generator more; training.negatives, where an item that was not shown can count as \
             not liked, lets the evaluator learn from such items (docs/training.md, Choosing a list)",
            chosen.name
        )
    })
}

/// Measures a system that NAR4Rec is compared with, beside the orders that need no model.
fn evaluate_rival(system: SystemKind, args: &EvaluateArgs, data: &DataSet, machine: Machine) -> anyhow::Result<()> {
    for (option, path) in [("--config", &args.config), ("--report", &args.report)] {
        if path.is_some() {
            let problem = format!("{option}: {} is a {}", args.model.display(), system.name());
            return Err(Misuse(format!("{problem}, expected a model of nar4rec")).into());
        }
    }
    let ranker = RivalRanker::load(system, &args.model, machine.isa)?;
    let options =
        EvaluateOptions { split: args.split, relevance: ranker.relevance().to_owned(), on_bad: args.bad.policy() };
    let baselines = BaselineRanker::all(data, &options.relevance, options.on_bad)?;
    let mut systems: Vec<&dyn Compared> = vec![&ranker];
    systems.extend(baselines.iter().map(|baseline| baseline as &dyn Compared));
    let length = NonZeroUsize::new(ranker.list_length()).context("the model's lists have no items")?;
    let comparison = counted(|progress| {
        Ok(nar4rec_train::compare(&systems, length, data, &options, |lists, _, _| progress(lists))?)
    })?;
    tell_skipped(args.split.name(), &comparison.skipped);
    match args.json {
        true => console::result(&format!("{}\n", table::comparison_to_json(&comparison))),
        false => console::result(&table::comparison_to_text(&comparison)),
    }
}

/// Does what takes a while with a count of the lists done.
fn counted<T>(work: impl FnOnce(&mut dyn FnMut(usize)) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let bar = if io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{spinner} evaluating {pos} lists, {per_sec}") {
        bar.set_style(style);
    }
    let result = work(&mut |lists| bar.set_position(lists as u64));
    bar.finish_and_clear();
    result
}

/// Measures with a count of the lists done.
pub(crate) fn measure(
    reranker: &Reranker,
    data: &DataSet,
    split: Split,
    relevance: &str,
    on_bad: OnBad,
) -> anyhow::Result<Evaluation> {
    let options = EvaluateOptions { split, relevance: relevance.to_owned(), on_bad };
    let evaluation = counted(|progress| Ok(nar4rec_train::evaluate(reranker, data, &options, progress)?))?;
    tell_skipped(split.name(), &evaluation.skipped);
    Ok(evaluation)
}

#[cfg(test)]
mod tests {
    use nar4rec_metrics::{Estimate, Metric};

    use super::*;

    #[test]
    fn advice_is_given_only_where_the_choice_does_harm() {
        let of = |metrics| Figures { lists: 1, without_positive: 0, metrics };
        let figures =
            |value, low, high| of(vec![Metric { name: "NDCG@6".to_owned(), estimate: Estimate { value, low, high } }]);
        let (worse, alike) = (figures(0.279, 0.257, 0.303), figures(0.3, 0.28, 0.32));
        let generator = figures(0.311, 0.29, 0.336);
        assert_eq!(advice(&alike, &generator), None);
        assert_eq!(advice(&generator, &worse), None);
        assert_eq!(advice(&of(Vec::new()), &generator), None);
        let told = advice(&worse, &generator).unwrap();
        assert!(
            told.starts_with("NDCG@6 of the lists that the evaluator chooses is 27.9 %, of the generator's own 31.1 %"),
            "{told}"
        );
    }
}
