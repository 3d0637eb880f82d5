//! The same numbers in rows of another length; d_x is d_y, number by number.

use nar4rec_tensor::Exec;

use crate::tape::{Context, Operation, Tape, TapeValue};

struct Reshape(TapeValue);

pub(crate) fn record(tape: &mut Tape<'_>, x: TapeValue, columns: usize) -> TapeValue {
    let rows = tape.data(x).len() / columns;
    tape.record([rows, columns], |context, y| {
        y.copy_from_slice(context.view(x).data);
        Reshape(x)
    })
}

impl Operation for Reshape {
    fn backward(self: Box<Self>, context: &mut Context<'_>, d: Vec<f32>) {
        context.add(self.0, d);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::Check;

    #[test]
    fn gradients() {
        Check::new().run(
            &[[2, 6]],
            |tape, x| record(tape, x[0], 4),
            |x, _| x[0].concat().chunks(4).map(<[f64]>::to_vec).collect(),
        );
    }
}
