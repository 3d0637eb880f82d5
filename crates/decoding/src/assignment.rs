//! The rectangular assignment problem: k positions, n ≥ k candidates, each position gets one, the total cost is least.
//!
//! Shortest augmenting paths with dual prices (Jonker and Volgenant's method, without its heuristics for large
//! problems). Positions have prices u, candidates prices v ≤ 0, and at all times
//!
//! ```text
//! c_ji - u_j - v_i ≥ 0,   = 0 where position j holds candidate i,   v_i = 0 where nobody holds i
//! ```
//!
//! which proves the assignment cheapest for the positions assigned so far. One position is added by a Dijkstra search
//! over these reduced costs: from the position to candidates, from a held candidate on to its holder, until a candidate
//! is reached that nobody holds; the holders along the path each move one on, and the prices of everything nearer than
//! the end absorb the difference. O(k n) per position at worst, O(k² n) in all.
//!
//! **Reassigning** one position whose candidate x has been forbidden starts from the optimum instead of from nothing.
//! The candidates nobody holds are thought of as held by a *reserve*: one more position of cost 0 everywhere, price 0,
//! that holds many. Then x is the only vacant candidate, and its price may be below 0, so the path must end at x;
//! through the reserve it may do so by taking a candidate nobody holds and leaving x to the reserve. All of the reserve
//! is at the same distance, so it is entered once. Afterwards prices are shifted so that the reserve's is 0 again.

use std::rc::Rc;

/// Nobody holds this candidate.
const NOBODY: usize = usize::MAX;
/// The reserve, where a position is expected.
const RESERVE: usize = usize::MAX - 1;

/// Costs `[k, n]`, one row per position, infinite where the cell is forbidden. Rows are shared between problems that
/// differ in a few of them.
pub(crate) type Costs = Vec<Rc<[f64]>>;

/// A cheapest assignment with the prices that prove it.
#[derive(Debug, Clone)]
pub(crate) struct Assignment {
    /// The candidate each position holds.
    candidate_of: Vec<usize>,
    /// The position that holds each candidate, or [`NOBODY`].
    holder: Vec<usize>,
    position_price: Vec<f64>,
    candidate_price: Vec<f64>,
}

impl Assignment {
    /// A cheapest assignment, unless there is none of finite cost.
    pub(crate) fn cheapest(costs: &Costs, candidates: usize) -> Option<Self> {
        let mut assignment = Self {
            candidate_of: vec![NOBODY; costs.len()],
            holder: vec![NOBODY; candidates],
            position_price: vec![0.0; costs.len()],
            candidate_price: vec![0.0; candidates],
        };
        (0..costs.len()).all(|position| assignment.augment(costs, position, None)).then_some(assignment)
    }

    /// The candidate each position holds.
    pub(crate) fn candidates(&self) -> &[usize] {
        &self.candidate_of
    }

    /// A cheapest assignment under `costs`, which differ from those this one is cheapest for only in that `position`
    /// may no longer hold the candidate it holds (and perhaps others), and in cells that are not used.
    pub(crate) fn reassigned(&self, costs: &Costs, position: usize) -> Option<Self> {
        let mut assignment = self.clone();
        let vacated = assignment.candidate_of[position];
        assignment.holder[vacated] = NOBODY;
        assignment.augment(costs, position, Some(vacated)).then_some(assignment)
    }

    /// Finds a candidate for `start`. The path ends at `vacated` if given, otherwise at any candidate nobody holds.
    fn augment(&mut self, costs: &Costs, start: usize, vacated: Option<usize>) -> bool {
        let mut search = Search::new(self.holder.len());
        search.leave(start, &costs[start], -self.position_price[start], &self.candidate_price);
        let mut reserve = None;
        loop {
            let Some((nearest, distance)) = search.settle_nearest() else { return false };
            let is_end = vacated.map_or(self.holder[nearest] == NOBODY, |vacated| vacated == nearest);
            if is_end {
                self.reprice(&search, start, distance, reserve.map_or(0.0, |(_, entered)| distance - entered));
                self.move_along(&search, start, nearest, reserve.map(|(entry, _)| entry));
                return true;
            }
            match self.holder[nearest] {
                NOBODY => {
                    reserve = Some((nearest, distance));
                    self.leave_reserve(&mut search, distance, vacated);
                }
                holder => {
                    let offset = distance - self.position_price[holder];
                    search.leave(holder, &costs[holder], offset, &self.candidate_price);
                }
            }
        }
    }

