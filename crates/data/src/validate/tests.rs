//! Tests of `validate`.

use std::fmt::Write as _;
use std::fs;

use super::*;

fn check(files: &[(&str, &str)], options: &ValidateOptions) -> ValidationReport {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let mut report = validate(&DataSet::open(folder.path()).unwrap(), options).unwrap();
    let prefix = format!("{}/", folder.path().display());
    for text in report.errors.iter_mut().chain(&mut report.warnings) {
        *text = text.replace(&prefix, "");
    }
    report
}

/// A list of two candidates, the first of them shown.
fn list(id: &str, time: i64, features: &str, feedback: &str) -> String {
    format!(
        "{{\"request_id\":\"{id}\",\"timestamp\":{time},\"user\":{{\"id\":\"u{id}\",\"features\":{{{features}}}}},\
         \"candidates\":[{{\"id\":\"a\",\"score\":1}},{{\"id\":\"b{id}\",\"score\":0,\"features\":{{\"age\":{time}}}}}],\
         \"shown\":[{{\"id\":\"a\",\"feedback\":{{{feedback}}}}}]}}\n"
    )
}

#[test]
fn a_clean_data_set_is_counted() {
    let train = list("1", 10, "\"g\":\"F\",\"x\":null", "\"click\":1") + &list("2", 20, "\"g\":\"M\"", "\"click\":0");
    let files = [
        ("train.jsonl", train.as_str()),
        ("valid.jsonl", &list("3", 30, "", "\"click\":1")),
        ("test.jsonl", &list("4", 40, "", "\"click\":1")),
        ("items.jsonl", "{\"id\":\"a\",\"features\":{\"tags\":[\"x\",\"y\"]}}\n{\"id\":\"z\"}\n"),
    ];
    let report = check(&files, &ValidateOptions::default());
    assert!(report.is_valid());
    let split = &report.splits[0];
    assert_eq!((split.lists, split.bad_lines, split.time), (2, 0, Some(TimeRange { first: 10, last: 20 })));
    assert_eq!(split.candidates, Some(NumberRange { count: 2, min: 2.0, mean: 2.0, max: 2.0 }));
    assert_eq!(split.candidates_in_catalog, Some(0.5));
    let clicks = NumberRange { count: 2, min: 0.0, mean: 0.5, max: 1.0 };
    assert_eq!(split.feedback, [KindReport { kind: "click".into(), values: clicks }]);
    assert_eq!((report.users.count, report.candidate_items.count, report.requests.count), (4, 5, 4));
    assert_eq!(report.catalog, Some(CatalogReport { items: 2, bad_lines: 0 }));
    let features: Vec<_> = report
        .features
        .iter()
        .map(|feature| {
            (feature.level, feature.name.as_str(), feature.kind, feature.missing_share, feature.distinct.count)
        })
        .collect();
    let wanted = [
        (Level::User, "g", "a string", 0.5, 2),
        (Level::User, "x", "null", 1.0, 0),
        (Level::Item, "tags", "a list of strings", 0.5, 2),
        (Level::Candidate, "age", "a number", 0.5, 4),
    ];
    assert_eq!(features, wanted);
    let half = |split| format!("{split}: 50.00 % of the candidates are not in the catalog");
    assert_eq!(report.warnings, ["train", "valid", "test"].map(half));
    let text = report.to_text();
    assert!(
        text.starts_with("train       2 lists, 2 candidates, 1 shown, 50.0 % of candidates in the catalog"),
        "{text}"
    );
    assert!(text.contains("  click          mean 0.5000 on 2 shown items, 0 to 1\n"), "{text}");
    assert!(text.ends_with("0 errors, 3 warnings\n"), "{text}");
    assert!(serde_json::to_string(&report).unwrap().contains("\"split\":\"train\""));
}

