//! The folder in which an experiment is kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use nar4rec_data::Fingerprint;
use nar4rec_model::write_atomically;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    ExperimentError, Maker, Origin,
    origin::{Making, Makings},
};

/// The file that says whose folder it is.
const IDENTITY: &str = "experiment.json";
/// The file that says how each cell was made.
const MADE: &str = "made.json";
/// The reports: Markdown, JSON and a page.
const REPORTS: [&str; 3] = ["report.md", "report.json", "report.html"];

/// What makes a folder that of one run: the rest may grow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    /// The program's version.
    nar4rec: String,
    experiment: String,
    settings: Value,
    /// File → SHA-256.
    data: BTreeMap<String, String>,
}

impl Identity {
    /// What first differs from what was found: where, what is there and what was expected.
    fn difference(&self, found: &Self) -> Option<[String; 3]> {
        let [expected, found] = [self, found].map(|identity| serde_json::to_value(identity).expect("plain data"));
        // The version and the experiment are told before what follows from them.
        let first = ["nar4rec", "experiment", "settings", "data"];
        first.iter().find_map(|field| difference(field, &found[field], &expected[field]))
    }
}

/// Where two values first differ, and how.
fn difference(path: &str, found: &Value, expected: &Value) -> Option<[String; 3]> {
    match (found, expected) {
        (Value::Object(of_found), Value::Object(of_expected)) => {
            let names: BTreeSet<&String> = of_found.keys().chain(of_expected.keys()).collect();
            let nothing = &Value::Null;
            names.into_iter().find_map(|name| {
                let [found, expected] = [of_found, of_expected].map(|of| of.get(name).unwrap_or(nothing));
                difference(&format!("{path}.{name}"), found, expected)
            })
        }
        _ => (found != expected).then(|| [path.to_owned(), found.to_string(), expected.to_string()]),
    }
}

/// The folder of an experiment.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
    maker: Option<Maker>,
}

impl Store {
    /// The folder for an experiment with these settings on this data: a new one, or one to go on with.
    ///
    /// # Errors
    /// If it cannot be made, or is another run's.
    pub fn open(folder: &Path, experiment: &str, settings: Value, data: &Fingerprint) -> Result<Self, ExperimentError> {
        let data = data.files.iter().map(|file| (file.name.clone(), file.sha256.clone())).collect();
        let store = Self::claim(folder, experiment, settings, data)?;
        for folder in [store.models(), store.outcomes()] {
            fs::create_dir_all(&folder).map_err(|source| disk(&folder, "write", source))?;
        }
        Ok(store)
    }

    /// The folder for what an experiment says of several data sets, each of which has a folder of its own in it. It is of no
    /// data, so that data sets may be added.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn of_several(folder: &Path, experiment: &str, settings: Value) -> Result<Self, ExperimentError> {
        Self::claim(folder, experiment, settings, BTreeMap::new())
    }

    fn claim(
        folder: &Path,
        experiment: &str,
        settings: Value,
        data: BTreeMap<String, String>,
    ) -> Result<Self, ExperimentError> {
        let store = Self { folder: folder.to_owned(), maker: None };
        let (nar4rec, experiment) = (env!("CARGO_PKG_VERSION").to_owned(), experiment.to_owned());
        let identity = Identity { nar4rec, experiment, settings, data };
        let file = folder.join(IDENTITY);
        match fs::read(&file) {
            Ok(bytes) => {
                let found = serde_json::from_slice(&bytes).map_err(|error| store.unclear(error.to_string()))?;
                if let Some([what, found, expected]) = identity.difference(&found) {
                    return Err(ExperimentError::OtherRun { folder: folder.to_owned(), what, found, expected });
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // What would be written over may be another's.
                let written = [MADE, "outcomes", "models", "logs"].into_iter().chain(REPORTS);
                if let Some(there) = written.into_iter().find(|name| folder.join(name).exists()) {
                    return Err(store.unclear(format!("it is missing, but there is {there}")));
                }
                fs::create_dir_all(folder).map_err(|source| disk(folder, "write", source))?;
                store.write(IDENTITY, &json(&identity))?;
            }
            Err(source) => return Err(disk(&file, "read", source)),
        }
        Ok(store)
    }

    /// The same, where it is kept who makes the outcomes that come.
    #[must_use]
    pub fn made_by(self, maker: Maker) -> Self {
        Self { maker: Some(maker), ..self }
    }

    fn unclear(&self, problem: String) -> ExperimentError {
        ExperimentError::Unclear { folder: self.folder.clone(), problem }
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the models are.
    pub fn models(&self) -> PathBuf {
        self.folder.join("models")
    }

    fn outcomes(&self) -> PathBuf {
        self.folder.join("outcomes")
    }

    /// The outcome of a cell, if it is done.
    ///
    /// # Errors
    /// If its file cannot be read or is no outcome.
    pub fn outcome<T: for<'d> Deserialize<'d>>(&self, cell: &str) -> Result<Option<T>, ExperimentError> {
        self.parsed(&self.outcomes().join(format!("{cell}.json")))
    }

    /// What a file says, if it is there.
    fn parsed<T: for<'d> Deserialize<'d>>(&self, file: &Path) -> Result<Option<T>, ExperimentError> {
        match fs::read(file) {
            Ok(bytes) => parse(file, &bytes).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(disk(file, "read", source)),
        }
    }

    /// Keeps who makes the outcome of a cell, and how long it took.
    pub(crate) fn record(&self, cell: &str, took: Duration) -> Result<(), ExperimentError> {
        let Some(maker) = self.maker.clone() else { return Ok(()) };
        let mut makings = self.makings()?;
        makings.insert(cell.to_owned(), Making { maker, seconds: took.as_secs_f64() });
        self.write(MADE, &json(&makings))
    }

    /// Where the outcomes come from.
    ///
    /// # Errors
    /// If the file that says so cannot be read.
    pub fn origin(&self) -> Result<Origin, ExperimentError> {
        let makings = self.makings()?;
        let unknown = self.cells()?.iter().filter(|cell| !makings.contains_key(*cell)).count();
        Ok(Origin::of(&makings, unknown))
    }

    /// The names of the cells whose outcomes are there.
    fn cells(&self) -> Result<Vec<String>, ExperimentError> {
        let folder = self.outcomes();
        let files = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            files => files.and_then(Iterator::collect::<io::Result<Vec<_>>>),
        };
        let files = files.map_err(|source| disk(&folder, "read", source))?;
        let names = files.iter().map(|file| file.file_name().to_string_lossy().into_owned());
        Ok(names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned)).collect())
    }

    fn makings(&self) -> Result<Makings, ExperimentError> {
        self.parsed(&self.folder.join(MADE)).map(Option::unwrap_or_default)
    }

    /// Keeps the outcome of a cell.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&self, cell: &str, outcome: &impl Serialize) -> Result<(), ExperimentError> {
        self.write(&format!("outcomes/{cell}.json"), &json(outcome))
    }

    /// Writes the reports anew: Markdown, JSON and a page.
    ///
    /// # Errors
    /// If one cannot be written.
    pub fn report(&self, texts: [&str; 3]) -> Result<(), ExperimentError> {
        REPORTS.iter().zip(texts).try_for_each(|(name, text)| self.write(name, text.as_bytes()))
    }

    /// Writes a file of the folder, entirely or not at all.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), ExperimentError> {
        let path = self.folder.join(name);
        write_atomically(&path, bytes).map_err(|source| disk(&path, "write", source))
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(value).expect("plain data with string keys, and memory takes every byte")
}