    /// Goes on from the reserve: to every candidate at cost 0, and all that it holds are as near as itself.
    fn leave_reserve(&self, search: &mut Search, distance: f64, vacated: Option<usize>) {
        for (candidate, &price) in self.candidate_price.iter().enumerate() {
            if self.holder[candidate] == NOBODY && vacated != Some(candidate) {
                search.settled[candidate] = true;
                search.distance[candidate] = distance;
            } else {
                search.relax(candidate, distance - price, RESERVE);
            }
        }
    }

    /// Prices after a path of length `end`; `shift` is what the reserve's price would have become.
    fn reprice(&mut self, search: &Search, start: usize, end: f64, shift: f64) {
        self.position_price[start] += end;
        for candidate in 0..self.holder.len() {
            if search.settled[candidate] {
                let gain = end - search.distance[candidate];
                self.candidate_price[candidate] -= gain;
                if self.holder[candidate] != NOBODY {
                    self.position_price[self.holder[candidate]] += gain;
                }
            }
        }
        self.position_price.iter_mut().for_each(|price| *price -= shift);
        self.candidate_price.iter_mut().for_each(|price| *price += shift);
    }

    /// Moves every holder on the path to `end` one candidate on. The reserve hands over the candidate it was entered
    /// by.
    fn move_along(&mut self, search: &Search, start: usize, end: usize, entry: Option<usize>) {
        let mut candidate = end;
        loop {
            let position = search.reached_from[candidate];
            if position == RESERVE {
                self.holder[candidate] = NOBODY;
                self.candidate_price[candidate] = 0.0; // It is already, but for rounding.
                candidate = entry.expect("a path leaves the reserve only after it entered it");
                continue;
            }
            let before = std::mem::replace(&mut self.candidate_of[position], candidate);
            self.holder[candidate] = position;
            if position == start {
                return;
            }
            candidate = before;
        }
    }
}

/// Dijkstra over candidates.
struct Search {
    distance: Vec<f64>,
    /// The position (or the reserve) from which the candidate is reached at that distance.
    reached_from: Vec<usize>,
    settled: Vec<bool>,
}

impl Search {
    fn new(candidates: usize) -> Self {
        Self {
            distance: vec![f64::INFINITY; candidates],
            reached_from: vec![NOBODY; candidates],
            settled: vec![false; candidates],
        }
    }

    fn relax(&mut self, candidate: usize, distance: f64, from: usize) {
        if !self.settled[candidate] && distance < self.distance[candidate] {
            self.distance[candidate] = distance;
            self.reached_from[candidate] = from;
        }
    }

    /// Goes on from `position` over its row; `offset` is its distance less its price.
    fn leave(&mut self, position: usize, row: &[f64], offset: f64, prices: &[f64]) {
        for (candidate, (&cost, &price)) in row.iter().zip(prices).enumerate() {
            self.relax(candidate, offset + cost - price, position);
        }
    }

    /// Settles the nearest candidate that is not settled, if one can be reached at all.
    fn settle_nearest(&mut self) -> Option<(usize, f64)> {
        let mut nearest = None;
        let mut least = f64::INFINITY;
        for (candidate, &distance) in self.distance.iter().enumerate() {
            if distance < least && !self.settled[candidate] {
                (nearest, least) = (Some(candidate), distance);
            }
        }
        let nearest = nearest?;
        self.settled[nearest] = true;
        Some((nearest, least))
    }
}

#[cfg(test)]
mod tests;
