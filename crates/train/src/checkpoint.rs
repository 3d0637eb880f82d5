//! The training checkpoint: one file from which a run that was stopped goes on. The only code that knows bincode.
//!
//! ```text
//!   offset  bytes
//!        0      8   magic, "N4RCKPT" and a zero
//!        8      4   format version, little-endian
//!       12      8   length of the payload, little-endian
//!       20     32   SHA-256 of the payload
//!       52          payload: bincode, little-endian, integers of fixed width
//! ```
//!
//! The payload has no field names, so it can be read only as the type that was written: a change of that type is a new
//! [`FORMAT`]. bincode is no longer maintained and is not trusted with the bytes: whatever it reads has the right hash, and
//! a length that the payload claims for one of its parts is held against a limit before memory is taken for it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};
use serde::{Serialize, de::DeserializeOwned};

const MAGIC: [u8; 8] = *b"N4RCKPT\0";

/// The version of the format that is written and read.
const FORMAT: u32 = 1;

/// Magic, version, length and hash.
const HEADER: usize = 52;

/// The longest payload, 4 GiB: the parameters of a model four times over are far less.
const MAX_PAYLOAD: usize = u32::MAX as usize;

/// Why a checkpoint cannot be written or read. Every message starts with the file.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It could not be written; what was there before is still there.
    #[error("{}: cannot write: {source}", .file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The state of the run cannot be put into bytes.
    #[error("{}: cannot write: {problem}", .file.display())]
    Encode {
        /// The file.
        file: PathBuf,
        /// Why not.
        problem: String,
    },
    /// It could not be read.
    #[error("{}: cannot read: {source}", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is something else.
    #[error("{}: is no training checkpoint of nar4rec", .file.display())]
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// A checkpoint of another format.
    #[error("{}: checkpoint format {found}, expected {FORMAT}: resume with the version of nar4rec that wrote it", .file.display())]
    Format {
        /// The file.
        file: PathBuf,
        /// Its format.
        found: u32,
    },
    /// Fewer or more bytes than there should be.
    #[error("{}: {found} bytes, expected {expected}: truncated or damaged", .file.display())]
    Size {
        /// The file.
        file: PathBuf,
        /// Its size.
        found: u64,
        /// The size its header calls for; that of the header if even this is cut.
        expected: u64,
    },
    /// Longer than any checkpoint may be.
    #[error("{}: {bytes} bytes, expected a checkpoint of at most {}", .file.display(), HEADER + MAX_PAYLOAD)]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// Other bytes than were written.
    #[error("{}: its SHA-256 is not the one in its header: damaged", .file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
    },
    /// The bytes are those that were written, but by a program with another idea of a run.
    #[error("{}: holds no state of a run that this program knows: {problem}", .file.display())]
    Content {
        /// The file.
        file: PathBuf,
        /// What does not fit.
        problem: String,
    },
}

impl CheckpointError {
    /// Whether the file was read and is no checkpoint that can be used: without it the run could begin anew.
    pub fn is_of_content(&self) -> bool {
        match self {
            Self::Foreign { .. }
            | Self::Format { .. }
            | Self::Size { .. }
            | Self::Damaged { .. }
            | Self::Content { .. } => true,
            Self::Write { .. } | Self::Encode { .. } | Self::Read { .. } | Self::TooLarge { .. } => false,
        }
    }
}

/// Writes `value` to `path`, entirely or not at all.
pub(crate) fn save<T: Serialize>(path: &Path, value: &T) -> Result<(), CheckpointError> {
    let file = || path.to_owned();
    let bytes = encode(value).map_err(|problem| CheckpointError::Encode { file: file(), problem })?;
    if bytes.len() - HEADER > MAX_PAYLOAD {
        return Err(CheckpointError::TooLarge { file: file(), bytes: bytes.len() as u64 });
    }
    nar4rec_model::write_atomically(path, &bytes).map_err(|source| CheckpointError::Write { file: file(), source })
}

