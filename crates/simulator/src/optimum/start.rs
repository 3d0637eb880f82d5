//! A good list to begin with: greedy from the top, then exchanged as long as that helps.

use super::Problem;

impl Problem<'_> {
    /// The utility of a list.
    pub(super) fn value(&self, list: &[usize]) -> f64 {
        let at = |(place, &item): (usize, &usize)| {
            let above =
                list[..place].iter().fold(0.0, |sum, &other| self.decay * sum + self.query.likeness(other, item));
            self.examination[place] * self.left(item, above)
        };
        list.iter().enumerate().map(at).sum()
    }

    /// A list that no exchange of two positions, and of one item for one not in the list, makes better.
    pub(super) fn start(&self) -> Vec<usize> {
        let mut list = self.greedy();
        let mut value = self.value(&list);
        while let Some((better, higher)) = self.exchange(&list, value) {
            (list, value) = (better, higher);
        }
        list
    }

    /// Position by position, the candidate that adds most.
    fn greedy(&self) -> Vec<usize> {
        let mut list = Vec::with_capacity(self.length());
        let mut fatigue = vec![0.0; self.candidates()];
        let mut after = fatigue.clone();
        while list.len() < self.length() {
            let left = |item: usize| self.left(item, fatigue[item]);
            let free = (0..self.candidates()).filter(|item| !list.contains(item));
            let best = free.max_by(|&a, &b| left(a).total_cmp(&left(b)).then(b.cmp(&a)));
            let Some(best) = best else { break };
            list.push(best);
            self.append(best, &fatigue, &mut after);
            std::mem::swap(&mut fatigue, &mut after);
        }
        list
    }

    /// The best neighbour of a list, if it is better by more than a rounding error.
    fn exchange(&self, list: &[usize], value: f64) -> Option<(Vec<usize>, f64)> {
        let mut best: Option<(Vec<usize>, f64)> = None;
        let mut tried = list.to_vec();
        let mut consider = |tried: &[usize]| {
            let found = self.value(tried);
            let least = best.as_ref().map_or(value * (1.0 + super::TOLERANCE), |(_, value)| *value);
            if found > least {
                best = Some((tried.to_vec(), found));
            }
        };
        for place in 0..list.len() {
            for other in place + 1..list.len() {
                tried.swap(place, other);
                consider(&tried);
                tried.swap(place, other);
            }
            for item in (0..self.candidates()).filter(|item| !list.contains(item)) {
                tried[place] = item;
                consider(&tried);
            }
            tried[place] = list[place];
        }
        best
    }
}
