//! The rectangular assignment problem: k rows (positions), n ≥ k candidates, each row gets one, the total cost is least.
//!
//! Shortest augmenting paths with dual prices (Jonker and Volgenant's method, without its heuristics for large
//! problems). Rows have prices u, candidates prices v ≤ 0, and at all times
//!
//! ```text
//! c_ji - u_j - v_i ≥ 0,   = 0 where row j holds candidate i,   v_i = 0 where nobody holds i
//! ```
//!
//! which proves the assignment cheapest for the rows assigned so far. One row is added by a Dijkstra search over these
//! reduced costs: from the row to candidates, from a held candidate on to its holder, until a candidate is reached that
//! nobody holds; the holders along the path each move one on, and the prices of everything nearer than the end absorb the
//! difference.
//!
//! **The candidates nobody holds** have the same price, so of a row only the cheapest of them matters: they are one node
//! of the search, the *reserve*, and a row finds its way there by going through its candidates in order of cost past the
//! few that are held. The other nodes are rows, each reached by the candidate it holds. A search has at most k + 2 nodes
//! and looks at no more than k costs from each, however many candidates there are: O(k²) per row, O(k³) in all, once the
//! candidates are in order.
//!
//! **Reassigning** one row whose candidate x has been forbidden starts from the optimum instead of from nothing. The
//! reserve is thought of as one more row, of cost 0 everywhere and price 0, that holds many. Then x is the only vacant
//! candidate, and its price may be below 0, so the path must end at x; through the reserve it may do so by taking a
//! candidate nobody holds and leaving x to the reserve. Afterwards prices are shifted so that the reserve's is 0 again.
//! The length of the path is what the total cost grows by, and its first step is a bound on it that costs O(k).

use crate::cells::Cells;

/// The row holds no candidate yet.
const NOTHING: usize = usize::MAX;

/// What each row would pay for each candidate.
pub(crate) trait Costs {
    /// The number of rows.
    fn rows(&self) -> usize;

    /// The number of candidates.
    fn candidates(&self) -> usize;

    /// The cost of a cell, infinite where it is forbidden.
    fn cost(&self, row: usize, candidate: usize) -> f64;

    /// The cheapest candidate of a row that is wanted, with its cost, which is finite.
    fn cheapest(&self, row: usize, is_wanted: impl FnMut(usize) -> bool) -> Option<(usize, f64)>;
}

/// A cheapest assignment with the prices that prove it.
#[derive(Debug, Default)]
pub(crate) struct Assignment {
    /// The cells that may be used, beside being of finite cost.
    pub(crate) allowed: Cells,
    /// The candidate each row holds.
    holds: Vec<usize>,
    row_price: Vec<f64>,
    /// The price of the candidate that each row holds.
    held_price: Vec<f64>,
}

/// The candidate that has been taken from the row that a path starts at, with its price.
type Vacated = Option<(usize, f64)>;

impl Assignment {
    /// Becomes a cheapest assignment in which every cell is allowed, unless there is none of finite cost.
    pub(crate) fn assign(&mut self, costs: &impl Costs, search: &mut Search) -> bool {
        self.allowed.fill(costs.rows(), costs.candidates());
        self.holds.clear();
        self.holds.resize(costs.rows(), NOTHING);
        for prices in [&mut self.row_price, &mut self.held_price] {
            prices.clear();
            prices.resize(costs.rows(), 0.0);
        }
        (0..costs.rows()).all(|row| self.augment(costs, search, row, None))
    }

    /// Makes room for an assignment under such costs.
    pub(crate) fn reserve(&mut self, costs: &impl Costs) {
        let rows = costs.rows();
        self.allowed.reserve(rows, costs.candidates());
        self.holds.reserve(rows.saturating_sub(self.holds.len()));
        self.row_price.reserve(rows.saturating_sub(self.row_price.len()));
        self.held_price.reserve(rows.saturating_sub(self.held_price.len()));
    }

    /// Becomes a copy of `other`.
    pub(crate) fn copy(&mut self, other: &Self) {
        self.allowed.copy(&other.allowed);
        self.holds.clone_from(&other.holds);
        self.row_price.clone_from(&other.row_price);
        self.held_price.clone_from(&other.held_price);
    }

