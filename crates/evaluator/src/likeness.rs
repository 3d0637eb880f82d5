//! How alike an item is to those above it, told to the evaluator as numbers.
//!
//! ```text
//!   u_i = W_s·x_i                                                            a space of likeness, learned
//!   s_jb = max(0, cos(u_j, u_{j−b})),  b = 1 … m − 1                          0 where nothing stands b places above
//!   x_j ← x_j + W_a·s_j + b_a
//! ```
//!
//! Users tire of what they have just seen (Cao et al., AAAI 2020), and Deep DPP and MMR diversify by cosines. Attention can learn
//! a likeness too, but its weights sum to one: how much of the list is like an item is the one thing it does not say. With W_s
//! learned, the feedback decides what alike means: the same author for a feed, the same shop for a market.

use nar4rec_layers::Linear;
use nar4rec_tensor::{Activation, Exec, Registry};

use crate::Lists;

/// The layer that tells places how alike their items are to those above.
#[derive(Debug, Clone)]
pub(crate) struct Likeness {
    /// W_s
    space: Linear,
    /// W_a
    told: Linear,
    /// How many places above are looked at.
    reach: usize,
}

impl Likeness {
    /// A layer for states of `width` numbers in lists of at most `list_length`, alike by `numbers` of them. None if there is
    /// nothing to compare.
    pub(crate) fn new(registry: &mut Registry, list_length: usize, width: usize, numbers: usize) -> Option<Self> {
        let reach = list_length.saturating_sub(1);
        (reach > 0 && numbers > 0).then(|| Self {
            space: registry.scope("space", |registry| Linear::without_bias(registry, width, numbers)),
            told: registry.scope("told", |registry| Linear::edge(registry, reach, width)),
            reach,
        })
    }

    /// x `[places, d]` with what `states` of the candidates `[rows, d]` say of likeness added.
    pub(crate) fn forward<E: Exec>(&self, ex: &mut E, x: E::Value, states: E::Value, lists: &Lists) -> E::Value {
        ex.scope(|ex| {
            let space = self.space.forward(ex, states);
            let shown = ex.gather(space, &lists.rows);
            let alike = ex.cosines_above(shown, &lists.segments, self.reach);
            let alike = ex.activate(alike, Activation::Relu);
            self.told.onto(ex, x, alike, 0.0)
        })
    }
}
