//! Several decoders at work on one request: the lists that the evaluator will choose among.

use serde::{Deserialize, Serialize};

use crate::decoded::MOST_RESERVED;
use crate::noise::Noise;
use crate::pool::Pool;
use crate::task::Task;
use crate::workspace::Walk;
use crate::{Contrastive, DecodeError, Decoded, Decoder, Greedy, Gumbel, KBest, Rules, Scores, Workspace};

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
    /// Arranges the items of `found` so that they keep the rules. A list whose arrangement would take too long to find
    /// stays as it is.
    fn apply(
        self,
        task: &Task,
        found: &mut Decoded,
        walk: &mut Walk,
        items: &mut Vec<usize>,
    ) -> Result<(), DecodeError> {
        if self == Self::Proposed {
            return Ok(());
        }
        items.clear();
        items.extend(found.list.iter().zip(task.pinned).filter(|(_, pinned)| pinned.is_none()).map(|(item, _)| item));
        items.sort_unstable();
        match (Greedy {}).fill(&task.choosing_from(items), walk) {
            Ok(score) => found.refill(task, &walk.draft.list, score),
            Err(DecodeError::SearchLimit { .. }) => (),
            Err(error) => return Err(error),
        }
        Ok(())
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

/// The lists of one request, in memory that the next request uses again.
#[derive(Debug, Clone, Default)]
pub struct Proposals(Pool<Proposal>);

impl Proposals {
    /// Makes room for `lists` lists for `task`.
    fn make_room(&mut self, task: &Task, lists: usize) {
        let new = || Proposal { decoder: Decoder::Greedy(Greedy {}), found: Decoded::empty() };
        self.0.reserve(lists.min(MOST_RESERVED), new, |proposal| proposal.found.list.reserve(task.length));
    }

    /// The lists, in the order in which they were proposed.
    pub fn as_slice(&self) -> &[Proposal] {
        self.0.as_slice()
    }

    /// The lists, in the order in which they were proposed.
    pub fn iter(&self) -> std::slice::Iter<'_, Proposal> {
        self.as_slice().iter()
    }

    /// The number of lists.
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// Takes the list of `found`, and gives it other memory for it, unless it is here already.
    fn add(&mut self, decoder: Decoder, found: &mut Decoded) {
        if self.iter().all(|known| known.found.list != found.list) {
            let proposal = self.0.next(|| Proposal { decoder, found: Decoded::empty() });
            proposal.decoder = decoder;
            std::mem::swap(&mut proposal.found, found);
        }
    }
}

impl<'a> IntoIterator for &'a Proposals {
    type Item = &'a Proposal;
    type IntoIter = std::slice::Iter<'a, Proposal>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
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

    /// How many lists the decoders find at most.
    pub fn most_lists(&self) -> usize {
        self.decoders.iter().map(Decoder::most_lists).fold(0, usize::saturating_add)
    }

    /// Replaces `proposals` with the distinct lists that the decoders find, each where it comes first.
    ///
    /// Each decoder draws from its own stream of the seed. A decoder that gives up its search adds nothing as long as
    /// another one found a list.
    ///
    /// # Errors
    /// As [`Decoder::decode`]; then there are no proposals.
    pub fn propose(
        &self,
        scores: &Scores,
        rules: &Rules,
        length: usize,
        workspace: &mut Workspace,
        proposals: &mut Proposals,
    ) -> Result<(), DecodeError> {
        let result = self.fill(scores, rules, length, workspace, proposals);
        if result.is_err() {
            proposals.0.clear();
        }
        result
    }

    fn fill(
        &self,
        scores: &Scores,
        rules: &Rules,
        length: usize,
        workspace: &mut Workspace,
        proposals: &mut Proposals,
    ) -> Result<(), DecodeError> {
        proposals.0.clear();
        self.validate()?;
        let Workspace { places, memory } = workspace;
        let task = Task::new(scores, rules, length, places)?;
        memory.begin(&task, self.decoders.iter().map(Decoder::most_lists).max().unwrap_or(0));
        proposals.make_room(&task, self.most_lists());
        let (mut seeds, mut gave_up) = (Noise::new(self.seed), None);
        for &decoder in &self.decoders {
            match decoder.run(&task, seeds.seed(), memory) {
                Err(error @ DecodeError::SearchLimit { .. }) => {
                    gave_up = Some(error);
                    continue;
                }
                ran => ran?,
            }
            for found in memory.found.as_mut_slice() {
                self.arrangement.apply(&task, found, &mut memory.walk, &mut memory.items)?;
                proposals.add(decoder, found);
            }
        }
        match gave_up {
            Some(error) if proposals.is_empty() => Err(error),
            _ => Ok(()),
        }
    }
}
