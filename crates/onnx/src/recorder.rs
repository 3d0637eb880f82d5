//! The executor that writes a graph: the layers run on it once, and what they ask for becomes nodes.
//!
//! It is handed a [`trace batch`](crate::parts::trace_batch) whose numbers do not matter, and looks only at how many rows each
//! thing has: by that it tells requests from candidates. What a value's rows are decides its shape in the graph:
//!
//! ```text
//!   rows         flat                     grid
//!   Requests     [batch, ·]
//!   Candidates   [batch·candidates, ·]    [batch, candidates, ·]
//!   Shared       [m, ·]                   positions that have not met candidates: computed when the graph is loaded
//!   Positions    [batch·m, ·]             [batch, m, ·]
//!   Places       [lists·places, ·]        [lists, places, ·]
//! ```
//!
//! Linear maps are `Gemm` over flat values with W as it is trained, so that bias and product are one node; a runtime packs
//! such a W once. Only what looks across rows uses grids. Each value has one of the two forms and gets the other when that is
//! asked for.

mod attention;

use std::sync::Arc;

use nar4rec_tensor::{
    Activation, AttentionOperands, Bags, CrossOperands, Exec, Interaction, LinearWeights, NormWeights, ParameterId,
    Parameters, Segments,
};

use crate::{
    Tensor,
    graph::{Graph, Name, float, int, text},
    inputs::{BagInput, CANDIDATE_NUMBERS, FeatureInputs, LISTS, MASK, USER_NUMBERS},
};

/// What the variance is increased by in a layer normalisation.
const EPSILON: f32 = 1e-5;

/// What is added to the score of something that is not there: its exponential is zero, and it stays finite.
const ABSENT: f32 = -1e30;

/// What a norm is at least, so that zeros divided by theirs are zeros.
const SHORTEST: f32 = 1e-30;

/// What the rows of a value stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    Requests,
    Candidates,
    Shared,
    Positions,
    Places,
}

/// Whether a value is a matrix or has an axis for what its rows belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Flat,
    Grid,
}

/// A value of the graph.
#[derive(Debug, Clone)]
struct Value {
    /// Columns side by side, each part a name and its number of columns.
    parts: Vec<(Name, usize)>,
    form: Form,
    rows: Rows,
}

/// A handle to a value of the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recorded(usize);

/// How many rows the batch has that the layers are run with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trace {
    pub(crate) requests: usize,
    /// Of all requests.
    pub(crate) candidates: usize,
    /// m.
    pub(crate) positions: usize,
    /// Of all lists.
    pub(crate) places: usize,
}

