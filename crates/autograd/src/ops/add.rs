//! y = a + b; both receive d_y.

use nar4rec_kernels::add;
use nar4rec_tensor::Exec;

use crate::tape::{Context, Operation, Tape, TapeValue};

struct Add([TapeValue; 2]);

pub(crate) fn record(tape: &mut Tape<'_>, a: TapeValue, b: TapeValue) -> TapeValue {
    tape.record(tape.shape(a), |context, y| {
        y.copy_from_slice(context.view(a).data);
        add(context.isa(), y, context.view(b).data);
        Add([a, b])
    })
}

impl Operation for Add {
    fn backward(self: Box<Self>, context: &mut Context<'_>, d: Vec<f32>) {
        let [a, b] = self.0;
        if context.wants(b) {
            let mut copy = context.memory.pool.take(d.len());
            copy.copy_from_slice(&d);
            context.add(b, copy);
        }
        context.add(a, d);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::{Check, matrix};

    #[test]
    fn gradients() {
        let check = Check::new();
        check.run(
            &[[3, 5], [3, 5]],
            |tape, x| record(tape, x[0], x[1]),
            |x, _| matrix::zip(&x[0], &x[1], |a, b| a + b),
        );
        check.run(&[[2, 3]], |tape, x| record(tape, x[0], x[0]), |x, _| matrix::map(&x[0], |a| 2.0 * a));
    }
}
