//! A rival's training: its own loss, in the loop that trains generator and evaluator.

use std::sync::Arc;

use nar4rec_autograd::Tape;
use nar4rec_evaluator::Lists;
use nar4rec_features::FeatureBatch;
use nar4rec_metrics::log_loss;
use nar4rec_rivals::{Candidates, Counted, Ranked, Rival, Shown, SystemKind};
use nar4rec_tensor::{ParameterSpec, Weights, Workspace};
use rayon::prelude::*;

use crate::{
    Example, Kept, Prepared, TrainingConfig, Unshown,
    examples::{questions, worth},
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
    pub(crate) training: &'a TrainingConfig,
}

impl RivalTask<'_> {
    /// What each candidate was worth, as a share of the most an item can be worth; NaN where nobody knows. What an item was
    /// worth that stood below the list says nothing of what it were in it, unless all that was not shown was unwanted.
    fn targets(&self, example: &Example, targets: &mut Vec<f32>) {
        let (first, kinds) = (targets.len(), &self.prepared.feedback);
        let (of_unshown, known) = match self.training.unshown {
            Unshown::Unknown => (f32::NAN, example.shown.len()),
            Unshown::Unwanted => (0.0, usize::MAX),
        };
        targets.resize(first + example.request.candidates(), of_unshown);
        for (candidate, labels) in example.observed(kinds.len()).take(known) {
            targets[first + candidate] = worth(labels, kinds);
        }
    }

    /// The lists for a few questions, judged by each of their examples.
    fn judge(&self, weights: &Weights, questions: &[&[Example]]) -> Vec<Judged> {
        let (system, asked) = ((self.rival, weights), questions.iter().map(|examples| &examples[0]));
        let ranked = ranked(system, (asked, self.prepared), self.prepared.list_length, &mut Workspace::default());
        let judged = questions.iter().zip(&ranked).flat_map(|(examples, Ranked { list, scores })| {
            let (list, scores) = (list.iter().copied(), scores.iter().copied());
            examples
                .iter()
                .map(move |example| Judged::new((example, self.prepared), Some(list.clone()), scores.clone()))
        });
        judged.collect()
    }

    /// What it predicts of the shown items of a few validation examples, and whether each was relevant.
    fn predicted(&self, weights: &Weights, examples: &[Example]) -> Vec<(f32, bool)> {
        let (batch, ranks) = given(examples.iter(), self.prepared);
        let mut lists = Lists::default();
        for (example, first) in examples.iter().zip(&batch.request_offsets) {
            lists.push(example.shown.iter().map(|index| (first + index) as u32));
        }
        let candidates = Candidates { batch: &batch, ranks: &ranks };
        let probabilities = self.rival.probabilities(weights, &mut Workspace::default(), candidates, &lists);
        let kinds = self.prepared.feedback.len();
        let labels = examples.iter().flat_map(|example| example.labels.chunks_exact(kinds));
        let labels = labels.map(|labels| labels[self.prepared.relevance]);
        let observed = probabilities.into_iter().flatten().zip(labels).filter(|(_, label)| !label.is_nan());
        observed.map(|(p, label)| (p, label > 0.0)).collect()
    }

    /// LogLoss over the shown items of the validation split, if it predicts anything.
    fn log_loss(&self, weights: &Weights) -> Option<f64> {
        let passes = self.prepared.valid.par_chunks(LISTS_PER_PASS);
        let (scores, labels): (Vec<f32>, Vec<bool>) =
            passes.flat_map_iter(|examples| self.predicted(weights, examples)).unzip();
        log_loss(&scores, &labels).ok().flatten().map(|loss| loss.value)
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
        let counted = match self.rival.counted() {
            Counted::Lists => batch.len(),
            Counted::Items => {
                let mut targets = Vec::new();
                batch.iter().for_each(|example| self.targets(example, &mut targets));
                targets.iter().filter(|target| !target.is_nan()).count()
            }
        };
        1.0 / counted.max(1) as f32
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
        let questions = questions(&self.prepared.valid);
        let passes = questions.par_chunks(LISTS_PER_PASS);
        let judged: Vec<Judged> = passes.flat_map_iter(|questions| self.judge(weights, questions)).collect();
        let mut validation = Validation::of_lists(&judged, self.prepared.list_length);
        if self.training.kept == Kept::Forecasts
            && let Some(loss) = self.log_loss(weights)
        {
            validation.figures.push(("LogLoss".to_owned(), loss));
            validation.objective = -loss;
        }
        validation
    }
}

