//! MovieLens-1M itself, converted, against the lists that a script of its own made of it. Neither may be passed on, so the test is
//! skipped, and says so, where they are not beside the repository.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may, and says what it skips")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use nar4rec_data::{DataSet, MovieLensOptions, Split, convert_movielens};
use nar4rec_slate::{FeatureValue, Impression};

fn unpacked(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

/// The lists by id: split, shown films with what was done about them, and what is known of the user that does not depend on chance.
fn lists(folder: &Path) -> BTreeMap<String, (Split, Vec<String>, Vec<FeatureValue>)> {
    let data = DataSet::open(folder).unwrap();
    let of = |split| data.impressions(split).unwrap().map(move |line| (split, line.unwrap().value));
    let told = |(split, impression): (Split, Impression)| {
        let request = impression.request();
        let shown = impression
            .shown()
            .iter()
            .map(|exposure| format!("{} {:?}", request.candidates()[exposure.candidate].id, exposure.feedback));
        let known = ["gender", "age", "occupation", "log_history", "recent"];
        let known = known.map(|name| request.user().features[name].clone()).into();
        (request.request_id().to_owned(), (split, shown.collect(), known))
    };
    Split::ALL.into_iter().flat_map(of).map(told).collect()
}

/// How often the score of a shown film is above that of another candidate, 0 to 1.
fn score_tells(folder: &Path) -> f64 {
    let (mut above, mut pairs) = (0.0, 0.0);
    for line in DataSet::open(folder).unwrap().impressions(Split::Test).unwrap() {
        let impression = line.unwrap().value;
        let score = |place: usize| impression.request().candidates()[place].score.unwrap();
        let shown: Vec<usize> = impression.shown().iter().map(|exposure| exposure.candidate).collect();
        let others = (0..impression.request().candidates().len()).filter(|place| !shown.contains(place));
        for other in others {
            above += shown.iter().filter(|place| score(**place) > score(other)).count() as f64;
            pairs += shown.len() as f64;
        }
    }
    above / pairs
}

#[test]
fn the_lists_are_those_of_the_script() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let [ratings, made] = [shared.join("ml-1m/ratings_rebuilt.csv.gz"), shared.join("ml-1m-rerank")];
    if !ratings.exists() || !made.exists() {
        eprintln!("skipped: no {}, MovieLens-1M may not be passed on", ratings.display());
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let [src, out] = ["src", "out"].map(|name| root.path().join(name));
    fs::create_dir(&src).unwrap();
    // The columns are those of ratings.dat; the time is -1 where it is not known, of ratings before all lists.
    let mut text = String::new();
    for row in String::from_utf8(unpacked(&ratings)).unwrap().lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        writeln!(text, "{}", cells[..4].join("::")).unwrap();
    }
    fs::write(src.join("ratings.dat"), text).unwrap();
    for name in ["users.dat.gz", "movies.dat.gz"] {
        fs::copy(shared.join("ml-1m").join(name), src.join(name)).unwrap();
    }
    let summary = convert_movielens(&src, &out, &MovieLensOptions::default()).unwrap();
    assert_eq!((summary.train, summary.valid, summary.test), (36_962, 4_822, 5_755));
    assert_eq!(lists(&out), lists(&made));
    // The factors begin elsewhere, and other candidates are drawn.
    let [ours, theirs] = [score_tells(&out), score_tells(&made)];
    assert!((ours - theirs).abs() < 0.01, "{ours}, {theirs}");
}
