//! AdamW (Loshchilov & Hutter 2019) with a bound on the gradient's length.

use nar4rec_kernels::{AdamStep, Isa, adam_step, square_sum};
use nar4rec_tensor::{Kind, ParameterSpec, Parameters};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The settings of [`AdamW`] that do not change during a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamWConfig {
    /// β₁, of the mean of gradients.
    pub beta1: f32,
    /// β₂, of the mean of squared gradients.
    pub beta2: f32,
    /// ε, under which a squared gradient does not count.
    pub epsilon: f32,
    /// How much of each matrix is taken away per unit of learning rate; biases, gains and embeddings keep theirs.
    pub weight_decay: f32,
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 }
    }
}

/// The optimiser's state: two moments for each number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdamW {
    steps: u64,
    means: Vec<Vec<f32>>,
    squares: Vec<Vec<f32>>,
}

impl AdamW {
    /// The state before the first step.
    pub fn new(specs: &[ParameterSpec]) -> Self {
        let zeros = || specs.iter().map(|spec| vec![0.0; spec.len()]).collect();
        Self { steps: 0, means: zeros(), squares: zeros() }
    }

    /// How many steps were taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Moves `parameters` against `gradients`, one of the parameter's shape each, times `factor`.
    pub fn step(
        &mut self,
        isa: Isa,
        config: AdamWConfig,
        learning_rate: f32,
        parameters: &mut Parameters,
        (gradients, factor): (&[Vec<f32>], f32),
    ) {
        self.steps += 1;
        let power = |beta: f32| 1.0 - f64::from(beta).powf(self.steps as f64);
        let step = AdamStep {
            beta1: config.beta1,
            beta2: config.beta2,
            epsilon: config.epsilon,
            shrink: 1.0,
            step: (f64::from(learning_rate) / power(config.beta1)) as f32,
            correction: (1.0 / power(config.beta2).sqrt()) as f32,
            gradient: factor,
        };
        let decayed = AdamStep { shrink: 1.0 - learning_rate * config.weight_decay, ..step };
        let specs = std::sync::Arc::clone(parameters.specs());
        let moments = self.means.par_iter_mut().zip(&mut self.squares);
        let weights = parameters.values_mut().par_iter_mut().zip(specs.par_iter());
        weights.zip(gradients).zip(moments).for_each(|(((weights, spec), gradient), (mean, square))| {
            let step = match spec.kind {
                Kind::Matrix | Kind::Edge | Kind::KeyValue { .. } => decayed,
                Kind::Vector | Kind::Table => step,
            };
            adam_step(isa, step, weights, gradient, (mean, square));
        });
    }
}

/// The length of all gradients together, and what they must be multiplied by so that it does not exceed `most`.
pub fn clip_norm(isa: Isa, gradients: &[Vec<f32>], most: f32) -> (f32, f32) {
    let squares: Vec<f32> = gradients.par_iter().map(|gradient| square_sum(isa, gradient)).collect();
    let norm = squares.iter().map(|square| f64::from(*square)).sum::<f64>().sqrt() as f32;
    (norm, (most / (norm + 1e-6)).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_gradients_are_shortened_and_short_ones_kept() {
        let gradients = vec![vec![3.0, 0.0], vec![4.0]];
        assert_eq!(clip_norm(Isa::detect(), &gradients, 10.0), (5.0, 1.0));
        let (norm, factor) = clip_norm(Isa::detect(), &gradients, 1.0);
        assert!(norm == 5.0 && (5.0 * factor - 1.0).abs() < 1e-6, "{factor}");
    }
}
