//! Decoders: from a probability matrix to lists, under constraints. Pure algorithms, no model.
//!
//! The generator gives P̂, whose column j is a distribution over the candidates for position j. A list takes one
//! candidate per position, each at most once; which lists are worth proposing is what a decoder decides.
//!
//! | decoder | list | cost |
//! |---|---|---|
//! | [`Greedy`] | the most probable untaken candidate of each position | n m |
//! | [`Contrastive`] | the same, less α times the likeness to what is chosen | n m + similarities |
//! | [`Dpp`] | probable, and adding to what is chosen: greedy MAP of a determinantal point process | n m² + similarities |
//! | [`Beam`] | the most probable partial lists are kept | w n m |
//! | [`Sample`] | independent draws with temperature among the top k | lists · n m |
//! | [`Gumbel`] | distinct lists, drawn without replacement | lists · n m |
//! | [`KBest`] | the exact k most probable lists | m³ for the first |
//!
//! All but greedy read the candidates of each position in order of probability, which is worked out once per request:
//! n log n · m more. What a call needs and what it finds lies in a [`Workspace`] and [`Proposals`] that the next one uses
//! again: after a few calls nothing is allocated.
//!
//! [`Scores`] is the checked door, [`Rules`] are the constraints, a [`Decoder`] is one entry of a configuration and a
//! [`ProposalConfig`] several. Every list that comes out is a
//! [`Permutation`](nar4rec_slate::Permutation) that keeps the rules; where none does, every decoder says so.
//!
//! ```
//! use nar4rec_decoding::{Group, ProposalConfig, Proposals, Rules, Scores, Workspace};
//!
//! // Three candidates, two positions; each column sums to one. The states are two-dimensional.
//! let log_probabilities = [0.5_f32, 0.4, 0.3, 0.4, 0.2, 0.2].map(f32::ln);
//! let states = [1.0, 0.0, 0.9, 0.1, 0.0, 1.0];
//! let scores = Scores::new(&log_probabilities, &states, 3, 2)?;
//!
//! // Candidates 0 and 1 are by the same author, of whom the list may hold one.
//! let authors = Group { at_most: Some(1), ..Group::new(vec![vec![7], vec![7], vec![8]]) };
//! let rules = Rules::none(3).group(authors)?;
//!
//! // Both are used again for the next request.
//! let (mut workspace, mut proposals) = (Workspace::default(), Proposals::default());
//! ProposalConfig::default().propose(&scores, &rules, 2, &mut workspace, &mut proposals)?;
//! let first = &proposals.as_slice()[0];
//! assert_eq!((first.decoder.name(), first.found.list.as_slice()), ("greedy", &[0, 2][..]));
//! assert!(proposals.iter().all(|proposal| proposal.found.list.iter().any(|candidate| candidate == 2)));
//! # Ok::<(), nar4rec_decoding::DecodeError>(())
//! ```

mod assignment;
mod beam;
mod cells;
mod columns;
mod contrastive;
mod decoded;
mod decoder;
mod dpp;
mod draft;
mod error;
mod greedy;
mod gumbel;
mod k_best;
mod likeness;
mod lookahead;
mod noise;
mod pool;
mod proposal;
mod rules;
mod sample;
mod scores;
mod setting;
mod shortlist;
mod step;
mod task;
mod urn;
mod workspace;

pub use beam::Beam;
pub use contrastive::Contrastive;
pub use decoded::Decoded;
pub use decoder::Decoder;
pub use dpp::Dpp;
pub use error::DecodeError;
pub use greedy::Greedy;
pub use gumbel::Gumbel;
pub use k_best::KBest;
pub use lookahead::SEARCH_LIMIT;
pub use pool::Pool;
pub use proposal::{Arrangement, Proposal, ProposalConfig, Proposals};
pub use rules::{Group, Neighbours, Rules};
pub use sample::Sample;
pub use scores::Scores;
pub use workspace::Workspace;
