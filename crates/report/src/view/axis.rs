//! The frame of a chart: a box whose plot area lies inside the margins, and axes that map values into it. The browser scales it.

use std::fmt::Write;

use serde::Serialize;

use super::number::{decimals, grouped};
use crate::Scale;

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 44.0;
/// About how many ticks an axis has.
const TICKS: f64 = 5.0;

/// The box with its axes and the names of what they measure.
#[derive(Debug, Serialize)]
pub(super) struct Frame<'a> {
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    x_name: &'a str,
    pub(super) x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
}

impl<'a> Frame<'a> {
    pub(super) fn new(x_name: &'a str, x_ticks: Vec<Tick>, y_ticks: Vec<Tick>) -> Self {
        let [right, bottom] = [WIDTH - RIGHT, HEIGHT - BOTTOM];
        Self { width: WIDTH, height: HEIGHT, left: LEFT, right, top: TOP, bottom, x_name, x_ticks, y_ticks }
    }
}

/// A place of an axis and what is written there.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Tick {
    pub(super) at: String,
    pub(super) label: String,
}

/// A point that is marked, and what it says.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Dot {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) label: String,
}

/// Points of the box joined by straight lines.
pub(super) fn path(points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (x, y) in points {
        let command = if path.is_empty() { 'M' } else { 'L' };
        write!(path, "{command}{} {}", coordinate(x), coordinate(y)).expect("writing to a string cannot fail");
    }
    path
}

/// A linear map from values to the panel's units.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    /// From the least to the greatest value; around them where they are too close together to tell apart.
    fn new(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let enough = f64::EPSILON * 1e6 * low.abs().max(high.abs());
        if (high - low).is_normal() && high - low > enough {
            return Self { low, high, from, to };
        }
        let room = 0.5 * low.abs().max(1.0);
        Self { low: low - room, high: low + room, from, to }
    }

    /// The horizontal axis of some values.
    pub(super) fn across(values: impl Iterator<Item = f64>) -> Self {
        Self::new(values, LEFT, WIDTH - RIGHT)
    }

    /// The vertical axis of some values, with a little room above and below.
    pub(super) fn up(values: impl Iterator<Item = f64>) -> Self {
        Self::new(values, HEIGHT - BOTTOM, TOP).widened()
    }

    /// With a little room above and below the values.
    fn widened(self) -> Self {
        let room = 0.06 * (self.high - self.low);
        Self { low: self.low - room, high: self.high + room, ..self }
    }

    pub(super) fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    pub(super) fn at(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    /// About [`TICKS`] ticks at round numbers; `label` is given the value and the spacing.
    pub(super) fn ticks(&self, label: impl Fn(f64, f64) -> String) -> Vec<Tick> {
        let spacing = round_spacing((self.high - self.low) / TICKS);
        let (first, last) = ((self.low / spacing).ceil() as i64, (self.high / spacing).floor() as i64);
        let tick = |index: i64| {
            let value = index as f64 * spacing;
            Tick { at: coordinate(self.at(value)), label: label(value, spacing) }
        };
        (first..=last).map(tick).collect()
    }
}

/// The least of 1, 2, 5 times a power of ten that is at least `spacing`.
fn round_spacing(spacing: f64) -> f64 {
    let power = 10f64.powf(spacing.log10().floor());
    let times = [1.0, 2.0, 5.0].into_iter().find(|times| times * power >= spacing * (1.0 - 1e-9)).unwrap_or(10.0);
    times * power
}

pub(super) fn step_label(step: f64) -> String {
    if step >= 0.0 && step.fract() == 0.0 { grouped(step as u64) } else { decimals(step, 1) }
}

/// A tick's value with as many decimals as its spacing needs.
pub(super) fn value_label(value: f64, spacing: f64, scale: Scale) -> String {
    let unit = if scale == Scale::Percent { 100.0 } else { 1.0 };
    let places = (-(spacing * unit).log10() - 1e-9).ceil().clamp(0.0, 9.0) as usize;
    decimals(value * unit, places)
}

/// What follows the name of values that are written so.
pub(super) fn unit(scale: Scale) -> &'static str {
    match scale {
        Scale::Percent => ", %",
        Scale::Plain => "",
    }
}

pub(super) fn coordinate(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_map_their_ends_to_the_ends_of_the_plot() {
        let axis = Axis::new([3.0, 1.0, 5.0].into_iter(), 100.0, 0.0);
        assert_eq!((axis.at(1.0), axis.at(3.0), axis.at(5.0)), (100.0, 50.0, 0.0));
        let flat = Axis::new([2.0, 2.0].into_iter(), 0.0, 10.0);
        assert_eq!(flat.at(2.0), 5.0);
    }

    #[test]
    fn axes_of_extreme_values_have_few_ticks() {
        for ends in [[0.0, 5e-324], [1e15, 1e15 + 0.25], [-1e308, 1e308], [1e308, 1e308], [0.0, 0.0], [-1e-12, 1e-12]] {
            let axis = Axis::new(ends.into_iter(), 0.0, 100.0).widened();
            let ticks = axis.ticks(|value, spacing| value_label(value, spacing, Scale::Plain));
            assert!(ticks.len() < 12 && axis.at(ends[0]).is_finite(), "{ends:?}: {ticks:?}");
        }
    }

    #[test]
    fn ticks_are_round_and_inside() {
        let ticks = Axis::new([0.0, 1440.0].into_iter(), 0.0, 100.0).ticks(|value, _| step_label(value));
        let labels: Vec<&str> = ticks.iter().map(|tick| tick.label.as_str()).collect();
        assert_eq!(labels, ["0", "500", "1,000"]);
        let values = Axis::new([0.331, 0.352].into_iter(), 0.0, 1.0).ticks(|v, s| value_label(v, s, Scale::Percent));
        let labels: Vec<&str> = values.iter().map(|tick| tick.label.as_str()).collect();
        assert_eq!(labels, ["33.5", "34.0", "34.5", "35.0"]);
        assert_eq!(value_label(0.34, 0.01, Scale::Percent), "34");
        assert_eq!(value_label(-2.0, 0.05, Scale::Plain), "−2.00");
    }

    #[test]
    fn spacings_are_one_two_or_five_times_a_power_of_ten() {
        for (spacing, round) in [(0.9, 1.0), (1.0, 1.0), (1.1, 2.0), (3.0, 5.0), (6.0, 10.0), (0.04, 0.05)] {
            assert!((round_spacing(spacing) - round).abs() < 1e-12, "{spacing}: {}", round_spacing(spacing));
        }
    }
}
