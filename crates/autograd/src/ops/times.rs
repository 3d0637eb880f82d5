//! y = x ∘ b, number by number, where b may be a single column; d_x = d_y ∘ b, d_b = d_y ∘ x, summed over columns if it is.

use nar4rec_kernels::{dot, multiply};
use nar4rec_tensor::{Exec, forward};

use crate::tape::{Context, Operation, Tape, TapeValue};

struct Times {
    x: TapeValue,
    by: TapeValue,
}

pub(crate) fn record(tape: &mut Tape<'_>, x: TapeValue, by: TapeValue) -> TapeValue {
    tape.record(tape.shape(x), |context, y| {
        y.copy_from_slice(context.view(x).data);
        forward::times(context.isa(), context.view(by), y);
        Times { x, by }
    })
}

impl Operation for Times {
    fn backward(self: Box<Self>, context: &mut Context<'_>, mut d: Vec<f32>) {
        let isa = context.isa();
        if context.wants(self.by) {
            let mut d_by = context.memory.pool.take(context.view(self.by).data.len());
            let (x, by) = (context.view(self.x), context.view(self.by));
            if by.columns == x.columns {
                d_by.copy_from_slice(&d);
                multiply(isa, &mut d_by, x.data);
            } else {
                let rows = d.chunks_exact(x.columns).zip(x.data.chunks_exact(x.columns));
                d_by.iter_mut().zip(rows).for_each(|(d_by, (d, x))| *d_by = dot(isa, d, x));
            }
            context.add(self.by, d_by);
        }
        forward::times(isa, context.view(self.by), &mut d);
        context.add(self.x, d);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::{Check, matrix};

    #[test]
    fn gradients() {
        let check = Check::new();
        let run = |tape: &mut Tape<'_>, x: &[TapeValue]| record(tape, x[0], x[1]);
        check.run(&[[3, 5], [3, 5]], run, |x, _| matrix::zip(&x[0], &x[1], |a, b| a * b));
        check.run(&[[3, 5], [3, 1]], run, |x, _| {
            let row = |(x, by): (&Vec<f64>, &Vec<f64>)| x.iter().map(|x| x * by[0]).collect();
            x[0].iter().zip(&x[1]).map(row).collect()
        });
        check.run(&[[2, 3]], |tape, x| record(tape, x[0], x[0]), |x, _| matrix::map(&x[0], |a| a * a));
    }
}
