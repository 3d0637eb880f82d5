//! Where output goes: a file that appears whole, or a stream such as a device or a named pipe, which has nothing to replace.

use std::{fs, path::Path};

use crate::failure::Misuse;

/// Whether `path` is there and neither a regular file nor a directory: it is written to, never renamed over.
pub(crate) fn is_stream(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Refuses a file that could not be written after hours of work: one in a directory that is not there, or a directory.
pub(crate) fn check_file(option: &str, path: &Path) -> Result<(), Misuse> {
    if path.is_dir() {
        return Err(Misuse(format!("{option}: {} is a directory, expected a file", path.display())));
    }
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) if !parent.is_dir() => {
            Err(Misuse(format!("{option}: {} is no directory, expected one to write a file in", parent.display())))
        }
        _ => Ok(()),
    }
}
