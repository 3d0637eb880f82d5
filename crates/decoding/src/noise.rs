//! Seeded noise.
//!
//! An exponential variable is −ln u for u uniform in (0, 1), a Gumbel variable −ln of an exponential one. Adding an
//! independent Gumbel variable to each logit and taking the greatest draws from their softmax; taking the k greatest draws
//! k without replacement. [`Urn`](crate::urn::Urn) draws the same without noise for each logit.
//!
//! The decoders hand out noise in order of probability, not of index: relabelling the candidates then relabels the
//! samples (unless two are exactly as probable).

use rand::distr::Open01;
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// A stream of noise; the same seed gives the same stream everywhere.
pub(crate) struct Noise(Pcg64Mcg);

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Pcg64Mcg::seed_from_u64(seed))
    }

    /// A uniform variable in (0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0.sample(Open01)
    }

    /// ln of a standard exponential variable: a standard Gumbel variable with its sign changed.
    pub(crate) fn log_exponential(&mut self) -> f64 {
        (-self.uniform().ln()).ln()
    }

    /// The seed of an independent stream.
    pub(crate) fn seed(&mut self) -> u64 {
        self.0.next_u64()
    }
}
