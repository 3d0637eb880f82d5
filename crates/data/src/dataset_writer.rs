//! A data set that is written: all of its files appear when all are complete, or none does.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{DataError, JsonLinesWriter, Split, dataset, write_text};

/// The form of the files that are written.
const FORM: &str = ".jsonl.gz";

/// The page that lies beside them.
const README: &str = "README.md";

/// The end of that page: what nar4rec wrote it may replace.
const SEAL: &str = "This folder was written by nar4rec; written again, its files are replaced.\n";

/// Writers of the three splits and of `N` files beside them, each `STEM.jsonl.gz`, and of a page that tells how they came about.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// use nar4rec_data::{DataSet, DataSetWriter, Split};
/// use nar4rec_slate::{Features, Item};
///
/// let mut files = DataSetWriter::create(folder.path(), ["items"])?;
/// files.others[0].write(&Item { id: "v1".to_owned(), features: Features::new() })?;
/// assert!(DataSet::open(folder.path()).is_err(), "nothing is there before all is");
/// files.finish("# One item and no list\n")?;
/// assert!(DataSet::open(folder.path())?.has(Split::Test));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct DataSetWriter<const N: usize> {
    /// The splits, in the order of [`Split::ALL`].
    pub splits: [JsonLinesWriter; 3],
    /// The other files, in the order they were named.
    pub others: [JsonLinesWriter; N],
    folder: PathBuf,
}

impl<const N: usize> DataSetWriter<N> {
    /// Writers of a data set in `folder`, which is made if it is not there, with the files `others` beside the splits.
    ///
    /// # Errors
    /// If the folder holds a data set in another form already, or files of these names that nar4rec did not write, or a file
    /// cannot be created.
    pub fn create(folder: &Path, others: [&str; N]) -> Result<Self, DataError> {
        fs::create_dir_all(folder).map_err(|source| DataError::write(folder, source))?;
        dataset::refuse_other_forms(folder, FORM)?;
        let stems = Split::ALL.map(|split| split.name());
        refuse_foreign(folder, stems.into_iter().chain(others).map(|stem| format!("{stem}{FORM}")))?;
        let create = |stem: &str| JsonLinesWriter::create(folder.join(format!("{stem}{FORM}")));
        let [train, valid, test] = Split::ALL.map(|split| create(split.name()));
        let mut made = Vec::with_capacity(N);
        for stem in others {
            made.push(create(stem)?);
        }
        let Ok(others) = made.try_into() else { unreachable!("one writer was made for each of the names") };
        Ok(Self { splits: [train?, valid?, test?], others, folder: folder.to_owned() })
    }

    /// Puts all files into their places, and beside them `readme`, the page that tells how they came about.
    ///
    /// # Errors
    /// If the rest of one cannot be written, in which case none appears, or one cannot be renamed.
    pub fn finish(mut self, readme: &str) -> Result<(), DataError> {
        for file in self.splits.iter_mut().chain(&mut self.others) {
            file.seal()?;
        }
        write_text(&self.folder.join(README), &format!("{}\n\n{SEAL}", readme.trim_end()))?;
        for file in self.splits.into_iter().chain(self.others) {
            file.publish()?;
        }
        Ok(())
    }
}

/// Refuses a folder that holds the page or one of `files`, unless its page says that nar4rec wrote it.
fn refuse_foreign(folder: &Path, files: impl Iterator<Item = String>) -> Result<(), DataError> {
    let page = folder.join(README);
    let sealed = fs::read(&page).is_ok_and(|page| page.ends_with(SEAL.as_bytes()));
    let mut names = files.chain([README.to_owned()]);
    match names.find(|name| !sealed && folder.join(name).exists()) {
        None => Ok(()),
        Some(name) => {
            let problem = format!("holds {name}, which nar4rec did not write, expected a folder without it");
            Err(DataError::Folder { folder: folder.display().to_string(), problem })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_written_here_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let write = || DataSetWriter::create(folder.path(), ["items"])?.finish("# A page\n");
        write().unwrap();
        assert!(fs::read_to_string(folder.path().join(README)).unwrap().starts_with("# A page\n\nThis folder"));
        fs::write(folder.path().join("notes"), "mine").unwrap();
        write().unwrap();
        for mine in [README, "train.jsonl.gz", "items.jsonl.gz"] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(mine), "mine").unwrap();
            let refused = DataSetWriter::create(folder.path(), ["items"]).map(|_| ()).unwrap_err().to_string();
            assert!(
                refused.ends_with(&format!("holds {mine}, which nar4rec did not write, expected a folder without it"))
            );
            assert_eq!(fs::read(folder.path().join(mine)).unwrap(), b"mine");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }
}
