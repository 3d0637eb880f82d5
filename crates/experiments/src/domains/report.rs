//! Several data sets told: as Markdown for documents, as JSON for programs, as a page for people.

use nar4rec_metrics::CONVENTIONS;
use nar4rec_report::{Fact, MetricsTable, Report, System, render};

use super::{Agreement, Domain, DomainsSummary};
use crate::{
    ExperimentError, Heading, Value,
    plots::measure,
    report::{cell, column},
};

const ABOUT_AGREEMENT: &str = "τ-b: Kendall's, of the variants' figures. Same and reverse order: of the pairs of variants that are told apart \
                               on both data sets, beyond the 95 % interval of the paired bootstrap over lists; open: the \
                               other pairs.";

impl DomainsSummary<'_> {
    /// Two tables: variants on data sets, and how far the orders agree.
    pub fn to_markdown(&self, heading: Heading<'_>) -> String {
        let mut text = format!("{}\n", self.lead(heading));
        let columns: Vec<String> = self.columns().map(|(domain, name)| format!("{} {name}", domain.name)).collect();
        text.push_str(&format!("\n| | {} |\n|---|{}\n", columns.join(" | "), "---|".repeat(columns.len())));
        for variant in self.variants() {
            let cells: Vec<String> = self.columns().map(|(domain, name)| told(domain, name, variant)).collect();
            text.push_str(&format!("| {variant} | {} |\n", cells.join(" | ")));
        }
        text.push_str(&format!("\n{CONVENTIONS}\n"));
        if self.agreements.is_empty() {
            return heading.closed(text);
        }
        text.push_str(&format!("\n{ABOUT_AGREEMENT}\n\n| | variants | τ-b | same order | reverse order | open |\n"));
        text.push_str("|---|---|---|---|---|---|\n");
        for agreement in &self.agreements {
            let Agreement { data: [first, second], variants, agree, disagree, open, .. } = agreement;
            let tau = tau(agreement);
            text.push_str(&format!("| {first}, {second} | {variants} | {tau} | {agree} | {disagree} | {open} |\n"));
        }
        heading.closed(text)
    }

    /// One JSON object with everything.
    pub fn to_json(&self, heading: Heading<'_>) -> String {
        heading.json(self, Some(CONVENTIONS))
    }

    /// The self-contained page.
    ///
    /// # Errors
    /// If the page cannot be made.
    pub fn to_html(&self, heading: Heading<'_>) -> Result<String, ExperimentError> {
        let figures = || self.columns().filter(|(_, name)| *name != RANK);
        let rows = self.variants().into_iter().map(|variant| System {
            name: variant.to_owned(),
            note: Some(self.places(variant)),
            values: figures().map(|(domain, name)| measure(value(domain, name, variant))).collect(),
        });
        let named = |(domain, name): (&Domain, &str)| {
            let column = column(name);
            nar4rec_report::Column { name: format!("{} {name}", domain.name), ..column }
        };
        let report = Report {
            title: format!("nar4rec experiment {}", heading.experiment.name),
            lead: Some(heading.opened(self.lead(heading))),
            facts: self.facts(),
            metrics: Some(MetricsTable {
                columns: figures().map(named).collect(),
                rows: rows.collect(),
                note: Some(format!(
                    "Means over seeds; a range is ± one standard deviation over them. {CONVENTIONS} Agreement above: {ABOUT_AGREEMENT}"
                )),
            }),
            ..Report::default()
        };
        Ok(render(&report)?)
    }

    /// Each data set's figures: what ranks, NDCG, P, and the rank itself.
    fn columns(&self) -> impl Iterator<Item = (&Domain, &str)> {
        self.domains.iter().flat_map(|domain| {
            let is_told = |name: &&String| {
                domain.summary.ranked_by() == Some(name.as_str()) || name.starts_with("NDCG@") || name.starts_with("P@")
            };
            let mut names: Vec<&str> = domain.summary.columns.iter().filter(is_told).map(String::as_str).collect();
            names.push(RANK);
            names.into_iter().map(move |name| (domain, name))
        })
    }

    fn lead(&self, heading: Heading<'_>) -> String {
        let about = |domain: &Domain| {
            let about = domain.summary.about.as_ref();
            let about = about.map(|lists| format!("{}: {lists}", domain.name));
            about.unwrap_or_else(|| format!("{}: nothing is done yet", domain.name))
        };
        let data: Vec<String> = self.domains.iter().map(about).collect();
        format!("{}: {}. {}.", heading.experiment.name, heading.experiment.about, data.join("; "))
    }

    /// A variant's places, data set by data set.
    fn places(&self, variant: &str) -> String {
        let places = self.domains.iter().map(|domain| format!("{} {}", domain.name, told(domain, RANK, variant)));
        format!("places: {}", places.collect::<Vec<_>>().join(", "))
    }

    fn facts(&self) -> Vec<Fact> {
        let facts = self.agreements.iter().map(|agreement| {
            let Agreement { data: [first, second], agree, disagree, open, .. } = agreement;
            let tau = tau(agreement);
            let value = format!("τ-b {tau}; {agree} pairs in the same order, {disagree} in reverse, {open} open");
            Fact::new(format!("{first}, {second}"), value)
        });
        facts.collect()
    }
}

/// The name of the column of places.
const RANK: &str = "rank";

fn value(domain: &Domain, name: &str, variant: &str) -> Option<Value> {
    let column = domain.summary.columns.iter().position(|column| column == name)?;
    domain.summary.rows[domain.row(variant)?].values[column]
}

fn told(domain: &Domain, name: &str, variant: &str) -> String {
    if name != RANK {
        return cell(name, value(domain, name, variant));
    }
    let rank = domain.row(variant).and_then(|row| domain.ranks[row]);
    rank.map_or_else(|| "–".to_owned(), |rank| rank.to_string())
}

fn tau(agreement: &Agreement) -> String {
    agreement.tau.map_or_else(|| "–".to_owned(), |tau| format!("{tau:.2}"))
}
