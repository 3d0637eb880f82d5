//! Timings told: as Markdown for documents, as JSON for programs, as a page for people.

use nar4rec_report::{Better, Column, Fact, Measure, MetricsTable, Plot, Report, Scale, System, render};

use super::{Ratios, SpeedLine, SpeedSummary, Spread};
use crate::{Experiment, ExperimentError, Heading};

const ABOUT_TIMES: &str = "Seconds for 1,024 lists on one thread: medians over rounds, and in brackets the least and the greatest. × is how \
                           many times the time of nar4rec-generator in the same round. One at a time: each request is a pass of its own. The row nar4rec begins with the \
                           request, all others with features that were read before: the row features has what that takes.";

impl SpeedSummary {
    /// Two tables: all systems, and some as the list grows.
    pub fn to_markdown(&self, heading: Heading<'_>) -> String {
        let mut text = format!("{}\n\n{ABOUT_TIMES}\n", self.lead(heading));
        for (lines, first) in [(&self.systems, ""), (&self.grown, "m | ")] {
            if lines.is_empty() {
                continue;
            }
            text.push_str(&format!(
                "\n| {first}| training, s | × | inference, s | × | requests a pass | one at a time, s | × |\n"
            ));
            text.push_str(&format!("|{}\n", "---|".repeat(if first.is_empty() { 8 } else { 9 })));
            for line in lines {
                let first = if first.is_empty() { String::new() } else { format!("{} | ", line.list_length) };
                let [training, inference, single] =
                    [line.training, line.inference, line.single].map(|spread| told(spread, 3));
                let Ratios { training: of_training, inference: of_inference, single: of_single } = line.ratios;
                let [of_training, of_inference, of_single] =
                    [of_training, of_inference, of_single].map(|spread| told(spread, 2));
                let per_pass = per_pass(line);
                text.push_str(&format!(
                    "| {first}{} | {training} | {of_training} | {inference} | {of_inference} | {per_pass} | {single} \
                     | {of_single} |\n",
                    line.system
                ));
            }
        }
        heading.closed(text)
    }

    /// One JSON object with everything.
    pub fn to_json(&self, heading: Heading<'_>) -> String {
        heading.json(self, None)
    }

    /// The self-contained page.
    ///
    /// # Errors
    /// If the page cannot be made.
    pub fn to_html(&self, heading: Heading<'_>) -> Result<String, ExperimentError> {
        let named = |line: &SpeedLine, is_grown: bool| match is_grown {
            true => format!("{}, lists of {}", line.system, line.list_length),
            false => line.system.clone(),
        };
        let lines = self.systems.iter().map(|line| (line, false)).chain(self.grown.iter().map(|line| (line, true)));
        let rows = lines.map(|(line, is_grown)| System {
            name: named(line, is_grown),
            note: None,
            values: [
                line.training,
                line.inference,
                line.single,
                line.ratios.training,
                line.ratios.inference,
                line.ratios.single,
            ]
            .map(measure)
            .into(),
        });
        let columns =
            ["training, s", "inference, s", "one at a time, s", "training, ×", "inference, ×", "one at a time, ×"];
        let columns =
            columns.map(|name| Column { name: name.to_owned(), scale: Scale::Plain, better: Better::Lower }).into();
        let plot = |name: &str, of: fn(&SpeedLine) -> Option<Spread>| {
            let (name, over) = (name.to_owned(), "items in a list".to_owned());
            let mut plot = Plot { name, scale: Scale::Plain, over, ..Plot::default() };
            for line in &self.grown {
                let value = of(line)
                    .map_or(Measure::NONE, |Spread { median, least, greatest }| Measure::new(median, least, greatest));
                plot.push(&line.system, line.list_length as f64, value);
            }
            plot
        };
        let report = Report {
            title: format!("nar4rec experiment {}", heading.experiment.name),
            lead: Some(heading.opened(self.lead(heading))),
            facts: self.facts(),
            metrics: Some(MetricsTable {
                columns,
                rows: rows.collect(),
                note: Some(ABOUT_TIMES.replace(", and in brackets the least and the greatest", "")),
            }),
            plots: vec![
                plot("training, seconds for 1,024 lists", |line| line.training),
                plot("inference, seconds for 1,024 lists", |line| line.inference),
                plot("inference one request at a time, seconds for 1,024", |line| line.single),
            ],
            ..Report::default()
        };
        Ok(render(&report)?)
    }

    fn lead(&self, heading: Heading<'_>) -> String {
        let Experiment { name, about, .. } = heading.experiment;
        match &self.about {
            Some((split, lists, candidates)) => format!(
                "{name}: {about}. {lists} requests of the {split} split with {candidates:.1} candidates on average; {} rounds.",
                self.rounds()
            ),
            None => format!("{name}: {about}. Nothing is done yet."),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let mut facts = vec![Fact::new("Rounds", self.rounds().to_string()), Fact::new("Threads", "1")];
        if let Some((split, lists, candidates)) = &self.about {
            facts.push(Fact::new("Split", split.clone()));
            facts.push(Fact::new("Requests", lists.to_string()));
            facts.push(Fact::new("Candidates", format!("{candidates:.1}")));
        }
        facts
    }
}

fn told(spread: Option<Spread>, digits: usize) -> String {
    spread.map_or_else(
        || "–".to_owned(),
        |Spread { median, least, greatest }| format!("{median:.digits$} [{least:.digits$}, {greatest:.digits$}]"),
    )
}

/// The numbers of requests that shared a pass, each once.
fn per_pass(line: &SpeedLine) -> String {
    let mut sizes = line.per_pass.clone();
    sizes.sort_unstable();
    sizes.dedup();
    match sizes.is_empty() {
        true => "–".to_owned(),
        false => sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn measure(spread: Option<Spread>) -> Measure {
    spread.map_or(Measure::NONE, |spread| Measure::bare(spread.median))
}
