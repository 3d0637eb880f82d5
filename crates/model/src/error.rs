//! What can be wrong with a model, in memory and on disk. Every message about a file starts with its path.

use std::io;
use std::path::{Path, PathBuf};

use nar4rec_features::SchemaError;
use nar4rec_layers::ConfigError;
use nar4rec_tensor::ParameterError;

use crate::{CONFIG, MAX_PARAMETERS, MODEL_FORMAT, SCHEMA, WEIGHTS};

/// Why a configuration, a schema and weights are no model together.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidModel {
    /// A configuration that cannot be built.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// A schema that cannot be encoded with.
    #[error("{0}")]
    Schema(#[from] SchemaError),
    /// More parameters than a model may have.
    #[error("the {part} would have {numbers} parameters, expected at most {MAX_PARAMETERS}")]
    TooLarge {
        /// `generator`, `evaluator`, or the name of another system.
        part: &'static str,
        /// How many numbers it would have.
        numbers: u64,
    },
    /// Parameters that do not fit the layers.
    #[error("{0}")]
    Parameters(#[from] ParameterError),
    /// Parameters that were declared by other layers than the configuration's.
    #[error("the {part}'s parameters are not those of its configuration")]
    Foreign {
        /// `generator` or `evaluator`.
        part: &'static str,
    },
    /// Weights that are not in the format they should be in.
    #[error("{0}")]
    Weights(String),
}

impl InvalidModel {
    /// The file in which it is wrong.
    pub(crate) fn file(&self) -> &'static str {
        match self {
            Self::Config(_) | Self::TooLarge { .. } => CONFIG,
            Self::Schema(_) => SCHEMA,
            Self::Parameters(_) | Self::Foreign { .. } | Self::Weights(_) => WEIGHTS,
        }
    }
}

/// Why a model directory could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Something that should be there is not.
    #[error("{}: missing, expected {expected}", .path.display())]
    Missing {
        /// The file or directory.
        path: PathBuf,
        /// What was expected there.
        expected: &'static str,
    },
    /// A file could not be read.
    #[error("{}: cannot read: {source}", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file could not be written, or a directory not put in its place. What was there before is still there, or all of
    /// the new is and only the last sync failed.
    #[error("{}: cannot write: {source}", .path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The new directory is in place, but what it replaced could not be removed.
    #[error("{}: the new one is saved, but the one it replaced cannot be removed: {source}", .path.display())]
    Leftover {
        /// What remains.
        path: PathBuf,
        /// Why it remains.
        source: io::Error,
    },
    /// A model of a later format.
    #[error("{}: model format {found} is newer than this program reads ({MODEL_FORMAT}): update nar4rec", .file.display())]
    Newer {
        /// The manifest.
        file: PathBuf,
        /// Its format.
        found: u64,
    },
    /// A model of another system.
    #[error("{}: a model of {found}, expected one of {expected}", .dir.display())]
    OtherSystem {
        /// The model directory.
        dir: PathBuf,
        /// Whose it is.
        found: String,
        /// Whose it should be.
        expected: String,
    },
    /// A file of another size than the manifest says.
    #[error("{}: {found} bytes, but the manifest says {expected}: truncated or damaged", .file.display())]
    Size {
        /// The file.
        file: PathBuf,
        /// Its size.
        found: u64,
        /// Its size when it was saved.
        expected: u64,
    },
    /// A file with other bytes than were saved.
    #[error("{}: its SHA-256 is not the one in {}: damaged, or changed after it was saved", .file.display(), .place)]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Where its hash stands.
        place: &'static str,
    },
    /// A file that is not the JSON it should be.
    #[error("{}:{line}:{column}: {problem}", .file.display())]
    Json {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The byte in the line, from 1; 0 for the line as a whole.
        column: usize,
        /// What was found and what was expected.
        problem: String,
    },
    /// A file whose content makes no model.
    #[error("{}: {problem}", .file.display())]
    Invalid {
        /// The file.
        file: PathBuf,
        /// The field or parameter, what was found and what was expected.
        problem: String,
    },
    /// A model that could be saved but not loaded again.
    #[error("this model cannot be saved: {0}")]
    Unsaveable(#[from] InvalidModel),
    /// Something at the place where a directory is to be saved that it may not replace.
    #[error("{}: is {found}, expected nothing, an empty directory or {expected}; it stays as it is", .path.display())]
    Occupied {
        /// The place.
        path: PathBuf,
        /// What is there.
        found: &'static str,
        /// What it may replace.
        expected: &'static str,
    },
}

impl ModelError {
    pub(crate) fn read(file: &Path, source: io::Error) -> Self {
        Self::Read { file: file.to_owned(), source }
    }

    pub(crate) fn invalid(file: &Path, problem: impl ToString) -> Self {
        Self::Invalid { file: file.to_owned(), problem: problem.to_string() }
    }
}
