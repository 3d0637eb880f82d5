//! The executor that writes a graph instead of computing.
//!
//! The layers run on it as they run in training and in serving, over a small example batch whose only use is to tell shapes. A
//! value is a tensor of the graph:
//!
//! ```text
//!   candidates  [batch, candidates, ·]      requests  [batch, ·]
//!   positions   [1, m, ·] until they meet candidates, [batch, m, ·] from then on: what comes before is constant
//!   lists       [lists, places, ·]
//! ```
//!
//! Requests of one batch have equally many candidates, so segments need not be told apart: they are the first axis.

use std::sync::Arc;

use nar4rec_features::InputSpec;
use nar4rec_tensor::{
    Activation, AttentionOperands, AttentionShape, Bags, CrossOperands, Exec, Interaction, LinearWeights, NormWeights,
    ParameterId, Parameters, Segments,
};

use crate::{
    graph::{
        Axis, Graph,
        Setting::{Float, Int, Ints, Text},
    },
    names::safe,
    proto::DataType,
};

/// Requests of the example batch, and candidates of each.
pub(crate) const EXAMPLE: [usize; 2] = [2, 3];

/// A handle to a tensor of the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value(usize);

/// A tensor: its name, and rows and columns in the example.
#[derive(Debug)]
struct Tensor {
    name: String,
    shape: [usize; 2],
}

/// Writes the graph of a network.
#[derive(Debug)]
pub(crate) struct Recorder<'a> {
    pub(crate) graph: Graph,
    parameters: &'a Parameters,
    bags: BagNames,
    tensors: Vec<Tensor>,
}

/// The inputs that bags are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BagNames {
    pub(crate) user: Vec<String>,
    pub(crate) candidate: Vec<String>,
}

impl BagNames {
    pub(crate) fn of(spec: &InputSpec) -> Self {
        let bags = spec.user_bags.iter().chain(&spec.candidate_bags);
        let mut user = safe(bags.map(|bag| bag.name.as_str()));
        let candidate = user.split_off(spec.user_bags.len());
        Self { user, candidate }
    }
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(parameters: &'a Parameters, spec: &'a InputSpec) -> Self {
        Self { graph: Graph::default(), parameters, bags: BagNames::of(spec), tensors: Vec::new() }
    }

    /// The name of a value.
    pub(crate) fn name(&self, value: Value) -> &str {
        &self.tensors[value.0].name
    }

    fn value(&mut self, name: String, shape: [usize; 2]) -> Value {
        self.tensors.push(Tensor { name, shape });
        Value(self.tensors.len() - 1)
    }

