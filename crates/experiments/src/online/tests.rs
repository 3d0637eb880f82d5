//! Figures by hand, and a small test from its first night to its report.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use nar4rec_data::{JsonLines, OnBad};
use nar4rec_simulator::{SimulatorConfig, SplitBy, simulate};
use nar4rec_slate::{Impression, Permutation};
use tempfile::TempDir;

use super::{day::carried_over, *};
use crate::{
    Experiment, Plan,
    made::{self, Counter},
};

#[test]
fn what_is_carried_over_is_counted_by_place() {
    let of = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect::<HashSet<String>>();
    // Two lists of query 1 yesterday, [a, b] and [b, c]; one of query 2; none of query 3.
    let yesterday = HashMap::from([("1".to_owned(), of(&["a", "b", "c"])), ("2".to_owned(), of(&["x", "y"]))]);
    let today: [(&str, &[&str]); 4] = [("1", &["a", "d"]), ("1", &["c", "b"]), ("2", &["z", "w"]), ("3", &["a", "b"])];
    assert_eq!(carried_over(today.into_iter(), &yesterday), Some(3.0 / 6.0));
    assert_eq!(carried_over([today[3]].into_iter(), &yesterday), None);
    assert_eq!(carried_over(today.into_iter(), &HashMap::new()), None);
}

/// A day of two measures, click and utility, with these lists and sums of queries 1, 2, …
fn day(arm: &str, day: u64, queries: &[(u64, [f64; 2])], expected: [f64; 2]) -> Day {
    let tally = |&(lists, sums): &(u64, [f64; 2])| QueryTally { lists, sums: sums.to_vec() };
    let lists = queries.iter().map(|(lists, _)| lists).sum();
    Day {
        arm: arm.to_owned(),
        seed: 1,
        day,
        lists,
        figures: BTreeMap::from([("optimum".to_owned(), 0.5), ("click / list".to_owned(), 0.25 * day as f64)]),
        measures: vec!["click".to_owned(), "utility".to_owned()],
        queries: (1..).map(|query: u64| query.to_string()).zip(queries.iter().map(tally)).collect(),
        expected: expected.to_vec(),
        config: String::new(),
    }
}

#[test]
fn a_lift_is_of_lists_of_all_days_that_both_arms_have() {
    let days = [
        day("a", 1, &[(2, [2.0, 4.0]), (2, [4.0, 4.0])], [1.0, 2.0]),
        day("b", 1, &[(1, [2.0, 3.0]), (1, [4.0, 3.0])], [2.0, 3.0]),
        day("a", 2, &[(4, [2.0, 8.0])], [1.0, 2.0]),
        day("b", 2, &[(2, [2.0, 5.0]), (4, [4.0, 13.0])], [1.5, 3.0]),
        day("a", 3, &[(9, [9.0, 9.0])], [9.0, 9.0]),
    ];
    let summary = OnlineSummary::new(&days, 6).unwrap();
    assert_eq!((summary.arms.join(" "), summary.daily_lists), ("a b".to_owned(), 6));
    assert_eq!(summary.columns, ["optimum", "click / list"]);
    let lines: Vec<_> = summary.days.iter().map(|line| (line.arm.as_str(), line.day, line.lists)).collect();
    assert_eq!(lines, [("a", 1, 4), ("a", 2, 4), ("a", 3, 9), ("b", 1, 2), ("b", 2, 6)]);
    let clicks: Vec<f64> = summary.days.iter().map(|line| line.values[1].unwrap().mean).collect();
    assert_eq!(clicks, [0.25, 0.5, 0.75, 0.25, 0.5]);
    let [click, utility] = &summary.lifts[..] else { panic!("one arm in two measures") };
    assert_eq!((click.arm.as_str(), click.measure.as_str(), utility.measure.as_str()), ("b", "click", "utility"));
    // Clicks: 8 of 8 lists against 12 of 8. Utility: 16 of 8 against 24 of 8. The third day has no arm b.
    assert_eq!((click.control, click.value, utility.control, utility.value), (1.0, 1.5, 2.0, 3.0));
    assert_eq!((click.lift.unwrap()[0], utility.lift.unwrap()[0]), (0.5, 0.5));
    // Expected clicks of b: (2 · 2 + 6 · 1.5) / 8 = 1.625 against 1.
    assert_eq!((click.truth, utility.truth), (Some(0.625), Some(0.5)));
}

