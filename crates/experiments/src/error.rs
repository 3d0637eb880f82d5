//! What can go wrong in an experiment.

use std::path::PathBuf;

use nar4rec_data::DataError;
use nar4rec_infer::LoadError;
use nar4rec_metrics::MetricsError;
use nar4rec_model::ModelError;
use nar4rec_report::ReportError;
use nar4rec_simulator::SimulatorError;
use nar4rec_train::TrainError;

/// Why an experiment could not be run or told.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// A name that is nothing's.
    #[error("no {what} is named {found:?}, expected one of {expected}")]
    Name {
        /// What should be named.
        what: &'static str,
        /// The name.
        found: String,
        /// The names there are.
        expected: String,
    },
    /// A variant's configuration cannot be.
    #[error("variant {name}: {problem}")]
    Variant {
        /// The variant.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// A folder that belongs to another run.
    #[error(
        "{}: of another run, whose {what} is {found} there, expected {expected}; give another --out, or remove this folder to \
         begin anew",
        .folder.display()
    )]
    OtherRun {
        /// The folder.
        folder: PathBuf,
        /// What differs, by its place in `experiment.json`.
        what: String,
        /// What is there.
        found: String,
        /// What this run has.
        expected: String,
    },
    /// A folder with outcomes of which nobody knows whose they are.
    #[error(
        "{}: it cannot be told whose outcomes these are: experiment.json: {problem}; give another --out, or an empty folder",
        .folder.display()
    )]
    Unclear {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with its `experiment.json`.
        problem: String,
    },
    /// A file of the folder that cannot be used.
    #[error("{}: {problem}; remove it to have it made anew", .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A model or checkpoint of the folder that cannot be used; the problem names the file in it.
    #[error("{problem}; remove {} to have it made anew", .path.display())]
    Unusable {
        /// The model or checkpoint.
        path: PathBuf,
        /// What is wrong with it.
        problem: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A log whose user is not known.
    #[error(
        "{}: not a simulated log, expected one with simulator.json; make one with nar4rec simulate --mq2008 MQ2008 --out DIR",
        .folder.display()
    )]
    NotSimulated {
        /// The log's folder.
        folder: PathBuf,
    },
    /// Lists of another length than those of the simulated log, for which alone the best is known.
    #[error(
        "generator.list_length: {found}, expected {expected}: the lists of this simulated log have so many items, and only of such is \
         the best one known"
    )]
    ListLength {
        /// What the configuration has.
        found: usize,
        /// What the log has.
        expected: usize,
    },
    /// Outcomes that are not of the same lists.
    #[error("{}: {what} {found}, expected {expected} as of {}; remove it to have it made anew", .names[0], .names[1])]
    Mixed {
        /// The outcome and the one it does not go with.
        names: [String; 2],
        /// What differs.
        what: &'static str,
        /// What the first has.
        found: String,
        /// What the second has.
        expected: String,
    },
    /// A system that does not answer as it should, and so is neither timed nor shown.
    #[error("{row}: {problem}")]
    Answer {
        /// The row.
        row: String,
        /// What is wrong.
        problem: String,
    },
    /// A file or folder that cannot be read or written.
    #[error("{}: cannot {action}: {source}", .path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// `read` or `write`.
        action: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// The data cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A system cannot be trained or measured.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A model cannot be written.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A model cannot be made ready to be timed.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The truth of a simulated log cannot be used.
    #[error(transparent)]
    Simulator(#[from] SimulatorError),
    /// Outcomes that cannot be compared.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// The page cannot be made.
    #[error(transparent)]
    Report(#[from] ReportError),
}
