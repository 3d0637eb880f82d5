//! A grid of orders that need no model: stopped between two cells, and gone on with.

use nar4rec_train::Baseline;

use super::*;
use crate::made::{self, Counter};

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
    let store = Store::open(&dir.path().join("out"), "rivals", "", &data.fingerprint().unwrap()).unwrap();
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
    // What is there is told, whether or not there is to be more.
    let mut third = Counter { stop_after: Some(0), ..Counter::default() };
    assert_eq!((run(&mut third), third.outcomes), ((Done::All, all), 0));
}
