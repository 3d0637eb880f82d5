//! A user whose mind is known: what a list is worth has a closed form, so that the best list can be found and what a
//! reranker loses can be told exactly.
//!
//! ```text
//! MQ2008 ─ LetorQueries ─ simulate ─┬─ train, valid, test ─▶ any reranker ─ lists ─┐
//! judged      queries               │  a log like any other                         ├─▶ Regret, ForecastError
//! documents                         └─ truth, simulator.json ─▶ Truth ─────────────┘
//!                                       KnownUser: probabilities, utility, samples;  Optimum: branch and bound
//! ```
//!
//! The user's formulae stand in `user.rs`, the proof of the search in `optimum.rs`, who showed the lists in `policy.rs`; all of
//! it for readers in `docs/simulator.md`.
//!
//! ```no_run
//! use nar4rec_data::Split;
//! use nar4rec_simulator::{SimulatorConfig, Truth, simulate};
//!
//! simulate("mq2008".as_ref(), "data".as_ref(), &SimulatorConfig::default(), |_| ())?;
//! // … train on data, rerank data/test.jsonl.gz …
//! let truth = Truth::open("data")?;
//! for query in truth.queries(Split::Test) {
//!     let best = truth.optimum(query.id())?;
//!     let chosen = query.list(&["GX008-86-4444840", "GX037-06-11625428"])?;
//!     println!("{} of {}", truth.utility(query.id(), &chosen)?, best.utility);
//! }
//! # Ok::<(), nar4rec_simulator::SimulatorError>(())
//! ```

mod config;
mod error;
mod letor;
#[cfg(test)]
mod made;
mod optimum;
mod policy;
mod query;
mod readme;
mod references;
mod regret;
mod seeds;
mod simulate;
mod traffic;
mod truth;
mod user;

pub use config::{
    Examination, FatigueConfig, FeatureWeight, KindConfig, SimulatorConfig, SplitBy, UpstreamConfig, UserConfig,
};
pub use error::SimulatorError;
pub use letor::{Document, FEATURES, JudgedQuery, LetorQueries, SECTIONS};
pub use optimum::{NODE_LIMIT, Optimum, TOLERANCE};
pub use policy::plackett_luce;
pub use query::{Query, TrueCandidate};
pub use references::References;
pub use regret::{ForecastError, Regret};
pub use simulate::{SimulationSummary, simulate};
pub use traffic::{Traffic, Visit};
pub use truth::Truth;
pub use user::{KnownUser, PlaceProbabilities};
