//! `nar4rec experiment`: systems and variants side by side.

mod online;
mod several;

use std::{env, fmt::Display, io, io::IsTerminal, path::Path};

use indicatif::{ProgressBar, ProgressStyle};
use nar4rec_data::DataSet;
use nar4rec_experiments::{
    Done, Experiment, ExperimentError, Grid, Heading, Maker, Plan, Speed, SpeedSummary, Store, Summary, TimedSystem,
    Timing, Variant, Watcher, arms, timed, to_html, to_json, to_markdown,
};
use nar4rec_train::{Config, Observer};

use super::train::{blame_config, config_or_default};
use crate::{
    BUILD,
    args::{ExperimentArgs, ExperimentCommand, ExperimentRunArgs, Machine},
    console,
    data_sets::DataSets,
    failure::{Interrupted, Misuse},
    interrupt::Interrupt,
    watch::{Append, Watch},
};
use several::Several;

/// Lists the experiments or runs one.
pub(crate) fn experiment(args: ExperimentArgs, machine: Machine) -> anyhow::Result<()> {
    match args.command {
        ExperimentCommand::List => list(),
        ExperimentCommand::Run(args) => {
            run(&args, machine).map_err(|error| blame_config(error, args.config.as_deref()))
        }
    }
}

fn list() -> anyhow::Result<()> {
    let mut text = String::new();
    for experiment in Experiment::ALL {
        text.push_str(&format!("{:<14}{}\n", experiment.name, experiment.about));
        text.push_str(&format!("{:<14}{}\n", "", experiment.plan.names().join(" ")));
    }
    console::result(&text)
}

fn run(args: &ExperimentRunArgs, machine: Machine) -> anyhow::Result<()> {
    let experiment = Experiment::named(&args.name).map_err(misuse)?;
    let has_days = matches!(experiment.plan, Plan::Online(_));
    if !has_days && (args.days.is_some() || args.daily_lists.is_some()) {
        let text = format!("--days, --daily-lists: {} has no days, expected the experiment online", experiment.name);
        return Err(Misuse(text).into());
    }
    // A wrong name is told before anything is read.
    match experiment.plan {
        Plan::Grid(variants) => grid(&experiment, &variants.named(&args.systems).map_err(misuse)?, args, machine),
        Plan::Speed => speed(&experiment, &timed(&args.systems).map_err(misuse)?, args, machine),
        Plan::Online(systems) => {
            online::run(&experiment, &arms(systems, &args.systems).map_err(misuse)?, args, machine)
        }
    }
}

fn grid(
    experiment: &Experiment,
    variants: &[Variant],
    args: &ExperimentRunArgs,
    machine: Machine,
) -> anyhow::Result<()> {
    let sets = DataSets::new(&args.data)?;
    let config = &config_or_default(args.config.as_deref())?;
    let seeds = &seeds(config, args)[..];
    let (split, on_bad, isa) = (args.split, args.bad.policy(), machine.isa);
    let folder = match sets {
        DataSets::One(folder) => folder,
        DataSets::Named(sets) => {
            let several = Several::open(sets, experiment)?;
            return several.run(&args.out, |data| Grid { data, config, variants, seeds, split, on_bad, isa });
        }
    };
    let data = &DataSet::open(&folder)?;
    experiment.accepts(data).map_err(misuse)?;
    let grid = Grid { data, config, variants, seeds, split, on_bad, isa };
    grid.check().map_err(misuse)?;
    let store = Store::open(&args.out, experiment.name, grid.settings(), &data.fingerprint()?)
        .map_err(misuse)?
        .made_by(maker());
    let mut text = String::new();
    let done = grid.run(&store, &mut Progress::new(), |outcomes| {
        text = tell(experiment, &store, &Summary::new(outcomes)?)?;
        Ok(())
    });
    end(done.map_err(misuse)?, &text, &args.out)
}

