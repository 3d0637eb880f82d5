//! Records that wait in files beside the data set until those that belong together can be read together.
//!
//! A log of a hundred million searches fits in no memory. Its records are dealt to [`PARTS`] files by an id, so that one
//! file holds all that there is about an id, and a file is small enough to be sorted in memory.

use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::ids::mixed;
use crate::DataError;

/// How many files there are of a kind. All are open at once while they are written: some systems allow 256.
pub(super) const PARTS: usize = 128;

/// What each holds in memory before it is written.
const BUFFER: usize = 1 << 16;

/// A folder for such files; it goes when this goes.
pub(super) struct Spill {
    folder: PathBuf,
}

impl Spill {
    pub(super) fn create(beside: &Path) -> Result<Self, DataError> {
        let spill = Self { folder: beside.join(".nar4rec-convert") };
        spill.clear();
        fs::create_dir_all(&spill.folder).map_err(|source| DataError::write(&spill.folder, source))?;
        Ok(spill)
    }

    /// The files of a kind, for writing.
    pub(super) fn parts(&self, kind: &str) -> Parts {
        Parts { files: (0..PARTS).map(|part| (self.path(kind, part), None)).collect() }
    }

    /// All records of one file, which is removed.
    pub(super) fn take(&self, kind: &str, part: usize) -> Result<Vec<u8>, DataError> {
        let path = self.path(kind, part);
        match fs::read(&path) {
            // Nothing was written to it.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(DataError::Open { file: path.display().to_string(), source }),
            Ok(bytes) => fs::remove_file(&path).map(|()| bytes).map_err(|source| DataError::write(&path, source)),
        }
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

/// The files of one kind. A file is created with its first record.
pub(super) struct Parts {
    files: Vec<(PathBuf, Option<BufWriter<File>>)>,
}

impl Parts {
    /// Appends a record to the file of an id.
    pub(super) fn write(&mut self, id: u32, record: &[u8]) -> Result<(), DataError> {
        let (path, file) = &mut self.files[mixed(id, 0) as usize % PARTS];
        let mut write = || {
            let open = match file {
                Some(open) => open,
                None => file.insert(BufWriter::with_capacity(BUFFER, File::create(&*path)?)),
            };
            open.write_all(record)
        };
        write().map_err(|source| DataError::write(path, source))
    }

    /// Writes out what is still in memory.
    pub(super) fn finish(self) -> Result<(), DataError> {
        for (path, file) in self.files {
            file.map_or(Ok(()), |mut file| file.flush()).map_err(|source| DataError::write(&path, source))?;
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
        let mut parts = spill.parts("a");
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
