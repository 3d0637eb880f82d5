//! The rows that are there, going on after a stop, and ratios of made times. No test looks at a clock.

use std::collections::BTreeSet;

use nar4rec_train::SystemKind;

use super::{rows::GENERATOR, *};
use crate::{
    Experiment,
    made::{self, Counter},
};

struct Place {
    dir: tempfile::TempDir,
    data: DataSet,
    config: Config,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        made::lists(dir.path());
        let data = DataSet::open(dir.path()).unwrap();
        Self { dir, data, config: made::config() }
    }

    fn run(&self, systems: &[&str], counter: &mut Counter) -> (Result<Done, ExperimentError>, Vec<Timing>) {
        let systems = timed(&systems.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        let systems = match systems {
            Ok(systems) => systems,
            Err(error) => return (Err(error), Vec::new()),
        };
        let speed = Speed {
            data: &self.data,
            config: &self.config,
            systems: &systems,
            seeds: &[4, 5],
            split: Split::Test,
            on_bad: OnBad::default(),
            isa: Isa::detect(),
        };
        let print = self.data.fingerprint().unwrap();
        let store = Store::open(&self.dir.path().join("out"), "speed", speed.settings(), &print).unwrap();
        let mut told = Vec::new();
        let done = speed.run(&store, counter, |timings| {
            told = timings.to_vec();
            Ok(())
        });
        (done, told)
    }
}

#[test]
fn every_system_is_timed_in_every_round_and_some_as_the_list_grows() {
    let place = Place::new();
    let mut counter = Counter::default();
    let (done, timings) = place.run(&[], &mut counter);
    assert_eq!(done.unwrap(), Done::All);
    assert!(timings.iter().all(|timing| timing.lists == 5), "{timings:?}");
    // m = 2, 5, 6: no list is longer than the most candidates.
    assert_eq!((counter.outcomes, counter.cells), (2 * (11 + 12 + 4 * 3), 2 * (11 + 12 + 4 * 3)));
    let summary = SpeedSummary::new(&timings);
    let names: Vec<&str> = summary.systems.iter().map(|line| line.system.as_str()).collect();
    assert!(SystemKind::ALL.iter().all(|kind| names.contains(&kind.name())), "{names:?}");
    for name in ["features", "edge_rerank-whole-search", "seq2slate-no-encoder", GENERATOR, "nar4rec"] {
        assert!(names.contains(&name), "{name}");
    }
    assert!(summary.systems.iter().chain(&summary.grown).all(|line| line.rounds == 2 && line.inference.is_some()));
    let lengths: BTreeSet<usize> = summary.grown.iter().map(|line| line.list_length).collect();
    assert_eq!(lengths, BTreeSet::from([2, 5, 6]));
    let told = |system: &str| summary.systems.iter().find(|line| line.system == system).unwrap();
    assert!(told("features").training.is_none() && told("features").ratios == Ratios::default());
    assert!(
        told("dcn").ratios.training.is_some()
            && told("nar4rec").ratios.single.is_some()
            && told(GENERATOR).ratios == Ratios::default()
    );
    let config = |system: &str, grown| {
        let timing = timings.iter().find(|timing| timing.system == system && timing.grown == grown).unwrap();
        serde_json::from_str::<Config>(&timing.config).unwrap()
    };
    let width = |system: &str, grown| config(system, grown).systems.seq2slate.width;
    let widths = [("seq2slate", false), ("seq2slate", true), ("seq2slate-no-encoder-64", false)];
    assert_eq!(widths.map(|(system, grown)| width(system, grown)), [16, 16, 64]);
    let generator = config("generator-32", false).generator;
    assert_eq!((generator.width, generator.feed_forward, generator.layers), (32, 64, 1));
}

