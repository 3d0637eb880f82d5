//! Traffic: the requests of a day, as they come to a service on which groups of users see different systems.
//!
//! ```text
//! query     uniform over the queries of a split
//! group     uniform over the groups
//! feedback  KnownUser::sample
//! ```
//!
//! Each is drawn by seed, day and number of the visit alone: not by the other visits, and the feedback not by who made the list. So
//! another system would have met the same users, in the same mood.

use nar4rec_data::Split;
use nar4rec_slate::{Feedback, Permutation};
use rand::RngExt as _;

use crate::seeds::rng_at;
use crate::{Query, SimulatorError, Truth};

/// The requests of every day.
#[derive(Debug)]
pub struct Traffic<'a> {
    truth: &'a Truth,
    queries: Vec<&'a Query>,
    seed: u64,
}

/// One request of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Visit<'a> {
    /// The day, from 1.
    pub day: u64,
    /// Its number among the day's, from 0.
    pub number: u64,
    /// The group of the user who asks, from 0.
    pub group: usize,
    /// What is asked.
    pub query: &'a Query,
}

impl Visit<'_> {
    /// The id of the request, `QUERY/dDAY-NUMBER`: by it a [`Truth`] finds the query.
    pub fn request_id(&self) -> String {
        format!("{}/d{}-{}", self.query.id(), self.day, self.number)
    }
}

impl<'a> Traffic<'a> {
    /// The traffic of a seed over the queries that a split has sessions of: where the log's sessions are split, over all queries.
    ///
    /// # Errors
    /// If the split has none.
    pub fn new(truth: &'a Truth, split: Split, seed: u64) -> Result<Self, SimulatorError> {
        let queries: Vec<&Query> = truth.queries(split).collect();
        if queries.is_empty() {
            return Err(SimulatorError::NoQueries(split));
        }
        Ok(Self { truth, queries, seed })
    }

    /// The queries.
    pub fn queries(&self) -> &[&'a Query] {
        &self.queries
    }

    /// The visit with a number on a day, where there are so many groups.
    ///
    /// # Panics
    /// If there is no group.
    pub fn visit(&self, day: u64, number: u64, groups: usize) -> Visit<'a> {
        let mut rng = rng_at(self.seed, "visit", &day.to_string(), number);
        let query = self.queries[rng.random_range(0..self.queries.len())];
        Visit { day, number, group: rng.random_range(0..groups), query }
    }

    /// What the user of a visit does with a list of the query's candidates.
    pub fn feedback(&self, visit: &Visit<'_>, list: &Permutation) -> Vec<Feedback> {
        let mut rng = rng_at(self.seed, "visit feedback", &visit.day.to_string(), visit.number);
        self.truth.user().sample(visit.query, list, &mut rng)
    }
}
