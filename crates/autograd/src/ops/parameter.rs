//! A table as a value, such as the position embeddings; its rows receive d_y.

use nar4rec_tensor::ParameterId;

use crate::tape::{Context, Operation, Tape, TapeValue};

struct Parameter(ParameterId);

pub(crate) fn record(tape: &mut Tape<'_>, id: ParameterId) -> TapeValue {
    let table = tape.weights().table(id);
    tape.record([table.rows(), table.columns], |_, y| {
        y.copy_from_slice(table.data);
        Parameter(id)
    })
}

impl Operation for Parameter {
    fn backward(self: Box<Self>, context: &mut Context<'_>, d: Vec<f32>) {
        let count = context.weights.table(self.0).rows();
        let rows = context.gradients.rows_mut(self.0);
        rows.ids.extend(0..count as u32);
        rows.values.extend_from_slice(&d);
        context.memory.pool.give(d);
    }
}

#[cfg(test)]
mod tests {
    use nar4rec_tensor::Kind;

    use super::*;
    use crate::ops::check::Check;

    #[test]
    fn gradients() {
        let mut check = Check::new();
        let table = check.parameter([4, 3], Kind::Table);
        check.run(&[], |tape, _| record(tape, table), |_, p| p[0].clone());
    }
}
