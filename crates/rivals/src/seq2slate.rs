//! Seq2Slate: a pointer network that places one item a step, each in view of those before it (Bello et al. 2018).
//!
//! ```text
//!   e_i = encoder LSTM over the items in the order of the initial list        d_t = decoder LSTM over [start, the items placed]
//!   z_i^t = vᵀ tanh(W_e e_i + W_d d_t)        P(i at t) = softmax of z^t over the items not yet placed
//!   loss = Σ_t w_t · −Σ_i ŷ_i ln P(i at t)        ŷ = worth of the items not yet placed, as shares of their sum
//! ```
//!
//! The decoder begins where the encoder ended and first reads a learned row. A list is decoded greedily, in as many steps of the
//! network as it has places; that is what makes this system slow, and what the matching model does without. The requests of a
//! pass take each step together. The paper's single-step decoder, which sorts by z¹, is not this system but an item-wise one.
//!
//! Training is the paper's with supervision by weak labels: in every step a cross-entropy with the wanted items that are left, given
//! what was placed before. What was placed is by default what the model itself would have placed (`policy = "greedy"`), so that
//! it learns where it will decode; the gradient is that of the loss along this list, as if the choice did not depend on the
//! parameters. With `policy = "shown"` the decoder reads the logged list. There are as many steps as the shown list has places.
//! A candidate whose worth is not known is neither in the softmax nor placed: in the paper all of a list is observed.
//!
//! Without an encoder (`encoder = "none"`) e_i is the item's own state, and the decoder begins with h the mean of the states of
//! all candidates and c = 0. The paper has no such form: it is here because an encoder of n steps costs more than the decoder of m.

use std::sync::Arc;

use nar4rec_autograd::{Gradients, Tape};
use nar4rec_evaluator::Lists;
use nar4rec_features::InputSpec;
use nar4rec_layers::{ConfigError, Linear};
use nar4rec_losses::listwise_cross_entropy;
use nar4rec_tensor::{Activation, Eager, Exec, Init, Kind, ParameterId, Registry, Segments, Weights, Workspace};
use serde::{Deserialize, Serialize};

use crate::{
    Candidates, Counted, Ranked, Rival, Shown,
    candidates::{discount, log_softmax},
    config::checked_sizes,
    input::Input,
    lstm::{Lstm, Sequences},
};

/// The decoder's first input begins uniform in ± this.
const START_BOUND: f32 = 0.1;

/// What reads the initial list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlateEncoder {
    /// An LSTM, item by item.
    #[default]
    Lstm,
    /// Nothing: each item stands for itself.
    None,
}

/// Which list a step of training is given the beginning of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlatePolicy {
    /// What the model would have placed.
    #[default]
    Greedy,
    /// What was shown.
    Shown,
}

/// How much each step counts in the loss.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepWeights {
    /// w_t = 1/log₂(t + 1), t from 1: the discount of DCG.
    #[default]
    Discounted,
    /// w_t = 1
    Equal,
}

impl StepWeights {
    /// w of a step, counted from 0.
    fn of(self, step: usize) -> f32 {
        match self {
            Self::Discounted => discount(step),
            Self::Equal => 1.0,
        }
    }
}

/// What a Seq2Slate is made of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seq2SlateConfig {
    /// Width of items, encoder and decoder.
    pub width: usize,
    /// What reads the initial list.
    pub encoder: SlateEncoder,
    /// What the decoder reads in training.
    pub policy: SlatePolicy,
    /// How much each step counts.
    pub step_weights: StepWeights,
    /// Probability of dropping a number of an item's state in training.
    pub dropout: f32,
}

impl Default for Seq2SlateConfig {
    fn default() -> Self {
        Self {
            width: 128,
            encoder: SlateEncoder::default(),
            policy: SlatePolicy::default(),
            step_weights: StepWeights::default(),
            dropout: 0.1,
        }
    }
}

/// The network.
#[derive(Debug, Clone)]
pub struct Seq2Slate {
    config: Seq2SlateConfig,
    input: Input,
    encoder: Option<Lstm>,
    decoder: Lstm,
    start: ParameterId,
    /// W_e, W_d and v.
    of_item: Linear,
    of_decoder: Linear,
    pointer: Linear,
}

/// The decoder between two steps.
struct Decoding<V> {
    /// Items, `[rows, w]`.
    x: V,
    /// W_e e, `[rows, w]`.
    memory: V,
    /// `[requests, 2w]`
    state: V,
    segments: Arc<Segments>,
    sequences: Sequences,
}

/// What has been placed.
pub(crate) struct Placed {
    taken: Vec<bool>,
    /// Of each request the row that the decoder reads next; some row where there is none.
    last: Vec<u32>,
}

impl Placed {
    pub(crate) fn new(segments: &Segments) -> Self {
        let some = |rows: std::ops::Range<usize>| rows.start.min(segments.rows().saturating_sub(1)) as u32;
        Self { taken: vec![false; segments.rows()], last: segments.iter().map(some).collect() }
    }