#[test]
fn one_arm_alone_has_days_and_no_lift() {
    let summary = OnlineSummary::new(&[day("a", 1, &[(1, [1.0, 1.0])], [1.0, 1.0])], 2).unwrap();
    assert!(summary.lifts.is_empty() && summary.days.len() == 1);
    assert!(summary.to_markdown((&experiment()).into()).contains("Days 1 to 1 of 2 requests each"), "of both arms");
    let none = OnlineSummary::new(&[], 2).unwrap();
    assert!(none.to_markdown((&experiment()).into()).contains("Nothing is done yet"));
}

fn experiment() -> Experiment {
    Experiment::named("online").unwrap()
}

fn systems() -> Variants {
    let Plan::Online(systems) = experiment().plan else { panic!("online is an A/B test") };
    systems
}

fn named(names: &[&str]) -> Vec<Variant> {
    arms(systems(), &names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap()
}

#[test]
fn the_control_is_the_arm_that_is_named_first() {
    let names = |arms: Vec<Variant>| arms.into_iter().map(|arm| arm.name).collect::<Vec<_>>();
    assert_eq!(names(named(&[])), ["edge_rerank", "nar4rec"]);
    assert_eq!(names(named(&["nar4rec", "upstream", "prm"])), ["nar4rec", "upstream", "prm"]);
    assert!(
        arms(systems(), &["nobody".to_owned()]).unwrap_err().to_string().contains("no variant is named \"nobody\"")
    );
}

/// A simulated log of 15 queries with 10 sessions each.
fn log() -> TempDir {
    let (source, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    made::collection(source.path());
    let config =
        SimulatorConfig { split: SplitBy::Sessions, sessions: 10, list_length: 3, ..SimulatorConfig::default() };
    simulate(source.path(), out.path(), &config, |_| ()).unwrap();
    out
}

const CONFIG: &str = "relevance = 'click'\n[generator]\nlist_length = 3\nwidth = 8\nlayers = 1\nheads = 2\nfeed_forward = 8\n\
    [evaluator]\nwidth = 8\nlayers = 1\nheads = 2\nfeed_forward = 8\nfeedback = [{ name = 'click' }, { name = 'long_view' }, { name = 'like' }]\n\
    [systems.edge_rerank]\nwidth = 8\nheads = 2\nhidden = [8]\n[training.system]\nepochs = 1\nbatch_size = 32\n\
    [training.generator]\nepochs = 1\nbatch_size = 32\n[training.evaluator]\nepochs = 1\nbatch_size = 32\n";

/// Runs days of 40 requests; gives how it ended and the reports.
fn run(log: &Path, out: &Path, (names, days): (&[&str], u64), watcher: &mut Counter) -> (Done, [String; 3]) {
    let data = DataSet::open(log).unwrap();
    let truth = known_user(&data).unwrap();
    let config = Config::from_toml(CONFIG).unwrap();
    let arms = named(names);
    let online = Online {
        data: &data,
        truth: &truth,
        config: &config,
        arms: &arms,
        seeds: &[1],
        days,
        daily_lists: 40,
        split: Split::Test,
        on_bad: OnBad::Fail,
        isa: Isa::detect(),
    };
    let store = Store::open(out, "online", online.settings(), &data.fingerprint().unwrap()).unwrap();
    let mut told = [(); 3].map(|()| String::new());
    let done = online.run(&store, watcher, |days| {
        let (summary, about) = (OnlineSummary::new(days, online.daily_lists)?, experiment());
        told =
            [summary.to_markdown((&about).into()), summary.to_json((&about).into()), summary.to_html((&about).into())?];
        Ok(())
    });
    (done.unwrap(), told)
}

/// Every file of a folder but the metrics of trainings, with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            files.extend(
                self::files(&entry)
                    .into_iter()
                    .map(|(name, bytes)| (Path::new(entry.file_name().unwrap()).join(name), bytes)),
            );
        } else {
            files.insert(entry.file_name().unwrap().into(), fs::read(&entry).unwrap());
        }
    }
    files.retain(|name, _| !name.to_string_lossy().ends_with(".metrics.jsonl"));
    files
}

