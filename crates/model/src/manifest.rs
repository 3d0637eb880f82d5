//! The manifest: what the other files must be, and where the model comes from.
//!
//! It is indented JSON whose last member is the SHA-256 of all bytes before that member's line, so that a change of any
//! byte of the manifest shows, also of a space:
//!
//! ```text
//!   {
//!     "format": 1,
//!     …
//!     },                        ← the hash is of the bytes up to this brace, before the comma
//!     "sha256": "5c1f…"
//!   }
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::directory::NamedFile;
use crate::{CONFIG, ITEMS, MANIFEST, ModelError, Precision, SCHEMA, WEIGHTS, hash::sha256, json, read};

/// The greatest version of the model directory's format that this crate reads. It writes format 1 for models in f32, which
/// every version reads, and a later one for what those before do not have: format 2 for models in int8, format 3 for systems
/// other than NAR4Rec.
pub const MODEL_FORMAT: u32 = 3;

/// The format of a system that is one network.
pub(crate) const FORMAT_OF_NETWORKS: u32 = 3;

/// The format of a model that is served so.
pub(crate) fn format_of(precision: Precision) -> u32 {
    match precision {
        Precision::F32 => 1,
        Precision::Int8 => 2,
    }
}

/// Data split → metric → value; no value where a metric is not defined, such as the AUC of lists without a click.
pub type Metrics = BTreeMap<String, BTreeMap<String, Option<f64>>>;

/// What a model directory says about itself: `manifest.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The format's version, at most [`MODEL_FORMAT`].
    pub format: u32,
    /// The version of nar4rec that wrote it.
    pub nar4rec: String,
    /// The name of the system, if it is another than NAR4Rec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// How large it is.
    pub parameters: ParameterCounts,
    /// Where it comes from.
    pub provenance: Provenance,
    /// Each of the other files.
    pub files: BTreeMap<String, FileRecord>,
}

/// How many numbers a model has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterCounts {
    /// The matching model's.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub generator: u64,
    /// The list model's.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub evaluator: u64,
    /// Those of a system that is one network.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub network: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// One file as it was saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes, in lower-case hexadecimal.
    pub sha256: String,
}

/// Where a model comes from and how good it was found to be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The seed it began with.
    pub seed: u64,
    /// What it was trained on.
    pub data: TrainingData,
    /// How good it was found to be. A NaN or an infinity is stored as no value.
    pub metrics: Metrics,
    /// What serving it in int8 was found to cost, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantisation: Option<Quantisation>,
}

/// What serving a model in narrower numbers was found to cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantisation {
    /// The split it was measured on, and that split's lists.
    pub split: String,
    /// How many lists it has.
    pub lists: u64,
    /// Metric → its value in f32 and in int8; no value where it is not defined.
    pub metrics: BTreeMap<String, [Option<f64>; 2]>,
    /// The share of requests for which both show the same list.
    pub same_lists: f64,
    /// The mean of |Δ log P̂| over all candidates and positions.
    pub log_probability_error: f64,
}

/// The data a model was trained on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingData {
    /// File name → SHA-256 of its bytes.
    pub files: BTreeMap<String, String>,
    /// How many lists it was trained on.
    pub lists: u64,
}

impl Manifest {
    /// The manifest of the model directory `dir`. The other files are not looked at.
    ///
    /// # Errors
    /// If there is none, it is of a newer format, or its bytes are not those that were written.
    pub fn read(dir: &Path) -> Result<Self, ModelError> {
        if !dir.is_dir() {
            return Err(ModelError::Missing { path: dir.to_owned(), expected: "a model directory" });
        }
        let file = dir.join(MANIFEST);
        let bytes = read::manifest(&file)?;
        if let Some(found) = newer_format(&bytes) {
            return Err(ModelError::Newer { file, found });
        }
        let body = unseal(&bytes).ok_or_else(|| ModelError::Damaged { file: file.clone(), place: "its last line" })?;
        let manifest: Self = json::parse(&file, &body)?;
        manifest.check().map_err(|problem| ModelError::invalid(&file, problem))?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), String> {
        if self.format == 0 {
            return Err(format!("format: 0, expected between 1 and {MODEL_FORMAT}"));
        }
        for name in [WEIGHTS, CONFIG, SCHEMA] {
            if !self.files.contains_key(name) {
                return Err(format!("files: {name:?} is missing"));
            }
        }
        match self.files.keys().find(|name| ![WEIGHTS, CONFIG, SCHEMA, ITEMS].contains(&name.as_str())) {
            Some(name) => Err(format!("files: {name:?} is no file of a model")),
            None => Ok(()),
        }
    }

    /// The bytes of a file, which are those that were saved; nothing if the model has no such file.
    pub(crate) fn read_file(&self, dir: &Path, name: &str) -> Result<Option<Vec<u8>>, ModelError> {
        self.files.get(name).map(|record| read::recorded(&dir.join(name), record)).transpose()
    }

    /// As it stands on disk.
    pub(crate) fn encode(&self) -> Vec<u8> {
        seal(serde_json::to_vec_pretty(self).expect("a manifest has string keys, and memory takes every byte"))
    }
}

/// The records of files that are about to be written.
pub(crate) fn records(files: &[NamedFile]) -> BTreeMap<String, FileRecord> {
    let record = |bytes: &[u8]| FileRecord { bytes: bytes.len() as u64, sha256: sha256(bytes) };
    files.iter().map(|(name, bytes)| ((*name).to_owned(), record(bytes))).collect()
}

