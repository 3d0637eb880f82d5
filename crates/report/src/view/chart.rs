//! The curves of training runs as SVG paths.
//!
//! A curve with more than [`POINTS`] points is drawn through the means of equal runs of points: a loss per step is noisy,
//! and its trend is what is read.

use serde::Serialize;

use super::axis::{Axis, Dot, Frame, coordinate, path, step_label, unit, value_label};
use super::number::scaled;
use crate::{Point, Series, Training};

/// The greatest number of points a curve is drawn through.
const POINTS: usize = 240;

/// The panels of one training run. Their horizontal axes are the same, so that a step stands at the same place in each.
#[derive(Debug, Serialize)]
pub(super) struct Run<'a> {
    name: &'a str,
    marks_kept: bool,
    panels: Vec<Panel<'a>>,
}

#[derive(Debug, Serialize)]
struct Panel<'a> {
    heading: String,
    /// The curve in words, for those who cannot see it.
    summary: String,
    frame: Frame<'a>,
    path: String,
    dots: Vec<Dot>,
    kept: Option<String>,
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
        let x = Axis::across(steps.chain([0.0]));
        let loss = Panel::new(&training.loss, Marks::None, x, training.kept_step);
        let validation = validation.and_then(|series| Panel::new(series, Marks::EachPoint, x, training.kept_step));
        let panels: Vec<Panel<'a>> = loss.into_iter().chain(validation).collect();
        Self { name: &training.name, marks_kept: panels.iter().any(|panel| panel.kept.is_some()), panels }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.panels.is_empty()
    }
}

impl<'a> Panel<'a> {
    /// `None` if no point is finite.
    fn new(series: &'a Series, marks: Marks, x: Axis, kept_step: Option<f64>) -> Option<Self> {
        let finite = |point: &&Point| point.step.is_finite() && point.value.is_finite();
        let points: Vec<Point> = series.points.iter().filter(finite).copied().collect();
        let drawn = thinned(&points);
        let (first, last) = (drawn.first()?, drawn.last()?);
        let y = Axis::up(drawn.iter().map(|point| point.value));
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
            heading: format!("{}{}", series.name, unit(series.scale)),
            summary,
            frame: Frame::new(
                "step",
                x.ticks(|step, _| step_label(step)),
                y.ticks(|value, spacing| value_label(value, spacing, series.scale)),
            ),
            path: path(drawn.iter().map(|point| (x.at(point.step), y.at(point.value)))),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scale;

    fn points(values: &[f64]) -> Vec<Point> {
        values.iter().enumerate().map(|(step, &value)| Point { step: step as f64, value }).collect()
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
        assert_eq!(run.panels[0].frame.x_ticks, run.panels[1].frame.x_ticks);
        assert_eq!(run.panels[0].kept, run.panels[1].kept);
        assert!(run.marks_kept && Run::new(&Training::default()).is_empty());
    }

    #[test]
    fn points_without_a_value_are_skipped() {
        let series = Series { name: "loss".into(), scale: Scale::Plain, points: points(&[1.0, f64::NAN, 0.5]) };
        let x = Axis::across([0.0, 2.0].into_iter());
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
