//! A long short-term memory cell (Hochreiter and Schmidhuber 1997), one row per sequence.
//!
//! ```text
//!   [i f g o] = W_x·x + b + W_h·h        c ← σ(f) ∘ c + σ(i) ∘ tanh(g)        h ← σ(o) ∘ tanh(c)
//! ```
//!
//! A state is `[sequences, 2w]`, h and c side by side. The four gates come of one product, and blocks of columns are taken apart
//! as rows: a matrix of k blocks of w columns is, read again in rows of w, the blocks of each row one after another.

use std::sync::Arc;

use nar4rec_layers::Linear;
use nar4rec_tensor::{Activation, Exec, Registry};

/// The cell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lstm {
    input: Linear,
    hidden: Linear,
    width: usize,
}

/// Where the blocks of as many rows as there are sequences stand.
#[derive(Debug, Clone)]
pub(crate) struct Sequences {
    gates: [Arc<Vec<u32>>; 4],
    halves: [Arc<Vec<u32>>; 2],
}

impl Sequences {
    /// So many sequences.
    pub(crate) fn new(count: usize) -> Self {
        Self { gates: blocks(count), halves: blocks(count) }
    }
}

/// Of each of K blocks the rows it has among the blocks of `count` rows.
fn blocks<const K: usize>(count: usize) -> [Arc<Vec<u32>>; K] {
    std::array::from_fn(|block| Arc::new((0..count).map(|row| (row * K + block) as u32).collect()))
}

impl Lstm {
    /// Declares the parameters of a cell whose inputs and states have `width` numbers.
    pub(crate) fn new(registry: &mut Registry, width: usize) -> Self {
        Self {
            input: registry.scope("input", |registry| Linear::new(registry, width, 4 * width)),
            hidden: registry.scope("hidden", |registry| Linear::without_bias(registry, width, 4 * width)),
            width,
        }
    }

    /// W_x·x + b, which does not depend on the state: `[rows, 4w]`.
    pub(crate) fn read<E: Exec>(&self, ex: &mut E, x: E::Value) -> E::Value {
        self.input.forward(ex, x)
    }

    /// The next states, given W_x·x + b of what each sequence reads.
    pub(crate) fn step<E: Exec>(&self, ex: &mut E, read: E::Value, state: E::Value, sequences: &Sequences) -> E::Value {
        ex.scope(|ex| {
            let states = ex.reshape(state, self.width);
            let [h, c] = sequences.halves.each_ref().map(|rows| ex.gather(states, rows));
            let sum = self.hidden.onto(ex, read, h, 0.0);
            let gates = ex.reshape(sum, self.width);
            let [i, f, g, o] = sequences.gates.each_ref().map(|rows| ex.gather(gates, rows));
            let [i, f, o] = [i, f, o].map(|gate| ex.activate(gate, Activation::Sigmoid));
            let g = ex.activate(g, Activation::Tanh);
            let (kept, written) = (ex.times(c, f), ex.times(g, i));
            let c = ex.add(kept, written);
            let seen = ex.activate(c, Activation::Tanh);
            let h = ex.times(seen, o);
            ex.concat(&[h, c])
        })
    }

    /// h of states.
    pub(crate) fn hidden<E: Exec>(&self, ex: &mut E, state: E::Value, sequences: &Sequences) -> E::Value {
        let states = ex.reshape(state, self.width);
        ex.gather(states, &sequences.halves[0])
    }
}
