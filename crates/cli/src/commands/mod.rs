//! The commands, one file each.

mod bench;
mod convert;
mod evaluate;
mod experiment;
mod export;
mod init_config;
mod inspect;
mod off_policy;
mod quantize;
mod quickstart;
mod rerank;
mod schema;
mod set_pipeline;
mod simulate;
mod train;
mod validate;

pub(crate) use bench::bench;
pub(crate) use convert::convert;
pub(crate) use evaluate::evaluate;
pub(crate) use experiment::experiment;
pub(crate) use export::export;
pub(crate) use init_config::init_config;
pub(crate) use inspect::inspect;
pub(crate) use off_policy::off_policy;
pub(crate) use quantize::quantize;
pub(crate) use quickstart::quickstart;
pub(crate) use rerank::rerank;
pub(crate) use schema::schema;
pub(crate) use set_pipeline::set_pipeline;
pub(crate) use simulate::simulate;
pub(crate) use train::train;
pub(crate) use validate::validate;

use std::{fs, path::Path};

use nar4rec_data::Skipped;

use crate::{console, failure::Misuse};

/// The text of a file that was named on the command line; one that cannot be read is misuse.
pub(crate) fn read_text(path: &Path) -> Result<String, Misuse> {
    fs::read_to_string(path).map_err(|error| Misuse(format!("{}: cannot read: {error}", path.display())))
}

/// Tells what was left out of a split or file.
pub(crate) fn tell_skipped(name: &str, skipped: &Skipped) {
    for error in skipped.first.iter().chain(&skipped.cut_short) {
        console::warning(&error.to_string());
    }
    if skipped.count > 0 {
        let lines = if skipped.count == 1 { "line" } else { "lines" };
        console::warning(&format!("{name}: {} bad {lines} left out", skipped.count));
    }
}
