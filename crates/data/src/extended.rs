//! A data set with more impressions: what a service has the night after it showed some.
//!
//! Bytes are appended, not lines: compressed streams may stand one behind the other in a file ([`Source`](crate::Source)), so
//! nothing is compressed again.

use std::fs::{self, File};
use std::io::{self, Write};
use std::iter;
use std::path::{Path, PathBuf};

use crate::{Compression, DataError, DataSet, JsonLinesWriter, Split, writer};

impl DataSet {
    /// The ending of a split's file, such as `.jsonl.gz`: the form that files to extend it by must have.
    pub fn form(&self, split: Split) -> Option<&str> {
        self.path(split)?.file_name()?.to_str()?.strip_prefix(split.name())
    }

    /// Makes a data set in `folder`, which is made if it is not there: this one, with the impressions in the files `more` behind
    /// those of `split`. What is not extended is linked, or copied where links cannot be.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let line = |id: &str| format!("{{\"request_id\":\"{id}\",\"candidates\":[{{\"id\":\"a\"}}],\"shown\":[{{\"id\":\"a\"}}]}}\n");
    /// # std::fs::write(folder.path().join("train.jsonl"), line("r1"))?;
    /// # std::fs::write(folder.path().join("day-1.jsonl"), line("r2"))?;
    /// use nar4rec_data::{DataSet, Split};
    ///
    /// let (log, day) = (DataSet::open(folder.path())?, folder.path().join("day-1.jsonl"));
    /// let extended = log.extended(Split::Train, &[day], &folder.path().join("extended"))?;
    /// assert_eq!(extended.impressions(Split::Train)?.count(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If there is no such split, a file has another form than it, `folder` is this data set's own, or a file cannot be read or
    /// written.
    pub fn extended(&self, split: Split, more: &[PathBuf], folder: &Path) -> Result<Self, DataError> {
        let (Some(path), Some(form)) = (self.path(split), self.form(split)) else {
            let problem = format!("no {split} split, expected one to extend");
            return Err(DataError::Folder { folder: self.folder().display().to_string(), problem });
        };
        if let Some(part) = more.iter().find(|part| !part.to_string_lossy().ends_with(form)) {
            let problem = format!("its name ends otherwise, expected {form} as of {}", path.display());
            return Err(DataError::Folder { folder: part.display().to_string(), problem });
        }
        fs::create_dir_all(folder).map_err(|source| DataError::write(folder, source))?;
        if fs::canonicalize(folder).ok() == fs::canonicalize(self.folder()).ok() {
            let problem = "is the data set that is to be extended, expected another folder".to_owned();
            return Err(DataError::Folder { folder: folder.display().to_string(), problem });
        }
        for file in self.files() {
            let target = folder.join(file.file_name().unwrap_or_default());
            if file == path { joined(path, more, &target)? } else { linked(file, &target)? }
        }
        Self::open(folder)
    }
}

/// Writes the bytes of files one after another. They are written beside the target, which may be a link to a file of another
/// data set.
fn joined(first: &Path, more: &[PathBuf], target: &Path) -> Result<(), DataError> {
    let unfinished = JsonLinesWriter::unfinished(target);
    let joined = join(first, more, target, &unfinished)
        .and_then(|()| fs::rename(&unfinished, target).map_err(|source| DataError::write(target, source)));
    if joined.is_err() {
        // If it cannot be removed, there is no better place for it.
        let _ = fs::remove_file(&unfinished);
    }
    joined
}

fn join(first: &Path, more: &[PathBuf], target: &Path, unfinished: &Path) -> Result<(), DataError> {
    let write = |source| DataError::write(target, source);
    let mut joined = File::create(unfinished).map_err(write)?;
    // A file may end without a line feed.
    let line_feed = line_feed(target).map_err(write)?;
    for part in iter::once(first).chain(more.iter().map(PathBuf::as_path)) {
        let opened = File::open(part);
        let mut opened = opened.map_err(|source| DataError::Open { file: part.display().to_string(), source })?;
        io::copy(&mut opened, &mut joined).and_then(|_| joined.write_all(&line_feed)).map_err(write)?;
    }
    joined.sync_all().map_err(write)
}

/// A line feed in the form of a file.
fn line_feed(file: &Path) -> io::Result<Vec<u8>> {
    match Compression::of_name(&file.to_string_lossy()) {
        Compression::Plain => Ok(b"\n".to_vec()),
        Compression::Gzip => {
            let mut member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            member.write_all(b"\n")?;
            member.finish()
        }
        Compression::Zstd => zstd::encode_all(&b"\n"[..], 0),
    }
}

/// Has the same file at `target`.
fn linked(file: &Path, target: &Path) -> Result<(), DataError> {
    let linked =
        writer::remove(target).and_then(|()| fs::hard_link(file, target).or_else(|_| fs::copy(file, target).map(drop)));
    linked.map_err(|source| DataError::write(target, source))
}

