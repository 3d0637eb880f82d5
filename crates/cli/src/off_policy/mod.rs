//! Off-policy evaluation on the Open Bandit logs: each policy's clicks predicted from the other's log, and counted in its own.

mod policy;
mod report;
mod text;

pub(crate) use report::{Options, Report};
pub(crate) use text::to_text;
