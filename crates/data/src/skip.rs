//! Whether a bad line ends the reading or is counted and passed over.

use nar4rec_slate::InvalidRequest;
use serde::de::DeserializeOwned;

use crate::{DataError, JsonLines, Line};

/// What to do with a bad line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnBad {
    /// Hand the error on.
    #[default]
    Fail,
    /// Count it, keep the first few errors and go on with the next line.
    Skip,
}

/// How many errors are kept.
const KEPT_ERRORS: usize = 5;

/// What was passed over.
#[derive(Debug, Default)]
pub struct Skipped {
    /// The number of bad lines.
    pub count: u64,
    /// The errors of the first few.
    pub first: Vec<DataError>,
    /// Why reading stopped before the end, of each stream of which it did: a truncated one cannot be read past.
    pub cut_short: Vec<DataError>,
}

impl Skipped {
    /// Whether everything was read and nothing was bad.
    pub fn is_empty(&self) -> bool {
        self.count == 0 && self.cut_short.is_empty()
    }

    /// Counts what was passed over because of an error.
    pub(crate) fn add(&mut self, error: DataError) {
        if !error.is_bad_line() {
            self.cut_short.push(error);
            return;
        }
        self.count += 1;
        if self.first.len() < KEPT_ERRORS {
            self.first.push(error);
        }
    }
}

/// The values of a JSON Lines stream under a policy for bad lines. Under [`OnBad::Skip`] it yields no error.
pub struct Tolerant<T> {
    lines: JsonLines<T>,
    policy: OnBad,
    skipped: Skipped,
}

impl<T: DeserializeOwned> Tolerant<T> {
    pub(crate) fn new(lines: JsonLines<T>, policy: OnBad) -> Self {
        Self { lines, policy, skipped: Skipped::default() }
    }

    /// What was passed over up to now.
    pub fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    /// What was passed over, all in all.
    pub fn into_skipped(self) -> Skipped {
        self.skipped
    }

    /// The name of the source, for messages.
    pub fn name(&self) -> &str {
        self.lines.name()
    }

    /// The next values, at most `most`; none at the end.
    ///
    /// # Errors
    /// The first error, if the policy is to hand errors on.
    pub fn next_lines(&mut self, most: usize) -> Result<Vec<Line<T>>, DataError> {
        self.by_ref().take(most).collect()
    }

    /// Treats a line that was handed out as bad after all, for a reason that only its reader could know.
    ///
    /// # Errors
    /// The problem with file and line, if the policy is to hand errors on.
    pub fn reject(&mut self, line: u64, problem: InvalidRequest) -> Result<(), DataError> {
        let InvalidRequest { field, problem } = problem;
        let error = DataError::Invalid { file: self.name().to_owned(), line, field, problem };
        match self.policy {
            OnBad::Fail => Err(error),
            OnBad::Skip => {
                self.skipped.add(error);
                Ok(())
            }
        }
    }
}

impl<T: DeserializeOwned> Iterator for Tolerant<T> {
    type Item = Result<Line<T>, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.lines.next()? {
                Err(error) if self.policy == OnBad::Skip => self.skipped.add(error),
                result => return Some(result),
            }
        }
    }
}
