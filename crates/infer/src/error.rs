//! Why a model cannot be used, or a request has no answer.

use nar4rec_decoding::DecodeError;
use nar4rec_features::{FeatureError, SchemaError};
use nar4rec_model::ModelError;

/// Why a model cannot be made ready.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The model directory cannot be read.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The schema contradicts itself.
    #[error("schema: {0}")]
    Schema(#[from] SchemaError),
    /// An item of the model's catalog does not fit the schema.
    #[error("item {id:?}: {source}")]
    Item {
        /// The item's id.
        id: String,
        /// Which feature, what was found and what was expected.
        source: FeatureError,
    },
}

/// Why a request cannot be reranked. The request itself is named by its id.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RerankError {
    /// A feature has a value of another kind than the model's schema says.
    #[error("request {request_id:?}: {source}")]
    Feature {
        /// The request's id.
        request_id: String,
        /// Which feature, what was found and what was expected.
        source: FeatureError,
    },
    /// No list keeps the request's constraints.
    #[error("request {request_id:?}: {source}")]
    Decode {
        /// The request's id.
        request_id: String,
        /// Why there is no list.
        source: DecodeError,
    },
    /// A constraint on a feature that no candidate of the request has.
    #[error("request {request_id:?}: constraints name feature {feature:?}, which no candidate has")]
    UnknownFeature {
        /// The request's id.
        request_id: String,
        /// The feature's name.
        feature: String,
    },
    /// A list to score is longer than the model's lists.
    #[error("request {request_id:?}: a list of {length} items, expected at most {most}")]
    TooLong {
        /// The request's id.
        request_id: String,
        /// The length of the list.
        length: usize,
        /// The length the model was trained for.
        most: usize,
    },
}
