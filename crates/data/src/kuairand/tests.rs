//! Tests of `kuairand`.

use std::fs;

use super::*;

const HEADER: &str = "user_id\tvideo_id\ttime_ms\tlabel\tis_click\tlong_view\tis_follow\tis_comment\tis_forward\t\
                      is_profile_enter\tplay_time_ms\tduration_ms";

const HOUR: u64 = 3_600_000;

/// A liked view.
fn row(user: &str, video: &str, time_ms: u64) -> String {
    format!("{user}\t{video}\t{time_ms}\t1\t0\t0\t0\t0\t0\t0\t3000\t6000")
}

fn small() -> KuaiRandOptions {
    KuaiRandOptions { slate: 2, candidates: 3, ..Default::default() }
}

fn run(rows: &[String], out: &Path) -> Result<ConversionSummary, DataError> {
    let text = format!("{HEADER}\n{}\n", rows.join("\n"));
    convert_kuairand_reader("log.tsv", std::io::Cursor::new(text), out, &small())
}

fn problem(rows: &[String]) -> String {
    let out = tempfile::tempdir().unwrap();
    let message = run(rows, out.path()).unwrap_err().to_string();
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
    message
}

fn log(text: &str) -> Log {
    let source = Source::from_reader("log.tsv", std::io::Cursor::new(text.to_owned())).unwrap();
    Log::read(source).unwrap()
}

#[test]
fn blocks_that_span_more_than_the_window_are_no_lists() {
    let times = [0, 1, 2, 40, 41, 100, 110].map(|hours| hours * HOUR);
    let rows: Vec<String> =
        times.iter().enumerate().map(|(video, &time)| row("u", &format!("v{video}"), time)).collect();
    let log = log(&format!("{HEADER}\n{}", rows.join("\n")));
    let found: Vec<Vec<usize>> = lists::slates(&log, 2, 24 * HOUR).into_iter().map(|slate| slate.views).collect();
    assert_eq!(found, [[0, 1], [3, 4], [5, 6]]);
}

#[test]
fn duplicates_and_repeats_are_left_out_and_rows_are_put_in_order() {
    let rows = [row("u", "b", 9), row("u", "a", 5), row("u", "a", 5), row("u", "a", 7), row("w", "a", 7)];
    let log = log(&format!("{HEADER}\n{}", rows.join("\n")));
    assert_eq!((log.rows, log.duplicates, log.repeats), (5, 1, 1));
    let views: Vec<_> = log.views.iter().map(|view| (log.videos[view.video].as_str(), view.time_ms)).collect();
    assert_eq!(views, [("a", 5), ("a", 7), ("b", 9)]);
}

#[test]
fn a_list_with_too_few_others_is_left_out_and_counted() {
    let rows = [row("u", "a", 0), row("u", "b", HOUR), row("w", "c", 2 * HOUR), row("w", "d", 3 * HOUR)];
    let out = tempfile::tempdir().unwrap();
    let summary = run(&rows, out.path()).unwrap();
    assert_eq!((summary.lists(), summary.lists_short_of_candidates, summary.views_in_no_list), (1, 1, 0));
    assert_eq!((summary.shown, summary.liked), (2, 2));
    assert!(summary.to_text().starts_with("4 rows: 2 users, 4 videos; 0 duplicates"), "{}", summary.to_text());
}

#[test]
fn bad_rows_are_told_with_line_and_column() {
    let good = row("u", "a", 0);
    let bad = |from: &str, to: &str| problem(&[good.clone(), good.replacen(from, to, 1)]);
    assert_eq!(bad("\t1\t", "\t2\t"), "log.tsv:3: label: found \"2\", expected 0 or 1");
    let whole = "expected a whole number of milliseconds, 0 to 2^53";
    assert_eq!(bad("\t6000", "\tlong"), format!("log.tsv:3: duration_ms: found \"long\", {whole}"));
    assert_eq!(
        bad("\t6000", "\t9999999999999999999"),
        format!("log.tsv:3: duration_ms: found \"9999999999999999999\", {whole}")
    );
    assert_eq!(bad("u\t", "\t"), "log.tsv:3: user_id: empty, expected an id");
    assert_eq!(bad("\t6000", ""), "log.tsv:3: found 11 columns, expected 12 as in line 1");
    assert_eq!(problem(&[good]), "log.tsv:2: no user has 2 views within 24 hours");
}

#[test]
fn a_log_of_another_form_is_told() {
    let out = tempfile::tempdir().unwrap();
    let convert = |text: &'static str| {
        convert_kuairand_reader("log.tsv", text.as_bytes(), out.path(), &small()).unwrap_err().to_string()
    };
    assert_eq!(convert(""), "log.tsv:1: the file is empty, expected a line with the names of the columns");
    let columns = HEADER.replace('\t', ", ");
    assert_eq!(
        convert("user_id,video_id\n"),
        format!("log.tsv:1: user_id: no such column, expected the tab-separated columns {columns}")
    );
}

#[test]
fn a_folder_must_hold_one_log() {
    let (src, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let problem = || convert_kuairand(src.path(), out.path(), &small()).unwrap_err().to_string();
    assert!(problem().ends_with("no log, expected a .tsv or .tsv.gz file"));
    fs::write(src.path().join("a.tsv"), "").unwrap();
    fs::write(src.path().join("b.tsv.gz"), "").unwrap();
    assert!(problem().ends_with("2 .tsv files, expected one"));
    let message = convert_kuairand(Path::new("no/such.tsv"), out.path(), &small()).unwrap_err().to_string();
    assert!(message.starts_with("no/such.tsv: cannot open: "), "{message}");
}

#[test]
fn a_folder_with_another_form_of_a_split_is_refused_before_anything_is_written() {
    let out = tempfile::tempdir().unwrap();
    fs::write(out.path().join("train.jsonl"), "").unwrap();
    let rows = [row("u", "a", 0), row("u", "b", 1), row("w", "c", 2)];
    let message = run(&rows, out.path()).unwrap_err().to_string();
    assert!(message.ends_with("holds train.jsonl already, expected no other form of train.jsonl.gz"), "{message}");
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1);
}

#[test]
fn options_outside_their_range_are_told() {
    let problem = |options: KuaiRandOptions| options.check().unwrap_err().to_string();
    let default = KuaiRandOptions::default;
    assert_eq!(problem(KuaiRandOptions { slate: 0, ..default() }), "slate: found 0, expected at least 1");
    assert_eq!(problem(KuaiRandOptions { candidates: 5, ..default() }), "candidates: found 5, expected 6 to 4096");
    assert_eq!(
        problem(KuaiRandOptions { train_share: f64::NAN, ..default() }),
        "train_share: found NaN, expected 0 to 1"
    );
    assert_eq!(
        problem(KuaiRandOptions { valid_share: 0.5, ..default() }),
        "valid_share: found 0.5, expected at most 1 - train_share"
    );
}
