//! Experiments: systems and variants side by side, over several seeds.
//!
//! ```text
//!   OUT/experiment.json            what is being run: experiment, configuration, data; a folder is only gone on with by itself
//!   OUT/models/NAME-s1/            a trained model, with the metrics of its training beside it
//!   OUT/outcomes/NAME-s1.json      what one variant did with one seed: an Outcome
//!   OUT/made.json                 of each outcome the build, the command and the seconds that made it
//!   OUT/report.md, .json, .html    all of it told, written anew after every outcome
//! ```
//!
//! An experiment is a series of cells; of a grid they are variants × seeds. A cell is done when its outcome is there, and
//! everything is written beside and renamed, so a run that was killed goes on where it was: with the next cell, or in the
//! middle of a training run, from its checkpoint.
//! Variants that differ in how lists are proposed and chosen share one trained model.
//!
//! A grid may be run on several data sets. Each has a folder of its own, OUT/DATA, which is that of a grid; OUT has the reports
//! of all of them, and an experiment.json without data.
//!
//! The experiment `speed` is no grid: it trains nothing to its end, and an outcome is a [`Timing`] of one row in one round. Nor is
//! `online`, an A/B test: its outcomes are [`Day`]s, each of which needs those before.

mod domains;
mod error;
mod grid;
#[cfg(test)]
mod made;
mod online;
mod oracle;
mod origin;
mod outcome;
mod plan;
mod plots;
mod report;
mod series;
mod speed;
mod stopwatch;
mod store;
mod summary;
mod trainer;
mod variants;

pub use domains::{Agreement, Domain, DomainsSummary};
pub use error::ExperimentError;
pub use grid::Grid;
pub use online::{Day, DayLine, Lift, Online, OnlineSummary, QueryTally, arms, known_user};
pub use origin::{Heading, Maker, Origin};
pub use outcome::Outcome;
pub use plan::{Along, Experiment, Plan, Subject, Variant, Variants};
pub use report::{to_html, to_json, to_markdown};
pub use series::{Done, Watcher};
pub use speed::{Ratios, Speed, SpeedLine, SpeedSummary, Spread, Timed, TimedSystem, Timing, timed};
pub use store::Store;
pub use summary::{About, Behind, Row, Summary, Value};
