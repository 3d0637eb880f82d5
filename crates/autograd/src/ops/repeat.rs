//! y is all rows of x, several times one after another; x receives the sum over its copies.

use nar4rec_kernels::add;
use nar4rec_tensor::{Exec, forward};

use crate::tape::{Context, Operation, Tape, TapeValue};

struct Repeat(TapeValue);

pub(crate) fn record(tape: &mut Tape<'_>, x: TapeValue, times: usize) -> TapeValue {
    let [rows, columns] = tape.shape(x);
    tape.record([rows * times, columns], |context, y| {
        forward::repeat(context.view(x), y);
        Repeat(x)
    })
}

impl Operation for Repeat {
    fn backward(self: Box<Self>, context: &mut Context<'_>, d: Vec<f32>) {
        let len = context.view(self.0).data.len();
        let mut d_x = context.memory.pool.take(len);
        d_x.fill(0.0);
        d.chunks_exact(len.max(1)).for_each(|copy| add(context.isa(), &mut d_x, copy));
        context.memory.pool.give(d);
        context.add(self.0, d_x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::Check;

    #[test]
    fn gradients() {
        Check::new().run(&[[2, 3]], |tape, x| record(tape, x[0], 3), |x, _| [&x[0][..], &x[0], &x[0]].concat());
    }
}
