//! Assignments and reassignments against trying everything, and the prices that prove them.

use proptest::prelude::*;

use super::*;

/// The least total cost over all ways to give each position its own candidate.
fn least(costs: &Costs, position: usize, taken: &mut Vec<bool>) -> f64 {
    if position == costs.len() {
        return 0.0;
    }
    let mut best = f64::INFINITY;
    for candidate in 0..taken.len() {
        if !taken[candidate] {
            taken[candidate] = true;
            best = best.min(costs[position][candidate] + least(costs, position + 1, taken));
            taken[candidate] = false;
        }
    }
    best
}

fn total(assignment: &Assignment, costs: &Costs) -> f64 {
    assignment.candidates().iter().zip(costs).map(|(&candidate, row)| row[candidate]).sum()
}

/// The invariant of the page above.
fn assert_proven(assignment: &Assignment, costs: &Costs) {
    for (position, row) in costs.iter().enumerate() {
        for (candidate, &cost) in row.iter().enumerate() {
            let price = assignment.candidate_price[candidate];
            let reduced = cost - assignment.position_price[position] - price;
            assert!(reduced > -1e-9, "reduced cost {reduced} at ({position}, {candidate})");
            match assignment.holder[candidate] {
                NOBODY => assert_eq!(price, 0.0),
                holder => assert!(holder != position || reduced < 1e-9),
            }
            assert!(price < 1e-9);
        }
    }
}

fn check(found: &Option<Assignment>, costs: &Costs, candidates: usize) {
    let expected = least(costs, 0, &mut vec![false; candidates]);
    match found {
        None => assert_eq!(expected, f64::INFINITY),
        Some(assignment) => {
            assert!((total(assignment, costs) - expected).abs() < 1e-9);
            assert_proven(assignment, costs);
        }
    }
}

fn forbid(costs: &mut Costs, position: usize, candidate: usize) {
    let mut row = costs[position].to_vec();
    row[candidate] = f64::INFINITY;
    costs[position] = row.into();
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
        let costs: Costs = rows.into_iter().map(Rc::from).collect();
        check(&Assignment::cheapest(&costs, candidates), &costs, candidates);
    }

    /// Forbids the cell in use again and again until nothing is left, each time starting from the last optimum.
    #[test]
    fn reassigning_stays_cheapest((candidates, rows) in problem(), order in prop::collection::vec(0_usize..5, 20)) {
        let mut costs: Costs = rows.into_iter().map(Rc::from).collect();
        let mut found = Assignment::cheapest(&costs, candidates);
        for position in order {
            let Some(assignment) = found.as_ref().filter(|_| position < costs.len()) else { continue };
            forbid(&mut costs, position, assignment.candidates()[position]);
            found = assignment.reassigned(&costs, position);
            check(&found, &costs, candidates);
        }
    }
}
