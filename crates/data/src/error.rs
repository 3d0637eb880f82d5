//! What can be wrong with data, and where.
//!
//! The message of every error starts with its place, `file`, `file:line` or `file:line: field`, so that a terminal can
//! open it and a person can find it.

use std::io;

use crate::Compression;

/// An error in reading, checking or writing data.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A file could not be opened or its first bytes could not be read.
    #[error("{file}: cannot open: {source}")]
    Open {
        /// The file.
        file: String,
        /// Why not.
        source: io::Error,
    },
    /// Reading failed in the middle of a file.
    #[error("{file}:{line}: cannot read: {source}")]
    Read {
        /// The file.
        file: String,
        /// The line that was being read.
        line: u64,
        /// Why not.
        source: io::Error,
    },
    /// A compressed stream ends early or its bytes were changed.
    #[error("{file}:{line}: the {compression} stream is truncated or damaged, reading stopped in this line: {source}")]
    Damaged {
        /// The file.
        file: String,
        /// The line that was being read.
        line: u64,
        /// How the file is compressed.
        compression: Compression,
        /// What the decompressor says.
        source: io::Error,
    },
    /// A line longer than the limit.
    #[error("{file}:{line}: the line is longer than {limit} bytes, expected one JSON object a line")]
    LineTooLong {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// The greatest length of a line.
        limit: usize,
    },
    /// A line that is not JSON.
    #[error("{file}:{line}: {}malformed JSON at byte {column}: {problem}", before_problem(field))]
    Malformed {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// The byte in the line, from 1.
        column: usize,
        /// The field in which it happened; empty at the top.
        field: String,
        /// What was found and what was expected.
        problem: String,
    },
    /// A value that is not allowed where it stands.
    #[error("{file}:{line}: {}{problem}", before_problem(field))]
    Invalid {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// The field, such as `candidates[3].score`; empty if it is the whole line.
        field: String,
        /// What was found and what was expected.
        problem: String,
    },
    /// A data set folder that is not one.
    #[error("{folder}: {problem}")]
    Folder {
        /// The folder.
        folder: String,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// A file could not be written; nothing of it is left.
    #[error("{file}: cannot write: {source}")]
    Write {
        /// The file.
        file: String,
        /// Why not.
        source: io::Error,
    },
    /// An option outside its range.
    #[error("{option}: {problem}")]
    Option {
        /// The option.
        option: &'static str,
        /// What was found and what was expected.
        problem: String,
    },
}

impl DataError {
    /// Whether only this line is bad, so that reading can go on with the next.
    pub fn is_bad_line(&self) -> bool {
        matches!(self, Self::LineTooLong { .. } | Self::Malformed { .. } | Self::Invalid { .. })
    }

    pub(crate) fn write(file: &std::path::Path, source: io::Error) -> Self {
        Self::Write { file: file.display().to_string(), source }
    }
}

fn before_problem(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!("{field}: ") }
}
