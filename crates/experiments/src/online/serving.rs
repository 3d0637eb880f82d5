//! A system that answers requests which are in no log.

use std::collections::BTreeMap;

use nar4rec_data::{DataError, DataSet, Split};
use nar4rec_simulator::{Query, SimulatorError, Truth};
use nar4rec_slate::{Exposure, Feedback, Impression, Request};
use nar4rec_train::{Answer, Compared};
use rayon::prelude::*;

use crate::ExperimentError;

/// Requests that are answered before any answer is looked at, and those of one parallel part.
const AHEAD: usize = 512;
const PART: usize = 16;

/// A request of each query.
pub(super) type Requests = BTreeMap<String, Request>;

/// The first request of each query in a split of the log: those to come are like it.
pub(super) fn requests(data: &DataSet, split: Split, truth: &Truth) -> Result<Requests, ExperimentError> {
    let mut requests = Requests::new();
    for line in data.impressions(split)? {
        let request = line?.value.into_request();
        let query = truth.query(request.request_id())?.id();
        if !requests.contains_key(query) {
            requests.insert(query.to_owned(), request);
        }
    }
    match truth.queries(split).find(|query| !requests.contains_key(query.id())) {
        None => Ok(requests),
        Some(query) => {
            let problem = format!("no request of query {:?} in the {split} split, expected at least one", query.id());
            Err(DataError::Folder { folder: data.folder().display().to_string(), problem }.into())
        }
    }
}

/// A system on duty.
pub(super) struct Serving<'a> {
    pub(super) system: &'a dyn Compared,
    /// The items of a list.
    pub(super) length: usize,
    pub(super) requests: &'a Requests,
}

impl Serving<'_> {
    /// Answers requests, each a query under an id, and hands each answer with its request to `each`, in order.
    pub(super) fn answer(
        &self,
        asked: &[(String, &Query)],
        mut each: impl FnMut(usize, Impression, Answer) -> Result<(), ExperimentError>,
    ) -> Result<(), ExperimentError> {
        for (block, ahead) in asked.chunks(AHEAD).enumerate() {
            let parts = ahead.par_chunks(PART).map(|part| self.part(part));
            let answers = parts.collect::<Result<Vec<_>, ExperimentError>>()?;
            for (place, (impression, answer)) in answers.into_iter().flatten().enumerate() {
                each(block * AHEAD + place, impression, answer)?;
            }
        }
        Ok(())
    }

    fn part(&self, asked: &[(String, &Query)]) -> Result<Vec<(Impression, Answer)>, ExperimentError> {
        let asked = asked.iter().map(|(id, query)| self.asked(id, query));
        let asked = asked.collect::<Result<Vec<Impression>, ExperimentError>>()?;
        let answers = self.system.answer(&asked.iter().collect::<Vec<_>>(), self.length);
        let answered = asked.into_iter().zip(answers).map(|(asked, answer)| match answer {
            Ok(answer) => Ok((asked, answer)),
            Err(problem) => Err(ExperimentError::Answer { row: self.system.name(), problem: problem.to_string() }),
        });
        answered.collect()
    }

    /// A request for a query. Systems are asked with impressions; of this one nobody has seen anything yet but what stands first.
    fn asked(&self, id: &str, query: &Query) -> Result<Impression, ExperimentError> {
        let like = self.requests.get(query.id()).ok_or_else(|| SimulatorError::UnknownQuery(query.id().to_owned()))?;
        let wrong = |source| SimulatorError::Query { query: query.id().to_owned(), source };
        let request = Request::new(id, like.user().clone(), like.candidates().to_vec()).map_err(wrong)?;
        let first = vec![Exposure { candidate: 0, feedback: Feedback::new() }];
        Ok(Impression::new(request, first).map_err(wrong)?)
    }
}
