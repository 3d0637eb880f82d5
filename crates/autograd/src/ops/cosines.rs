//! y_jb = cos(x_j, x_i), i the row b + 1 above j in its segment; 0 where there is none, or one of them is zero.
//!
//! With u = x / ‖x‖: d_x_j += d_y_jb (u_i − y_jb u_j) / ‖x_j‖, and the same with i and j exchanged.

use std::sync::Arc;

use nar4rec_kernels::axpy;
use nar4rec_tensor::{
    Exec, Segments,
    forward::{self, inverse_norm},
};

use crate::tape::{Context, Operation, Tape, TapeValue};

struct CosinesAbove {
    x: TapeValue,
    segments: Arc<Segments>,
    cosines: Vec<f32>,
}

pub(crate) fn record(tape: &mut Tape<'_>, x: TapeValue, segments: &Arc<Segments>, reach: usize) -> TapeValue {
    let rows = tape.shape(x)[0];
    tape.record([rows, reach], |context, y| {
        forward::cosines_above(context.isa(), context.view(x), segments, y);
        let mut cosines = context.memory.pool.take(y.len());
        cosines.copy_from_slice(y);
        CosinesAbove { x, segments: Arc::clone(segments), cosines }
    })
}

impl Operation for CosinesAbove {
    fn backward(self: Box<Self>, context: &mut Context<'_>, d: Vec<f32>) {
        let (isa, x) = (context.isa(), context.view(self.x));
        let (len, columns) = (x.data.len(), x.columns);
        let mut d_x = context.memory.pool.take(len);
        d_x.fill(0.0);
        let x = context.view(self.x);
        let reach = d.len().checked_div(x.rows()).unwrap_or(0);
        for rows in self.segments.iter() {
            for j in rows.clone() {
                for back in 0..reach.min(j - rows.start) {
                    let (i, at) = (j - 1 - back, j * reach + back);
                    let inverses = [i, j].map(|row| inverse_norm(isa, x.row(row)));
                    let along = d[at] * inverses[0] * inverses[1];
                    for (to, other, inverse) in [(j, i, inverses[1]), (i, j, inverses[0])] {
                        let to_d = &mut d_x[to * columns..][..columns];
                        axpy(isa, to_d, x.row(other), along);
                        axpy(isa, to_d, x.row(to), -d[at] * self.cosines[at] * inverse * inverse);
                    }
                }
            }
        }
        context.memory.pool.give(d);
        context.memory.pool.give(self.cosines);
        context.add(self.x, d_x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::Check;

    #[test]
    fn gradients() {
        let segments = Arc::new(Segments::of_lengths([3, 0, 1, 4]));
        let cosine = |a: &[f64], b: &[f64]| {
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
        };
        Check::new().run(
            &[[8, 3]],
            |tape, x| record(tape, x[0], &segments, 2),
            |x, _| {
                let place = [0, 1, 2, 0, 0, 1, 2, 3];
                let above = |row: usize, back: usize| {
                    if back <= place[row] { cosine(&x[0][row], &x[0][row - back]) } else { 0.0 }
                };
                (0..8).map(|row| vec![above(row, 1), above(row, 2)]).collect()
            },
        );
    }

    #[test]
    fn zeros_are_like_nothing() {
        use nar4rec_tensor::{Isa, Parameters, Purpose, Weights};

        use crate::TapeMemory;

        let weights = Weights::new(Parameters::initialise([].into(), 1), Isa::detect(), Purpose::Training);
        let mut memory = TapeMemory::default();
        let mut tape = Tape::new(&weights, &mut memory, 0);
        let x = tape.input(&[3.0, 4.0, 0.0, 0.0, 6.0, 8.0], 2);
        let y = tape.cosines_above(x, &Arc::new(Segments::of_lengths([3])), 2);
        assert_eq!(tape.data(y), [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    }
}
