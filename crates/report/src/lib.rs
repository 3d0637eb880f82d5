//! The self-contained HTML report of a training run or an evaluation.
//!
//! A [`Report`] is plain numbers and names; [`render`] turns it into one page that opens from a disk without a network: no
//! script, no font, no image, and a content security policy that forbids any. Parts that are missing are left out.
//!
//! ```text
//! Report ──view──▶ Page (strings, places in per cent, paths) ──templates/*.html──▶ HTML
//! ```
//!
//! Every decision about numbers (rounding, order, scale, what is best) is made in `view`, in Rust, where it is tested; the
//! templates only place finished strings, and minijinja escapes each of them. The charts are SVG written by a template
//! rather than by a plotting crate, because their colours must follow the reader's light or dark scheme and their text must be
//! readable by a screen reader; a plotting crate bakes both into the image.
//!
//! ```
//! use nar4rec_report::{Fact, Report, render};
//!
//! let report = Report {
//!     title: "NAR4Rec on kuairand".to_owned(),
//!     facts: vec![Fact::new("Lists", "1,204")],
//!     ..Report::default()
//! };
//! let html = render(&report)?;
//! assert!(html.starts_with("<!doctype html>") && html.contains("1,204"));
//! # Ok::<(), nar4rec_report::ReportError>(())
//! ```

mod report;
mod view;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

pub use report::{
    Alternative, Better, Column, Curve, EvaluatorRow, Fact, FeedbackKind, HeatMap, HeatRow, Measure, MetricsTable,
    Plot, Point, Report, Reranked, Scale, Series, Slate, SlateItem, Spacing, System, Training,
};

/// Why a report cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Two parts of the report that run in parallel differ in length.
    #[error("{what}: found {found} values, expected {expected}")]
    Shape {
        /// The part, such as `row "random" of the metrics table`.
        what: String,
        /// How many it has.
        found: usize,
        /// How many it should have.
        expected: usize,
    },
    /// A template failed.
    #[error("the page's template failed: {0}")]
    Template(#[from] minijinja::Error),
}

/// The page's templates and style sheet, by the name they call each other.
const TEMPLATES: [(&str, &str); 9] = [
    ("page.html", include_str!("../templates/page.html")),
    ("metrics.html", include_str!("../templates/metrics.html")),
    ("frame.html", include_str!("../templates/frame.html")),
    ("plots.html", include_str!("../templates/plots.html")),
    ("evaluator.html", include_str!("../templates/evaluator.html")),
    ("reranked.html", include_str!("../templates/reranked.html")),
    ("heat.html", include_str!("../templates/heat.html")),
    ("training.html", include_str!("../templates/training.html")),
    ("style.css", include_str!("../templates/style.css")),
];

/// The HTML page of a report.
///
/// # Errors
/// If the report's parts do not fit together, such as a table row with more values than there are columns.
pub fn render(report: &Report) -> Result<String, ReportError> {
    let page = view::Page::new(report)?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(
        |name| {
            if name.ends_with(".css") { AutoEscape::None } else { AutoEscape::Html }
        },
    );
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    Ok(environment.get_template("page.html")?.render(Serde(&page))?)
}
