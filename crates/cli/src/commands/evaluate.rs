//! `nar4rec evaluate`: how good is a model?

use std::io::{self, IsTerminal};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use nar4rec_data::{DataSet, OnBad, Split};
use nar4rec_infer::{Model, Reranker};
use nar4rec_train::{EvaluateOptions, Evaluation};

use super::{
    tell_skipped,
    train::{read_config, relevance},
};
use crate::{
    args::{EvaluateArgs, Machine},
    console, page, table, target,
};

/// Measures, prints, and writes the report if one is asked for.
pub(crate) fn evaluate(args: EvaluateArgs, machine: Machine) -> anyhow::Result<()> {
    if let Some(report) = &args.report {
        target::check_file("--report", report)?;
    }
    let data = DataSet::open(&args.data)?;
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

/// Measures with a count of the lists done.
pub(crate) fn measure(
    reranker: &Reranker,
    data: &DataSet,
    split: Split,
    relevance: &str,
    on_bad: OnBad,
) -> anyhow::Result<Evaluation> {
    let bar = if io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{spinner} evaluating {pos} lists, {per_sec}") {
        bar.set_style(style);
    }
    let options = EvaluateOptions { split, relevance: relevance.to_owned(), on_bad };
    let evaluation = nar4rec_train::evaluate(reranker, data, &options, |lists| bar.set_position(lists as u64));
    bar.finish_and_clear();
    let evaluation = evaluation?;
    tell_skipped(split.name(), &evaluation.skipped);
    Ok(evaluation)
}
