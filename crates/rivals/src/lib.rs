//! The reranking systems that NAR4Rec is compared with (docs/method.md §6), each behind one trait.
//!
//! ```text
//!   system        learns                                              shows
//!   dnn           P(wanted) of each item by itself                    the greatest
//!   dcn           the same, with crosses of features                  the greatest
//!   prm           a softmax over all candidates, which see each other the greatest
//!   pier          P(wanted) of items in their list, and by themselves the list of the greatest sum, of those near the past
//!   edge_rerank   P(wanted) of each next item, given those before it  a list of great expected reward
//!   seq2slate     a softmax over what is left, given what was placed  the greatest of each step
//! ```
//!
//! All read the same features through the same input layer, and the Transformer blocks are those of `nar4rec-layers`. What
//! differs is what each paper says differs: the network, the loss, and how a list comes of it. A system here is one network.
//! It knows nothing of files or training loops; `nar4rec-train` trains, saves and loads them all in the same way.

mod candidates;
mod config;
mod dcn;
mod dnn;
mod drawn;
mod edge_rerank;
mod input;
mod lstm;
mod pier;
mod places;
mod prm;
mod seq2slate;
#[cfg(test)]
mod tests;

pub use candidates::{Candidates, Ranked, Shown};
pub use config::{Counted, SystemConfig, SystemKind};
pub use dcn::{Dcn, DcnConfig};
pub use dnn::{Dnn, DnnConfig};
pub use edge_rerank::{EdgeRerank, EdgeRerankConfig};
pub use pier::{Pier, PierConfig};
pub use prm::{Prm, PrmConfig};
pub use seq2slate::{Seq2Slate, Seq2SlateConfig, SlateEncoder, SlatePolicy, StepWeights};

use std::fmt::Debug;

use nar4rec_autograd::{Gradients, Tape};
use nar4rec_evaluator::Lists;
use nar4rec_tensor::{Weights, Workspace};

/// A reranking system of one network.
pub trait Rival: Debug + Send + Sync {
    /// What its loss is a mean of.
    fn counted(&self) -> Counted;

    /// The loss of some lists that were shown, scaled; its gradients are added to `gradients`.
    fn loss(&self, tape: Tape<'_>, shown: &Shown<'_>, scale: f32, gradients: &mut Gradients) -> f64;

    /// What it makes of some requests: for each a list of `length` candidates, or of all if there are fewer, and a score for
    /// every candidate.
    fn rank(&self, weights: &Weights, memory: &mut Workspace, candidates: Candidates<'_>, length: usize)
    -> Vec<Ranked>;

    /// The probability that each item of some lists is wanted where it stands, list by list; nothing if the system predicts
    /// no probabilities.
    fn probabilities(
        &self,
        weights: &Weights,
        memory: &mut Workspace,
        candidates: Candidates<'_>,
        lists: &Lists,
    ) -> Option<Vec<f32>>;
}
