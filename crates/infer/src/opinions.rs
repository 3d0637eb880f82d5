//! What the evaluator says of each candidate, over all the lists in which it judged it.
//!
//! ```text
//! feedback(x) = mean over the places of x in all lists of the evaluator's probabilities there
//! worth(x)    = utility of feedback(x) + w · mean over the same places of log P̂(x, place)
//! ```
//!
//! An item's probability in one list is one opinion, which changes with the company by more than there is reason for. The mean over many
//! companies changes less.

use nar4rec_slate::Permutation;

use crate::{Problem, error::finite};

/// The opinions of one request, in memory that the next request uses again.
#[derive(Debug, Default)]
pub(crate) struct Opinions {
    /// At how many places each candidate was judged.
    places: Vec<u32>,
    /// `[candidates, kinds]`: sums of probabilities, and once all was heard their means.
    feedback: Vec<f32>,
    /// Sums of log P̂.
    log_probabilities: Vec<f64>,
    /// `[candidates, positions]`, the same at every position.
    worths: Vec<f32>,
    kinds: usize,
}

impl Opinions {
    /// Forgets the request before.
    pub(crate) fn start(&mut self, candidates: usize, kinds: usize) {
        fn zeros<T: Clone + Default>(values: &mut Vec<T>, length: usize) {
            values.clear();
            values.resize(length, T::default());
        }
        zeros(&mut self.places, candidates);
        zeros(&mut self.feedback, candidates * kinds);
        zeros(&mut self.log_probabilities, candidates);
        self.kinds = kinds;
    }

    /// Hears what is said of a list, `feedback` being `[items, kinds]`.
    pub(crate) fn hear(&mut self, list: &Permutation, feedback: &[f32], log_probability: impl Fn(usize, usize) -> f32) {
        for (place, index) in list.iter().enumerate() {
            self.places[index] += 1;
            self.log_probabilities[index] += f64::from(log_probability(index, place));
            let sums = self.feedback[index * self.kinds..][..self.kinds].iter_mut();
            sums.zip(&feedback[place * self.kinds..]).for_each(|(sum, said)| *sum += said);
        }
    }

    /// All was heard: what each candidate is worth, `[candidates, positions]`, the same at every position and −∞ if it was in no list.
    pub(crate) fn conclude(
        &mut self,
        positions: usize,
        utility: impl Fn(&[f32]) -> f32,
        generator_weight: f32,
    ) -> Result<&[f32], Problem> {
        self.worths.clear();
        for (index, &places) in self.places.iter().enumerate() {
            let mut worth = f32::NEG_INFINITY;
            if places > 0 {
                let feedback = &mut self.feedback[index * self.kinds..][..self.kinds];
                feedback.iter_mut().for_each(|sum| *sum /= places as f32);
                let log_probability = self.log_probabilities[index] / f64::from(places);
                worth = utility(feedback) + generator_weight * log_probability as f32;
                finite("worth of an item", [&worth])?;
            }
            self.worths.extend(std::iter::repeat_n(worth, positions));
        }
        Ok(&self.worths)
    }

    /// The mean probability of each kind for a candidate that was in a list.
    pub(crate) fn feedback(&self, index: usize) -> &[f32] {
        &self.feedback[index * self.kinds..][..self.kinds]
    }
}
