//! What a run keeps in its checkpoint: how far each model is, and whose run it is.

use std::{collections::BTreeMap, path::PathBuf};

use hmac_sha256::Hash;
use serde::{Deserialize, Serialize};

use crate::{EpochRecord, Resume, TrainError, checkpoint, fit::Progress};

/// What a checkpoint holds.
#[derive(Debug, Serialize, Deserialize)]
struct Checkpoint {
    /// SHA-256 of what makes the run: configuration, data, schema and the program's version. A run is only resumed by itself.
    identity: [u8; 32],
    /// How far each model is; one that is not here waits.
    stages: BTreeMap<String, Stage>,
}

/// How far one model's training is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// It has not begun.
    Waiting,
    /// It is on its way.
    Running(Progress),
    /// It is done.
    Done {
        /// The parameters that are kept.
        parameters: Vec<Vec<f32>>,
        /// What came of each epoch.
        history: Vec<EpochRecord>,
    },
}

/// The checkpoint and its file.
#[derive(Debug)]
pub(crate) struct Saved {
    checkpoint: Checkpoint,
    path: Option<PathBuf>,
}

impl Saved {
    /// The checkpoint in the file, if there is one and the run is to be resumed; an empty one if not.
    pub(crate) fn open(path: Option<PathBuf>, resume: Resume, identity: &str) -> Result<Self, TrainError> {
        let fresh = Checkpoint { identity: Hash::hash(identity.as_bytes()), stages: BTreeMap::new() };
        let checkpoint = match &path {
            Some(path) if resume == Resume::IfPossible && path.exists() => {
                let found: Checkpoint = checkpoint::load(path)?;
                if found.identity != fresh.identity {
                    return Err(TrainError::OtherRun(path.clone()));
                }
                found
            }
            _ => fresh,
        };
        Ok(Self { checkpoint, path })
    }

    /// How far a model is.
    pub(crate) fn stage(&self, model: &str) -> Stage {
        self.checkpoint.stages.get(model).cloned().unwrap_or(Stage::Waiting)
    }

    /// Records how far a model is, in the file too if there is one.
    pub(crate) fn write(&mut self, model: &str, stage: Stage) -> Result<(), TrainError> {
        self.checkpoint.stages.insert(model.to_owned(), stage);
        match &self.path {
            Some(path) => Ok(checkpoint::save(path, &self.checkpoint)?),
            None => Ok(()),
        }
    }
}