#[test]
fn what_looks_wrong_is_warned_of() {
    let nothing = "{\"request_id\":\"9\",\"candidates\":[{\"id\":\"a\"}],\"shown\":[{\"id\":\"a\"}]}\n";
    let partly = "{\"request_id\":\"8\",\"timestamp\":1650000000000,\"candidates\":[{\"id\":\"a\"},{\"id\":\"b\",\"score\":1}],\
                  \"shown\":[{\"id\":\"a\",\"feedback\":{\"like\":1}}]}\n";
    let train = list("1", 50, "", "\"click\":1") + &list("1", 10, "", "\"click\":0");
    let files = [
        ("train.jsonl", train.as_str()),
        ("test.jsonl", &format!("{}{nothing}{partly}", list("3", 30, "", "\"click\":1"))),
    ];
    let wanted = [
        "valid: there is no such split",
        "test: 1 of 3 lists have no timestamp",
        "test: 1 of 3 lists have no score on any candidate",
        "test: 1 of 3 lists have a score on some candidates and none on others",
        "test: 1 of 3 lists show all their candidates, so that only the order can be learnt from them",
        "test: 1 of 3 lists have no feedback on any shown item",
        "test: timestamps look like milliseconds, expected seconds since 1970",
        "test starts at 30, before train ends at 50: the figures are not those of a forecast",
        "train: feedback `like` never occurs, but does in another split",
        "request_id: 1 lines repeat an earlier request_id, the first is \"1\" at train.jsonl:2",
    ];
    let report = check(&files, &ValidateOptions::default());
    assert_eq!(report.warnings, wanted);
    assert!(report.is_valid());
}

#[test]
fn a_feature_that_changes_its_kind_is_told_with_both_lines() {
    let train = list("1", 1, "\"x\":1", "") + &list("2", 2, "\"x\":\"one\"", "") + &list("3", 3, "\"x\":\"two\"", "");
    let items = "{\"id\":\"a\",\"features\":{\"age\":\"old\"}}\n";
    let report = check(&[("train.jsonl", &train), ("items.jsonl", items)], &ValidateOptions::default());
    let wanted = [
        "train.jsonl:1: candidates[1].features.age: found a number, expected a string as on items.jsonl:1",
        "train.jsonl:2: user.features.x: found a string, expected a number as on train.jsonl:1",
    ];
    assert_eq!(report.errors, wanted);
    assert_eq!(report.error_count, 5);
}

#[test]
fn errors_are_listed_up_to_a_limit_and_counted_beyond() {
    let mut train = list("1", 1, "", "");
    for _ in 0..10 {
        train += "{}\n";
    }
    let report = check(&[("train.jsonl", &train)], &ValidateOptions { max_errors: 3, ..Default::default() });
    assert_eq!((report.errors.len(), report.error_count, report.splits[0].bad_lines), (3, 10, 10));
    assert_eq!(report.errors[0], "train.jsonl:2: request_id: missing, expected it to be there");
    let text = report.to_text();
    assert!(text.contains("and 7 more errors\n10 errors, "), "{text}");
}

#[test]
fn counting_stops_at_the_limits() {
    let mut train = String::new();
    for id in 0..50 {
        let features = format!("\"n{id}\":1,\"a\":{id}");
        let feedback = format!("\"k{id}\":1");
        let _ = write!(train, "{}", list(&id.to_string(), id, &features, &feedback));
    }
    let options = ValidateOptions { max_distinct: 20, max_ids: 30, max_names: 5, ..Default::default() };
    let report = check(&[("train.jsonl", &train)], &options);
    assert_eq!(report.users.to_string(), "≥ 30");
    assert_eq!(report.features[0].distinct, Distinct { count: 20, or_more: true });
    assert_eq!(report.features.iter().filter(|feature| feature.level == Level::User).count(), 5);
    assert_eq!(report.splits[0].feedback.len(), 5);
    assert!(report.names_left_out && report.splits[0].kinds_left_out);
}

#[test]
fn a_truncated_file_is_an_error_of_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train.jsonl.gz");
    let mut writer = crate::JsonLinesWriter::create(&path).unwrap();
    for id in 0..2000 {
        let line = list(&id.to_string(), id, "", "");
        writer.write(&serde_json::from_str::<Impression>(&line).unwrap()).unwrap();
    }
    writer.finish().unwrap();
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let report = validate(&DataSet::open(folder.path()).unwrap(), &ValidateOptions::default()).unwrap();
    assert_eq!(report.error_count, 1);
    assert!(report.splits[0].lists > 100);
    assert!(report.errors[0].contains("the gzip stream is truncated or damaged"), "{}", report.errors[0]);
}
