//! What can go wrong.

use nar4rec_data::{DataError, Split};
use nar4rec_slate::{InvalidRequest, PermutationError};

/// Why a simulation or its truth cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// A file that cannot be read or written, or a bad line in one.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A value of the configuration that is out of its range.
    #[error("{field}: {problem}")]
    Config {
        /// The field, such as `user.fatigue.decay`.
        field: String,
        /// What was found and what was expected.
        problem: String,
    },
    /// A configuration file that is not one; the message has the line.
    #[error("{0}")]
    ConfigFile(String),
    /// The description of a simulation that is not one.
    #[error("{file}: {problem}")]
    Description {
        /// The file.
        file: String,
        /// What was found and what was expected.
        problem: String,
    },
    /// A split that no query has sessions in.
    #[error("no query has sessions in the {0} split, expected at least one")]
    NoQueries(Split),
    /// A request or query that the truth does not know.
    #[error("no query {0:?} in the truth, expected the id of one of its queries or requests")]
    UnknownQuery(String),
    /// An item that is no candidate of the query.
    #[error("query {query:?}: no candidate {item:?}")]
    UnknownItem {
        /// The query.
        query: String,
        /// The item.
        item: String,
    },
    /// A list that is no list of the query's candidates.
    #[error("query {query:?}: {source}")]
    List {
        /// The query.
        query: String,
        /// Why not.
        source: PermutationError,
    },
    /// A query that makes no request.
    #[error("query {query:?}: {source}")]
    Query {
        /// The query.
        query: String,
        /// Why not.
        source: InvalidRequest,
    },
    /// A choice that is none of the proposed lists.
    #[error("query {query:?}: list {chosen} was chosen, expected one of the {proposed} that were proposed, from 0")]
    NotProposed {
        /// The query.
        query: String,
        /// The place of the chosen list.
        chosen: usize,
        /// The number of proposed lists.
        proposed: usize,
    },
}

impl SimulatorError {
    pub(crate) fn config(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Config { field: field.into(), problem: problem.into() }
    }
}
