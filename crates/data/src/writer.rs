//! JSON Lines that appear whole or not at all.
//!
//! Lines go to `.NAME.nar4rec-tmp` beside the file; [`JsonLinesWriter::finish`] ends the compression, syncs and renames.
//! Whatever happens before leaves the file that was there as it was. Two writers of one file at a time are not supported.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::{Compression, DataError};

/// Speed and size that suit logs: smaller than gzip and faster to read.
const ZSTD_LEVEL: i32 = 9;

enum Encoder {
    Plain(BufWriter<File>),
    Gzip(flate2::write::GzEncoder<BufWriter<File>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<File>>),
}

impl Encoder {
    fn new(file: File, compression: Compression) -> io::Result<Self> {
        let file = BufWriter::new(file);
        Ok(match compression {
            Compression::Plain => Self::Plain(file),
            // The header's time stays 0, so that the same lines give the same bytes.
            Compression::Gzip => Self::Gzip(flate2::write::GzEncoder::new(file, flate2::Compression::default())),
            Compression::Zstd => Self::Zstd(zstd::stream::write::Encoder::new(file, ZSTD_LEVEL)?),
        })
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Plain(writer) => writer,
            Self::Gzip(writer) => writer,
            Self::Zstd(writer) => writer,
        }
    }

    fn sync(self) -> io::Result<()> {
        let mut file = match self {
            Self::Plain(writer) => writer,
            Self::Gzip(writer) => writer.finish()?,
            Self::Zstd(writer) => writer.finish()?,
        };
        file.flush()?;
        file.get_ref().sync_all()
    }
}

/// Writes one JSON value a line. The name's ending chooses the compression: `.gz`, `.zst`, or none.
pub struct JsonLinesWriter {
    path: PathBuf,
    temporary: PathBuf,
    encoder: Option<Encoder>,
    line: Vec<u8>,
    lines: u64,
}

impl JsonLinesWriter {
    /// A writer of the file at `path`.
    ///
    /// # Errors
    /// If the file beside it cannot be created.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, DataError> {
        let path = path.as_ref().to_owned();
        let temporary = Self::unfinished(&path);
        let compression = Compression::of_name(&path.to_string_lossy());
        let encoder = File::create(&temporary)
            .and_then(|file| Encoder::new(file, compression))
            .map_err(|source| DataError::write(&path, source))?;
        Ok(Self { path, temporary, encoder: Some(encoder), line: Vec::new(), lines: 0 })
    }

    /// Where the lines of the file at `path` lie until they are complete.
    pub fn unfinished(path: &Path) -> PathBuf {
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(".nar4rec-tmp");
        path.with_file_name(name)
    }

    /// Appends one line.
    ///
    /// # Errors
    /// If it cannot be written, for instance to a full disk.
    pub fn write<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), DataError> {
        self.line.clear();
        let line = serde_json::to_writer(&mut self.line, value).map_err(io::Error::from);
        self.line.push(b'\n');
        let result = line.and_then(|()| match &mut self.encoder {
            None => Err(earlier_failure()),
            Some(encoder) => encoder.writer().write_all(&self.line),
        });
        self.or_discard(result)?;
        self.lines += 1;
        Ok(())
    }

    /// The number of lines written.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Puts the file into its place and returns the number of its lines.
    ///
    /// # Errors
    /// If the rest cannot be written or the file cannot be renamed; then nothing of it is left.
    pub fn finish(mut self) -> Result<u64, DataError> {
        self.seal()?;
        self.publish()
    }

    /// The first half of [`Self::finish`]: everything that may run into a full disk.
    pub(crate) fn seal(&mut self) -> Result<(), DataError> {
        let result = self.encoder.take().ok_or_else(earlier_failure).and_then(Encoder::sync);
        self.or_discard(result)
    }

    /// The second half of [`Self::finish`].
    pub(crate) fn publish(mut self) -> Result<u64, DataError> {
        let renamed = fs::rename(&self.temporary, &self.path).and_then(|()| sync_folder(&self.path));
        self.or_discard(renamed)?;
        Ok(self.lines)
    }

    fn or_discard(&mut self, result: io::Result<()>) -> Result<(), DataError> {
        result.map_err(|source| {
            self.discard();
            DataError::write(&self.path, source)
        })
    }

    fn discard(&mut self) {
        self.encoder = None;
        // It is gone already after a rename; if it cannot be removed, there is no better place for it.
        let _ = fs::remove_file(&self.temporary);
    }
}

impl Drop for JsonLinesWriter {
    fn drop(&mut self) {
        self.discard();
    }
}

/// A small text file, whole or not at all.
///
/// # Errors
/// If it cannot be written; then nothing of it is left.
pub fn write_text(path: &Path, text: &str) -> Result<(), DataError> {
    let temporary = JsonLinesWriter::unfinished(path);
    let write = || {
        let mut file = File::create(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().map_err(|source| {
        // If it cannot be removed, there is no better place for it.
        let _ = fs::remove_file(&temporary);
        DataError::write(path, source)
    })
}

/// Removes a file; one that is not there is gone already.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn earlier_failure() -> io::Error {
    io::Error::other("an earlier write failed")
}

/// Makes a rename last: the folder's entry is synced too, where the system allows to open a folder.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests;
