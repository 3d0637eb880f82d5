//! The steps of writing, so that tests can let any one of them fail.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What writing asks of a file system.
pub(crate) trait Disk {
    /// Makes a directory that is not there yet.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Makes a file that is not there yet and returns when its bytes are on the medium. On failure a part of it may be there.
    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Renames within a directory.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Removes an empty directory.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;
    /// Returns when the directory's entries are on the medium.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
}

/// The file system of the machine.
#[derive(Debug)]
pub(crate) struct RealDisk;

impl Disk for RealDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::create_new(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    /// Only Unix can open a directory to sync it.
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
    }
}

/// A place in the file system: a name in a directory.
#[derive(Debug)]
pub(crate) struct Place {
    /// The directory.
    pub(crate) parent: PathBuf,
    /// The name in it.
    name: OsString,
}

impl Place {
    /// The place that `path` leads to; a link is followed, so that what it points to is replaced and not the link.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let resolved = match fs::canonicalize(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::read_link(path) {
                Ok(target) => return Self::of(&path.parent().unwrap_or(Path::new("")).join(target)),
                Err(_) => path.to_owned(),
            },
            resolved => resolved?,
        };
        let unnamed = || io::Error::new(io::ErrorKind::InvalidInput, "expected a path that ends in a name");
        let name = resolved.file_name().ok_or_else(unnamed)?.to_owned();
        let parent = match resolved.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        Ok(Self { parent, name })
    }

    /// The place itself.
    pub(crate) fn path(&self) -> PathBuf {
        self.parent.join(&self.name)
    }

    /// Makes something beside the place under a name that was free, `.NAME.MARK-0` or a later number.
    pub(crate) fn beside<T>(
        &self,
        mark: &str,
        mut make: impl FnMut(&Path) -> io::Result<T>,
    ) -> Result<(PathBuf, T), (PathBuf, io::Error)> {
        const TRIES: usize = 1000;
        let mut path = self.parent.clone();
        for number in 0..TRIES {
            let mut name = OsString::from(".");
            name.push(&self.name);
            name.push(format!(".{mark}-{number}"));
            path = self.parent.join(name);
            match make(&path) {
                Ok(made) => return Ok((path, made)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err((path, error)),
            }
        }
        Err((path, io::ErrorKind::AlreadyExists.into()))
    }
}

#[cfg(test)]
pub(crate) mod faulty;

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use crate::write_atomically;

    #[test]
    fn a_link_is_followed_also_where_nothing_is_yet() {
        let root = tempfile::tempdir().unwrap();
        let [link, target] = ["link", "target"].map(|name| root.path().join(name));
        symlink("target", &link).unwrap();
        write_atomically(&link, b"a").unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"a");
        assert!(link.is_symlink());
    }

    #[test]
    #[cfg(target_os = "linux")] // others refuse such a name
    fn a_name_need_not_be_unicode() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(OsStr::from_bytes(b"m\xff"));
        write_atomically(&path, b"a").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"a");
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
    }
}