    /// The candidate each row holds.
    pub(crate) fn candidates(&self) -> &[usize] {
        &self.holds
    }

    /// Becomes a cheapest assignment again after `row` has been forbidden the candidate it holds, and perhaps cells that
    /// are not used, unless there is none.
    pub(crate) fn reassign(&mut self, costs: &impl Costs, search: &mut Search, row: usize) -> bool {
        let vacated = (std::mem::replace(&mut self.holds[row], NOTHING), self.held_price[row]);
        self.augment(costs, search, row, Some(vacated))
    }

    /// Gives `bounded` each of `rows`, by its place there, with the least by which the total cost grows if the row must hold
    /// another candidate that is wanted; infinite if it cannot. It may grow by more.
    pub(crate) fn bounds(
        &self,
        (costs, search): (&impl Costs, &mut Search),
        rows: &[usize],
        is_wanted: impl Fn(usize) -> bool,
        mut bounded: impl FnMut(usize, f64),
    ) {
        search.mark(self, costs.candidates(), None);
        for (place, &row) in rows.iter().enumerate() {
            let may = |candidate: usize| self.allowed.has(row, candidate) && is_wanted(candidate);
            let is_new = |candidate: usize| !search.is_marked[candidate] && may(candidate);
            let mut least = costs.cheapest(row, is_new).map_or(f64::INFINITY, |(_, cost)| cost);
            for (other, (&candidate, price)) in self.holds.iter().zip(&self.held_price).enumerate() {
                if other != row && may(candidate) {
                    least = least.min(costs.cost(row, candidate) - price);
                }
            }
            bounded(place, (least - self.row_price[row]).max(0.0));
        }
        search.unmark(self, None);
    }

    /// Finds a candidate for the row `start`. The path ends at the vacated candidate if there is one, otherwise in the
    /// reserve.
    fn augment(&mut self, costs: &impl Costs, search: &mut Search, start: usize, vacated: Vacated) -> bool {
        search.begin(self, costs.candidates(), vacated);
        let Nodes { reserve, target } = search.nodes;
        search.is_settled[start] = true;
        self.leave(costs, search, (start, -self.row_price[start]), vacated);
        let end = loop {
            match search.settle_nearest() {
                None => break None,
                Some((node, distance)) if node == target => break Some(distance),
                Some((node, distance)) if node == reserve => self.leave_reserve(search, distance, vacated),
                Some((row, distance)) => self.leave(costs, search, (row, distance - self.row_price[row]), vacated),
            }
        };
        search.unmark(self, vacated);
        let Some(end) = end else { return false };
        let shift = if search.is_settled[reserve] { end - search.distance[reserve] } else { 0.0 };
        self.reprice(search, start, end, shift);
        self.move_along(search, start, vacated.map(|(candidate, price)| (candidate, price + shift)));
        true
    }

    /// Goes on from `row`; `offset` is its distance less its price.
    fn leave(&self, costs: &impl Costs, search: &mut Search, (row, offset): (usize, f64), vacated: Vacated) {
        let Nodes { reserve, target } = search.nodes;
        for (holder, &candidate) in self.holds.iter().enumerate() {
            if candidate != NOTHING && !search.is_settled[holder] && self.allowed.has(row, candidate) {
                search.relax(holder, offset + costs.cost(row, candidate) - self.held_price[holder], row);
            }
        }
        if let Some((candidate, price)) = vacated
            && self.allowed.has(row, candidate)
        {
            search.relax(target, offset + costs.cost(row, candidate) - price, row);
        }
        if !search.is_settled[reserve] {
            let is_new = |candidate: usize| !search.is_marked[candidate] && self.allowed.has(row, candidate);
            if let Some((candidate, cost)) = costs.cheapest(row, is_new)
                && search.relax(reserve, offset + cost, row)
            {
                search.entry = candidate;
            }
        }
    }

    /// Goes on from the reserve, to every candidate at cost 0.
    fn leave_reserve(&self, search: &mut Search, distance: f64, vacated: Vacated) {
        let Nodes { reserve, target } = search.nodes;
        for holder in (0..self.holds.len()).filter(|holder| self.holds[*holder] != NOTHING) {
            search.relax(holder, distance - self.held_price[holder], reserve);
        }
        if let Some((_, price)) = vacated {
            search.relax(target, distance - price, reserve);
        }
    }

