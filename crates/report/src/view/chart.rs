//! Curves as SVG paths.
//!
//! A panel is a box of [`WIDTH`] × [`HEIGHT`] units whose plot area lies inside the margins; the browser scales it. A curve
//! with more than [`POINTS`] points is drawn through the means of equal runs of points: a loss per step is noisy, and its
//! trend is what is read.

use std::fmt::Write;

use serde::Serialize;

use super::number::{decimals, grouped, scaled};
use crate::{Point, Scale, Series, Training};

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 44.0;
/// The greatest number of points a curve is drawn through.
const POINTS: usize = 240;
/// About how many ticks an axis has.
const TICKS: f64 = 5.0;

/// The panels of one training run. Their horizontal axes are the same, so that a step stands at the same place in each.
#[derive(Debug, Serialize)]
pub(super) struct Run<'a> {
    name: &'a str,
    marks_kept: bool,
    panels: Vec<Panel>,
}

#[derive(Debug, Serialize)]
struct Panel {
    heading: String,
    /// The curve in words, for those who cannot see it.
    summary: String,
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    path: String,
    dots: Vec<Dot>,
    kept: Option<String>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Tick {
    at: String,
    label: String,
}

#[derive(Debug, PartialEq, Serialize)]
struct Dot {
    x: String,
    y: String,
    label: String,
}

/// Whether each point is worth a dot of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marks {
    None,
    EachPoint,
}

impl<'a> Run<'a> {
    pub(super) fn new(training: &'a Training) -> Self {
        let validation = training.validation.as_ref();
        let points = training.loss.points.iter().chain(validation.iter().flat_map(|series| &series.points));
        let steps = points.map(|point| point.step).filter(|step| step.is_finite());
        let x = Axis::new(steps.chain([0.0]), LEFT, WIDTH - RIGHT);
        let loss = Panel::new(&training.loss, Marks::None, x, training.kept_step);
        let validation = validation.and_then(|series| Panel::new(series, Marks::EachPoint, x, training.kept_step));
        let panels: Vec<Panel> = loss.into_iter().chain(validation).collect();
        Self { name: &training.name, marks_kept: panels.iter().any(|panel| panel.kept.is_some()), panels }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.panels.is_empty()
    }
}

impl Panel {
    /// `None` if no point is finite.
    fn new(series: &Series, marks: Marks, x: Axis, kept_step: Option<f64>) -> Option<Self> {
        let finite = |point: &&Point| point.step.is_finite() && point.value.is_finite();
        let points: Vec<Point> = series.points.iter().filter(finite).copied().collect();
        let drawn = thinned(&points);
        let (first, last) = (drawn.first()?, drawn.last()?);
        let y = Axis::new(drawn.iter().map(|point| point.value), HEIGHT - BOTTOM, TOP).widened();
        let summary = format!(
            "{}: from {} at step {} to {} at step {}",
            series.name,
            scaled(first.value, series.scale),
            step_label(first.step),
            scaled(last.value, series.scale),
            step_label(last.step),
        );
        let dot = |point: &Point| Dot {
            x: coordinate(x.at(point.step)),
            y: coordinate(y.at(point.value)),
            label: format!("step {}: {}", step_label(point.step), scaled(point.value, series.scale)),
        };
        Some(Self {
            heading: if series.scale == Scale::Percent { format!("{}, %", series.name) } else { series.name.clone() },
            summary,
            width: WIDTH,
            height: HEIGHT,
            left: LEFT,
            right: WIDTH - RIGHT,
            top: TOP,
            bottom: HEIGHT - BOTTOM,
            x_ticks: x.ticks(|step, _| step_label(step)),
            y_ticks: y.ticks(|value, spacing| value_label(value, spacing, series.scale)),
            path: path(&drawn, &x, &y),
            dots: if marks == Marks::EachPoint { drawn.iter().map(dot).collect() } else { Vec::new() },
            kept: kept_step.filter(|step| x.holds(*step)).map(|step| coordinate(x.at(step))),
        })
    }
}

