//! The user whose mind is known.
//!
//! A list y of m candidates is shown. With x the candidate at position j, from 1:
//!
//! ```text
//! examination   e_j      1 / log₂(j + 1)   or   (1 / j)^η                    does the user look there
//! gain          g(x)     (2^rel(x) − 1) / (2^rel_max − 1)                    what the judges say
//! attraction    a(x)     ε + (1 − ε) g(x)                                    would the user click, if x stood alone
//! fatigue       φ_j      exp(−λ Σ_{i<j} δ^(j−i−1) max(0, cos(y_i, x)))       what those alike above leave of that
//! click         c_j      e_j · a(x) · φ_j
//! kind k        P_jk     c_j · (low_k + (high_k − low_k) g(x))               no feedback without a click
//! utility       U(y)     Σ_j Σ_k w_k P_jk
//! ```
//!
//! Every probability depends on the list alone and not on other feedback, so U is an exact expectation: positions are
//! independent, and so are the kinds at a position where there was a click.
//!
//! The position-based model with e_j = (1/j)^η is that of Joachims, Swaminathan, Schnabel (WSDM 2017); attraction by graded
//! relevance with a floor ε follows Chapelle et al. (CIKM 2009) and Ai et al. (SIGIR 2018). Attraction that falls
//! exponentially with what is alike above is our decision; Cao et al. (AAAI 2020) discount by the number of such items.

use nar4rec_slate::{Feedback, Permutation};
use rand::{Rng, RngExt as _};

use crate::{Query, SimulatorError, UserConfig};

/// A user whose mind is known: the probabilities of all feedback on any list have a closed form.
///
/// ```
/// use nar4rec_simulator::{KnownUser, Query, TrueCandidate, UserConfig};
/// use nar4rec_slate::Permutation;
///
/// let user = KnownUser::new(UserConfig::default())?;
/// let candidate = |id: &str, relevance, vector: [f32; 2]| TrueCandidate { id: id.into(), relevance, vector: vector.into() };
/// let query = Query::new("q", vec![candidate("a", 2, [1., 0.]), candidate("twin of a", 2, [1., 0.]), candidate("b", 1, [0., 1.])]);
/// let utility = |list: &[usize]| user.utility(&query, &Permutation::new(list.to_vec(), 3).expect("a list"));
/// // With something else between, the twin is less tiresome.
/// assert!(utility(&[0, 2]) < utility(&[0, 1]) && utility(&[0, 1, 2]) < utility(&[0, 2, 1]));
/// # Ok::<(), nar4rec_simulator::SimulatorError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct KnownUser {
    config: UserConfig,
}

/// The probabilities at one position.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceProbabilities {
    /// That the item is clicked.
    pub click: f64,
    /// Of each kind of feedback, in the order of the configuration.
    pub kinds: Vec<f64>,
}

impl KnownUser {
    /// The user with these parameters.
    ///
    /// # Errors
    /// If one is out of its range.
    pub fn new(config: UserConfig) -> Result<Self, SimulatorError> {
        config.validate()?;
        Ok(Self { config })
    }

    /// The parameters.
    pub fn config(&self) -> &UserConfig {
        &self.config
    }

    /// g: what a grade of relevance is worth, from 0 to 1.
    pub fn gain(&self, relevance: u32) -> f64 {
        let grade = f64::from(relevance.min(self.config.greatest_relevance));
        (grade.exp2() - 1.0) / (f64::from(self.config.greatest_relevance).exp2() - 1.0)
    }

    /// a: the probability of a click on an item of this relevance that is looked at and stands alone.
    pub fn attraction(&self, relevance: u32) -> f64 {
        self.config.attraction_floor + (1.0 - self.config.attraction_floor) * self.gain(relevance)
    }

    /// The expected utility of an item of this relevance that is looked at and stands alone: a(x) Σ_k w_k P(k | click).
    pub fn worth(&self, relevance: u32) -> f64 {
        let given_click =
            self.config.feedback.iter().map(|kind| kind.weight * self.given_click(kind.given_click, relevance));
        self.attraction(relevance) * given_click.sum::<f64>()
    }

    /// φ at each position of a list.
    pub fn fatigue(&self, query: &Query, list: &Permutation) -> Vec<f64> {
        let at = |place: usize| {
            let item = list.as_slice()[place];
            let above = list
                .iter()
                .take(place)
                .fold(0.0, |sum, other| self.config.fatigue.decay * sum + query.likeness(other, item));
            (-self.config.fatigue.strength * above).exp()
        };
        (0..list.len()).map(at).collect()
    }

    /// The probabilities at each position of a list of the query's candidates.
    pub fn probabilities(&self, query: &Query, list: &Permutation) -> Vec<PlaceProbabilities> {
        let fatigue = self.fatigue(query, list);
        let at = |(place, item): (usize, usize)| {
            let relevance = query.relevance()[item];
            let click = self.config.examination.at(place) * self.attraction(relevance) * fatigue[place];
            let kinds = self.config.feedback.iter().map(|kind| click * self.given_click(kind.given_click, relevance));
            PlaceProbabilities { click, kinds: kinds.collect() }
        };
        list.iter().enumerate().map(at).collect()
    }

    /// U: the expected utility of a list of the query's candidates, exactly.
    pub fn utility(&self, query: &Query, list: &Permutation) -> f64 {
        let places = self.probabilities(query, list).into_iter();
        let weighted = |place: PlaceProbabilities| {
            self.config
                .feedback
                .iter()
                .zip(place.kinds)
                .map(|(kind, probability)| kind.weight * probability)
                .sum::<f64>()
        };
        places.map(weighted).sum()
    }

    /// Feedback of one user on a list of the query's candidates: every kind at every position, 0 or 1.
    pub fn sample(&self, query: &Query, list: &Permutation, rng: &mut impl Rng) -> Vec<Feedback> {
        let places = self.probabilities(query, list).into_iter().zip(list.iter());
        let at = |(place, item): (PlaceProbabilities, usize)| {
            let clicked = rng.random::<f64>() < place.click;
            let mut kind = |range| {
                let draw = rng.random::<f64>();
                f64::from(u8::from(clicked && draw < self.given_click(range, query.relevance()[item])))
            };
            self.config.feedback.iter().map(|config| (config.name.clone(), kind(config.given_click))).collect()
        };
        places.map(at).collect()
    }

    fn given_click(&self, [low, high]: [f64; 2], relevance: u32) -> f64 {
        low + (high - low) * self.gain(relevance)
    }
}

#[cfg(test)]
mod tests;
