//! How long something takes: many samples, each of as many runs as the clock needs.

use std::time::{Duration, Instant};

/// How long to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// About this long.
    pub time: Duration,
    /// But no fewer samples than this.
    pub least_samples: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { time: Duration::from_millis(20), least_samples: 1 }
    }
}

/// Nanoseconds of one run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// In the quickest sample: what noise has least part in.
    pub least: f64,
    /// In the sample in the middle.
    pub median: f64,
    /// In the slowest sample.
    pub greatest: f64,
    /// The number of samples.
    pub samples: usize,
}

impl Timing {
    /// Of samples of which there is at least one.
    fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let count = samples.len();
        Self { least: samples[0], median: samples[count / 2], greatest: samples[count - 1], samples: count }
    }
}

/// Samples that a budget is cut into, where a run is short enough.
const SAMPLES: u32 = 40;

/// A sample is never meant to be shorter than this, which is a hundred times what reading the clock takes.
const SHORTEST: Duration = Duration::from_micros(4);

/// Times `run`, which was run before.
pub fn time(run: &mut dyn FnMut(), budget: Budget) -> Timing {
    let (start, wanted) = (Instant::now(), (budget.time / SAMPLES).max(SHORTEST));
    let (mut runs, mut spent) = (1_u32, sample(run, 1));
    while spent < wanted && start.elapsed() < budget.time {
        // Twice as many at most: the first runs are slower than those that follow.
        let missing = wanted.as_secs_f64() / spent.as_secs_f64().max(1e-9);
        runs = ((f64::from(runs) * missing.min(2.0)).ceil() as u32).max(runs + 1);
        spent = sample(run, runs);
    }
    let per_run = |spent: Duration| spent.as_secs_f64() * 1e9 / f64::from(runs);
    let mut samples = vec![per_run(spent)];
    while samples.len() < budget.least_samples || start.elapsed() < budget.time {
        samples.push(per_run(sample(run, runs)));
    }
    Timing::of(samples)
}

fn sample(run: &mut dyn FnMut(), runs: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..runs {
        run();
    }
    start.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_put_in_order() {
        let timing = Timing::of(vec![3.0, 1.0, 2.0]);
        assert_eq!(timing, Timing { least: 1.0, median: 2.0, greatest: 3.0, samples: 3 });
    }

    #[test]
    fn there_are_as_many_samples_as_wanted_however_long_a_run_takes() {
        let mut runs = 0;
        let timing = time(&mut || runs += 1, Budget { time: Duration::ZERO, least_samples: 5 });
        assert_eq!((timing.samples, runs), (5, 5));
    }
}
