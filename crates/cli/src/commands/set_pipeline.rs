//! `nar4rec set-pipeline`: other decoders for a model that is trained.

use nar4rec_model::Model;

use super::train::read_config;
use crate::{args::SetPipelineArgs, console};

/// Replaces the model's pipeline and saves it in its place.
pub(crate) fn set_pipeline(args: SetPipelineArgs) -> anyhow::Result<()> {
    let pipeline = read_config(&args.config)?.pipeline;
    let mut model = Model::load(&args.model)?;
    model.config.pipeline = pipeline;
    let told = model.provenance.quantisation.take();
    model.save(&args.model)?;
    console::note(&format!("{}: has the pipeline of {}", args.model.display(), args.config.display()));
    if told.is_some() {
        console::note(
            "what int8 costs was measured with the pipeline before, and is no longer told: quantize anew to know it",
        );
    }
    Ok(())
}
