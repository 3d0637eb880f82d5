//! Curves over a common quantity.

use serde::Serialize;

use super::axis::{Axis, Dot, Frame, Tick, coordinate, path, unit, value_label};
use super::number::scaled;
use crate::{Measure, Plot, Scale, Spacing};

/// Where, and the value there.
type Points = Vec<(f64, Measure)>;

/// How many colours the style sheet has for curves.
const COLOURS: usize = 6;

/// A plot, ready to be set.
#[derive(Debug, Serialize)]
pub(super) struct View<'a> {
    heading: String,
    /// The curves in words, for those who cannot see them.
    summary: String,
    frame: Frame<'a>,
    curves: Vec<Drawn<'a>>,
    has_legend: bool,
}

#[derive(Debug, Serialize)]
struct Drawn<'a> {
    name: &'a str,
    /// From 1.
    colour: usize,
    path: String,
    whiskers: Vec<Whisker>,
    dots: Vec<Dot>,
}

/// An interval.
#[derive(Debug, Serialize)]
struct Whisker {
    x: String,
    low: String,
    high: String,
}

impl<'a> View<'a> {
    /// `None` if no point is finite.
    pub(super) fn new(plot: &'a Plot) -> Option<Self> {
        let curves: Vec<(&str, Points)> = plot
            .curves
            .iter()
            .map(|curve| (curve.name.as_str(), curve.points.iter().filter(is_finite).copied().collect::<Points>()))
            .filter(|(_, points)| !points.is_empty())
            .collect();
        let all = || curves.iter().flat_map(|(_, points)| points);
        all().next()?;
        let mut values: Vec<f64> = all().map(|(x, _)| *x).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let place = |x: f64| match plot.spacing {
            Spacing::Linear => x,
            Spacing::Even => values.partition_point(|value| *value < x) as f64,
        };
        let across = Axis::across(values.iter().map(|x| place(*x)));
        let up = Axis::up(all().flat_map(|(_, y)| [y.low, y.value, y.high]).filter(|value| value.is_finite()));
        let x_ticks = match plot.spacing {
            Spacing::Linear => across.ticks(|value, spacing| value_label(value, spacing, Scale::Plain)),
            Spacing::Even => {
                let tick = |x: &f64| Tick { at: coordinate(across.at(place(*x))), label: x.to_string() };
                values.iter().map(tick).collect()
            }
        };
        let y_ticks = up.ticks(|value, spacing| value_label(value, spacing, plot.scale));
        let drawn = |(index, (name, points)): (usize, &(&'a str, Points))| {
            let at = |x: f64| across.at(place(x));
            let dot = |(x, y): &(f64, Measure)| Dot {
                x: coordinate(at(*x)),
                y: coordinate(up.at(y.value)),
                label: format!("{name}, {} {x}: {}", plot.over, scaled(y.value, plot.scale)),
            };
            let intervals = points.iter().filter(|(_, y)| y.low.is_finite() && y.high.is_finite());
            let whisker = |(x, y): &(f64, Measure)| Whisker {
                x: coordinate(at(*x)),
                low: coordinate(up.at(y.low)),
                high: coordinate(up.at(y.high)),
            };
            Drawn {
                name,
                colour: index % COLOURS + 1,
                path: path(points.iter().map(|(x, y)| (at(*x), up.at(y.value)))),
                whiskers: intervals.map(whisker).collect(),
                dots: points.iter().map(dot).collect(),
            }
        };
        let told = |(name, points): &(&str, Points)| {
            let values: Vec<String> =
                points.iter().map(|(x, y)| format!("{} at {x}", scaled(y.value, plot.scale))).collect();
            format!("{name}: {}", values.join(", "))
        };
        Some(Self {
            heading: format!("{}{}", plot.name, unit(plot.scale)),
            summary: format!(
                "{} over {}. {}",
                plot.name,
                plot.over,
                curves.iter().map(told).collect::<Vec<_>>().join("; ")
            ),
            frame: Frame::new(&plot.over, x_ticks, y_ticks),
            has_legend: curves.len() > 1,
            curves: curves.iter().enumerate().map(drawn).collect(),
        })
    }
}

fn is_finite((x, y): &&(f64, Measure)) -> bool {
    x.is_finite() && y.value.is_finite()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Curve;

    fn plot(spacing: Spacing) -> Plot {
        let with_interval = Measure::new(0.5, 0.4, 0.6);
        let points =
            vec![(0.0, Measure::bare(0.25)), (0.01, with_interval), (0.2, Measure::NONE), (0.21, with_interval)];
        let curves = vec![
            Curve { name: "a".to_owned(), points },
            Curve { name: "none".to_owned(), points: vec![(0.0, Measure::NONE)] },
        ];
        Plot { name: "NDCG@6".to_owned(), scale: Scale::Percent, over: "ω".to_owned(), spacing, curves }
    }

    #[test]
    fn points_stand_where_they_belong() {
        let even = plot(Spacing::Even);
        let view = View::new(&even).unwrap();
        let labels: Vec<&str> = view.frame.x_ticks.iter().map(|tick| tick.label.as_str()).collect();
        assert_eq!(labels, ["0", "0.01", "0.21"]);
        let [curve] = &view.curves[..] else { panic!("a curve without a value is left out") };
        let across: Vec<&str> = curve.dots.iter().map(|dot| dot.x.as_str()).collect();
        assert_eq!(across, ["52.0", "259.0", "466.0"]);
        assert_eq!((curve.whiskers.len(), curve.path.matches('L').count(), view.has_legend), (2, 2, false));
        assert!(view.summary.ends_with("a: 25.0 at 0, 50.0 at 0.01, 50.0 at 0.21"), "{}", view.summary);
        let linear = plot(Spacing::Linear);
        let view = View::new(&linear).unwrap();
        assert_eq!(view.curves[0].dots[1].x, "71.7");
    }

    #[test]
    fn nothing_is_not_drawn() {
        assert!(View::new(&Plot::default()).is_none());
    }
}
