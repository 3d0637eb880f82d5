//! The folder in which an experiment is kept.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use nar4rec_data::Fingerprint;
use nar4rec_model::write_atomically;
use serde::{Deserialize, Serialize};

use crate::ExperimentError;

/// What makes a folder that of one run: the rest may grow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    nar4rec: String,
    experiment: String,
    /// The configuration, as JSON.
    config: String,
    /// File → SHA-256.
    data: Vec<(String, String)>,
}

/// The folder of an experiment.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The folder for an experiment with this configuration on this data: a new one, or one to go on with.
    ///
    /// # Errors
    /// If it cannot be made, or is another run's.
    pub fn open(folder: &Path, experiment: &str, config: &str, data: &Fingerprint) -> Result<Self, ExperimentError> {
        let data = data.files.iter().map(|file| (file.name.clone(), file.sha256.clone())).collect();
        let store = Self::claim(folder, experiment, config, data)?;
        for folder in [store.models(), store.outcomes()] {
            fs::create_dir_all(&folder).map_err(|source| disk(&folder, "write", source))?;
        }
        Ok(store)
    }

    /// The folder for what an experiment says of several data sets, each of which has a folder of its own in it. It is of no
    /// data, so that data sets may be added.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn of_several(folder: &Path, experiment: &str, config: &str) -> Result<Self, ExperimentError> {
        Self::claim(folder, experiment, config, Vec::new())
    }

    fn claim(
        folder: &Path,
        experiment: &str,
        config: &str,
        data: Vec<(String, String)>,
    ) -> Result<Self, ExperimentError> {
        let store = Self { folder: folder.to_owned() };
        let identity = Identity {
            nar4rec: env!("CARGO_PKG_VERSION").to_owned(),
            experiment: experiment.to_owned(),
            config: config.to_owned(),
            data,
        };
        let file = folder.join("experiment.json");
        match fs::read(&file) {
            Ok(bytes) => {
                let found: Identity = parse(&file, &bytes)?;
                let differs = [
                    ("version", found.nar4rec == identity.nar4rec),
                    ("experiment", found.experiment == identity.experiment),
                    ("configuration", found.config == identity.config),
                    ("data set", found.data == identity.data),
                ];
                if let Some((what, _)) = differs.into_iter().find(|(_, same)| !same) {
                    return Err(ExperimentError::OtherRun { folder: folder.to_owned(), what });
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(folder).map_err(|source| disk(folder, "write", source))?;
                store.write("experiment.json", &json(&identity))?;
            }
            Err(source) => return Err(disk(&file, "read", source)),
        }
        Ok(store)
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the models are.
    pub fn models(&self) -> PathBuf {
        self.folder.join("models")
    }

    fn outcomes(&self) -> PathBuf {
        self.folder.join("outcomes")
    }

    /// The outcome of a cell, if it is done.
    ///
    /// # Errors
    /// If its file cannot be read or is no outcome.
    pub fn outcome<T: for<'d> Deserialize<'d>>(&self, cell: &str) -> Result<Option<T>, ExperimentError> {
        let file = self.outcomes().join(format!("{cell}.json"));
        match fs::read(&file) {
            Ok(bytes) => parse(&file, &bytes).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(disk(&file, "read", source)),
        }
    }

    /// Keeps the outcome of a cell.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&self, cell: &str, outcome: &impl Serialize) -> Result<(), ExperimentError> {
        self.write(&format!("outcomes/{cell}.json"), &json(outcome))
    }

    /// Writes a file of the folder, entirely or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), ExperimentError> {
        let path = self.folder.join(name);
        write_atomically(&path, bytes).map_err(|source| disk(&path, "write", source))
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(value).expect("plain data with string keys, and memory takes every byte")
}

fn parse<T: for<'d> Deserialize<'d>>(file: &Path, bytes: &[u8]) -> Result<T, ExperimentError> {
    serde_json::from_slice(bytes)
        .map_err(|error| ExperimentError::File { file: file.to_owned(), problem: error.to_string() })
}

/// A file or folder that cannot be read or written.
pub(crate) fn disk(path: &Path, action: &'static str, source: io::Error) -> ExperimentError {
    ExperimentError::Disk { path: path.to_owned(), action, source }
}