const BOTH: [&str; 2] = ["edge_rerank", "nar4rec"];

#[test]
fn a_test_that_was_stopped_goes_on_and_ends_in_the_same_bytes() {
    let log = log();
    let [whole, parts] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let (done, expected) = run(log.path(), whole.path(), (&BOTH, 2), &mut Counter::default());
    assert_eq!(done, Done::All);

    // The second night's first training, and then the first day's second, which has to be found again.
    let mut stopped = Counter { stop_in: Some(3), ..Counter::default() };
    assert_eq!(run(log.path(), parts.path(), (&BOTH, 2), &mut stopped).0, Done::Stopped);
    assert!(parts.path().join("models/edge_rerank-s1-d2.checkpoint").exists());
    fs::remove_file(parts.path().join("outcomes/nar4rec-s1-d1.json")).unwrap();
    fs::remove_file(parts.path().join("logs/nar4rec-s1/day-1.jsonl.gz")).unwrap();
    let mut resumed = Counter::default();
    let (done, told) = run(log.path(), parts.path(), (&BOTH, 2), &mut resumed);
    assert_eq!(
        (done, resumed.done_before, resumed.trainings),
        (Done::All, 1, 2),
        "the model of the first day is there"
    );
    assert!(told == expected);
    let [whole, parts] = [whole, parts].map(|folder| files(folder.path()));
    assert!(whole.keys().eq(parts.keys()), "{:?}\n{:?}", whole.keys(), parts.keys());
    let differs: Vec<_> = whole.iter().filter(|(name, bytes)| parts[*name] != **bytes).map(|(name, _)| name).collect();
    assert!(differs.is_empty(), "{differs:?}");
    for gone in ["models/edge_rerank-s1-d1", "models/nar4rec-s1-d1", "nights/"] {
        assert!(!whole.keys().any(|name| name.to_string_lossy().starts_with(gone)), "{gone}");
    }
    assert!(whole.contains_key(Path::new("models/nar4rec-s1-d2/config.json")));
    // On the second night an arm learns from the log and from what it showed itself.
    let of_log = known_user(&DataSet::open(log.path()).unwrap()).unwrap().summary().lists_by_split[0];
    for arm in BOTH {
        let read = |file: String| serde_json::from_slice::<serde_json::Value>(&whole[Path::new(&file)]).unwrap();
        let learned = read(format!("models/{arm}-s1-d2/manifest.json"))["provenance"]["data"]["lists"].as_u64();
        let shown = read(format!("outcomes/{arm}-s1-d1.json"))["lists"].as_u64().unwrap();
        assert!(shown > 0 && learned == Some(of_log + shown), "{arm}: {learned:?}");
    }
}

#[test]
fn more_days_are_added_to_those_that_are_there() {
    let (log, out) = (log(), tempfile::tempdir().unwrap());
    let names = ["upstream", "popularity"];
    run(log.path(), out.path(), (&names, 1), &mut Counter::default());
    let mut more = Counter::default();
    let (_, [markdown, json, html]) = run(log.path(), out.path(), (&names, 3), &mut more);
    assert_eq!((more.done_before, more.trainings), (2, 0), "orders need no training");
    let summary: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(summary["summary"]["days"].as_array().unwrap().len(), 6);
    assert!(markdown.contains("Days 1 to 3 of 40 requests each; seed 1; the control is upstream"), "{markdown}");
    assert!(markdown.contains("\n| popularity | 3 |") && markdown.contains("\n| popularity | utility |"), "{markdown}");
    assert!(html.contains("popularity, day 2"), "{html}");
}

