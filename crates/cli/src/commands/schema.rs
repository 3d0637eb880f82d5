//! `nar4rec schema`: the features of a data set, to edit.

use anyhow::Context;
use nar4rec_data::DataSet;
use nar4rec_train::{PrepareOptions, prepare};

use super::train::{config_or_default, tell_prepared};
use crate::{args::SchemaArgs, console};

/// Infers the schema and prints it.
pub(crate) fn schema(args: SchemaArgs) -> anyhow::Result<()> {
    let data = DataSet::open(&args.data)?;
    let config = config_or_default(args.config.as_deref())?;
    let prepared = prepare(&data, &config, PrepareOptions { schema: None, on_bad: args.bad.policy() })?;
    tell_prepared(&prepared);
    let text = serde_json::to_string_pretty(prepared.encoder.schema()).context("schema")?;
    console::result(&format!("{text}\n"))
}
