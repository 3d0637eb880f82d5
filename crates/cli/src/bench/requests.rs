//! The requests that are measured: real ones, or made ones, as they are or with a given number of candidates.

use std::collections::HashSet;

use nar4rec_data::{DataSet, JsonLines, OnBad, Tolerant};
use nar4rec_infer::Reranker;
use nar4rec_slate::{Candidate, Impression, InvalidRequest, Request};
use serde::Serialize;

use super::made::Maker;
use crate::{args::BenchArgs, commands::tell_skipped};

/// Real requests that are kept, and at most these are made: enough that caches hold no more than they would.
const MOST_REQUESTS: usize = 512;
const FEWEST_REQUESTS: usize = 16;

/// Candidates of all requests of one row together, unless that were too few requests.
const MOST_ROWS: usize = 20_000;

/// Different candidates kept to fill requests with.
const POOL: usize = 4096;

/// Where requests come from.
pub(crate) struct Requests {
    /// Told to people.
    pub(crate) source: String,
    /// As they are.
    pub(crate) all: Vec<Request>,
    /// Whether they are real.
    pub(crate) origin: Origin,
}

/// What other requests are made of.
pub(crate) enum Origin {
    /// Real: cut, or filled with candidates of others.
    Real {
        /// Different candidates of all of them.
        pool: Vec<Candidate>,
    },
    /// From the model, with this seed and these ids of items.
    Made {
        /// The seed.
        seed: u64,
        /// The items that the model knows.
        catalog: Vec<String>,
    },
}

/// What is told of the requests.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RequestInfo {
    pub(crate) source: String,
    /// Whether they are made.
    pub(crate) made: bool,
    pub(crate) count: usize,
    /// How many each has.
    pub(crate) candidates: CandidateInfo,
}

/// Numbers of candidates.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct CandidateInfo {
    pub(crate) least: usize,
    pub(crate) mean: f64,
    pub(crate) most: usize,
}

impl Requests {
    /// The requests that the command line asks for, each of which the model can rerank.
    pub(crate) fn load(args: &BenchArgs, reranker: &Reranker, catalog: Vec<String>) -> anyhow::Result<Self> {
        let on_bad = args.bad.policy();
        match (&args.data, &args.input) {
            (Some(folder), _) => {
                let lines = DataSet::open(folder)?.impressions(args.split)?;
                let source = format!("the {} split of {}", args.split, folder.display());
                Self::read(source, lines, on_bad, Impression::into_request, reranker)
            }
            (None, Some(input)) => {
                let lines = JsonLines::<Request>::open(input)?;
                Self::read(lines.name().to_owned(), lines, on_bad, |request| request, reranker)
            }
            (None, None) => Self::made(args, reranker, catalog),
        }
    }

    fn made(args: &BenchArgs, reranker: &Reranker, catalog: Vec<String>) -> anyhow::Result<Self> {
        let mut sizes = args.candidates.clone();
        sizes.sort_unstable();
        let origin = Origin::Made { seed: args.seed, catalog };
        let source = format!("made from the model's features, seed {}", args.seed);
        let mut requests = Self { source, all: Vec::new(), origin };
        requests.all = requests.sized(sizes[sizes.len() / 2], reranker)?;
        Ok(requests)
    }

