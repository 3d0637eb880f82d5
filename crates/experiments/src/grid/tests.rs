//! A grid of orders that need no model: stopped between two cells, and gone on with.

use nar4rec_train::Baseline;

use nar4rec_simulator::{SimulatorConfig, SplitBy, simulate};
use nar4rec_slate::Permutation;

use super::*;
use crate::{
    Subject, Summary,
    made::{self, Counter},
};

#[test]
fn a_grid_that_was_stopped_measures_only_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    made::lists(dir.path());
    let (data, config) = (DataSet::open(dir.path()).unwrap(), made::config());
    let variants = Baseline::ALL.map(|baseline| Variant::new(baseline.name(), Subject::Baseline(baseline), ""));
    let grid = Grid {
        data: &data,
        config: &config,
        variants: &variants,
        seeds: &[4, 5],
        split: Split::Test,
        on_bad: OnBad::default(),
        isa: Isa::detect(),
    };
    let store = Store::open(&dir.path().join("out"), "rivals", grid.settings(), &data.fingerprint().unwrap()).unwrap();
    let run = |counter: &mut Counter| {
        let mut told = Vec::new();
        let done = grid.run(&store, counter, |outcomes| {
            told = outcomes.to_vec();
            Ok(())
        });
        (done.unwrap(), told)
    };
    let mut first = Counter { stop_after: Some(2), ..Counter::default() };
    let (done, some) = run(&mut first);
    assert_eq!((done, some.len(), first.outcomes), (Done::Stopped, 2, 2));
    let mut second = Counter::default();
    let (done, all) = run(&mut second);
    assert_eq!((done, all.len(), second.outcomes, second.done_before), (Done::All, 6, 4, 2));
    assert_eq!(all[..2], some);
    assert_eq!(first.trainings + second.trainings, 0, "an order that needs no model is trained");
    // One of the first is missing: what follows is told with it.
    std::fs::remove_file(dir.path().join("out/outcomes/upstream-s4.json")).unwrap();
    let (done, again) = run(&mut Counter { stop_after: Some(1), ..Counter::default() });
    assert_eq!((done, again.len()), (Done::All, 6));
    std::fs::remove_file(dir.path().join("out/outcomes/upstream-s4.json")).unwrap();
    let (done, without) = run(&mut Counter { stop_after: Some(0), ..Counter::default() });
    assert_eq!((done, without.len()), (Done::Stopped, 5), "what is there is told, though a cell before it is not");
    assert_eq!(run(&mut Counter::default()).1.len(), 6);
    // What is there is told, whether or not there is to be more.
    let mut third = Counter { stop_after: Some(0), ..Counter::default() };
    let (done, told) = run(&mut third);
    assert_eq!((done, &told[1..], third.outcomes), (Done::All, &all[1..], 0));
    // A damaged outcome is told before anything is done.
    std::fs::remove_file(dir.path().join("out/outcomes/upstream-s4.json")).unwrap();
    std::fs::write(dir.path().join("out/outcomes/random-s5.json"), "{").unwrap();
    let mut fourth = Counter::default();
    let damaged = grid.run(&store, &mut fourth, |_| Ok(())).unwrap_err().to_string();
    assert!(damaged.contains("random-s5.json") && fourth.cells == 0, "{damaged}");
}

/// A simulated log of lists of three, of a user to whom what they do is worth this.
fn log(folder: &std::path::Path, weight: f64) {
    let source = tempfile::tempdir().unwrap();
    made::collection(source.path());
    let mut config =
        SimulatorConfig { split: SplitBy::Sessions, sessions: 10, list_length: 3, ..SimulatorConfig::default() };
    config.user.feedback.iter_mut().for_each(|kind| kind.weight = weight);
    simulate(source.path(), folder, &config, |_| ()).unwrap();
}

