//! All that was measured. Its serde form is the output of `--json`; times are in microseconds, shares of 1.

use std::time::Duration;

use nar4rec_infer::Stage;
use serde::Serialize;

use super::{
    histogram::Latency,
    layers::LayerRow,
    machine::{MachineInfo, ModelInfo},
    pace::Rate,
    profile::StageTimes,
    requests::RequestInfo,
};

/// What `nar4rec bench` found. What was not asked for, or not reached before Ctrl-C, is empty or null.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    /// The version.
    pub(crate) nar4rec: &'static str,
    pub(crate) machine: MachineInfo,
    pub(crate) model: ModelInfo,
    pub(crate) requests: RequestInfo,
    pub(crate) latency: Vec<LatencyRow>,
    pub(crate) throughput: Vec<ThroughputRow>,
    pub(crate) profile: Option<Profile>,
    pub(crate) steady: Option<Steady>,
    /// Whether Ctrl-C ended it early.
    pub(crate) interrupted: bool,
}

/// One request on one thread.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct LatencyRow {
    /// How many candidates each request has; none for real requests as they are.
    pub(crate) candidates: Option<usize>,
    #[serde(flatten)]
    pub(crate) latency: Latency,
}

/// Many requests on some threads.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct ThroughputRow {
    pub(crate) threads: usize,
    pub(crate) batch: usize,
    pub(crate) requests_per_second: f64,
    pub(crate) candidates_per_second: f64,
    /// How many times as much as one thread with the same batch.
    pub(crate) over_one_thread: f64,
}

impl ThroughputRow {
    /// A row, given those before it.
    pub(crate) fn new(threads: usize, batch: usize, rate: Rate, before: &[Self]) -> Self {
        let one = before.iter().find(|row| row.batch == batch && row.threads == 1);
        Self {
            threads,
            batch,
            requests_per_second: rate.requests,
            candidates_per_second: rate.candidates,
            over_one_thread: one.map_or(1.0, |one| rate.requests / one.requests_per_second),
        }
    }
}

/// Where the time goes.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Profile {
    pub(crate) stages: Stages,
    pub(crate) layers: Layers,
}

/// The stages of a rerank.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Stages {
    /// Microseconds of a whole rerank.
    pub(crate) rerank: f64,
    /// The stages in their order; their shares are 1 together.
    pub(crate) stages: Vec<StageRow>,
}

/// A stage of a rerank.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct StageRow {
    pub(crate) stage: &'static str,
    /// Microseconds of a request.
    pub(crate) us: f64,
    /// Of the whole rerank.
    pub(crate) share: f64,
}

impl Stages {
    /// The mean of these calls.
    pub(crate) fn new<'a>(calls: impl Iterator<Item = &'a StageTimes>) -> Self {
        let (mut sums, mut count) = ([0.0; Stage::ALL.len()], 0_u32);
        for times in calls {
            count += 1;
            sums.iter_mut().zip(times).for_each(|(sum, time)| *sum += time.as_secs_f64() * 1e6);
        }
        let (count, whole): (f64, f64) = (count.max(1).into(), sums.iter().sum());
        let share = |sum| if whole > 0.0 { sum / whole } else { 0.0 };
        let row = |(stage, sum): (Stage, f64)| StageRow { stage: stage.name(), us: sum / count, share: share(sum) };
        Self { rerank: whole / count, stages: Stage::ALL.into_iter().zip(sums).map(row).collect() }
    }
}

/// The layers of both networks, each in the order in which its network declares them.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Layers {
    pub(crate) generator: Vec<LayerRow>,
    pub(crate) evaluator: Vec<LayerRow>,
}

/// One thread at full load.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Steady {
    pub(crate) windows: Vec<WindowRow>,
    /// Of all windows together.
    pub(crate) latency: Option<Latency>,
    pub(crate) p99_over_p50: Option<f64>,
    /// Bytes, where the system tells them.
    pub(crate) resident_after_warm_up: Option<u64>,
    pub(crate) resident_at_end: Option<u64>,
}

/// A part of a steady load.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct WindowRow {
    /// Seconds since the warm-up.
    pub(crate) from: f64,
    pub(crate) until: f64,
    #[serde(flatten)]
    pub(crate) latency: Latency,
}

impl WindowRow {
    pub(crate) fn new(from: Duration, until: Duration, latency: Latency) -> Self {
        Self { from: from.as_secs_f64(), until: until.as_secs_f64(), latency }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_means_and_their_shares_are_one_together() {
        let calls = [[1, 4, 3, 2, 0], [3, 4, 1, 2, 0]].map(|call| call.map(Duration::from_micros));
        let stages = Stages::new(calls.iter());
        let told: Vec<_> = stages.stages.iter().map(|row| (row.stage, row.us, row.share)).collect();
        assert_eq!(told[0], ("encode", 2.0, 0.2));
        assert_eq!(told[4], ("answer", 0.0, 0.0));
        assert_eq!((stages.rerank, told.len()), (10.0, 5));
        assert_eq!(Stages::new([].iter()).rerank, 0.0);
    }

    #[test]
    fn throughput_is_compared_with_one_thread_of_the_same_batch() {
        let rate = |requests| Rate { requests, candidates: 1.0 };
        let mut rows = Vec::new();
        for (threads, batch, requests) in [(1, 1, 10.0), (4, 1, 35.0), (1, 4, 20.0), (4, 4, 50.0)] {
            rows.push(ThroughputRow::new(threads, batch, rate(requests), &rows));
        }
        let ratios: Vec<f64> = rows.iter().map(|row| row.over_one_thread).collect();
        assert_eq!(ratios, [1.0, 3.5, 1.0, 2.5]);
    }
}
