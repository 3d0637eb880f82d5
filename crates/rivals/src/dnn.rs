//! DNN: a multi-layer perceptron that looks at one item by itself.
//!
//! ```text
//!   x_i → relu → hidden layers → z_i       P(item i is wanted) = σ(z_i)       binary cross-entropy on items with feedback
//! ```

use nar4rec_autograd::{Gradients, Tape};
use nar4rec_evaluator::Lists;
use nar4rec_features::InputSpec;
use nar4rec_layers::{ConfigError, Linear};
use nar4rec_losses::binary_cross_entropy;
use nar4rec_tensor::{Activation, Eager, Exec, Registry, Weights, Workspace};
use serde::{Deserialize, Serialize};

use crate::{
    Candidates, Counted, Ranked, Rival, Shown, candidates::greatest_of_each, config::checked_sizes, input::Input,
};

/// What a DNN is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DnnConfig {
    /// Width of the first states.
    pub width: usize,
    /// Widths of the layers after them.
    pub hidden: Vec<usize>,
    /// Probability of dropping a number of the first states in training.
    pub dropout: f32,
}

impl Default for DnnConfig {
    fn default() -> Self {
        Self { width: 128, hidden: vec![128, 64], dropout: 0.1 }
    }
}

impl DnnConfig {
    fn last_width(&self) -> usize {
        self.hidden.last().copied().unwrap_or(self.width)
    }
}

/// The network.
#[derive(Debug, Clone)]
pub struct Dnn {
    input: Input,
    hidden: Hidden,
    head: Linear,
    dropout: f32,
}

impl Dnn {
    /// Declares the parameters.
    ///
    /// # Errors
    /// If a size or the dropout is out of its range.
    pub fn new(registry: &mut Registry, spec: &InputSpec, config: &DnnConfig) -> Result<Self, ConfigError> {
        checked_sizes(config.width, &config.hidden, config.dropout)?;
        Ok(Self {
            input: Input::new(registry, spec, config.width),
            hidden: Hidden::new(registry, config.width, &config.hidden),
            head: registry.scope("head", |registry| Linear::edge(registry, config.last_width(), 1)),
            dropout: config.dropout,
        })
    }
}

impl Itemwise for Dnn {
    fn logits<E: Exec>(&self, ex: &mut E, candidates: Candidates<'_>) -> E::Value {
        let (x, _) = self.input.forward(ex, candidates);
        let x = ex.activate(x, Activation::Relu);
        let x = ex.dropout(x, self.dropout);
        let x = self.hidden.forward(ex, x);
        self.head.forward(ex, x)
    }
}

/// The hidden layers of a perceptron.
#[derive(Debug, Clone)]
pub(crate) struct Hidden(Vec<Linear>);

impl Hidden {
    /// Declares the parameters of layers of these widths, from states of `input` numbers.
    pub(crate) fn new(registry: &mut Registry, input: usize, hidden: &[usize]) -> Self {
        let layers = std::iter::once(&input).chain(hidden).zip(hidden).enumerate();
        Self(registry.scope("hidden", |registry| {
            layers.map(|(l, (from, to))| registry.scope(l, |registry| Linear::new(registry, *from, *to))).collect()
        }))
    }

    /// The last hidden states.
    pub(crate) fn forward<E: Exec>(&self, ex: &mut E, x: E::Value) -> E::Value {
        self.0.iter().fold(x, |x, layer| layer.activated(ex, x, Activation::Relu))
    }
}

/// A system that gives each item a logit of being wanted.
pub(crate) trait Itemwise: std::fmt::Debug + Send + Sync {
    /// `[rows, 1]`
    fn logits<E: Exec>(&self, ex: &mut E, candidates: Candidates<'_>) -> E::Value;
}

impl<N: Itemwise> Rival for N {
    fn counted(&self) -> Counted {
        Counted::Items
    }

    fn loss(&self, mut tape: Tape<'_>, shown: &Shown<'_>, scale: f32, gradients: &mut Gradients) -> f64 {
        let logits = self.logits(&mut tape, shown.candidates);
        let mut d = tape.output_gradient(logits);
        let loss = binary_cross_entropy(tape.data(logits), shown.targets, scale, &mut d);
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
        greatest_of_each(candidates.batch, ex.data(logits), length)
    }

    fn probabilities(
        &self,
        weights: &Weights,
        memory: &mut Workspace,
        candidates: Candidates<'_>,
        lists: &Lists,
    ) -> Option<Vec<f32>> {
        let mut ex = Eager::new(weights, memory);
        let logits = self.logits(&mut ex, candidates);
        let p = ex.activate(logits, Activation::Sigmoid);
        let p = ex.data(p);
        Some(lists.rows().iter().map(|row| p[*row as usize]).collect())
    }
}
