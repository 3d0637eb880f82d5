//! Several decoders at work on one request: the lists that the evaluator will choose among.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::noise::Noise;
use crate::task::Task;
use crate::{Contrastive, DecodeError, Decoded, Decoder, Greedy, Gumbel, KBest, Rules, Scores};

/// Which decoders propose lists.
///
/// The default proposes about eight: greedy, two contrastive, the four most probable, and three distinct samples, less
/// what they have in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProposalConfig {
    /// What the sampling decoders draw from. The same request with the same seed gets the same lists.
    pub seed: u64,
    /// In which order the items of a proposed list stand.
    pub arrangement: Arrangement,
    /// The decoders, in the order in which their lists come.
    pub decoders: Vec<Decoder>,
}

/// In which order the items of a proposed list stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrangement {
    /// As the decoder proposed them.
    #[default]
    Proposed,
    /// As greedy decoding would take them if there were no others: what the generator is surest of comes first. A sampled
    /// list is a set worth considering, in an order that is chance where P̂ hardly depends on the position.
    Greedy,
}

impl Arrangement {
    /// The same items, arranged so that they keep the rules. A list whose arrangement would take too long to find stays.
    fn of(self, found: Decoded, task: &Task) -> Result<Decoded, DecodeError> {
        if self == Self::Proposed {
            return Ok(found);
        }
        let mut only = task.rules.clone();
        let mut inside = vec![false; task.scores.candidates()];
        found.list.iter().for_each(|candidate| inside[candidate] = true);
        for (candidate, _) in inside.iter().enumerate().filter(|(_, inside)| !**inside) {
            only = only.exclude(candidate)?;
        }
        let arranged = Greedy {}.decode(&Task::new(task.scores, &only, task.length)?);
        match arranged {
            Ok(mut lists) => Ok(lists.pop().unwrap_or(found)),
            Err(DecodeError::SearchLimit { .. }) => Ok(found),
            Err(error) => Err(error),
        }
    }
}

impl Default for ProposalConfig {
    fn default() -> Self {
        let contrastive = |alpha| Decoder::Contrastive(Contrastive { alpha, top_k: Some(8) });
        let decoders = vec![
            Decoder::Greedy(Greedy {}),
            contrastive(0.05),
            contrastive(0.2),
            Decoder::KBest(KBest { lists: 4 }),
            Decoder::Gumbel(Gumbel { temperature: 1.0, lists: 3 }),
        ];
        Self { seed: 0, arrangement: Arrangement::default(), decoders }
    }
}

/// A proposed list and the decoder that found it.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The decoder, with its settings. Of several that found the list, the first.
    pub decoder: Decoder,
    /// The list.
    pub found: Decoded,
}

impl ProposalConfig {
    /// Whether there is a decoder and every setting is in its range.
    ///
    /// # Errors
    /// [`DecodeError::Setting`] naming the first that is not.
    pub fn validate(&self) -> Result<(), DecodeError> {
        crate::setting::at_least_one("proposal", "decoders", self.decoders.len())?;
        self.decoders.iter().try_for_each(Decoder::validate)
    }

    /// The distinct lists that the decoders find, each where it comes first.
    ///
    /// Each decoder draws from its own stream of the seed. A decoder that gives up its search adds nothing as long as
    /// another one found a list.
    ///
    /// # Errors
    /// As [`Decoder::decode`].
    pub fn propose(&self, scores: &Scores, rules: &Rules, length: usize) -> Result<Vec<Proposal>, DecodeError> {
        self.validate()?;
        let task = Task::new(scores, rules, length)?;
        let mut seeds = Noise::new(self.seed);
        let (mut seen, mut proposed, mut gave_up) = (HashSet::new(), Vec::new(), None);
        for &decoder in &self.decoders {
            match decoder.run(&task, seeds.seed()) {
                Ok(lists) => {
                    for found in lists {
                        let found = self.arrangement.of(found, &task)?;
                        if seen.insert(found.list.clone()) {
                            proposed.push(Proposal { decoder, found });
                        }
                    }
                }
                Err(error @ DecodeError::SearchLimit { .. }) => gave_up = Some(error),
                Err(error) => return Err(error),
            }
        }
        match gave_up {
            Some(error) if proposed.is_empty() => Err(error),
            _ => Ok(proposed),
        }
    }
}
