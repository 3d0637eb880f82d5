//! A data set that is written: all of its files appear when all are complete, or none does.

use std::fs;
use std::path::Path;

use crate::{DataError, JsonLinesWriter, Split, dataset};

/// The form of the files that are written.
const FORM: &str = ".jsonl.gz";

/// Writers of the three splits and of `N` files beside them, each `STEM.jsonl.gz`.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// use nar4rec_data::{DataSet, DataSetWriter, Split};
/// use nar4rec_slate::{Features, Item};
///
/// let mut files = DataSetWriter::create(folder.path(), ["items"])?;
/// files.others[0].write(&Item { id: "v1".to_owned(), features: Features::new() })?;
/// assert!(DataSet::open(folder.path()).is_err(), "nothing is there before all is");
/// files.finish()?;
/// assert!(DataSet::open(folder.path())?.has(Split::Test));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct DataSetWriter<const N: usize> {
    /// The splits, in the order of [`Split::ALL`].
    pub splits: [JsonLinesWriter; 3],
    /// The other files, in the order they were named.
    pub others: [JsonLinesWriter; N],
}

impl<const N: usize> DataSetWriter<N> {
    /// Writers of a data set in `folder`, which is made if it is not there, with the files `others` beside the splits.
    ///
    /// # Errors
    /// If the folder holds a data set in another form already, or a file cannot be created.
    pub fn create(folder: &Path, others: [&str; N]) -> Result<Self, DataError> {
        fs::create_dir_all(folder).map_err(|source| DataError::write(folder, source))?;
        dataset::refuse_other_forms(folder, FORM)?;
        let create = |stem: &str| JsonLinesWriter::create(folder.join(format!("{stem}{FORM}")));
        let [train, valid, test] = Split::ALL.map(|split| create(split.name()));
        let mut made = Vec::with_capacity(N);
        for stem in others {
            made.push(create(stem)?);
        }
        let Ok(others) = made.try_into() else { unreachable!("one writer was made for each of the names") };
        Ok(Self { splits: [train?, valid?, test?], others })
    }

    /// Puts all files into their places.
    ///
    /// # Errors
    /// If the rest of one cannot be written, in which case none appears, or one cannot be renamed.
    pub fn finish(mut self) -> Result<(), DataError> {
        for file in self.splits.iter_mut().chain(&mut self.others) {
            file.seal()?;
        }
        for file in self.splits.into_iter().chain(self.others) {
            file.publish()?;
        }
        Ok(())
    }
}
