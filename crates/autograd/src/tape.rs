//! The executor that remembers.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use nar4rec_kernels::{Activation, AttentionScratch, Isa, PackedMatrix, Write, add};
use nar4rec_tensor::{
    AttentionOperands, Bags, CrossOperands, CrossScratch, Exec, Interaction, LinearWeights, NormWeights, ParameterId,
    Segments, Weights, forward::View,
};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::{Gradients, ops, pool::Pool};

/// A matrix on a [`Tape`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TapeValue(usize);

/// One recorded operation and its result.
struct Node {
    value: Vec<f32>,
    columns: usize,
    /// How gradients flow on; `None` where they end.
    operation: Option<Box<dyn Operation>>,
}

/// A recorded operation: what it must remember to pass a gradient on.
pub(crate) trait Operation: Send {
    /// Given the gradient `d` of the result, adds to the gradients of the operands and parameters.
    fn backward(self: Box<Self>, context: &mut Context<'_>, d: Vec<f32>);
}

/// Memory of a tape that outlives it: keep one per thread and pass it from step to step.
#[derive(Debug, Default)]
pub struct TapeMemory {
    pub(crate) pool: Pool,
    pub(crate) attention: AttentionScratch,
    pub(crate) packed: PackedMatrix,
    pub(crate) cross: CrossScratch,
}

impl TapeMemory {
    /// How many numbers it holds in reserve: after the same steps always the same.
    pub fn reserve(&self) -> usize {
        self.pool.numbers()
    }
}

/// The gradient of an output, with which a backward pass begins: zeros until a loss adds to it. Its memory is the tape's, lent
/// until [`Tape::backward`]; memory from elsewhere would stay with the tape after every step.
#[derive(Debug)]
pub struct OutputGradient {
    value: TapeValue,
    d: Vec<f32>,
}

impl Deref for OutputGradient {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.d
    }
}

impl DerefMut for OutputGradient {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.d
    }
}

/// Records operations for a backward pass.
pub struct Tape<'a> {
    weights: &'a Weights,
    memory: &'a mut TapeMemory,
    nodes: Vec<Node>,
    rng: Pcg64Mcg,
}

impl std::fmt::Debug for Tape<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tape").field("nodes", &self.nodes.len()).finish_non_exhaustive()
    }
}

impl<'a> Tape<'a> {
    /// An empty tape. `seed` decides what dropout drops, and what [`Tape::draw_seed`] gives.
    pub fn new(weights: &'a Weights, memory: &'a mut TapeMemory, seed: u64) -> Self {
        Self { weights, memory, nodes: Vec::new(), rng: Pcg64Mcg::seed_from_u64(seed) }
    }

    /// A seed for a choice that a loss makes; the tape's own decides it.
    pub fn draw_seed(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// A gradient of `value` for a loss to add to.
    pub fn output_gradient(&mut self, value: TapeValue) -> OutputGradient {
        let mut d = self.memory.pool.take(self.nodes[value.0].value.len());
        d.fill(0.0);
        OutputGradient { value, d }
    }

    /// The gradients of every parameter, added to `gradients`, given those of some outputs. Ends the tape.
    ///
    /// # Panics
    /// If the weights were not packed for training.
    pub fn backward(self, outputs: impl IntoIterator<Item = OutputGradient>, gradients: &mut Gradients) {
        let Self { weights, memory, mut nodes, .. } = self;
        let mut pending: Vec<Option<Vec<f32>>> = nodes.iter().map(|_| None).collect();
        let mut context = Context { weights, memory, nodes: &mut [], pending: &mut pending, gradients };
        context.nodes = &mut nodes;
        for OutputGradient { value, d } in outputs {
            context.add(value, d);
        }
        for index in (0..context.nodes.len()).rev() {
            let operation = context.nodes[index].operation.take();
            if let (Some(operation), Some(d)) = (operation, context.pending[index].take()) {
                operation.backward(&mut context, d);
            }
            // Nothing before this node needs its value any more.
            let value = std::mem::take(&mut context.nodes[index].value);
            context.memory.pool.give(value);
        }
        for rest in pending.into_iter().flatten() {
            memory.pool.give(rest);
        }
    }

    /// Records a result.
    fn push(&mut self, value: Vec<f32>, columns: usize, operation: Option<Box<dyn Operation>>) -> TapeValue {
        self.nodes.push(Node { value, columns, operation });
        TapeValue(self.nodes.len() - 1)
    }

    /// Records an operation whose result has `rows` × `columns` numbers, all written by `forward`.
    pub(crate) fn record<O: Operation + 'static>(
        &mut self,
        [rows, columns]: [usize; 2],
        forward: impl FnOnce(&mut Forward<'_>, &mut [f32]) -> O,
    ) -> TapeValue {
        let mut value = self.memory.pool.take(rows * columns);
        let mut context =
            Forward { weights: self.weights, memory: self.memory, nodes: &self.nodes, rng: &mut self.rng };
        let operation = forward(&mut context, &mut value);
        self.push(value, columns, Some(Box::new(operation)))
    }

    /// The declarations and values of the parameters.
    pub(crate) fn weights(&self) -> &'a Weights {
        self.weights
    }
}

