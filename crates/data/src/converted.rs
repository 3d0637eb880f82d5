//! What converters write: the files of a data set, and features by name.

use std::path::Path;

use nar4rec_slate::{FeatureValue, Features, Impression, Item};

use crate::{DataError, DataSetWriter, Split, dataset};

/// The files of a data set with a catalog, and the page that tells how they were formed.
pub(crate) struct Folder(DataSetWriter<1>);

impl Folder {
    /// Creates the folder, unless it is there; one that holds another data set is refused.
    pub(crate) fn create(folder: &Path) -> Result<Self, DataError> {
        DataSetWriter::create(folder, [dataset::ITEMS], &[]).map(Self)
    }

    pub(crate) fn write(&mut self, split: Split, impression: &Impression) -> Result<(), DataError> {
        self.0.splits[split as usize].write(impression)
    }

    pub(crate) fn write_item(&mut self, item: &Item) -> Result<(), DataError> {
        self.0.others[0].write(item)
    }

    /// Puts the files into their places, and beside them the page that tells how they were formed.
    pub(crate) fn finish(self, readme: &str) -> Result<(), DataError> {
        self.0.finish(readme)
    }
}

/// Whether lists can be of `slate` out of so many `candidates`.
pub(crate) fn check_sizes(slate: usize, candidates: usize) -> Result<(), DataError> {
    let most = nar4rec_slate::MAX_CANDIDATES;
    let bad = |option, problem: String| Err(DataError::Option { option, problem });
    if slate == 0 {
        return bad("slate", "found 0, expected at least 1".to_owned());
    }
    if candidates < slate || candidates > most {
        return bad("candidates", format!("found {candidates}, expected {slate} to {most}"));
    }
    Ok(())
}

/// Whether an option is a share.
pub(crate) fn check_share(option: &'static str, share: f64) -> Result<(), DataError> {
    if !(0.0..=1.0).contains(&share) {
        return Err(DataError::Option { option, problem: format!("found {share}, expected 0 to 1") });
    }
    Ok(())
}

/// Features by name.
pub(crate) fn named<const N: usize>(features: [(&str, FeatureValue); N]) -> Features {
    features.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Four decimals: more would be noise, and files stay small.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