    fn read<T: serde::de::DeserializeOwned + Send + 'static>(
        source: String,
        lines: JsonLines<T>,
        on_bad: OnBad,
        request: impl Fn(T) -> Request,
        reranker: &Reranker,
    ) -> anyhow::Result<Self> {
        let (name, mut lines) = (lines.name().to_owned(), lines.on_bad(on_bad));
        let all = first(&mut lines, request, reranker)?;
        tell_skipped(&name, &lines.into_skipped());
        if all.is_empty() {
            anyhow::bail!("{name}: no requests, expected at least one");
        }
        let pool = pool(&all);
        Ok(Self { source: format!("{} of {source}", all.len()), all, origin: Origin::Real { pool } })
    }

    /// Requests with this many candidates each, without constraints.
    pub(crate) fn sized(&self, candidates: usize, reranker: &Reranker) -> Result<Vec<Request>, InvalidRequest> {
        let count = (MOST_ROWS / candidates).clamp(FEWEST_REQUESTS, MOST_REQUESTS);
        match &self.origin {
            Origin::Real { pool } => {
                let some = self.all.iter().cycle().take(count).enumerate();
                some.map(|(number, request)| resized(request, candidates, pool, number * candidates)).collect()
            }
            Origin::Made { seed, catalog } => Maker::new(reranker.schema(), catalog, *seed).requests(count, candidates),
        }
    }

    /// What is told of them.
    pub(crate) fn info(&self) -> RequestInfo {
        let counts = || self.all.iter().map(|request| request.candidates().len());
        let mean = counts().sum::<usize>() as f64 / self.all.len() as f64;
        RequestInfo {
            source: self.source.clone(),
            made: matches!(self.origin, Origin::Made { .. }),
            count: self.all.len(),
            candidates: CandidateInfo { least: counts().min().unwrap_or(0), mean, most: counts().max().unwrap_or(0) },
        }
    }
}

/// The first requests that the model can rerank.
fn first<T: serde::de::DeserializeOwned + Send + 'static>(
    lines: &mut Tolerant<T>,
    request: impl Fn(T) -> Request,
    reranker: &Reranker,
) -> anyhow::Result<Vec<Request>> {
    let mut all = Vec::new();
    while all.len() < MOST_REQUESTS {
        let some = lines.next_lines(MOST_REQUESTS - all.len())?;
        if some.is_empty() {
            break;
        }
        for line in some {
            let request = request(line.value);
            match reranker.rerank(&request) {
                Ok(_) => all.push(request),
                Err(error) => lines.reject(line.number, InvalidRequest::new("", error.to_string()))?,
            }
        }
    }
    Ok(all)
}

/// Different candidates of all requests.
fn pool(requests: &[Request]) -> Vec<Candidate> {
    let mut seen = HashSet::new();
    let all = requests.iter().flat_map(Request::candidates);
    all.filter(|candidate| seen.insert(candidate.id.as_str())).take(POOL).cloned().collect()
}

/// The request with its first candidates, or with others from the pool after them; where those are too few, again
/// with other ids.
fn resized(request: &Request, count: usize, pool: &[Candidate], from: usize) -> Result<Request, InvalidRequest> {
    let mut candidates: Vec<Candidate> = request.candidates().iter().take(count).cloned().collect();
    let mut taken: HashSet<String> = candidates.iter().map(|candidate| candidate.id.clone()).collect();
    let mut more = pool.iter().cycle().skip(from % pool.len().max(1));
    for place in 0.. {
        if candidates.len() == count {
            break;
        }
        let Some(next) = more.next() else { break };
        let copy = place / pool.len();
        let id = if copy == 0 { next.id.clone() } else { format!("{}#{copy}", next.id) };
        if taken.insert(id.clone()) {
            candidates.push(Candidate { id, ..next.clone() });
        }
    }
    Request::new(request.request_id(), request.user().clone(), candidates)
}

#[cfg(test)]
mod tests {
    use nar4rec_slate::{Features, User};

    use super::*;

    fn request(ids: &[&str]) -> Request {
        let candidate = |id: &&str| Candidate { id: (*id).to_owned(), score: Some(1.0), features: Features::new() };
        Request::new("r", User::default(), ids.iter().map(candidate).collect()).unwrap()
    }

    #[test]
    fn requests_are_cut_and_filled() {
        let requests = [request(&["a", "b", "c"]), request(&["b", "d"])];
        let pool = pool(&requests);
        let ids = |count, from| -> Vec<String> {
            let resized = resized(&requests[0], count, &pool, from).unwrap();
            resized.candidates().iter().map(|candidate| candidate.id.clone()).collect()
        };
        assert_eq!(pool.len(), 4);
        assert_eq!(ids(2, 0), ["a", "b"]);
        assert_eq!(ids(4, 2), ["a", "b", "c", "d"]);
        assert_eq!(ids(7, 0), ["a", "b", "c", "d", "a#1", "b#1", "c#1"]);
        assert_eq!(ids(100, 3).len(), 100);
    }
}
