//! `nar4rec experiment run online`: the A/B test on a known user.

use nar4rec_data::DataSet;
use nar4rec_experiments::{
    Day, Experiment, ExperimentError, Heading, Online, OnlineSummary, Store, Variant, known_user,
};

use super::{Progress, config_or_default, end, maker, misuse, seeds, write};
use crate::{
    args::{ExperimentRunArgs, Machine},
    data_sets::DataSets,
};

/// Days of a test where nobody says how many.
const DAYS: u64 = 7;

pub(super) fn run(
    experiment: &Experiment,
    arms: &[Variant],
    args: &ExperimentRunArgs,
    machine: Machine,
) -> anyhow::Result<()> {
    let data = DataSet::open(&DataSets::new(&args.data)?.only(experiment.name)?)?;
    let config = config_or_default(args.config.as_deref())?;
    let truth = known_user(&data).map_err(misuse)?;
    let online = Online {
        data: &data,
        truth: &truth,
        config: &config,
        arms,
        seeds: &seeds(&config, args),
        days: args.days.unwrap_or(DAYS),
        daily_lists: args.daily_lists.unwrap_or_else(|| Online::usual_daily_lists(&truth)),
        split: args.split,
        on_bad: args.bad.policy(),
        isa: machine.isa,
    };
    online.check().map_err(misuse)?;
    let store = Store::open(&args.out, experiment.name, online.settings(), &data.fingerprint()?)
        .map_err(misuse)?
        .made_by(maker());
    let mut text = String::new();
    let done = online.run(&store, &mut Progress::new(), |days| {
        text = tell(experiment, &store, (days, online.daily_lists))?;
        Ok(())
    });
    end(done.map_err(misuse)?, &text, &args.out)
}

/// Writes the reports anew; gives the Markdown.
fn tell(experiment: &Experiment, store: &Store, (days, daily_lists): (&[Day], u64)) -> Result<String, ExperimentError> {
    let summary = OnlineSummary::new(days, daily_lists)?;
    let heading = Heading { experiment, origin: Some(&store.origin()?) };
    let (json, html) = (summary.to_json(heading), summary.to_html(heading)?);
    write(store, summary.to_markdown(heading), &json, &html)
}
