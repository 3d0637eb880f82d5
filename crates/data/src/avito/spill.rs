//! Records that wait in files beside the data set until those that belong together can be read together.
//!
//! A log of a hundred million searches fits in no memory. Its records are dealt to [`PARTS`] files by an id, so that one
//! file holds all that there is about an id, and a file is small enough to be sorted in memory.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::ids::mixed;
use crate::DataError;

/// How many files there are of a kind. All are open at once while they are written.
pub(super) const PARTS: usize = 64;

/// A folder for such files; it goes when this goes.
pub(super) struct Spill {
    folder: PathBuf,
}

impl Spill {
    pub(super) fn create(beside: &Path) -> Result<Self, DataError> {
        let spill = Self { folder: beside.join("convert.tmp") };
        spill.clear();
        fs::create_dir_all(&spill.folder).map_err(|source| DataError::write(&spill.folder, source))?;
        Ok(spill)
    }

    /// Opens the files of a kind for writing.
    pub(super) fn parts(&self, kind: &'static str) -> Result<Parts, DataError> {
        let open = |part| {
            let path = self.path(kind, part);
            let file = File::create(&path).map_err(|source| DataError::write(&path, source))?;
            Ok((path, BufWriter::with_capacity(1 << 16, file)))
        };
        Ok(Parts { files: (0..PARTS).map(open).collect::<Result<_, DataError>>()? })
    }

    /// All records of one file, which is removed.
    pub(super) fn take(&self, kind: &'static str, part: usize) -> Result<Vec<u8>, DataError> {
        let path = self.path(kind, part);
        let open_error = |source| DataError::Open { file: path.display().to_string(), source };
        let bytes = fs::read(&path).map_err(open_error)?;
        fs::remove_file(&path).map_err(|source| DataError::write(&path, source))?;
        Ok(bytes)
    }

    fn path(&self, kind: &str, part: usize) -> PathBuf {
        self.folder.join(format!("{kind}-{part:02}"))
    }

    fn clear(&self) {
        // It may not be there; if it cannot be removed, there is no better place for it.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The open files of one kind.
pub(super) struct Parts {
    files: Vec<(PathBuf, BufWriter<File>)>,
}

impl Parts {
    /// Appends a record to the file of an id.
    pub(super) fn write(&mut self, id: u32, record: &[u8]) -> Result<(), DataError> {
        let (path, file) = &mut self.files[mixed(id, 0) as usize % PARTS];
        file.write_all(record).map_err(|source| DataError::write(path, source))
    }

    /// Writes out what is still in memory.
    pub(super) fn finish(self) -> Result<(), DataError> {
        for (path, mut file) in self.files {
            file.flush().map_err(|source| DataError::write(&path, source))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_an_id_come_back_together_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let spill = Spill::create(folder.path()).unwrap();
        let mut parts = spill.parts("a").unwrap();
        for round in 0..3_u8 {
            for id in 0..100 {
                parts.write(id, &[id as u8, round]).unwrap();
            }
        }
        parts.finish().unwrap();
        let mut found = Vec::new();
        for part in 0..PARTS {
            let bytes = spill.take("a", part).unwrap();
            for id in bytes.chunks_exact(2).map(|record| record[0]) {
                let rounds: Vec<u8> = bytes.chunks_exact(2).filter(|record| record[0] == id).map(|r| r[1]).collect();
                assert_eq!(rounds, [0, 1, 2]);
                found.push(id);
            }
        }
        assert_eq!(found.len(), 300);
        drop(spill);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
