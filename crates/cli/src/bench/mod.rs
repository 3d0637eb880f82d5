//! What a model costs on this CPU: the measurements of `nar4rec bench`, what they are made on, and how they are told.
//!
//! ```text
//!   requests (real, or made) ─→ pace: latency by candidates, throughput by batch and threads
//!                            ├→ profile: the stages of a rerank, the layers of the networks
//!                            └→ steady: one thread at full load        ─→ report ─→ text, or JSON
//! ```
//!
//! The libraries read no clock; the clocks are here.

mod histogram;
mod layers;
mod machine;
mod made;
mod pace;
mod profile;
mod report;
mod requests;
mod steady;
mod text;

pub(crate) use machine::{MachineInfo, ModelInfo};
pub(crate) use pace::{Pace, latency, throughput};
pub(crate) use profile::{LayerClocks, profile};
pub(crate) use report::{LatencyRow, Report, ThroughputRow};
pub(crate) use requests::Requests;
pub(crate) use steady::steady;
pub(crate) use text::to_text;
