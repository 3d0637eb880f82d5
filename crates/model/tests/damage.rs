//! A damaged model directory is refused with a message that names the file, and never a panic.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use nar4rec_model::{Model, ModelError};
use proptest::prelude::*;
use proptest::sample::Index;

mod tiny;

const FILES: [&str; 5] = ["model.safetensors", "config.json", "schema.json", "items.jsonl", "manifest.json"];

/// The files of a sound model.
static SOUND: LazyLock<Vec<(&str, Vec<u8>)>> = LazyLock::new(|| {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("m");
    tiny::model().save(&dir).unwrap();
    FILES.iter().map(|name| (*name, fs::read(dir.join(name)).unwrap())).collect()
});

/// A directory that holds a sound model until it is damaged.
struct Saved {
    _root: tempfile::TempDir,
    dir: PathBuf,
}

impl Saved {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().to_owned();
        for (name, bytes) in &*SOUND {
            fs::write(dir.join(name), bytes).unwrap();
        }
        Self { _root: root, dir }
    }

    /// Replaces the bytes of a file.
    fn change(&self, name: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
        let file = self.dir.join(name);
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, change(bytes)).unwrap();
    }

    /// Replaces a text in a file.
    fn replace(&self, name: &str, from: &str, to: &str) {
        self.change(name, |bytes| {
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains(from), "{name} has no {from}");
            text.replacen(from, to, 1).into_bytes()
        });
    }

    /// Makes the manifest agree with the files again, as someone could who means harm.
    fn agree(&self) {
        let file = self.dir.join("manifest.json");
        let mut manifest: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        manifest.as_object_mut().unwrap().remove("sha256");
        for (name, record) in manifest["files"].as_object_mut().unwrap() {
            let bytes = fs::read(self.dir.join(name)).unwrap();
            *record = serde_json::json!({ "bytes": bytes.len(), "sha256": sha256(&bytes) });
        }
        let text = serde_json::to_string_pretty(&manifest).unwrap();
        let body = text.strip_suffix("\n}").unwrap();
        fs::write(&file, format!("{body},\n  \"sha256\": \"{}\"\n}}\n", sha256(body.as_bytes()))).unwrap();
    }

    fn load(&self) -> Result<Model, ModelError> {
        Model::load(&self.dir)
    }

    /// The message, whose beginning up to the file's name is checked and left out.
    fn message(&self, name: &str) -> String {
        let place = self.dir.join(name).display().to_string();
        let message = self.load().unwrap_err().to_string();
        message.strip_prefix(&place).unwrap_or_else(|| panic!("{message} does not name {place}")).to_owned()
    }
}

