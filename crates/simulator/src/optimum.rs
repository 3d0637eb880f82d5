//! The best list of m of n candidates, by branch and bound, and by trying all of them.
//!
//! A list is built from the top. With w(x) the worth of x ([`KnownUser::worth`]), a prefix of k items has the value
//!
//! ```text
//! V = Σ_{j≤k} e_j w(y_j) φ_j          and leaves on every other candidate          S(x) = Σ_{i≤k} δ^(k−i) s(y_i, x)
//! ```
//!
//! where s ≥ 0 is the likeness. An item x that comes to position k + t, t ≥ 1, has a fatigue exponent of δ^(t−1) S(x) from
//! the prefix and a further one ≥ 0 from what will stand between, so it adds at most e_{k+t} u_t(x) with
//!
//! ```text
//! u_t(x) = w(x) exp(−λ δ^(t−1) S(x)),      which does not fall with t, because δ ≤ 1.
//! ```
//!
//! **Bound.** Let r = m − k be the positions left, d_t = e_{k+t} − e_{k+t+1} with d_r = e_m; examination does not grow with
//! the position, so every d_t ≥ 0. Let T_t be the sum of the t largest u_t among the candidates left. Then every completion x_1 … x_r of
//! the prefix has U ≤ V + Σ_t d_t T_t. *Proof.*
//!
//! ```text
//! U − V ≤ Σ_t e_{k+t} u_t(x_t)                  further fatigue only lowers attraction
//!       = Σ_t d_t Σ_{i≤t} u_i(x_i)              summation by parts
//!       ≤ Σ_t d_t Σ_{i≤t} u_t(x_i)              u_i ≤ u_t where i ≤ t
//!       ≤ Σ_t d_t T_t                           the x_i are t different candidates          ∎
//! ```
//!
//! Without decay (δ = 1) that is the rearrangement of the best remaining worths with the examinations. A longer prefix has a
//! larger δS and fewer candidates left, so bounds fall along a path and the best first child is tried first. With one
//! position left the bound is reached by its best candidate.
//!
//! Values that differ by less than [`TOLERANCE`] of themselves count as equal: sums in another order differ by as much.

mod start;

use nar4rec_slate::Permutation;

use crate::{KnownUser, Query};

/// Nodes that a search may visit unless told otherwise: seconds, at 1 to 3 µs each for lists of six to ten.
pub const NODE_LIMIT: u64 = 2_000_000;

/// The share of a value that is taken for a rounding error.
pub const TOLERANCE: f64 = 1e-12;

/// The best list that a search found, and what it proves.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimum {
    /// The list.
    pub list: Permutation,
    /// Its expected utility.
    pub utility: f64,
    /// No list is worth more than this; it is `utility` if the search ran to its end.
    pub bound: f64,
    /// Prefixes whose bound was computed; lists, where all were tried.
    pub nodes: u64,
}

impl Optimum {
    /// Whether no list is worth more.
    pub fn is_proven(&self) -> bool {
        self.bound <= self.utility
    }
}

impl KnownUser {
    /// The best list of `length` of the query's candidates, or of all if there are fewer, within `node_limit` nodes. Whether it
    /// is proven best stands in the answer.
    pub fn optimum(&self, query: &Query, length: usize, node_limit: u64) -> Optimum {
        let problem = Problem::new(self, query, length);
        let start = problem.start();
        let mut search = Search::new(&problem, start, node_limit);
        if problem.length() > 0 {
            search.descend(0, 0.0);
        }
        let Search { list, nodes, open, .. } = search;
        let list = Permutation::new(list, query.candidates()).expect("the search takes each candidate once");
        let utility = self.utility(query, &list);
        Optimum { list, utility, bound: open.max(utility), nodes }
    }

    /// The same by the utility of every list: A(n, m) of them.
    pub fn exhaustive_optimum(&self, query: &Query, length: usize) -> Optimum {
        let length = length.min(query.candidates());
        let mut best = Optimum { list: Permutation::default(), utility: 0.0, bound: 0.0, nodes: 0 };
        let mut list = Vec::with_capacity(length);
        self.try_all(query, length, &mut list, &mut best);
        best.bound = best.utility;
        best
    }

    fn try_all(&self, query: &Query, length: usize, list: &mut Vec<usize>, best: &mut Optimum) {
        if list.len() < length {
            for item in 0..query.candidates() {
                if !list.contains(&item) {
                    list.push(item);
                    self.try_all(query, length, list, best);
                    list.pop();
                }
            }
            return;
        }
        let tried = Permutation::new(list.clone(), query.candidates()).expect("each candidate is taken once");
        let utility = self.utility(query, &tried);
        best.nodes += 1;
        if utility > best.utility || best.nodes == 1 {
            (best.list, best.utility) = (tried, utility);
        }
    }
}

/// What a search needs of user and query.
struct Problem<'a> {
    query: &'a Query,
    /// e of each position.
    examination: Vec<f64>,
    /// w of each candidate.
    worth: Vec<f64>,
    strength: f64,
    decay: f64,
}

impl<'a> Problem<'a> {
    fn new(user: &KnownUser, query: &'a Query, length: usize) -> Self {
        let config = user.config();
        let examination = (0..length.min(query.candidates())).map(|place| config.examination.at(place)).collect();
        let worth = query.relevance().iter().map(|&relevance| user.worth(relevance)).collect();
        Self { query, examination, worth, strength: config.fatigue.strength, decay: config.fatigue.decay }
    }

    fn length(&self) -> usize {
        self.examination.len()
    }

    fn candidates(&self) -> usize {
        self.worth.len()
    }

