//! `nar4rec export`: generator and evaluator for another runtime.

use std::path::Path;

use anyhow::Context;
use nar4rec_data::{DataSet, Line, Split};
use nar4rec_features::{Catalog, Encoder, FeatureBatch};
use nar4rec_model::Model;
use nar4rec_onnx::{Export, Options};
use nar4rec_slate::Impression;

use crate::{
    args::{ExportArgs, Format},
    console,
};

/// Writes the directory.
pub(crate) fn export(args: ExportArgs) -> anyhow::Result<()> {
    let Format::Onnx = args.format;
    Export::check_target(&args.out)?;
    let model = Model::load(&args.model)?;
    let sample = args.data.as_deref().map(|data| sample(&model, data)).transpose()?;
    let export = Export::new(&model, sample.as_ref(), Options { mask: args.mask })?;
    export.save(&args.out)?;
    let mut text = format!("{}\n", args.out.display());
    for (name, bytes) in export.files() {
        text.push_str(&format!("  {name:<16}{:>9.1} kB\n", bytes.len() as f64 / 1e3));
    }
    console::result(&text)
}

/// The first request of a data set, encoded.
fn sample(model: &Model, folder: &Path) -> anyhow::Result<FeatureBatch> {
    let (file, Line { number, value: impression }) = first_impression(folder)?;
    let request = impression.into_request();
    let encoder = Encoder::new(model.schema.clone())?;
    let catalog = Catalog::from_items(&encoder, model.items.iter().flatten())?;
    let encoded = encoder.encode(&request, &catalog);
    let encoded = encoded.with_context(|| format!("{file}:{number}"))?;
    let mut batch = FeatureBatch::new(encoder.spec());
    batch.push(&encoded, &catalog);
    Ok(batch)
}

/// The first impression, and the file it is in.
fn first_impression(folder: &Path) -> anyhow::Result<(String, Line<Impression>)> {
    let data = DataSet::open(folder)?;
    for split in [Split::Test, Split::Valid, Split::Train].into_iter().filter(|split| data.has(*split)) {
        let mut lines = data.impressions(split)?;
        if let Some(line) = lines.next() {
            return Ok((lines.name().to_owned(), line?));
        }
    }
    anyhow::bail!("{}: no requests, expected one to take as the sample", folder.display())
}
