//! Load a model and rerank requests: generate, decode, evaluate, choose (docs/method.md §5).
//!
//! ```text
//!   request → features → generator, once → P̂ → several lists → evaluator, one batch → the list worth most
//! ```
//!
//! This is the crate a service embeds. It cannot train, starts no thread, keeps no global state and reads nothing but the
//! model directory. A [`Reranker`] is `Send + Sync`: share one between the threads you have.
//!
//! ```no_run
//! use nar4rec_infer::{Request, Reranker};
//!
//! let reranker = Reranker::load("model")?;
//! let line = r#"{"request_id":"r1","user":{"features":{"age":25}},"candidates":[{"id":"v1","score":0.31},{"id":"v2"}]}"#;
//! let request: Request = serde_json::from_str(line)?;
//! let ranking = reranker.rerank(&request)?;
//! for item in &ranking.best.items {
//!     println!("{} {}", item.position, item.id);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/embed.rs` is this as a program, `examples/service.rs` an HTTP service.

mod considered;
mod error;
mod exchanges;
mod observer;
mod opinions;
mod ranking;
mod reranker;
mod rules;
mod scratch;

pub use error::{LoadError, Problem, RerankError};
pub use nar4rec_decoding::DecodeError;
pub use nar4rec_evaluator::FeedbackKind;
pub use nar4rec_features::{FeatureError, Schema};
pub use nar4rec_model::{InvalidModel, Model, ModelError};
pub use nar4rec_slate::{
    AtMost, Candidate, Constraints, FeatureValue, Features, InvalidRequest, Item, MAX_CANDIDATES, Permutation,
    PermutationError, Pin, Request, User,
};
pub use nar4rec_tensor::{Isa, UnsupportedIsa};
pub use observer::{Observer, Operation, Stage, Watch};
pub use ranking::{Options, PlacedItem, Ranking, ScoredList, Trace};
pub use reranker::Reranker;
