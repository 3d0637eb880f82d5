//! Row r of y is row `rows[r]` of x; a row of x receives the sum over all places it went to.

use std::sync::Arc;

use nar4rec_kernels::add;
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
        let x = context.view(self.x);
        let (len, columns) = (x.data.len(), x.columns);
        let mut d_x = context.memory.pool.take(len);
        d_x.fill(0.0);
        for (row, d) in self.rows.iter().zip(d.chunks_exact(columns)) {
            add(context.isa(), &mut d_x[*row as usize * columns..][..columns], d);
        }
        context.memory.pool.give(d);
        context.add(self.x, d_x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::Check;

    #[test]
    fn gradients() {
        let rows = Arc::new(vec![2, 0, 2, 2]);
        Check::new().run(
            &[[3, 4]],
            |tape, x| record(tape, x[0], &rows),
            |x, _| rows.iter().map(|row| x[0][*row as usize].clone()).collect(),
        );
    }
}
