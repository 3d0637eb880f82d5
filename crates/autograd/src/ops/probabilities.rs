//! log P̂ of each segment: z = x·tᵀ, y_ij = z_ij − ln Σ_i′ exp z_i′j (docs/method.md §1).
//!
//! d_z = d_y − P̂ ∘ Σ_i d_y, then d_x = d_z·t and d_t = d_zᵀ·x.

use std::sync::Arc;

use nar4rec_kernels::{Epilogue, Write, gemm, log_softmax_columns_backward};
use nar4rec_tensor::{
    Exec, Segments,
    forward::{self, View},
};

use crate::tape::{Context, Operation, Tape, TapeValue};

struct Probabilities {
    x: TapeValue,
    t: TapeValue,
    segments: Arc<Segments>,
    positions: usize,
    /// The result, for P̂ = exp y.
    logs: Vec<f32>,
}

pub(crate) fn record(
    tape: &mut Tape<'_>,
    [x, t]: [TapeValue; 2],
    segments: &Arc<Segments>,
    positions: usize,
) -> TapeValue {
    debug_assert_eq!(tape.shape(t)[0], segments.count() * positions, "one row of t per position and segment");
    tape.record([segments.rows(), positions], |context, y| {
        let mut packed = std::mem::take(&mut context.memory.packed);
        let operands = [context.view(x), context.view(t)];
        forward::log_probabilities(context.isa(), operands, (segments, positions), y, &mut packed);
        context.memory.packed = packed;
        let mut logs = context.memory.pool.take(y.len());
        logs.copy_from_slice(y);
        Probabilities { x, t, segments: Arc::clone(segments), positions, logs }
    })
}

impl Operation for Probabilities {
    fn backward(self: Box<Self>, context: &mut Context<'_>, mut d: Vec<f32>) {
        let (isa, positions) = (context.isa(), self.positions);
        let mut packed = std::mem::take(&mut context.memory.packed);
        let (mut d_x, write_x) = context.take(self.x);
        let (mut d_t, write_t) = context.take(self.t);
        for (index, rows) in self.segments.iter().enumerate() {
            let part = rows.start * positions..rows.end * positions;
            log_softmax_columns_backward(isa, &self.logs[part.clone()], &mut d[part], positions);
            let (x, t) = (context.view(self.x), context.view(self.t));
            let width = x.columns;
            let d_z = View { data: &d, columns: positions }.matrix(&rows);
            let of_t = index * positions..(index + 1) * positions;
            let onto = |write: Write<'static>| Epilogue { write, ..Epilogue::OVER };
            packed.repack(isa, t.matrix(&of_t));
            gemm(isa, d_z, &packed, (&mut d_x[rows.start * width..rows.end * width], width), onto(write_x));
            packed.repack(isa, x.matrix(&rows));
            let d_t = &mut d_t[of_t.start * width..of_t.end * width];
            gemm(isa, d_z.transposed(), &packed, (d_t, width), onto(write_t));
        }
        context.memory.packed = packed;
        context.put(self.x, d_x);
        context.put(self.t, d_t);
        context.memory.pool.give(self.logs);
        context.memory.pool.give(d);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::{Check, matrix};

    #[test]
    fn gradients() {
        let segments = Arc::new(Segments::of_lengths([3, 1, 5]));
        Check::new().run(
            &[[9, 4], [6, 4]],
            |tape, x| record(tape, [x[0], x[1]], &segments, 2),
            |x, _| {
                let mut out = Vec::new();
                for (index, rows) in segments.iter().enumerate() {
                    let logits = matrix::product(&x[0][rows], &matrix::transposed(&x[1][2 * index..2 * index + 2]));
                    let total = |j: usize| logits.iter().map(|row| row[j].exp()).sum::<f64>().ln();
                    let totals = [total(0), total(1)];
                    out.extend(logits.iter().map(|row| vec![row[0] - totals[0], row[1] - totals[1]]));
                }
                out
            },
        );
    }
}
