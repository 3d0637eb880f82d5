//! A grid on several data sets, one after another, each in a folder of its own.

use std::path::{Path, PathBuf};

use nar4rec_data::DataSet;
use nar4rec_experiments::{Domain, DomainsSummary, Done, Experiment, ExperimentError, Grid, Heading, Store, Summary};

use super::{Progress, end, maker, misuse, tell, write};
use crate::console;

/// What is run, and on what.
pub(super) struct Several<'a> {
    experiment: &'a Experiment,
    /// The data sets with their names.
    sets: Vec<(String, DataSet)>,
}

impl<'a> Several<'a> {
    /// Opens the data sets: what is wrong with the last is told before anything is trained on the first.
    pub(super) fn open(sets: Vec<(String, PathBuf)>, experiment: &'a Experiment) -> anyhow::Result<Self> {
        let opened = sets.into_iter().map(|(name, folder)| {
            let data = DataSet::open(&folder)?;
            experiment.accepts(&data).map_err(misuse)?;
            Ok((name, data))
        });
        Ok(Self { experiment, sets: opened.collect::<anyhow::Result<_>>()? })
    }

    /// Runs the grid that `grid` makes of each data set.
    pub(super) fn run<'d>(&'d self, out: &Path, grid: impl Fn(&'d DataSet) -> Grid<'d>) -> anyhow::Result<()> {
        let Self { experiment, sets } = self;
        let [(_, first), ..] = &sets[..] else { return Ok(()) };
        sets.iter().try_for_each(|(_, data)| grid(data).check()).map_err(misuse)?;
        let joint = Store::of_several(out, experiment.name, grid(first).settings()).map_err(misuse)?;
        let (mut stores, mut domains) = (Vec::new(), Vec::new());
        for (name, data) in sets {
            let (grid, fingerprint) = (grid(data), data.fingerprint()?);
            let store = Store::open(&out.join(name), experiment.name, grid.settings(), &fingerprint).map_err(misuse)?;
            // What was done before is told, whatever is done first.
            let done = grid.done(&store)?;
            let domain = if done.is_empty() { None } else { Some(Domain::new(name, Summary::new(&done)?, &done)?) };
            stores.push(store.made_by(maker()));
            domains.push(domain);
        }
        let mut progress = Progress::new();
        let mut text = String::new();
        for (place, ((name, data), store)) in sets.iter().zip(&stores).enumerate() {
            console::note(&format!("{name}: {}", data.folder().display()));
            let done = grid(data).run(store, &mut progress, |outcomes| {
                let summary = Summary::new(outcomes)?;
                tell(experiment, store, &summary)?;
                domains[place] = Some(Domain::new(name, summary, outcomes)?);
                let there: Vec<Domain> = domains.iter().flatten().cloned().collect();
                text = tell_all(experiment, (&joint, &stores), &there)?;
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
fn tell_all(
    experiment: &Experiment,
    (joint, stores): (&Store, &[Store]),
    domains: &[Domain],
) -> Result<String, ExperimentError> {
    let summary = DomainsSummary::new(domains)?;
    let origins = stores.iter().map(Store::origin);
    let origin = origins.reduce(|before, next| Ok(before?.and(next?))).transpose()?;
    let heading = Heading { experiment, origin: origin.as_ref() };
    let (json, html) = (summary.to_json(heading), summary.to_html(heading)?);
    write(joint, summary.to_markdown(heading), &json, &html)
}
