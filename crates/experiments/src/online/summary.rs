//! Days put together: how each arm goes from day to day, and what it gains over the control.

use std::collections::BTreeMap;

use nar4rec_metrics::{Bootstrap, Tally};
use serde::Serialize;

use super::{
    Day, QueryTally,
    day::{CARRIED_OVER, per_list},
};
use crate::{ExperimentError, Value, summary::OPTIMUM};

/// The figures that tell where utility was lost; the Markdown table leaves them to the page.
pub(super) const PARTS: [&str; 5] =
    ["best proposed", "lost by proposing", "lost by choosing", "forecast RMSE", "forecast correlation"];

/// An A/B test so far.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OnlineSummary {
    /// The arms, the control first.
    pub arms: Vec<String>,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// Requests of a day, over all arms.
    pub daily_lists: u64,
    /// The names of all figures.
    pub columns: Vec<String>,
    /// The kinds of feedback.
    pub kinds: Vec<String>,
    /// Each arm's days, arm by arm.
    pub days: Vec<DayLine>,
    /// What each arm gains over the control, over all days that both have.
    pub lifts: Vec<Lift>,
}

/// An arm on a day, over seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DayLine {
    /// The arm.
    pub arm: String,
    /// The day, from 1.
    pub day: u64,
    /// The seeds that are done.
    pub seeds: Vec<u64>,
    /// Lists it showed, over these seeds.
    pub lists: u64,
    /// The figures, in the order of [`OnlineSummary::columns`].
    pub values: Vec<Option<Value>>,
}

/// What an arm gains over the control in one measure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lift {
    /// The arm.
    pub arm: String,
    /// A kind of feedback, or the utility.
    pub measure: String,
    /// What a list of the control earned.
    pub control: f64,
    /// What a list of the arm earned.
    pub value: f64,
    /// value / control − 1, and the ends of its 95 % interval over queries; nothing where the control earned nothing.
    pub lift: Option<[f64; 3]>,
    /// The same of what is expected, had each arm served all queries alike: what the lift estimates.
    pub truth: Option<f64>,
}

impl OnlineSummary {
    /// Of days of so many requests over all arms, in the order in which they were run.
    ///
    /// # Errors
    /// If an outcome cannot be compared.
    pub fn new(days: &[Day], daily_lists: u64) -> Result<Self, ExperimentError> {
        let mut arms: Vec<String> = Vec::new();
        let mut seeds: Vec<u64> = Vec::new();
        for day in days {
            if !arms.contains(&day.arm) {
                arms.push(day.arm.clone());
            }
            if !seeds.contains(&day.seed) {
                seeds.push(day.seed);
            }
        }
        let measures = days.first().map_or(&[][..], |first| &first.measures);
        let kinds = measures.split_last().map_or(&[][..], |(_, kinds)| kinds);
        let columns = columns(days, kinds);
        let mut lifts = Vec::new();
        for arm in arms.iter().skip(1) {
            for (at, measure) in measures.iter().enumerate() {
                lifts.extend(lift(days, [&arms[0], arm], (at, measure))?);
            }
        }
        Ok(Self {
            daily_lists,
            kinds: kinds.to_vec(),
            days: arms.iter().flat_map(|arm| lines(days, arm, &columns)).collect(),
            arms,
            seeds,
            columns,
            lifts,
        })
    }
}

/// The names of all figures: utility, feedback, what is shown again, and then the parts of what is lost.
fn columns(days: &[Day], kinds: &[String]) -> Vec<String> {
    let mut names: Vec<String> = days.iter().flat_map(|day| day.figures.keys().cloned()).collect();
    names.sort();
    names.dedup();
    let kinds = kinds.iter().map(|kind| per_list(kind));
    let order: Vec<String> = std::iter::once(OPTIMUM.to_owned())
        .chain(kinds)
        .chain(["repetition", "coverage", "distinct-2", CARRIED_OVER].map(str::to_owned))
        .chain(PARTS.map(str::to_owned))
        .collect();
    names.sort_by_key(|name| order.iter().position(|other| other == name).unwrap_or(order.len()));
    names
}

/// The days of an arm.
fn lines(days: &[Day], arm: &str, columns: &[String]) -> Vec<DayLine> {
    let mut by_day: BTreeMap<u64, Vec<&Day>> = BTreeMap::new();
    for day in days.iter().filter(|day| day.arm == arm) {
        by_day.entry(day.day).or_default().push(day);
    }
    let value = |days: &[&Day], name: &String| {
        Value::of(&days.iter().filter_map(|day| day.figures.get(name).copied()).collect::<Vec<f64>>())
    };
    let line = |(day, days): (u64, Vec<&Day>)| DayLine {
        arm: arm.to_owned(),
        day,
        seeds: days.iter().map(|day| day.seed).collect(),
        lists: days.iter().map(|day| day.lists).sum(),
        values: columns.iter().map(|name| value(&days, name)).collect(),
    };
    by_day.into_iter().map(line).collect()
}

/// The lift of an arm over the control, over the days that both have; nothing if there is none.
fn lift(days: &[Day], names: [&str; 2], (at, measure): (usize, &str)) -> Result<Option<Lift>, ExperimentError> {
    let has = |name: &str, day: &Day| {
        days.iter().any(|other| other.arm == name && (other.seed, other.day) == (day.seed, day.day))
    };
    let [control, arm] = names.map(|name| {
        let days = days.iter().filter(|day| day.arm == name && names.iter().all(|other| has(other, day)));
        days.collect::<Vec<&Day>>()
    });
    let mut queries: BTreeMap<&str, [Tally; 2]> = BTreeMap::new();
    for (place, days) in [&control, &arm].into_iter().enumerate() {
        for (query, QueryTally { lists, sums }) in days.iter().flat_map(|day| &day.queries) {
            let tally = &mut queries.entry(query).or_default()[place];
            tally.lists += lists;
            tally.sum += sums.get(at).copied().unwrap_or_default();
        }
    }
    let queries: Vec<[Tally; 2]> = queries.into_values().collect();
    let [Some(mean_control), Some(mean_arm)] = [0, 1].map(|place| earned(queries.iter().map(|query| query[place])))
    else {
        return Ok(None);
    };
    let estimate = Bootstrap::default().lift(&queries)?;
    let [expected_control, expected_arm] = [&control, &arm].map(|days| expected(days, at));
    Ok(Some(Lift {
        arm: names[1].to_owned(),
        measure: measure.to_owned(),
        control: mean_control,
        value: mean_arm,
        lift: estimate.map(|lift| [lift.value, lift.low, lift.high]),
        truth: (expected_control > 0.0).then(|| expected_arm / expected_control - 1.0),
    }))
}

/// What a list earned on average; nothing of no lists.
fn earned(tallies: impl Iterator<Item = Tally>) -> Option<f64> {
    let (lists, sum) = tallies.fold((0, 0.0), |(lists, sum), tally| (lists + tally.lists, sum + tally.sum));
    (lists > 0).then(|| sum / lists as f64)
}

/// What a list is expected to earn, each day counting by the lists that were shown on it.
fn expected(days: &[&Day], at: usize) -> f64 {
    let lists: u64 = days.iter().map(|day| day.lists).sum();
    let sum: f64 = days.iter().map(|day| day.lists as f64 * day.expected.get(at).copied().unwrap_or_default()).sum();
    sum / lists as f64
}
