//! y = f(x) for each number; d_x = d_y·f′(x). The functions are those of the kernels crate.

use nar4rec_kernels::{Activation, activation_backward, activation_of};
use nar4rec_tensor::Exec;

use crate::tape::{Context, Operation, Tape, TapeValue};

struct Activate {
    x: TapeValue,
    activation: Activation,
}

pub(crate) fn record(tape: &mut Tape<'_>, x: TapeValue, activation: Activation) -> TapeValue {
    tape.record(tape.shape(x), |context, y| {
        activation_of(context.isa(), activation, context.view(x).data, y);
        Activate { x, activation }
    })
}

impl Operation for Activate {
    fn backward(self: Box<Self>, context: &mut Context<'_>, mut d: Vec<f32>) {
        activation_backward(context.isa(), self.activation, context.view(self.x).data, &mut d);
        context.add(self.x, d);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::{Check, matrix};

    #[test]
    fn gradients() {
        let gelu =
            |x: f64| 0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3))).tanh());
        let check = Check::new();
        check.run(&[[3, 7]], |tape, x| record(tape, x[0], Activation::Gelu), |x, _| matrix::map(&x[0], gelu));
        check.run(&[[3, 7]], |tape, x| record(tape, x[0], Activation::Relu), |x, _| matrix::map(&x[0], |x| x.max(0.0)));
        check.run(&[[3, 7]], |tape, x| record(tape, x[0], Activation::Tanh), |x, _| matrix::map(&x[0], f64::tanh));
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        check.run(&[[3, 7]], |tape, x| record(tape, x[0], Activation::Sigmoid), |x, _| matrix::map(&x[0], sigmoid));
    }
}
