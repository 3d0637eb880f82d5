//! y_r = mean of the table's rows in bag r; each of those rows receives d_y / |bag|.

use nar4rec_kernels::scale;
use nar4rec_tensor::{Bags, ParameterId, forward};

use crate::tape::{Context, Operation, Tape, TapeValue};

struct Embed {
    table: ParameterId,
    offsets: Vec<u32>,
    ids: Vec<u32>,
}

pub(crate) fn record(tape: &mut Tape<'_>, id: ParameterId, bags: Bags<'_>) -> TapeValue {
    let table = tape.weights().table(id);
    tape.record([bags.offsets.len().saturating_sub(1), table.columns], |context, y| {
        forward::embed(context.isa(), table, bags, y);
        Embed { table: id, offsets: bags.offsets.to_vec(), ids: bags.ids.to_vec() }
    })
}

impl Operation for Embed {
    fn backward(&self, context: &mut Context<'_>, d: Vec<f32>) {
        let columns = context.weights.table(self.table).columns;
        let isa = context.isa();
        let rows = context.gradients.rows_mut(self.table);
        for (bag, d) in self.offsets.windows(2).zip(d.chunks_exact(columns)) {
            let ids = &self.ids[bag[0] as usize..bag[1] as usize];
            for id in ids {
                rows.ids.push(*id);
                let start = rows.values.len();
                rows.values.extend_from_slice(d);
                if ids.len() > 1 {
                    scale(isa, &mut rows.values[start..], 1.0 / ids.len() as f32);
                }
            }
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
        let table = check.parameter([5, 3], Kind::Table);
        let (offsets, ids) = ([0, 1, 1, 4], [3, 0, 3, 3]);
        check.run(
            &[],
            |tape, _| record(tape, table, Bags { offsets: &offsets, ids: &ids }),
            |_, p| {
                let mean = |bag: &[usize]| -> Vec<f64> {
                    (0..3).map(|c| bag.iter().map(|id| p[0][*id][c]).sum::<f64>() / bag.len().max(1) as f64).collect()
                };
                vec![mean(&[3]), mean(&[]), mean(&[0, 3, 3])]
            },
        );
    }
}
