//! Tests of `movielens`: a small log of the true form.

use std::collections::{HashMap, HashSet};
use std::fs;

use super::*;
use crate::DataSet;

/// Two users with lists, 1 and 2, and one with too few ratings; 60 films, of which the last was never rated.
fn files() -> HashMap<&'static str, String> {
    let mut ratings = String::new();
    for user in [1, 2] {
        // Films in a row, those of user 2 from 20 on; every fifth is not wanted. The newest stand first.
        for place in (0..40).rev() {
            let stars = if place % 5 == 0 { 2 } else { 3 + place % 3 };
            ratings += &format!("{user}::{}::{stars}::{}\n", 1 + place + 19 * (user - 1), 1_000 + place / 2);
        }
    }
    ratings += "10::5::4::7\n10::7::1::8\n";
    let films: String =
        (1..=60).map(|film| format!("{film}::Caf\u{e9} {film} ({})::Drama|War\n", 1900 + film)).collect();
    let users = "1::F::1::10::48067\n2::M::56::16::70072\n10::M::25::7::1\n".to_owned();
    HashMap::from([("ratings.dat", ratings), ("movies.dat", films), ("users.dat", users)])
}

/// Writes the files as Latin-1 and converts them.
fn run(files: &HashMap<&str, String>, out: &Path) -> Result<MovieLensSummary, DataError> {
    let src = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let bytes: Vec<u8> = text.chars().map(|c| c as u8).collect();
        fs::write(src.path().join(name), bytes).unwrap();
    }
    let options = MovieLensOptions { slate: 3, candidates: 8, ..Default::default() };
    convert_movielens(src.path(), out, &options)
}

fn impressions(folder: &Path, split: Split) -> Vec<Impression> {
    DataSet::open(folder).unwrap().impressions(split).unwrap().map(|line| line.unwrap().value).collect()
}

#[test]
fn lists_are_the_last_wanted_ratings_in_order_of_time() {
    let out = tempfile::tempdir().unwrap();
    let summary = run(&files(), out.path()).unwrap();
    // 32 wanted ratings a user: the last 6, and 5 of the 26 before them; three lists of three, and two are left over.
    assert_eq!((summary.ratings, summary.history, summary.users, summary.films), (82, 82 - 2 * 11, 3, 59));
    assert_eq!((summary.train, summary.valid, summary.test, summary.shown), (2, 2, 2, 18));
    let all = Split::ALL.into_iter().flat_map(|split| impressions(out.path(), split));
    let shown: HashMap<String, Vec<String>> = all
        .map(|impression| {
            let request = impression.request();
            let id = |exposure: &Exposure| request.candidates()[exposure.candidate].id.clone();
            (request.request_id().to_owned(), impression.shown().iter().map(id).collect())
        })
        .collect();
    // User 1, places 0 to 39: wanted are all but the multiples of five. The last eleven of them: 26 28 29 31 32 33 34 36 37 38 39, for 27
    // is of the same second as 26 and stands before it in the file. Their films are one more. At the same second the lower film
    // is first.
    assert_eq!(shown["1-0"], ["27", "29", "30"]);
    assert_eq!(shown["1-1"], ["32", "33", "34"]);
    assert_eq!(shown["1-2"], ["35", "37", "38"]);
    let last = impressions(out.path(), Split::Test).remove(0);
    assert_eq!(last.request().request_id(), "1-2");
    assert_eq!(last.request().timestamp(), Some(1_017));
    // Stars are 3 + place % 3: of places 26 28 29 31 32 33 all but the last were liked.
    let recent: Vec<String> = ["27", "29", "30", "32", "33"].map(str::to_owned).into();
    assert_eq!(last.request().user().features["recent"], recent.into());
    let likes: Vec<f64> = last.shown().iter().map(|exposure| exposure.feedback["like"]).collect();
    let loves: Vec<f64> = last.shown().iter().map(|exposure| exposure.feedback["love"]).collect();
    assert_eq!((likes, loves), (vec![1.0, 0.0, 1.0], vec![0.0, 0.0, 0.0]));
}

