//! The Yandex result pages, converted: counts of the log, and a split of lists that training never shows.
//!
//! The log has no licence to be passed on. `NAR4REC_YANDEX_SERP` names the folder that holds a copy; without it the test
//! says so and ends.

#![allow(clippy::unwrap_used)]
#![allow(clippy::print_stderr, reason = "a test that is left out says so")]

use std::collections::HashSet;

use nar4rec_data::{
    DataSet, Split, ValidateOptions, YandexSerpOptions, YandexSerpSummary, convert_yandex_serp, validate,
};

/// A converted data set and what the conversion says, if there is a log.
fn converted(options: &YandexSerpOptions) -> Option<(tempfile::TempDir, YandexSerpSummary)> {
    let Some(log) = std::env::var_os("NAR4REC_YANDEX_SERP") else {
        eprintln!("left out: NAR4REC_YANDEX_SERP is not set, expected the folder with serps.tsv.gz");
        return None;
    };
    let out = tempfile::tempdir().unwrap();
    let summary = convert_yandex_serp(log.as_ref(), out.path(), options).unwrap();
    Some((out, summary))
}

#[test]
fn the_test_split_is_the_lists_that_training_never_shows() {
    let Some((out, summary)) = converted(&YandexSerpOptions::default()) else { return };
    assert_eq!((summary.rows, summary.queries, summary.urls), (56_477, 20, 1_301));
    assert_eq!((summary.test.serps, summary.test.lists), (6_746, 554));
    assert_eq!(summary.lists_seen_in_training, 21_413 - 6_746);
    assert_eq!((summary.train.serps + summary.valid.serps, summary.train.lists + summary.valid.lists), (35_064, 951));
    assert!((0.099..=0.1).contains(&(summary.valid.serps as f64 / 35_064.0)), "{}", summary.valid.serps);
    let data = DataSet::open(out.path()).unwrap();
    let report = validate(&data, &ValidateOptions::default()).unwrap();
    assert!(report.is_valid(), "{}", report.to_text());
    let lists = |split| -> HashSet<Vec<String>> {
        let lines = data.impressions(split).unwrap().map(|line| line.unwrap().value);
        let list = lines.map(|impression| {
            let candidates = impression.request().candidates();
            impression.shown().iter().map(|shown| candidates[shown.candidate].id.clone()).collect()
        });
        list.collect()
    };
    let [train, valid, test] = Split::ALL.map(lists);
    assert!(train.is_disjoint(&valid) && train.is_disjoint(&test) && valid.is_disjoint(&test));
}

#[test]
fn the_first_six_positions_and_a_cap_are_lists_too() {
    let options = YandexSerpOptions { slate: 6, most_per_query: Some(2_000), ..Default::default() };
    let Some((_out, summary)) = converted(&options) else { return };
    assert!(summary.beyond_most_per_query > 20_000 && summary.test.serps > 1_000, "{}", summary.to_text());
    let Some((_out, summary)) = converted(&YandexSerpOptions { slate: 6, ..Default::default() }) else { return };
    assert_eq!((summary.test.serps, summary.test.lists), (4_370, 340));
}