/// What an operation's forward pass may use.
pub(crate) struct Forward<'t> {
    pub(crate) weights: &'t Weights,
    pub(crate) memory: &'t mut TapeMemory,
    pub(crate) rng: &'t mut Pcg64Mcg,
    nodes: &'t [Node],
}

impl<'t> Forward<'t> {
    pub(crate) fn isa(&self) -> Isa {
        self.weights.isa()
    }

    pub(crate) fn view(&self, value: TapeValue) -> View<'t> {
        let node = &self.nodes[value.0];
        View { data: &node.value, columns: node.columns }
    }
}

/// What an operation's backward pass may use.
pub(crate) struct Context<'t> {
    pub(crate) weights: &'t Weights,
    pub(crate) memory: &'t mut TapeMemory,
    pub(crate) gradients: &'t mut Gradients,
    nodes: &'t mut [Node],
    pending: &'t mut [Option<Vec<f32>>],
}

impl Context<'_> {
    pub(crate) fn isa(&self) -> Isa {
        self.weights.isa()
    }

    pub(crate) fn view(&self, value: TapeValue) -> View<'_> {
        let node = &self.nodes[value.0];
        View { data: &node.value, columns: node.columns }
    }

    /// A value beside the gradients of the parameters.
    pub(crate) fn view_and_gradients(&mut self, value: TapeValue) -> (View<'_>, &mut Gradients) {
        let node = &self.nodes[value.0];
        (View { data: &node.value, columns: node.columns }, self.gradients)
    }

    /// Whether a gradient of this value leads anywhere.
    pub(crate) fn wants(&self, value: TapeValue) -> bool {
        self.nodes[value.0].operation.is_some()
    }

    /// Adds `d` to the gradient of `value`.
    pub(crate) fn add(&mut self, value: TapeValue, d: Vec<f32>) {
        if !self.wants(value) {
            return self.memory.pool.give(d);
        }
        match &mut self.pending[value.0] {
            Some(sum) => {
                add(self.weights.isa(), sum, &d);
                self.memory.pool.give(d);
            }
            empty => *empty = Some(d),
        }
    }

    /// The gradient of `value` so far, to be written over or onto, and given back to [`Context::put`].
    pub(crate) fn take(&mut self, value: TapeValue) -> (Vec<f32>, Write<'static>) {
        match self.pending[value.0].take() {
            Some(sum) => (sum, Write::Onto),
            None => (self.memory.pool.take(self.nodes[value.0].value.len()), Write::Over),
        }
    }

    /// Sets the gradient of `value`.
    pub(crate) fn put(&mut self, value: TapeValue, d: Vec<f32>) {
        self.pending[value.0] = Some(d);
    }
}

