//! y = x·Wᵀ + b: x `[rows, in]`, W `[out, in]`, b `[out]`, y `[rows, out]`.

use nar4rec_tensor::{Activation, Exec, Init, Kind, LinearWeights, ParameterId, Registry};

/// A linear map. Weights begin uniform in ±1/√in, biases at zero.
#[derive(Debug, Clone, Copy)]
pub struct Linear(LinearWeights);

impl Linear {
    /// A map from `input` to `output` numbers, with a bias.
    pub fn new(registry: &mut Registry, input: usize, output: usize) -> Self {
        Self(Self::declare(registry, input, output, Kind::Matrix))
    }

    /// A map from `input` to `output` numbers, without bias.
    pub fn without_bias(registry: &mut Registry, input: usize, output: usize) -> Self {
        Self(LinearWeights { weight: declare_weight(registry, input, output, Kind::Matrix), bias: None })
    }

    /// A map between states and what is outside, with a bias.
    pub fn edge(registry: &mut Registry, input: usize, output: usize) -> Self {
        Self(Self::declare(registry, input, output, Kind::Edge))
    }

    /// A map between states and what is outside, without bias.
    pub fn edge_without_bias(registry: &mut Registry, input: usize, output: usize) -> Self {
        Self(LinearWeights { weight: declare_weight(registry, input, output, Kind::Edge), bias: None })
    }

    /// The parameters of a linear map that is applied in some other way than by itself.
    pub(crate) fn declare(registry: &mut Registry, input: usize, output: usize, kind: Kind) -> LinearWeights {
        let weight = declare_weight(registry, input, output, kind);
        LinearWeights { weight, bias: Some(registry.add("bias", [1, output], Kind::Vector, Init::Constant(0.0))) }
    }

    /// Its parameters.
    pub(crate) fn weights(&self) -> LinearWeights {
        self.0
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

fn declare_weight(registry: &mut Registry, input: usize, output: usize, kind: Kind) -> ParameterId {
    let bound = 1.0 / (input.max(1) as f32).sqrt();
    registry.add("weight", [output, input], kind, Init::Uniform(bound))
}
