//! y = a ∘ b; d_a = d_y ∘ b, d_b = d_y ∘ a.

use nar4rec_kernels::multiply;
use nar4rec_tensor::Exec;

use crate::tape::{Context, Operation, Tape, TapeValue};

struct Multiply([TapeValue; 2]);

pub(crate) fn record(tape: &mut Tape<'_>, a: TapeValue, b: TapeValue) -> TapeValue {
    tape.record(tape.shape(a), |context, y| {
        y.copy_from_slice(context.view(a).data);
        multiply(context.isa(), y, context.view(b).data);
        Multiply([a, b])
    })
}

impl Operation for Multiply {
    fn backward(&self, context: &mut Context<'_>, mut d: Vec<f32>) {
        let [a, b] = self.0;
        let isa = context.isa();
        if context.wants(a) {
            let mut d_a = context.memory.pool.take(d.len());
            d_a.copy_from_slice(&d);
            multiply(isa, &mut d_a, context.view(b).data);
            context.add(a, d_a);
        }
        multiply(isa, &mut d, context.view(a).data);
        context.add(b, d);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::{Check, matrix};

    #[test]
    fn gradients() {
        Check::new().run(
            &[[3, 5], [3, 5]],
            |tape, x| record(tape, x[0], x[1]),
            |x, _| matrix::zip(&x[0], &x[1], |a, b| a * b),
        );
    }
}
