//! How far two forms of a model agree, request by request: what narrower numbers cost beyond the metrics.

use nar4rec_data::{DataSet, OnBad, Split};
use nar4rec_infer::{RerankError, Reranker, Trace};
use nar4rec_slate::{Impression, InvalidRequest, Request};
use rayon::prelude::*;

use crate::{TrainError, examples::impressions};

/// Requests read before they are compared together, and those of one parallel part.
const READ_AHEAD: usize = 512;
const PART: usize = 32;

/// What came of comparing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Agreement {
    /// The requests compared.
    pub lists: u64,
    /// For how many both choose the same list.
    pub same: u64,
    /// The mean of |Δ log P̂| over all candidates and positions.
    pub log_probability_error: f64,
}

impl Agreement {
    /// The share of requests for which both choose the same list; 1 where there are none.
    pub fn same_lists(&self) -> f64 {
        if self.lists == 0 { 1.0 } else { self.same as f64 / self.lists as f64 }
    }
}

/// Compares two rerankers on the requests of a split. `progress` is told after every part how many are done.
///
/// # Errors
/// If the split cannot be read, or a line does not fit the models.
pub fn agreement(
    rerankers: [&Reranker; 2],
    data: &DataSet,
    split: Split,
    on_bad: OnBad,
    mut progress: impl FnMut(usize),
) -> Result<Agreement, TrainError> {
    let mut lines = impressions(data, split, rerankers[0].feedback())?.on_bad(on_bad);
    let (mut found, mut error, mut cells) = (Agreement::default(), 0.0, 0);
    loop {
        let ahead = lines.next_lines(READ_AHEAD)?;
        if ahead.is_empty() {
            found.log_probability_error = error / f64::max(cells as f64, 1.0);
            return Ok(found);
        }
        let (numbers, requests): (Vec<u64>, Vec<Request>) =
            ahead.into_iter().map(|line| (line.number, Impression::into_request(line.value))).unzip();
        let compared: Vec<_> = requests.par_chunks(PART).flat_map_iter(|part| compare(rerankers, part)).collect();
        for (number, compared) in numbers.into_iter().zip(compared) {
            match compared {
                Ok(one) => {
                    found.lists += 1;
                    found.same += u64::from(one.same);
                    error += one.error;
                    cells += one.cells;
                }
                Err(problem) => lines.reject(number, InvalidRequest::new("", problem.to_string()))?,
            }
        }
        progress(found.lists as usize);
    }
}

/// One request's share.
struct Compared {
    same: bool,
    error: f64,
    cells: usize,
}

fn compare(rerankers: [&Reranker; 2], requests: &[Request]) -> Vec<Result<Compared, RerankError>> {
    let [a, b] = rerankers.map(|reranker| reranker.trace_batch(requests, None));
    a.into_iter().zip(b).map(|(a, b)| Ok(Compared::of(&a?, &b?))).collect()
}

impl Compared {
    fn of(a: &Trace, b: &Trace) -> Self {
        let indices = |trace: &Trace| trace.chosen.items.iter().map(|item| item.index).collect::<Vec<_>>();
        let logs = a.log_probabilities.iter().zip(&b.log_probabilities);
        Self {
            same: indices(a) == indices(b),
            error: logs.map(|(a, b)| f64::from((a - b).abs())).sum(),
            cells: a.log_probabilities.len(),
        }
    }
}
