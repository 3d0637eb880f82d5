//! The table of systems and the table of the evaluator.
//!
//! Beside each value stands a small track: the interval as a bar and the value as a dot, on a scale that is common to the
//! column, so that overlap between systems is seen before it is read.

use serde::Serialize;

use super::expect_length;
use super::number::{NOTHING, decimals, grouped, place, scaled};
use crate::{Better, Column, EvaluatorRow, Measure, MetricsTable, ReportError, Scale, System};

#[derive(Debug, Serialize)]
pub(super) struct Table<'a> {
    columns: Vec<Head<'a>>,
    rows: Vec<Row<'a>>,
    note: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Head<'a> {
    name: &'a str,
    unit: &'static str,
    hint: &'static str,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    name: &'a str,
    note: Option<&'a str>,
    cells: Vec<Cell>,
}

/// A value and its interval as text, and the interval's place in the column's track.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Cell {
    value: String,
    interval: Option<String>,
    best: bool,
    track: Option<Track>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Track {
    dot: String,
    bar: Option<Bar>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Bar {
    left: String,
    right: String,
}

impl<'a> Table<'a> {
    pub(super) fn new(table: &'a MetricsTable) -> Result<Self, ReportError> {
        for System { name, values, .. } in &table.rows {
            expect_length(|| format!("row {name:?} of the metrics table"), values.len(), table.columns.len())?;
        }
        let mut rows: Vec<Row> = table
            .rows
            .iter()
            .map(|row| Row { name: &row.name, note: row.note.as_deref(), cells: Vec::new() })
            .collect();
        for (index, column) in table.columns.iter().enumerate() {
            let measures: Vec<Measure> = table.rows.iter().map(|row| row.values[index]).collect();
            for (row, cell) in rows.iter_mut().zip(cells(column, &measures)) {
                row.cells.push(cell);
            }
        }
        Ok(Self { columns: table.columns.iter().map(Head::new).collect(), rows, note: table.note.as_deref() })
    }
}

impl<'a> Head<'a> {
    fn new(column: &'a Column) -> Self {
        Self {
            name: &column.name,
            unit: if column.scale == Scale::Percent { "%" } else { "" },
            hint: if column.better == Better::Lower { "lower is better" } else { "" },
        }
    }
}

/// One column: a value that stands alone has no track, and what is best is judged on the text, so two values that read the same are both best.
fn cells(column: &Column, measures: &[Measure]) -> Vec<Cell> {
    let values = measures.iter().map(|measure| measure.value).filter(|value| value.is_finite());
    let best = match column.better {
        Better::Higher => values.max_by(f64::total_cmp),
        Better::Lower => values.min_by(f64::total_cmp),
    };
    let best = best.map(|value| scaled(value, column.scale));
    let (low, high) = extent(measures);
    let alone = measures.iter().filter(|measure| measure.value.is_finite()).count() < 2;
    let (low, high) = if alone { (low, low) } else { (low, high) };
    measures.iter().map(|measure| Cell::new(measure, column.scale, best.as_deref(), (low, high))).collect()
}

/// The least and the greatest finite number of the measures.
fn extent(measures: &[Measure]) -> (f64, f64) {
    let ends = measures.iter().flat_map(|measure| [measure.low, measure.value, measure.high]);
    ends.filter(|end| end.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), end| (low.min(end), high.max(end)))
}

impl Cell {
    fn new(measure: &Measure, scale: Scale, best: Option<&str>, (low, high): (f64, f64)) -> Self {
        let value = scaled(measure.value, scale);
        let has_interval = measure.low.is_finite() && measure.high.is_finite();
        let bar = || Bar { left: place(measure.low, low, high), right: place(measure.high, high, low) };
        Self {
            best: best == Some(value.as_str()),
            interval: interval(measure, scale),
            track: (measure.value.is_finite() && high > low)
                .then(|| Track { dot: place(measure.value, low, high), bar: has_interval.then(bar) }),
            value,
        }
    }
}

/// `33.2–35.0`, if there is an interval; `−0.1 to 0.2` where a minus sign would run into the dash.
fn interval(measure: &Measure, scale: Scale) -> Option<String> {
    let dash = if measure.low < 0.0 || measure.high < 0.0 { " to " } else { "–" };
    (measure.low.is_finite() && measure.high.is_finite())
        .then(|| format!("{}{dash}{}", scaled(measure.low, scale), scaled(measure.high, scale)))
}

/// One feedback kind of the evaluator.
#[derive(Debug, Serialize)]
pub(super) struct Evaluator<'a> {
    kind: &'a str,
    labels: String,
    positive_share: String,
    auc: String,
    auc_interval: Option<String>,
    log_loss: String,
    log_loss_interval: Option<String>,
    base_log_loss: String,
    against_base: String,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(row: &'a EvaluatorRow) -> Self {
        Self {
            kind: &row.kind,
            labels: grouped(row.labels),
            positive_share: scaled(row.positive_share, Scale::Percent),
            auc: scaled(row.auc.value, Scale::Percent),
            auc_interval: interval(&row.auc, Scale::Percent),
            log_loss: scaled(row.log_loss.value, Scale::Plain),
            log_loss_interval: interval(&row.log_loss, Scale::Plain),
            base_log_loss: scaled(row.base_log_loss, Scale::Plain),
            against_base: against_base(row.log_loss.value, row.base_log_loss),
        }
    }
}

/// How far the LogLoss lies below the base rate's, in per cent of it.
fn against_base(log_loss: f64, base: f64) -> String {
    let change = 100.0 * (log_loss - base) / base;
    if !change.is_finite() {
        return NOTHING.to_owned();
    }
    let sign = if change > 0.0 { "+" } else { "" };
    format!("{sign}{} %", decimals(change, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_a_column_is_marked_by_what_is_read() {
        let measures = [Measure::bare(0.3411), Measure::NONE, Measure::bare(0.3409), Measure::bare(0.2)];
        let best = |column| cells(&column, &measures).iter().map(|cell| cell.best).collect::<Vec<_>>();
        assert_eq!(best(Column::share("P@6")), [true, false, true, false]);
        assert_eq!(best(Column::loss("LogLoss")), [false, false, false, true]);
        assert_eq!(cells(&Column::share("P@6"), &[Measure::NONE])[0].value, "–");
        assert!(!cells(&Column::share("P@6"), &[Measure::NONE])[0].best);
    }

    #[test]
    fn tracks_share_the_columns_scale() {
        let measures = [Measure::new(0.3, 0.2, 0.4), Measure::bare(0.6)];
        let cells = cells(&Column::share("P@6"), &measures);
        assert_eq!(cells[0].interval.as_deref(), Some("20.0–40.0"));
        let bar = Bar { left: "0.0".into(), right: "50.0".into() };
        assert_eq!(cells[0].track, Some(Track { dot: "25.0".into(), bar: Some(bar) }));
        assert_eq!(cells[1].track, Some(Track { dot: "100.0".into(), bar: None }));
    }

    #[test]
    fn the_base_rate_is_what_a_log_loss_is_held_against() {
        assert_eq!(against_base(0.45, 0.5), "−10.0 %");
        assert_eq!(against_base(0.55, 0.5), "+10.0 %");
        assert_eq!(against_base(0.1, 0.0), "–");
        assert_eq!(against_base(f64::NAN, 0.5), "–");
    }
}
