//! `nar4rec off-policy`: what would another policy have earned?

use nar4rec_data::Campaign;
use nar4rec_metrics::Bootstrap;

use crate::{
    args::OffPolicyArgs,
    console,
    off_policy::{Options, Report, to_text},
};

/// Estimates and prints.
pub(crate) fn off_policy(args: OffPolicyArgs) -> anyhow::Result<()> {
    let OffPolicyArgs { open_bandit, clip, seed, json } = args;
    let options = Options { clip, bootstrap: Bootstrap { seed, ..Bootstrap::default() } };
    let report = Report::new(&Campaign::find(open_bandit)?, options)?;
    let text = if json { format!("{}\n", serde_json::to_string_pretty(&report)?) } else { to_text(&report) };
    console::result(&text)
}
