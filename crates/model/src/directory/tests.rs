//! Whatever happens while a directory is written, a complete one is there.

use std::collections::BTreeMap;

use super::*;
use crate::disk::RealDisk;
use crate::disk::faulty::{Fault, FaultyDisk};

fn replace(disk: &impl Disk, path: &Path, files: &[NamedFile]) -> Result<(), ModelError> {
    MODEL.replace(disk, path, files)
}

const PROBE: &[u8] = br#"{"format": 1, "nar4rec": "0"}"#;

fn files(content: &str) -> Vec<NamedFile> {
    vec![(WEIGHTS, content.into()), (CONFIG, content.into()), (SCHEMA, content.into()), (MANIFEST, PROBE.into())]
}

/// Every file below `dir`, by its path from there, with its content; a directory has none.
fn tree(dir: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(tree(&entry.path()).into_iter().map(|(inner, text)| (format!("{name}/{inner}"), text)));
        } else {
            found.insert(name, fs::read_to_string(entry.path()).unwrap());
        }
    }
    found
}

/// What `tree` finds where `name` holds a model with this content.
fn model(name: &str, content: &str) -> BTreeMap<String, String> {
    let text = |(file, bytes): NamedFile| (format!("{name}/{file}"), String::from_utf8(bytes).unwrap());
    files(content).into_iter().map(text).collect()
}

#[test]
fn a_directory_is_made_with_its_parents_and_replaced() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a/b/m");
    for content in ["one", "two"] {
        replace(&RealDisk, &path, &files(content)).unwrap();
        assert_eq!(tree(root.path()), model("a/b/m", content));
    }
}

#[test]
fn an_empty_directory_is_filled() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("m");
    fs::create_dir(&path).unwrap();
    replace(&RealDisk, &path, &files("one")).unwrap();
    assert_eq!(tree(root.path()), model("m", "one"));
}

#[test]
fn files_of_the_user_stay() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("m");
    replace(&RealDisk, &path, &files("one")).unwrap();
    fs::write(path.join(ITEMS), "a catalog that the next model lacks").unwrap();
    fs::write(path.join("report.html"), "report").unwrap();
    fs::create_dir(path.join("runs")).unwrap();
    fs::write(path.join("runs/1"), "run").unwrap();
    replace(&RealDisk, &path, &files("two")).unwrap();
    let mut expected = model("m", "two");
    expected.extend([("m/report.html".into(), "report".into()), ("m/runs/1".into(), "run".into())]);
    assert_eq!(tree(root.path()), expected);
}

#[test]
fn what_is_no_model_is_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("m");
    let message = || replace(&RealDisk, &path, &files("one")).unwrap_err().to_string();
    let ending = "expected nothing, an empty directory or a model directory; it stays as it is";

    fs::write(&path, "a file").unwrap();
    assert_eq!(message(), format!("{}: is no directory, {ending}", path.display()));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    for manifest in ["", "{}", r#"{"format": 1}"#, r#"{"name": "a web page's", "nar4rec": 1, "format": 1}"#] {
        fs::write(path.join(MANIFEST), manifest).unwrap();
        let before = tree(root.path());
        assert_eq!(message(), format!("{}: is a directory of other files, {ending}", path.display()));
        assert_eq!(tree(root.path()), before);
    }
}

#[test]
fn a_path_without_a_name_is_refused() {
    assert!(replace(&RealDisk, Path::new("/"), &files("one")).is_err());
    assert!(replace(&RealDisk, Path::new(""), &files("one")).is_err());
}

#[cfg(unix)]
#[test]
fn a_link_is_followed() {
    let root = tempfile::tempdir().unwrap();
    replace(&RealDisk, &root.path().join("m-1"), &files("one")).unwrap();
    let link = root.path().join("current");
    std::os::unix::fs::symlink("m-1", &link).unwrap();
    replace(&RealDisk, &link, &files("two")).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(root.path().join("m-1").join(CONFIG)).unwrap(), "two");
}

/// Writes "new" over `old` with a fault at each step in turn and gives what lies there then to `check`; the last call is
/// the one without a fault.
fn with_each_fault(
    fault: Fault,
    old: Option<&str>,
    check: impl Fn(usize, Result<(), ModelError>, BTreeMap<String, String>),
) {
    for step in 0.. {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("m");
        if let Some(old) = old {
            replace(&RealDisk, &path, &files(old)).unwrap();
        }
        let disk = FaultyDisk::new(fault, step);
        let written = replace(&disk, &path, &files("new"));
        assert_eq!(written.is_err(), disk.failed(), "step {step}");
        check(step, written, tree(root.path()));
        if !disk.failed() {
            assert!(step >= 8, "only {step} steps could fail");
            return;
        }
    }
}

#[test]
fn a_full_disk_leaves_nothing_half_written() {
    with_each_fault(Fault::Once, None, |step, written, found| {
        let complete = found == model("m", "new");
        assert!(complete || found.is_empty(), "step {step}: {found:?}");
        // Only the last step, a sync, can fail with the model in place.
        assert!(written.is_err() || complete, "step {step}");
    });
}

#[test]
fn a_full_disk_leaves_the_old_model() {
    with_each_fault(Fault::Once, Some("old"), |step, written, found| match written {
        Ok(()) => assert_eq!(found, model("m", "new")),
        // The new model is in place, and what could not be removed is named.
        Err(ModelError::Leftover { .. }) => {
            assert!(model("m", "new").iter().all(|entry| found.get_key_value(entry.0) == Some(entry)))
        }
        Err(_) => assert!(found == model("m", "old") || found == model("m", "new"), "step {step}: {found:?}"),
    });
}

#[test]
fn a_killed_program_leaves_a_complete_model() {
    with_each_fault(Fault::ForGood, Some("old"), |step, _, found| {
        let holds = |name: &str, content: &str| {
            model(name, content).iter().all(|entry| found.get_key_value(entry.0) == Some(entry))
        };
        let in_place = holds("m", "old") || holds("m", "new");
        let aside = holds(".m.old-0", "old") && !found.keys().any(|name| name.starts_with("m/"));
        assert!(in_place || aside, "step {step}: {found:?}");
    });
}
