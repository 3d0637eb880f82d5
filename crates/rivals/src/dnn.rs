//! DNN: a multi-layer perceptron that looks at one item by itself, and at where it stands.
//!
//! ```text
//!   x_i + place → relu → hidden layers → z_i     P(i is wanted there) = σ(z_i)     binary cross-entropy on items with feedback
//! ```
//!
//! A shown item stands where it was shown. One that was not shown but whose worth is known stands at a place of the list that is
//! drawn anew in each step. To rank them, all candidates stand at the first place.

use std::sync::Arc;

use nar4rec_autograd::{Gradients, Tape};
use nar4rec_evaluator::Lists;
use nar4rec_features::InputSpec;
use nar4rec_layers::{ConfigError, Linear};
use nar4rec_losses::binary_cross_entropy;
use nar4rec_tensor::{Activation, Eager, Exec, Registry, Weights, Workspace};
use serde::{Deserialize, Serialize};

use crate::{
    Candidates, Counted, Ranked, Rival, Shown, candidates::greatest_of_each, config::checked_sizes, input::Input,
    places::Places,
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
    input: Placed,
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
            input: Placed::new(registry, spec, config.width),
            hidden: Hidden::new(registry, config.width, &config.hidden),
            head: registry.scope("head", |registry| Linear::edge(registry, config.last_width(), 1)),
            dropout: config.dropout,
        })
    }
}

impl Itemwise for Dnn {
    fn logits<E: Exec>(&self, ex: &mut E, candidates: Candidates<'_>, standing: &Standing) -> E::Value {
        let x = self.input.forward(ex, candidates, standing);
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

/// Some items, and the place where each stands.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    rows: Arc<Vec<u32>>,
    places: Vec<usize>,
}

impl FromIterator<(usize, usize)> for Standing {
    fn from_iter<I: IntoIterator<Item = (usize, usize)>>(items: I) -> Self {
        let (rows, places): (Vec<u32>, Vec<usize>) = items.into_iter().map(|(row, place)| (row as u32, place)).unzip();
        Self { rows: Arc::new(rows), places }
    }
}

impl Standing {
    /// The items whose worth is known; `seed` decides where those stand that were not shown.
    fn known(shown: &Shown<'_>, seed: u64) -> Self {
        let requests = shown.candidates.batch.request_rows().zip(shown.lists.segments().iter());
        let known = requests.flat_map(|(rows, places)| {
            let list = &shown.lists.rows()[places];
            rows.filter(|row| !shown.targets[*row].is_nan()).map(move |row| (row, shown.place(list, row, seed)))
        });
        known.collect()
    }

    /// The items of lists.
    fn of(lists: &Lists) -> Self {
        let places = lists.segments().iter().flat_map(|list| 0..list.len());
        lists.rows().iter().map(|row| *row as usize).zip(places).collect()
    }

    /// All rows, at the first place.
    fn first(rows: usize) -> Self {
        (0..rows).map(|row| (row, 0)).collect()
    }
}

/// What is known of an item where it stands: its first state + embedding of the place.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    input: Input,
    places: Places,
}

impl Placed {
    /// Declares the parameters.
    pub(crate) fn new(registry: &mut Registry, spec: &InputSpec, width: usize) -> Self {
        Self { input: Input::new(registry, spec, width), places: Places::new(registry, "places", width) }
    }

    /// `[items, width]`
    pub(crate) fn forward<E: Exec>(&self, ex: &mut E, candidates: Candidates<'_>, standing: &Standing) -> E::Value {
        let (x, _) = self.input.forward(ex, candidates);
        let x = ex.gather(x, &standing.rows);
        self.places.add_to(ex, x, standing.places.iter().copied())
    }
}

/// A system that gives each item a logit of being wanted where it stands.
pub(crate) trait Itemwise: std::fmt::Debug + Send + Sync {
    /// `[items, 1]`
    fn logits<E: Exec>(&self, ex: &mut E, candidates: Candidates<'_>, standing: &Standing) -> E::Value;
}

impl<N: Itemwise> Rival for N {
    fn counted(&self) -> Counted {
        Counted::Items
    }

    fn loss(&self, mut tape: Tape<'_>, shown: &Shown<'_>, scale: f32, gradients: &mut Gradients) -> f64 {
        let standing = Standing::known(shown, tape.draw_seed());
        let targets: Vec<f32> = standing.rows.iter().map(|row| shown.targets[*row as usize]).collect();
        let logits = self.logits(&mut tape, shown.candidates, &standing);
        let mut d = tape.output_gradient(logits);
        let loss = binary_cross_entropy(tape.data(logits), &targets, scale, &mut d);
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
        let logits = self.logits(&mut ex, candidates, &Standing::first(candidates.batch.rows()));
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
        let logits = self.logits(&mut ex, candidates, &Standing::of(lists));
        let p = ex.activate(logits, Activation::Sigmoid);
        Some(ex.data(p).to_vec())
    }
}
