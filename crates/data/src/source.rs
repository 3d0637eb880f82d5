//! Where bytes come from: a file or standard input, plain, gzip or zstd.
//!
//! The first bytes decide how a stream is compressed, not the name, so that a pipe can be compressed too and a renamed
//! file still reads. A gzip file may have several members and a zstd file several frames: they read as one.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use crate::DataError;

/// The file `name` of a folder, plain or with the ending of a compression; the first form that is there.
pub(crate) fn in_any_form(folder: &Path, name: &str) -> Option<PathBuf> {
    let forms = ["", ".gz", ".zst"].map(|ending| folder.join(format!("{name}{ending}")));
    forms.into_iter().find(|path| path.is_file())
}

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Plain,
    /// gzip, RFC 1952.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

impl Compression {
    /// What a file called `name` should hold: `.gz`, `.zst`, or plain for any other name.
    pub(crate) fn of_name(name: &str) -> Self {
        match Path::new(name).extension().and_then(|extension| extension.to_str()) {
            Some("gz") => Self::Gzip,
            Some("zst") => Self::Zstd,
            _ => Self::Plain,
        }
    }

    /// What a stream that starts with `prefix` holds. A zstd stream may open with a skippable frame.
    fn of_prefix(prefix: &[u8]) -> Self {
        match prefix {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Self::Zstd,
            _ => Self::Plain,
        }
    }
}

/// A stream of decompressed bytes with a name for messages.
pub struct Source {
    name: String,
    compression: Compression,
    stream: Box<dyn BufRead + Send>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).field("compression", &self.compression).finish()
    }
}

impl Source {
    /// The file at `path`; `-` is standard input.
    ///
    /// # Errors
    /// If it cannot be opened or its first bytes cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DataError> {
        let path = path.as_ref();
        if path.as_os_str() == "-" {
            return Self::from_reader("standard input", io::stdin());
        }
        let name = path.display().to_string();
        match File::open(path) {
            Ok(file) => Self::from_reader(name, file),
            Err(source) => Err(DataError::Open { file: name, source }),
        }
    }

    /// Any reader; `name` stands in messages and, where the stream is empty, tells whether that can be right.
    ///
    /// # Errors
    /// If its first bytes cannot be read.
    pub fn from_reader(name: impl Into<String>, mut reader: impl Read + Send + 'static) -> Result<Self, DataError> {
        let name = name.into();
        let open_error = |source| DataError::Open { file: name.clone(), source };
        let mut prefix = Vec::with_capacity(4);
        reader.by_ref().take(4).read_to_end(&mut prefix).map_err(open_error)?;
        let compression = Compression::of_prefix(&prefix);
        let named = Compression::of_name(&name);
        if prefix.is_empty() && named != Compression::Plain {
            let source = io::Error::new(io::ErrorKind::UnexpectedEof, "the file is empty");
            return Err(DataError::Damaged { file: name, line: 1, compression: named, source });
        }
        let bytes = BufReader::new(Cursor::new(prefix).chain(reader));
        let stream: Box<dyn BufRead + Send> = match compression {
            Compression::Plain => Box::new(bytes),
            Compression::Gzip => Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(bytes))),
            Compression::Zstd => {
                Box::new(BufReader::new(zstd::stream::read::Decoder::with_buffer(bytes).map_err(open_error)?))
            }
        };
        Ok(Self { name, compression, stream })
    }

    /// The name for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the stream is compressed.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    pub(crate) fn stream(&mut self) -> &mut dyn BufRead {
        &mut *self.stream
    }

    /// The error for a failed read in `line`. A decompressor's complaint carries no error number of the system.
    pub(crate) fn read_error(&self, line: u64, source: io::Error) -> DataError {
        let (file, compression) = (self.name.clone(), self.compression);
        if compression != Compression::Plain && source.raw_os_error().is_none() {
            DataError::Damaged { file, line, compression, source }
        } else {
            DataError::Read { file, line, source }
        }
    }
}
