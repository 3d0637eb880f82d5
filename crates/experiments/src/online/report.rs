//! An A/B test told: as Markdown for documents, as JSON for programs, as a page for people.

use nar4rec_report::{Fact, MetricsTable, Plot, Report, System, render};

use super::{Lift, OnlineSummary, summary::PARTS};
use crate::{
    Experiment, ExperimentError, Heading,
    plots::measure,
    report::{cell, column},
};

/// What is followed from day to day.
const FOLLOWED: [&str; 4] = ["optimum", "coverage", "repetition", "carried over"];

const ABOUT_DAYS: &str = "optimum: true expected utility of the day's lists, as a share of the best possible. KIND / list: feedback of a list \
                          on average. carried over: places whose item stood in the arm's lists for the same query the day before.";

const ABOUT_LIFTS: &str = "Lift over all days, in per cent, with its 95 % interval by the bootstrap over queries. True: the lift of what is \
                           expected, had each arm served all queries alike.";

impl OnlineSummary {
    /// Two tables: each arm's days, and what it gains over the control.
    pub fn to_markdown(&self, heading: Heading<'_>) -> String {
        let places: Vec<usize> =
            (0..self.columns.len()).filter(|at| !PARTS.contains(&self.columns[*at].as_str())).collect();
        let names: Vec<&str> = places.iter().map(|at| self.columns[*at].as_str()).collect();
        let mut text = format!("{}\n\n{ABOUT_DAYS}\n\n", self.lead(heading));
        text.push_str(&format!("| | day | lists | {} |\n", names.join(" | ")));
        text.push_str(&format!("|---|---|---|{}\n", "---|".repeat(names.len())));
        for line in &self.days {
            let cells: Vec<String> = places.iter().map(|at| cell(&self.columns[*at], line.values[*at])).collect();
            text.push_str(&format!("| {} | {} | {} | {} |\n", line.arm, line.day, line.lists, cells.join(" | ")));
        }
        if let Some(control) = self.arms.first().filter(|_| !self.lifts.is_empty()) {
            text.push_str(&format!("\n{ABOUT_LIFTS}\n\n"));
            text.push_str(&format!(
                "| | of a list | {control} | the arm | lift, % | true |\n|---|---|---|---|---|---|\n"
            ));
            for lift in &self.lifts {
                let Lift { arm, measure, control, value, .. } = lift;
                let (told, truth) = (told(lift), truth(lift));
                text.push_str(&format!("| {arm} | {measure} | {control:.4} | {value:.4} | {told} | {truth} |\n"));
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
        let rows = self.days.iter().map(|line| System {
            name: format!("{}, day {}", line.arm, line.day),
            note: Some(format!("{} lists", line.lists)),
            values: line.values.iter().copied().map(measure).collect(),
        });
        let report = Report {
            title: format!("nar4rec experiment {}", heading.experiment.name),
            lead: Some(heading.opened(self.lead(heading))),
            facts: self.facts(),
            metrics: Some(MetricsTable {
                columns: self.columns.iter().map(|name| column(name)).collect(),
                rows: rows.collect(),
                note: Some(format!(
                    "{ABOUT_DAYS} Means over seeds; a range is ± one standard deviation over them. {ABOUT_LIFTS}"
                )),
            }),
            plots: FOLLOWED.into_iter().filter_map(|name| self.plot(name)).collect(),
            ..Report::default()
        };
        Ok(render(&report)?)
    }

    /// A share over the days, a curve for each arm.
    fn plot(&self, name: &str) -> Option<Plot> {
        let column = self.columns.iter().position(|column| column == name)?;
        let mut plot = Plot { name: name.to_owned(), over: "day".to_owned(), ..Plot::default() };
        self.days.iter().for_each(|line| plot.push(&line.arm, line.day as f64, measure(line.values[column])));
        Some(plot)
    }

    fn lead(&self, heading: Heading<'_>) -> String {
        let Experiment { name, about, .. } = heading.experiment;
        let days = self.days.iter().map(|line| line.day).max().unwrap_or(0);
        match self.arms.first() {
            Some(control) => {
                let seeds: Vec<String> = self.seeds.iter().map(u64::to_string).collect();
                let (requests, seeds) = (self.daily_lists, seeds.join(", "));
                format!(
                    "{name}: {about}. Days 1 to {days} of {requests} requests each; seed {seeds}; the control is {control}."
                )
            }
            None => format!("{name}: {about}. Nothing is done yet."),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let mut facts =
            vec![Fact::new("Arms", self.arms.join(", ")), Fact::new("Requests a day", self.daily_lists.to_string())];
        facts.extend(self.lifts.iter().map(|lift| {
            let name = format!("{} of a list, {}, lift", lift.measure, lift.arm);
            Fact::new(name, format!("{} %, true {} %", told(lift), truth(lift)))
        }));
        facts
    }
}

fn told(lift: &Lift) -> String {
    lift.lift.map_or_else(
        || "–".to_owned(),
        |lift| {
            let [value, low, high] = lift.map(signed);
            format!("{value} [{low}, {high}]")
        },
    )
}

fn truth(lift: &Lift) -> String {
    lift.truth.map_or_else(|| "–".to_owned(), signed)
}

/// A share in per cent with its sign; what rounds to nothing is +0.0.
fn signed(share: f64) -> String {
    let tenths = (1000.0 * share).round() + 0.0;
    format!("{:+.1}", tenths / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rounds_to_nothing_is_not_told_as_less() {
        let told = [-0.0004, 0.0, 0.0004, 0.0149, -0.0149].map(signed);
        assert_eq!(told, ["+0.0", "+0.0", "+0.0", "+1.5", "-1.5"]);
    }
}
