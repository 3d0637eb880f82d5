//! A policy as a law over items for each position, and what a simple reward model expects of it.

use std::collections::{BTreeMap, BTreeSet};

use nar4rec_data::Exposure;
use nar4rec_metrics::ExpectedReward;

/// An item at a position.
type Cell = (u8, u32);

fn cell(exposure: &Exposure) -> Cell {
    (exposure.position, exposure.item)
}

/// The probability of each item at each position, in a fixed order so that sums are the same in every run.
pub(super) struct Policy(BTreeMap<Cell, f64>);

impl Policy {
    /// The shares of items at each position of a policy's own log. Thompson sampling learns as it goes, and this is its mean
    /// over the time of the log.
    pub(super) fn observed(log: &[Exposure]) -> Self {
        let (mut shares, mut rows) = (BTreeMap::new(), BTreeMap::new());
        for exposure in log {
            *shares.entry(cell(exposure)).or_insert(0.0) += 1.0;
            *rows.entry(exposure.position).or_insert(0.0) += 1.0;
        }
        shares.iter_mut().for_each(|((position, _), share)| *share /= rows[position]);
        Self(shares)
    }

    /// All items of `logs` alike, at each of their positions.
    pub(super) fn uniform(logs: [&[Exposure]; 2]) -> Self {
        let exposures = || logs.into_iter().flatten();
        let items: BTreeSet<u32> = exposures().map(|exposure| exposure.item).collect();
        let positions: BTreeSet<u8> = exposures().map(|exposure| exposure.position).collect();
        let cells = positions.iter().flat_map(|&position| items.iter().map(move |&item| (position, item)));
        Self(cells.map(|cell| (cell, 1.0 / items.len() as f64)).collect())
    }

    /// How probable the exposure is for this policy.
    pub(super) fn probability(&self, exposure: &Exposure) -> f64 {
        self.0.get(&cell(exposure)).copied().unwrap_or(0.0)
    }
}

/// The number of rows of mean click rate that every item is given besides its own.
const PRIOR_ROWS: f64 = 100.0;

/// What is expected at each row of `log`: the click rate of its item and position, smoothed towards that of the position, in
/// the rows whose number is odd for those whose number is even and the other way round. No row helps to predict itself.
pub(super) fn expected(log: &[Exposure], target: &Policy) -> Vec<ExpectedReward> {
    let halves = [0, 1].map(|half| Rates::of(log.iter().skip(1 - half).step_by(2), target));
    log.iter().enumerate().map(|(row, exposure)| halves[row % 2].expected(exposure)).collect()
}

/// Click rates of one half of a log.
struct Rates {
    /// Per position, the mean rate and what is expected of the target.
    positions: BTreeMap<u8, (f64, f64)>,
    /// Smoothed.
    cells: BTreeMap<Cell, f64>,
}

impl Rates {
    fn of<'a>(rows: impl Iterator<Item = &'a Exposure>, target: &Policy) -> Self {
        let (mut positions, mut cells) = (BTreeMap::new(), BTreeMap::new());
        for exposure in rows {
            let count = |(clicks, rows): &mut (f64, f64)| {
                *clicks += f64::from(u8::from(exposure.click));
                *rows += 1.0;
            };
            count(positions.entry(exposure.position).or_default());
            count(cells.entry(cell(exposure)).or_default());
        }
        let mut rates = Self { positions: BTreeMap::new(), cells: BTreeMap::new() };
        for (position, (clicks, rows)) in positions {
            rates.positions.insert(position, (clicks / rows, 0.0));
        }
        for (cell, (clicks, rows)) in cells {
            let (mean, _) = rates.positions[&cell.0];
            rates.cells.insert(cell, (clicks + PRIOR_ROWS * mean) / (rows + PRIOR_ROWS));
        }
        for (cell, probability) in &target.0 {
            if let Some((mean, of_target)) = rates.positions.get_mut(&cell.0) {
                *of_target += probability * rates.cells.get(cell).unwrap_or(mean);
            }
        }
        rates
    }

    fn expected(&self, exposure: &Exposure) -> ExpectedReward {
        let (mean, of_target) = self.positions.get(&exposure.position).copied().unwrap_or_default();
        ExpectedReward { of_action: self.cells.get(&cell(exposure)).copied().unwrap_or(mean), of_target }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposure(item: u32, position: u8, click: bool) -> Exposure {
        Exposure { item, position, click, propensity: 0.5 }
    }

    #[test]
    fn laws_sum_to_one_at_each_position() {
        let log = [exposure(7, 1, false), exposure(7, 1, false), exposure(8, 1, true), exposure(9, 2, false)];
        let observed = Policy::observed(&log);
        assert_eq!(log.map(|row| observed.probability(&row)), [2.0 / 3.0, 2.0 / 3.0, 1.0 / 3.0, 1.0]);
        assert_eq!(observed.probability(&exposure(9, 1, false)), 0.0);
        let uniform = Policy::uniform([&log, &[exposure(3, 1, false)]]);
        assert_eq!(uniform.probability(&exposure(3, 2, false)), 0.25);
        assert_eq!(uniform.probability(&exposure(3, 3, false)), 0.0);
    }

    #[test]
    fn a_row_is_predicted_by_the_other_half() {
        // Even rows: item 7 clicked, 8 not. Odd rows: 7 not clicked, and nothing of item 8.
        let log = [exposure(7, 1, true), exposure(7, 1, false), exposure(8, 1, false), exposure(7, 1, false)];
        let expected = expected(&log, &Policy::observed(&log));
        assert_eq!(expected[0], ExpectedReward { of_action: 0.0, of_target: 0.0 });
        assert_eq!(expected[2].of_action, 0.0);
        // The mean of the even half is 1/2: item 7 has (1 + 50) / 101, item 8 has 50 / 101.
        let rates = [51.0 / 101.0, 50.0 / 101.0];
        assert_eq!((expected[1].of_action, expected[3].of_action), (rates[0], rates[0]));
        assert!((expected[1].of_target - (0.75 * rates[0] + 0.25 * rates[1])).abs() < 1e-15);
    }
}
