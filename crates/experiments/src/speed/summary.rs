//! Timings put together: medians over rounds, and how many times the generator's time each system takes.

use serde::Serialize;

use super::{LISTS, Timing, rows::GENERATOR};

/// A figure over rounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The median; of an even number of rounds the mean of the middle two.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
}

impl Spread {
    /// Of some values; nothing of none.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (least, greatest) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let lower = if values.len().is_multiple_of(2) { values[middle - 1] } else { values[middle] };
        Some(Self { median: (lower + values[middle]) / 2.0, least, greatest })
    }
}

/// How many times the generator's time a system takes, round by round at the same list length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Ratios {
    /// Of training.
    pub training: Option<Spread>,
    /// Of inference.
    pub inference: Option<Spread>,
    /// Of inference, one request at a time.
    pub single: Option<Spread>,
}

/// One row over its rounds. Seconds are for 1,024 lists.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpeedLine {
    /// The system.
    pub system: String,
    /// m, the items of a list.
    pub list_length: usize,
    /// Rounds that are done.
    pub rounds: usize,
    /// Seconds of one pass of training.
    pub training: Option<Spread>,
    /// Seconds in which lists are made.
    pub inference: Option<Spread>,
    /// The same where each request is a pass of its own.
    pub single: Option<Spread>,
    /// Beside the generator; nothing for what makes no list.
    pub ratios: Ratios,
    /// Requests that share a pass of inference, in each round; empty where the system decides.
    pub per_pass: Vec<usize>,
}

/// All timings so far.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpeedSummary {
    /// The split that requests are from, how many were timed, and candidates of each on average, of the first timing.
    pub about: Option<(String, usize, f64)>,
    /// The systems at the configuration's sizes.
    pub systems: Vec<SpeedLine>,
    /// Some of them as the list grows.
    pub grown: Vec<SpeedLine>,
}

impl SpeedSummary {
    /// Of timings.
    pub fn new(timings: &[Timing]) -> Self {
        let lines = |grown: bool| {
            let mut lines: Vec<SpeedLine> = Vec::new();
            for timing in timings.iter().filter(|timing| timing.grown == grown) {
                let is_told = |line: &SpeedLine| line.system == timing.system && line.list_length == timing.list_length;
                if !lines.iter().any(is_told) {
                    lines.push(line(timing, timings));
                }
            }
            lines
        };
        let about = timings.first().map(|first| (first.split.clone(), first.lists, first.candidates));
        Self { about, systems: lines(false), grown: lines(true) }
    }

    /// The greatest number of rounds of a row.
    pub fn rounds(&self) -> usize {
        self.systems.iter().chain(&self.grown).map(|line| line.rounds).max().unwrap_or(0)
    }
}

fn training(timing: &Timing) -> Option<f64> {
    timing.training_seconds.map(|seconds| seconds * LISTS as f64 / timing.lists as f64)
}

fn inference(timing: &Timing) -> f64 {
    timing.inference_seconds * LISTS as f64 / timing.lists as f64
}

fn single(timing: &Timing) -> Option<f64> {
    timing.single_seconds.map(|seconds| seconds * LISTS as f64 / timing.lists as f64)
}

/// The row that a timing is one of.
fn line(of: &Timing, timings: &[Timing]) -> SpeedLine {
    let same_lists = |timing: &&Timing| timing.grown == of.grown && timing.list_length == of.list_length;
    let rounds: Vec<&Timing> = timings.iter().filter(same_lists).filter(|timing| timing.system == of.system).collect();
    let generator = |round: &Timing| {
        timings.iter().filter(same_lists).find(|timing| timing.system == GENERATOR && timing.seed == round.seed)
    };
    let is_compared = of.system != GENERATOR && of.training_seconds.is_some();
    let pairs = || rounds.iter().filter(|_| is_compared).filter_map(|round| Some((*round, generator(round)?)));
    let ratios = Ratios {
        training: Spread::of(pairs().filter_map(|(own, other)| Some(training(own)? / training(other)?)).collect()),
        inference: Spread::of(pairs().map(|(own, other)| inference(own) / inference(other)).collect()),
        single: Spread::of(pairs().filter_map(|(own, other)| Some(single(own)? / single(other)?)).collect()),
    };
    SpeedLine {
        system: of.system.clone(),
        list_length: of.list_length,
        rounds: rounds.len(),
        training: Spread::of(rounds.iter().filter_map(|round| training(round)).collect()),
        inference: Spread::of(rounds.iter().map(|round| inference(round)).collect()),
        single: Spread::of(rounds.iter().filter_map(|round| single(round)).collect()),
        ratios,
        per_pass: rounds.iter().filter_map(|round| round.per_pass).collect(),
    }
}