    /// A node over values, whose result has this shape in the example.
    fn node(&mut self, op: &str, inputs: &[Value], settings: &[crate::graph::Setting<'_>], shape: [usize; 2]) -> Value {
        let names: Vec<&str> = inputs.iter().map(|input| self.tensors[input.0].name.as_str()).collect();
        let name = self.graph.node(op, &names, settings);
        self.value(name, shape)
    }

    /// A parameter as a constant of its shape, a vector without its first axis.
    fn constant(&mut self, id: ParameterId) -> String {
        let spec = &self.parameters.specs()[id.index()];
        self.graph.floats(&spec.name, &spec.file_shape(), || self.parameters.get(id).to_vec())
    }

    /// A matrix `[out, in]` as the constant `[in, out]`, the right operand of a product.
    fn turned(&mut self, id: ParameterId) -> (String, usize) {
        let spec = &self.parameters.specs()[id.index()];
        let [out, input] = spec.shape;
        let values = self.parameters.get(id);
        let turn = || (0..out * input).map(|at| values[at % out * input + at / out]).collect();
        (self.graph.floats(&spec.name, &[input, out], turn), out)
    }

    /// x·Wᵀ + b
    fn affine(&mut self, x: Value, weights: LinearWeights) -> Value {
        let (weight, columns) = self.turned(weights.weight);
        let shape = [self.tensors[x.0].shape[0], columns];
        let product = self.graph.node("MatMul", &[&self.tensors[x.0].name, &weight], &[]);
        let Some(bias) = weights.bias else { return self.value(product, shape) };
        let bias = self.constant(bias);
        let sum = self.graph.node("Add", &[&product, &bias], &[]);
        self.value(sum, shape)
    }

    /// Columns `from..to` of a value.
    fn columns(&mut self, name: &str, from: usize, to: usize) -> String {
        let [start, end, axis] = [from as i64, to as i64, -1].map(|number| self.graph.whole(&[number]));
        self.graph.node("Slice", &[name, &start, &end, &axis], &[])
    }

    /// `[·, rows, width]` to `[·, heads, rows, h]`, the last two axes as `order` has them.
    fn by_head(&mut self, name: &str, shape: AttentionShape, order: [i64; 2]) -> String {
        let split = self.graph.whole(&[0, 0, shape.heads as i64, shape.head_width() as i64]);
        let parts = self.graph.node("Reshape", &[name, &split], &[]);
        self.graph.node("Transpose", &[&parts], &[Ints("perm", &[0, 2, order[0], order[1]])])
    }

    /// Attention of queries to keys and values, each `[·, rows, width]`.
    fn attend(&mut self, [q, k, v]: [&str; 3], shape: AttentionShape, rows: usize) -> Value {
        let scale = self.graph.floats("attention_scale", &[], || vec![shape.scale()]);
        let q = self.graph.node("Mul", &[q, &scale], &[]);
        let [q, k, v] =
            [self.by_head(&q, shape, [1, 3]), self.by_head(k, shape, [3, 1]), self.by_head(v, shape, [1, 3])];
        let scores = self.graph.node("MatMul", &[&q, &k], &[]);
        let p = self.graph.node("Softmax", &[&scores], &[Int("axis", -1)]);
        let mixed = self.graph.node("MatMul", &[&p, &v], &[]);
        let together = self.graph.node("Transpose", &[&mixed], &[Ints("perm", &[0, 2, 1, 3])]);
        let flat = self.graph.whole(&[0, 0, shape.width as i64]);
        let out = self.graph.node("Reshape", &[&together, &flat], &[]);
        self.value(out, [rows, shape.width])
    }

    /// The mean of the rows of a table that each bag of an input names; −1 fills a bag up.
    fn bag(&mut self, table: ParameterId, name: &str, axes: &[Axis]) -> String {
        let table = self.constant(table);
        let ids = self.graph.input(name, DataType::Int64, axes);
        let (zero, last) = (self.graph.whole(&[0]), self.graph.whole(&[-1]));
        let known = self.graph.node("GreaterOrEqual", &[&ids, &zero], &[]);
        let weight = self.graph.node("Cast", &[&known], &[Int("to", DataType::Float as i64)]);
        let rows = self.graph.node("Max", &[&ids, &zero], &[]);
        let rows = self.graph.node("Gather", &[&table, &rows], &[]);
        let spread = self.graph.node("Unsqueeze", &[&weight, &last], &[]);
        let weighted = self.graph.node("Mul", &[&rows, &spread], &[]);
        let before = self.graph.whole(&[-2]);
        let sum = self.graph.node("ReduceSum", &[&weighted, &before], &[Int("keepdims", 0)]);
        let count = self.graph.node("ReduceSum", &[&weight, &last], &[Int("keepdims", 1)]);
        let one = self.graph.floats("one", &[], || vec![1.0]);
        let count = self.graph.node("Max", &[&count, &one], &[]);
        self.graph.node("Div", &[&sum, &count], &[])
    }
}

/// The axes of an input that has rows for each request, or for each candidate.
pub(crate) fn axes_of(per_candidate: bool, last: Axis) -> Vec<Axis> {
    let mut axes = vec![Axis::Named("batch")];
    if per_candidate {
        axes.push(Axis::Named("candidates"));
    }
    axes.push(last);
    axes
}

/// Whether so many rows of the example are candidates and not requests.
fn is_per_candidate(rows: usize) -> bool {
    rows == EXAMPLE[0] * EXAMPLE[1]
}

impl Exec for Recorder<'_> {
    type Value = Value;