/// Reads what [`save`] wrote for a value of the same type.
pub(crate) fn load<T: DeserializeOwned>(path: &Path) -> Result<T, CheckpointError> {
    let bytes = read(path)?;
    let payload = payload(path, &bytes)?;
    decode(payload).map_err(|problem| CheckpointError::Content { file: path.to_owned(), problem })
}

/// Header and payload.
fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, String> {
    let mut bytes = vec![0; HEADER];
    bincode::serde::encode_into_std_write(value, &mut bytes, layout::<MAX_PAYLOAD>())
        .map_err(|error| error.to_string())?;
    let (header, payload) = bytes.split_at_mut(HEADER);
    header[..8].copy_from_slice(&MAGIC);
    header[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    header[12..20].copy_from_slice(&(payload.len() as u64).to_le_bytes());
    header[20..].copy_from_slice(&hmac_sha256::Hash::hash(payload));
    Ok(bytes)
}

/// How bincode writes. `LIMIT` is the most that all parts of a payload may claim together.
fn layout<const LIMIT: usize>() -> Configuration<LittleEndian, Fixint, Limit<LIMIT>> {
    bincode::config::standard().with_fixed_int_encoding().with_limit::<LIMIT>()
}

/// The bytes of a regular file that is not too large. Memory that is not there is an error like any other.
fn read(path: &Path) -> Result<Vec<u8>, CheckpointError> {
    let failed = |source| CheckpointError::Read { file: path.to_owned(), source };
    let metadata = fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(CheckpointError::Foreign { file: path.to_owned() });
    }
    let length = metadata.len();
    if length > (HEADER + MAX_PAYLOAD) as u64 {
        return Err(CheckpointError::TooLarge { file: path.to_owned(), bytes: length });
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length as usize).map_err(|_| failed(io::ErrorKind::OutOfMemory.into()))?;
    File::open(path).and_then(|file| file.take(length).read_to_end(&mut bytes)).map_err(failed)?;
    Ok(bytes)
}

/// The payload of a file's bytes, after all that its header says about it has been checked.
fn payload<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a [u8], CheckpointError> {
    let file = || path.to_owned();
    let size = |expected| CheckpointError::Size { file: file(), found: bytes.len() as u64, expected };
    if bytes.first_chunk() != Some(&MAGIC) {
        return Err(CheckpointError::Foreign { file: file() });
    }
    let (header, payload) = bytes.split_first_chunk::<HEADER>().ok_or_else(|| size(HEADER as u64))?;
    let [version, length] = [&header[8..12], &header[12..20]].map(number);
    if version != u64::from(FORMAT) {
        return Err(CheckpointError::Format { file: file(), found: version as u32 });
    }
    if length != payload.len() as u64 {
        return Err(size(length.saturating_add(HEADER as u64)));
    }
    if hmac_sha256::Hash::hash(payload) != header[20..] {
        return Err(CheckpointError::Damaged { file: file() });
    }
    Ok(payload)
}

/// A little-endian number of at most eight bytes.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The value in a payload. bincode takes a limit only while compiling, so the nearest of three above the length is used:
/// what a wrong payload can claim is in proportion to what it is.
fn decode<T: DeserializeOwned>(payload: &[u8]) -> Result<T, String> {
    const SMALL: usize = 1 << 16;
    const MIDDLE: usize = 1 << 24;
    if payload.len() <= SMALL {
        decode_within::<T, SMALL>(payload)
    } else if payload.len() <= MIDDLE {
        decode_within::<T, MIDDLE>(payload)
    } else {
        decode_within::<T, MAX_PAYLOAD>(payload)
    }
}

fn decode_within<T: DeserializeOwned, const LIMIT: usize>(payload: &[u8]) -> Result<T, String> {
    let (value, read) =
        bincode::serde::decode_from_slice(payload, layout::<LIMIT>()).map_err(|error| error.to_string())?;
    match payload.len() - read {
        0 => Ok(value),
        left => Err(format!("{left} bytes are left over")),
    }
}

#[cfg(test)]
mod tests;