/// Whether the manifest in `dir` is one of nar4rec, of any format and in any state that can still be read.
pub(crate) fn is_in(dir: &Path) -> bool {
    #[derive(Deserialize)]
    struct Mark {
        #[serde(rename = "format")]
        _format: u64,
        #[serde(rename = "nar4rec")]
        _nar4rec: String,
    }
    let bytes = read::manifest(&dir.join(MANIFEST));
    bytes.is_ok_and(|bytes| serde_json::from_slice::<Mark>(&bytes).is_ok())
}

/// The format, if it is newer than this program. It is asked before all else, because a newer manifest may be sealed in
/// another way.
fn newer_format(bytes: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Format {
        format: u64,
    }
    let Format { format } = serde_json::from_slice(bytes).ok()?;
    (format > u64::from(MODEL_FORMAT)).then_some(format)
}

/// The end of an indented object.
const END: &[u8] = b"\n}";

/// Adds the hash to an indented object.
fn seal(mut object: Vec<u8>) -> Vec<u8> {
    object.truncate(object.len() - END.len());
    let last = last_member(&object);
    object.extend(last);
    object
}

/// The object without its hash, if the hash is right.
fn unseal(sealed: &[u8]) -> Option<Vec<u8>> {
    let length = sealed.len().checked_sub(last_member(&[]).len())?;
    let (body, last) = sealed.split_at(length);
    (last == last_member(body)).then(|| [body, END].concat())
}

fn last_member(body: &[u8]) -> Vec<u8> {
    format!(",\n  \"sha256\": \"{}\"\n}}\n", sha256(body)).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let record = FileRecord { bytes: 3, sha256: sha256(b"abc") };
        let metrics = BTreeMap::from([("AUC".to_owned(), None), ("P@6".to_owned(), Some(0.1 + 0.2))]);
        Manifest {
            format: 1,
            system: None,
            nar4rec: "1.2.3".into(),
            parameters: ParameterCounts { generator: 7, evaluator: 8, network: 0 },
            provenance: Provenance {
                seed: u64::MAX,
                data: TrainingData { files: BTreeMap::from([("train.jsonl".into(), sha256(b""))]), lists: 9 },
                metrics: BTreeMap::from([("test".to_owned(), metrics)]),
                quantisation: None,
            },
            files: [WEIGHTS, CONFIG, SCHEMA].map(|name| (name.to_owned(), record.clone())).into(),
        }
    }

    /// What reading says about a manifest with these bytes.
    fn read(bytes: &[u8]) -> Result<Manifest, String> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(MANIFEST), bytes).unwrap();
        let place = format!("{}", dir.path().join(MANIFEST).display());
        Manifest::read(dir.path()).map_err(|error| error.to_string().strip_prefix(&place).unwrap().to_owned())
    }

    #[test]
    fn it_comes_back_as_it_was() {
        assert_eq!(read(&manifest().encode()), Ok(manifest()));
        let value: serde_json::Value = serde_json::from_slice(&manifest().encode()).unwrap();
        assert_eq!(value["sha256"].as_str().map(str::len), Some(64));
    }

    #[test]
    fn a_metric_that_is_no_number_is_stored_as_no_value() {
        let mut odd = manifest();
        let metrics = odd.provenance.metrics.get_mut("test").unwrap();
        metrics.insert("AUC".into(), Some(f64::NAN));
        assert_eq!(read(&odd.encode()), Ok(manifest()));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_shows() {
        let bytes = manifest().encode();
        for index in 0..bytes.len() {
            assert!(read(&bytes[..index]).is_err(), "cut at {index}");
            let mut flipped = bytes.clone();
            flipped[index] ^= 1 << (index % 8);
            assert!(read(&flipped).is_err(), "flip at {index}");
        }
        let expected = ": its SHA-256 is not the one in its last line: damaged, or changed after it was saved";
        assert_eq!(read(&bytes[..9]).unwrap_err(), expected);
        assert_eq!(read(b"").unwrap_err(), expected);
        assert_eq!(read(&[&bytes[..], b" "].concat()).unwrap_err(), expected);
    }

    #[test]
    fn other_formats_and_files_are_named() {
        let message = |change: &dyn Fn(&mut Manifest)| {
            let mut manifest = manifest();
            change(&mut manifest);
            read(&manifest.encode()).unwrap_err()
        };
        let newer = ": model format 4 is newer than this program reads (3): update nar4rec";
        assert_eq!(message(&|m| m.format = 4), newer);
        assert_eq!(read(br#"{"format": 4, "another": "seal"}"#).unwrap_err(), newer);
        assert_eq!(message(&|m| m.format = 0), ": format: 0, expected between 1 and 3");
        assert_eq!(message(&|m| drop(m.files.remove(SCHEMA))), ": files: \"schema.json\" is missing");
        let stray = FileRecord { bytes: 0, sha256: String::new() };
        let message = message(&|m| drop(m.files.insert("../x".into(), stray.clone())));
        assert_eq!(message, ": files: \"../x\" is no file of a model");
    }

    #[test]
    fn a_sealed_manifest_may_still_be_none() {
        let unknown = seal(b"{\n  \"format\": 1,\n  \"colour\": 2\n}".to_vec());
        assert!(read(&unknown).unwrap_err().starts_with(":3:10: unknown field `colour`"));
        let string = seal(b"{\n  \"format\": \"1\"\n}".to_vec());
        assert!(read(&string).unwrap_err().starts_with(":2:15: invalid type: string"));
    }
}