#[test]
fn what_is_kept_of_a_day_is_what_the_users_did() {
    let (log, out) = (log(), tempfile::tempdir().unwrap());
    run(log.path(), out.path(), (&["upstream", "random"], 2), &mut Counter::default());
    let truth = Truth::open(log.path()).unwrap();
    let traffic = Traffic::new(&truth, Split::Test, 1).unwrap();
    for (place, arm) in ["upstream", "random"].into_iter().enumerate() {
        for number in [1, 2] {
            let lines = JsonLines::<Impression>::open(out.path().join(format!("logs/{arm}-s1/day-{number}.jsonl.gz")));
            let shown: Vec<Impression> = lines.unwrap().map(|line| line.unwrap().value).collect();
            let visits: Vec<_> =
                (0..40).map(|at| traffic.visit(number, at, 2)).filter(|visit| visit.group == place).collect();
            assert_eq!(shown.len(), visits.len());
            let bytes = fs::read(out.path().join(format!("outcomes/{arm}-s1-d{number}.json"))).unwrap();
            let day: Day = serde_json::from_slice(&bytes).unwrap();
            let (mut clicks, mut utility, mut best) = (0.0, 0.0, 0.0);
            for (impression, visit) in shown.iter().zip(&visits) {
                assert_eq!(impression.request().request_id(), visit.request_id());
                let list: Vec<usize> = impression.shown().iter().map(|shown| shown.candidate).collect();
                assert!(arm == "random" || list == [0, 1, 2]);
                let list = Permutation::new(list, visit.query.candidates()).unwrap();
                let feedback = impression.shown().iter().map(|shown| shown.feedback.clone());
                assert!(feedback.eq(traffic.feedback(visit, &list)));
                clicks += impression.shown().iter().map(|shown| shown.feedback["click"]).sum::<f64>();
                utility += truth.user().utility(visit.query, &list);
                best += truth.optimum(visit.query.id()).unwrap().utility;
            }
            assert_eq!((day.lists, day.figures["click / list"]), (visits.len() as u64, clicks / visits.len() as f64));
            assert!((day.figures["optimum"] - utility / best).abs() < 1e-12);
            assert_eq!(day.queries.values().map(|tally| tally.sums[0]).sum::<f64>(), clicks);
            assert_eq!(day.figures.contains_key("carried over"), number == 2);
            if arm == "upstream" {
                assert!(number == 1 || day.figures["carried over"] == 1.0, "the same list for a query every day");
                let utilities = truth
                    .all_queries()
                    .map(|query| truth.user().utility(query, &Permutation::new(vec![0, 1, 2], 7).unwrap()));
                assert!((day.expected[3] - utilities.sum::<f64>() / 15.0).abs() < 1e-12);
            }
        }
    }
}

#[test]
fn an_arm_learns_from_its_own_days_alone() {
    let (log, out) = (log(), tempfile::tempdir().unwrap());
    let data = DataSet::open(log.path()).unwrap();
    let store = Store::open(out.path(), "online", serde_json::Value::Null, &data.fingerprint().unwrap()).unwrap();
    let arms = named(&["edge_rerank", "nar4rec"]);
    let before = |day| {
        let log = DayLog::of(&DayCell { place: 1, arm: &arms[1], seed: 4, day }, &store, &data).unwrap();
        log.before().into_iter().map(|file| file.strip_prefix(out.path()).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(before(1).is_empty());
    assert_eq!(before(3), [1, 2].map(|day| PathBuf::from(format!("logs/nar4rec-s4/day-{day}.jsonl.gz"))));
}

#[test]
fn a_log_whose_user_is_unknown_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("train.jsonl"), "").unwrap();
    let error = known_user(&DataSet::open(folder.path()).unwrap()).unwrap_err().to_string();
    assert!(error.contains("not a simulated log") && error.contains("nar4rec simulate"), "{error}");
}
