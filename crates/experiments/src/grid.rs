//! The run of a grid: cell after cell, each kept when it is done.

use std::{fmt, num::NonZeroUsize, path::Path, time::Instant};

use nar4rec_data::{DataSet, OnBad, Split};
use nar4rec_simulator::Truth;
use nar4rec_tensor::Isa;
use nar4rec_train::{Compared, Config, EvaluateOptions, compare};

use crate::{
    Done, ExperimentError, Outcome, Store, Subject, Variant, Watcher,
    oracle::{Oracle, truth_of},
    series::{self, Cell},
    trainer::{Trainer, Training, relevance},
};

/// A variant with one seed.
struct GridCell<'a> {
    variant: &'a Variant,
    seed: u64,
}

impl Cell for GridCell<'_> {
    fn name(&self) -> String {
        named(&self.variant.name, self.seed)
    }
}

impl fmt::Display for GridCell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} seed {}", self.variant.name, self.seed)
    }
}

fn named(what: &str, seed: u64) -> String {
    format!("{what}-s{seed}")
}

/// Variants × seeds on one data set.
#[derive(Debug)]
pub struct Grid<'a> {
    /// The data.
    pub data: &'a DataSet,
    /// The configuration that variants change.
    pub config: &'a Config,
    /// The variants.
    pub variants: &'a [Variant],
    /// The seeds.
    pub seeds: &'a [u64],
    /// The split that is measured.
    pub split: Split,
    /// What to do with a bad line.
    pub on_bad: OnBad,
    /// The instructions to use.
    pub isa: Isa,
}

impl Grid<'_> {
    /// Runs every cell that is not done. `tell` is called after each, with the outcomes of all cells up to it.
    ///
    /// # Errors
    /// If a configuration cannot be, a training fails, or a file cannot be read or written.
    pub fn run(
        &self,
        store: &Store,
        watcher: &mut dyn Watcher,
        tell: impl FnMut(&[Outcome]) -> Result<(), ExperimentError>,
    ) -> Result<Done, ExperimentError> {
        let cells = self.cells();
        // What is wrong with the last variant is told before the first is trained.
        for cell in &cells {
            cell.variant.config(self.config, cell.seed)?;
        }
        let config = &self.config.with_feedback_of(self.data, self.on_bad)?;
        let run = Run { grid: self, config, store, truth: truth_of(self.data.folder())? };
        series::run(&cells, (store, watcher), |cell, watcher| run.one(cell, watcher), tell)
    }

    /// The cells, seed by seed, so that all variants have one seed before any has two.
    fn cells(&self) -> Vec<GridCell<'_>> {
        let of_seed =
            |seed: &u64| self.variants.iter().map(|variant| GridCell { variant, seed: *seed }).collect::<Vec<_>>();
        self.seeds.iter().flat_map(of_seed).collect()
    }
}

/// A grid at work.
struct Run<'a> {
    grid: &'a Grid<'a>,
    /// The grid's configuration with what the data decide.
    config: &'a Config,
    store: &'a Store,
    truth: Option<Truth>,
}

impl Run<'_> {
    /// One cell, from training to outcome. `None` if its training was stopped.
    fn one(&self, cell: &GridCell<'_>, watcher: &mut dyn Watcher) -> Result<Option<Outcome>, ExperimentError> {
        let config = cell.variant.config(self.config, cell.seed)?;
        let mut outcome = Outcome {
            variant: cell.variant.name.clone(),
            seed: cell.seed,
            config: serde_json::to_string(&config).expect("a configuration is plain data"),
            ..Outcome::default()
        };
        let model = cell.variant.model().map(|model| self.store.models().join(named(model, cell.seed)));
        if let Some(model) = &model {
            let begun = Instant::now();
            match self.trainer().trained(cell.variant.subject, &config, model, watcher)? {
                Training::Stopped => return Ok(None),
                Training::Here | Training::WentOn => (),
                Training::Whole => outcome.training_seconds = Some(begun.elapsed().as_secs_f64()),
            }
        }
        let begun = Instant::now();
        let used = (cell.variant.subject, model.as_deref());
        let outcome = self.measured(outcome, used, &config, watcher)?;
        Ok(Some(Outcome { evaluation_seconds: begun.elapsed().as_secs_f64(), ..outcome }))
    }

    /// What a trained variant does on the split.
    fn measured(
        &self,
        outcome: Outcome,
        used: (Subject, Option<&Path>),
        config: &Config,
        watcher: &mut dyn Watcher,
    ) -> Result<Outcome, ExperimentError> {
        let length = config.generator.list_length;
        self.trainer().loaded(used, config, |system| self.compared(outcome, system, length, watcher))
    }

    fn trainer(&self) -> Trainer<'_> {
        Trainer { data: self.grid.data, on_bad: self.grid.on_bad, isa: self.grid.isa }
    }

    fn compared(
        &self,
        outcome: Outcome,
        system: &dyn Compared,
        length: usize,
        watcher: &mut dyn Watcher,
    ) -> Result<Outcome, ExperimentError> {
        let Grid { data, split, on_bad, .. } = *self.grid;
        let options = EvaluateOptions { split, relevance: relevance(self.config).to_owned(), on_bad };
        let cutoff = NonZeroUsize::new(length).expect("a valid configuration's lists have items");
        let mut oracle = self.truth.as_ref().map(Oracle::new);
        let comparison = compare(&[system], cutoff, data, &options, |lists, impression, answers| {
            watcher.measured(lists);
            if let Some(oracle) = &mut oracle {
                oracle.judge_once(impression.request(), &answers[0]);
            }
        })?;
        let outcome = Outcome {
            split: split.name().to_owned(),
            lists: comparison.lists,
            relevance: options.relevance,
            ..outcome
        };
        let outcome = outcome.measured(&comparison.systems[0], length);
        match oracle {
            Some(oracle) => oracle.finish(outcome),
            None => Ok(outcome),
        }
    }
}

#[cfg(test)]
mod tests;
