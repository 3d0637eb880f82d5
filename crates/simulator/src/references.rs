//! What lists of a simulated log are worth beside the best: those that were shown, and those of simple policies.

use nar4rec_data::{DataSet, Split};
use nar4rec_slate::Permutation;

use crate::seeds::rng_at;
use crate::{Query, SimulatorError, Truth, plackett_luce};

/// Random lists drawn for each query.
const RANDOM_LISTS: u64 = 100;

/// Expected utilities, each the mean over the queries of a split.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct References {
    /// The number of queries.
    pub queries: usize,
    /// For how many of them the best list is proven best.
    pub proven: usize,
    /// Of the best list.
    pub optimum: f64,
    /// No policy is worth more than this; it is `optimum` if all is proven.
    pub bound: f64,
    /// Of the lists sorted by relevance, equal ones in the upstream order: the best there is for who knows the relevance and
    /// does not know of fatigue.
    pub by_relevance: f64,
    /// Of the lists that were shown.
    pub logged: f64,
    /// Of the upstream ranker's own lists.
    pub upstream: f64,
    /// Of lists drawn uniformly at random, a hundred for each query.
    pub random: f64,
}

impl References {
    /// Measures all of them on a split of the log that `truth` belongs to.
    ///
    /// # Errors
    /// If the split cannot be read or has a request that is not of this truth.
    pub fn measure(truth: &Truth, data: &DataSet, split: Split) -> Result<Self, SimulatorError> {
        let length = truth.config().list_length;
        let logged = logged(truth, data, split)?;
        let mut sum = Self { logged, ..Self::default() };
        for query in truth.queries(split) {
            let optimum = truth.optimum(query.id())?;
            let utility = |list: Vec<usize>| truth.utility(query.id(), &query.checked(list)?);
            sum.queries += 1;
            sum.proven += usize::from(optimum.is_proven());
            sum.optimum += optimum.utility;
            sum.bound += optimum.bound;
            sum.by_relevance += utility(by_relevance(query, length))?;
            sum.upstream += utility((0..query.candidates()).take(length).collect())?;
            sum.random += random(truth, query, length);
        }
        let queries = sum.queries.max(1) as f64;
        let means = [&mut sum.optimum, &mut sum.bound, &mut sum.by_relevance, &mut sum.upstream, &mut sum.random];
        means.into_iter().for_each(|mean| *mean /= queries);
        Ok(sum)
    }

    /// The utilities and their shares of the optimum as text, a line each.
    pub fn to_text(&self) -> String {
        let rows = [
            ("optimum", self.optimum),
            ("sorted by relevance", self.by_relevance),
            ("shown in the log", self.logged),
            ("upstream order", self.upstream),
            ("random", self.random),
        ];
        let share = |value: f64| if self.optimum > 0.0 { 100.0 * value / self.optimum } else { 100.0 };
        let mut text: String =
            rows.iter().map(|(name, value)| format!("  {name:<20}{value:>8.4}{:>8.1} %\n", share(*value))).collect();
        let Self { queries, proven, bound, .. } = self;
        text.push_str(&format!(
            "  proven optimal for {proven} of {queries} queries; no policy is worth more than {bound:.4}\n"
        ));
        text
    }
}

/// The mean over queries of the mean over their shown lists: each query counts the same.
fn logged(truth: &Truth, data: &DataSet, split: Split) -> Result<f64, SimulatorError> {
    let mut means = std::collections::BTreeMap::new();
    for line in data.impressions(split)? {
        let impression = line?.value;
        let query = truth.query(impression.request().request_id())?;
        let candidates = impression.request().candidates();
        let ids: Vec<&str> = impression.shown().iter().map(|shown| candidates[shown.candidate].id.as_str()).collect();
        let (sum, count) = means.entry(query.id()).or_insert((0.0, 0_u64));
        *sum += truth.user().utility(query, &query.list(&ids)?);
        *count += 1;
    }
    let queries = means.len().max(1) as f64;
    Ok(means.into_values().map(|(sum, count)| sum / count as f64).sum::<f64>() / queries)
}

fn by_relevance(query: &Query, length: usize) -> Vec<usize> {
    let mut list: Vec<usize> = (0..query.candidates()).collect();
    list.sort_by_key(|&item| std::cmp::Reverse(query.relevance()[item]));
    list.truncate(length);
    list
}

fn random(truth: &Truth, query: &Query, length: usize) -> f64 {
    let scores = vec![0.0; query.candidates()];
    let draw = |at| -> Permutation {
        plackett_luce(&scores, 1.0, length, &mut rng_at(truth.config().seed, "random", query.id(), at))
    };
    (0..RANDOM_LISTS).map(|at| truth.user().utility(query, &draw(at))).sum::<f64>() / RANDOM_LISTS as f64
}
