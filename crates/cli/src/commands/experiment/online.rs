//! `nar4rec experiment run online`: the A/B test on a known user.

use nar4rec_data::DataSet;
use nar4rec_experiments::{
    Day, DayCell, Experiment, ExperimentError, Online, OnlineSummary, OnlineWatcher, Store, Variants, arms, known_user,
};

use super::{Progress, ended, misuse, read_config, write};
use crate::{
    args::{ExperimentRunArgs, Machine},
    console,
    interrupt::Interrupt,
};

/// Days of a test where nobody says how many.
const DAYS: u64 = 7;

pub(super) fn run(
    experiment: &Experiment,
    systems: Variants,
    args: &ExperimentRunArgs,
    machine: Machine,
) -> anyhow::Result<()> {
    let arms = arms(systems, &args.systems).map_err(misuse)?;
    let config = read_config(&args.config)?;
    let data = DataSet::open(&args.data)?;
    let truth = known_user(&data).map_err(misuse)?;
    let seeds: Vec<u64> = (config.seed..).take(args.seeds as usize).collect();
    let online = Online {
        data: &data,
        truth: &truth,
        config: &config,
        arms: &arms,
        seeds: &seeds,
        days: args.days.unwrap_or(DAYS),
        daily_lists: args.daily_lists.unwrap_or_else(|| Online::usual_daily_lists(&truth)),
        split: args.split,
        on_bad: args.bad.policy(),
        isa: machine.isa,
    };
    let store = Store::open(&args.out, experiment.name, &online.identity(), &data.fingerprint()?).map_err(misuse)?;
    let mut progress = Progress { interrupt: Interrupt::listen(), bar: None };
    let mut text = String::new();
    let done = online.run(&store, &mut progress, |days| {
        text = tell(experiment, &store, days)?;
        Ok(())
    });
    ended(done, &text, &args.out)
}

/// Writes the reports anew; gives the Markdown.
fn tell(experiment: &Experiment, store: &Store, days: &[Day]) -> Result<String, ExperimentError> {
    let summary = OnlineSummary::new(days)?;
    let (json, html) = (summary.to_json(experiment), summary.to_html(experiment)?);
    write(store, summary.to_markdown(experiment), &json, &html)
}

impl OnlineWatcher for Progress {
    fn day(&mut self, cell: DayCell<'_>, [place, cells]: [usize; 2], done: bool) -> bool {
        let state = if done { ": done before" } else { "" };
        console::note(&format!("[{place}/{cells}] {} seed {} day {}{state}", cell.arm.name, cell.seed, cell.day));
        !self.interrupt.requested()
    }

    fn over(&mut self, day: &Day) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        let figures = day.figures.iter().filter(|(name, _)| name.ends_with(" / list"));
        let figures: Vec<String> = figures.map(|(name, value)| format!("{name} {value:.4}")).collect();
        let optimum = day.figures.get("optimum").map_or(f64::NAN, |share| 100.0 * share);
        console::note(&format!("{}: {} lists, optimum {optimum:.1} %, {}", day.arm, day.lists, figures.join(", ")));
    }
}
