//! A directory of files, written entirely or not at all.
//!
//! ```text
//!   .M.tmp-0/ file file manifest      written and synced
//!   M → .M.old-0                      if there is an M
//!   .M.tmp-0 → M
//!   .M.old-0/ other files → M/        what is not the model's is kept
//!   .M.old-0 removed
//! ```
//!
//! A program that is killed between the two renames leaves no M, but the old one, complete, as `.M.old-0`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::atomic::write_or_remove;
use crate::disk::{Disk, Place, RealDisk};
use crate::{CONFIG, ITEMS, MANIFEST, ModelError, SCHEMA, WEIGHTS, manifest};

/// A file's name and its bytes.
pub type NamedFile = (&'static str, Vec<u8>);

/// A kind of directory that is written entirely or not at all, and never over one of another kind.
#[derive(Debug, Clone, Copy)]
pub struct DirectoryKind {
    /// What it is called in messages, as in `a model directory`.
    pub called: &'static str,
    /// The names that belong to it. Whatever else lies in such a directory is the user's.
    pub names: &'static [&'static str],
    /// Whether the directory at a path is of this kind.
    pub is_at: fn(&Path) -> bool,
}

/// The model directory.
pub(crate) const MODEL: DirectoryKind = DirectoryKind {
    called: "a model directory",
    names: &[WEIGHTS, CONFIG, SCHEMA, ITEMS, MANIFEST],
    is_at: manifest::is_in,
};

impl DirectoryKind {
    /// Whether one may be put at `path`: nothing is there, an empty directory, or one of this kind.
    ///
    /// # Errors
    /// If something else is there.
    pub fn check_target(&self, path: &Path) -> Result<(), ModelError> {
        let occupied = |found| Err(ModelError::Occupied { path: path.to_owned(), found, expected: self.called });
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(ModelError::read(path, error)),
            Ok(metadata) if !metadata.is_dir() => return occupied("no directory"),
            Ok(_) => {}
        }
        let mut entries = fs::read_dir(path).map_err(|error| ModelError::read(path, error))?;
        if entries.next().is_some() && !(self.is_at)(path) {
            return occupied("a directory of other files");
        }
        Ok(())
    }

    /// Puts a directory of these files at `path`, in place of the one that is there, if one is. Files in it that do not
    /// belong to it stay.
    ///
    /// # Errors
    /// If something of another kind is there, or writing fails. What was there is then still there, and nothing
    /// half-written.
    pub fn save(&self, path: &Path, files: &[NamedFile]) -> Result<(), ModelError> {
        self.replace(&RealDisk, path, files)
    }

    fn replace(&self, disk: &impl Disk, path: &Path, files: &[NamedFile]) -> Result<(), ModelError> {
        self.check_target(path)?;
        let cannot_write = |(path, source): Failure| ModelError::Write { path, source };
        let place = Place::of(path).map_err(|error| cannot_write((path.to_owned(), error)))?;
        fs::create_dir_all(&place.parent).map_err(|error| cannot_write((place.parent.clone(), error)))?;
        let (new, ()) = place.beside("tmp", |new| disk.create_dir(new)).map_err(cannot_write)?;
        let old = fill(disk, &new, files).and_then(|()| swap(disk, &place, &new)).map_err(|failure| {
            self.discard(disk, &new);
            cannot_write(failure)
        })?;
        let leftover = |(path, source): Failure| ModelError::Leftover { path, source };
        old.map_or(Ok(()), |old| self.clear(disk, &old, &place.path()).map_err(leftover))?;
        disk.sync_dir(&place.parent).map_err(|error| cannot_write((place.parent, error)))
    }

    /// Removes the directory that was replaced; files that do not belong to it move to the new one.
    fn clear(&self, disk: &impl Disk, old: &Path, new: &Path) -> Result<(), Failure> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| (path, error)
        };
        for entry in fs::read_dir(old).map_err(failed(old))? {
            let entry = entry.map_err(failed(old))?;
            let (name, path) = (entry.file_name(), entry.path());
            let is_own = self.names.iter().any(|own| name == *own);
            let done = if is_own { disk.remove_file(&path) } else { disk.rename(&path, &new.join(name)) };
            done.map_err(failed(&path))?;
        }
        disk.remove_dir(old).map_err(failed(old))
    }

    /// Removes an unfinished directory. The failure that left it unfinished is the one to tell, so a further one is not.
    fn discard(&self, disk: &impl Disk, dir: &Path) {
        for name in self.names {
            let _ = disk.remove_file(&dir.join(name));
        }
        let _ = disk.remove_dir(dir);
    }
}

/// Where something failed, and why.
type Failure = (PathBuf, io::Error);

fn fill(disk: &impl Disk, dir: &Path, files: &[NamedFile]) -> Result<(), Failure> {
    for (name, bytes) in files {
        let file = dir.join(name);
        write_or_remove(disk, &file, bytes).map_err(|error| (file, error))?;
    }
    disk.sync_dir(dir).map_err(|error| (dir.to_owned(), error))
}

/// Renames `new` into place. What was there before is there again if that fails, and beside it, as returned, if not.
fn swap(disk: &impl Disk, place: &Place, new: &Path) -> Result<Option<PathBuf>, Failure> {
    let path = place.path();
    let old = match fs::symlink_metadata(&path) {
        Ok(_) => Some(place.beside("old", |old| rename_to_free(disk, &path, old))?.0),
        Err(_) => None,
    };
    if let Err(error) = disk.rename(new, &path) {
        if let Some(old) = old {
            disk.rename(&old, &path).map_err(|error| (old, error))?;
        }
        return Err((path, error));
    }
    Ok(old)
}

/// Renames to a name that nothing has.
fn rename_to_free(disk: &impl Disk, from: &Path, to: &Path) -> io::Result<()> {
    match fs::symlink_metadata(to) {
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => disk.rename(from, to),
    }
}

#[cfg(test)]
mod tests;
