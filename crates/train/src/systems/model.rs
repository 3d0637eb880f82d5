//! A rival from data to model directory.

use std::{path::Path, sync::Arc};

use nar4rec_data::DataSet;
use nar4rec_evaluator::FeedbackKind;
use nar4rec_features::Schema;
use nar4rec_model::{InvalidModel, Manifest, ModelError, Network};
use nar4rec_rivals::{Rival, SystemConfig, SystemKind};
use nar4rec_tensor::{ParameterSpec, Parameters};
use serde::{Deserialize, Serialize};

use super::task::RivalTask;
use crate::{
    Config, EpochRecord, Observer, Prepared, TrainError, TrainOptions,
    examples::prepare,
    run::{Run, identity, provenance, resolved},
    saved::Saved,
};

/// What a saved rival is made of and how it is used: `config.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RivalConfig {
    /// The greatest number of items in a list.
    pub list_length: usize,
    /// What the systems are made of; the manifest says which this is.
    pub systems: SystemConfig,
    /// The kinds of feedback, each with its weight in a list's utility.
    pub feedback: Vec<FeedbackKind>,
    /// Which kind makes an item relevant.
    pub relevance: String,
    /// The resolved configuration of the training, kept for the record; nothing here reads it.
    #[serde(default)]
    pub training: serde_json::Value,
}

/// A trained rival and how it came about.
#[derive(Debug)]
pub struct TrainedRival {
    /// The network, not saved yet.
    pub network: Network<RivalConfig>,
    /// Its epochs.
    pub history: Vec<EpochRecord>,
    /// What was trained on.
    pub prepared: Prepared,
}

/// A rival and the parameters it declares.
pub(crate) type Declared = (Box<dyn Rival>, Arc<[ParameterSpec]>);

/// The system `kind`, for features of this schema.
pub(crate) fn declare(kind: SystemKind, config: &SystemConfig, schema: &Schema) -> Result<Declared, InvalidModel> {
    nar4rec_model::declare(kind.name(), schema, |registry, spec| config.build(kind, registry, spec))
}

/// Trains a system that NAR4Rec is compared with. `None` if the observer stopped it; the checkpoint has what was done.
///
/// # Errors
/// As [`train`](crate::train).
pub fn train_rival(
    kind: SystemKind,
    data: &DataSet,
    config: &Config,
    options: TrainOptions,
    observer: &mut dyn Observer,
) -> Result<Option<TrainedRival>, TrainError> {
    let fingerprint = data.fingerprint()?;
    let prepared = prepare(data, config, options.prepare)?;
    let config = resolved(config, &prepared);
    let schema = prepared.encoder.schema().clone();
    let (rival, specs) = declare(kind, &config.systems, &schema)?;
    let mut parameters = Parameters::initialise(specs.clone(), config.seed);
    let identity = identity(&config, &fingerprint, &schema, kind.name());
    let saved = Saved::open(options.checkpoint, options.resume, &identity)?;
    let task = RivalTask { kind, rival: rival.as_ref(), specs, prepared: &prepared, training: &config.training };
    let mut run = Run { config: &config, prepared: &prepared, isa: options.isa, saved, observer };
    let Some(history) = run.stage(&task, &config.training.fit_of(kind), &mut parameters)? else { return Ok(None) };
    let network = Network {
        system: kind.name().to_owned(),
        config: RivalConfig {
            list_length: prepared.list_length,
            systems: config.systems.clone(),
            feedback: prepared.feedback.clone(),
            relevance: prepared.feedback[prepared.relevance].name.clone(),
            training: serde_json::to_value(&config).expect("a configuration is plain data"),
        },
        schema,
        items: prepared.items.clone(),
        parameters,
        provenance: provenance(config.seed, fingerprint, &prepared, [(kind.name(), history.as_slice())]),
    };
    Ok(Some(TrainedRival { network, history, prepared }))
}

/// The system whose model is in a directory; nothing if it is NAR4Rec's.
///
/// # Errors
/// If there is no model, or one of a system that this version does not know.
pub fn system_at(dir: &Path) -> Result<Option<SystemKind>, TrainError> {
    let Some(name) = Manifest::read(dir)?.system else { return Ok(None) };
    name.parse().map(Some).map_err(|problem| TrainError::System { dir: dir.to_owned(), problem })
}

/// The model of a rival, as it was saved.
///
/// # Errors
/// If a file is missing, damaged or of a newer format, or it is another system's.
pub fn load_rival(kind: SystemKind, dir: &Path) -> Result<Network<RivalConfig>, ModelError> {
    load(kind, dir).map(|(network, _)| network)
}

/// A rival from its model directory.
pub(crate) fn load(kind: SystemKind, dir: &Path) -> Result<(Network<RivalConfig>, Box<dyn Rival>), ModelError> {
    Network::load(dir, kind.name(), |config: &RivalConfig, schema| declare(kind, &config.systems, schema))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_is_refused_before_it_is_made() {
        let problem = |kind: SystemKind, dim: u64, rows: u64| {
            let schema = format!(
                r#"{{"version": 1, "tables": [{{"name": "a", "dim": {dim}, "encoding": {{"kind": "hash", "buckets": {rows}}}}}],
                    "candidate": [{{"kind": "category", "name": "a", "table": "a"}}]}}"#
            );
            let schema = serde_json::from_str(&schema).unwrap();
            declare(kind, &SystemConfig::default(), &schema).map(|_| ()).unwrap_err()
        };
        for kind in SystemKind::ALL {
            let rows = problem(kind, 1 << 40, 4).to_string();
            assert_eq!(rows, format!("tables[0].dim: {}, expected at most 16384", 1_u64 << 40));
            let all = problem(kind, 16_384, u64::from(u32::MAX));
            assert!(matches!(all, InvalidModel::TooLarge { part, .. } if part == kind.name()), "{all}");
        }
    }
}
