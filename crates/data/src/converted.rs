//! What converters write: the files of a data set, and features by name.

use std::path::{Path, PathBuf};

use nar4rec_slate::{FeatureValue, Features, Impression, Item};

use crate::{DataError, DataSetWriter, Split, dataset, writer};

/// The files of a data set with a catalog, and the page that tells how they were formed.
pub(crate) struct Folder {
    folder: PathBuf,
    files: DataSetWriter<1>,
}

impl Folder {
    /// Creates the folder, unless it is there; one that holds a data set in another form is refused.
    pub(crate) fn create(folder: &Path) -> Result<Self, DataError> {
        Ok(Self { folder: folder.to_owned(), files: DataSetWriter::create(folder, [dataset::ITEMS])? })
    }

    pub(crate) fn write(&mut self, split: Split, impression: &Impression) -> Result<(), DataError> {
        self.files.splits[split as usize].write(impression)
    }

    pub(crate) fn write_item(&mut self, item: &Item) -> Result<(), DataError> {
        self.files.others[0].write(item)
    }

    /// Puts the files into their places, and beside them the page that tells how they were formed.
    pub(crate) fn finish(self, readme: &str) -> Result<(), DataError> {
        self.files.finish()?;
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
