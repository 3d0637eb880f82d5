//! The heat map of P̂: a table whose cells are coloured in ten steps.
//!
//! Candidates stand in order of their best P̂. Only the first [`ROWS`] are shown, and after them any that were chosen; colours
//! run from 0 to the greatest value shown.

use serde::Serialize;

use super::expect_length;
use super::number::{decimals, grouped};
use crate::{HeatMap, HeatRow, ReportError};

/// How many of the best candidates are shown.
const ROWS: usize = 20;
/// The deepest colour; 0 is none.
const DEEPEST: f64 = 9.0;

#[derive(Debug, Serialize)]
pub(super) struct View<'a> {
    request_id: &'a str,
    positions: Vec<usize>,
    rows: Vec<Row<'a>>,
    candidates: String,
    left_out: Option<String>,
    greatest: String,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    id: &'a str,
    cells: Vec<Cell>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Cell {
    value: String,
    depth: u8,
    chosen: bool,
}

impl<'a> View<'a> {
    pub(super) fn new(map: &'a HeatMap) -> Result<Self, ReportError> {
        for HeatRow { id, probabilities, .. } in &map.rows {
            expect_length(|| format!("candidate {id:?} of the heat map"), probabilities.len(), map.positions)?;
        }
        let rows = shown(&map.rows);
        let greatest = rows.iter().map(|row| best(row)).fold(0.0, f64::max);
        Ok(Self {
            request_id: &map.request_id,
            positions: (1..=map.positions).collect(),
            candidates: grouped(map.rows.len() as u64),
            left_out: (rows.len() < map.rows.len()).then(|| grouped((map.rows.len() - rows.len()) as u64)),
            greatest: decimals(100.0 * greatest, 1),
            rows: rows.into_iter().map(|row| Row { id: &row.id, cells: cells(row, greatest) }).collect(),
        })
    }
}

/// The rows to show: the best, then the chosen that are not among them. Equal rows stay in the order given.
fn shown(rows: &[HeatRow]) -> Vec<&HeatRow> {
    let mut order: Vec<&HeatRow> = rows.iter().collect();
    order.sort_by(|a, b| best(b).total_cmp(&best(a)));
    let chosen = order.iter().skip(ROWS).copied().filter(|row| row.chosen_at.is_some());
    order.iter().take(ROWS).copied().chain(chosen).collect()
}

fn best(row: &HeatRow) -> f64 {
    row.probabilities.iter().copied().filter(|p| p.is_finite()).fold(0.0, f64::max)
}

fn cells(row: &HeatRow, greatest: f64) -> Vec<Cell> {
    let depth = |p: f64| if greatest > 0.0 { (DEEPEST * p / greatest).round().clamp(0.0, DEEPEST) as u8 } else { 0 };
    let cell = |(position, &p): (usize, &f64)| Cell {
        value: decimals(100.0 * p, 1),
        depth: depth(p),
        chosen: row.chosen_at == Some(position),
    };
    row.probabilities.iter().enumerate().map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: usize, best: f64, chosen_at: Option<usize>) -> HeatRow {
        HeatRow { id: id.to_string(), probabilities: vec![best / 2.0, best], chosen_at }
    }

    #[test]
    fn the_best_candidates_and_every_chosen_one_are_shown() {
        let rows: Vec<HeatRow> = (0..50).map(|i| row(i, i as f64 / 100.0, (i == 3).then_some(0))).collect();
        let map = HeatMap { request_id: "r".into(), positions: 2, rows };
        let view = View::new(&map).unwrap();
        let ids: Vec<&str> = view.rows.iter().map(|row| row.id).collect();
        assert_eq!(ids.len(), ROWS + 1);
        assert_eq!((ids[0], ids[19], ids[20]), ("49", "30", "3"));
        assert_eq!(view.left_out.as_deref(), Some("29"));
        assert_eq!(view.rows[0].cells[1], Cell { value: "49.0".into(), depth: 9, chosen: false });
        assert!(view.rows[20].cells[0].chosen);
    }

    #[test]
    fn what_is_no_number_has_no_colour() {
        let map = HeatMap { request_id: "r".into(), positions: 2, rows: vec![row(0, f64::NAN, None)] };
        let cell = &View::new(&map).unwrap().rows[0].cells[0];
        assert_eq!((cell.value.as_str(), cell.depth), ("–", 0));
    }

    #[test]
    fn a_row_of_the_wrong_length_is_refused() {
        let map = HeatMap { request_id: "r".into(), positions: 3, rows: vec![row(7, 0.5, None)] };
        let message = View::new(&map).unwrap_err().to_string();
        assert_eq!(message, "candidate \"7\" of the heat map: found 2 values, expected 3");
    }
}
