//! A system that answers requests which are in no log.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use nar4rec_data::{DataError, DataSet, OnBad, Split};
use nar4rec_simulator::{Query, SimulatorError, Truth};
use nar4rec_slate::Request;
use nar4rec_train::{Answer, Compared};
use rayon::prelude::*;

use crate::ExperimentError;

/// Requests of one parallel part.
const PART: usize = 16;

/// A request of each query.
pub(super) type Requests = BTreeMap<String, Request>;

/// The first request of each query in a split of the log: those to come are like it.
pub(super) fn requests(
    (data, split): (&DataSet, Split),
    truth: &Truth,
    on_bad: OnBad,
) -> Result<Requests, ExperimentError> {
    let mut requests = Requests::new();
    for line in data.impressions(split)?.on_bad(on_bad) {
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
    /// Answers requests, each a query under an id, and hands each with its answer to `each`, in order. A query is answered once,
    /// however often it comes, unless by chance.
    pub(super) fn answer(
        &self,
        asked: &[(String, &Query)],
        mut each: impl FnMut(usize, Request, &Arc<Answer>) -> Result<(), ExperimentError>,
    ) -> Result<(), ExperimentError> {
        let answers = self.answers(asked)?;
        for (place, asked) in asked.iter().enumerate() {
            each(place, self.request(asked)?, &answers[self.key(asked)])?;
        }
        Ok(())
    }

    /// What an answer holds for: its query, or by chance this one request.
    fn key<'k>(&self, (id, query): &'k (String, &'k Query)) -> &'k str {
        if self.system.is_random() { id } else { query.id() }
    }

    fn answers<'k>(&self, asked: &'k [(String, &'k Query)]) -> Result<HashMap<&'k str, Arc<Answer>>, ExperimentError> {
        let different: BTreeMap<&str, &(String, &Query)> = asked.iter().map(|asked| (self.key(asked), asked)).collect();
        let different: Vec<_> = different.into_iter().collect();
        let parts = different.par_chunks(PART).map(|part| {
            let requests = part.iter().map(|(_, asked)| self.request(asked));
            let requests = requests.collect::<Result<Vec<Request>, ExperimentError>>()?;
            let answers = self.system.answer(&requests.iter().collect::<Vec<_>>(), self.length);
            let answered = part.iter().zip(answers).map(|((key, _), answer)| match answer {
                Ok(answer) => Ok((*key, Arc::new(answer))),
                Err(problem) => Err(ExperimentError::Answer { row: self.system.name(), problem: problem.to_string() }),
            });
            answered.collect::<Result<Vec<_>, ExperimentError>>()
        });
        Ok(parts.collect::<Result<Vec<_>, ExperimentError>>()?.into_iter().flatten().collect())
    }

    /// A request for a query.
    fn request(&self, (id, query): &(String, &Query)) -> Result<Request, ExperimentError> {
        let like = self.requests.get(query.id()).ok_or_else(|| SimulatorError::UnknownQuery(query.id().to_owned()))?;
        let wrong = |source| SimulatorError::Query { query: query.id().to_owned(), source };
        Ok(Request::new(id, like.user().clone(), like.candidates().to_vec()).map_err(wrong)?)
    }
}
