//! The bundled KuaiRand log, converted: counts against the table itself, features against a naive recomputation from
//! strictly earlier views, the same bytes twice, and no error when it is read back.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use nar4rec_data::{
    ConversionSummary, DataSet, KuaiRandOptions, Split, ValidateOptions, convert_kuairand, convert_kuairand_reader,
    validate,
};
use nar4rec_slate::{FeatureValue, Impression};

fn bundled() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/kuairand27k_likehate")
}

/// The data set of the default options, converted once for all tests.
static CONVERTED: LazyLock<(tempfile::TempDir, ConversionSummary)> = LazyLock::new(|| {
    let out = tempfile::tempdir().unwrap();
    let summary = convert_kuairand(&bundled(), out.path(), &KuaiRandOptions::default()).unwrap();
    (out, summary)
});

static IMPRESSIONS: LazyLock<Vec<(Split, Impression)>> = LazyLock::new(|| {
    let data = DataSet::open(CONVERTED.0.path()).unwrap();
    let of = |split| data.impressions(split).unwrap().map(move |line| (split, line.unwrap().value));
    Split::ALL.into_iter().flat_map(of).collect()
});

/// A row of the log, read without the crate's table.
#[derive(Clone)]
struct Row {
    user: String,
    video: String,
    time: u64,
    like: bool,
    long_view: bool,
    play: u64,
    duration: u64,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let file = fs::File::open(bundled().join("processed_standard_kcore_15.tsv.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        Row {
            user: cells[0].to_owned(),
            video: cells[1].to_owned(),
            time: cells[4].parse().unwrap(),
            like: cells[14] == "1",
            long_view: cells[9] == "1",
            play: cells[10].parse().unwrap(),
            duration: cells[11].parse().unwrap(),
        }
    };
    text.lines().skip(1).map(row).collect()
});

/// The first view of each user and video, by time.
fn first_views() -> Vec<Row> {
    let mut rows = ROWS.clone();
    rows.sort_by_key(|row| row.time);
    let mut pairs = HashSet::new();
    rows.retain(|row| pairs.insert((row.user.clone(), row.video.clone())));
    rows
}

#[test]
fn counts_agree_with_the_table() {
    let rows = &*ROWS;
    let summary = &CONVERTED.1;
    let distinct = |key: fn(&Row) -> String| rows.iter().map(key).collect::<BTreeSet<_>>().len() as u64;
    assert_eq!((summary.rows, rows.len()), (41_828, 41_828));
    assert_eq!((summary.users, distinct(|row| row.user.clone())), (664, 664));
    assert_eq!((summary.videos, distinct(|row| row.video.clone())), (9_359, 9_359));
    let moments = distinct(|row| format!("{} {} {}", row.user, row.video, row.time));
    assert_eq!((summary.duplicates, rows.len() as u64 - moments), (124, 124));
    let liked = rows.iter().filter(|row| row.like).map(|row| &row.video).collect::<BTreeSet<_>>().len() as u64;
    assert_eq!((summary.videos_never_liked, summary.videos - liked), (7_505, 7_505));
    assert_eq!((summary.repeats, summary.lists(), summary.views_in_no_list), (309, 5_188, 10_267));
    assert_eq!((summary.train, summary.valid, summary.test), (4_150, 519, 519));
    assert_eq!(moments - summary.repeats, first_views().len() as u64);
}