    fn input(&mut self, data: &[f32], columns: usize) -> Value {
        let rows = data.len() / columns;
        let per_candidate = is_per_candidate(rows);
        let name = if per_candidate { "candidate_numbers" } else { "user_numbers" };
        let name = self.graph.input(name, DataType::Float, &axes_of(per_candidate, Axis::Fixed(columns)));
        self.value(name, [rows, columns])
    }

    fn parameter(&mut self, id: ParameterId) -> Value {
        let spec = &self.parameters.specs()[id.index()];
        let [rows, columns] = spec.shape;
        let name = self.graph.floats(&spec.name, &[1, rows, columns], || self.parameters.get(id).to_vec());
        self.value(name, [rows, columns])
    }

    fn linear(&mut self, x: Value, weights: LinearWeights, activation: Activation) -> Value {
        let y = self.affine(x, weights);
        let shape = self.shape(y);
        match activation {
            Activation::Identity => y,
            Activation::Relu => self.node("Relu", &[y], &[], shape),
            Activation::Gelu => self.node("Gelu", &[y], &[Text("approximate", "tanh")], shape),
        }
    }

    fn linear_onto(&mut self, onto: Value, x: Value, weights: LinearWeights, _: f32) -> Value {
        let y = self.affine(x, weights);
        self.add(onto, y)
    }

    fn layer_norm(&mut self, x: Value, weights: NormWeights) -> Value {
        let [gain, bias] = [self.constant(weights.gain), self.constant(weights.bias)];
        let settings = [Int("axis", -1), Float("epsilon", 1e-5)];
        let y = self.graph.node("LayerNormalization", &[&self.tensors[x.0].name, &gain, &bias], &settings);
        self.value(y, self.shape(x))
    }

    fn add(&mut self, a: Value, b: Value) -> Value {
        let shape = self.shape(b);
        self.node("Add", &[a, b], &[], shape)
    }

    fn add_spread(&mut self, x: Value, spread: Value, _: &Arc<Segments>) -> Value {
        let axis = self.graph.whole(&[1]);
        let spread = self.graph.node("Unsqueeze", &[&self.tensors[spread.0].name, &axis], &[]);
        let sum = self.graph.node("Add", &[&self.tensors[x.0].name, &spread], &[]);
        self.value(sum, self.shape(x))
    }

    fn add_places(&mut self, x: Value, table: ParameterId, _: &Arc<Segments>) -> Value {
        let table = self.constant(table);
        let places = self.graph.node("Shape", &[&self.tensors[x.0].name], &[Int("start", 1), Int("end", 2)]);
        let zero = self.graph.whole(&[0]);
        let rows = self.graph.node("Slice", &[&table, &zero, &places, &zero], &[]);
        let sum = self.graph.node("Add", &[&self.tensors[x.0].name, &rows], &[]);
        self.value(sum, self.shape(x))
    }

    fn concat(&mut self, parts: &[Value]) -> Value {
        let rows = self.shape(parts[0])[0];
        let columns = parts.iter().map(|part| self.shape(*part)[1]).sum();
        self.node("Concat", parts, &[Int("axis", -1)], [rows, columns])
    }

    /// The same tensor: a first axis of 1 stands for every request.
    fn repeat(&mut self, x: Value, times: usize) -> Value {
        let [rows, columns] = self.shape(x);
        self.value(self.name(x).to_owned(), [rows * times, columns])
    }

    fn gather(&mut self, x: Value, rows: &Arc<Vec<u32>>) -> Value {
        let columns = self.shape(x)[1];
        let flat = self.graph.whole(&[-1, columns as i64]);
        let states = self.graph.node("Reshape", &[&self.tensors[x.0].name, &flat], &[]);
        let lists = self.graph.input("lists", DataType::Int64, &[Axis::Named("lists"), Axis::Named("places")]);
        let shown = self.graph.node("Gather", &[&states, &lists], &[]);
        self.value(shown, [rows.len(), columns])
    }

    fn segment_mean(&mut self, x: Value, segments: &Arc<Segments>) -> Value {
        let axis = self.graph.whole(&[1]);
        let mean = self.graph.node("ReduceMean", &[&self.tensors[x.0].name, &axis], &[Int("keepdims", 0)]);
        self.value(mean, [segments.count(), self.shape(x)[1]])
    }

