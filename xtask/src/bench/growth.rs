//! `growth`: how the time of generator and whole rerank grows with candidates, positions, width and batch.
//!
//! Each size is changed alone, from those of `kuaishou`. Beside powers of two there are sizes one below, at and above multiples
//! of what registers hold, to show that there is no cliff.
#![allow(clippy::print_stdout, reason = "it prints a table")]

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::engine::{After, Engine, Program, Sampling};
use super::fit::{self, Point};
use super::machine::Machine;
use super::plot;
use super::shown;
use super::table::{Table, duration};

/// What to do with the figures.
#[derive(Debug, Args)]
pub struct GrowthOptions {
    /// Draws them to a file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Milliseconds for each size
    #[arg(long, default_value_t = 150)]
    millis: u64,
}

/// What grows.
const PATHS: [&str; 2] = ["generator", "rerank"];

/// A size that is changed, and to what.
struct Axis {
    name: &'static str,
    /// Far apart, for the exponents.
    sizes: &'static [usize],
    /// One apart, for cliffs.
    neighbours: &'static [usize],
    /// The shape and the number of requests at a size.
    at: fn(usize) -> (String, usize),
}

const AXES: [Axis; 4] = [
    Axis {
        name: "candidates n",
        sizes: &[10, 20, 40, 60, 100, 200, 400],
        neighbours: &[13, 14, 15, 27, 28, 29, 31, 32, 33, 59, 60, 61, 63, 64, 65, 127, 128, 129],
        at: |n| (format!("n{n}-m6-d128-l2"), 1),
    },
    Axis {
        name: "positions m",
        sizes: &[2, 4, 6, 10, 20, 40],
        neighbours: &[7, 8, 9, 15, 16, 17],
        at: |m| (format!("n60-m{m}-d128-l2"), 1),
    },
    Axis { name: "width d", sizes: &[32, 64, 128, 256, 512], neighbours: &[], at: |d| (format!("n60-m6-d{d}-l2"), 1) },
    Axis {
        name: "requests",
        sizes: &[1, 2, 4, 8, 16, 32, 64],
        neighbours: &[15, 16, 17],
        at: |requests| ("n60-m6-d128-l2".to_owned(), requests),
    },
];

/// The times of a path along an axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Curve {
    pub(crate) axis: &'static str,
    pub(crate) path: &'static str,
    /// Size and nanoseconds, far apart.
    pub(crate) points: Vec<Point>,
    /// One apart.
    pub(crate) neighbours: Vec<Point>,
}

/// Measures, prints and draws.
pub(crate) fn growth(root: &Path, options: &GrowthOptions) -> anyhow::Result<()> {
    let mut engine = Program::build(root, None)?.start()?;
    let machine = Machine::this(root);
    println!("{}\n", machine.line());
    let mut curves = Vec::new();
    for axis in &AXES {
        for path in PATHS {
            let points = times(&mut engine, axis, path, axis.sizes, options.millis)?;
            let neighbours = times(&mut engine, axis, path, axis.neighbours, options.millis)?;
            curves.push(Curve { axis: axis.name, path, points, neighbours });
        }
    }
    for curve in &curves {
        println!("{} {}: {}", curve.path, curve.axis, points(&curve.points));
    }
    print!("\n{}", table(&curves).text());
    if let Some(file) = &options.svg {
        fs::write(file, plot::svg(&curves, &machine.line())?).with_context(|| format!("writing {}", file.display()))?;
        println!("\nwrote {}", shown(root, file).display());
    }
    Ok(())
}

/// The best of the samples, forwards and back again, so that a slow spell touches no size alone.
fn times(
    engine: &mut Engine,
    axis: &Axis,
    path: &'static str,
    sizes: &[usize],
    millis: u64,
) -> anyhow::Result<Vec<Point>> {
    let sampling = Sampling { millis: millis / 2, samples: 2, after: After::Drop };
    let mut points: Vec<Point> = sizes.iter().map(|size| (*size as f64, f64::INFINITY)).collect();
    let there = 0..sizes.len();
    for index in there.clone().chain(there.rev()) {
        let (shape, requests) = (axis.at)(sizes[index]);
        let timed = engine.time(&format!("{path}/{shape}/{requests}"), sampling)?;
        points[index].1 = points[index].1.min(timed.least);
    }
    Ok(points)
}

fn points(points: &[Point]) -> String {
    let each = points.iter().map(|(size, time)| format!("{size} {}", duration(*time)));
    each.collect::<Vec<_>>().join(", ")
}

/// A line per curve: its exponents, and its worst step.
fn table(curves: &[Curve]) -> Table {
    let mut table =
        Table::new(["path", "grows with", "from", "to", "exponent", "steepest", "worst step of one", "ratio"]);
    let exponent = |slope: Option<f64>| slope.map(|slope| format!("{slope:.2}")).unwrap_or_default();
    for Curve { axis, path, points, neighbours } in curves {
        let size = |point: Option<&Point>| point.map(|point| point.0.to_string()).unwrap_or_default();
        let worst = fit::worst_step(neighbours);
        table.push([
            (*path).to_owned(),
            (*axis).to_owned(),
            size(points.first()),
            size(points.last()),
            exponent(fit::overall(points)),
            exponent(fit::steepest(points)),
            worst.map(|(from, to, _)| format!("{} → {}", from.0, to.0)).unwrap_or_default(),
            worst.map(|(.., ratio)| format!("{ratio:.3}")).unwrap_or_default(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_exponents_and_the_worst_step() {
        let curve = Curve {
            axis: "width d",
            path: "generator",
            points: vec![(32.0, 1.0), (64.0, 2.0), (128.0, 8.0)],
            neighbours: vec![(7.0, 1.0), (8.0, 1.1), (9.0, 1.5), (15.0, 9.0)],
        };
        let text = table(&[curve]).text();
        let line: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(line, ["generator", "width", "d", "32", "128", "1.50", "2.00", "8", "→", "9", "1.364"]);
    }

    #[test]
    fn every_axis_goes_through_the_shape_the_others_start_from() {
        let places = AXES.iter().flat_map(|axis| axis.sizes.iter().map(|size| (axis.at)(*size)));
        let base = ("n60-m6-d128-l2".to_owned(), 1);
        assert_eq!(places.filter(|place| *place == base).count(), AXES.len());
    }
}
