//! What a report says, before it has a form. A NaN anywhere means "no value" and is shown as a dash.

use serde::Serialize;

/// Everything on the page. Empty and absent parts are left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// The page's heading and window title.
    pub title: String,
    /// A sentence or two under the heading: what this run shows.
    pub lead: Option<String>,
    /// Data set, lists, seeds, sizes, time.
    pub facts: Vec<Fact>,
    /// Systems against metrics.
    pub metrics: Option<MetricsTable>,
    /// What follows from what.
    pub plots: Vec<Plot>,
    /// How well the evaluator knows the user, per feedback kind.
    pub evaluator: Vec<EvaluatorRow>,
    /// One request's list before and after.
    pub reranked: Option<Reranked>,
    /// The probability matrix of one request.
    pub heat_map: Option<HeatMap>,
    /// The training runs, generator and evaluator.
    pub training: Vec<Training>,
}

/// A name and its value, both as text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fact {
    /// What it is, such as `Data set`.
    pub name: String,
    /// Its value, such as `ml-1m-rerank, test`.
    pub value: String,
}

impl Fact {
    /// A fact.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// How a number is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum Scale {
    /// A share from 0 to 1, written in per cent with one decimal.
    #[default]
    Percent,
    /// As it is.
    Plain,
}

/// Which end of a metric is the good one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum Better {
    /// Such as NDCG.
    #[default]
    Higher,
    /// Such as LogLoss.
    Lower,
}

/// Systems (rows) against metrics (columns).
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct MetricsTable {
    /// The metrics.
    pub columns: Vec<Column>,
    /// The systems, in the order they are shown.
    pub rows: Vec<System>,
    /// A remark below the table: what the ranges are, how many lists were left out.
    pub note: Option<String>,
}

/// One metric of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Column {
    /// The metric's name, such as `NDCG@6`.
    pub name: String,
    /// How its values are written.
    pub scale: Scale,
    /// Which end is good.
    pub better: Better,
}

impl Column {
    /// A share where higher is better, such as `P@6`.
    pub fn share(name: impl Into<String>) -> Self {
        Self { name: name.into(), scale: Scale::Percent, better: Better::Higher }
    }

    /// A loss: a plain number where lower is better.
    pub fn loss(name: impl Into<String>) -> Self {
        Self { name: name.into(), scale: Scale::Plain, better: Better::Lower }
    }
}

/// One system of the table.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct System {
    /// Its name, such as `NAR4Rec pipeline`.
    pub name: String,
    /// What it is, in a few words.
    pub note: Option<String>,
    /// Its value in each column.
    pub values: Vec<Measure>,
}

/// A value with its range, such as its 95% interval; [`Measure::NONE`] where there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Measure {
    /// The value.
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

impl Measure {
    /// No value.
    pub const NONE: Self = Self { value: f64::NAN, low: f64::NAN, high: f64::NAN };

    /// A value with its interval.
    pub fn new(value: f64, low: f64, high: f64) -> Self {
        Self { value, low, high }
    }

    /// A value without an interval.
    pub fn bare(value: f64) -> Self {
        Self { value, ..Self::NONE }
    }
}

/// Curves over a common quantity.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Plot {
    /// What is plotted, such as `NDCG@6`.
    pub name: String,
    /// How its values are written.
    pub scale: Scale,
    /// What it is plotted over, such as `lists proposed`.
    pub over: String,
    /// How the values of that are placed.
    pub spacing: Spacing,
    /// The curves.
    pub curves: Vec<Curve>,
}

impl Plot {
    /// Adds a point to the curve of this name, which is begun if there is none yet.
    pub fn push(&mut self, curve: &str, x: f64, value: Measure) {
        let index = self.curves.iter().position(|known| known.name == curve).unwrap_or_else(|| {
            self.curves.push(Curve { name: curve.to_owned(), points: Vec::new() });
            self.curves.len() - 1
        });
        self.curves[index].points.push((x, value));
    }
}