    /// w(x) exp(−λ S).
    fn left(&self, item: usize, fatigue: f64) -> f64 {
        if fatigue == 0.0 { self.worth[item] } else { self.worth[item] * (-self.strength * fatigue).exp() }
    }

    /// S after `item` is appended to a prefix with fatigue `before`.
    fn append(&self, item: usize, before: &[f64], after: &mut [f64]) {
        for ((after, before), likeness) in after.iter_mut().zip(before).zip(self.query.likeness_to(item)) {
            *after = self.decay * before + likeness;
        }
    }

    /// Σ_t d_t T_t: what the positions from `place` on can add at most to a prefix with this fatigue. `top` is scratch.
    fn rest(&self, place: usize, fatigue: &[f64], taken: &[bool], top: &mut Vec<f64>) -> f64 {
        let (mut sum, mut decay) = (0.0, 1.0);
        for (at, &examination) in self.examination.iter().enumerate().skip(place) {
            let next = self.examination.get(at + 1).copied().unwrap_or(0.0);
            top.clear();
            top.resize(at + 1 - place, 0.0);
            for item in (0..self.candidates()).filter(|&item| !taken[item]) {
                let lowest = top.len() - 1;
                // Fatigue only lowers: most candidates need no exponential.
                if self.worth[item] > top[lowest] {
                    let left = self.left(item, decay * fatigue[item]);
                    if left > top[lowest] {
                        insert(top, left);
                    }
                }
            }
            sum += (examination - next) * top.iter().sum::<f64>();
            decay *= self.decay;
        }
        sum
    }
}

/// Puts a value into falling values, the last of which goes.
fn insert(top: &mut [f64], value: f64) {
    let mut place = top.len() - 1;
    while place > 0 && top[place - 1] < value {
        top[place] = top[place - 1];
        place -= 1;
    }
    top[place] = value;
}

/// A depth-first search, the child of the highest bound first.
struct Search<'a> {
    problem: &'a Problem<'a>,
    /// The best list up to now, and its value.
    list: Vec<usize>,
    best: f64,
    /// The highest bound of what was left unsearched.
    open: f64,
    nodes: u64,
    limit: u64,
    prefix: Vec<usize>,
    taken: Vec<bool>,
    /// S after each number of items.
    fatigue: Vec<Vec<f64>>,
    top: Vec<f64>,
}

/// A candidate for the next position.
struct Child {
    item: usize,
    value: f64,
    bound: f64,
}

impl<'a> Search<'a> {
    fn new(problem: &'a Problem<'a>, list: Vec<usize>, limit: u64) -> Self {
        let (n, m) = (problem.candidates(), problem.length());
        Self {
            problem,
            best: problem.value(&list),
            list,
            open: 0.0,
            nodes: 0,
            limit,
            prefix: Vec::with_capacity(m),
            taken: vec![false; n],
            fatigue: vec![vec![0.0; n]; m + 1],
            top: Vec::with_capacity(m),
        }
    }

    /// Whether a bound promises more than the best list.
    fn promises(&self, bound: f64) -> bool {
        bound > self.best * (1.0 + TOLERANCE)
    }

    /// Searches the completions of the prefix, which has `place` items and this value.
    fn descend(&mut self, place: usize, value: f64) {
        let mut children = self.children(place, value);
        if place + 1 == self.problem.length() {
            // The bound of a whole list is its value.
            if let Some(last) =
                children.into_iter().max_by(|a, b| a.value.total_cmp(&b.value).then(b.item.cmp(&a.item)))
            {
                self.best = last.value;
                self.list.clear();
                self.list.extend(self.prefix.iter().chain([&last.item]));
            }
            return;
        }
        children.sort_by(|a, b| b.bound.total_cmp(&a.bound).then(a.item.cmp(&b.item)));
        for child in children {
            if !self.promises(child.bound) {
                break;
            }
            if self.nodes >= self.limit {
                self.open = self.open.max(child.bound);
                break;
            }
            self.take(place, child.item);
            self.descend(place + 1, child.value);
            self.give_back(child.item);
        }
    }

    /// The candidates that may stand at `place` in a list better than the best.
    fn children(&mut self, place: usize, value: f64) -> Vec<Child> {
        let problem = self.problem;
        // What comes after, if what comes at `place` tired nobody: a bound for all children at once.
        let (before, after) = self.fatigue.split_at_mut(place + 1);
        for (after, before) in after[0].iter_mut().zip(&before[place]) {
            *after = problem.decay * before;
        }
        let rest = problem.rest(place + 1, &self.fatigue[place + 1], &self.taken, &mut self.top);
        let mut children = Vec::new();
        for item in 0..problem.candidates() {
            if self.taken[item] {
                continue;
            }
            let gain = problem.examination[place] * problem.left(item, self.fatigue[place][item]);
            let value = value + gain;
            if !self.promises(value + rest) {
                continue;
            }
            self.nodes += 1;
            self.take(place, item);
            let bound = value + problem.rest(place + 1, &self.fatigue[place + 1], &self.taken, &mut self.top);
            self.give_back(item);
            if self.promises(bound) {
                children.push(Child { item, value, bound });
            }
        }
        children
    }

    fn take(&mut self, place: usize, item: usize) {
        self.taken[item] = true;
        self.prefix.push(item);
        let (before, after) = self.fatigue.split_at_mut(place + 1);
        self.problem.append(item, &before[place], &mut after[0]);
    }

    fn give_back(&mut self, item: usize) {
        self.taken[item] = false;
        self.prefix.pop();
    }
}

#[cfg(test)]
mod tests;
