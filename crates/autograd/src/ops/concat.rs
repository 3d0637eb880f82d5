//! y = [a | b | …], columns side by side; each part receives its columns of d_y.

use nar4rec_tensor::{Exec, forward};

use crate::tape::{Context, Operation, Tape, TapeValue};

struct Concat(Vec<TapeValue>);

pub(crate) fn record(tape: &mut Tape<'_>, parts: &[TapeValue]) -> TapeValue {
    let rows = parts.first().map_or(0, |part| tape.shape(*part)[0]);
    let columns = parts.iter().map(|part| tape.shape(*part)[1]).sum();
    tape.record([rows, columns], |context, y| {
        let mut left = 0;
        for part in parts.iter().map(|part| context.view(*part)) {
            forward::place(part, (&mut *y, columns), left);
            left += part.columns;
        }
        Concat(parts.to_vec())
    })
}

impl Operation for Concat {
    fn backward(self: Box<Self>, context: &mut Context<'_>, d: Vec<f32>) {
        let columns: usize = self.0.iter().map(|part| context.view(*part).columns).sum();
        let mut left = 0;
        for part in &self.0 {
            let width = context.view(*part).columns;
            if context.wants(*part) {
                let mut d_part = context.memory.pool.take(d.len() / columns * width);
                for (to, row) in d_part.chunks_exact_mut(width).zip(d.chunks_exact(columns)) {
                    to.copy_from_slice(&row[left..left + width]);
                }
                context.add(*part, d_part);
            }
            left += width;
        }
        context.memory.pool.give(d);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::Check;

    #[test]
    fn gradients() {
        Check::new().run(
            &[[3, 2], [3, 4]],
            |tape, x| record(tape, &[x[0], x[1], x[0]]),
            |x, _| x[0].iter().zip(&x[1]).map(|(a, b)| [a.as_slice(), b, a].concat()).collect(),
        );
    }
}