/// See the top of the file.
#[derive(Debug)]
pub(crate) struct Recorder<'a> {
    parameters: &'a Parameters,
    inputs: &'a FeatureInputs,
    trace: Trace,
    /// Whether candidates and places may be missing.
    mask: bool,
    pub(crate) graph: Graph,
    values: Vec<Value>,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(parameters: &'a Parameters, inputs: &'a FeatureInputs, trace: Trace, mask: bool) -> Self {
        let (graph, values) = (Graph::default(), Vec::new());
        Self { parameters, inputs, trace, mask, graph, values }
    }

    fn push(&mut self, parts: Vec<(Name, usize)>, form: Form, rows: Rows) -> Recorded {
        self.values.push(Value { parts, form, rows });
        Recorded(self.values.len() - 1)
    }

    fn flat_value(&mut self, name: Name, columns: usize, rows: Rows) -> Recorded {
        self.push(vec![(name, columns)], Form::Flat, rows)
    }

    fn grid_value(&mut self, name: Name, columns: usize, rows: Rows) -> Recorded {
        self.push(vec![(name, columns)], Form::Grid, rows)
    }

    fn rows(&self, value: Recorded) -> Rows {
        self.values[value.0].rows
    }

    fn columns(&self, value: Recorded) -> usize {
        self.values[value.0].parts.iter().map(|(_, columns)| columns).sum()
    }

    /// The value as it is, its parts joined.
    fn name(&mut self, value: Recorded) -> Name {
        let parts: Vec<&str> = self.values[value.0].parts.iter().map(|(name, _)| name.as_str()).collect();
        match parts[..] {
            [only] => only.to_owned(),
            _ => self.graph.op_with("Concat", &parts, vec![int("axis", -1)]),
        }
    }

    /// The value as a matrix.
    fn flat(&mut self, value: Recorded) -> Name {
        let (name, columns) = (self.name(value), self.columns(value));
        match self.values[value.0].form {
            Form::Flat => name,
            Form::Grid => self.graph.reshape(&name, &[-1, columns as i64]),
        }
    }

    /// The value with an axis for what its rows belong to.
    pub(crate) fn grid(&mut self, value: Recorded) -> Name {
        let (name, columns) = (self.name(value), self.columns(value));
        match self.values[value.0].form {
            Form::Grid => name,
            Form::Flat => self.in_grid(&name, self.rows(value), &[columns]),
        }
    }

    /// A matrix with these rows in the shape of a grid, its columns in axes of these lengths.
    fn in_grid(&mut self, flat: &str, rows: Rows, tail: &[usize]) -> Name {
        let tail: Vec<i64> = tail.iter().map(|&size| size as i64).collect();
        let positions = self.trace.positions as i64;
        let outer = match rows {
            Rows::Requests => return self.graph.reshape(flat, &[&[-1, 1], &tail[..]].concat()),
            Rows::Shared => return self.graph.reshape(flat, &[&[1, positions], &tail[..]].concat()),
            Rows::Positions => return self.graph.reshape(flat, &[&[-1, positions], &tail[..]].concat()),
            Rows::Candidates => self.inputs.of_candidates(),
            Rows::Places => LISTS,
        };
        let outer = self.graph.op_with("Shape", &[outer], vec![int("start", 0), int("end", 2)]);
        let tail = self.graph.integers(&tail);
        let shape = self.graph.op_with("Concat", &[&outer, &tail], vec![int("axis", 0)]);
        self.graph.op("Reshape", &[flat, &shape])
    }

    /// A parameter as it is trained.
    fn weight(&mut self, id: ParameterId) -> Name {
        let (spec, values) = (&self.parameters.specs()[id.index()], self.parameters.get(id));
        self.graph.initialiser(&spec.name, || Tensor::numbers(spec.file_shape(), values.to_vec()))
    }

    /// A table to look up in. Behind its rows is one of zeros: index -1, so that what is not there adds nothing.
    fn table(&mut self, id: ParameterId) -> (Name, usize) {
        let (spec, values) = (&self.parameters.specs()[id.index()], self.parameters.get(id));
        let [rows, columns] = spec.shape;
        let padded = || {
            let mut padded = values.to_vec();
            padded.resize((rows + 1) * columns, 0.0);
            Tensor::numbers(vec![rows + 1, columns], padded)
        };
        (self.graph.initialiser(&spec.name, padded), columns)
    }

    fn product(&mut self, x: Recorded, weights: LinearWeights) -> (Name, usize) {
        let (x, w) = (self.flat(x), self.weight(weights.weight));
        let bias = weights.bias.map(|bias| self.weight(bias));
        let operands: Vec<&str> = [&x, &w].into_iter().chain(&bias).map(String::as_str).collect();
        let product = self.graph.op_with("Gemm", &operands, vec![int("transB", 1)]);
        (product, self.parameters.specs()[weights.weight.index()].shape[0])
    }

    /// a + b, where a may be the positions that all requests share.
    fn sum(&mut self, a: Recorded, b: Recorded) -> Recorded {
        let (columns, rows) = (self.columns(b), self.rows(b));
        if self.rows(a) == rows {
            let (a, b) = (self.flat(a), self.flat(b));
            let sum = self.graph.op("Add", &[&a, &b]);
            return self.flat_value(sum, columns, rows);
        }
        let (a, b) = (self.flat(a), self.grid(b));
        let sum = self.graph.op("Add", &[&b, &a]);
        self.grid_value(sum, columns, rows)
    }

    /// The mean of the rows of a table that an input names.
    fn pooled(&mut self, table: &str, input: &BagInput) -> Name {
        let ids = &input.name;
        let found = self.graph.op_with("Gather", &[table, ids], vec![int("axis", 0)]);
        if !input.is_list {
            return found;
        }
        let [zero, one] = [self.graph.integers(&[0]), self.graph.number(1.0)];
        let [of_rows, last] = [self.graph.integers(&[-2]), self.graph.integers(&[-1])];
        let sum = self.graph.op_with("ReduceSum", &[&found, &of_rows], vec![int("keepdims", 0)]);
        let there = self.graph.op("GreaterOrEqual", &[ids, &zero]);
        let there = self.as_numbers(&there);
        let count = self.graph.op_with("ReduceSum", &[&there, &last], vec![int("keepdims", 1)]);
        let count = self.graph.op("Max", &[&count, &one]);
        self.graph.op("Div", &[&sum, &count])
    }

    /// Truths as 0 and 1.
    pub(crate) fn as_numbers(&mut self, truths: &str) -> Name {
        self.graph.op_with("Cast", &[truths], vec![int("to", i64::from(crate::proto::data_type::FLOAT))])
    }

    /// Which candidates or places there are, `[·, ·]`, if some may be missing.
    pub(crate) fn present(&mut self, rows: Rows) -> Option<Name> {
        match rows {
            Rows::Candidates if self.mask => Some(MASK.to_owned()),
            Rows::Places if self.mask => {
                let zero = self.graph.integers(&[0]);
                Some(self.graph.op("GreaterOrEqual", &[LISTS, &zero]))
            }
            _ => None,
        }
    }

    /// x plus [`ABSENT`] where candidates or places are missing, whose axes in x are the first and the one that is not
    /// among `others`.
    fn without_absent(&mut self, x: Name, rows: Rows, others: &[i64]) -> Name {
        let Some(present) = self.present(rows) else { return x };
        let [zero, absent] = [self.graph.number(0.0), self.graph.number(ABSENT)];
        let bias = self.graph.op("Where", &[&present, &zero, &absent]);
        let others = self.graph.integers(others);
        let bias = self.graph.op("Unsqueeze", &[&bias, &others]);
        self.graph.op("Add", &[&x, &bias])
    }
}

