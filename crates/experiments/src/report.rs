//! A summary told: as Markdown for documents, as JSON for programs, as a page for people.

use nar4rec_report::{Better, Column, Fact, Measure, MetricsTable, Report, Scale, System, render};
use serde_json::json;

use crate::{Experiment, ExperimentError, Row, Summary, Value};

/// The Markdown table.
pub fn to_markdown(experiment: &Experiment, summary: &Summary) -> String {
    let mut text = format!("{}\n\n", lead(experiment, summary));
    let [title, rule] = if compared(summary) { [" behind the first |", "---|"] } else { [""; 2] };
    text.push_str(&format!("| | seeds | {} |{title}\n", summary.columns.join(" | ")));
    text.push_str(&format!("|---|---|{}{rule}\n", "---|".repeat(summary.columns.len())));
    for row in &summary.rows {
        let named = summary.columns.iter().zip(&row.values);
        let cells: Vec<String> = named.map(|(name, value)| cell(name, *value)).collect();
        text.push_str(&format!("| {} | {} | {} |", row.variant, row.seeds.len(), cells.join(" | ")));
        if compared(summary) {
            text.push_str(&format!(" {} |", behind(row)));
        }
        text.push('\n');
    }
    text
}

/// One JSON object with everything.
pub fn to_json(experiment: &Experiment, summary: &Summary) -> String {
    let value = json!({ "experiment": experiment.name, "about": experiment.about, "summary": summary });
    format!("{value:#}\n")
}

/// The self-contained page.
///
/// # Errors
/// If the page cannot be made.
pub fn to_html(experiment: &Experiment, summary: &Summary) -> Result<String, ExperimentError> {
    let rows = summary.rows.iter().map(|row| System {
        name: row.variant.clone(),
        note: row.behind.map(|_| format!("behind the first by {}", behind(row))),
        values: row.values.iter().copied().map(measure).collect(),
    });
    let report = Report {
        title: format!("nar4rec experiment {}", experiment.name),
        lead: Some(lead(experiment, summary)),
        facts: facts(summary),
        metrics: Some(MetricsTable {
            columns: summary.columns.iter().map(|name| column(name)).collect(),
            rows: rows.collect(),
            note: Some(
                "Means over seeds; a range is ± one standard deviation over them. Differences are of each list's mean over \
                 seeds, with 95 % intervals over lists by the paired bootstrap."
                    .to_owned(),
            ),
        }),
        ..Report::default()
    };
    Ok(render(&report)?)
}

fn lead(experiment: &Experiment, summary: &Summary) -> String {
    let about = experiment.about;
    match &summary.about {
        Some((split, lists, relevance)) => {
            format!("{}: {about}. {lists} lists of the {split} split; relevant = {relevance}.", experiment.name)
        }
        None => format!("{}: {about}. Nothing is done yet.", experiment.name),
    }
}

fn facts(summary: &Summary) -> Vec<Fact> {
    let seeds = summary.rows.iter().map(|row| row.seeds.len()).max().unwrap_or(0);
    let mut facts = vec![Fact::new("Variants", summary.rows.len().to_string()), Fact::new("Seeds", seeds.to_string())];
    if let Some((split, lists, relevance)) = &summary.about {
        facts.push(Fact::new("Split", split.clone()));
        facts.push(Fact::new("Lists", lists.to_string()));
        facts.push(Fact::new("Relevant", relevance.clone()));
    }
    facts
}

fn compared(summary: &Summary) -> bool {
    summary.rows.iter().any(|row| row.behind.is_some())
}

/// Whether a figure is a share, told in per cent.
fn is_share(name: &str) -> bool {
    !name.contains("LogLoss")
}

pub(crate) fn cell(name: &str, value: Option<Value>) -> String {
    let Some(Value { mean, deviation }) = value else { return "–".to_owned() };
    let number = |value: f64, digits: usize| match is_share(name) {
        true => format!("{:.1$}", 100.0 * value, digits),
        false => format!("{:.1$}", value, digits + 3),
    };
    match deviation {
        Some(deviation) => format!("{} ± {}", number(mean, 1), number(deviation, 1)),
        None => number(mean, 1),
    }
}

fn behind(row: &Row) -> String {
    row.behind.map_or("first".to_owned(), |[mean, low, high]| {
        format!("{:.1} [{:.1}, {:.1}]", 100.0 * mean, 100.0 * low, 100.0 * high)
    })
}

/// Whether less of a figure is better.
fn is_loss(name: &str) -> bool {
    ["LogLoss", "lost", "repetition", "RMSE"].iter().any(|part| name.contains(part))
}

pub(crate) fn column(name: &str) -> Column {
    let scale = if is_share(name) { Scale::Percent } else { Scale::Plain };
    Column { name: name.to_owned(), scale, better: if is_loss(name) { Better::Lower } else { Better::Higher } }
}

pub(crate) fn measure(value: Option<Value>) -> Measure {
    match value {
        None => Measure::NONE,
        Some(Value { mean, deviation: None }) => Measure::bare(mean),
        Some(Value { mean, deviation: Some(deviation) }) => Measure::new(mean, mean - deviation, mean + deviation),
    }
}
