//! The shortlist of a position: its k most probable open candidates, of which the one with the greatest key is preferred.
//!
//! ```text
//! open candidates in order of probability:   x_1 … x_k | x_k+1 …
//! order of preference:                       by key    | by probability, for when no x_1 … x_k leaves the list possible
//! ```
//!
//! What a key is, is a decoder's own affair: a [`Key`]. Of equal keys the more probable candidate wins.

use crate::columns::{Columns, Ranked};
use crate::draft::Draft;
use crate::step::{Choice, Preference, open_from};
use crate::task::Task;

/// What a decoder maximises among the candidates of the shortlist.
pub(crate) trait Key {
    /// A list is begun.
    fn begin(&mut self, task: &Task);

    /// The key of the candidate in `cell` after `list`, which grows from call to call. It may be none where it is known not
    /// to be greater than `before`, the key of a candidate that would be preferred to an equal one.
    fn key(&mut self, task: &Task, list: &[usize], cell: Ranked, before: Option<f64>) -> Option<f64>;
}

/// One of the candidates that compete for a position.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shortlisted {
    cell: Ranked,
    is_proposed: bool,
}

/// The preference for the greatest key of a shortlist.
pub(crate) struct Shortlist<'a, K> {
    key: K,
    top_k: usize,
    /// In order of probability.
    shortlist: &'a mut Vec<Shortlisted>,
    /// Where the column goes on after what is shortlisted and what was proposed after that.
    beyond: usize,
}

impl<'a, K: Key> Shortlist<'a, K> {
    /// A shortlist of `top_k` candidates, or of all.
    pub(crate) fn new(key: K, top_k: Option<usize>, shortlist: &'a mut Vec<Shortlisted>) -> Self {
        Self { key, top_k: top_k.unwrap_or(usize::MAX), shortlist, beyond: 0 }
    }

    /// The place in the shortlist of the greatest key, and that key. Of equal keys the first is taken, which is that of
    /// the more probable candidate.
    fn best(&mut self, task: &Task, list: &[usize]) -> Option<(usize, f64)> {
        let mut best: Option<(usize, f64)> = None;
        for place in 0..self.shortlist.len() {
            let at = self.shortlist[place];
            let before = best.map(|(_, key)| key);
            if !at.is_proposed
                && let Some(key) = self.key.key(task, list, at.cell, before)
                && before.is_none_or(|before| key > before)
            {
                best = Some((place, key));
            }
        }
        best
    }
}

impl<K: Key> Preference for Shortlist<'_, K> {
    fn begin(&mut self, task: &Task) {
        self.key.begin(task);
    }

    fn enter(&mut self, task: &Task, draft: &Draft, columns: &mut Columns) {
        let column = columns.column(task, draft.position());
        let open = open_from(task, draft, column, 0).take(self.top_k);
        self.shortlist.clear();
        self.beyond = 0;
        for (place, cell) in open {
            self.shortlist.push(Shortlisted { cell, is_proposed: false });
            self.beyond = place + 1;
        }
    }

    fn next(&mut self, task: &Task, draft: &Draft, columns: &mut Columns) -> Option<Choice> {
        if let Some((place, key)) = self.best(task, &draft.list) {
            let at = &mut self.shortlist[place];
            at.is_proposed = true;
            return Some(Choice { candidate: at.cell.candidate(), key });
        }
        let column = columns.column(task, draft.position());
        let (place, cell) = open_from(task, draft, column, self.beyond).next()?;
        self.beyond = place + 1;
        let key = self.key.key(task, &draft.list, cell, None)?;
        Some(Choice { candidate: cell.candidate(), key })
    }
}
