//! Embeddings side by side: block b of y_r is the mean of the rows of table b in bag r; each of those rows receives the
//! block's d_y / |bag|.

use nar4rec_kernels::scale;
use nar4rec_tensor::{Bags, ParameterId, forward};

use crate::tape::{Context, Operation, Tape, TapeValue};

/// One table and its bags.
struct Part {
    table: ParameterId,
    offsets: Vec<u32>,
    ids: Vec<u32>,
}

struct Embed(Vec<Part>);

pub(crate) fn record<'b>(
    tape: &mut Tape<'_>,
    parts: impl Iterator<Item = (ParameterId, Bags<'b>)> + Clone,
) -> TapeValue {
    let weights = tape.weights();
    let rows = parts.clone().next().map_or(0, |(_, bags)| bags.len());
    let columns = parts.clone().map(|(table, _)| weights.table(table).columns).sum();
    tape.record([rows, columns], |context, y| {
        let mut left = 0;
        for (table, bags) in parts.clone() {
            let table = weights.table(table);
            forward::embed(context.isa(), table, bags, (&mut *y, columns), left);
            left += table.columns;
        }
        let kept = |(table, bags): (_, Bags<'_>)| Part { table, offsets: bags.offsets.into(), ids: bags.ids.into() };
        Embed(parts.map(kept).collect())
    })
}

impl Operation for Embed {
    fn backward(self: Box<Self>, context: &mut Context<'_>, d: Vec<f32>) {
        let isa = context.isa();
        let width = |part: &Part| context.weights.table(part.table).columns;
        let columns: usize = self.0.iter().map(width).sum();
        let mut left = 0;
        for part in &self.0 {
            let right = left + width(part);
            let rows = context.gradients.rows_mut(part.table);
            for (bag, d) in part.offsets.windows(2).zip(d.chunks_exact(columns)) {
                let ids = &part.ids[bag[0] as usize..bag[1] as usize];
                for id in ids {
                    rows.ids.push(*id);
                    let start = rows.values.len();
                    rows.values.extend_from_slice(&d[left..right]);
                    if ids.len() > 1 {
                        scale(isa, &mut rows.values[start..], 1.0 / ids.len() as f32);
                    }
                }
            }
            left = right;
        }
        context.memory.pool.give(d);
    }
}

#[cfg(test)]
mod tests {
    use nar4rec_tensor::Kind;

    use super::*;
    use crate::ops::check::Check;

    #[test]
    fn gradients() {
        let mut check = Check::new();
        let tables = [check.parameter([5, 3], Kind::Table), check.parameter([2, 4], Kind::Table)];
        let bags = [([0, 1, 1, 4], [3, 0, 3, 3]), ([0, 2, 3, 4], [0, 1, 1, 0])];
        let parts = || tables.iter().zip(&bags).map(|(table, (offsets, ids))| (*table, Bags { offsets, ids }));
        check.run(
            &[],
            |tape, _| record(tape, parts()),
            |_, p| {
                let mean = |table: usize, bag: &[usize]| -> Vec<f64> {
                    let column = |c| bag.iter().map(|id| p[table][*id][c]).sum::<f64>() / bag.len().max(1) as f64;
                    (0..p[table][0].len()).map(column).collect()
                };
                let row = |a: &[usize], b: &[usize]| [mean(0, a), mean(1, b)].concat();
                vec![row(&[3], &[0, 1]), row(&[], &[1]), row(&[0, 3, 3], &[0])]
            },
        );
    }
}
