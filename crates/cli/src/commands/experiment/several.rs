//! A grid on several data sets, one after another, each in a folder of its own.

use std::path::{Path, PathBuf};

use nar4rec_data::DataSet;
use nar4rec_experiments::{Domain, DomainsSummary, Done, Experiment, ExperimentError, Grid, Store, Summary};

use super::{Progress, end, misuse, tell, write};
use crate::console;

/// What is run, and on what.
pub(super) struct Several<'a> {
    experiment: &'a Experiment,
    /// The configuration, as a folder is known by it.
    identity: &'a str,
    /// The data sets with their names.
    sets: Vec<(String, DataSet)>,
}

impl<'a> Several<'a> {
    /// Opens the data sets: what is wrong with the last is told before anything is trained on the first.
    pub(super) fn open(
        sets: Vec<(String, PathBuf)>,
        experiment: &'a Experiment,
        identity: &'a str,
    ) -> anyhow::Result<Self> {
        let opened = sets.into_iter().map(|(name, folder)| Ok((name, DataSet::open(&folder)?)));
        Ok(Self { experiment, identity, sets: opened.collect::<anyhow::Result<_>>()? })
    }

    /// Runs the grid that `grid` makes of each data set.
    pub(super) fn run<'d>(&'d self, out: &Path, grid: impl Fn(&'d DataSet) -> Grid<'d>) -> anyhow::Result<()> {
        let Self { experiment, identity, sets } = self;
        let joint = Store::of_several(out, experiment.name, identity).map_err(misuse)?;
        let mut stores = Vec::new();
        for (name, data) in sets {
            stores.push(Store::open(&out.join(name), experiment.name, identity, &data.fingerprint()?).map_err(misuse)?);
        }
        let mut progress = Progress::new();
        let (mut domains, mut text) = (Vec::new(), String::new());
        for ((name, data), store) in sets.iter().zip(&stores) {
            console::note(&format!("{name}: {}", data.folder().display()));
            let before = domains.len();
            let done = grid(data).run(store, &mut progress, |outcomes| {
                let summary = Summary::new(outcomes)?;
                tell(experiment, store, &summary)?;
                domains.truncate(before);
                domains.push(Domain::new(name, summary, outcomes)?);
                text = tell_all(experiment, &joint, &domains)?;
                Ok(())
            });
            if done.map_err(misuse)? == Done::Stopped {
                return end(Done::Stopped, &text, out);
            }
        }
        end(Done::All, &text, out)
    }
}

/// Writes the joint reports anew; gives the Markdown.
fn tell_all(experiment: &Experiment, joint: &Store, domains: &[Domain]) -> Result<String, ExperimentError> {
    let summary = DomainsSummary::new(domains)?;
    let (json, html) = (summary.to_json(experiment), summary.to_html(experiment)?);
    write(joint, summary.to_markdown(experiment), &json, &html)
}
