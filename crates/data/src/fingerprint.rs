//! Which bytes a model was trained on: name, size and SHA-256 of each file of a data set.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use hmac_sha256::Hash;
use serde::{Deserialize, Serialize};

use crate::DataError;

/// The files of a data set, in the order train, valid, test, items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprint {
    /// SHA-256 over the lines `name bytes sha256`, one per file.
    pub sha256: String,
    /// The files.
    pub files: Vec<FileFingerprint>,
}

/// One file as it lies on disk, compressed or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileFingerprint {
    /// The name in the folder.
    pub name: String,
    /// The size.
    pub bytes: u64,
    /// SHA-256, in hexadecimal.
    pub sha256: String,
}

impl Fingerprint {
    pub(crate) fn of<'a>(paths: impl Iterator<Item = &'a Path>) -> Result<Self, DataError> {
        let files = paths.map(file).collect::<Result<Vec<_>, _>>()?;
        let mut all = Hash::new();
        for file in &files {
            all.update(format!("{} {} {}\n", file.name, file.bytes, file.sha256));
        }
        Ok(Self { sha256: hex(&all.finalize()), files })
    }
}

fn file(path: &Path) -> Result<FileFingerprint, DataError> {
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let (bytes, sha256) =
        digest(path).map_err(|source| DataError::Open { file: path.display().to_string(), source })?;
    Ok(FileFingerprint { name, bytes, sha256 })
}

fn digest(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 16];
    let (mut bytes, mut digest) = (0, Hash::new());
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => return Ok((bytes, hex(&digest.finalize()))),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        digest.update(&buffer[..read]);
        bytes += read as u64;
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
