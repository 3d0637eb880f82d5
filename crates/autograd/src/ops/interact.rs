//! Products of blocks of columns: y_r = wide_s(r) ∘ x_r, block by block, s(r) being the segment of row r.
//!
//! d_wide_s = Σ_{r in s} d_y_r ∘ x_r, d_x_r = d_y_r ∘ wide_s(r).

use std::sync::Arc;

use nar4rec_kernels::{Isa, add, multiply};
use nar4rec_tensor::{
    Interaction, Segments,
    forward::{self, View},
};

use crate::tape::{Context, Operation, Tape, TapeValue};

struct Interact {
    wide: TapeValue,
    x: TapeValue,
    segments: Arc<Segments>,
    blocks: Arc<[Interaction]>,
}

pub(crate) fn record(
    tape: &mut Tape<'_>,
    [wide, x]: [TapeValue; 2],
    segments: &Arc<Segments>,
    blocks: &Arc<[Interaction]>,
) -> TapeValue {
    tape.record([segments.rows(), forward::interaction_columns(blocks)], |context, y| {
        let operands = [context.view(wide), context.view(x)];
        forward::interact(context.isa(), operands, segments, blocks, y);
        Interact { wide, x, segments: Arc::clone(segments), blocks: Arc::clone(blocks) }
    })
}

/// d ∘ factor, added to `sum`.
fn add_product(isa: Isa, sum: &mut [f32], d: &[f32], factor: &[f32], product: &mut Vec<f32>) {
    product.clear();
    product.extend_from_slice(d);
    multiply(isa, product, factor);
    add(isa, sum, product);
}

impl Operation for Interact {
    fn backward(self: Box<Self>, context: &mut Context<'_>, d: Vec<f32>) {
        let isa = context.isa();
        let columns = forward::interaction_columns(&self.blocks);
        let mut grown = [self.wide, self.x].map(|value| {
            let mut d = context.memory.pool.take(context.view(value).data.len());
            d.fill(0.0);
            d
        });
        let mut product = context.memory.pool.take(0);
        let (wide, x) = (context.view(self.wide), context.view(self.x));
        let [d_wide, d_x] = &mut grown;
        let of = |view: View<'_>, row: usize, column: usize, width: usize| {
            let start = row * view.columns + column;
            start..start + width
        };
        for (segment, rows) in self.segments.iter().enumerate() {
            for row in rows {
                let mut d = &d[row * columns..][..columns];
                for block in self.blocks.iter() {
                    let d = d.split_off(..block.columns).expect("a row has the columns of every block");
                    let in_wide = of(wide, segment, block.wide, block.columns);
                    let in_x = of(x, row, block.x, block.columns);
                    add_product(isa, &mut d_wide[in_wide.clone()], d, &x.data[in_x.clone()], &mut product);
                    add_product(isa, &mut d_x[in_x], d, &wide.data[in_wide], &mut product);
                }
            }
        }
        let [d_wide, d_x] = grown;
        context.add(self.wide, d_wide);
        context.add(self.x, d_x);
        context.memory.pool.give(product);
        context.memory.pool.give(d);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::Check;

    #[test]
    fn gradients() {
        let segments = Arc::new(Segments::of_lengths([2, 0, 1]));
        let block = |wide, x, columns| Interaction { wide, x, columns };
        // Blocks may overlap: one embedding can be part of several interactions.
        let blocks: Arc<[Interaction]> = [block(0, 1, 2), block(1, 0, 3)].into();
        Check::new().run(
            &[[3, 4], [3, 3]],
            |tape, x| record(tape, [x[0], x[1]], &segments, &blocks),
            |x, _| {
                let row = |segment: usize, row: usize| -> Vec<f64> {
                    let of = |block: &Interaction| -> Vec<f64> {
                        let column = |c| x[0][segment][block.wide + c] * x[1][row][block.x + c];
                        (0..block.columns).map(column).collect()
                    };
                    blocks.iter().flat_map(of).collect()
                };
                vec![row(0, 0), row(0, 1), row(2, 2)]
            },
        );
    }
}
