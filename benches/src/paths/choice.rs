//! From P̂ to lists, and from a request's numbers to the list that is shown.

use std::hint::black_box;

use nar4rec_decoding::{ProposalConfig, Proposals, Rules, Scores};
use nar4rec_evaluator::Lists;
use nar4rec_features::FeatureBatch;
use nar4rec_kernels::Isa;
use nar4rec_model::Model;
use nar4rec_tensor::{Eager, Exec, Purpose, Weights, Workspace};

use super::numbers_of;
use crate::{
    Benchmark, Shape, noise, oracle,
    shape::{ALPHAS, batch, contrastive_decoders},
};

/// The decoders of a model as it comes, at work on one request.
pub(crate) fn decoding(shape: &Shape) -> Benchmark {
    let (n, m) = (shape.candidates, shape.positions);
    let logits: Vec<f32> = noise(n * m, 31).iter().map(|x| 3.0 * x).collect();
    let logs = oracle::softmax_columns(oracle::matrix(&logits, m)).mapv(f64::ln);
    let logs: Vec<f32> = logs.into_iter().map(|log| log as f32).collect();
    let states = noise(n * shape.width, 32);
    let (rules, config) = (Rules::none(n), ProposalConfig::default());
    let (mut workspace, mut proposals) = (nar4rec_decoding::Workspace::default(), Proposals::default());

    let greedy = naive_greedy(&logs, m);
    let mut run = move || {
        let scores = Scores::new(black_box(&logs), &states, n, m).expect("the numbers are finite");
        let proposed = config.propose(&scores, &rules, m, &mut workspace, &mut proposals);
        proposed.expect("nothing constrains the lists");
        black_box(proposals.as_slice()).first().map(|proposal| proposal.found.list.as_slice() == greedy)
    };
    assert_eq!(run(), Some(true), "the first list is the greedy one");
    Benchmark::answers(1, move || {
        black_box(run());
    })
}

fn naive_greedy(logs: &[f32], m: usize) -> Vec<usize> {
    let mut list = Vec::new();
    for position in 0..m {
        let untaken = (0..logs.len() / m).filter(|candidate| !list.contains(candidate));
        let log = |candidate: &usize| logs[candidate * m + position];
        list.extend(untaken.max_by(|a, b| log(a).total_cmp(&log(b)).then(b.cmp(a))));
    }
    list
}

/// A model at work on encoded requests, one at a time.
pub(crate) struct Chooser {
    model: Model,
    weights: [Weights; 2],
    workspaces: [Workspace; 2],
    rules: Rules,
    decoding: nar4rec_decoding::Workspace,
    proposals: Proposals,
    lists: Lists,
}

impl Chooser {
    /// For a model and requests of so many candidates.
    pub(crate) fn new(model: Model, candidates: usize) -> Self {
        let isa = Isa::detect();
        let weights = [&model.generator.parameters, &model.evaluator.parameters]
            .map(|parameters| Weights::new(parameters.clone(), isa, Purpose::Inference));
        Self {
            weights,
            model,
            workspaces: Default::default(),
            rules: Rules::none(candidates),
            decoding: Default::default(),
            proposals: Proposals::default(),
            lists: Lists::default(),
        }
    }

    /// Generates, decodes, evaluates and chooses: the list of greatest utility, and that utility.
    pub(crate) fn choose(&mut self, batch: &FeatureBatch) -> (&[usize], f32) {
        let Self { model, weights: [first, second], workspaces: [of_first, of_second], .. } = self;
        let mut ex = Eager::new(first, of_first);
        let output = model.generator.layers.forward(&mut ex, batch);
        let (logs, states) = (ex.data(output.log_probabilities), ex.data(output.candidates));
        let m = model.config.generator.list_length;
        let scores = Scores::new(logs, states, batch.rows(), m).expect("the numbers are finite");
        let config = model.config.pipeline.proposals();
        let proposed = config.propose(&scores, &self.rules, m, &mut self.decoding, &mut self.proposals);
        proposed.expect("nothing constrains the lists");

        self.lists.clear();
        self.proposals.iter().for_each(|proposal| {
            let list = proposal.found.list.as_slice();
            self.lists.push(list.iter().map(|index| *index as u32));
        });
        let mut ex = Eager::new(second, of_second);
        let logits = model.evaluator.layers.forward(&mut ex, batch, &self.lists);
        let utilities = ex.data(logits).chunks_exact(m).map(|logits| {
            let probability = |z: &f32| 1.0 / (1.0 + (-z).exp());
            logits.iter().map(probability).sum::<f32>()
        });
        let better = |a: &(usize, f32), b: &(usize, f32)| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0));
        let (best, utility) = utilities.enumerate().max_by(better).expect("there is at least one list");
        (self.proposals.as_slice()[best].found.list.as_slice(), utility)
    }
}

/// Eight contrastive decoders between the networks, on one request.
pub(crate) fn choice(shape: &Shape) -> anyhow::Result<Benchmark> {
    let model = shape.model(contrastive_decoders())?;
    let batch = batch(&shape.requests(1));
    let numbers = numbers_of(&batch.candidate_numbers, shape, 0);
    let generated = oracle::generator(&model.generator.parameters, shape, &numbers);
    let lists = ALPHAS.map(|alpha| oracle::contrastive(&generated, alpha));
    let utility = |list: &[usize]| oracle::evaluator(&model.evaluator.parameters, shape, &numbers, list).sum();
    let expected = lists.iter().map(|list| utility(list)).fold(f64::NEG_INFINITY, f64::max);

    let mut chooser = Chooser::new(model, shape.candidates);
    let (list, utility) = chooser.choose(&batch);
    assert!(lists.iter().any(|other| other == list), "{list:?} is none of the oracle's");
    oracle::assert_close("utility of the best list", &[utility], [expected], super::TOLERANCE);
    Ok(Benchmark::answers(1, move || {
        black_box(chooser.choose(black_box(&batch)));
    }))
}
