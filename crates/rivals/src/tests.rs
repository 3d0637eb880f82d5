//! What holds for every system, and each system against a naive reference in f64.

mod edge_rerank;
mod every_system;
mod itemwise;
mod prm;
mod reference;
mod seq2slate;

use nar4rec_autograd::{Gradients, Tape, TapeMemory};
use nar4rec_evaluator::Lists;
use nar4rec_features::FeatureBatch;
use nar4rec_layers::{BlockConfig, NormPlacement};
use nar4rec_tensor::{Isa, Parameters, Purpose, Registry, Weights, Workspace};
use nar4rec_testing::{random_batch, small_spec};

use crate::{
    Candidates, DcnConfig, DnnConfig, EdgeRerankConfig, PierConfig, PrmConfig, Ranked, Rival, Seq2SlateConfig, Shown,
    SlateEncoder, SlatePolicy, StepWeights, SystemConfig, SystemKind,
};

/// Every system so small that each of its parameters can be tried.
fn tiny() -> SystemConfig {
    SystemConfig {
        dnn: DnnConfig { width: 5, hidden: vec![4, 3], dropout: 0.0 },
        dcn: DcnConfig { width: 5, crosses: 2, hidden: vec![4, 3], dropout: 0.0 },
        prm: PrmConfig {
            width: 4,
            heads: 2,
            layers: 2,
            feed_forward: 5,
            dropout: 0.0,
            norm: NormPlacement::Post,
            ..BlockConfig::default()
        },
        edge_rerank: EdgeRerankConfig {
            width: 4,
            heads: 2,
            hidden: vec![5, 3],
            dropout: 0.0,
            beam: 3,
            // Draws are of a batch, and differ where its requests stand apart.
            drawn_lists: 0,
            ..EdgeRerankConfig::default()
        },
        pier: PierConfig {
            width: 5,
            tower: vec![3],
            attention: 2,
            hidden: vec![4],
            dropout: 0.0,
            beam: 8,
            kept: 4,
            contrasted: 2,
            drawn_lists: 0,
            ..PierConfig::default()
        },
        seq2slate: Seq2SlateConfig { width: 3, dropout: 0.0, ..Seq2SlateConfig::default() },
    }
}

/// Every system, and every form of those that have several.
fn forms() -> Vec<(SystemKind, SystemConfig)> {
    let seq2slate = tiny().seq2slate;
    let slates = [
        Seq2SlateConfig { encoder: SlateEncoder::None, ..seq2slate },
        Seq2SlateConfig { policy: SlatePolicy::Shown, step_weights: StepWeights::Equal, ..seq2slate },
    ];
    let slates = slates.map(|seq2slate| (SystemKind::Seq2Slate, SystemConfig { seq2slate, ..tiny() }));
    SystemKind::ALL.into_iter().map(|kind| (kind, tiny())).chain(slates).collect()
}

/// A system with random weights.
struct Case {
    rival: Box<dyn Rival>,
    parameters: Parameters,
    weights: Weights,
}

impl Case {
    fn new(kind: SystemKind, config: &SystemConfig, seed: u64) -> Self {
        let mut registry = Registry::default();
        let rival = config.build(kind, &mut registry, &small_spec()).expect("a valid configuration");
        let parameters = spread(Parameters::initialise(registry.finish(), seed));
        let weights = Weights::new(parameters.clone(), Isa::detect(), Purpose::Training);
        Self { rival, parameters, weights }
    }

    /// The loss and its gradients with other parameters.
    fn loss_with(&self, weights: &Weights, log: &Log) -> (f64, Gradients) {
        let mut memory = TapeMemory::default();
        let mut gradients = Gradients::zeros(self.parameters.specs());
        let loss = self.rival.loss(Tape::new(weights, &mut memory, 0), &log.shown(), 0.5, &mut gradients);
        (loss, gradients)
    }

    /// The first seed that the tape of a loss draws.
    fn seed(&self) -> u64 {
        Tape::new(&self.weights, &mut TapeMemory::default(), 0).draw_seed()
    }

    fn loss(&self, log: &Log) -> (f64, Gradients) {
        self.loss_with(&self.weights, log)
    }

    fn rank(&self, log: &Log, length: usize) -> Vec<Ranked> {
        self.rival.rank(&self.weights, &mut Workspace::default(), log.candidates(), length)
    }

    fn probabilities(&self, log: &Log, lists: &Lists) -> Option<Vec<f32>> {
        self.rival.probabilities(&self.weights, &mut Workspace::default(), log.candidates(), lists)
    }
}

/// Biases and embeddings begin at or near zero, where what they do cannot be told from nothing.
fn spread(mut parameters: Parameters) -> Parameters {
    for (index, values) in parameters.values_mut().iter_mut().enumerate() {
        for (place, value) in values.iter_mut().enumerate() {
            *value += 0.5 * ((index * 31 + place * 17 + 5) as f32).sin();
        }
    }
    parameters
}

/// A log of some requests.
#[derive(Clone)]
struct Log {
    batch: FeatureBatch,
    ranks: Vec<u32>,
    lists: Lists,
    targets: Vec<f32>,
}

impl Log {
    /// Requests with these numbers of candidates, shown lists of half of them; some candidates' worth is not known.
    fn new(lengths: &[usize], seed: u64) -> Self {
        let batch = random_batch(&small_spec(), lengths, seed);
        let starts = batch.request_offsets.iter().zip(lengths);
        let ranks = lengths.iter().flat_map(|n| turned(*n).map(|rank| rank as u32)).collect();
        let lists: Vec<Vec<u32>> = starts
            .map(|(start, n)| turned(*n).rev().take(n.div_ceil(2)).map(|row| (start + row) as u32).collect())
            .collect();
        let worth = [1.0, 0.0, f32::NAN, 0.5, 1.0, 0.0, 0.25];
        let targets = (0..batch.rows()).map(|row| worth[(row * 3 + seed as usize) % worth.len()]).collect();
        Self { lists: Lists::new(lists.iter().map(Vec::as_slice)), batch, ranks, targets }
    }

    fn candidates(&self) -> Candidates<'_> {
        Candidates { batch: &self.batch, ranks: &self.ranks }
    }

    fn shown(&self) -> Shown<'_> {
        Shown { candidates: self.candidates(), lists: &self.lists, targets: &self.targets }
    }
}

/// 0..n in another order.
fn turned(n: usize) -> impl DoubleEndedIterator<Item = usize> {
    let stride = if n.is_multiple_of(3) { 5 } else { 3 };
    (0..n).map(move |i| (i * stride + 1) % n)
}
