//! Tests of `json_lines`.

use std::io::{Read, Write};

use nar4rec_slate::{Impression, Item, Request};
use proptest::prelude::*;

use super::*;
use crate::{Compression, known_feedback_kinds};

fn read<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Vec<Result<Line<T>, DataError>> {
    match Source::from_reader(name, std::io::Cursor::new(bytes.to_vec())) {
        Ok(source) => JsonLines::new(source).collect(),
        Err(error) => vec![Err(error)],
    }
}

/// The message for one bad impression after a good one.
fn message(line: &str) -> String {
    let good = r#"{"request_id":"r","candidates":[{"id":"a"},{"id":"b"}],"shown":[{"id":"a"}]}"#;
    let mut lines = read::<Impression>("train.jsonl", format!("{good}\n{line}\n").as_bytes());
    assert_eq!(lines.len(), 2);
    lines.pop().unwrap().unwrap_err().to_string()
}

fn with_candidates(candidates: &str) -> String {
    message(&format!(r#"{{"request_id":"r","candidates":{candidates},"shown":[{{"id":"a"}}]}}"#))
}

fn with_shown(shown: &str) -> String {
    message(&format!(r#"{{"request_id":"r","candidates":[{{"id":"a"}},{{"id":"b"}}],"shown":{shown}}}"#))
}

#[test]
fn malformed_json_is_told_with_its_byte() {
    assert_eq!(
        message(r#"{"request_id":"r","candidates":[{"id":"a" "score":1}]}"#),
        "train.jsonl:2: candidates[0]: malformed JSON at byte 43: expected `,` or `}`, found \"\\\"score\\\":1}]}\""
    );
    assert_eq!(
        message(r#"{"request_id":"r","candidates":[{"id":"a""#),
        "train.jsonl:2: candidates[0]: malformed JSON at byte 41: the line ends too early \
         (EOF while parsing an object)"
    );
    assert_eq!(message("hello"), "train.jsonl:2: malformed JSON at byte 1: expected value, found \"hello\"");
    assert_eq!(
        message(r#"{"request_id":"r","candidates":[{"id":"a"}],"shown":[{"id":"a"}]} {}"#),
        "train.jsonl:2: malformed JSON at byte 67: trailing characters, found \"{}\""
    );
}

#[test]
fn a_feature_of_the_wrong_type_is_told() {
    assert_eq!(
        with_candidates(r#"[{"id":"b"},{"id":"a","features":{"age":{"years":3}}}]"#),
        "train.jsonl:2: candidates[1].features.age: found {\"years\":3}, \
         expected a number, a string, a list of strings, true, false or null"
    );
    assert_eq!(
        with_candidates(r#"[{"id":"a","features":{"tags":["x",1]}}]"#),
        "train.jsonl:2: candidates[0].features.tags: found [\"x\",1], \
         expected a number, a string, a list of strings, true, false or null"
    );
}

#[test]
fn a_field_of_the_wrong_type_is_told() {
    assert_eq!(
        with_candidates(r#"[{"id":"a","score":"high"}]"#),
        "train.jsonl:2: candidates[0].score: found \"high\", expected a number"
    );
    assert_eq!(with_candidates(r#"[{"id":7}]"#), "train.jsonl:2: candidates[0].id: found 7, expected a string");
    assert_eq!(with_candidates("3"), "train.jsonl:2: candidates: found 3, expected a list");
    assert_eq!(with_candidates("[3]"), "train.jsonl:2: candidates[0]: found 3, expected an object");
    assert_eq!(message("7"), "train.jsonl:2: found 7, expected an object");
    assert_eq!(
        with_shown(r#"[{"id":"a","feedback":{"click":null}}]"#),
        "train.jsonl:2: shown[0].feedback.click: found null, expected a number"
    );
}

#[test]
fn missing_and_unknown_fields_are_told() {
    assert_eq!(
        message(r#"{"request_id":"r","shown":[]}"#),
        "train.jsonl:2: candidates: missing, expected it to be there"
    );
    assert_eq!(
        with_candidates(r#"[{"score":1}]"#),
        "train.jsonl:2: candidates[0].id: missing, expected it to be there"
    );
    assert_eq!(
        with_candidates(r#"[{"id":"a","scor":1}]"#),
        "train.jsonl:2: candidates[0].scor: unknown field `scor`, expected one of `id`, `score`, `features`"
    );
}

#[test]
fn a_shown_id_that_is_no_candidate_is_told() {
    assert_eq!(
        with_shown(r#"[{"id":"b"},{"id":"z"}]"#),
        "train.jsonl:2: shown[1].id: \"z\" is no candidate, expected the id of one"
    );
}

#[test]
fn the_same_candidate_twice_is_told() {
    assert_eq!(
        with_candidates(r#"[{"id":"a"},{"id":"b"},{"id":"a"}]"#),
        "train.jsonl:2: candidates[2].id: \"a\" stands twice, expected distinct ids"
    );
    assert_eq!(
        with_shown(r#"[{"id":"a"},{"id":"a"}]"#),
        "train.jsonl:2: shown[1].id: \"a\" stands twice, expected distinct ids"
    );
}

#[test]
fn empty_lists_are_told() {
    assert_eq!(with_candidates("[]"), "train.jsonl:2: candidates: empty, expected at least one candidate");
    assert_eq!(with_shown("[]"), "train.jsonl:2: shown: empty, expected at least one shown item");
}

#[test]
fn numbers_that_are_not_finite_are_told() {
    for literal in ["NaN", "nan", "Infinity", "-Infinity", "inf", "1e999", "-1e999"] {
        let expected = format!("found {literal}, expected a finite number, or null where it is missing");
        for (field, line) in [
            ("candidates[0].score", format!(r#"[{{"id":"a","score":{literal}}}]"#)),
            ("candidates[0].features.age", format!(r#"[{{"id":"a","features":{{"age":{literal}}}}}]"#)),
        ] {
            let message = with_candidates(&line);
            let (start, end) = message.split_once("malformed JSON at byte ").expect(&message);
            assert_eq!(start, format!("train.jsonl:2: {field}: "));
            assert_eq!(end.split_once(": ").unwrap().1, expected);
        }
    }
    assert_eq!(
        with_shown(r#"[{"id":"a","feedback":{"click":NaN}}]"#),
        "train.jsonl:2: shown[0].feedback.click: malformed JSON at byte 95: \
         found NaN, expected a finite number, or null where it is missing"
    );
}

#[test]
fn too_many_candidates_are_told() {
    let candidates: Vec<String> = (0..4097).map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
    assert_eq!(
        with_candidates(&format!("[{}]", candidates.join(","))),
        "train.jsonl:2: candidates: 4097 candidates, expected at most 4096"
    );
}

#[test]
fn feedback_of_an_unknown_kind_is_told() {
    let line = br#"{"request_id":"r","candidates":[{"id":"a"}],"shown":[{"id":"a","feedback":{"lick":1}}]}"#;
    let kinds = ["click", "like"].map(str::to_owned).into();
    let source = Source::from_reader("train.jsonl", &line[..]).unwrap();
    let mut lines = JsonLines::new(source).with_check(known_feedback_kinds(kinds));
    assert_eq!(
        lines.next().unwrap().unwrap_err().to_string(),
        "train.jsonl:1: shown[0].feedback.lick: unknown kind of feedback, expected one of `click`, `like`"
    );
}

#[test]
fn a_missing_file_is_told() {
    let error = JsonLines::<Item>::open("no/such.jsonl").err().unwrap();
    assert!(error.to_string().starts_with("no/such.jsonl: cannot open: "), "{error}");
    assert!(!error.is_bad_line());
}

#[test]
fn blank_lines_byte_order_mark_and_carriage_returns_are_tolerated() {
    let text = "\u{feff}{\"id\":\"a\"}\r\n\r\n  \t\n{\"id\":\"b\"}\n\n{\"id\":\"c\"}";
    let found: Vec<(u64, String)> = read::<Item>("items.jsonl", text.as_bytes())
        .into_iter()
        .map(|line| line.map(|line| (line.number, line.value.id)).unwrap())
        .collect();
    assert_eq!(found, [(1, "a".to_owned()), (4, "b".to_owned()), (6, "c".to_owned())]);
    assert!(read::<Item>("items.jsonl", b"").is_empty());
}

#[test]
fn a_line_beyond_the_limit_is_told_and_passed_over() {
    let item = |id: &str| format!(r#"{{"id":"{id}"}}"#);
    let limit = item("12345").len();
    for end in ["\n", "\r\n"] {
        let text = [item("12345"), item("123456"), item(&"7".repeat(100_000)), item("8")].join(end);
        for start in ["", "\u{feff}"] {
            let bytes = format!("{start}{text}").into_bytes();
            let source = Source::from_reader("items.jsonl", std::io::Cursor::new(bytes)).unwrap();
            let found: Vec<String> = JsonLines::<Item>::with_limit(source, limit + start.len())
                .map(|line| line.map_or_else(|error| error.to_string(), |line| line.value.id))
                .collect();
            let too_long = |line: u64| {
                let limit = limit + start.len();
                format!("items.jsonl:{line}: the line is longer than {limit} bytes, expected one JSON object a line")
            };
            let second = if start.is_empty() { too_long(2) } else { "123456".to_owned() };
            assert_eq!(found, ["12345".to_owned(), second, too_long(3), "8".to_owned()]);
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn items(from: usize, to: usize) -> Vec<u8> {
    (from..to).flat_map(|id| format!("{{\"id\":\"v{id}\",\"features\":{{\"x\":{id}}}}}\n").into_bytes()).collect()
}

#[test]
fn compression_is_seen_in_the_bytes_and_parts_read_as_one() {
    let plain = items(0, 500);
    let members = [gzip(&items(0, 200)), gzip(&items(200, 500))].concat();
    let frame = |bytes: &[u8]| zstd::encode_all(bytes, 3).unwrap();
    let frames = [frame(&items(0, 200)), frame(&items(200, 500))].concat();
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9][..], &frames].concat();
    for (bytes, compression) in [
        (plain, Compression::Plain),
        (members, Compression::Gzip),
        (frames, Compression::Zstd),
        (skippable, Compression::Zstd),
    ] {
        let source = Source::from_reader("any name", std::io::Cursor::new(bytes.clone())).unwrap();
        assert_eq!(source.compression(), compression);
        let ids: Vec<String> =
            read::<Item>("any name", &bytes).into_iter().map(|line| line.unwrap().value.id).collect();
        assert!(ids.iter().cloned().eq((0..500).map(|id| format!("v{id}"))), "{compression}");
    }
}

#[test]
fn a_truncated_stream_ends_with_an_error_that_names_the_line() {
    let plain = items(0, 5000);
    for (name, bytes) in
        [("items.jsonl.gz", gzip(&plain)), ("items.jsonl.zst", zstd::encode_all(&plain[..], 3).unwrap())]
    {
        for length in (0..bytes.len()).step_by(97) {
            let mut lines = read::<Item>(name, &bytes[..length]);
            let error = lines.pop().unwrap().expect_err("a truncated stream");
            assert!(lines.iter().all(Result::is_ok), "{name} {length}");
            let line = lines.len() + 1;
            let message = error.to_string();
            let compression = Compression::of_name(name);
            let start = format!(
                "{name}:{line}: the {compression} stream is truncated or damaged, reading stopped in this line: "
            );
            assert!(message.starts_with(&start), "{length}: {message}");
            assert!(!error.is_bad_line());
        }
        assert_eq!(read::<Item>(name, &bytes).len(), 5000);
    }
}

#[test]
fn garbage_behind_a_gzip_member_is_an_error() {
    let bytes = [gzip(&items(0, 3)), b"garbage".to_vec()].concat();
    let lines = read::<Item>("items.jsonl.gz", &bytes);
    assert!(matches!(lines.last(), Some(Err(DataError::Damaged { line: 4, .. }))), "{lines:?}");
}

/// Fails as a disk does, after some good bytes.
struct Failing(std::io::Cursor<Vec<u8>>);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(std::io::Error::from_raw_os_error(5)),
            read => Ok(read),
        }
    }
}

#[test]
fn a_failing_disk_is_no_damaged_stream() {
    for bytes in [items(0, 3), gzip(&items(0, 3))] {
        let source = Source::from_reader("items.jsonl", Failing(std::io::Cursor::new(bytes))).unwrap();
        let last = JsonLines::<Item>::new(source).last().unwrap();
        assert!(matches!(last, Err(DataError::Read { line: 4, .. })), "{last:?}");
    }
}

#[test]
fn bad_lines_are_skipped_and_counted_on_request() {
    let text: String =
        (0..30).map(|id| if id % 3 == 0 { "{}\n".into() } else { format!("{{\"id\":\"{id}\"}}\n") }).collect();
    let lines =
        || JsonLines::<Item>::new(Source::from_reader("items.jsonl", std::io::Cursor::new(text.clone())).unwrap());
    let mut tolerant = lines().on_bad(OnBad::Skip);
    assert_eq!(tolerant.by_ref().filter(Result::is_ok).count(), 20);
    let skipped = tolerant.into_skipped();
    assert_eq!((skipped.count, skipped.first.len(), skipped.cut_short.is_empty()), (10, 5, true));
    assert_eq!(skipped.first[1].to_string(), "items.jsonl:4: id: missing, expected it to be there");
    let mut strict = lines().on_bad(OnBad::Fail);
    assert!(strict.next().unwrap().is_err());
    assert!(strict.skipped().is_empty());
}

#[test]
fn a_truncated_stream_cannot_be_skipped_past() {
    let bytes = gzip(&items(0, 5000));
    let cut = std::io::Cursor::new(bytes[..bytes.len() / 2].to_vec());
    let lines = JsonLines::<Item>::new(Source::from_reader("items.jsonl.gz", cut).unwrap());
    let mut tolerant = lines.on_bad(OnBad::Skip);
    let read = tolerant.by_ref().filter(Result::is_ok).count() as u64;
    assert!(read > 0);
    let skipped = tolerant.into_skipped();
    assert!(!skipped.is_empty());
    assert!(matches!(skipped.cut_short[..], [DataError::Damaged { line, .. }] if line == read + 1));
}

proptest! {
    /// Whatever happens to one byte of a plain file, lines before it read as they are, and every error names a line
    /// that exists.
    #[test]
    fn random_damage_never_panics_and_line_numbers_stay_right(at in 0_usize..20_000, byte: u8) {
        let mut bytes: Vec<u8> = (0..40)
            .flat_map(|id| format!("{{\"request_id\":\"r{id}\",\"user\":{{\"id\":\"u\"}},\"candidates\":[{{\"id\":\"a\",\"score\":0.5}},{{\"id\":\"b\",\"features\":{{\"t\":[\"x\"]}}}}]}}\n").into_bytes())
            .collect();
        let at = at % bytes.len();
        let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        bytes[at] = byte;
        let ends = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + u64::from(bytes.last() != Some(&b'\n'));
        let mut last = 0;
        for result in read::<Request>("log.jsonl", &bytes) {
            let number = match result {
                Ok(line) => line.number,
                Err(DataError::Malformed { line, .. } | DataError::Invalid { line, .. }) => line,
                Err(error) => return Err(TestCaseError::fail(error.to_string())),
            };
            prop_assert!(number > last && number <= ends, "{number} after {last} of {ends}");
            last = number;
        }
        prop_assert_eq!(last, ends);
        for line in read::<Request>("log.jsonl", &bytes).into_iter().take(line as usize - 1) {
            let line = line.unwrap();
            prop_assert_eq!(line.value.request_id(), format!("r{}", line.number - 1));
        }
    }

    /// Whatever happens to one byte of a compressed file, reading ends without a panic.
    #[test]
    fn random_damage_of_compressed_files_never_panics(at in 0_usize..100_000, byte: u8) {
        let plain = items(0, 300);
        for mut bytes in [gzip(&plain), zstd::encode_all(&plain[..], 3).unwrap()] {
            let at = at % bytes.len();
            bytes[at] = byte;
            prop_assert!(read::<Item>("items", &bytes).len() <= 3000);
        }
    }
}