fn sha256(bytes: &[u8]) -> String {
    hmac_sha256::Hash::hash(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_directory_that_is_none_is_named() {
    let message = Model::load(Path::new("no/such/model")).unwrap_err().to_string();
    assert_eq!(message, "no/such/model: missing, expected a model directory");
}

#[test]
fn a_missing_file_is_named() {
    for name in FILES {
        let saved = Saved::new();
        fs::remove_file(saved.dir.join(name)).unwrap();
        let expected = match name {
            "manifest.json" => ": missing, expected the manifest of a model directory",
            _ => ": missing, expected a file that the manifest lists",
        };
        assert_eq!(saved.message(name), expected);
        fs::create_dir(saved.dir.join(name)).unwrap();
        assert_eq!(saved.message(name), ": is no regular file");
    }
}

#[test]
fn a_file_of_another_size_is_named() {
    for name in &FILES[..4] {
        let saved = Saved::new();
        let length = fs::metadata(saved.dir.join(name)).unwrap().len();
        saved.change(name, |mut bytes| {
            bytes.truncate(10);
            bytes
        });
        let expected = format!(": 10 bytes, but the manifest says {length}: truncated or damaged");
        assert_eq!(saved.message(name), expected);
    }
}

#[test]
fn a_changed_file_is_named() {
    for name in &FILES[..4] {
        let saved = Saved::new();
        saved.change(name, |mut bytes| {
            bytes[20] ^= 1;
            bytes
        });
        let expected = ": its SHA-256 is not the one in the manifest: damaged, or changed after it was saved";
        assert_eq!(saved.message(name), expected);
    }
    let saved = Saved::new();
    saved.replace("manifest.json", "\"lists\": 36962", "\"lists\": 36963");
    let expected = ": its SHA-256 is not the one in its last line: damaged, or changed after it was saved";
    assert_eq!(saved.message("manifest.json"), expected);
}

#[test]
fn a_newer_format_is_named() {
    let saved = Saved::new();
    saved.replace("manifest.json", "\"format\": 1", "\"format\": 4");
    let expected = ": model format 4 is newer than this program reads (3): update nar4rec";
    assert_eq!(saved.message("manifest.json"), expected);
}

#[test]
fn an_absurd_manifest_is_not_read() {
    let saved = Saved::new();
    let file = fs::File::create(saved.dir.join("manifest.json")).unwrap();
    file.set_len(1 << 40).unwrap();
    assert_eq!(saved.message("manifest.json"), ": 1099511627776 bytes, expected a manifest of at most 16777216");
}

/// The message about a text replaced in a file, of which the manifest knows.
fn foisted(name: &str, from: &str, to: &str) -> String {
    let saved = Saved::new();
    saved.replace(name, from, to);
    saved.agree();
    saved.message(name)
}

#[test]
fn the_manifest_can_be_made_to_agree() {
    let saved = Saved::new();
    saved.agree();
    tiny::assert_same(&saved.load().unwrap(), &tiny::model());
}

#[test]
fn json_that_does_not_fit_is_named_with_line_and_field() {
    assert!(
        foisted("config.json", "\"heads\"", "\"haeds\"").starts_with(":6:11: unknown field `haeds`, expected one of")
    );
    assert_eq!(
        foisted("config.json", "\"width\": 4", "\"width\": \"4\""),
        ":4:16: invalid type: string \"4\", expected usize"
    );
    assert_eq!(
        foisted("config.json", "\"heads\": 2", "\"heads\": 3"),
        ": generator.heads: 3, expected a divisor of the width 4"
    );
    assert!(
        foisted("config.json", "\"decoders\": [", "\"decoders\": [{\"kind\": \"oracle\"},")
            .contains("unknown variant `oracle`")
    );
    assert!(foisted("schema.json", "\"user\": [", "\"usr\": [").contains("unknown field `usr`"));
    assert_eq!(
        foisted("schema.json", "\"std\": 16.6", "\"std\": -16.6"),
        ": item[1].std: -16.6, expected a finite number greater than 0"
    );
    assert!(foisted("schema.json", "\"version\": 1", "\"version\": 2").starts_with(": version: 2, expected 1"));
    let message = foisted("items.jsonl", "\"features\":{}", "\"features\":{\"a\":[1]}");
    assert_eq!(message, ":3:31: expected a number, a string, a list of strings, true, false or null");
}

#[test]
fn weights_that_do_not_fit_are_named() {
    let missing = Saved::new();
    missing.replace("config.json", "\"layers\": 1", "\"layers\": 2");
    missing.agree();
    assert!(missing.message("model.safetensors").ends_with("is missing"));
    let unknown = Saved::new();
    unknown.replace("config.json", "\"norm\": \"pre\"", "\"norm\": \"none\"");
    unknown.agree();
    assert!(unknown.message("model.safetensors").ends_with("belongs to no layer of this model"));
    let shape = Saved::new();
    shape.replace("schema.json", "\"dim\": 2", "\"dim\": 3");
    shape.agree();
    let expected = ": parameter \"generator.input.tables.id\" has shape [3, 2], expected [3, 3]";
    assert_eq!(shape.message("model.safetensors"), expected);
    let not_finite = Saved::new();
    not_finite.change("model.safetensors", |mut bytes| {
        let last = bytes.len() - 4..;
        bytes[last].copy_from_slice(&f32::NAN.to_le_bytes());
        bytes
    });
    not_finite.agree();
    assert!(not_finite.message("model.safetensors").ends_with("holds a number that is not finite"));
    let cut = Saved::new();
    cut.change("model.safetensors", |bytes| bytes[..bytes.len() - 1].to_vec());
    cut.agree();
    assert!(cut.message("model.safetensors").starts_with(": is no safetensors file: its header is of "));
}

#[test]
fn absurd_sizes_are_refused_before_anything_is_allocated() {
    let huge = u64::MAX.to_string();
    for size in ["9223372036854775807", &huge, "4294967295"] {
        let message = foisted("schema.json", "\"dim\": 2", &format!("\"dim\": {size}"));
        assert_eq!(message, format!(": tables[0].dim: {size}, expected at most 16384"));
        let message = foisted("config.json", "\"width\": 4", &format!("\"width\": {size}"));
        assert!(message.starts_with(&format!(": generator.width: {size}, expected between 1")), "{message}");
    }
    let saved = Saved::new();
    saved.replace("schema.json", "\"kind\": \"dictionary\"", "\"kind\": \"hash\", \"buckets\": 4294967295");
    saved.change("schema.json", |bytes| {
        let text = String::from_utf8(bytes).unwrap();
        let (before, after) = text.split_once(",\n        \"values\": [").unwrap();
        [before, after.split_once(']').unwrap().1].concat().into_bytes()
    });
    saved.agree();
    let message = saved.message("config.json");
    assert!(message.starts_with(": the generator would have 85899"), "{message}");
}

/// A way to damage a file.
#[derive(Debug, Clone)]
enum Damage {
    Flip(Index, u8),
    Cut(Index),
    Put(Index, Vec<u8>),
    Double(Index, Index),
}

impl Damage {
    fn apply(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Flip(at, bit) => {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Self::Put(at, new) => {
                let at = at.index(bytes.len());
                bytes.splice(at..(at + new.len()).min(bytes.len()), new.iter().copied());
            }
            Self::Double(from, to) => {
                let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
                let part = bytes[from.min(to)..from.max(to)].to_vec();
                bytes.splice(from..from, part);
            }
        }
        bytes
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let digits = "[0-9]{1,20}".prop_map(String::into_bytes);
    prop_oneof![
        (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        any::<Index>().prop_map(Damage::Cut),
        (any::<Index>(), prop_oneof![digits, prop::collection::vec(any::<u8>(), 1..20)])
            .prop_map(|(at, new)| Damage::Put(at, new)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Double(from, to)),
    ]
}

proptest! {
    #[test]
    fn any_damage_to_any_file_is_refused_by_name(name in prop::sample::select(&FILES[..]), damage in damage()) {
        let saved = Saved::new();
        let sound = fs::read(saved.dir.join(name)).unwrap();
        saved.change(name, |bytes| damage.apply(bytes));
        prop_assume!(fs::read(saved.dir.join(name)).unwrap() != sound);
        saved.message(name);
    }

    /// Where the hashes are right the content may make sense or not; it must never panic or take absurd memory.
    #[test]
    fn damage_that_the_manifest_agrees_with_does_not_panic(name in prop::sample::select(&FILES[..4]), damage in damage()) {
        let saved = Saved::new();
        saved.change(name, |bytes| damage.apply(bytes));
        saved.agree();
        if let Err(error) = saved.load() {
            prop_assert!(error.to_string().starts_with(&saved.dir.display().to_string()), "{}", error);
        }
    }

    /// The same in the header of the weights, where the sizes are.
    #[test]
    fn a_hostile_header_of_the_weights_does_not_panic(damage in damage()) {
        let saved = Saved::new();
        saved.change("model.safetensors", |bytes| {
            let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
            let new = damage.apply(bytes[8..8 + header].to_vec());
            [&(new.len() as u64).to_le_bytes(), &new[..], &bytes[8 + header..]].concat()
        });
        saved.agree();
        if let Err(error) = saved.load() {
            prop_assert!(error.to_string().contains("model.safetensors: "), "{}", error);
        }
    }
}
