//! Tests of `dataset`.

use std::fs;

use super::*;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

const LIST: &str = "{\"request_id\":\"r\",\"candidates\":[{\"id\":\"a\"}],\"shown\":[{\"id\":\"a\"}]}\n";

#[test]
fn splits_have_names() {
    for split in Split::ALL {
        assert_eq!(split.to_string().parse(), Ok(split));
        assert_eq!(serde_json::to_string(&split).unwrap(), format!("\"{split}\""));
    }
    assert_eq!("dev".parse::<Split>().unwrap_err().to_string(), "no split \"dev\", expected train, valid or test");
}

#[test]
fn a_folder_gives_its_splits_and_items() {
    let folder = folder(&[("train.jsonl", LIST), ("items.jsonl", "{\"id\":\"a\"}\n{\"id\":\"b\"}\n")]);
    let data = DataSet::open(folder.path()).unwrap();
    assert!(data.has(Split::Train) && !data.has(Split::Test));
    assert_eq!(data.impressions(Split::Train).unwrap().count(), 1);
    assert_eq!(data.items().unwrap().unwrap().filter(Result::is_ok).count(), 2);
    let error = data.impressions(Split::Test).err().unwrap().to_string();
    assert!(error.ends_with("no test split, expected test.jsonl, test.jsonl.gz or test.jsonl.zst"), "{error}");
}

#[test]
fn what_is_no_data_set_is_told() {
    let problem = |path: &Path| DataSet::open(path).unwrap_err().to_string();
    let empty = folder(&[("items.jsonl", "")]);
    assert!(problem(&empty.path().join("nowhere")).contains("no such folder"));
    assert!(problem(&empty.path().join("items.jsonl")).contains("not a folder"));
    assert!(problem(empty.path()).contains("no data set, expected train, valid or test"));
    let two = folder(&[("train.jsonl", LIST), ("train.jsonl.zst", "")]);
    assert!(problem(two.path()).ends_with("holds both train.jsonl and train.jsonl.zst, expected one form of train"));
}

#[test]
fn an_item_that_stands_twice_is_told_with_both_lines() {
    let folder =
        folder(&[("train.jsonl", LIST), ("items.jsonl", "{\"id\":\"a\"}\n\n{\"id\":\"b\"}\n{\"id\":\"a\"}\n")]);
    let error = DataSet::open(folder.path()).unwrap().items().unwrap().unwrap().find_map(Result::err).unwrap();
    let message = error.to_string();
    assert!(message.ends_with("items.jsonl:4: id: \"a\" stands on line 1 already, expected distinct ids"), "{message}");
}

#[test]
fn the_fingerprint_is_that_of_the_bytes() {
    let folder = folder(&[("train.jsonl", LIST), ("items.jsonl", "abc"), ("notes.txt", "no part of it")]);
    let data = DataSet::open(folder.path()).unwrap();
    let fingerprint = data.fingerprint().unwrap();
    let names: Vec<&str> = fingerprint.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["train.jsonl", "items.jsonl"]);
    // SHA-256 of "abc" is the first test vector of FIPS 180.
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!((fingerprint.files[1].bytes, fingerprint.files[1].sha256.as_str()), (3, abc));
    fs::write(folder.path().join("items.jsonl"), "abd").unwrap();
    assert_ne!(data.fingerprint().unwrap().sha256, fingerprint.sha256);
}

#[test]
fn feedback_is_an_amount() {
    let folder = tempfile::tempdir().unwrap();
    let line = |value: &str| {
        let shown = format!(r#"{{"id":"a","feedback":{{"seconds":{value}}}}}"#);
        format!("{{\"request_id\":\"r\",\"candidates\":[{{\"id\":\"a\"}}],\"shown\":[{shown}]}}\n")
    };
    for (value, expected) in [("12.5", None), ("0", None), ("-0.5", Some("found -0.5")), ("1e39", Some("found 1000"))] {
        fs::write(folder.path().join("train.jsonl"), line("1") + &line(value)).unwrap();
        let data = DataSet::open(folder.path()).unwrap();
        let error = data.impressions(Split::Train).unwrap().find_map(Result::err).map(|error| error.to_string());
        match expected {
            None => assert_eq!(error, None),
            Some(found) => {
                let error = error.unwrap();
                let place = "train.jsonl:2: shown[0].feedback.seconds: ";
                assert!(error.contains(&format!("{place}{found}")) && error.contains("from 0 to"), "{error}");
            }
        }
    }
}
