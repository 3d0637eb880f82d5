//! What a decoder reads: log P̂ and the candidate states, checked once.
//!
//! `log_probabilities` is `[n, m]` row-major: row i is candidate i, column j is position j, and each column is a
//! distribution over the candidates (`Σ_i exp = 1`; this is what the generator gives and is not checked, no decoder
//! needs it). Minus infinity marks a cell that no list may use: padding, or a candidate that must not stand there.
//! `states` is `[n, d]` row-major, the candidates' final states; d may be 0, and then every cosine is 0.
//!
//! After this door no value is NaN, so every order below is total.

use crate::DecodeError;

/// Log-probabilities and candidate states of one request.
#[derive(Debug, Clone, Copy)]
pub struct Scores<'a> {
    log_probabilities: &'a [f32],
    states: &'a [f32],
    candidates: usize,
    positions: usize,
    has_impossible: bool,
}

impl<'a> Scores<'a> {
    /// Scores of `candidates` candidates at `positions` positions; the states' width follows from their number.
    ///
    /// # Errors
    /// If a slice has the wrong size, a log-probability is NaN or +inf, or a state is not finite.
    pub fn new(
        log_probabilities: &'a [f32],
        states: &'a [f32],
        candidates: usize,
        positions: usize,
    ) -> Result<Self, DecodeError> {
        let shape = |what, found, expected| DecodeError::Shape { what, found, candidates, positions, expected };
        if candidates.checked_mul(positions) != Some(log_probabilities.len()) {
            return Err(shape("log_probabilities", log_probabilities.len(), "candidates × positions"));
        }
        let whole_rows = if candidates == 0 { states.is_empty() } else { states.len().is_multiple_of(candidates) };
        if !whole_rows {
            return Err(shape("states", states.len(), "a multiple of the candidates"));
        }
        if let Some(at) = first(log_probabilities, |p| p.is_nan() || p == f32::INFINITY) {
            let (candidate, position) = (at / positions, at % positions);
            return Err(DecodeError::NotALogProbability { candidate, position, found: log_probabilities[at] });
        }
        if let Some(at) = first(states, |x| !x.is_finite()) {
            return Err(DecodeError::NotAState { candidate: at * candidates / states.len(), found: states[at] });
        }
        let has_impossible = first(log_probabilities, |p| p == f32::NEG_INFINITY).is_some();
        Ok(Self { log_probabilities, states, candidates, positions, has_impossible })
    }

    /// The number of candidates n.
    pub fn candidates(&self) -> usize {
        self.candidates
    }

    /// The number of positions m.
    pub fn positions(&self) -> usize {
        self.positions
    }

    /// log P̂ of `candidate` at `position`.
    pub fn log_probability(&self, candidate: usize, position: usize) -> f32 {
        debug_assert!(position < self.positions, "position {position} of {}", self.positions);
        self.log_probabilities[candidate * self.positions + position]
    }

    /// P̂ of `candidate` at `position`.
    pub fn probability(&self, candidate: usize, position: usize) -> f64 {
        f64::from(self.log_probability(candidate, position)).exp()
    }

    /// The final state of `candidate`; empty where there are none.
    pub fn state(&self, candidate: usize) -> &'a [f32] {
        let width = self.states.len().checked_div(self.candidates).unwrap_or(0);
        &self.states[candidate * width..][..width]
    }

    /// Whether some cell is impossible (minus infinity).
    pub(crate) fn has_impossible(&self) -> bool {
        self.has_impossible
    }

    /// Whether `candidate` may stand at `position`.
    pub(crate) fn is_possible(&self, candidate: usize, position: usize) -> bool {
        self.log_probability(candidate, position) > f32::NEG_INFINITY
    }
}

/// The first of `values` that `is_wanted`. Mostly there is none, which is told of many values at a time.
fn first(values: &[f32], is_wanted: impl Fn(f32) -> bool) -> Option<usize> {
    let has_any = |values: &[f32]| values.iter().fold(false, |any, &value| any | is_wanted(value));
    if has_any(values) { values.iter().position(|&value| is_wanted(value)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_names_the_cell() {
        let message = |p: &[f32], s: &[f32]| Scores::new(p, s, 2, 2).unwrap_err().to_string();
        assert!(message(&[0.0; 3], &[]).starts_with("log_probabilities: 3 numbers for 2 candidates"));
        assert!(message(&[0.0; 4], &[0.0; 3]).starts_with("states: 3 numbers"));
        assert!(message(&[0.0, 0.0, f32::NAN, 0.0], &[]).contains("candidate 1 at position 0: NaN"));
        assert!(message(&[0.0, f32::INFINITY, 0.0, 0.0], &[]).contains("candidate 0 at position 1: inf"));
        assert!(
            message(&[0.0; 4], &[0.0, 0.0, 0.0, 0.0, f32::NEG_INFINITY, 0.0]).contains("state of candidate 1: -inf")
        );
    }

    #[test]
    fn minus_infinity_is_probability_zero() {
        let scores = Scores::new(&[f32::NEG_INFINITY, 0.0], &[], 2, 1).unwrap();
        assert_eq!((scores.probability(0, 0), scores.probability(1, 0)), (0.0, 1.0));
        assert!(scores.has_impossible() && !scores.is_possible(0, 0));
        assert!(scores.state(1).is_empty());
    }

    #[test]
    fn nothing_at_all_is_fine() {
        assert_eq!(Scores::new(&[], &[], 0, 3).unwrap().candidates(), 0);
        assert_eq!(Scores::new(&[], &[1.0, 2.0], 2, 0).unwrap().state(1), [2.0]);
        assert!(Scores::new(&[], &[1.0], 0, 3).is_err());
    }
}
