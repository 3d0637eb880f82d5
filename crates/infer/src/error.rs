//! Why a model cannot be used, or a request has no answer.

use nar4rec_decoding::DecodeError;
use nar4rec_features::FeatureError;
use nar4rec_model::{InvalidModel, ModelError};
use nar4rec_slate::Request;

/// Why a model cannot be made ready.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The model directory cannot be read.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Configuration, schema and weights are no model together.
    #[error("this model cannot be used: {0}")]
    Invalid(#[from] InvalidModel),
    /// An item of the model's catalog does not fit the schema.
    #[error("item {id:?}: {source}")]
    Item {
        /// The item's id.
        id: String,
        /// Which feature, what was found and what was expected.
        source: FeatureError,
    },
}

/// Why a request cannot be reranked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("request {request_id:?}: {problem}")]
pub struct RerankError {
    /// The request's id.
    pub request_id: String,
    /// What is wrong with it.
    #[source]
    pub problem: Problem,
}

/// What is wrong with a request, with lists given along with it, or with what the model makes of it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Problem {
    /// A feature has a value of another kind than the model's schema says, or a number that is not finite.
    #[error(transparent)]
    Feature(#[from] FeatureError),
    /// A constraint on a feature that nothing is known of.
    #[error("{field}: {feature:?} is a feature neither of a candidate nor of the model, expected one that is")]
    UnknownFeature {
        /// The field of the request, such as `constraints.at_most[0].feature`.
        field: String,
        /// The feature's name.
        feature: String,
    },
    /// A pin to a position that the list does not have.
    #[error("constraints.pin: {id:?} is pinned to position {position}, but the list has only {length} positions")]
    PinBeyondList {
        /// The id of the pinned candidate.
        id: String,
        /// The position, counted from 1.
        position: usize,
        /// The length of the list.
        length: usize,
    },
    /// No list keeps the constraints.
    #[error("no list of {length} candidates keeps the constraints")]
    Unsatisfiable {
        /// The length of the list.
        length: usize,
    },
    /// Whether a list keeps the constraints was not found out within the steps allowed.
    #[error("gave up the search for a list of {length} candidates that keeps the constraints after {limit} steps")]
    SearchLimit {
        /// The length of the list.
        length: usize,
        /// The number of steps.
        limit: usize,
    },
    /// A decoder refused for a reason that no checked request and no checked model gives.
    #[error("decoding: {0}")]
    Decode(DecodeError),
    /// The model gives numbers that no order can be made of.
    #[error("{what}: {found}, expected a finite number; the model is damaged or its training has diverged")]
    NotFinite {
        /// Which of the model's numbers.
        what: &'static str,
        /// The number found.
        found: f32,
    },
    /// A list to evaluate is longer than the model's lists.
    #[error("lists[{list}]: {length} items, expected at most {most}")]
    ListTooLong {
        /// Which of the lists, counted from 0.
        list: usize,
        /// Its length.
        length: usize,
        /// The length the model was trained for.
        most: usize,
    },
    /// A list to evaluate is about other candidates.
    #[error("lists[{list}]: holds candidate {index}, but the request has only {candidates}, counted from 0")]
    NoSuchCandidate {
        /// Which of the lists, counted from 0.
        list: usize,
        /// The candidate's index, counted from 0.
        index: usize,
        /// How many candidates the request has.
        candidates: usize,
    },
}

/// What decoders need first, as [`Problem::NotFinite`] names it.
pub(crate) const LOG_PROBABILITY: &str = "log-probability of the generator";

impl Problem {
    /// A decoder's refusal in the words of the request: ids for indices, positions counted from 1.
    pub(crate) fn of_decoding(error: DecodeError, request: &Request) -> Self {
        match error {
            DecodeError::PinBeyondList { candidate, position, length } => {
                let id = request.candidates()[candidate].id.clone();
                Self::PinBeyondList { id, position: position + 1, length }
            }
            DecodeError::NotALogProbability { found, .. } => Self::NotFinite { what: LOG_PROBABILITY, found },
            DecodeError::NotAState { found, .. } => Self::NotFinite { what: "candidate state of the generator", found },
            DecodeError::Unsatisfiable { length } => Self::Unsatisfiable { length },
            DecodeError::SearchLimit { length, limit } => Self::SearchLimit { length, limit },
            other => Self::Decode(other),
        }
    }

    /// The error of `request`.
    pub(crate) fn of(self, request: &Request) -> RerankError {
        RerankError { request_id: request.request_id().to_owned(), problem: self }
    }
}

/// An error unless every number is finite.
pub(crate) fn finite<'a>(what: &'static str, numbers: impl IntoIterator<Item = &'a f32>) -> Result<(), Problem> {
    match numbers.into_iter().find(|number| !number.is_finite()) {
        Some(&found) => Err(Problem::NotFinite { what, found }),
        None => Ok(()),
    }
}
