//! Adaptive beam search: the list of greatest reward among those that a beam comes by.
//!
//! ```text
//!   LR(list) = Σ_t s_t · p(item t is wanted | items before)        s_t = has_next^t, t from 0
//! ```
//!
//! In every step each list of a request's beam is continued by each item it does not hold, and the `beam` continuations of greatest
//! reward are kept. Once the kept ones are nearly equal, least reward / greatest > `stability`, it is settled: the best alone goes
//! on, greedily. All continuations of all requests are scored in one call per step.

use std::ops::Range;

use super::contexts::Contexts;

/// How lists are searched for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BeamSearch {
    /// Lists that are kept.
    pub(crate) beam: usize,
    /// Above which ratio of least to greatest reward the best alone goes on; at 1 never.
    pub(crate) stability: f32,
    /// p(next).
    pub(crate) has_next: f32,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    /// Rows in display order.
    pub(crate) list: Vec<u32>,
    /// LR
    pub(crate) reward: f32,
    /// Of each candidate the probability at the first place.
    pub(crate) first: Vec<f32>,
}

/// The beginning of a list.
#[derive(Debug, Clone, Default)]
struct Beginning {
    rows: Vec<u32>,
    reward: f32,
}

/// The search for one request.
struct Search {
    rows: Range<usize>,
    /// The best first.
    kept: Vec<Beginning>,
    settled: bool,
    first: Vec<f32>,
}

impl BeamSearch {
    /// The best list of `length` items, or of all, for each request, given the rows of its candidates. `score` gives the
    /// probability of each of [`Contexts::items`].
    pub(crate) fn run(
        &self,
        requests: impl Iterator<Item = Range<usize>>,
        length: usize,
        mut score: impl FnMut(&Contexts) -> Vec<f32>,
    ) -> Vec<Found> {
        let mut searches: Vec<Search> = requests.map(Search::new).collect();
        let mut contexts = Contexts::default();
        for step in 0..length.max(1) {
            contexts.clear();
            searches.iter().for_each(|search| search.ask(&mut contexts));
            if contexts.items().is_empty() {
                break;
            }
            let answers = score(&contexts);
            let mut answers = answers.as_slice();
            for search in searches.iter_mut().filter(|search| step < search.rows.len()) {
                let of_request;
                (of_request, answers) = answers.split_at(search.asked());
                if step == 0 {
                    search.first = of_request.to_vec();
                }
                if step < length {
                    search.extend(of_request, self.has_next.powi(step as i32), self);
                }
            }
        }
        searches.into_iter().map(Search::end).collect()
    }
}

impl Search {
    fn new(rows: Range<usize>) -> Self {
        Self { rows, kept: vec![Beginning::default()], settled: false, first: Vec::new() }
    }

    /// The rows that a beginning does not hold.
    fn left<'a>(&self, beginning: &'a Beginning) -> impl Iterator<Item = u32> + use<'a> {
        let rows = self.rows.start as u32..self.rows.end as u32;
        rows.filter(|row| !beginning.rows.contains(row))
    }

    /// Asks for what may come next.
    fn ask(&self, contexts: &mut Contexts) {
        self.kept.iter().for_each(|beginning| contexts.push(&beginning.rows, self.left(beginning)));
    }

    /// How much was asked for.
    fn asked(&self) -> usize {
        self.kept.iter().map(|beginning| self.rows.len() - beginning.rows.len()).sum()
    }

    /// Keeps the best continuations; among equals those that were asked for first.
    fn extend(&mut self, probabilities: &[f32], discount: f32, how: &BeamSearch) {
        let asked = self.kept.iter().enumerate();
        let asked = asked.flat_map(|(index, beginning)| self.left(beginning).map(move |row| (index, row)));
        let rewards =
            asked.zip(probabilities).map(|((index, row), p)| (self.kept[index].reward + discount * p, index, row));
        let mut continuations: Vec<(f32, usize, u32)> = rewards.collect();
        continuations.sort_by(|a, b| b.0.total_cmp(&a.0));
        continuations.truncate(if self.settled { 1 } else { how.beam });
        let least = continuations.last().map_or(0.0, |(reward, ..)| *reward);
        let greatest = continuations.first().map_or(0.0, |(reward, ..)| *reward);
        if least > how.stability * greatest {
            self.settled = true;
            continuations.truncate(1);
        }
        let continued = continuations.into_iter().map(|(reward, index, row)| {
            let before = self.kept[index].rows.iter().copied();
            Beginning { rows: before.chain(std::iter::once(row)).collect(), reward }
        });
        self.kept = continued.collect();
    }

    fn end(mut self) -> Found {
        let Beginning { rows, reward } = self.kept.swap_remove(0);
        Found { list: rows, reward, first: self.first }
    }
}
