//! One thread at full load for a while: whether the times stay what they are, and the memory too.

use std::time::{Duration, Instant};

use nar4rec_infer::{RerankError, Reranker};
use nar4rec_slate::Request;

use super::{
    histogram::Histogram,
    machine::resident_bytes,
    pace::{Pace, timed},
    report::{Steady, WindowRow},
};

/// Times are told for every so long.
const WINDOW: Duration = Duration::from_secs(5);

/// Reranks one request after another for `time`, after a warm-up of `pace`.
pub(crate) fn steady(
    reranker: &Reranker,
    requests: &[Request],
    (pace, time): (&Pace, Duration),
    progress: impl Fn(Duration),
) -> Result<Steady, RerankError> {
    let (mut all, mut window) = (Histogram::default(), Histogram::default());
    let mut windows = Vec::with_capacity(time.div_duration_f64(WINDOW) as usize + 2);
    let request = |number| &requests[number % requests.len()];
    pace.run(pace.time, |number| timed(reranker, request(number)).map(drop))?;
    let resident_after_warm_up = resident_bytes();
    let begin = Instant::now();
    let mut from = Duration::ZERO;
    let mut close = |window: &mut Histogram, from: &mut Duration| {
        let until = begin.elapsed();
        windows.extend(window.latency().map(|latency| WindowRow::new(*from, until, latency)));
        all.merge(window);
        window.clear();
        *from = until;
        progress(until);
    };
    pace.run(time, |number| {
        window.record(timed(reranker, request(number))?);
        if begin.elapsed() >= from + WINDOW {
            close(&mut window, &mut from);
        }
        Ok::<_, RerankError>(())
    })?;
    close(&mut window, &mut from);
    let latency = all.latency();
    let spread = latency.and_then(|latency| Some(latency.p99? / latency.p50?));
    let resident_at_end = resident_bytes();
    Ok(Steady { windows, latency, p99_over_p50: spread, resident_after_warm_up, resident_at_end })
}
