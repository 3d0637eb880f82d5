//! y = x ∘ mask / (1 − p), each number of the mask zero with probability p; d_x = d_y ∘ mask / (1 − p).

use nar4rec_kernels::multiply;
use nar4rec_tensor::Exec;
use rand::Rng;

use crate::tape::{Context, Operation, Tape, TapeValue};

struct Dropout {
    x: TapeValue,
    mask: Vec<f32>,
}

pub(crate) fn record(tape: &mut Tape<'_>, x: TapeValue, probability: f32) -> TapeValue {
    tape.record(tape.shape(x), |context, y| {
        y.copy_from_slice(context.view(x).data);
        let mut mask = context.memory.pool.take(y.len());
        draw(context.rng, probability, &mut mask);
        multiply(context.isa(), y, &mask);
        Dropout { x, mask }
    })
}

/// Four numbers of the mask from each random word: sixteen bits decide one, so a probability is met to 1 in 65,536.
fn draw(rng: &mut impl Rng, probability: f32, mask: &mut [f32]) {
    let threshold = (probability * 65_536.0) as u64;
    let kept = 1.0 / (1.0 - probability);
    for four in mask.chunks_mut(4) {
        let word = rng.next_u64();
        for (place, number) in four.iter_mut().enumerate() {
            let drop = (word >> (16 * place)) & 0xffff < threshold;
            *number = if drop { 0.0 } else { kept };
        }
    }
}

impl Operation for Dropout {
    fn backward(self: Box<Self>, context: &mut Context<'_>, mut d: Vec<f32>) {
        multiply(context.isa(), &mut d, &self.mask);
        context.add(self.x, d);
        context.memory.pool.give(self.mask);
    }
}

#[cfg(test)]
mod tests {
    use nar4rec_tensor::{Init, Isa, Kind, Parameters, Purpose, Registry, Weights};

    use super::*;
    use crate::{Gradients, TapeMemory};

    #[test]
    fn the_share_the_mean_and_the_gradient() {
        let mut registry = Registry::default();
        let ones = registry.add("ones", [10_000, 4], Kind::Table, Init::Constant(1.0));
        let specs = registry.finish();
        let weights = Weights::new(Parameters::initialise(specs.clone(), 0), Isa::detect(), Purpose::Training);
        let mut memory = TapeMemory::default();
        let mut tape = Tape::new(&weights, &mut memory, 5);
        let x = tape.parameter(ones);
        let y = record(&mut tape, x, 0.25);
        let values = tape.data(y).to_vec();
        let dropped = values.iter().filter(|y| **y == 0.0).count() as f64 / 40_000.0;
        // Three standard deviations of a share of 40,000 draws: 3·√(0.25·0.75/40,000) = 0.0065.
        assert!((dropped - 0.25).abs() < 0.0065, "{dropped}");
        assert!(values.iter().all(|y| *y == 0.0 || (*y - 4.0 / 3.0).abs() < 1e-6));

        let mut again = TapeMemory::default();
        let mut tape = Tape::new(&weights, &mut again, 5);
        let x = tape.parameter(ones);
        let inner = tape.add(x, x);
        let y = record(&mut tape, inner, 0.25);
        assert!(tape.data(y).iter().zip(&values).all(|(a, b)| *a == 2.0 * b), "the seed decides");
        assert_ne!(tape.draw_seed(), tape.draw_seed());
        let mut d = tape.output_gradient(y);
        d.iter_mut().enumerate().for_each(|(i, d)| *d = i as f32);
        let mut gradients = Gradients::zeros(&specs);
        tape.backward([d], &mut gradients);
        let mut found = vec![0.0; 40_000];
        gradients.add_to(Isa::detect(), ones.index(), &mut found);
        // y of x = 1 is the mask; each x is in the sum twice.
        for (i, (found, mask)) in found.iter().zip(&values).enumerate() {
            assert_eq!(*found, 2.0 * (i as f32 * mask), "at {i}");
        }
    }
}