/// How the values that curves go over are placed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum Spacing {
    /// As far from each other as they are.
    #[default]
    Linear,
    /// Each value that occurs at the same distance from the next: for settings such as 0, 0.01, 0.05, 0.2.
    Even,
}

/// A curve of a plot.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Curve {
    /// What it is of, such as a system.
    pub name: String,
    /// Its points, in order: where, and the value there, with its interval if it has one.
    pub points: Vec<(f64, Measure)>,
}

/// How well the evaluator predicts one feedback kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvaluatorRow {
    /// The feedback kind, such as `click`.
    pub kind: String,
    /// The number of shown items with this kind observed.
    pub labels: u64,
    /// The share of them that is positive.
    pub positive_share: f64,
    /// The area under the ROC curve.
    pub auc: Measure,
    /// The LogLoss.
    pub log_loss: Measure,
    /// The LogLoss of always predicting the share of positives.
    pub base_log_loss: f64,
}

/// One request's list before and after reranking, and what else was considered.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Reranked {
    /// The request.
    pub request_id: String,
    /// The user and whatever else places the request.
    pub context: Vec<Fact>,
    /// The feedback kinds that the evaluator predicts.
    pub kinds: Vec<FeedbackKind>,
    /// The upstream ranker's first m.
    pub before: Slate,
    /// The list that was chosen.
    pub after: Slate,
    /// The lists that the evaluator compared, and among them the chosen one, which may be made of them.
    pub alternatives: Vec<Alternative>,
}

/// A feedback kind and its weight in the utility.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FeedbackKind {
    /// Its name.
    pub name: String,
    /// Its weight w in Σ w p.
    pub weight: f64,
}

/// An ordered list as the evaluator sees it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Slate {
    /// Its heading, such as `Upstream order`.
    pub name: String,
    /// The items, in order.
    pub items: Vec<SlateItem>,
    /// The evaluator's utility of the whole list.
    pub utility: f64,
}

/// One item of a list.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SlateItem {
    /// The item's id.
    pub id: String,
    /// Its place in the upstream order, from 1.
    pub upstream_position: Option<usize>,
    /// A few features worth seeing.
    pub features: Vec<Fact>,
    /// The evaluator's probability per kind, in this list; empty if it was not evaluated.
    pub probabilities: Vec<f64>,
    /// The logged feedback per kind; empty if the item was not shown.
    pub feedback: Vec<Option<f64>>,
}

/// One list that the evaluator compared.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Alternative {
    /// Which decoder proposed it.
    pub source: String,
    /// The items' ids, in order.
    pub items: Vec<String>,
    /// What the evaluator expects of each kind, summed over the list; empty if not kept.
    pub expected: Vec<f64>,
    /// Its utility.
    pub utility: f64,
    /// Whether it is the list that was chosen.
    pub chosen: bool,
}

/// The probability matrix P̂ of one request.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct HeatMap {
    /// The request.
    pub request_id: String,
    /// The number of positions m.
    pub positions: usize,
    /// The candidates, in any order.
    pub rows: Vec<HeatRow>,
}

/// One candidate's probabilities over the positions.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct HeatRow {
    /// The candidate's id.
    pub id: String,
    /// P̂ at each position.
    pub probabilities: Vec<f64>,
    /// The position it was chosen for, from 0.
    pub chosen_at: Option<usize>,
}

/// One training run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Training {
    /// What was trained, such as `Generator`.
    pub name: String,
    /// The training loss over steps.
    pub loss: Series,
    /// A metric on the validation split, at the step each epoch ended.
    pub validation: Option<Series>,
    /// The step whose weights were kept.
    pub kept_step: Option<f64>,
}

/// A named curve.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Series {
    /// What the values are, such as `NDCG@6`.
    pub name: String,
    /// How they are written.
    pub scale: Scale,
    /// The points, in order of step.
    pub points: Vec<Point>,
}

/// One point of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// The optimiser step.
    pub step: f64,
    /// The value there.
    pub value: f64,
}
