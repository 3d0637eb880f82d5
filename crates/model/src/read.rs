//! Reading a whole file that may not be what it seems.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::{FileRecord, ModelError, hash::sha256};

/// The greatest manifest: without a limit, a mistaken path could be a very large file.
const MAX_MANIFEST_BYTES: u64 = 1 << 24;

/// The manifest's bytes.
pub(crate) fn manifest(file: &Path) -> Result<Vec<u8>, ModelError> {
    let length = length(file, "the manifest of a model directory")?;
    if length > MAX_MANIFEST_BYTES {
        let problem = format!("{length} bytes, expected a manifest of at most {MAX_MANIFEST_BYTES}");
        return Err(ModelError::invalid(file, problem));
    }
    read(file, length).map_err(|error| ModelError::read(file, error))
}

/// The bytes of a file that the manifest lists, which are those that were saved.
pub(crate) fn recorded(file: &Path, record: &FileRecord) -> Result<Vec<u8>, ModelError> {
    let size = |found| ModelError::Size { file: file.to_owned(), found, expected: record.bytes };
    let length = length(file, "a file that the manifest lists")?;
    if length != record.bytes {
        return Err(size(length));
    }
    let bytes = read(file, length).map_err(|error| ModelError::read(file, error))?;
    if bytes.len() as u64 != length {
        return Err(size(bytes.len() as u64));
    }
    if sha256(&bytes) != record.sha256 {
        return Err(ModelError::Damaged { file: file.to_owned(), place: "the manifest" });
    }
    Ok(bytes)
}

/// The size of a regular file.
fn length(file: &Path, expected: &'static str) -> Result<u64, ModelError> {
    match fs::metadata(file) {
        Ok(metadata) if metadata.is_file() => Ok(metadata.len()),
        Ok(_) => Err(ModelError::invalid(file, "is no regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(ModelError::Missing { path: file.to_owned(), expected })
        }
        Err(error) => Err(ModelError::read(file, error)),
    }
}

/// At most `length` bytes. Memory that is not there is an error like any other.
fn read(file: &Path, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let capacity = usize::try_from(length).map_err(|_| io::ErrorKind::OutOfMemory)?;
    bytes.try_reserve_exact(capacity).map_err(|_| io::ErrorKind::OutOfMemory)?;
    File::open(file)?.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}