    /// Nothing of what is known; rows whose worth is not are never placed.
    fn of_known(segments: &Segments, targets: &[f32]) -> Self {
        Self { taken: targets.iter().map(|target| target.is_nan()).collect(), ..Self::new(segments) }
    }

    fn place(&mut self, request: usize, row: usize) {
        self.taken[row] = true;
        self.last[request] = row as u32;
    }

    /// Places the row of greatest logit among those of a request that are left; among equals the first.
    pub(crate) fn place_greatest(
        &mut self,
        request: usize,
        rows: std::ops::Range<usize>,
        logits: &[f32],
    ) -> Option<usize> {
        let left = rows.filter(|row| !self.taken[*row]);
        // Of equals `max_by` takes the last.
        let row = left.rev().max_by(|a, b| logits[*a].total_cmp(&logits[*b]))?;
        self.place(request, row);
        Some(row)
    }
}

impl Seq2Slate {
    /// Declares the parameters.
    ///
    /// # Errors
    /// If a size or the dropout is out of its range.
    pub fn new(registry: &mut Registry, spec: &InputSpec, config: &Seq2SlateConfig) -> Result<Self, ConfigError> {
        let width = config.width;
        checked_sizes(width, &[], config.dropout)?;
        let encoded = config.encoder == SlateEncoder::Lstm;
        Ok(Self {
            config: *config,
            input: Input::new(registry, spec, width),
            encoder: encoded.then(|| registry.scope("encoder", |registry| Lstm::new(registry, width))),
            decoder: registry.scope("decoder", |registry| Lstm::new(registry, width)),
            start: registry.add("start", [1, width], Kind::Table, Init::Uniform(START_BOUND)),
            of_item: registry.scope("of_item", |registry| Linear::without_bias(registry, width, width)),
            of_decoder: registry.scope("of_decoder", |registry| Linear::without_bias(registry, width, width)),
            pointer: registry.scope("pointer", |registry| Linear::edge_without_bias(registry, width, 1)),
        })
    }

    /// The decoder before its first step. The batch has rows.
    fn begin<E: Exec>(&self, ex: &mut E, candidates: Candidates<'_>) -> Decoding<E::Value> {
        let (x, segments) = self.input.forward(ex, candidates);
        let x = ex.dropout(x, self.config.dropout);
        let sequences = Sequences::new(segments.count());
        let (items, state) = match &self.encoder {
            Some(encoder) => self.encode(ex, encoder, x, (candidates.ranks, &segments, &sequences)),
            None => {
                let mean = ex.segment_mean(x, &segments);
                let nothing = ex.input(&vec![0.0; segments.count() * self.config.width], self.config.width);
                (x, ex.concat(&[mean, nothing]))
            }
        };
        let memory = self.of_item.forward(ex, items);
        Decoding { x, memory, state, segments, sequences }
    }

    /// e `[rows, w]`, and the encoder's last states `[requests, 2w]`. Requests that have ended read their last item again until
    /// all have; nobody looks at what comes of it.
    fn encode<E: Exec>(
        &self,
        ex: &mut E,
        encoder: &Lstm,
        x: E::Value,
        (ranks, segments, sequences): (&[u32], &Segments, &Sequences),
    ) -> (E::Value, E::Value) {
        let width = self.config.width;
        let orders: Vec<Vec<u32>> = segments.iter().map(|rows| in_order(ranks, rows)).collect();
        let steps = orders.iter().map(Vec::len).max().unwrap_or(0);
        let read = encoder.read(ex, x);
        let mut state = ex.input(&vec![0.0; segments.count() * 2 * width], 2 * width);
        let mut states = Vec::with_capacity(steps);
        for step in 0..steps {
            let at = |order: &Vec<u32>| order.get(step).or(order.last()).copied().unwrap_or(0);
            let items = ex.gather(read, &Arc::new(orders.iter().map(at).collect()));
            state = encoder.step(ex, items, state, sequences);
            states.push(state);
        }
        let states = ex.concat(&states);
        // In rows of 2w: a request's states, one after another. In rows of w: h and c of each.
        let last = |(request, order): (usize, &Vec<u32>)| (request * steps + order.len().saturating_sub(1)) as u32;
        let wide = ex.reshape(states, 2 * width);
        let ended = ex.gather(wide, &Arc::new(orders.iter().enumerate().map(last).collect()));
        let mut places = vec![0; segments.rows()];
        for (request, order) in orders.iter().enumerate() {
            for (step, row) in order.iter().enumerate() {
                places[*row as usize] = 2 * (request * steps + step) as u32;
            }
        }
        let narrow = ex.reshape(states, width);
        (ex.gather(narrow, &Arc::new(places)), ended)
    }

