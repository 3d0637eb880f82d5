//! wip
mod config;
mod error;
mod letor;
#[cfg(test)]
mod made;
mod optimum;
mod query;
mod user;
pub use config::{Examination, FatigueConfig, FeatureWeight, KindConfig, SimulatorConfig, UpstreamConfig, UserConfig};
pub use error::SimulatorError;
pub use letor::{Document, FEATURES, JudgedQuery, LetorQueries, SECTIONS};
pub use optimum::{NODE_LIMIT, Optimum, TOLERANCE};
pub use query::{Query, TrueCandidate};
pub use user::{KnownUser, PlaceProbabilities};