impl Exec for Recorder<'_> {
    type Value = Recorded;

    /// Rows are told by their number: see [`Trace`].
    fn input(&mut self, data: &[f32], columns: usize) -> Recorded {
        if data.len() == self.trace.requests * columns {
            self.flat_value(USER_NUMBERS.to_owned(), columns, Rows::Requests)
        } else {
            debug_assert_eq!(data.len(), self.trace.candidates * columns, "numbers of requests or of candidates");
            self.grid_value(CANDIDATE_NUMBERS.to_owned(), columns, Rows::Candidates)
        }
    }

    fn parameter(&mut self, id: ParameterId) -> Recorded {
        let columns = self.parameters.specs()[id.index()].shape[1];
        let name = self.weight(id);
        self.flat_value(name, columns, Rows::Shared)
    }

    fn linear(&mut self, x: Recorded, weights: LinearWeights, activation: Activation) -> Recorded {
        let rows = self.rows(x);
        let (product, columns) = self.product(x, weights);
        let y = self.activated(product, activation);
        self.flat_value(y, columns, rows)
    }

    fn linear_onto(&mut self, onto: Recorded, x: Recorded, weights: LinearWeights, _: f32) -> Recorded {
        let y = self.linear(x, weights, Activation::Identity);
        self.sum(onto, y)
    }

    fn layer_norm(&mut self, x: Recorded, weights: NormWeights) -> Recorded {
        let (columns, rows) = (self.columns(x), self.rows(x));
        let operands = [self.flat(x), self.weight(weights.gain), self.weight(weights.bias)];
        let attributes = vec![int("axis", -1), float("epsilon", EPSILON)];
        let y = self.graph.op_with("LayerNormalization", &operands.each_ref().map(String::as_str), attributes);
        self.flat_value(y, columns, rows)
    }

    fn activate(&mut self, x: Recorded, activation: Activation) -> Recorded {
        let (columns, rows) = (self.columns(x), self.rows(x));
        let x = self.flat(x);
        let y = self.activated(x, activation);
        self.flat_value(y, columns, rows)
    }

    fn times(&mut self, x: Recorded, by: Recorded) -> Recorded {
        let (columns, rows) = (self.columns(x), self.rows(x));
        let operands = [self.flat(x), self.flat(by)];
        let y = self.graph.op("Mul", &operands.each_ref().map(String::as_str));
        self.flat_value(y, columns, rows)
    }

    fn add(&mut self, a: Recorded, b: Recorded) -> Recorded {
        self.sum(a, b)
    }

    fn add_spread(&mut self, x: Recorded, spread: Recorded, _: &Arc<Segments>) -> Recorded {
        let (columns, rows) = (self.columns(x), self.rows(x));
        let (x, spread) = (self.grid(x), self.grid(spread));
        let sum = self.graph.op("Add", &[&x, &spread]);
        self.grid_value(sum, columns, rows)
    }

    fn add_places(&mut self, x: Recorded, table: ParameterId, _: &Arc<Segments>) -> Recorded {
        let (columns, rows) = (self.columns(x), self.rows(x));
        let (x, table) = (self.grid(x), self.weight(table));
        let zero = self.graph.integers(&[0]);
        let places = self.graph.op_with("Shape", &[LISTS], vec![int("start", 1), int("end", 2)]);
        let first = self.graph.op("Slice", &[&table, &zero, &places]);
        let sum = self.graph.op("Add", &[&x, &first]);
        self.grid_value(sum, columns, rows)
    }

    fn concat(&mut self, parts: &[Recorded]) -> Recorded {
        let values: Vec<Value> = parts.iter().map(|part| self.values[part.0].clone()).collect();
        let (form, rows) = (values[0].form, values[0].rows);
        debug_assert!(values.iter().all(|value| (value.form, value.rows) == (form, rows)), "parts of one height");
        self.push(values.into_iter().flat_map(|value| value.parts).collect(), form, rows)
    }

    /// Shared rows stay what they are until they meet those of requests.
    fn repeat(&mut self, x: Recorded, _: usize) -> Recorded {
        x
    }

    fn gather(&mut self, x: Recorded, _: &Arc<Vec<u32>>) -> Recorded {
        let columns = self.columns(x);
        let x = self.flat(x);
        let found = self.graph.op_with("Gather", &[&x, LISTS], vec![int("axis", 0)]);
        self.grid_value(found, columns, Rows::Places)
    }

    fn segment_mean(&mut self, x: Recorded, _: &Arc<Segments>) -> Recorded {
        let (columns, rows) = (self.columns(x), self.rows(x));
        let mut x = self.grid(x);
        let of_rows = self.graph.integers(&[1]);
        let Some(present) = self.present(rows) else {
            let mean = self.graph.op_with("ReduceMean", &[&x, &of_rows], vec![int("keepdims", 0)]);
            return self.flat_value(mean, columns, Rows::Requests);
        };
        let last = self.graph.integers(&[-1]);
        let one = self.graph.number(1.0);
        let there = self.as_numbers(&present);
        let weights = self.graph.op("Unsqueeze", &[&there, &last]);
        x = self.graph.op("Mul", &[&x, &weights]);
        let sum = self.graph.op_with("ReduceSum", &[&x, &of_rows], vec![int("keepdims", 0)]);
        let count = self.graph.op_with("ReduceSum", &[&there, &last], vec![int("keepdims", 1)]);
        let count = self.graph.op("Max", &[&count, &one]);
        let mean = self.graph.op("Div", &[&sum, &count]);
        self.flat_value(mean, columns, Rows::Requests)
    }

    /// Rows of unit length beside themselves moved down, zeros coming in from above: products of the two are cosines.
    fn cosines_above(&mut self, x: Recorded, _: &Arc<Segments>, reach: usize) -> Recorded {
        let rows = self.rows(x);
        let x = self.grid(x);
        let graph = &mut self.graph;
        let [last, starts, shortest] = [graph.integers(&[-1]), graph.integers(&[0, 0]), graph.number(SHORTEST)];
        let square = graph.op("Mul", &[&x, &x]);
        let square = graph.op_with("ReduceSum", &[&square, &last], vec![int("keepdims", 1)]);
        let norm = graph.op("Sqrt", &[&square]);
        let norm = graph.op("Max", &[&norm, &shortest]);
        let unit = graph.op("Div", &[&x, &norm]);
        let cosine = |back: i64| {
            let [before, ends] = [graph.integers(&[0, back, 0, 0, 0, 0]), graph.integers(&[i64::MAX, -back])];
            let moved = graph.op("Pad", &[&unit, &before]);
            let moved = graph.op("Slice", &[&moved, &starts, &ends]);
            let product = graph.op("Mul", &[&unit, &moved]);
            (graph.op_with("ReduceSum", &[&product, &last], vec![int("keepdims", 1)]), 1)
        };
        let cosines = (1..=reach as i64).map(cosine).collect();
        self.push(cosines, Form::Grid, rows)
    }

    /// The rows of requests become those of their positions.
    fn reshape(&mut self, x: Recorded, columns: usize) -> Recorded {
        let x = self.flat(x);
        let y = self.graph.reshape(&x, &[-1, columns as i64]);
        self.flat_value(y, columns, Rows::Positions)
    }

    fn embed<'b>(&mut self, parts: impl Iterator<Item = (ParameterId, Bags<'b>)> + Clone) -> Recorded {
        let rows = parts.clone().next().map_or(0, |(_, bags)| bags.len());
        let inputs = self.inputs;
        let (bags, form, rows) = match rows == self.trace.requests {
            true => (&inputs.user_bags, Form::Flat, Rows::Requests),
            false => (&inputs.candidate_bags, Form::Grid, Rows::Candidates),
        };
        let pooled = parts.zip(bags).map(|((table, _), input)| {
            let (table, columns) = self.table(table);
            (self.pooled(&table, input), columns)
        });
        let pooled = pooled.collect();
        self.push(pooled, form, rows)
    }

    fn interact(&mut self, wide: Recorded, x: Recorded, _: &Arc<Segments>, blocks: &Arc<[Interaction]>) -> Recorded {
        let products = blocks.iter().map(|block| {
            let (user, candidate) = (self.part(wide, block.wide), self.part(x, block.x));
            let user = self.in_grid(&user, Rows::Requests, &[block.columns]);
            (self.graph.op("Mul", &[&candidate, &user]), block.columns)
        });
        let products = products.collect();
        self.push(products, Form::Grid, Rows::Candidates)
    }

    fn attention(&mut self, operands: AttentionOperands<'_, Recorded>) -> Recorded {
        self.self_attention(operands)
    }

    fn cross_attention(&mut self, operands: CrossOperands<'_, Recorded>) -> Recorded {
        self.absorbed_attention(operands)
    }

    fn log_probabilities(&mut self, x: Recorded, t: Recorded, _: &Arc<Segments>, positions: usize) -> Recorded {
        let (x, t) = (self.grid(x), self.grid(t));
        let t = self.graph.transpose(&t, &[0, 2, 1]);
        let logits = self.graph.op("MatMul", &[&x, &t]);
        let logits = self.without_absent(logits, Rows::Candidates, &[2]);
        let logs = self.graph.op_with("LogSoftmax", &[&logits], vec![int("axis", 1)]);
        self.grid_value(logs, positions, Rows::Candidates)
    }

    fn dropout(&mut self, x: Recorded, _: f32) -> Recorded {
        x
    }

    /// A graph has no numbers until it is run.
    ///
    /// # Panics
    /// Always: no forward pass may look at numbers, or it could not be recorded.
    fn data(&self, value: Recorded) -> &[f32] {
        panic!("{:?} has no numbers: a forward pass that looks at them cannot be recorded", self.values[value.0].parts)
    }

    fn shape(&self, value: Recorded) -> [usize; 2] {
        let rows = match self.rows(value) {
            Rows::Requests => self.trace.requests,
            Rows::Candidates => self.trace.candidates,
            Rows::Shared => self.trace.positions,
            Rows::Positions => self.trace.requests * self.trace.positions,
            Rows::Places => self.trace.places,
        };
        [rows, self.columns(value)]
    }
}

impl Recorder<'_> {
    fn activated(&mut self, x: Name, activation: Activation) -> Name {
        match activation {
            Activation::Identity => x,
            Activation::Relu => self.graph.op("Relu", &[&x]),
            Activation::Gelu => self.graph.op_with("Gelu", &[&x], vec![text("approximate", "tanh")]),
            Activation::Sigmoid => self.graph.op("Sigmoid", &[&x]),
            Activation::Tanh => self.graph.op("Tanh", &[&x]),
        }
    }

    /// The part of a value that begins at a column.
    fn part(&self, value: Recorded, first: usize) -> Name {
        let mut start = 0;
        let starts_there = |(_, columns): &&(Name, usize)| {
            let found = start == first;
            start += columns;
            found
        };
        let part = self.values[value.0].parts.iter().find(starts_there);
        part.expect("an interaction is of whole embeddings").0.clone()
    }
}
