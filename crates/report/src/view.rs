//! From a [`Report`] to the strings and places that the templates set down.

mod axis;
mod chart;
mod heat;
mod metrics;
mod number;
mod plot;
mod reranked;

use serde::Serialize;

use crate::{Fact, Report, ReportError};

/// The whole page, ready to be set.
#[derive(Debug, Serialize)]
pub(crate) struct Page<'a> {
    title: &'a str,
    lead: Option<&'a str>,
    facts: &'a [Fact],
    metrics: Option<metrics::Table<'a>>,
    plots: Vec<plot::View<'a>>,
    evaluator: Vec<metrics::Evaluator<'a>>,
    reranked: Option<reranked::View<'a>>,
    heat_map: Option<heat::View<'a>>,
    training: Vec<chart::Run<'a>>,
}

impl<'a> Page<'a> {
    pub(crate) fn new(report: &'a Report) -> Result<Self, ReportError> {
        let heat_map = report.heat_map.as_ref().filter(|map| !map.rows.is_empty() && map.positions > 0);
        let metrics = report.metrics.as_ref().filter(|table| !table.rows.is_empty());
        let reranked = report.reranked.as_ref().filter(|reranked| reranked::has_lists(reranked));
        Ok(Self {
            title: &report.title,
            lead: report.lead.as_deref(),
            facts: &report.facts,
            metrics: metrics.map(metrics::Table::new).transpose()?,
            plots: report.plots.iter().filter_map(plot::View::new).collect(),
            evaluator: report.evaluator.iter().map(metrics::Evaluator::new).collect(),
            reranked: reranked.map(reranked::View::new).transpose()?,
            heat_map: heat_map.map(heat::View::new).transpose()?,
            training: report.training.iter().map(chart::Run::new).filter(|run| !run.is_empty()).collect(),
        })
    }
}

/// `Ok` if there are as many as there should be; `what` names the part.
fn expect_length(what: impl FnOnce() -> String, found: usize, expected: usize) -> Result<(), ReportError> {
    if found == expected { Ok(()) } else { Err(ReportError::Shape { what: what(), found, expected }) }
}
