//! A summary told: as Markdown for documents, as JSON for programs, as a page for people.

use nar4rec_metrics::CONVENTIONS;
use nar4rec_report::{Better, Column, Fact, MetricsTable, Report, Scale, System, render};

use crate::{
    About, Behind, Experiment, ExperimentError, Heading, Plan, Summary, Value,
    plots::{measure, plots},
    summary::form,
};

/// The Markdown table.
pub fn to_markdown(heading: Heading<'_>, summary: &Summary) -> String {
    let mut text = format!("{}\n\n", lead(heading, summary));
    let compared = if is_compared(summary) { summary.compared.as_slice() } else { &[] };
    let titles: String = compared.iter().map(|figure| format!(" behind in {figure} |")).collect();
    text.push_str(&format!("| | seeds | {} |{titles}\n", summary.columns.join(" | ")));
    text.push_str(&format!("|---|---|{}\n", "---|".repeat(summary.columns.len() + compared.len())));
    for row in &summary.rows {
        let named = summary.columns.iter().zip(&row.values);
        let cells: Vec<String> = named.map(|(name, value)| cell(name, *value)).collect();
        text.push_str(&format!("| {} | {} | {} |", row.variant, row.seeds.len(), cells.join(" | ")));
        for (place, by) in row.behind.iter().take(compared.len()).enumerate() {
            let is_first = place == 0 && summary.first.as_deref() == Some(row.variant.as_str());
            let nothing = if is_first { "first" } else { "–" };
            text.push_str(&format!(" {} |", by.map_or(nothing.to_owned(), behind)));
        }
        text.push('\n');
    }
    text.extend(left_out(summary).map(|told| format!("\n{told}\n")));
    text.push_str(&format!("\n{CONVENTIONS}\n"));
    heading.closed(text)
}

/// Which rows are without some lines.
fn left_out(summary: &Summary) -> Option<String> {
    let rows = summary.rows.iter().filter(|row| row.skipped > 0);
    let rows: Vec<String> = rows.map(|row| format!("{} {}", row.variant, row.skipped)).collect();
    (!rows.is_empty()).then(|| {
        let rows = rows.join(", ");
        format!("Lines left out, because they are bad or do not fit the system: {rows}. Differences are over the lists of both.")
    })
}

/// One JSON object with everything.
pub fn to_json(heading: Heading<'_>, summary: &Summary) -> String {
    heading.json(summary, Some(CONVENTIONS))
}

/// How the table is to be read.
const NOTE: &str = "Means over seeds; a range is ± one standard deviation over them. Differences are of each list's mean over \
                    seeds, with 95 % intervals over lists by the paired bootstrap, in which lists of the same request are drawn \
                    together.";

/// The self-contained page.
///
/// # Errors
/// If the page cannot be made.
pub fn to_html(heading: Heading<'_>, summary: &Summary) -> Result<String, ExperimentError> {
    let rows = summary.rows.iter().map(|row| System {
        name: row.variant.clone(),
        note: {
            let named = summary.compared.iter().zip(&row.behind);
            let told = named.filter_map(|(figure, by)| Some(format!("{} in {figure}", behind((*by)?))));
            let told = told.collect::<Vec<_>>().join(", ");
            (!told.is_empty()).then(|| format!("behind the first by {told}"))
        },
        values: row.values.iter().copied().map(measure).collect(),
    });
    let variants = match heading.experiment.plan {
        Plan::Grid(variants) => variants.all(),
        Plan::Speed | Plan::Online(_) => Vec::new(),
    };
    let report = Report {
        title: format!("nar4rec experiment {}", heading.experiment.name),
        lead: Some(heading.opened(lead(heading, summary))),
        facts: facts(summary),
        metrics: Some(MetricsTable {
            columns: summary.columns.iter().map(|name| column(name)).collect(),
            rows: rows.collect(),
            note: {
                let told = [NOTE, CONVENTIONS].map(str::to_owned).into_iter().chain(left_out(summary));
                Some(told.collect::<Vec<_>>().join(" "))
            },
        }),
        plots: plots(&variants, summary),
        ..Report::default()
    };
    Ok(render(&report)?)
}

fn lead(heading: Heading<'_>, summary: &Summary) -> String {
    let Experiment { name, about, .. } = heading.experiment;
    match &summary.about {
        Some(lists) => format!("{name}: {about}. {lists}."),
        None => format!("{name}: {about}. Nothing is done yet."),
    }
}

