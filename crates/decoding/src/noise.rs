//! Seeded noise.
//!
//! A Gumbel variable is −ln(−ln u) for u uniform in (0, 1). Adding an independent one to each logit and taking the
//! greatest draws from their softmax; taking the k greatest draws k without replacement.
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

    /// A standard Gumbel variable.
    pub(crate) fn gumbel(&mut self) -> f64 {
        let uniform: f64 = self.0.sample(Open01);
        -(-uniform.ln()).ln()
    }

    /// The seed of an independent stream.
    pub(crate) fn seed(&mut self) -> u64 {
        self.0.next_u64()
    }
}