#[test]
fn what_is_written_reads_back_without_error_and_agrees_with_the_summary() {
    let (out, summary) = &*CONVERTED;
    let report = validate(&DataSet::open(out.path()).unwrap(), &ValidateOptions::default()).unwrap();
    assert!(report.is_valid(), "{}", report.to_text());
    let lists: Vec<u64> = report.splits.iter().map(|split| split.lists).collect();
    assert_eq!(lists, [summary.train, summary.valid, summary.test]);
    assert_eq!(report.catalog.as_ref().map(|catalog| catalog.items), Some(summary.videos));
    for split in &report.splits {
        let (shown, candidates) = (split.shown.unwrap(), split.candidates.unwrap());
        assert_eq!((shown.min, shown.max, candidates.min, candidates.max), (6.0, 6.0, 30.0, 30.0));
        assert_eq!(split.candidates_in_catalog, Some(1.0));
        assert_eq!(split.feedback.len(), 8);
    }
    assert_eq!(report.warnings, [] as [&str; 0]);
    let share = summary.train as f64 / summary.lists() as f64;
    assert!((0.79..0.82).contains(&share), "{share}");
    let views = summary.rows - summary.duplicates - summary.repeats;
    let slates = summary.lists() + summary.lists_short_of_candidates;
    assert_eq!(slates * 6 + summary.views_in_no_list, views);
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_does_not() {
    let again = tempfile::tempdir().unwrap();
    let log = fs::File::open(bundled().join("processed_standard_kcore_15.tsv.gz")).unwrap();
    convert_kuairand_reader("log", log, again.path(), &KuaiRandOptions::default()).unwrap();
    for name in ["train.jsonl.gz", "valid.jsonl.gz", "test.jsonl.gz", "items.jsonl.gz", "README.md"] {
        let read = |folder: &Path| fs::read(folder.join(name)).unwrap();
        assert!(read(CONVERTED.0.path()) == read(again.path()), "{name}");
    }
    let fingerprint = |folder: &Path| DataSet::open(folder).unwrap().fingerprint().unwrap();
    assert_eq!(fingerprint(CONVERTED.0.path()), fingerprint(again.path()));
    convert_kuairand(&bundled(), again.path(), &KuaiRandOptions { seed: 1, ..Default::default() }).unwrap();
    assert_ne!(fingerprint(CONVERTED.0.path()), fingerprint(again.path()));
}

#[test]
fn shown_lists_are_the_users_consecutive_first_views_within_a_day() {
    let mut by_user: HashMap<String, Vec<Row>> = HashMap::new();
    for row in first_views() {
        by_user.entry(row.user.clone()).or_default().push(row);
    }
    for (_, impression) in IMPRESSIONS.iter() {
        let request = impression.request();
        let views = &by_user[request.user().id.as_deref().unwrap()];
        let ids: Vec<&str> =
            impression.shown().iter().map(|shown| request.candidates()[shown.candidate].id.as_str()).collect();
        let from = views.iter().position(|row| row.video == ids[0]).unwrap();
        let block = &views[from..from + 6];
        assert!(block.iter().map(|row| row.video.as_str()).eq(ids.iter().copied()), "{}", request.request_id());
        assert!(block[5].time - block[0].time <= 86_400_000);
        assert_eq!(request.timestamp(), Some((block[0].time / 1000) as i64));
        for (row, shown) in block.iter().zip(impression.shown()) {
            assert_eq!(shown.feedback["like"] == 1.0, row.like);
            assert_eq!(shown.feedback["long_view"] == 1.0, row.long_view);
            let ratio = (row.duration > 0).then(|| (row.play as f64 / row.duration as f64).min(1.0));
            assert_eq!(shown.feedback.contains_key("play_ratio"), ratio.is_some());
            assert!(ratio.is_none_or(|ratio| (ratio - shown.feedback["play_ratio"]).abs() < 1e-4));
        }
    }
}

#[test]
fn other_candidates_are_strangers_to_the_user_watched_by_others_within_the_day() {
    let rows = first_views();
    let own: HashSet<(&str, &str)> = rows.iter().map(|row| (row.user.as_str(), row.video.as_str())).collect();
    for (_, impression) in IMPRESSIONS.iter().step_by(97) {
        let request = impression.request();
        let user = request.user().id.as_deref().unwrap();
        let start = request.timestamp().unwrap() as u64 * 1000;
        let watched: HashSet<&str> = rows
            .iter()
            .filter(|row| row.time >= start && row.time <= start + 86_401_000)
            .map(|row| row.video.as_str())
            .collect();
        let shown: HashSet<usize> = impression.shown().iter().map(|shown| shown.candidate).collect();
        for (index, candidate) in request.candidates().iter().enumerate() {
            let id = candidate.id.as_str();
            assert_eq!(own.contains(&(user, id)), shown.contains(&index));
            assert!(watched.contains(id), "{id} in {}", request.request_id());
        }
    }
}

#[test]
fn scores_and_features_are_those_of_strictly_earlier_views() {
    let rows = first_views();
    for (_, impression) in IMPRESSIONS.iter().step_by(211) {
        let request = impression.request();
        let first = &request.candidates()[impression.shown()[0].candidate].id;
        let user = request.user().id.as_deref().unwrap();
        let time = rows.iter().find(|row| row.user == user && row.video == *first).unwrap().time;
        let past: Vec<&Row> = rows.iter().filter(|row| row.time < time).collect();
        let recent: Vec<String> =
            past.iter().filter(|row| row.user == user && row.like).map(|row| row.video.clone()).collect();
        let recent = recent[recent.len().saturating_sub(20)..].to_vec();
        assert_eq!(request.user().features["recent"], FeatureValue::List(recent.clone()));
        for candidate in request.candidates() {
            let wanted = naive_score(&past, &recent, &candidate.id);
            assert!((candidate.score.unwrap() - wanted).abs() < 1e-4, "{} {wanted}", request.request_id());
            let views = past.iter().filter(|row| row.video == candidate.id).count() as f64;
            assert_near(&candidate.features["log_views"], views.ln_1p());
            let rate = naive_rate(&past, &candidate.id, |row| &row.video);
            assert_near(&candidate.features["like_rate"], rate);
            let age = past.iter().find(|row| row.video == candidate.id).map(|row| (time - row.time) as f64 / 3.6e6);
            match age {
                Some(age) => assert_near(&candidate.features["hours_since_first_view"], age),
                None => assert_eq!(candidate.features["hours_since_first_view"], FeatureValue::Missing),
            }
        }
        assert_near(&request.user().features["like_rate"], naive_rate(&past, user, |row| &row.user));
    }
}

fn assert_near(value: &FeatureValue, wanted: f64) {
    let FeatureValue::Number(value) = value else { panic!("{value:?}, expected {wanted}") };
    assert!((value - wanted).abs() < 1e-4, "{value}, expected {wanted}");
}

fn naive_rate(past: &[&Row], key: &str, of: fn(&Row) -> &String) -> f64 {
    let own: Vec<_> = past.iter().filter(|row| of(row) == key).collect();
    let likes = own.iter().filter(|row| row.like).count() as f64;
    let prior = (past.iter().filter(|row| row.like).count() as f64 + 1.0) / (past.len() as f64 + 2.0);
    (likes + 5.0 * prior) / (own.len() as f64 + 5.0)
}

fn naive_score(past: &[&Row], recent: &[String], video: &str) -> f64 {
    let likers = |video: &str| -> BTreeSet<&str> {
        past.iter().filter(|row| row.like && row.video == video).map(|row| row.user.as_str()).collect()
    };
    let own = likers(video);
    let cosine = |other: &String| {
        let other = likers(other);
        own.intersection(&other).count() as f64 / ((own.len() * other.len()) as f64).sqrt()
    };
    if own.is_empty() { 0.0 } else { recent.iter().map(cosine).sum() }
}

#[test]
fn splits_follow_each_other_in_time() {
    let mut ranges: BTreeMap<Split, (i64, i64)> = BTreeMap::new();
    for (split, impression) in IMPRESSIONS.iter() {
        let time = impression.request().timestamp().unwrap();
        let range = ranges.entry(*split).or_insert((time, time));
        *range = (range.0.min(time), range.1.max(time));
    }
    assert!(ranges[&Split::Train].1 <= ranges[&Split::Valid].0);
    assert!(ranges[&Split::Valid].1 <= ranges[&Split::Test].0);
}

#[test]
fn the_upstream_order_and_novelty_are_what_the_page_says() {
    let (mut new_shown, mut new_others, mut better, mut pairs) = (0.0, 0.0, 0.0, 0.0);
    let test: Vec<_> = IMPRESSIONS.iter().filter(|(split, _)| *split == Split::Test).collect();
    for (_, impression) in &test {
        let candidates = impression.request().candidates();
        let mut liked = vec![None; candidates.len()];
        for shown in impression.shown() {
            liked[shown.candidate] = Some(shown.feedback["like"] == 1.0);
        }
        for (candidate, liked) in candidates.iter().zip(&liked) {
            let new = f64::from(candidate.features["log_views"] == FeatureValue::Number(0.0));
            if liked.is_some() { new_shown += new / 6.0 } else { new_others += new / 24.0 }
        }
        let of = |wanted: bool| {
            candidates.iter().zip(&liked).filter(move |(_, liked)| (**liked == Some(true)) == wanted).map(|(c, _)| c)
        };
        for good in of(true) {
            for other in of(false) {
                pairs += 1.0;
                better += match good.score.unwrap().total_cmp(&other.score.unwrap()) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
    }
    let lists = test.len() as f64;
    let (new_shown, new_others, auc) = (new_shown / lists, new_others / lists, better / pairs);
    assert!((0.30..0.45).contains(&new_shown) && (0.30..0.45).contains(&new_others), "{new_shown} {new_others}");
    assert!((0.65..0.85).contains(&auc), "{auc}");
}
