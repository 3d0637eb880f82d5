//! Tests of `writer`.

use nar4rec_slate::{Features, Item};

use super::*;
use crate::JsonLines;

fn item(id: usize) -> Item {
    let features = Features::from([("x".to_owned(), (id as f64 / 8.0).into())]);
    Item { id: format!("v{id}"), features }
}

fn write(path: &Path) -> u64 {
    let mut writer = JsonLinesWriter::create(path).unwrap();
    for id in 0..1000 {
        writer.write(&item(id)).unwrap();
    }
    assert_eq!(writer.lines(), 1000);
    writer.finish().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn every_form_reads_back_as_written_and_is_reproducible() {
    for (name, magic) in [("a.jsonl", &b"{\"id"[..]), ("a.jsonl.gz", &[0x1f, 0x8b]), ("a.jsonl.zst", &[0x28, 0xb5])] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        assert_eq!(write(&path), 1000);
        assert_eq!(names(folder.path()), [name]);
        let bytes = fs::read(&path).unwrap();
        assert!(bytes.starts_with(magic), "{name}");
        let read: Vec<Item> = JsonLines::open(&path).unwrap().map(|line| line.unwrap().value).collect();
        assert!(read.into_iter().eq((0..1000).map(item)), "{name}");
        write(&path);
        assert!(fs::read(&path).unwrap() == bytes, "{name}");
    }
}

#[test]
fn the_gzip_header_holds_no_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gz");
    write(&path);
    assert_eq!(fs::read(&path).unwrap()[4..8], [0; 4]);
}

#[test]
fn a_writer_that_is_dropped_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    fs::write(&path, "before").unwrap();
    let mut writer = JsonLinesWriter::create(&path).unwrap();
    writer.write(&item(1)).unwrap();
    drop(writer);
    assert_eq!(names(folder.path()), ["a.jsonl"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), "before");
}

#[test]
fn a_folder_that_does_not_exist_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no/a.jsonl");
    let message = JsonLinesWriter::create(&path).err().unwrap().to_string();
    assert!(message.starts_with(&format!("{}: cannot write: ", path.display())), "{message}");
}

/// `/dev/full` takes no byte; a link to it stands where the temporary file will be opened.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_nothing_is_left() {
    for name in ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::os::unix::fs::symlink("/dev/full", JsonLinesWriter::unfinished(&path)).unwrap();
        let mut writer = JsonLinesWriter::create(&path).unwrap();
        let result = (0..100).try_for_each(|id| writer.write(&item(id))).and_then(|()| writer.finish());
        let message = result.unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("{}: cannot write: No space left on device", path.display())),
            "{message}"
        );
        assert!(names(folder.path()).is_empty(), "{name}");
        std::os::unix::fs::symlink("/dev/full", JsonLinesWriter::unfinished(&path)).unwrap();
        let message = write_text(&path, "text").unwrap_err().to_string();
        assert!(message.contains("No space left on device"), "{message}");
        assert!(names(folder.path()).is_empty(), "{name}");
    }
}

#[test]
fn a_failed_write_stays_failed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let mut writer = JsonLinesWriter::create(&path).unwrap();
    let no_json = std::collections::BTreeMap::from([((1, 2), 3)]);
    assert!(writer.write(&no_json).unwrap_err().to_string().contains("key must be a string"));
    assert!(writer.write(&item(1)).unwrap_err().to_string().contains("an earlier write failed"));
    assert!(writer.finish().is_err());
    assert!(names(folder.path()).is_empty());
}
