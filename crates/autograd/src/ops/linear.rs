//! y = x·Wᵀ + b, with x `[rows, in]`, W `[out, in]`, b `[out]`.
//!
//! d_x = d_y·W, d_W = d_yᵀ·x, d_b = Σ_rows d_y: the same product three times, with other operands packed.

use nar4rec_kernels::{Epilogue, column_sums, gemm};
use nar4rec_tensor::{Exec, LinearWeights};

use crate::tape::{Context, Operation, Tape, TapeValue};

struct Linear {
    x: TapeValue,
    weights: LinearWeights,
}

pub(crate) fn record(tape: &mut Tape<'_>, x: TapeValue, linear: LinearWeights) -> TapeValue {
    let rows = tape.shape(x)[0];
    let packed = &tape.weights().linear(linear.weight).forward;
    tape.record([rows, packed.columns()], |context, y| {
        let bias = linear.bias.map(|bias| context.weights.parameters().get(bias));
        let x_matrix = context.view(x).matrix(&(0..rows));
        gemm(context.isa(), x_matrix, packed, (y, packed.columns()), Epilogue { bias, ..Epilogue::OVER });
        Linear { x, weights: linear }
    })
}

impl Operation for Linear {
    fn backward(self: Box<Self>, context: &mut Context<'_>, d: Vec<f32>) {
        let isa = context.isa();
        let weight = context.weights.table(self.weights.weight);
        let (out, input) = (weight.rows(), weight.columns);
        let d_y = nar4rec_tensor::forward::View { data: &d, columns: out };
        let rows = 0..d_y.rows();
        if context.wants(self.x) {
            let (mut d_x, write) = context.take(self.x);
            let packed = &context.weights.linear(self.weights.weight).backward;
            gemm(isa, d_y.matrix(&rows), packed, (&mut d_x, input), Epilogue { write, ..Epilogue::OVER });
            context.put(self.x, d_x);
        }
        let mut packed = std::mem::take(&mut context.memory.packed);
        packed.repack(isa, context.view(self.x).matrix(&rows));
        let d_w = context.gradients.dense_mut(self.weights.weight);
        gemm(isa, d_y.matrix(&rows).transposed(), &packed, (d_w, input), Epilogue::ONTO);
        context.memory.packed = packed;
        if let Some(bias) = self.weights.bias {
            column_sums(isa, &d, context.gradients.dense_mut(bias));
        }
        context.memory.pool.give(d);
    }
}

#[cfg(test)]
mod tests {
    use nar4rec_tensor::{Activation, Kind};

    use super::*;
    use crate::ops::check::{Check, matrix};

    #[test]
    fn gradients() {
        let mut check = Check::new();
        let weight = check.parameter([3, 5], Kind::Matrix);
        let bias = check.parameter([1, 3], Kind::Vector);
        for bias in [None, Some(bias)] {
            check.run(
                &[[4, 5]],
                |tape, x| tape.linear(x[0], LinearWeights { weight, bias }, Activation::Identity),
                |x, p| {
                    let mut y = matrix::product(&x[0], &matrix::transposed(&p[0]));
                    if bias.is_some() {
                        y.iter_mut().for_each(|row| row.iter_mut().zip(&p[1][0]).for_each(|(y, b)| *y += b));
                    }
                    y
                },
            );
        }
    }

    #[test]
    fn a_value_used_twice_gets_both_gradients() {
        let mut check = Check::new();
        let weight = check.parameter([4, 4], Kind::Matrix);
        let linear = LinearWeights { weight, bias: None };
        check.run(
            &[[3, 4]],
            |tape, x| {
                let once = tape.linear(x[0], linear, Activation::Identity);
                let twice = tape.linear(once, linear, Activation::Identity);
                tape.add(once, twice)
            },
            |x, p| {
                let once = matrix::product(&x[0], &matrix::transposed(&p[0]));
                let twice = matrix::product(&once, &matrix::transposed(&p[0]));
                matrix::zip(&once, &twice, |a, b| a + b)
            },
        );
    }
}