/// What a system makes of a few examples, in one pass.
pub(crate) fn ranked<'a>(
    (rival, weights): (&dyn Rival, &Weights),
    (examples, prepared): (impl Iterator<Item = &'a Example>, &Prepared),
    length: usize,
    memory: &mut Workspace,
) -> Vec<Ranked> {
    let (batch, ranks) = given(examples, prepared);
    rival.rank(weights, memory, Candidates { batch: &batch, ranks: &ranks }, length)
}

/// The candidates of a few examples, and their places in the initial lists.
fn given<'a>(examples: impl Iterator<Item = &'a Example>, prepared: &Prepared) -> (FeatureBatch, Vec<u32>) {
    let mut batch = FeatureBatch::new(prepared.encoder.spec());
    let mut ranks = Vec::new();
    for example in examples {
        batch.push(&example.request, &prepared.catalog);
        ranks.extend_from_slice(&example.ranks);
    }
    (batch, ranks)
}

#[cfg(test)]
mod tests {
    use nar4rec_slate::Impression;
    use nar4rec_tensor::{Parameters, Registry};

    use super::*;
    use crate::{
        Config,
        task::tests::{LINES, every_list_of_a_question_counts, small, weights},
    };

    /// What DNN learns of one example, and the scale of its loss.
    fn of_example(prepared: &Prepared, unshown: Unshown, example: &Example) -> (Vec<f32>, f32) {
        let kind = SystemKind::Dnn;
        let built = Config::default().systems.build(kind, &mut Default::default(), prepared.encoder.spec()).unwrap();
        let training = TrainingConfig { unshown, ..TrainingConfig::default() };
        let (rival, specs) = (built.as_ref(), Arc::from([]));
        let task = RivalTask { kind, rival, specs, prepared, training: &training };
        let mut targets = Vec::new();
        task.targets(example, &mut targets);
        (targets, task.scale(&[example, example]))
    }

    /// Of a list of three a list of two is learned from; the third item was liked all the same.
    #[test]
    fn what_was_shown_below_the_list_is_no_stranger() {
        let (mut prepared, _) = small();
        prepared.list_length = 2;
        let third: Impression = serde_json::from_str(LINES.lines().last().unwrap()).unwrap();
        let example = Example::new(&third, &prepared).unwrap();
        assert_eq!(example.shown, [2, 3]);
        let targets = |unshown| of_example(&prepared, unshown, &example).0;
        // `like` is worth 1 and `share`, which was not observed, 0.5.
        let worth = 1.0 / 1.5;
        assert_eq!(targets(Unshown::Unwanted), [worth, 0.0, worth, 0.0]);
        let unknown = targets(Unshown::Unknown);
        assert!(unknown[0].is_nan() && unknown[1].is_nan() && unknown[2..] == [worth, 0.0], "{unknown:?}");
        let judged = Judged::new((&example, &prepared), Some([0, 1].into_iter()), [0.5; 4].into_iter());
        let figures = Validation::of_lists(&[judged], 2).figures;
        assert_eq!(figures[1], ("P@2".to_owned(), 0.5), "what was liked below the list is relevant");
    }

    #[test]
    fn what_was_not_observed_of_a_shown_item_is_unknown() {
        let (mut prepared, _) = small();
        let mut example = prepared.train.swap_remove(0);
        assert_eq!(example.shown, [1, 3]);
        example.labels = vec![f32::NAN, f32::NAN, f32::NAN, 1.0];
        let (targets, scale) = of_example(&prepared, Unshown::Unwanted, &example);
        assert!(targets[1].is_nan() && [targets[0], targets[2], targets[3]] == [0.0, 0.0, 0.5 / 1.5], "{targets:?}");
        assert_eq!(scale, 1.0 / 6.0, "three items of each of two lists are learned from");
        let (targets, scale) = of_example(&prepared, Unshown::Unknown, &example);
        assert!(targets[..3].iter().all(|target| target.is_nan()) && targets[3] == 0.5 / 1.5, "{targets:?}");
        assert_eq!(scale, 0.5);
        // Of kinds that count for nothing it says nothing that one of them was observed.
        prepared.feedback[1].weight = 0.0;
        let (targets, _) = of_example(&prepared, Unshown::Unknown, &example);
        assert!(targets.iter().all(|target| target.is_nan()), "{targets:?}");
    }

    #[test]
    fn a_question_that_comes_again_counts_again() {
        let (prepared, _) = small();
        let kind = SystemKind::EdgeRerank;
        let mut registry = Registry::default();
        let rival = Config::default().systems.build(kind, &mut registry, prepared.encoder.spec()).unwrap();
        let weights = weights(&Parameters::initialise(registry.finish(), 4));
        let training = TrainingConfig::default();
        every_list_of_a_question_counts(prepared, |prepared| {
            let (rival, specs) = (rival.as_ref(), Arc::from([]));
            RivalTask { kind, rival, specs, prepared, training: &training }.validate(&weights).figures
        });
    }
}
