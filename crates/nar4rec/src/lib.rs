//! NAR4Rec reranking: from the n candidates that an upstream ranker found, the m to show and their order.
//!
//! ```text
//!   request ─ generator, once ─→ P̂ [n, m] ─ decoders ─→ several lists ─ evaluator, one batch ─→ the list worth most
//! ```
//!
//! A *generator* says in one parallel pass how likely each candidate is at each position, *decoders* make several lists of
//! that, an *evaluator* predicts what users will do with each whole list, and the best list is the answer. A model is a
//! directory, which `nar4rec train` makes of impression logs.
//!
//! ```no_run
//! use nar4rec::{Options, Request, Reranker};
//!
//! let reranker = Reranker::load("model")?; // Send + Sync: share it between the threads you have.
//! let request: Request = serde_json::from_str(
//!     r#"{"request_id": "r1", "user": {"features": {"age": 25}},
//!         "candidates": [{"id": "v1", "score": 0.31}, {"id": "v2", "score": 0.28}, {"id": "v3"}],
//!         "constraints": {"exclude": ["v3"], "at_most": [{"feature": "author", "count": 2}]}}"#)?;
//!
//! let ranking = reranker.rerank(&request)?;
//! for item in &ranking.best.items {
//!     println!("{}. {} (p = {:.2})", item.position, item.id, item.p);
//! }
//!
//! // Shorter lists, runners-up, many requests at once: one that fails does not disturb the others.
//! let options = Options { length: Some(4), alternatives: 2 };
//! for answer in reranker.rerank_batch(&[request], options) {
//!     match answer {
//!         Ok(ranking) => println!("{}: worth {:.2}", ranking.request_id, ranking.best.utility),
//!         Err(error) => eprintln!("{error}"), // request "r1": constraints.at_most[0].feature: …
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | to | see |
//! |---|---|
//! | rerank | [`Reranker`], [`Request`], [`Ranking`] |
//! | pin, exclude, limit | [`Constraints`] |
//! | use the decoders alone, over probabilities of your own | [`decoding`] |
//! | look into a model, or build one | [`Model`], [`model`], [`features`] |
//! | train and measure, with feature `train` | `train`, `data`, `metrics` |
//!
//! Without features this is inference and nothing else: no training, no data readers, no threads of its own.

pub use nar4rec_infer::{
    AtMost, Candidate, Constraints, DecodeError, FeatureError, FeatureValue, Features, FeedbackKind, InvalidModel,
    InvalidRequest, Isa, Item, LoadError, MAX_CANDIDATES, Model, ModelError, Observer, Operation, Options, Permutation,
    PermutationError, Pin, PlacedItem, Problem, Ranking, Request, RerankError, Reranker, Schema, ScoredList, Stage,
    Trace, UnsupportedIsa, User, Watch,
};
pub use nar4rec_slate::{Exposure, Feedback, Impression};

/// Decoders: from a probability matrix to lists, under constraints.
pub use nar4rec_decoding as decoding;
/// The feature schema, its inference from data, and the encoding of requests.
pub use nar4rec_features as features;
/// The model directory and its configuration.
pub use nar4rec_model as model;

/// Impression logs: streaming, validation, converters.
#[cfg(feature = "train")]
pub use nar4rec_data as data;
/// Ranking and classification metrics with bootstrap intervals.
#[cfg(feature = "train")]
pub use nar4rec_metrics as metrics;
/// Training and evaluation of models.
#[cfg(feature = "train")]
pub use nar4rec_train as train;
