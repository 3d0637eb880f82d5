//! What converters write: the files of a data set, and features by name.

use std::fs;
use std::path::{Path, PathBuf};

use nar4rec_slate::{FeatureValue, Features, Impression, Item};

use crate::{DataError, JsonLinesWriter, Split, dataset, writer};

/// The form of the files that are written.
const FORM: &str = ".jsonl.gz";

/// The files of a data set, none of which appears before all are complete.
pub(crate) struct Folder {
    folder: PathBuf,
    splits: [JsonLinesWriter; 3],
    items: JsonLinesWriter,
}

impl Folder {
    /// Creates the folder, unless it is there; one that holds a data set in another form is refused.
    pub(crate) fn create(folder: &Path) -> Result<Self, DataError> {
        fs::create_dir_all(folder).map_err(|source| DataError::write(folder, source))?;
        dataset::refuse_other_forms(folder, FORM)?;
        let create = |stem: &str| JsonLinesWriter::create(folder.join(format!("{stem}{FORM}")));
        let [train, valid, test] = Split::ALL.map(|split| create(split.name()));
        Ok(Self { folder: folder.to_owned(), splits: [train?, valid?, test?], items: create("items")? })
    }

    pub(crate) fn write(&mut self, split: Split, impression: &Impression) -> Result<(), DataError> {
        self.splits[split as usize].write(impression)
    }

    pub(crate) fn write_item(&mut self, item: &Item) -> Result<(), DataError> {
        self.items.write(item)
    }

    /// Puts the files into their places, and beside them the page that tells how they were formed.
    pub(crate) fn finish(mut self, readme: &str) -> Result<(), DataError> {
        for file in self.splits.iter_mut().chain([&mut self.items]) {
            file.seal()?;
        }
        for file in self.splits.into_iter().chain([self.items]) {
            file.publish()?;
        }
        writer::write_text(&self.folder.join("README.md"), readme)
    }
}

/// Features by name.
pub(crate) fn named<const N: usize>(features: [(&str, FeatureValue); N]) -> Features {
    features.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Four decimals: more would be noise, and files stay small.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
