//! y_r = x_r + table_j(r), j(r) being the place of row r within its segment; d_x = d_y, and row j of the table receives
//! the d_y of every j-th row.

use std::sync::Arc;

use nar4rec_tensor::{Exec, ParameterId, Segments, forward};

use crate::tape::{Context, Operation, Tape, TapeValue};

struct AddPlaces {
    x: TapeValue,
    table: ParameterId,
    segments: Arc<Segments>,
}

pub(crate) fn record(tape: &mut Tape<'_>, x: TapeValue, id: ParameterId, segments: &Arc<Segments>) -> TapeValue {
    let table = tape.weights().table(id);
    tape.record(tape.shape(x), |context, y| {
        y.copy_from_slice(context.view(x).data);
        forward::add_places(context.isa(), table, segments, y);
        AddPlaces { x, table: id, segments: Arc::clone(segments) }
    })
}

impl Operation for AddPlaces {
    fn backward(self: Box<Self>, context: &mut Context<'_>, d: Vec<f32>) {
        let rows = context.gradients.rows_mut(self.table);
        rows.ids.extend(self.segments.iter().flat_map(|rows| 0..rows.len() as u32));
        rows.values.extend_from_slice(&d);
        context.add(self.x, d);
    }
}

#[cfg(test)]
mod tests {
    use nar4rec_tensor::Kind;

    use super::*;
    use crate::ops::check::{Check, matrix};

    #[test]
    fn gradients() {
        let mut check = Check::new();
        let table = check.parameter([4, 3], Kind::Table);
        let segments = Arc::new(Segments::of_lengths([2, 0, 3]));
        check.run(
            &[[5, 3]],
            |tape, x| record(tape, x[0], table, &segments),
            |x, p| matrix::zip(&x[0], &[0, 1, 0, 1, 2].map(|place: usize| p[0][place].clone()), |a, b| a + b),
        );
    }
}
