//! Assignments and reassignments against trying everything, and the prices that prove them.

use proptest::prelude::*;

use super::*;

type Rows = Vec<Vec<f64>>;

/// Rows of as many candidates.
struct Table(Rows, usize);

impl Costs for Table {
    fn rows(&self) -> usize {
        self.0.len()
    }

    fn candidates(&self) -> usize {
        self.1
    }

    fn cost(&self, row: usize, candidate: usize) -> f64 {
        self.0[row][candidate]
    }

    fn cheapest(&self, row: usize, mut is_wanted: impl FnMut(usize) -> bool) -> Option<(usize, f64)> {
        let cells = self.0[row].iter().copied().enumerate().filter(|(candidate, _)| is_wanted(*candidate));
        cells.min_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, cost)| cost.is_finite())
    }
}

/// The least total cost over all ways to give each position its own candidate.
fn least(Table(costs, _): &Table, position: usize, taken: &mut Vec<bool>) -> f64 {
    if position == costs.len() {
        return 0.0;
    }
    let mut best = f64::INFINITY;
    for candidate in 0..taken.len() {
        if !taken[candidate] {
            taken[candidate] = true;
            let table = Table(costs.clone(), taken.len());
            best = best.min(costs[position][candidate] + least(&table, position + 1, taken));
            taken[candidate] = false;
        }
    }
    best
}

fn total(assignment: &Assignment, Table(costs, _): &Table) -> f64 {
    assignment.candidates().iter().zip(costs).map(|(&candidate, row)| row[candidate]).sum()
}

/// The invariant of the page above.
fn assert_proven(assignment: &Assignment, Table(costs, _): &Table) {
    for (position, row) in costs.iter().enumerate() {
        for (candidate, &cost) in row.iter().enumerate() {
            let holder = assignment.candidates().iter().position(|held| *held == candidate);
            let price = holder.map_or(0.0, |holder| assignment.held_price[holder]);
            let reduced = cost - assignment.row_price[position] - price;
            assert!(reduced > -1e-9, "reduced cost {reduced} at ({position}, {candidate})");
            assert!(holder != Some(position) || reduced < 1e-9);
            assert!(price < 1e-9);
        }
    }
}

/// Holds what was found against trying everything, and returns whether there was anything to find.
fn check(found: bool, assignment: &Assignment, table: &Table) -> bool {
    let expected = least(table, 0, &mut vec![false; table.1]);
    if found {
        assert!((total(assignment, table) - expected).abs() < 1e-9);
        assert_proven(assignment, table);
    } else {
        assert_eq!(expected, f64::INFINITY);
    }
    found
}

/// A cost, now and then a tie, now and then forbidden.
fn cost() -> impl Strategy<Value = f64> {
    prop_oneof![6 => -5.0..10.0, 2 => (0..3_i32).prop_map(f64::from), 1 => Just(f64::INFINITY)]
}

fn problem() -> impl Strategy<Value = (usize, Vec<Vec<f64>>)> {
    (0_usize..=6).prop_flat_map(|candidates| {
        let rows = prop::collection::vec(prop::collection::vec(cost(), candidates), 0..=candidates.min(5));
        (Just(candidates), rows)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cheapest_equals_trying_everything((candidates, rows) in problem()) {
        let (table, mut assignment) = (Table(rows, candidates), Assignment::default());
        let found = assignment.assign(&table, &mut Search::default());
        check(found, &assignment, &table);
    }

    /// Forbids the cell in use again and again until nothing is left, each time starting from the last optimum; and the
    /// bound is never more than the growth.
    #[test]
    fn reassigning_stays_cheapest((candidates, rows) in problem(), order in prop::collection::vec(0_usize..5, 20)) {
        let (mut table, mut assignment, mut search) = (Table(rows, candidates), Assignment::default(), Search::default());
        let mut found = assignment.assign(&table, &mut search);
        for row in order {
            if !found || row >= table.rows() {
                continue;
            }
            let before = total(&assignment, &table);
            let mut least = 0.0;
            assignment.bounds((&table, &mut search), &[row], |_| true, |_, bound| least = bound);
            let held = assignment.candidates()[row];
            if row % 2 == 0 {
                assignment.allowed.remove(row, held);
            }
            table.0[row][held] = f64::INFINITY;
            found = assignment.reassign(&table, &mut search, row);
            if check(found, &assignment, &table) {
                assert!(total(&assignment, &table) - before > least - 1e-9);
            }
        }
    }
}
