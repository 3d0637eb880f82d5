//! Numbered lines of a source, one at a time in a reused buffer.

use std::io::{self, BufRead, Read};

use crate::{DataError, Source};

/// The greatest length of one line, after decompression: 64 MiB. A request of 4096 candidates with a hundred features
/// each takes about 10 MB.
pub const MAX_LINE_BYTES: usize = 64 << 20;

/// Capacity that the buffer may keep after a long line.
const KEPT_CAPACITY: usize = 1 << 20;

/// Reads lines without their line ends (`\n` or `\r\n`); a byte order mark at the start is dropped.
pub struct LineReader {
    source: Source,
    buffer: Vec<u8>,
    number: u64,
    limit: usize,
    ended: bool,
}

impl LineReader {
    /// The lines of `source`, of at most `limit` bytes each.
    pub fn new(source: Source, limit: usize) -> Self {
        Self { source, buffer: Vec::new(), number: 0, limit, ended: false }
    }

    /// Where the lines come from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The number of the line read last, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The line read last.
    pub fn line(&self) -> &[u8] {
        &self.buffer
    }

    /// What is wrong with the line read last, or with a field of it.
    pub fn invalid(&self, field: &str, problem: String) -> DataError {
        let file = self.source.name().to_owned();
        DataError::Invalid { file, line: self.number, field: field.to_owned(), problem }
    }

    /// Reads the next line that is not blank. False at the end, and after an error that cannot be read past.
    ///
    /// # Errors
    /// If the line is too long, which can be read past, or the source cannot be read.
    pub fn advance(&mut self) -> Result<bool, DataError> {
        while !self.ended {
            self.number += 1;
            if !self.read_line()? {
                self.ended = true;
            } else if !self.buffer.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn read_line(&mut self) -> Result<bool, DataError> {
        self.buffer.clear();
        self.buffer.shrink_to(KEPT_CAPACITY);
        // One byte more than the limit and the line end, so that a longer line shows.
        let most = self.limit as u64 + 2;
        let read = self.source.stream().take(most).read_until(b'\n', &mut self.buffer);
        let read = self.or_stop(read)?;
        if read == 0 {
            return Ok(false);
        }
        let complete = self.buffer.ends_with(b"\n");
        let cut = !complete && read as u64 == most;
        self.trim();
        if cut || self.buffer.len() > self.limit {
            if cut {
                let skipped = skip_line(self.source.stream());
                self.or_stop(skipped)?;
            }
            self.buffer.clear();
            let file = self.source.name().to_owned();
            return Err(DataError::LineTooLong { file, line: self.number, limit: self.limit });
        }
        Ok(true)
    }

    fn trim(&mut self) {
        for end in [b'\n', b'\r'] {
            if self.buffer.last() == Some(&end) {
                self.buffer.pop();
            }
        }
        if self.number == 1 && self.buffer.starts_with(b"\xef\xbb\xbf") {
            self.buffer.drain(..3);
        }
    }

    fn or_stop<T>(&mut self, result: io::Result<T>) -> Result<T, DataError> {
        result.map_err(|error| {
            self.ended = true;
            self.source.read_error(self.number, error)
        })
    }
}

/// Reads past the next line end without keeping what is read.
fn skip_line(stream: &mut dyn BufRead) -> io::Result<()> {
    loop {
        let bytes = match stream.fill_buf() {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let used = end.map_or(bytes.len(), |end| end + 1);
        let done = end.is_some() || bytes.is_empty();
        stream.consume(used);
        if done {
            return Ok(());
        }
    }
}