fn parse<T: for<'d> Deserialize<'d>>(file: &Path, bytes: &[u8]) -> Result<T, ExperimentError> {
    serde_json::from_slice(bytes)
        .map_err(|error| ExperimentError::File { file: file.to_owned(), problem: error.to_string() })
}

/// A file or folder that cannot be read or written.
pub(crate) fn disk(path: &Path, action: &'static str, source: io::Error) -> ExperimentError {
    ExperimentError::Disk { path: path.to_owned(), action, source }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_is_told_by_its_place() {
        let of = |version: &str, epochs: u64| Identity {
            nar4rec: version.to_owned(),
            experiment: "rivals".to_owned(),
            settings: json!({ "config": { "training": { "epochs": epochs, "rate": 0.1 } }, "split": "test" }),
            data: BTreeMap::from([("test.jsonl".to_owned(), format!("sum {epochs}"))]),
        };
        let told = |found: &Identity| of("1", 3).difference(found).map(|told| told.join(" | "));
        assert_eq!(told(&of("1", 3)), None);
        assert_eq!(told(&of("1", 4)).unwrap(), "settings.config.training.epochs | 4 | 3");
        assert_eq!(told(&of("0", 4)).unwrap(), "nar4rec | \"0\" | \"1\"");
        let mut more = of("1", 3);
        more.data.insert("items.jsonl".to_owned(), "sum".to_owned());
        assert_eq!(told(&more).unwrap(), "data.items.jsonl | \"sum\" | null");
    }

    #[test]
    fn a_folder_that_nobody_knows_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let open = |split: &str| {
            let nothing = Fingerprint { sha256: String::new(), files: Vec::new() };
            Store::open(dir.path(), "rivals", json!({ "split": split }), &nothing)
        };
        open("test").unwrap().keep("a", &1).unwrap();
        assert_eq!(open("test").unwrap().outcome::<u8>("a").unwrap(), Some(1));
        let other = open("valid").unwrap_err().to_string();
        assert!(other.contains("settings.split is \"test\" there, expected \"valid\""), "{other}");
        for damage in [Some("{"), None] {
            match damage {
                Some(text) => fs::write(dir.path().join(IDENTITY), text).unwrap(),
                None => fs::remove_file(dir.path().join(IDENTITY)).unwrap(),
            }
            let unclear = open("test").unwrap_err().to_string();
            assert!(unclear.contains("cannot be told whose outcomes these are: experiment.json: "), "{unclear}");
        }
    }

    #[test]
    fn outcomes_of_which_nothing_is_kept_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        let nothing = Fingerprint { sha256: String::new(), files: Vec::new() };
        let maker = Maker { build: "1".to_owned(), command: "run".to_owned() };
        let store = Store::open(dir.path(), "rivals", json!({}), &nothing).unwrap().made_by(maker);
        for cell in ["a", "b", "c"] {
            store.keep(cell, &1).unwrap();
        }
        store.record("b", Duration::from_secs(2)).unwrap();
        let origin = store.origin().unwrap();
        assert_eq!((origin.unknown, origin.seconds), (2, 2.0));
        fs::remove_file(dir.path().join(MADE)).unwrap();
        assert_eq!(store.origin().unwrap().unknown, 3);
    }

    #[test]
    fn a_report_of_somebody_else_is_not_written_over() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("report.md"), "mine").unwrap();
        let unclear = Store::of_several(dir.path(), "domains", json!({})).unwrap_err().to_string();
        assert!(
            unclear.contains("experiment.json: it is missing, but there is report.md; give another --out"),
            "{unclear}"
        );
        assert!(!dir.path().join(IDENTITY).exists());
    }
}
