//! y_r = x_r + u_s(r), s(r) being the segment of row r; d_x = d_y and d_u_s = Σ_{r in s} d_y_r.

use std::sync::Arc;

use nar4rec_kernels::column_sums;
use nar4rec_tensor::{Exec, Segments, forward};

use crate::tape::{Context, Operation, Tape, TapeValue};

struct AddSpread {
    x: TapeValue,
    spread: TapeValue,
    segments: Arc<Segments>,
}

pub(crate) fn record(tape: &mut Tape<'_>, x: TapeValue, spread: TapeValue, segments: &Arc<Segments>) -> TapeValue {
    tape.record(tape.shape(x), |context, y| {
        y.copy_from_slice(context.view(x).data);
        forward::add_spread(context.isa(), context.view(spread), segments, y);
        AddSpread { x, spread, segments: Arc::clone(segments) }
    })
}

impl Operation for AddSpread {
    fn backward(self: Box<Self>, context: &mut Context<'_>, d: Vec<f32>) {
        if context.wants(self.spread) {
            let columns = context.view(self.spread).columns;
            let mut d_spread = context.memory.pool.take(self.segments.count() * columns);
            d_spread.fill(0.0);
            for (rows, sums) in self.segments.iter().zip(d_spread.chunks_exact_mut(columns)) {
                column_sums(context.isa(), &d[rows.start * columns..rows.end * columns], sums);
            }
            context.add(self.spread, d_spread);
        }
        context.add(self.x, d);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::{Check, matrix};

    #[test]
    fn gradients() {
        let segments = Arc::new(Segments::of_lengths([2, 0, 3]));
        let of_row = [0, 0, 2, 2, 2];
        Check::new().run(
            &[[5, 4], [3, 4]],
            |tape, x| record(tape, x[0], x[1], &segments),
            |x, _| matrix::zip(&x[0], &of_row.map(|segment: usize| x[1][segment].clone()), |a, b| a + b),
        );
    }
}
