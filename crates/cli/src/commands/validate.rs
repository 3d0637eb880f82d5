//! `nar4rec validate`: is this a data set, and what is in it?

use nar4rec_data::{DataSet, ValidateOptions};

use crate::{args::ValidateArgs, console};

/// Checks every line. Bad lines make the command fail after everything was counted.
pub(crate) fn validate(args: ValidateArgs) -> anyhow::Result<()> {
    let data = DataSet::open(&args.data)?;
    let report = nar4rec_data::validate(&data, &ValidateOptions::default())?;
    if args.json {
        console::result(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else {
        console::result(&report.to_text())?;
    }
    if report.is_valid() {
        return Ok(());
    }
    let lines = if report.error_count == 1 { "problem" } else { "problems" };
    anyhow::bail!("{}: {} {lines} found", args.data.display(), report.error_count)
}