    fn reshape(&mut self, x: Value, columns: usize) -> Value {
        let [rows, before] = self.shape(x);
        let parts = before / columns;
        let to = self.graph.whole(&[-1, parts as i64, columns as i64]);
        let parts_of = self.graph.node("Reshape", &[&self.tensors[x.0].name, &to], &[]);
        self.value(parts_of, [rows * parts, columns])
    }

    fn embed<'b>(&mut self, parts: impl Iterator<Item = (ParameterId, Bags<'b>)> + Clone) -> Value {
        let rows = parts.clone().next().map_or(0, |(_, bags)| bags.len());
        let per_candidate = is_per_candidate(rows);
        let names = if per_candidate { self.bags.candidate.clone() } else { self.bags.user.clone() };
        let (mut means, mut columns) = (Vec::new(), 0);
        for ((table, _), name) in parts.zip(&names) {
            columns += self.parameters.specs()[table.index()].shape[1];
            // Bags may differ in length, so each has an axis of its own.
            means.push(self.bag(table, name, &axes_of(per_candidate, Axis::Named(""))));
        }
        let means: Vec<&str> = means.iter().map(String::as_str).collect();
        let name = self.graph.node("Concat", &means, &[Int("axis", -1)]);
        self.value(name, [rows, columns])
    }

    fn interact(&mut self, wide: Value, x: Value, _: &Arc<Segments>, blocks: &Arc<[Interaction]>) -> Value {
        let (axis, mut products, mut columns) = (self.graph.whole(&[1]), Vec::new(), 0);
        let [wide_name, x_name] = [wide, x].map(|value| self.name(value).to_owned());
        let wide = self.graph.node("Unsqueeze", &[&wide_name, &axis], &[]);
        for block in blocks.iter() {
            let of_user = self.columns(&wide, block.wide, block.wide + block.columns);
            let of_candidate = self.columns(&x_name, block.x, block.x + block.columns);
            products.push(self.graph.node("Mul", &[&of_user, &of_candidate], &[]));
            columns += block.columns;
        }
        let products: Vec<&str> = products.iter().map(String::as_str).collect();
        let name = self.graph.node("Concat", &products, &[Int("axis", -1)]);
        self.value(name, [self.shape(x)[0], columns])
    }

    fn attention(&mut self, operands: AttentionOperands<'_, Value>) -> Value {
        let width = operands.shape.width;
        let AttentionOperands { q, k, v, .. } = operands;
        let name = self.name(q.0).to_owned();
        debug_assert!(q == (k.0, 0) && (k.1, v.1) == (width, 2 * width) && k.0 == v.0, "one product makes all three");
        let [q, k, v] = self.graph.nodes("Split", &[&name], &[Int("axis", -1), Int("num_outputs", 3)]);
        self.attend([&q, &k, &v], operands.shape, operands.query_segments.rows())
    }

    fn cross_attention(&mut self, operands: CrossOperands<'_, Value>) -> Value {
        let made = self.affine(operands.memory, operands.weights);
        let [q, made] = [operands.q, made].map(|value| self.name(value).to_owned());
        let [k, v] = self.graph.nodes("Split", &[&made], &[Int("axis", -1), Int("num_outputs", 2)]);
        self.attend([&q, &k, &v], operands.shape, operands.query_segments.rows())
    }

    fn log_probabilities(&mut self, x: Value, t: Value, segments: &Arc<Segments>, positions: usize) -> Value {
        let turned = self.graph.node("Transpose", &[&self.tensors[t.0].name], &[Ints("perm", &[0, 2, 1])]);
        let logits = self.graph.node("MatMul", &[&self.tensors[x.0].name, &turned], &[]);
        let logs = self.graph.node("LogSoftmax", &[&logits], &[Int("axis", 1)]);
        self.value(logs, [segments.rows(), positions])
    }

    fn dropout(&mut self, x: Value, _: f32) -> Value {
        x
    }

    fn data(&self, _: Value) -> &[f32] {
        &[]
    }

    fn shape(&self, value: Value) -> [usize; 2] {
        self.tensors[value.0].shape
    }
}