/// At most [`POINTS`] points: the means of runs of equal length. A mean that overflows is left out.
fn thinned(points: &[Point]) -> Vec<Point> {
    let run = points.len().div_ceil(POINTS).max(1);
    let mean = |run: &[Point], of: fn(&Point) -> f64| run.iter().map(of).sum::<f64>() / run.len() as f64;
    let means = points.chunks(run).map(|run| Point { step: mean(run, |p| p.step), value: mean(run, |p| p.value) });
    means.filter(|point| point.step.is_finite() && point.value.is_finite()).collect()
}

fn path(points: &[Point], x: &Axis, y: &Axis) -> String {
    let mut path = String::new();
    for point in points {
        let command = if path.is_empty() { 'M' } else { 'L' };
        let (x, y) = (coordinate(x.at(point.step)), coordinate(y.at(point.value)));
        write!(path, "{command}{x} {y}").expect("writing to a string cannot fail");
    }
    path
}

/// A linear map from values to the panel's units.
#[derive(Debug, Clone, Copy)]
struct Axis {
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

    /// With a little room above and below the values.
    fn widened(self) -> Self {
        let room = 0.06 * (self.high - self.low);
        Self { low: self.low - room, high: self.high + room, ..self }
    }

    fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    fn at(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    /// About [`TICKS`] ticks at round numbers; `label` is given the value and the spacing.
    fn ticks(&self, label: impl Fn(f64, f64) -> String) -> Vec<Tick> {
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

fn step_label(step: f64) -> String {
    if step >= 0.0 && step.fract() == 0.0 { grouped(step as u64) } else { decimals(step, 1) }
}

/// A tick's value with as many decimals as its spacing needs.
fn value_label(value: f64, spacing: f64, scale: Scale) -> String {
    let unit = if scale == Scale::Percent { 100.0 } else { 1.0 };
    let places = (-(spacing * unit).log10() - 1e-9).ceil().clamp(0.0, 9.0) as usize;
    decimals(value * unit, places)
}

fn coordinate(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[f64]) -> Vec<Point> {
        values.iter().enumerate().map(|(step, &value)| Point { step: step as f64, value }).collect()
    }

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

    #[test]
    fn long_curves_are_thinned_to_means() {
        let long: Vec<f64> = (0..2 * POINTS).map(|i| (i % 2) as f64).collect();
        let drawn = thinned(&points(&long));
        assert_eq!(drawn.len(), POINTS);
        assert!(drawn.iter().all(|point| point.value == 0.5));
        assert_eq!(thinned(&points(&[1.0, 2.0])).len(), 2);
    }

    #[test]
    fn both_panels_of_a_run_share_their_steps() {
        let loss = Series { points: points(&[3.0, 2.0, 1.0]), ..Series::default() };
        let validation = Series { points: vec![Point { step: 4.0, value: 0.5 }], ..Series::default() };
        let training = Training { loss, validation: Some(validation), kept_step: Some(2.0), ..Training::default() };
        let run = Run::new(&training);
        assert_eq!(run.panels[0].x_ticks, run.panels[1].x_ticks);
        assert_eq!(run.panels[0].kept, run.panels[1].kept);
        assert!(run.marks_kept && Run::new(&Training::default()).is_empty());
    }

    #[test]
    fn points_without_a_value_are_skipped() {
        let series = Series { name: "loss".into(), scale: Scale::Plain, points: points(&[1.0, f64::NAN, 0.5]) };
        let x = Axis::new([0.0, 2.0].into_iter(), LEFT, WIDTH - RIGHT);
        let panel = Panel::new(&series, Marks::EachPoint, x, Some(2.0)).unwrap();
        assert_eq!(panel.dots.len(), 2);
        assert_eq!(panel.path.matches('L').count(), 1);
        assert_eq!(panel.summary, "loss: from 1.0000 at step 0 to 0.5000 at step 2");
        assert_eq!(panel.kept.as_deref(), Some("466.0"));
        assert!(
            Panel::new(&Series { points: points(&[f64::NAN]), ..Series::default() }, Marks::None, x, None).is_none()
        );
        assert!(Panel::new(&Series::default(), Marks::None, x, None).is_none());
    }
}
