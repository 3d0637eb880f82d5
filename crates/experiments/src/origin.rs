//! Where the outcomes of a folder come from: what a table must say for others to make it again.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Experiment;

/// Who makes outcomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Maker {
    /// The program's version and commit.
    pub build: String,
    /// The command line.
    pub command: String,
}

/// How one cell was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Making {
    /// Who made it.
    pub(crate) maker: Maker,
    /// From its beginning to its outcome; of one that was interrupted, since it last went on.
    pub(crate) seconds: f64,
}

/// How the cells of a folder were made, by name.
pub(crate) type Makings = BTreeMap<String, Making>;

/// Where outcomes come from, all together.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Origin {
    /// The builds that made them.
    pub builds: BTreeSet<String>,
    /// The commands that did.
    pub commands: BTreeSet<String>,
    /// Seconds it took, without those of trainings that were broken off.
    pub seconds: f64,
    /// How many outcomes there are besides, of which none of this is known.
    pub unknown: usize,
}

impl Origin {
    /// Of cells, and of how many others it is not known.
    pub(crate) fn of(makings: &Makings, unknown: usize) -> Self {
        let makers = || makings.values().map(|making| &making.maker);
        Self {
            builds: makers().map(|maker| maker.build.clone()).collect(),
            commands: makers().map(|maker| maker.command.clone()).collect(),
            seconds: makings.values().map(|making| making.seconds).sum(),
            unknown,
        }
    }

    /// Of the outcomes of both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.builds.extend(other.builds);
        self.commands.extend(other.commands);
        self.seconds += other.seconds;
        self.unknown += other.unknown;
        self
    }
}

/// A sentence.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let together = |names: &BTreeSet<String>, quote: &str| {
            let names: Vec<String> = names.iter().map(|name| format!("{quote}{name}{quote}")).collect();
            names.join(", ")
        };
        let minutes = (self.seconds / 60.0).round() as u64;
        let time = match (minutes / 60, minutes % 60) {
            (0, 0) => format!("{:.0} s", self.seconds),
            (0, minutes) => format!("{minutes} min"),
            (hours, minutes) => format!("{hours} h {minutes} min"),
        };
        write!(f, "Made by nar4rec {} in {time}: {}", together(&self.builds, ""), together(&self.commands, "`"))?;
        match self.unknown {
            0 => Ok(()),
            1 => f.write_str("; of one outcome besides it is not known"),
            unknown => write!(f, "; of {unknown} outcomes besides it is not known"),
        }
    }
}

/// What a report is of.
#[derive(Debug, Clone, Copy)]
pub struct Heading<'a> {
    /// The experiment.
    pub experiment: &'a Experiment,
    /// Where what is told comes from, if that is known.
    pub origin: Option<&'a Origin>,
}

impl<'a> From<&'a Experiment> for Heading<'a> {
    fn from(experiment: &'a Experiment) -> Self {
        Self { experiment, origin: None }
    }
}

impl Heading<'_> {
    /// A Markdown report with its last paragraph.
    pub(crate) fn closed(self, text: String) -> String {
        match self.known() {
            Some(origin) => format!("{text}\n{origin}\n"),
            None => text,
        }
    }

    /// What a page begins with.
    pub(crate) fn opened(self, lead: String) -> String {
        match self.known() {
            Some(origin) => format!("{lead} {origin}"),
            None => lead,
        }
    }

    /// A report as one JSON object.
    pub(crate) fn json(self, summary: &impl Serialize, conventions: Option<&str>) -> String {
        let Experiment { name, about, .. } = self.experiment;
        let mut value = json!({ "experiment": name, "about": about, "origin": self.known(), "summary": summary });
        if let Some(conventions) = conventions {
            value["conventions"] = Value::from(conventions);
        }
        format!("{value:#}\n")
    }

    fn known(&self) -> Option<&Origin> {
        self.origin.filter(|origin| !origin.builds.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_made_a_table_is_told() {
        let making = |build: &str, command: &str, seconds| Making {
            maker: Maker { build: build.to_owned(), command: command.to_owned() },
            seconds,
        };
        let of = |makings: &[(&str, Making)]| {
            Origin::of(&makings.iter().map(|(name, making)| ((*name).to_owned(), making.clone())).collect(), 0)
        };
        let first = of(&[("a-s1", making("1 (c0ffee)", "run a", 20.4))]);
        assert_eq!(first.to_string(), "Made by nar4rec 1 (c0ffee) in 20 s: `run a`");
        let more = of(&[("a-s1", making("1 (c0ffee)", "run a", 3600.0)), ("a-s2", making("2", "run b", 90.0))]);
        assert_eq!(more.to_string(), "Made by nar4rec 1 (c0ffee), 2 in 1 h 2 min: `run a`, `run b`");
        let unknown = Origin { unknown: 2, ..Origin::default() };
        let all = first.and(more).and(unknown);
        assert_eq!(
            all.to_string(),
            "Made by nar4rec 1 (c0ffee), 2 in 1 h 2 min: `run a`, `run b`; of 2 outcomes besides it is not known"
        );
    }
}