#[test]
fn other_candidates_are_films_of_the_history_that_the_user_never_rated() {
    let out = tempfile::tempdir().unwrap();
    run(&files(), out.path()).unwrap();
    for impression in Split::ALL.into_iter().flat_map(|split| impressions(out.path(), split)) {
        let request = impression.request();
        let shown: HashSet<usize> = impression.shown().iter().map(|exposure| exposure.candidate).collect();
        // User 1 rated films 1 to 40, user 2 films 20 to 59.
        let others = if request.request_id().starts_with("1-") { 41..=59 } else { 1..=19 };
        assert_eq!(request.candidates().len(), 8);
        for (place, candidate) in request.candidates().iter().enumerate() {
            assert!(shown.contains(&place) || others.contains(&candidate.id.parse().unwrap()), "{}", candidate.id);
        }
    }
}

#[test]
fn the_catalog_tells_of_the_history_alone() {
    let out = tempfile::tempdir().unwrap();
    run(&files(), out.path()).unwrap();
    let items = DataSet::open(out.path()).unwrap().items().unwrap().unwrap();
    let items: Vec<Item> = items.map(|line| line.unwrap().value).collect();
    assert_eq!(items.len(), 59);
    let of = |id: &str| &items.iter().find(|item| item.id == id).unwrap().features;
    // Film 5: user 1 gave 4 stars (place 4), user 10 gave 4.
    assert_eq!(of("5")["log_count"], rounded(2.0_f64.ln_1p()).into());
    assert_eq!(of("5")["mean_rating"], 4.0.into());
    assert_eq!(of("5")["year"], 1905.0.into());
    assert_eq!(of("5")["genres"], vec!["Drama".to_owned(), "War".to_owned()].into());
    // Film 59 stands in a list of user 2 or is left over: no history.
    assert_eq!((&of("59")["log_count"], &of("59")["mean_rating"]), (&0.0.into(), &FeatureValue::Missing));
    assert_eq!(of("5").len(), 4 + 16);
}

#[test]
fn the_same_log_gives_the_same_bytes() {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    for out in &folders {
        run(&files(), out.path()).unwrap();
    }
    for name in ["train.jsonl.gz", "valid.jsonl.gz", "test.jsonl.gz", "items.jsonl.gz", "README.md"] {
        let [a, b] = folders.each_ref().map(|out| fs::read(out.path().join(name)).unwrap());
        assert_eq!(a, b, "{name}");
    }
}

#[test]
fn bad_lines_are_told_with_their_place() {
    let problem = |name: &'static str, from: &str, to: &str| {
        let mut files = files();
        let text = files.get_mut(name).unwrap();
        assert!(text.contains(from), "{from}");
        *text = text.replacen(from, to, 1);
        let out = tempfile::tempdir().unwrap();
        let message = run(&files, out.path()).unwrap_err().to_string();
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
        message.rsplit_once('/').unwrap().1.to_owned()
    };
    for (name, from, to, expected) in [
        ("ratings.dat", "1::40::3", "1::40::6", "1: stars: found \"6\", expected 1 to 5"),
        ("ratings.dat", "1::40", "x::40", "1: user: found \"x\", expected a whole number"),
        ("ratings.dat", "1::40", "9::40", "1: user: found \"9\", expected a user of users.dat"),
        ("ratings.dat", "1::40", "1::61", "1: film: found \"61\", expected a film of movies.dat"),
        ("ratings.dat", "1::39", "1::40", "2: film: found \"40\", expected one rating of a film by a user"),
        ("ratings.dat", "::3::1019", "", "1: found 2 cells, expected user::film::stars::time"),
        ("users.dat", "2::M", "1::M", "2: user: found \"1\", expected distinct users"),
        ("movies.dat", "\n2::", "\n1::", "2: film: found \"1\", expected distinct films"),
    ] {
        assert_eq!(problem(name, from, to), format!("{name}:{expected}"));
    }
}

#[test]
fn what_cannot_be_converted_is_told() {
    let out = tempfile::tempdir().unwrap();
    let message = |name: &str| {
        let mut files = files();
        files.remove(name);
        run(&files, out.path()).unwrap_err().to_string()
    };
    assert!(message("users.dat").contains("no users.dat, expected ratings.dat, users.dat and movies.dat"));
    let mut few = files();
    few.insert("ratings.dat", "10::5::4::7\n".to_owned());
    let problem = run(&few, out.path()).unwrap_err().to_string();
    assert!(problem.ends_with("no user has 3 late ratings of three stars or more for a list"), "{problem}");
}
