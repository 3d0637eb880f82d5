//! What PIER learns from: which lists, and the loss on what is predicted of them.
//!
//! ```text
//!   lists of a request   shown, drawn_lists × drawn, the `contrasted` nearest, the `contrasted` farthest of the selection
//!   loss = mean over known places of shown and drawn of CE(σ(z), y) − contrast · (mean σ(z) of the nearest − of the farthest)
//!   d_z  = (σ(z) − y)/places  and  ∓ contrast · σ(z)(1 − σ(z))/places
//! ```

use std::ops::Range;

use nar4rec_autograd::Tape;
use nar4rec_evaluator::Lists;
use nar4rec_losses::binary_cross_entropy;
use nar4rec_tensor::Exec;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

use super::{Pier, ocpm::Items, requests, sigmoid};
use crate::{
    Shown,
    drawn::{drawn, known_beyond},
};

/// The lists of a batch that are learned from.
#[derive(Debug, Clone, Default)]
pub(super) struct Lessons {
    pub(super) lists: Lists,
    /// What each place was worth; NaN where it is not known. `[places]`
    pub(super) labels: Vec<f32>,
    /// Of each request the places that are compared with labels, and those of the lists that are contrasted.
    pub(super) requests: Vec<Places>,
}

/// Places of one request's lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places {
    /// Of the shown and the drawn lists.
    pub(super) labelled: Range<usize>,
    /// Of the nearest lists.
    pub(super) near: Range<usize>,
    /// Of the farthest.
    pub(super) far: Range<usize>,
}

impl Pier {
    /// The lists to learn from.
    ///
    /// # Panics
    /// If there is not one shown list for each request.
    pub(super) fn lessons<'a>(
        &self,
        tape: &mut Tape<'a>,
        items: &Items<<Tape<'a> as Exec>::Value>,
        shown: &Shown<'_>,
    ) -> Lessons {
        assert_eq!(shown.lists.segments().count() + 1, items.offsets.len(), "one shown list for each request");
        let mut rng = Pcg64Mcg::seed_from_u64(tape.draw_seed());
        let mut lessons = Lessons::default();
        for ((request, rows), places) in requests(&items.offsets).zip(shown.lists.segments().iter()) {
            let list = &shown.lists.rows()[places];
            let start = lessons.labels.len();
            lessons.push(list.iter().copied(), shown.targets);
            let known = known_beyond(rows.clone(), list, shown.targets);
            for _ in 0..if known.is_empty() { 0 } else { self.config.drawn_lists } {
                let drawn = drawn(&known, tape.data(items.logits), list.len(), &mut rng);
                lessons.push(drawn.into_iter(), shown.targets);
            }
            let labelled = start..lessons.labels.len();
            let [near, far] = self.contrasted(tape, items, (request, rows.clone()), list.len());
            let [near, far] = [near, far].map(|lists| lessons.push_unlabelled(&lists, rows.start));
            lessons.requests.push(Places { labelled, near, far });
        }
        lessons
    }

    /// The nearest and the farthest lists of a request's selection; none where nothing tells near from far.
    fn contrasted<'a>(
        &self,
        tape: &Tape<'a>,
        items: &Items<<Tape<'a> as Exec>::Value>,
        request: (usize, Range<usize>),
        length: usize,
    ) -> [Vec<Vec<u32>>; 2] {
        if self.config.contrast == 0.0 || items.past.is_none() {
            return [Vec::new(), Vec::new()];
        }
        let selection = self.select(tape, items, request, length);
        let count = if selection.measured { self.config.contrasted.min(selection.lists.len() / 2) } else { 0 };
        let mut near = selection.lists;
        let far = near.split_off(near.len() - count);
        near.truncate(count);
        [near, far]
    }
}

impl Lessons {
    fn push(&mut self, list: impl ExactSizeIterator<Item = u32> + Clone, targets: &[f32]) {
        self.labels.extend(list.clone().map(|row| targets[row as usize]));
        self.lists.push(list);
    }

    /// Appends lists of candidates of a request whose first row is `first`, and says which places they take.
    fn push_unlabelled(&mut self, lists: &[Vec<u32>], first: usize) -> Range<usize> {
        let start = self.labels.len();
        for list in lists {
            self.labels.resize(self.labels.len() + list.len(), f32::NAN);
            self.lists.push(list.iter().map(|candidate| first as u32 + candidate));
        }
        start..self.labels.len()
    }

    /// The loss of these logits; adds the gradient to `d`.
    pub(super) fn loss(&self, logits: &[f32], (contrast, scale): (f32, f32), d: &mut [f32]) -> f64 {
        let of_request = |places: &Places| {
            let labelled = places.labelled.clone();
            let known =
                mean_of_known(&logits[labelled.clone()], &self.labels[labelled.clone()], scale, &mut d[labelled]);
            let ends = [(&places.near, -contrast * scale), (&places.far, contrast * scale)];
            let ends =
                ends.map(|(places, scale)| mean_probability(&logits[places.clone()], scale, &mut d[places.clone()]));
            known + ends[0] + ends[1]
        };
        self.requests.iter().map(of_request).sum()
    }
}

/// For each request the mean over its candidates of known worth of the item tower's cross-entropy, all added up.
pub(super) fn of_items(logits: &[f32], (targets, offsets): (&[f32], &[usize]), scale: f32, d: &mut [f32]) -> f64 {
    let of_request = |(_, rows): (usize, Range<usize>)| {
        mean_of_known(&logits[rows.clone()], &targets[rows.clone()], scale, &mut d[rows])
    };
    requests(offsets).map(of_request).sum()
}

/// `scale` times the mean cross-entropy over what is known.
fn mean_of_known(logits: &[f32], labels: &[f32], scale: f32, d: &mut [f32]) -> f64 {
    let known = labels.iter().filter(|label| !label.is_nan()).count().max(1);
    binary_cross_entropy(logits, labels, scale / known as f32, d)
}

/// `scale` times the mean of σ(z); nothing for no places.
fn mean_probability(logits: &[f32], scale: f32, d: &mut [f32]) -> f64 {
    let share = scale / logits.len().max(1) as f32;
    let of_place = |(z, d): (&f32, &mut f32)| {
        let p = sigmoid(*z);
        *d += share * p * (1.0 - p);
        f64::from(share) * f64::from(p)
    };
    logits.iter().zip(d).map(of_place).sum()
}
