//! `nar4rec convert`: a public log to a data set.

use nar4rec_data::{KuaiRandOptions, convert_kuairand};

use crate::{
    args::{ConvertArgs, LogArgs},
    console,
};

/// Converts and prints what was read and written.
pub(crate) fn convert(args: ConvertArgs) -> anyhow::Result<()> {
    let LogArgs::Kuairand { src, out, seed } = args.log;
    let options = KuaiRandOptions::default();
    let options = KuaiRandOptions { seed: seed.unwrap_or(options.seed), ..options };
    let summary = convert_kuairand(&src, &out, &options)?;
    console::result(&summary.to_text())
}
