//! The systems that NAR4Rec is compared with: trained in the same loop, saved in the same form.

mod model;
mod ranker;
mod task;

pub use model::{RivalConfig, TrainedRival, load_rival, system_at, train_rival};
pub use ranker::RivalRanker;

pub(crate) use model::declare;
pub(crate) use task::{RivalTask, ranked};
