//! Layer normalisation of every row; formulae and derivatives in the kernels crate.

use nar4rec_kernels::{LayerNormSaved, layer_norm, layer_norm_backward};
use nar4rec_tensor::{Exec, NormWeights};

use crate::tape::{Context, Operation, Tape, TapeValue};

struct Norm {
    x: TapeValue,
    weights: NormWeights,
    saved: Vec<LayerNormSaved>,
}

pub(crate) fn record(tape: &mut Tape<'_>, x: TapeValue, weights: NormWeights) -> TapeValue {
    let [rows, columns] = tape.shape(x);
    tape.record([rows, columns], |context, y| {
        let mut saved = vec![LayerNormSaved::default(); rows];
        let parameters = context.weights.parameters();
        let affine = [parameters.get(weights.gain), parameters.get(weights.bias)];
        layer_norm(context.isa(), context.view(x).data, affine, y, &mut saved);
        Norm { x, weights, saved }
    })
}

impl Operation for Norm {
    fn backward(self: Box<Self>, context: &mut Context<'_>, mut d: Vec<f32>) {
        let gain = context.weights.parameters().get(self.weights.gain);
        let isa = context.isa();
        // Borrowed apart from the values, which `view` borrows.
        let [mut d_gain, mut d_bias] =
            [self.weights.gain, self.weights.bias].map(|_| context.memory.pool.take(gain.len()));
        d_gain.fill(0.0);
        d_bias.fill(0.0);
        let x = context.view(self.x).data;
        layer_norm_backward(isa, (x, &self.saved), gain, &mut d, [&mut d_gain, &mut d_bias]);
        let [to_gain, to_bias] = context.gradients.dense_pair_mut([self.weights.gain, self.weights.bias]);
        nar4rec_kernels::add(isa, to_gain, &d_gain);
        nar4rec_kernels::add(isa, to_bias, &d_bias);
        context.memory.pool.give(d_gain);
        context.memory.pool.give(d_bias);
        context.add(self.x, d);
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
        let gain = check.parameter([1, 6], Kind::Vector);
        let bias = check.parameter([1, 6], Kind::Vector);
        check.run(
            &[[4, 6]],
            |tape, x| record(tape, x[0], NormWeights { gain, bias }),
            |x, p| {
                x[0].iter()
                    .map(|row| {
                        let mean = row.iter().sum::<f64>() / 6.0;
                        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 6.0;
                        let unit = |x: f64| (x - mean) / (variance + 1e-5).sqrt();
                        row.iter().zip(p[0][0].iter().zip(&p[1][0])).map(|(x, (g, b))| unit(*x) * g + b).collect()
                    })
                    .collect()
            },
        );
    }
}
