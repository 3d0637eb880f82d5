//! One file, written entirely or not at all.

use std::io;
use std::path::{Path, PathBuf};

use crate::disk::{Disk, Place, RealDisk};

/// Writes a file so that at any time `path` holds either what it held before or all of `bytes`.
///
/// The bytes go to a file beside it, `.NAME.tmp-0`, which is synced and then renamed. A link is followed.
///
/// # Errors
/// If any step fails; what was at `path` is still there, and nothing beside it.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_on(&RealDisk, path, bytes)
}

/// Where a file or directory of this name is written: a link is followed, also one that leads to nothing yet.
///
/// # Errors
/// If the path ends in no name, or what it leads to cannot be found out.
pub fn followed(path: &Path) -> io::Result<PathBuf> {
    Place::of(path).map(|place| place.path())
}

fn write_on(disk: &impl Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let place = Place::of(path)?;
    let (temporary, ()) =
        place.beside("tmp", |temporary| write_or_remove(disk, temporary, bytes)).map_err(|(_, e)| e)?;
    if let Err(error) = disk.rename(&temporary, &place.path()) {
        // The rename's failure is the one to tell.
        let _ = disk.remove_file(&temporary);
        return Err(error);
    }
    disk.sync_dir(&place.parent)
}

/// Writes a new file; if that fails, no part of it is left.
pub(crate) fn write_or_remove(disk: &impl Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let written = disk.write_new(path, bytes);
    if let Err(error) = &written
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        // The write's failure is the one to tell.
        let _ = disk.remove_file(path);
    }
    written
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::disk::faulty::{Fault, FaultyDisk};

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_made_and_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.bin");
        for bytes in [&b"one"[..], b"", b"three"] {
            write_atomically(&path, bytes).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
            assert_eq!(names(dir.path()), ["a.bin"]);
        }
        assert!(write_atomically(&dir.path().join("gone/a.bin"), b"").is_err());
        assert!(write_atomically(Path::new("/"), b"").is_err());
    }

    #[test]
    fn a_foreign_temporary_file_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".a.tmp-0"), "mine").unwrap();
        write_atomically(&dir.path().join("a"), b"new").unwrap();
        assert_eq!(fs::read(dir.path().join(".a.tmp-0")).unwrap(), b"mine");
        assert_eq!(names(dir.path()), [".a.tmp-0", "a"]);
    }

    #[test]
    fn whichever_step_fails_the_old_file_or_the_new_one_is_there_entirely() {
        let (old, new) = (b"the old bytes", b"the new ones");
        for step in 0.. {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a.bin");
            fs::write(&path, old).unwrap();
            let disk = FaultyDisk::new(Fault::Once, step);
            let written = write_on(&disk, &path, new);
            assert_eq!(names(dir.path()), ["a.bin"], "step {step}");
            let found = fs::read(&path).unwrap();
            if !disk.failed() {
                assert!(written.is_ok() && found == new && step == 3, "step {step}: {written:?}");
                break;
            }
            assert_eq!(written.unwrap_err().kind(), io::ErrorKind::StorageFull);
            // The third and last step syncs the directory: the new file is in place by then.
            assert_eq!(found, if step < 2 { &old[..] } else { new }, "step {step}");
        }
    }
}