#[test]
fn what_was_timed_is_never_timed_again() {
    let place = Place::new();
    let systems = ["dnn", GENERATOR];
    let mut first = Counter { stop_after: Some(3), ..Counter::default() };
    let (done, timings) = place.run(&systems, &mut first);
    assert_eq!((done.unwrap(), timings.len()), (Done::Stopped, 3));
    let mut second = Counter::default();
    let (done, all) = place.run(&systems, &mut second);
    assert_eq!((done.unwrap(), second.outcomes, all.len()), (Done::All, 2 * (2 + 3) - 3, 10));
    assert_eq!(all[..3], timings);
    let mut third = Counter::default();
    assert_eq!((place.run(&systems, &mut third).1, third.outcomes), (all, 0));
    let wrong = place.run(&["dnm"], &mut third).0.unwrap_err().to_string();
    assert!(wrong.starts_with("no variant is named \"dnm\", expected one of features, dnn, "), "{wrong}");
}

fn timing(system: &str, seed: u64, training: f64, inference: f64) -> Timing {
    Timing {
        system: system.to_owned(),
        list_length: 5,
        seed,
        split: "test".to_owned(),
        lists: 512,
        candidates: 50.0,
        training_seconds: Some(training),
        inference_seconds: inference,
        single_seconds: Some(2.0 * inference * f64::from(u8::from(system == "seq2slate") + 1)),
        per_pass: Some(16),
        ..Timing::default()
    }
}

#[test]
fn ratios_are_of_the_same_round_and_length() {
    let mut timings = vec![
        timing("seq2slate", 1, 3.0, 1.0),
        timing(GENERATOR, 1, 1.0, 0.5),
        timing("seq2slate", 2, 20.0, 4.0),
        timing(GENERATOR, 2, 4.0, 1.0),
        timing("seq2slate", 3, 8.0, 6.0),
        timing(GENERATOR, 3, 2.0, 1.0),
        // Without a generator of its round it counts for the seconds alone.
        timing("seq2slate", 4, 5.0, 5.0),
    ];
    timings.push(Timing { grown: true, list_length: 2, ..timing("seq2slate", 1, 9.0, 9.0) });
    timings.push(Timing { grown: true, list_length: 2, ..timing(GENERATOR, 1, 6.0, 2.0) });
    let summary = SpeedSummary::new(&timings);
    let [slate, generator] = &summary.systems[..] else { panic!("two systems") };
    let spread = |median, least, greatest| Some(Spread { median, least, greatest });
    // 512 lists took half of what 1,024 take.
    assert_eq!((slate.training, slate.inference), (spread(13.0, 6.0, 40.0), spread(9.0, 2.0, 12.0)));
    assert_eq!(
        slate.ratios,
        Ratios { training: spread(4.0, 3.0, 5.0), inference: spread(4.0, 2.0, 6.0), single: spread(8.0, 4.0, 12.0) }
    );
    assert_eq!((slate.rounds, generator.rounds, summary.rounds()), (4, 3, 4));
    let [grown, _] = &summary.grown[..] else { panic!("two systems") };
    assert_eq!(
        grown.ratios,
        Ratios { training: spread(1.5, 1.5, 1.5), inference: spread(4.5, 4.5, 4.5), single: spread(9.0, 9.0, 9.0) }
    );

    let experiment = Experiment::named("speed").unwrap();
    let text = summary.to_markdown((&experiment).into());
    let row = "| seq2slate | 13.000 [6.000, 40.000] | 4.00 [3.00, 5.00] | 9.000 [2.000, 12.000] | 4.00 [2.00, 6.00] | 16 \
         | 36.000 [8.000, 48.000] | 8.00 [4.00, 12.00] |";
    assert!(text.contains(row), "{text}");
    assert!(text.contains("| 2 | seq2slate | 18.000 [18.000, 18.000] | 1.50 "), "{text}");
    let page = summary.to_html((&experiment).into()).unwrap();
    assert!(page.contains("seq2slate, lists of 2") && page.contains("13.0000"));
    assert!(summary.to_json((&experiment).into()).contains("\"ratios\""));
}

#[test]
fn nothing_is_told_as_nothing() {
    let summary = SpeedSummary::new(&[]);
    let experiment = Experiment::named("speed").unwrap();
    assert!(summary.to_markdown((&experiment).into()).contains("Nothing is done yet."));
    assert!(summary.to_html((&experiment).into()).is_ok());
    assert_eq!(Spread::of(Vec::new()), None);
}
