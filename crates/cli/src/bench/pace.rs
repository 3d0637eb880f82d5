//! Runs requests for a while: one by one for latency, in batches on some threads for throughput.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use nar4rec_infer::{Options, RerankError, Reranker};
use nar4rec_slate::Request;

use super::histogram::Histogram;
use crate::interrupt::Interrupt;

/// The warm-up's share of the time that is measured after it.
const WARM_UP: f64 = 0.25;

/// How long to measure.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    /// After the warm-up.
    pub(crate) time: Duration,
    /// Ends a measurement early.
    pub(crate) interrupt: Interrupt,
}

impl Pace {
    /// Calls `step` with 0, 1, 2 … until the time is over, or Ctrl-C: at least once.
    pub(crate) fn run<E>(&self, time: Duration, mut step: impl FnMut(usize) -> Result<(), E>) -> Result<(), E> {
        let begin = Instant::now();
        for number in 0.. {
            step(number)?;
            if begin.elapsed() >= time || self.interrupt.requested() {
                break;
            }
        }
        Ok(())
    }

    /// The same for the warm-up.
    pub(crate) fn warm_up<E>(&self, step: impl FnMut(usize) -> Result<(), E>) -> Result<(), E> {
        self.run(self.time.mul_f64(WARM_UP), step)
    }
}

/// How long a rerank takes.
pub(crate) fn timed(reranker: &Reranker, request: &Request) -> Result<Duration, RerankError> {
    let begin = Instant::now();
    let ranking = reranker.rerank(black_box(request));
    let time = begin.elapsed();
    black_box(ranking).map(|_| time)
}

/// How long each request takes, one by one on this thread.
pub(crate) fn latency(reranker: &Reranker, requests: &[Request], pace: &Pace) -> Result<Histogram, RerankError> {
    let mut times = Histogram::default();
    let request = |number| &requests[number % requests.len()];
    pace.warm_up(|number| timed(reranker, request(number)).map(drop))?;
    pace.run(pace.time, |number| {
        times.record(timed(reranker, request(number))?);
        Ok::<_, RerankError>(())
    })?;
    Ok(times)
}

/// What goes through in a second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Rate {
    pub(crate) requests: f64,
    pub(crate) candidates: f64,
}

/// How much goes through, in batches of this many requests, on this thread or on all.
pub(crate) fn throughput(
    reranker: &Reranker,
    requests: &[Request],
    batch: usize,
    threads: usize,
    pace: &Pace,
) -> Result<Rate, RerankError> {
    let requests: Vec<Request> = requests.iter().cycle().take(requests.len().max(batch)).cloned().collect();
    let batches: Vec<&[Request]> = requests.chunks_exact(batch).collect();
    // Threads that began with the same batch would share what they read.
    let one = |thread: usize| rate(reranker, &batches, thread * batches.len() / threads, pace);
    let rates: Vec<_> = if threads == 1 { vec![one(0)] } else { rayon::broadcast(|thread| one(thread.index())) };
    rates.into_iter().try_fold(Rate::default(), |sum, rate| {
        let rate = rate?;
        Ok(Rate { requests: sum.requests + rate.requests, candidates: sum.candidates + rate.candidates })
    })
}

/// What goes through one thread.
fn rate(reranker: &Reranker, batches: &[&[Request]], first: usize, pace: &Pace) -> Result<Rate, RerankError> {
    let (mut requests, mut candidates) = (0, 0);
    let rerank = |number: usize| {
        let batch = batches[(first + number) % batches.len()];
        let rankings = black_box(reranker.rerank_batch(batch, Options::default()));
        rankings.into_iter().try_for_each(|ranking| ranking.map(drop)).map(|()| batch)
    };
    pace.warm_up(|number| rerank(number).map(drop))?;
    let begin = Instant::now();
    pace.run(pace.time, |number| {
        let batch = rerank(number)?;
        requests += batch.len();
        candidates += batch.iter().map(|request| request.candidates().len()).sum::<usize>();
        Ok::<_, RerankError>(())
    })?;
    let seconds = begin.elapsed().as_secs_f64();
    Ok(Rate { requests: requests as f64 / seconds, candidates: candidates as f64 / seconds })
}
