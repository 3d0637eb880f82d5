//! What lists are worth to a user whose mind is known, where the data set is a simulated log.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};

use nar4rec_simulator::{ForecastError, Query, Regret, SimulatorError, Truth};
use nar4rec_slate::{Permutation, Request};
use nar4rec_train::{Answer, Config};

use crate::{ExperimentError, Outcome, summary::OPTIMUM};

/// Whether a data set is a simulated log, whose truth lies beside it.
pub(crate) fn truth_of(folder: &Path) -> Result<Option<Truth>, ExperimentError> {
    match folder.join("simulator.json").exists() {
        true => Ok(Some(Truth::open(folder)?)),
        false => Ok(None),
    }
}

/// Checks that lists are as long as those whose best is known.
pub(crate) fn check_length(truth: &Truth, config: &Config) -> Result<(), ExperimentError> {
    let (found, expected) = (config.generator.list_length, truth.config().list_length);
    if found == expected { Ok(()) } else { Err(ExperimentError::ListLength { found, expected }) }
}

/// What one system's lists are worth, request by request.
pub(crate) struct Oracle<'a> {
    truth: &'a Truth,
    regrets: Vec<Regret>,
    /// Of every proposed list what it was taken to be worth, and what it is.
    forecasts: [Vec<f64>; 2],
    /// Of each query the last answer and its regret: most answers come again.
    known: HashMap<String, (Arc<Answer>, Regret)>,
    failed: Option<SimulatorError>,
}

impl<'a> Oracle<'a> {
    pub(crate) fn new(truth: &'a Truth) -> Self {
        let (regrets, forecasts) = (Vec::new(), [Vec::new(), Vec::new()]);
        Self { truth, regrets, forecasts, known: HashMap::new(), failed: None }
    }

    /// Judges an answer. The first failure is kept for [`Oracle::finish`].
    pub(crate) fn judge(&mut self, request: &Request, answer: &Arc<Answer>) {
        self.keep(|oracle| oracle.of(request, answer));
    }

    /// Judges the answer to the first request of each query: those to come are like it, and more of them would tell nothing more.
    pub(crate) fn judge_once(&mut self, request: &Request, answer: &Arc<Answer>) {
        self.keep(|oracle| match oracle.known.contains_key(oracle.truth.query(request.request_id())?.id()) {
            true => Ok(None),
            false => oracle.of(request, answer),
        });
    }

    fn keep(&mut self, judged: impl FnOnce(&mut Self) -> Result<Option<Regret>, SimulatorError>) {
        if self.failed.is_none() {
            match judged(self) {
                Ok(regret) => self.regrets.extend(regret),
                Err(error) => self.failed = Some(error),
            }
        }
    }

    fn of(&mut self, request: &Request, answer: &Arc<Answer>) -> Result<Option<Regret>, SimulatorError> {
        let query = self.truth.query(request.request_id())?.id();
        if let Some((known, regret)) = self.known.get(query)
            && Arc::ptr_eq(known, answer)
        {
            return Ok(Some(*regret));
        }
        let regret = self.one(request, answer)?;
        self.known.insert(query.to_owned(), (Arc::clone(answer), regret));
        Ok(Some(regret))
    }

    fn one(&mut self, request: &Request, answer: &Answer) -> Result<Regret, SimulatorError> {
        let (id, candidates) = (request.request_id(), request.candidates().len());
        let list = |indices: &[usize]| {
            Permutation::new(indices.to_vec(), candidates).expect("a system's lists are of distinct candidates")
        };
        let mut worths = Vec::with_capacity(answer.proposals.len().max(1));
        for (indices, predicted) in &answer.proposals {
            worths.push(self.truth.utility(id, &list(indices))?);
            self.forecasts[0].push(f64::from(*predicted));
        }
        self.forecasts[1].extend_from_slice(&worths);
        let chosen = answer.proposals.iter().position(|(indices, _)| *indices == answer.ranked.list);
        let chosen = match chosen {
            Some(place) => place,
            None => {
                worths.push(self.truth.utility(id, &list(&answer.ranked.list))?);
                worths.len() - 1
            }
        };
        self.truth.regret_of(id, &worths, chosen)
    }

    /// What was lost on average; nothing if no query was asked of which a list is worth anything: there are no shares of that.
    fn mean(&self) -> Option<Regret> {
        Regret::mean(&self.regrets).filter(|mean| mean.optimum > 0.0)
    }

    /// Adds what was found to an outcome: utilities as shares of the mean optimum.
    pub(crate) fn finish(self, mut outcome: Outcome) -> Result<Outcome, ExperimentError> {
        if let Some(mean) = self.mean() {
            let share = |query: &Query| self.known.get(query.id()).map(|(_, regret)| regret.chosen / mean.optimum);
            outcome.per_list.insert(OPTIMUM.to_owned(), self.truth.all_queries().map(share).collect());
        }
        outcome.figures.extend(self.judged()?);
        Ok(outcome)
    }

    /// What was found, by name: utilities as shares of the mean optimum.
    pub(crate) fn judged(self) -> Result<BTreeMap<String, f64>, ExperimentError> {
        if let Some(error) = self.failed {
            return Err(error.into());
        }
        let mut figures = BTreeMap::new();
        let mut add = |name: &str, value: f64| figures.insert(name.to_owned(), value);
        if let Some(mean) = self.mean() {
            let share = |utility: f64| utility / mean.optimum;
            add(OPTIMUM, share(mean.chosen));
            add("best proposed", share(mean.best_proposed));
            add("lost by proposing", share(mean.generator_error()));
            add("lost by choosing", share(mean.evaluator_error()));
            if let Some(error) = ForecastError::of(&self.forecasts[0], &self.forecasts[1]) {
                add("forecast RMSE", share(error.rmse));
                error.rank_correlation.map(|correlation| add("forecast correlation", correlation));
            }
        }
        Ok(figures)
    }
}
