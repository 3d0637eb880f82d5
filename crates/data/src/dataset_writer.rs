//! A data set that is written: all of its files appear when all are complete, or none does.
//!
//! Beside them lies a page that tells how they came about. Its last line names every file that was written, so that they can be
//! replaced when the folder is written again, and nothing else can.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{DataError, JsonLinesWriter, Split, dataset, write_text, writer};

/// The form of the files that are written.
const FORM: &str = ".jsonl.gz";

/// The page that lies beside them.
const README: &str = "README.md";

/// What the page's last line begins with; the names of the files follow.
const SEAL: &str = "Written by nar4rec, and replaced if it writes here again: ";

/// Writers of the three splits and of `N` files beside them, each `STEM.jsonl.gz`, and of the page that tells how they came about.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// use nar4rec_data::{DataSet, DataSetWriter, Split};
/// use nar4rec_slate::{Features, Item};
///
/// let mut files = DataSetWriter::create(folder.path(), ["items"], &[])?;
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
    /// The names of all files but the page, first those that are written here.
    names: Vec<String>,
    /// Those of what was written here before.
    before: Vec<String>,
}

impl<const N: usize> DataSetWriter<N> {
    /// Writers of a data set in `folder`, which is made if it is not there, with the files `others` beside the splits. `later` are
    /// the names of files that the caller puts there afterwards.
    ///
    /// # Errors
    /// If the folder holds a data set in another form already, or files of these names that nar4rec did not write, or a file
    /// cannot be created.
    pub fn create(folder: &Path, others: [&str; N], later: &[&str]) -> Result<Self, DataError> {
        fs::create_dir_all(folder).map_err(|source| DataError::write(folder, source))?;
        dataset::refuse_other_forms(folder, FORM)?;
        let stems = Split::ALL.map(|split| split.name());
        let lines = stems.into_iter().chain(others).map(|stem| format!("{stem}{FORM}"));
        let names: Vec<String> = lines.chain(later.iter().map(|name| (*name).to_owned())).collect();
        let before = written_before(folder, &names)?;
        let create = |stem: &str| JsonLinesWriter::create(folder.join(format!("{stem}{FORM}")));
        let [train, valid, test] = Split::ALL.map(|split| create(split.name()));
        let mut made = Vec::with_capacity(N);
        for stem in others {
            made.push(create(stem)?);
        }
        let Ok(others) = made.try_into() else { unreachable!("one writer was made for each of the names") };
        Ok(Self { splits: [train?, valid?, test?], others, folder: folder.to_owned(), names, before })
    }

    /// Puts all files into their places, and beside them `readme`, the page that tells how they came about. What was written here
    /// before and is not replaced is removed: it belongs to the data before.
    ///
    /// # Errors
    /// If the rest of one cannot be written, in which case none appears, or one cannot be renamed.
    pub fn finish(mut self, readme: &str) -> Result<(), DataError> {
        for file in self.splits.iter_mut().chain(&mut self.others) {
            file.seal()?;
        }
        // What is renamed over needs no removal, and is never missing.
        let published = &self.names[..self.splits.len() + N];
        for name in self.before.iter().filter(|name| !published.contains(name)) {
            let file = self.folder.join(name);
            writer::remove(&file).map_err(|source| DataError::write(&file, source))?;
        }
        let page = format!("{}\n\n{SEAL}{}\n", readme.trim_end(), self.names.join(", "));
        write_text(&self.folder.join(README), &page)?;
        for file in self.splits.into_iter().chain(self.others) {
            file.publish()?;
        }
        Ok(())
    }
}

/// The names of what nar4rec wrote to a folder before, by the page. One of `names`, or the page, that it did not write is refused.
fn written_before(folder: &Path, names: &[String]) -> Result<Vec<String>, DataError> {
    let page = fs::read_to_string(folder.join(README)).unwrap_or_default();
    let seal = page.lines().last().and_then(|line| line.strip_prefix(SEAL));
    // Names, and not paths: nothing outside of the folder is removed whatever the page says.
    let name = |name: &str| Path::new(name).file_name().map(|name| name.to_string_lossy().into_owned());
    let before: Vec<String> = seal.into_iter().flat_map(|names| names.split(", ")).filter_map(name).collect();
    let foreign = |name: &&str| folder.join(name).exists() && !before.iter().any(|written| written == name);
    let page = seal.is_none().then_some(README);
    match names.iter().map(String::as_str).find(foreign).or(page.filter(foreign)) {
        None => Ok(before),
        Some(name) => {
            let problem = format!("holds {name}, which nar4rec did not write, expected a folder without it");
            Err(DataError::Folder { folder: folder.display().to_string(), problem })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = entries.collect();
        names.sort();
        names
    }

    #[test]
    fn only_what_was_written_here_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let write = |others: [&str; 1], later: &[&str]| {
            DataSetWriter::create(folder.path(), others, later)?.finish("# A page\n")
        };
        write(["truth"], &["simulator.json"]).unwrap();
        let page = fs::read_to_string(folder.path().join(README)).unwrap();
        let line = "train.jsonl.gz, valid.jsonl.gz, test.jsonl.gz, truth.jsonl.gz, simulator.json";
        assert_eq!(page, format!("# A page\n\n{SEAL}{line}\n"));
        for name in ["simulator.json", "notes"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        write(["items"], &[]).unwrap();
        // What belonged to the data before is gone, what is somebody else's is not.
        let expected = [README, "items.jsonl.gz", "notes", "test.jsonl.gz", "train.jsonl.gz", "valid.jsonl.gz"];
        assert_eq!(names(folder.path()), expected);
        // In a folder of nar4rec's, too, a file of another's is not replaced.
        fs::write(folder.path().join("truth.jsonl.gz"), "mine").unwrap();
        assert!(write(["truth"], &[]).unwrap_err().to_string().contains("holds truth.jsonl.gz"));
    }

    #[test]
    fn what_somebody_else_wrote_is_left_alone() {
        for mine in [README, "train.jsonl.gz", "items.jsonl.gz", "simulator.json"] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(mine), "mine").unwrap();
            let refused = DataSetWriter::create(folder.path(), ["items"], &["simulator.json"]).map(|_| ());
            let expected = format!("holds {mine}, which nar4rec did not write, expected a folder without it");
            assert!(refused.unwrap_err().to_string().ends_with(&expected));
            assert_eq!(fs::read(folder.path().join(mine)).unwrap(), b"mine");
            assert_eq!(names(folder.path()), [mine]);
        }
    }
}
