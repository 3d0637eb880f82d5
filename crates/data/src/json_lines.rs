//! One JSON value a line, as an iterator of values with their line numbers.

use std::marker::PhantomData;
use std::path::Path;

use nar4rec_slate::InvalidRequest;
use serde::de::DeserializeOwned;

use crate::lines::{LineReader, MAX_LINE_BYTES};
use crate::{DataError, OnBad, Source, Tolerant, json_error};

/// A value and the number of the line it stood on, from 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Line<T> {
    /// The line number.
    pub number: u64,
    /// What stood there.
    pub value: T,
}

/// A further check of a line that parsed.
type Check<T> = Box<dyn FnMut(&Line<T>) -> Result<(), InvalidRequest> + Send>;

/// The values of a JSON Lines stream, in order. Blank lines are skipped but counted. A bad line gives an error and the
/// iterator goes on behind it; after an error that cannot be read past ([`DataError::is_bad_line`]) it ends.
pub struct JsonLines<T> {
    lines: LineReader,
    checks: Vec<Check<T>>,
    value: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> JsonLines<T> {
    /// The values in `source`, with lines of at most [`MAX_LINE_BYTES`].
    pub fn new(source: Source) -> Self {
        Self::with_limit(source, MAX_LINE_BYTES)
    }

    /// The values in `source`, with lines of at most `limit` bytes.
    pub fn with_limit(source: Source, limit: usize) -> Self {
        Self { lines: LineReader::new(source, limit), checks: Vec::new(), value: PhantomData }
    }

    /// The values in the file at `path`; `-` is standard input.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DataError> {
        Source::open(path).map(Self::new)
    }

    /// The same values, each of which must also pass `check`; what it refuses becomes an error with file and line.
    #[must_use]
    pub fn with_check(mut self, check: impl FnMut(&Line<T>) -> Result<(), InvalidRequest> + Send + 'static) -> Self {
        self.checks.push(Box::new(check));
        self
    }

    /// The same values, with bad lines treated as `policy` says.
    pub fn on_bad(self, policy: OnBad) -> Tolerant<T> {
        Tolerant::new(self, policy)
    }

    /// The name of the source, for messages.
    pub fn name(&self) -> &str {
        self.lines.source().name()
    }

    fn parse(&mut self) -> Result<Line<T>, DataError> {
        let number = self.lines.number();
        let value = json_error::parse(self.lines.line()).map_err(|problem| problem.at(self.name(), number))?;
        let line = Line { number, value };
        for check in &mut self.checks {
            if let Err(InvalidRequest { field, problem }) = check(&line) {
                let file = self.lines.source().name().to_owned();
                return Err(DataError::Invalid { file, line: number, field, problem });
            }
        }
        Ok(line)
    }
}

impl<T: DeserializeOwned> Iterator for JsonLines<T> {
    type Item = Result<Line<T>, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.lines.advance() {
            Ok(true) => Some(self.parse()),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

#[cfg(test)]
mod tests;
