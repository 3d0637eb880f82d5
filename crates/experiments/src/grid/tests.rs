//! A grid of orders that need no model: stopped between two cells, and gone on with.

use nar4rec_train::Baseline;

use super::*;
use crate::made;

/// Counts what is measured, and stops after so many.
#[derive(Default)]
struct Counter {
    measured: usize,
    done_before: usize,
    stop_after: Option<usize>,
}

impl Watcher for Counter {
    fn cell(&mut self, _: Cell<'_>, [place, cells]: [usize; 2], done: bool) -> bool {
        assert!((1..=cells).contains(&place));
        self.done_before += usize::from(done);
        self.stop_after != Some(self.measured)
    }

    fn training(&mut self, _: &Path, _: bool) -> Box<dyn Observer + '_> {
        panic!("an order that needs no model is trained")
    }

    fn measured(&mut self, _: usize) {}

    fn outcome(&mut self, _: &Outcome) {
        self.measured += 1;
    }
}

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
    assert_eq!((done, some.len(), first.measured), (Done::Stopped, 2, 2));
    let mut second = Counter::default();
    let (done, all) = run(&mut second);
    assert_eq!((done, all.len(), second.measured, second.done_before), (Done::All, 6, 4, 2));
    assert_eq!(all[..2], some);
    // What is there is told, whether or not there is to be more.
    let mut third = Counter { stop_after: Some(0), ..Counter::default() };
    assert_eq!((run(&mut third), third.measured), ((Done::All, all), 0));
}