#[cfg(test)]
mod tests {
    use nar4rec_slate::{Candidate, Exposure, Feedback, Impression, Request, User};

    use super::*;
    use crate::JsonLinesWriter;

    /// Writes impressions of these ids.
    fn write(path: &Path, ids: &[&str]) {
        let mut file = JsonLinesWriter::create(path).unwrap();
        for id in ids {
            let candidate = Candidate { id: "a".to_owned(), score: None, features: Default::default() };
            let request = Request::new(*id, User::default(), vec![candidate]).unwrap();
            let shown = vec![Exposure { candidate: 0, feedback: Feedback::new() }];
            file.write(&Impression::new(request, shown).unwrap()).unwrap();
        }
        file.finish().unwrap();
    }

    fn ids(data: &DataSet, split: Split) -> Vec<String> {
        let lines = data.impressions(split).unwrap();
        lines.map(|line| line.unwrap().value.request().request_id().to_owned()).collect()
    }

    #[test]
    fn impressions_of_further_files_follow_in_every_form() {
        for form in [".jsonl", ".jsonl.gz", ".jsonl.zst"] {
            let folder = tempfile::tempdir().unwrap();
            let [log, out] = ["log", "out"].map(|name| folder.path().join(name));
            fs::create_dir(&log).unwrap();
            write(&log.join(format!("train{form}")), &["1", "2"]);
            write(&log.join("valid.jsonl"), &["3"]);
            fs::write(log.join("items.jsonl"), "{\"id\":\"a\"}\n").unwrap();
            let days = [1, 2].map(|day| folder.path().join(format!("day-{day}{form}")));
            write(&days[0], &["4"]);
            write(&days[1], &["5", "6"]);
            let data = DataSet::open(&log).unwrap();
            assert_eq!((data.form(Split::Train), data.form(Split::Test)), (Some(form), None));
            // A second time it is made anew.
            for more in [&days[..], &days[..1]] {
                let extended = data.extended(Split::Train, more, &out).unwrap();
                let expected = ["1", "2", "4", "5", "6"];
                assert_eq!(ids(&extended, Split::Train), expected[..if more.len() == 2 { 5 } else { 3 }]);
                assert_eq!(ids(&extended, Split::Valid), ["3"]);
                assert_eq!(extended.items().unwrap().unwrap().count(), 1);
            }
            // The validation split was linked; extended, it is a file of its own.
            if form == ".jsonl" {
                let extended = data.extended(Split::Valid, &days[..1], &out).unwrap();
                assert_eq!(ids(&extended, Split::Valid), ["3", "4"]);
            }
            assert_eq!(ids(&data, Split::Valid), ["3"]);
            assert_eq!(ids(&data, Split::Train), ["1", "2"], "the data set itself stays as it is");
        }
    }

    #[test]
    fn another_form_a_missing_file_and_a_missing_split_are_told() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("train.jsonl"), &["1"]);
        let data = DataSet::open(folder.path()).unwrap();
        let out = folder.path().join("out");
        let told = |split, file: &str| data.extended(split, &[folder.path().join(file)], &out).unwrap_err().to_string();
        assert!(told(Split::Train, "day.jsonl.gz").contains("day.jsonl.gz: its name ends otherwise, expected .jsonl"));
        assert!(told(Split::Train, "day.jsonl").contains("day.jsonl: cannot open"));
        assert_eq!(fs::read_dir(&out).unwrap().count(), 0, "no part of a file is left");
        assert!(told(Split::Test, "day.jsonl").contains("no test split, expected one to extend"));
    }

    #[test]
    fn a_last_line_without_an_end_stays_a_line() {
        let line = r#"{"request_id":"1","candidates":[{"id":"a"}],"shown":[{"id":"a"}]}"#.as_bytes();
        let mut member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        member.write_all(line).unwrap();
        for (form, bytes) in [
            (".jsonl", line.to_vec()),
            (".jsonl.gz", member.finish().unwrap()),
            (".jsonl.zst", zstd::encode_all(line, 0).unwrap()),
        ] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(format!("train{form}")), &bytes).unwrap();
            let days = [folder.path().join(format!("day{form}"))];
            fs::write(&days[0], &bytes).unwrap();
            let data = DataSet::open(folder.path()).unwrap();
            let extended = data.extended(Split::Train, &days, &folder.path().join("out")).unwrap();
            assert_eq!(ids(&extended, Split::Train), ["1", "1"]);
            let own = data.extended(Split::Train, &days, folder.path()).unwrap_err().to_string();
            assert!(own.ends_with("is the data set that is to be extended, expected another folder"), "{own}");
        }
    }
}
