//! y = x·Wᵀ + b: x `[rows, in]`, W `[out, in]`, b `[out]`, y `[rows, out]`.

use nar4rec_tensor::{Activation, Exec, Init, Kind, LinearWeights, Registry};

/// A linear map. Weights begin uniform in ±1/√in, biases at zero.
#[derive(Debug, Clone, Copy)]
pub struct Linear(LinearWeights);

impl Linear {
    /// A map from `input` to `output` numbers, with a bias.
    pub fn new(registry: &mut Registry, input: usize, output: usize) -> Self {
        let Self(weights) = Self::without_bias(registry, input, output);
        let bias = registry.add("bias", [1, output], Kind::Vector, Init::Constant(0.0));
        Self(LinearWeights { bias: Some(bias), ..weights })
    }

    /// A map from `input` to `output` numbers, without bias.
    pub fn without_bias(registry: &mut Registry, input: usize, output: usize) -> Self {
        let bound = 1.0 / (input.max(1) as f32).sqrt();
        let weight = registry.add("weight", [output, input], Kind::Matrix, Init::Uniform(bound));
        Self(LinearWeights { weight, bias: None })
    }

    /// x·Wᵀ + b
    pub fn forward<E: Exec>(&self, ex: &mut E, x: E::Value) -> E::Value {
        ex.linear(x, self.0, Activation::Identity)
    }

    /// onto + dropout(x·Wᵀ + b)
    pub fn onto<E: Exec>(&self, ex: &mut E, onto: E::Value, x: E::Value, dropout: f32) -> E::Value {
        ex.linear_onto(onto, x, self.0, dropout)
    }

    /// activation(x·Wᵀ + b)
    pub fn activated<E: Exec>(&self, ex: &mut E, x: E::Value, activation: Activation) -> E::Value {
        ex.linear(x, self.0, activation)
    }
}