    /// Prices after a path of length `end`; `shift` is what the reserve's price would have become.
    fn reprice(&mut self, search: &Search, start: usize, end: f64, shift: f64) {
        self.row_price[start] += end;
        for row in (0..self.holds.len()).filter(|row| search.is_settled[*row] && *row != start) {
            let gain = end - search.distance[row];
            self.held_price[row] -= gain;
            self.row_price[row] += gain;
        }
        self.row_price.iter_mut().for_each(|price| *price -= shift);
        self.held_price.iter_mut().for_each(|price| *price += shift);
    }

    /// Moves every row on the path one candidate on, and the candidate's price with it. What leaves the reserve has the
    /// price 0, and so has what is left to it.
    fn move_along(&mut self, search: &Search, start: usize, vacated: Vacated) {
        let Nodes { reserve, target } = search.nodes;
        let mut given = vacated.unwrap_or((search.entry, 0.0));
        let mut node = target;
        loop {
            let mut row = search.reached_from[node];
            if row == reserve {
                given = (search.entry, 0.0);
                row = search.reached_from[reserve];
            }
            std::mem::swap(&mut given.0, &mut self.holds[row]);
            std::mem::swap(&mut given.1, &mut self.held_price[row]);
            if row == start {
                return;
            }
            node = row;
        }
    }
}

/// Nodes of a search beside the rows.
#[derive(Debug, Clone, Copy, Default)]
struct Nodes {
    /// The candidates that nobody holds.
    reserve: usize,
    /// Where the path ends: the vacated candidate, or the reserve.
    target: usize,
}

/// The memory of Dijkstra's search.
#[derive(Debug, Default)]
pub(crate) struct Search {
    nodes: Nodes,
    distance: Vec<f64>,
    /// The node from which a node is reached at that distance.
    reached_from: Vec<usize>,
    is_settled: Vec<bool>,
    /// The candidate by which the reserve is reached.
    entry: usize,
    /// The candidates that are not in the reserve.
    is_marked: Vec<bool>,
}

impl Search {
    fn begin(&mut self, assignment: &Assignment, candidates: usize, vacated: Vacated) {
        let rows = assignment.holds.len();
        self.nodes = Nodes { reserve: rows, target: rows + usize::from(vacated.is_some()) };
        self.distance.clear();
        self.distance.resize(rows + 2, f64::INFINITY);
        self.reached_from.resize(rows + 2, 0);
        self.is_settled.clear();
        self.is_settled.resize(rows + 2, false);
        self.mark(assignment, candidates, vacated);
    }

    fn mark(&mut self, assignment: &Assignment, candidates: usize, vacated: Vacated) {
        self.is_marked.resize(candidates, false);
        self.set_marks(assignment, vacated, true);
    }

    fn unmark(&mut self, assignment: &Assignment, vacated: Vacated) {
        self.set_marks(assignment, vacated, false);
    }

    fn set_marks(&mut self, assignment: &Assignment, vacated: Vacated, mark: bool) {
        let held = assignment.holds.iter().copied().filter(|candidate| *candidate != NOTHING);
        held.chain(vacated.map(|(candidate, _)| candidate)).for_each(|candidate| self.is_marked[candidate] = mark);
    }

    /// Whether `node` is nearer through `from` than it was.
    fn relax(&mut self, node: usize, distance: f64, from: usize) -> bool {
        let is_nearer = !self.is_settled[node] && distance < self.distance[node];
        if is_nearer {
            self.distance[node] = distance;
            self.reached_from[node] = from;
        }
        is_nearer
    }

    /// Settles the nearest node that is not settled, if one can be reached at all.
    fn settle_nearest(&mut self) -> Option<(usize, f64)> {
        let mut nearest = None;
        let mut least = f64::INFINITY;
        for (node, &distance) in self.distance.iter().enumerate() {
            if distance < least && !self.is_settled[node] {
                (nearest, least) = (Some(node), distance);
            }
        }
        let nearest = nearest?;
        self.is_settled[nearest] = true;
        Some((nearest, least))
    }
}

#[cfg(test)]
mod tests;
