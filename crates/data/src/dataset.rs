//! A data set: a folder with `train`, `valid`, `test` and `items`, each `.jsonl`, `.jsonl.gz` or `.jsonl.zst`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use nar4rec_slate::{Impression, Item};
use serde::{Deserialize, Serialize};

use crate::{DataError, Fingerprint, JsonLines, checks};

/// A part of the impressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// What the models learn from.
    Train,
    /// What choices are made on: early stopping, decoding.
    Valid,
    /// What figures are reported on.
    Test,
}

/// A name that is no split.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no split {0:?}, expected train, valid or test")]
pub struct UnknownSplit(String);

impl Split {
    /// All splits, in order of time.
    pub const ALL: [Self; 3] = [Self::Train, Self::Valid, Self::Test];

    /// The name, which is also the file's stem.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
        }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Split {
    type Err = UnknownSplit;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|split| split.name() == name).ok_or_else(|| UnknownSplit(name.to_owned()))
    }
}

/// The forms a file of a data set may have.
const FORMS: [&str; 3] = [".jsonl", ".jsonl.gz", ".jsonl.zst"];

/// The stem of the item catalog.
pub(crate) const ITEMS: &str = "items";

/// The files of a data set. Opening one looks only at names; the iterators open the files.
#[derive(Debug, Clone)]
pub struct DataSet {
    folder: PathBuf,
    splits: [Option<PathBuf>; 3],
    items: Option<PathBuf>,
}

impl DataSet {
    /// The data set in `folder`.
    ///
    /// # Errors
    /// If it is no folder, holds no split, or holds two forms of one file.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, DataError> {
        let folder = folder.as_ref();
        let problem = |problem: &str| DataError::Folder { folder: shown(folder), problem: problem.to_owned() };
        if !folder.exists() {
            return Err(problem("no such folder, expected one with train.jsonl or its like"));
        }
        if !folder.is_dir() {
            return Err(problem("not a folder, expected one with train.jsonl or its like"));
        }
        let [train, valid, test] = Split::ALL.map(|split| find(folder, split.name()));
        let splits = [train?, valid?, test?];
        if splits.iter().all(Option::is_none) {
            return Err(problem("no data set, expected train, valid or test as .jsonl, .jsonl.gz or .jsonl.zst"));
        }
        Ok(Self { folder: folder.to_owned(), splits, items: find(folder, ITEMS)? })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the data set has this split.
    pub fn has(&self, split: Split) -> bool {
        self.path(split).is_some()
    }

    /// The file of a split.
    pub fn path(&self, split: Split) -> Option<&Path> {
        self.splits[split as usize].as_deref()
    }

    /// The impressions of a split, in the file's order. Feedback that is no amount of at least 0 is an error.
    ///
    /// # Errors
    /// If there is no such split or its file cannot be opened.
    pub fn impressions(&self, split: Split) -> Result<JsonLines<Impression>, DataError> {
        let Some(path) = self.path(split) else {
            let problem = format!("no {split} split, expected {split}.jsonl, {split}.jsonl.gz or {split}.jsonl.zst");
            return Err(DataError::Folder { folder: shown(&self.folder), problem });
        };
        Ok(JsonLines::open(path)?.with_check(checks::amounts))
    }

    /// The item catalog, if there is one. An id that stands twice is an error.
    ///
    /// # Errors
    /// If its file cannot be opened.
    pub fn items(&self) -> Result<Option<JsonLines<Item>>, DataError> {
        self.items.as_deref().map(|path| Ok(JsonLines::open(path)?.with_check(checks::distinct_items()))).transpose()
    }

    /// Which bytes the data set is made of.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn fingerprint(&self) -> Result<Fingerprint, DataError> {
        Fingerprint::of(self.files())
    }

    /// The files there are: train, valid, test, items.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        self.splits.iter().chain([&self.items]).flatten().map(PathBuf::as_path)
    }
}

/// The one file in `folder` that holds `stem`.
fn find(folder: &Path, stem: &str) -> Result<Option<PathBuf>, DataError> {
    let mut found = FORMS.iter().map(|form| folder.join(format!("{stem}{form}"))).filter(|path| path.exists());
    let (first, second) = (found.next(), found.next());
    if let (Some(first), Some(second)) = (&first, &second) {
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let problem = format!("holds both {} and {}, expected one form of {stem}", name(first), name(second));
        return Err(DataError::Folder { folder: shown(folder), problem });
    }
    Ok(first)
}

/// Refuses a folder that holds a file of a data set in another form than `form`, which would make two of one.
pub(crate) fn refuse_other_forms(folder: &Path, form: &str) -> Result<(), DataError> {
    for stem in Split::ALL.map(Split::name).into_iter().chain([ITEMS]) {
        for other in FORMS.iter().filter(|other| **other != form) {
            let name = format!("{stem}{other}");
            if folder.join(&name).exists() {
                let problem = format!("holds {name} already, expected no other form of {stem}{form}");
                return Err(DataError::Folder { folder: shown(folder), problem });
            }
        }
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests;
