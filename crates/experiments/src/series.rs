//! Cell after cell of an experiment: what is not done is done, kept and told.

use std::{fmt::Display, path::Path, time::Instant};

use nar4rec_train::Observer;
use serde::{Serialize, de::DeserializeOwned};

use crate::{ExperimentError, Store};

/// What is done and kept as one. As text it is what people are told of it.
pub(crate) trait Cell: Display {
    /// Names the file of its outcome.
    fn name(&self) -> String;
}

/// Told how an experiment goes; what it answers decides whether it goes on.
pub trait Watcher {
    /// A cell is to come: its place from 1 and of how many, and whether its outcome is there already. The answer says whether to
    /// go on.
    fn cell(&mut self, cell: &dyn Display, place: [usize; 2], done: bool) -> bool;

    /// A model is about to be trained; the answer watches that. The path is for its metrics, to which more are added if the
    /// training goes on from a checkpoint.
    fn training(&mut self, metrics: &Path, goes_on: bool) -> Box<dyn Observer + '_>;

    /// So many lists have been measured.
    fn measured(&mut self, lists: usize);

    /// A cell is done, with this outcome.
    fn outcome(&mut self, outcome: &dyn Display);
}

/// How an experiment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// All cells are done.
    All,
    /// The watcher stopped it; what was done is kept.
    Stopped,
}

/// The outcome of each cell, if it is there.
pub(crate) fn known<C: Cell, T: DeserializeOwned>(
    cells: &[C],
    store: &Store,
) -> Result<Vec<Option<T>>, ExperimentError> {
    cells.iter().map(|cell| store.outcome(&cell.name())).collect()
}

/// Does every cell that is not done, by `one`, which gives nothing if it was stopped. `tell` is called after each, with all
/// outcomes that are there in the order of their cells, and at the end. A damaged file is told before anything is done.
pub(crate) fn run<C: Cell, T: Serialize + DeserializeOwned + Display>(
    cells: &[C],
    (store, watcher): (&Store, &mut dyn Watcher),
    mut one: impl FnMut(&C, &mut dyn Watcher) -> Result<Option<T>, ExperimentError>,
    mut tell: impl FnMut(&[T]) -> Result<(), ExperimentError>,
) -> Result<Done, ExperimentError> {
    let known = known(cells, store)?;
    // If that cannot be read, no outcome could be kept.
    store.origin()?;
    let done: Vec<bool> = known.iter().map(Option::is_some).collect();
    let mut outcomes: Vec<T> = known.into_iter().flatten().collect();
    for (place, (cell, done)) in cells.iter().zip(done).enumerate() {
        let goes_on = watcher.cell(cell, [place + 1, cells.len()], done);
        if done {
            continue;
        }
        let begun = Instant::now();
        let outcome = if goes_on { one(cell, watcher)? } else { None };
        let Some(outcome) = outcome else {
            tell(&outcomes)?;
            return Ok(Done::Stopped);
        };
        store.record(&cell.name(), begun.elapsed())?;
        store.keep(&cell.name(), &outcome)?;
        watcher.outcome(&outcome);
        // All cells before it are done.
        outcomes.insert(place, outcome);
        tell(&outcomes)?;
    }
    tell(&outcomes)?;
    Ok(Done::All)
}
