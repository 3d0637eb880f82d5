//! The two kinds of attention as nodes.
//!
//! ```text
//!   self    q, k, v [·, heads, rows, h]     P = softmax(q·kᵀ/√h)                        P·v
//!   cross   as the executor of inference: keys and values are never made
//!           Q′ = q·W_k [·, heads·m, d]      P = softmax(Q′·memoryᵀ)   U = P·memory      U·W_vᵀ + b_v
//! ```
//!
//! Runtimes merge the scale and the turned operand into the product. W_k, W_v and b_v are cut out of their parameters by nodes
//! over constants, which a runtime runs once; so is Q′ of the first layer where positions are shared.

use nar4rec_tensor::{AttentionOperands, CrossOperands};

use super::{Name, Recorded, Recorder, Rows};
use crate::graph::int;

impl Recorder<'_> {
    pub(super) fn self_attention(&mut self, operands: AttentionOperands<'_, Recorded>) -> Recorded {
        let (rows, shape) = (self.rows(operands.q.0), operands.shape);
        let q = self.heads(operands.q, shape.heads, shape.width, &[0, 2, 1, 3]);
        let k = self.heads(operands.k, shape.heads, shape.width, &[0, 2, 3, 1]);
        let v = self.heads(operands.v, shape.heads, shape.width, &[0, 2, 1, 3]);
        let q = self.scaled(&q, shape.width / shape.heads);
        let scores = self.graph.op("MatMul", &[&q, &k]);
        let mixed = self.mixed(scores, &v, self.rows(operands.k.0), &[1, 2]);
        let mixed = self.joined_heads(&mixed, shape.width);
        self.flat_value(mixed, shape.width, rows)
    }

    pub(super) fn absorbed_attention(&mut self, operands: CrossOperands<'_, Recorded>) -> Recorded {
        let (heads, width) = (operands.shape.heads, operands.shape.width);
        let (each, m) = (width / heads, self.trace.positions);
        let (head, wide, m) = (each as i64, width as i64, m as i64);
        let weights = self.weight(operands.weights.weight);
        let [keys, values] = self.halves(&weights).map(|half| self.graph.reshape(&half, &[-1, head, wide]));

        let q = self.heads((operands.q, 0), heads, width, &[0, 2, 1, 3]);
        let q = self.scaled(&q, each);
        let lifted = self.graph.op("MatMul", &[&q, &keys]);
        let lifted = self.graph.reshape(&lifted, &[-1, heads as i64 * m, wide]);
        let memory = self.grid(operands.memory);
        let turned = self.graph.transpose(&memory, &[0, 2, 1]);
        let scores = self.graph.op("MatMul", &[&lifted, &turned]);
        let read = self.mixed(scores, &memory, self.rows(operands.memory), &[1]);
        let read = self.graph.reshape(&read, &[-1, heads as i64, m, wide]);
        let values = self.graph.transpose(&values, &[0, 2, 1]);
        let mixed = self.graph.op("MatMul", &[&read, &values]);
        let mut mixed = self.joined_heads(&mixed, width);
        if let Some(bias) = operands.weights.bias {
            let bias = self.weight(bias);
            let [_, of_values] = self.halves(&bias);
            mixed = self.graph.op("Add", &[&mixed, &of_values]);
        }
        self.flat_value(mixed, width, Rows::Positions)
    }

    /// The first and the second half of a parameter.
    fn halves(&mut self, parameter: &str) -> [Name; 2] {
        let mut halves = self.graph.split(parameter, 0, 2).into_iter();
        std::array::from_fn(|_| halves.next().expect("a split in two has two parts"))
    }

    /// `width` columns from `column` on as heads: rows and columns of each, in the order given of `[·, row, head, column]`.
    fn heads(&mut self, (value, column): (Recorded, usize), heads: usize, width: usize, order: &[i64]) -> Name {
        let (rows, columns) = (self.rows(value), self.columns(value));
        let mut part = self.flat(value);
        if columns > width {
            part = self.graph.split(&part, -1, columns / width).swap_remove(column / width);
        }
        let part = self.in_grid(&part, rows, &[heads, width / heads]);
        self.graph.transpose(&part, order)
    }

    fn scaled(&mut self, q: &str, head: usize) -> Name {
        let scale = self.graph.number(1.0 / (head as f32).sqrt());
        self.graph.op("Mul", &[q, &scale])
    }

    /// softmax(scores)·v, where the last axis of the scores are rows of which some may be missing; `others` are the axes
    /// between the first and the last.
    fn mixed(&mut self, scores: Name, v: &str, rows: Rows, others: &[i64]) -> Name {
        let scores = self.without_absent(scores, rows, others);
        let probabilities = self.graph.op_with("Softmax", &[&scores], vec![int("axis", -1)]);
        self.graph.op("MatMul", &[&probabilities, v])
    }

    /// The heads of each row side by side again.
    fn joined_heads(&mut self, mixed: &str, width: usize) -> Name {
        let rows = self.graph.transpose(mixed, &[0, 2, 1, 3]);
        self.graph.reshape(&rows, &[-1, width as i64])
    }
}