fn facts(summary: &Summary) -> Vec<Fact> {
    let seeds = summary.rows.iter().map(|row| row.seeds.len()).max().unwrap_or(0);
    let mut facts = vec![Fact::new("Variants", summary.rows.len().to_string()), Fact::new("Seeds", seeds.to_string())];
    if let Some(About { split, lists, without_positive, relevance }) = &summary.about {
        facts.push(Fact::new("Split", split.clone()));
        facts.push(Fact::new("Lists", lists.to_string()));
        facts.push(Fact::new("Without a relevant candidate", without_positive.to_string()));
        facts.push(Fact::new("Relevant", relevance.clone()));
    }
    facts
}

fn is_compared(summary: &Summary) -> bool {
    summary.rows.iter().any(|row| row.behind.iter().any(Option::is_some))
}

pub(crate) fn cell(name: &str, value: Option<Value>) -> String {
    let Some(Value { mean, deviation }) = value else { return "–".to_owned() };
    let form = form(name);
    let number = |value: f64| format!("{:.1$}", if form.is_share { 100.0 * value } else { value }, form.decimals);
    deviation.map_or_else(|| number(mean), |deviation| format!("{} ± {}", number(mean), number(deviation)))
}

fn behind(Behind { mean, low, high, .. }: Behind) -> String {
    format!("{:.1} [{:.1}, {:.1}]", 100.0 * mean, 100.0 * low, 100.0 * high)
}

pub(crate) fn column(name: &str) -> Column {
    let form = form(name);
    Column {
        name: name.to_owned(),
        scale: if form.is_share { Scale::Percent } else { Scale::Plain },
        better: if form.is_loss { Better::Lower } else { Better::Higher },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Origin, Row};

    #[test]
    fn the_first_and_how_far_others_are_behind_are_told() {
        let value = |mean| Some(Value { mean, deviation: None });
        let row = |variant: &str, values: [f64; 2], behind| Row {
            variant: variant.to_owned(),
            seeds: vec![1],
            skipped: u64::from(variant == "b"),
            values: values.map(value).into(),
            behind,
        };
        let by = |mean| Some(Behind { mean, low: mean - 0.01, high: mean + 0.01, not_behind: 0.0 });
        let summary = Summary {
            about: Some(About { split: "valid".into(), lists: 9, without_positive: 2, relevance: "like".into() }),
            columns: vec!["P@6".to_owned(), "NDCG@6".to_owned()],
            compared: vec!["NDCG@6".to_owned(), "P@6".to_owned()],
            first: Some("b".to_owned()),
            rows: vec![row("a", [0.5, 0.25], vec![by(0.25), by(-0.125)]), row("b", [0.375, 0.5], vec![None, None])],
        };
        let experiment = Experiment::ALL.into_iter().find(|experiment| experiment.name == "rivals").unwrap();
        let origin =
            Origin { builds: ["1".to_owned()].into(), commands: ["run".to_owned()].into(), seconds: 1.0, unknown: 0 };
        let heading = Heading { experiment: &experiment, origin: Some(&origin) };
        let text = to_markdown(heading, &summary);
        let lead = "9 lists of the valid split, relevant = like, 2 without a relevant candidate in no ranking metric.";
        assert_eq!(text.lines().next(), Some(format!("rivals: {}. {lead}", experiment.about).as_str()));
        let table: Vec<&str> = text.lines().skip(2).collect();
        assert_eq!(
            table,
            [
                "| | seeds | P@6 | NDCG@6 | behind in NDCG@6 | behind in P@6 |",
                "|---|---|---|---|---|---|",
                "| a | 1 | 50.0 | 25.0 | 25.0 [24.0, 26.0] | -12.5 [-13.5, -11.5] |",
                "| b | 1 | 37.5 | 50.0 | first | – |",
                "",
                "Lines left out, because they are bad or do not fit the system: b 1. Differences are over the lists of both.",
                "",
                CONVENTIONS,
                "",
                "Made by nar4rec 1 in 1 s: `run`",
            ]
        );
        let page = to_html(heading, &summary).unwrap();
        assert!(page.contains("Made by nar4rec 1 in 1 s: `run`"));
        assert!(page.contains("Conventions: a candidate is relevant or not"));
        assert!(page.contains("behind the first by 25.0 [24.0, 26.0] in NDCG@6, -12.5 [-13.5, -11.5] in P@6"));
    }
}
