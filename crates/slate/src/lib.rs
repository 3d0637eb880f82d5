//! Requests, candidates, feedback and permutations: valid by construction.
//!
//! This crate is the vocabulary of the workspace. A value that exists here has been checked: a [`Request`] has between one
//! and [`MAX_CANDIDATES`] candidates with distinct ids and finite scores, an [`Impression`] shows only its own candidates,
//! and a [`Permutation`] holds distinct, existing candidates. Code above never checks these again.
//!
//! The serde form of each type is the JSON of `docs/data-format.md`; deserialising goes through the same checks.

mod constraints;
mod feature;
mod impression;
mod permutation;
mod request;

pub use constraints::{AtMost, Constraints, Pin};
pub use feature::{FeatureValue, Features};
pub use impression::{Exposure, Feedback, Impression};
pub use permutation::{Permutation, PermutationError};
pub use request::{Candidate, Item, Request, User};

/// The greatest number of candidates in one request. Attention costs n² per layer, so a larger number is a mistake far
/// more often than a wish; rank in two stages instead.
pub const MAX_CANDIDATES: usize = 4096;

/// Why a request or an impression is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct InvalidRequest {
    /// The field as it stands in the JSON, such as `candidates[3].score`.
    pub field: String,
    /// What is wrong and what was expected.
    pub problem: String,
}

impl InvalidRequest {
    /// An error about `field`.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}