#[test]
fn of_an_optimum_of_nothing_there_are_no_shares() {
    let dir = tempfile::tempdir().unwrap();
    log(dir.path(), 0.0);
    let data = DataSet::open(dir.path()).unwrap();
    let mut config = made::config();
    (config.relevance, config.generator.list_length) = (Some("click".to_owned()), 3);
    let grid = Grid {
        data: &data,
        config: &config,
        variants: &[Variant::new("upstream", Subject::Baseline(Baseline::Upstream), "")],
        seeds: &[4],
        split: Split::Test,
        on_bad: OnBad::default(),
        isa: Isa::detect(),
    };
    let store = Store::open(&dir.path().join("out"), "oracle", grid.settings(), &data.fingerprint().unwrap()).unwrap();
    // The second run reads what the first has kept.
    for _ in 0..2 {
        assert_eq!(grid.run(&store, &mut Counter::default(), |_| Ok(())).unwrap(), Done::All);
    }
    let [outcome] = &grid.done(&store).unwrap()[..] else { panic!("one cell") };
    assert!(outcome.figures.contains_key("NDCG@3") && !outcome.figures.contains_key("optimum"), "{outcome:?}");
}

#[test]
fn on_a_known_user_each_query_has_its_share_of_the_optimum() {
    let dir = tempfile::tempdir().unwrap();
    log(dir.path(), 1.0);
    let (data, mut config) = (DataSet::open(dir.path()).unwrap(), made::config());
    config.relevance = Some("click".to_owned());
    let variants = [Variant::new("upstream", Subject::Baseline(Baseline::Upstream), "")];
    let run = |config: &Config| {
        let grid = Grid {
            data: &data,
            config,
            variants: &variants,
            seeds: &[4],
            split: Split::Test,
            on_bad: OnBad::default(),
            isa: Isa::detect(),
        };
        let out = tempfile::tempdir().unwrap();
        let store = Store::open(out.path(), "oracle", grid.settings(), &data.fingerprint().unwrap()).unwrap();
        let mut told = Vec::new();
        let done = grid.run(&store, &mut Counter::default(), |outcomes| {
            told = outcomes.to_vec();
            Ok(())
        });
        done.map(|_| told)
    };
    let refused = run(&config).unwrap_err().to_string();
    assert!(refused.starts_with("generator.list_length: 2, expected 3: "), "{refused}");

    config.generator.list_length = 3;
    let [outcome] = &run(&config).unwrap()[..] else { panic!("one cell") };
    let truth = truth_of(dir.path()).unwrap().unwrap();
    let (mut shares, mut best) = (Vec::new(), 0.0);
    for query in truth.all_queries() {
        // Requests have their candidates in the upstream order.
        shares.push(truth.user().utility(query, &Permutation::new(vec![0, 1, 2], query.candidates()).unwrap()));
        best += truth.optimum(query.id()).unwrap().utility;
    }
    let mean = best / shares.len() as f64;
    let expected: Vec<f64> = shares.iter().map(|utility| utility / mean).collect();
    let close = |found: f64, expected: f64| (found - expected).abs() < 1e-12;
    let found: Vec<f64> = outcome.per_list["optimum"].iter().map(|share| share.unwrap()).collect();
    assert_eq!(found.len(), expected.len());
    assert!(found.iter().zip(&expected).all(|(found, expected)| close(*found, *expected)), "{found:?} {expected:?}");
    let share = expected.iter().sum::<f64>() / expected.len() as f64;
    assert!(close(outcome.figures["optimum"], share) && share < 1.0);
    // It proposes no lists to choose from, and so loses nothing by choosing.
    assert!(
        close(outcome.figures["lost by choosing"], 0.0) && close(outcome.figures["lost by proposing"], 1.0 - share)
    );
    assert_eq!(Summary::new(std::slice::from_ref(outcome)).unwrap().compared, ["optimum"]);
    assert!(outcome.answered > 0 && outcome.answered <= outcome.lists);
}