impl Exec for Tape<'_> {
    type Value = TapeValue;

    fn input(&mut self, data: &[f32], columns: usize) -> TapeValue {
        let mut value = self.memory.pool.take(data.len());
        value.copy_from_slice(data);
        self.push(value, columns, None)
    }

    fn parameter(&mut self, id: ParameterId) -> TapeValue {
        ops::parameter::record(self, id)
    }

    fn linear(&mut self, x: TapeValue, weights: LinearWeights, activation: Activation) -> TapeValue {
        let y = ops::linear::record(self, x, weights);
        match activation {
            Activation::Identity => y,
            _ => self.activate(y, activation),
        }
    }

    fn linear_onto(&mut self, onto: TapeValue, x: TapeValue, weights: LinearWeights, dropout: f32) -> TapeValue {
        let y = ops::linear::record(self, x, weights);
        let y = self.dropout(y, dropout);
        self.add(onto, y)
    }

    fn layer_norm(&mut self, x: TapeValue, weights: NormWeights) -> TapeValue {
        ops::norm::record(self, x, weights)
    }

    fn activate(&mut self, x: TapeValue, activation: Activation) -> TapeValue {
        ops::activation::record(self, x, activation)
    }

    fn times(&mut self, x: TapeValue, by: TapeValue) -> TapeValue {
        ops::times::record(self, x, by)
    }

    fn add(&mut self, a: TapeValue, b: TapeValue) -> TapeValue {
        ops::add::record(self, a, b)
    }

    fn add_spread(&mut self, x: TapeValue, spread: TapeValue, segments: &Arc<Segments>) -> TapeValue {
        ops::spread::record(self, x, spread, segments)
    }

    fn add_places(&mut self, x: TapeValue, table: ParameterId, segments: &Arc<Segments>) -> TapeValue {
        ops::places::record(self, x, table, segments)
    }

    fn concat(&mut self, parts: &[TapeValue]) -> TapeValue {
        ops::concat::record(self, parts)
    }

    fn repeat(&mut self, x: TapeValue, times: usize) -> TapeValue {
        ops::repeat::record(self, x, times)
    }

    fn gather(&mut self, x: TapeValue, rows: &Arc<Vec<u32>>) -> TapeValue {
        ops::gather::record(self, x, rows)
    }

    fn segment_mean(&mut self, x: TapeValue, segments: &Arc<Segments>) -> TapeValue {
        ops::segment_mean::record(self, x, segments)
    }

    fn cosines_above(&mut self, x: TapeValue, segments: &Arc<Segments>, reach: usize) -> TapeValue {
        ops::cosines::record(self, x, segments, reach)
    }

    fn reshape(&mut self, x: TapeValue, columns: usize) -> TapeValue {
        ops::reshape::record(self, x, columns)
    }

    fn embed<'b>(&mut self, parts: impl Iterator<Item = (ParameterId, Bags<'b>)> + Clone) -> TapeValue {
        ops::embed::record(self, parts)
    }

    fn interact(
        &mut self,
        wide: TapeValue,
        x: TapeValue,
        segments: &Arc<Segments>,
        blocks: &Arc<[Interaction]>,
    ) -> TapeValue {
        ops::interact::record(self, [wide, x], segments, blocks)
    }

    fn attention(&mut self, operands: AttentionOperands<'_, TapeValue>) -> TapeValue {
        ops::attention::record(self, operands)
    }

    fn cross_attention(&mut self, operands: CrossOperands<'_, TapeValue>) -> TapeValue {
        ops::cross_attention::record(self, operands)
    }

    fn log_probabilities(
        &mut self,
        x: TapeValue,
        t: TapeValue,
        segments: &Arc<Segments>,
        positions: usize,
    ) -> TapeValue {
        ops::probabilities::record(self, [x, t], segments, positions)
    }

    fn dropout(&mut self, x: TapeValue, probability: f32) -> TapeValue {
        if probability > 0.0 { ops::dropout::record(self, x, probability) } else { x }
    }

    fn data(&self, value: TapeValue) -> &[f32] {
        &self.nodes[value.0].value
    }

    fn shape(&self, value: TapeValue) -> [usize; 2] {
        let node = &self.nodes[value.0];
        let view = View { data: &node.value, columns: node.columns };
        [view.rows(), view.columns]
    }
}
