//! Row r of y is row `rows[r]` of x; a row of x receives the sum over all places it went to.

use std::sync::Arc;

use nar4rec_kernels::{Write, add};
use nar4rec_tensor::{Exec, forward};

use crate::tape::{Context, Operation, Tape, TapeValue};

struct Gather {
    x: TapeValue,
    rows: Arc<Vec<u32>>,
}

pub(crate) fn record(tape: &mut Tape<'_>, x: TapeValue, rows: &Arc<Vec<u32>>) -> TapeValue {
    let columns = tape.shape(x)[1];
    tape.record([rows.len(), columns], |context, y| {
        forward::gather(context.view(x), rows, y);
        Gather { x, rows: Arc::clone(rows) }
    })
}

impl Operation for Gather {
    fn backward(self: Box<Self>, context: &mut Context<'_>, d: Vec<f32>) {
        if context.wants(self.x) {
            let (isa, columns) = (context.isa(), context.view(self.x).columns);
            // Onto what is there: a value of many rows may be gathered from many times, a few rows each.
            let (mut d_x, write) = context.take(self.x);
            if write == Write::Over {
                d_x.fill(0.0);
            }
            for (row, d) in self.rows.iter().zip(d.chunks_exact(columns)) {
                add(isa, &mut d_x[*row as usize * columns..][..columns], d);
            }
            context.put(self.x, d_x);
        }
        context.memory.pool.give(d);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::{Check, matrix};

    #[test]
    fn gradients() {
        let rows = Arc::new(vec![2, 0, 2, 2]);
        Check::new().run(
            &[[3, 4]],
            |tape, x| record(tape, x[0], &rows),
            |x, _| rows.iter().map(|row| x[0][*row as usize].clone()).collect(),
        );
    }

    #[test]
    fn what_is_gathered_from_twice_gets_both_gradients() {
        let [some, others] = [vec![2, 0], vec![1, 2]].map(Arc::new);
        Check::new().run(
            &[[3, 4]],
            |tape, x| {
                let (some, others) = (record(tape, x[0], &some), record(tape, x[0], &others));
                tape.add(some, others)
            },
            |x, _| matrix::zip(&[x[0][2].clone(), x[0][0].clone()], &[x[0][1].clone(), x[0][2].clone()], |a, b| a + b),
        );
    }
}
