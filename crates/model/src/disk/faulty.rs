//! A disk on which a chosen step fails, for tests.

use std::cell::Cell;
use std::io;
use std::path::Path;

use super::{Disk, RealDisk};

/// What happens from the chosen step on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The step fails, as on a full disk; the following ones work.
    Once,
    /// Nothing works any more, as if the process had been killed.
    ForGood,
}

/// A disk whose step `fails_at` fails.
#[derive(Debug)]
pub(crate) struct FaultyDisk {
    fault: Fault,
    fails_at: usize,
    steps: Cell<usize>,
}

impl FaultyDisk {
    pub(crate) fn new(fault: Fault, fails_at: usize) -> Self {
        Self { fault, fails_at, steps: Cell::new(0) }
    }

    /// Whether the chosen step was reached.
    pub(crate) fn failed(&self) -> bool {
        self.steps.get() > self.fails_at
    }

    fn step(&self) -> io::Result<()> {
        let step = self.steps.replace(self.steps.get() + 1);
        let works = match self.fault {
            Fault::Once => step != self.fails_at,
            Fault::ForGood => step < self.fails_at,
        };
        if works { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }
}

impl Disk for FaultyDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        RealDisk.create_dir(path)
    }

    /// When it fails, half of the bytes are there.
    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let before = self.failed();
        if let Err(error) = self.step() {
            if !before {
                RealDisk.write_new(path, &bytes[..bytes.len() / 2])?;
            }
            return Err(error);
        }
        RealDisk.write_new(path, bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        RealDisk.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        RealDisk.remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        RealDisk.remove_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        RealDisk.sync_dir(path)
    }
}
