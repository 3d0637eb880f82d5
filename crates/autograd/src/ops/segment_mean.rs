//! y_s = mean of the rows of segment s; each of those rows receives d_y / |s|.

use std::sync::Arc;

use nar4rec_kernels::scale;
use nar4rec_tensor::{Exec, Segments, forward};

use crate::tape::{Context, Operation, Tape, TapeValue};

struct SegmentMean {
    x: TapeValue,
    segments: Arc<Segments>,
}

pub(crate) fn record(tape: &mut Tape<'_>, x: TapeValue, segments: &Arc<Segments>) -> TapeValue {
    let columns = tape.shape(x)[1];
    tape.record([segments.count(), columns], |context, y| {
        forward::segment_mean(context.isa(), context.view(x), segments, y);
        SegmentMean { x, segments: Arc::clone(segments) }
    })
}

impl Operation for SegmentMean {
    fn backward(self: Box<Self>, context: &mut Context<'_>, d: Vec<f32>) {
        let x = context.view(self.x);
        let (len, columns) = (x.data.len(), x.columns);
        let mut d_x = context.memory.pool.take(len);
        for (rows, d) in self.segments.iter().zip(d.chunks_exact(columns)) {
            let share = 1.0 / rows.len() as f32;
            for to in d_x[rows.start * columns..rows.end * columns].chunks_exact_mut(columns) {
                to.copy_from_slice(d);
                scale(context.isa(), to, share);
            }
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
        let segments = Arc::new(Segments::of_lengths([3, 0, 2]));
        let mean = |rows: &[Vec<f64>]| -> Vec<f64> {
            (0..4).map(|c| rows.iter().map(|row| row[c]).sum::<f64>() / rows.len().max(1) as f64).collect()
        };
        Check::new().run(
            &[[5, 4]],
            |tape, x| record(tape, x[0], &segments),
            |x, _| segments.iter().map(|rows| mean(&x[0][rows])).collect(),
        );
    }
}