fn speed(
    experiment: &Experiment,
    systems: &[TimedSystem],
    args: &ExperimentRunArgs,
    machine: Machine,
) -> anyhow::Result<()> {
    let data = DataSet::open(&DataSets::new(&args.data)?.only(experiment.name)?)?;
    let config = config_or_default(args.config.as_deref())?;
    let speed = Speed {
        data: &data,
        config: &config,
        systems,
        seeds: &seeds(&config, args),
        split: args.split,
        on_bad: args.bad.policy(),
        isa: machine.isa,
    };
    let store = Store::open(&args.out, experiment.name, speed.settings(), &data.fingerprint()?)
        .map_err(misuse)?
        .made_by(maker());
    let mut text = String::new();
    let done = speed.run(&store, &mut Progress::new(), |timings| {
        text = tell_times(experiment, &store, timings)?;
        Ok(())
    });
    end(done.map_err(misuse)?, &text, &args.out)
}

/// This program, and how it was called.
fn maker() -> Maker {
    let words =
        env::args().skip(1).map(|word| if word.contains(char::is_whitespace) { format!("'{word}'") } else { word });
    Maker {
        build: BUILD.to_owned(),
        command: std::iter::once("nar4rec".to_owned()).chain(words).collect::<Vec<_>>().join(" "),
    }
}

/// So many seeds from the configuration's on.
fn seeds(config: &Config, args: &ExperimentRunArgs) -> Vec<u64> {
    (config.seed..).take(args.seeds as usize).collect()
}

/// Tells how it ended.
fn end(done: Done, text: &str, out: &Path) -> anyhow::Result<()> {
    if done == Done::Stopped {
        let text = format!("stopped; {} has what was done: go on with the same command", out.display());
        return Err(Interrupted(text).into());
    }
    console::result(text)?;
    console::note(&format!("{}: report.md, report.json and report.html", out.display()));
    Ok(())
}

/// What is the caller's to change is told as misuse.
fn misuse(error: ExperimentError) -> anyhow::Error {
    match error {
        ExperimentError::Name { .. }
        | ExperimentError::Variant { .. }
        | ExperimentError::OtherRun { .. }
        | ExperimentError::Unclear { .. }
        | ExperimentError::ListLength { .. }
        | ExperimentError::NotSimulated { .. } => Misuse(error.to_string()).into(),
        other => other.into(),
    }
}

/// Writes the reports anew; gives the Markdown.
fn tell(experiment: &Experiment, store: &Store, summary: &Summary) -> Result<String, ExperimentError> {
    let heading = Heading { experiment, origin: Some(&store.origin()?) };
    let (json, html) = (to_json(heading, summary), to_html(heading, summary)?);
    write(store, to_markdown(heading, summary), &json, &html)
}

/// The same of timings.
fn tell_times(experiment: &Experiment, store: &Store, timings: &[Timing]) -> Result<String, ExperimentError> {
    let summary = SpeedSummary::new(timings);
    let heading = Heading { experiment, origin: Some(&store.origin()?) };
    let (json, html) = (summary.to_json(heading), summary.to_html(heading)?);
    write(store, summary.to_markdown(heading), &json, &html)
}

fn write(store: &Store, markdown: String, json: &str, html: &str) -> Result<String, ExperimentError> {
    store.report([&markdown, json, html])?;
    Ok(markdown)
}

/// Progress over the whole experiment.
struct Progress {
    interrupt: Interrupt,
    bar: Option<ProgressBar>,
}

impl Progress {
    fn new() -> Self {
        Self { interrupt: Interrupt::listen(), bar: None }
    }
}

impl Watcher for Progress {
    fn cell(&mut self, cell: &dyn Display, [place, cells]: [usize; 2], done: bool) -> bool {
        let state = if done { ": done before" } else { "" };
        console::note(&format!("[{place}/{cells}] {cell}{state}"));
        !self.interrupt.requested()
    }

    fn training(&mut self, metrics: &Path, goes_on: bool) -> Box<dyn Observer + '_> {
        let append = if goes_on { Append::Yes } else { Append::No };
        Box::new(Watch::until(self.interrupt.clone(), metrics, append))
    }

    fn measured(&mut self, lists: usize) {
        if !io::stderr().is_terminal() {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("{spinner} measuring {pos} lists, {per_sec}");
            if let Ok(style) = style { bar.with_style(style) } else { bar }
        });
        bar.set_position(lists as u64);
    }

    fn outcome(&mut self, outcome: &dyn Display) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        console::note(&outcome.to_string());
    }
}
