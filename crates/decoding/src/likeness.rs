//! How alike candidates are: cosines of their states, computed when two of them first meet.
//!
//! ```text
//! cos(a, b) = a·b / (‖a‖ ‖b‖),   0 where a or b is a zero vector
//! ```
//!
//! A norm is computed once per candidate and task. Products are summed in f32, sixteen sums side by side, where the norms
//! say that nothing can overflow or vanish; for the other pairs they are summed in f64, in which no product of two f32
//! does.

use crate::Scores;

/// The cosines of a task's candidates.
#[derive(Debug, Default)]
pub(crate) struct Likeness {
    /// Those that are known.
    norms: Vec<Option<Norm>>,
    /// Per candidate, how many of the list it has met and its greatest cosine with them.
    met: Vec<(usize, f64)>,
}

/// What there is to know of ‖x‖.
#[derive(Debug, Clone, Copy)]
struct Norm {
    /// 1/‖x‖; 0 for a zero vector.
    inverse: f64,
    /// Whether products with other such states are exact enough in f32.
    is_moderate: bool,
}

/// The squares of moderate norms: the product of two such norms is far from where f32 ends.
const MODERATE: std::ops::Range<f32> = 1e-20..1e20;

impl Likeness {
    /// Forgets the states of another task.
    pub(crate) fn begin(&mut self, scores: &Scores) {
        self.norms.clear();
        self.norms.resize(scores.candidates(), None);
    }

    /// Forgets whom the candidates have met.
    pub(crate) fn begin_list(&mut self) {
        self.met.clear();
        self.met.resize(self.norms.len(), (0, f64::NEG_INFINITY));
    }

    /// The greatest cosine of `candidate` with a list that grows from call to call, and is not empty. None if `is_enough`
    /// holds of the greatest so far before all have met.
    pub(crate) fn greatest(
        &mut self,
        scores: &Scores,
        (candidate, list): (usize, &[usize]),
        is_enough: impl Fn(f64) -> bool,
    ) -> Option<f64> {
        let (mut met, mut greatest) = self.met[candidate];
        while met < list.len() {
            if is_enough(greatest) {
                self.met[candidate] = (met, greatest);
                return None;
            }
            greatest = greatest.max(self.cosine(scores, candidate, list[met]));
            met += 1;
        }
        self.met[candidate] = (met, greatest);
        Some(greatest)
    }

    /// The cosine of two candidates' states.
    pub(crate) fn cosine(&mut self, scores: &Scores, a: usize, b: usize) -> f64 {
        let (x, y) = (scores.state(a), scores.state(b));
        let (p, q) = (self.norm(a, x), self.norm(b, y));
        let product = if p.is_moderate && q.is_moderate { f64::from(dot(x, y)) } else { wide_dot(x, y) };
        product * p.inverse * q.inverse
    }

    fn norm(&mut self, candidate: usize, state: &[f32]) -> Norm {
        *self.norms[candidate].get_or_insert_with(|| Norm::new(state))
    }
}

impl Norm {
    fn new(state: &[f32]) -> Self {
        let square = dot(state, state);
        if MODERATE.contains(&square) {
            return Self { inverse: f64::from(square).sqrt().recip(), is_moderate: true };
        }
        let norm = wide_dot(state, state).sqrt();
        Self { inverse: if norm > 0.0 { norm.recip() } else { 0.0 }, is_moderate: false }
    }
}

/// Σ a_i b_i, in sixteen sums side by side so that the compiler can use vectors. They are added up one after another: as
/// a tree, it would pair them already in the loop and use half of each vector.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a_chunks, a_rest), (b_chunks, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    let mut sums = [0.0; 16];
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().fold(rest, |total, sum| total + sum)
}

/// The same in f64.
fn wide_dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_is_the_plain_sum_at_every_length() {
        for length in [0, 1, 7, 8, 9, 15, 16, 17, 23, 32, 33] {
            let a: Vec<f32> = (0..length).map(|i| i as f32 + 1.0).collect();
            let b: Vec<f32> = (0..length).map(|i| 2.0 - i as f32).collect();
            let plain: f64 = (0..length).map(|i| (i as f64 + 1.0) * (2.0 - i as f64)).sum();
            assert_eq!(f64::from(dot(&a, &b)), plain, "length {length}");
            assert_eq!(wide_dot(&a, &b), plain, "length {length}");
        }
    }

    #[test]
    fn cosines_survive_extreme_states_and_zero_vectors() {
        let states = [f32::MAX, f32::MAX, f32::MIN_POSITIVE, f32::MIN_POSITIVE, 0.0, 0.0, -1.0, -1.0];
        let scores = Scores::new(&[0.0; 4], &states, 4, 1).unwrap();
        let mut likeness = Likeness::default();
        likeness.begin(&scores);
        let mut close = |a, b, expected: f64| {
            assert!((likeness.cosine(&scores, a, b) - expected).abs() < 1e-12, "cos({a}, {b})");
        };
        close(0, 1, 1.0);
        close(0, 3, -1.0);
        close(1, 2, 0.0);
        close(2, 2, 0.0);
    }

    #[test]
    fn cosines_of_moderate_states_are_exact_to_the_last_digits_of_f32() {
        let states: Vec<f32> = (0..96).map(|i| (((i * 7919) % 101) as f32 - 50.0) * 1e3).collect();
        let scores = Scores::new(&[0.0; 3], &states, 3, 1).unwrap();
        let mut likeness = Likeness::default();
        likeness.begin(&scores);
        for (a, b) in [(0, 1), (1, 2), (0, 2), (1, 1)] {
            let (x, y) = (scores.state(a), scores.state(b));
            let plain = wide_dot(x, y) / (wide_dot(x, x) * wide_dot(y, y)).sqrt();
            assert!((likeness.cosine(&scores, a, b) - plain).abs() < 1e-6, "cos({a}, {b})");
        }
    }
}
