//! A rival's training: its own loss, in the loop that trains generator and evaluator.

use std::sync::Arc;

use nar4rec_autograd::Tape;
use nar4rec_evaluator::Lists;
use nar4rec_features::FeatureBatch;
use nar4rec_rivals::{Candidates, Counted, Ranked, Rival, Shown, SystemKind};
use nar4rec_tensor::{ParameterSpec, Weights, Workspace};
use rayon::prelude::*;

use crate::{
    Example, Prepared, Unshown,
    task::{Judged, Lane, Task, Validation},
};

/// Lists that share one pass when validating.
const LISTS_PER_PASS: usize = 16;

/// A rival and what it is trained on.
#[derive(Debug)]
pub(crate) struct RivalTask<'a> {
    pub(crate) kind: SystemKind,
    pub(crate) rival: &'a dyn Rival,
    pub(crate) specs: Arc<[ParameterSpec]>,
    pub(crate) prepared: &'a Prepared,
    pub(crate) unshown: Unshown,
}

impl RivalTask<'_> {
    /// What each candidate was worth, as a share of the most an item can be worth; NaN where nobody knows.
    fn targets(&self, example: &Example, targets: &mut Vec<f32>) {
        let first = targets.len();
        let of_unshown = match self.unshown {
            Unshown::Unknown => f32::NAN,
            Unshown::Unwanted => 0.0,
        };
        targets.resize(first + example.request.candidates(), of_unshown);
        for (candidate, worth) in example.shown.iter().zip(example.worths(&self.prepared.feedback)) {
            targets[first + candidate] = worth;
        }
    }

    /// The lists for a few validation examples, judged.
    fn judge(&self, weights: &Weights, examples: &[Example]) -> Vec<Judged> {
        let (system, given) = ((self.rival, weights), (examples, self.prepared));
        let ranked = ranked(system, given, self.prepared.list_length, &mut Workspace::default());
        let judged = examples.iter().zip(ranked).map(|(example, ranked)| {
            Judged::new((example, self.prepared), Some(ranked.list.into_iter()), ranked.scores.into_iter())
        });
        judged.collect()
    }
}

impl Task for RivalTask<'_> {
    fn name(&self) -> &'static str {
        self.kind.name()
    }

    fn stream(&self) -> u64 {
        3
    }

    fn specs(&self) -> &Arc<[ParameterSpec]> {
        &self.specs
    }

    fn prepared(&self) -> &Prepared {
        self.prepared
    }

    fn scale(&self, batch: &[&Example]) -> f32 {
        let known = |example: &&&Example| match self.unshown {
            Unshown::Unknown => example.shown.len(),
            Unshown::Unwanted => example.request.candidates(),
        };
        match self.rival.counted() {
            Counted::Lists => 1.0 / batch.len() as f32,
            Counted::Items => 1.0 / batch.iter().map(|example| known(&example)).sum::<usize>().max(1) as f32,
        }
    }

    fn loss(&self, weights: &Weights, examples: &[&Example], scale: f32, seed: u64, lane: &mut Lane) -> f64 {
        lane.batch.clear();
        let (mut ranks, mut targets, mut lists) = (Vec::new(), Vec::new(), Lists::default());
        for example in examples {
            let first = lane.batch.rows();
            lane.batch.push(&example.request, &self.prepared.catalog);
            ranks.extend_from_slice(&example.ranks);
            lists.push(example.shown.iter().map(|index| (first + index) as u32));
            self.targets(example, &mut targets);
        }
        let candidates = Candidates { batch: &lane.batch, ranks: &ranks };
        let shown = Shown { candidates, lists: &lists, targets: &targets };
        let tape = Tape::new(weights, &mut lane.tape, seed);
        self.rival.loss(tape, &shown, scale, &mut lane.gradients)
    }

    fn validate(&self, weights: &Weights) -> Validation {
        let passes = self.prepared.valid.par_chunks(LISTS_PER_PASS);
        let judged: Vec<Judged> = passes.flat_map_iter(|examples| self.judge(weights, examples)).collect();
        Validation::of_lists(&judged, self.prepared.list_length)
    }
}

/// What a system makes of a few examples, in one pass.
pub(crate) fn ranked(
    (rival, weights): (&dyn Rival, &Weights),
    (examples, prepared): (&[Example], &Prepared),
    length: usize,
    memory: &mut Workspace,
) -> Vec<Ranked> {
    let mut batch = FeatureBatch::new(prepared.encoder.spec());
    let mut ranks = Vec::new();
    for example in examples {
        batch.push(&example.request, &prepared.catalog);
        ranks.extend_from_slice(&example.ranks);
    }
    rival.rank(weights, memory, Candidates { batch: &batch, ranks: &ranks }, length)
}
