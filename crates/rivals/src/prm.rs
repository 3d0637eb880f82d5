//! PRM: a Transformer over the initial list (Pei et al. 2019).
//!
//! ```text
//!   x_i = features, user included + place in the initial list → L × { self-attention, feed-forward } → z_i
//!   P(i) = softmax over the candidates of z       loss = −Σ_i y_i log P(i)       shown: the greatest       score: log P(i)
//! ```
//!
//! The paper's personal vector of a user and an item is here the user's part of the input layer and its products with the
//! item's, learned with the rest instead of beforehand.

use nar4rec_autograd::{Gradients, Tape};
use nar4rec_evaluator::Lists;
use nar4rec_features::InputSpec;
use nar4rec_layers::{BlockConfig, CandidateBlock, ConfigError, LayerNorm, Linear, NormPlacement};
use nar4rec_losses::listwise_cross_entropy;
use nar4rec_tensor::{Eager, Exec, Registry, Weights, Workspace};

use crate::{Candidates, Counted, Ranked, Rival, Shown, candidates::log_softmax, input::Input};

/// What a PRM is made of: its blocks. The paper normalises after each sub-layer (`norm = "post"`).
pub type PrmConfig = BlockConfig;

/// The network.
#[derive(Debug, Clone)]
pub struct Prm {
    input: Input,
    blocks: Vec<CandidateBlock>,
    last_norm: Option<LayerNorm>,
    head: Linear,
    dropout: f32,
}

impl Prm {
    /// Declares the parameters.
    ///
    /// # Errors
    /// If the configuration cannot be built.
    pub fn new(registry: &mut Registry, spec: &InputSpec, config: &PrmConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            input: Input::new(registry, spec, config.width),
            blocks: registry.scope("blocks", |registry| {
                let layers = 0..config.layers;
                layers.map(|l| registry.scope(l, |registry| CandidateBlock::new(registry, config))).collect()
            }),
            last_norm: (config.norm == NormPlacement::Pre)
                .then(|| registry.scope("last_norm", |registry| LayerNorm::new(registry, config.width, 1.0))),
            head: registry.scope("head", |registry| Linear::edge(registry, config.width, 1)),
            dropout: config.dropout,
        })
    }

    /// z, `[rows, 1]`.
    fn logits<E: Exec>(&self, ex: &mut E, candidates: Candidates<'_>) -> E::Value {
        let (x, segments) = self.input.forward(ex, candidates);
        let x = ex.dropout(x, self.dropout);
        let x = self.blocks.iter().fold(x, |x, block| {
            let a = block.attend(ex, x, &segments);
            block.feed(ex, a)
        });
        let x = self.last_norm.map_or(x, |norm| norm.forward(ex, x));
        self.head.forward(ex, x)
    }
}

impl Rival for Prm {
    fn counted(&self) -> Counted {
        Counted::Lists
    }

    fn loss(&self, mut tape: Tape<'_>, shown: &Shown<'_>, scale: f32, gradients: &mut Gradients) -> f64 {
        let logits = self.logits(&mut tape, shown.candidates);
        let mut d = tape.output_gradient(logits);
        let losses = shown.candidates.batch.request_rows().map(|rows| {
            let (z, y) = (&tape.data(logits)[rows.clone()], &shown.targets[rows.clone()]);
            listwise_cross_entropy(z, y, scale, &mut d[rows])
        });
        let loss = losses.sum();
        tape.backward([d], gradients);
        loss
    }

    fn rank(
        &self,
        weights: &Weights,
        memory: &mut Workspace,
        candidates: Candidates<'_>,
        length: usize,
    ) -> Vec<Ranked> {
        let mut ex = Eager::new(weights, memory);
        let logits = self.logits(&mut ex, candidates);
        let logits = ex.data(logits);
        candidates.batch.request_rows().map(|rows| Ranked::greatest(&log_softmax(&logits[rows]), length)).collect()
    }

    fn probabilities(&self, _: &Weights, _: &mut Workspace, _: Candidates<'_>, _: &Lists) -> Option<Vec<f32>> {
        None
    }
}