    /// The logits of all candidates, `[rows, 1]`, after the decoder has read an item of each request, or the start.
    fn step<E: Exec>(&self, ex: &mut E, decoding: &mut Decoding<E::Value>, items: Option<&[u32]>) -> E::Value {
        let items = match items {
            Some(rows) => ex.gather(decoding.x, &Arc::new(rows.to_vec())),
            None => {
                let start = ex.parameter(self.start);
                ex.repeat(start, decoding.segments.count())
            }
        };
        let read = self.decoder.read(ex, items);
        decoding.state = self.decoder.step(ex, read, decoding.state, &decoding.sequences);
        ex.scope(|ex| {
            let h = self.decoder.hidden(ex, decoding.state, &decoding.sequences);
            let query = self.of_decoder.forward(ex, h);
            let sum = ex.add_spread(decoding.memory, query, &decoding.segments);
            let seen = ex.activate(sum, Activation::Tanh);
            self.pointer.forward(ex, seen)
        })
    }

    /// The loss of one step over all requests whose list has this place, and its gradient; nothing if no list wants anything more.
    fn step_loss(
        &self,
        logits: &[f32],
        (shown, placed): (&Shown<'_>, &Placed),
        (step, scale): (usize, f32),
        d: &mut [f32],
    ) -> Option<f64> {
        let scale = scale * self.config.step_weights.of(step);
        let (mut loss, mut wanted) = (0.0, false);
        for (rows, places) in shown.candidates.batch.request_rows().zip(shown.lists.segments().iter()) {
            // What is not left is left out of the softmax.
            let left = |row: usize| if placed.taken[row] { f32::NAN } else { shown.targets[row] };
            let mut y: Vec<f32> = rows.clone().map(left).collect();
            let sum: f32 = y.iter().filter(|y| !y.is_nan()).sum();
            if step < places.len() && sum > 0.0 {
                y.iter_mut().for_each(|y| *y /= sum);
                loss += listwise_cross_entropy(&logits[rows.clone()], &y, scale, &mut d[rows]);
                wanted = true;
            }
        }
        wanted.then_some(loss)
    }
}

/// Rows in the order of the initial list.
fn in_order(ranks: &[u32], rows: std::ops::Range<usize>) -> Vec<u32> {
    let mut order: Vec<u32> = rows.map(|row| row as u32).collect();
    order.sort_by_key(|row| ranks[*row as usize]);
    order
}

impl Rival for Seq2Slate {
    fn counted(&self) -> Counted {
        Counted::Lists
    }

    fn loss(&self, mut tape: Tape<'_>, shown: &Shown<'_>, scale: f32, gradients: &mut Gradients) -> f64 {
        if shown.targets.is_empty() {
            return 0.0;
        }
        let mut decoding = self.begin(&mut tape, shown.candidates);
        let segments = Arc::clone(&decoding.segments);
        let mut placed = Placed::of_known(&segments, shown.targets);
        let (mut loss, mut outputs) = (0.0, Vec::new());
        let steps = shown.lists.segments().iter().map(|places| places.len()).max().unwrap_or(0);
        for step in 0..steps {
            let items = (step > 0).then_some(placed.last.as_slice());
            let logits = self.step(&mut tape, &mut decoding, items);
            let mut d = tape.output_gradient(logits);
            let of_step = self.step_loss(tape.data(logits), (shown, &placed), (step, scale), &mut d);
            let Some(more) = of_step else { break };
            loss += more;
            outputs.push(d);
            for (request, (rows, places)) in segments.iter().zip(shown.lists.segments().iter()).enumerate() {
                match self.config.policy {
                    SlatePolicy::Greedy => {
                        placed.place_greatest(request, rows, tape.data(logits));
                    }
                    SlatePolicy::Shown if step < places.len() => {
                        placed.place(request, shown.lists.rows()[places.start + step] as usize);
                    }
                    SlatePolicy::Shown => {}
                }
            }
        }
        tape.backward(outputs, gradients);
        loss
    }

    /// Scores are log-probabilities of the first step.
    fn rank(
        &self,
        weights: &Weights,
        memory: &mut Workspace,
        candidates: Candidates<'_>,
        length: usize,
    ) -> Vec<Ranked> {
        let mut ranked: Vec<Ranked> = candidates.batch.lengths().map(|_| Ranked::greatest(&[], 0)).collect();
        let longest = candidates.batch.lengths().max().unwrap_or(0);
        if longest == 0 {
            return ranked;
        }
        let mut ex = Eager::new(weights, memory);
        let mut decoding = self.begin(&mut ex, candidates);
        let segments = Arc::clone(&decoding.segments);
        let mut placed = Placed::new(&segments);
        for step in 0..longest.min(length).max(1) {
            let items = (step > 0).then_some(placed.last.as_slice());
            let logits = self.step(&mut ex, &mut decoding, items);
            let logits = ex.data(logits);
            for (request, (rows, ranked)) in segments.iter().zip(&mut ranked).enumerate() {
                if step == 0 {
                    ranked.scores = log_softmax(&logits[rows.clone()]);
                }
                if step < length {
                    let row = placed.place_greatest(request, rows.clone(), logits);
                    ranked.list.extend(row.map(|row| row - rows.start));
                }
            }
        }
        ranked
    }

    fn probabilities(&self, _: &Weights, _: &mut Workspace, _: Candidates<'_>, _: &Lists) -> Option<Vec<f32>> {
        None
    }
}
