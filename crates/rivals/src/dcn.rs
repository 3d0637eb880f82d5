//! DCN: crosses of features of any order beside a multi-layer perceptron, item by item (Wang et al. 2017).
//!
//! ```text
//!   x_0 = x_i + place        x_{l+1} = x_0 (x_lᵀ w_l) + b_l + x_l
//!   z_i = wᵀ [x_L ; hidden layers of relu(x_0)]        as DNN from here on
//! ```
//!
//! Each cross layer raises the degree of the products by one, at the price of two vectors. In the paper x_0 is the embeddings
//! themselves, side by side; here it is what the input layer makes of them, which is linear in them and no wider than other
//! systems' states, so that a cross is a product of mixtures of features.

use nar4rec_features::InputSpec;
use nar4rec_layers::{ConfigError, Linear};
use nar4rec_tensor::{Activation, Exec, Init, Kind, ParameterId, Registry};
use serde::{Deserialize, Serialize};

use crate::{
    Candidates,
    config::{checked_sizes, out_of_range},
    dnn::{Hidden, Itemwise, Placed, Standing},
};

/// What a DCN is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DcnConfig {
    /// Width of x_0.
    pub width: usize,
    /// Cross layers.
    pub crosses: usize,
    /// Widths of the layers beside them.
    pub hidden: Vec<usize>,
    /// Probability of dropping a number of x_0 in training.
    pub dropout: f32,
}

impl Default for DcnConfig {
    fn default() -> Self {
        Self { width: 128, crosses: 3, hidden: vec![128, 64], dropout: 0.1 }
    }
}

/// The network.
#[derive(Debug, Clone)]
pub struct Dcn {
    input: Placed,
    crosses: Vec<Cross>,
    hidden: Hidden,
    head: Linear,
    dropout: f32,
}

/// One cross layer.
#[derive(Debug, Clone, Copy)]
struct Cross {
    w: Linear,
    b: ParameterId,
}

impl Cross {
    fn new(registry: &mut Registry, width: usize) -> Self {
        Self {
            w: Linear::without_bias(registry, width, 1),
            // Only a table's gradient arrives where a parameter is read as a value.
            b: registry.add("bias", [1, width], Kind::Table, Init::Constant(0.0)),
        }
    }

    fn forward<E: Exec>(&self, ex: &mut E, first: E::Value, x: E::Value) -> E::Value {
        let strength = self.w.forward(ex, x);
        let crossed = ex.times(first, strength);
        let rows = ex.shape(x)[0];
        let b = ex.parameter(self.b);
        let b = ex.repeat(b, rows);
        let sum = ex.add(crossed, x);
        ex.add(sum, b)
    }
}

impl Dcn {
    /// Declares the parameters.
    ///
    /// # Errors
    /// If a size or the dropout is out of its range.
    pub fn new(registry: &mut Registry, spec: &InputSpec, config: &DcnConfig) -> Result<Self, ConfigError> {
        checked_sizes(config.width, &config.hidden, config.dropout)?;
        out_of_range("crosses", config.crosses, 64)?;
        let last = config.hidden.last().copied().unwrap_or(config.width);
        Ok(Self {
            input: Placed::new(registry, spec, config.width),
            crosses: registry.scope("crosses", |registry| {
                let layers = 0..config.crosses;
                layers.map(|l| registry.scope(l, |registry| Cross::new(registry, config.width))).collect()
            }),
            hidden: Hidden::new(registry, config.width, &config.hidden),
            head: registry.scope("head", |registry| Linear::edge(registry, config.width + last, 1)),
            dropout: config.dropout,
        })
    }
}

impl Itemwise for Dcn {
    fn logits<E: Exec>(&self, ex: &mut E, candidates: Candidates<'_>, standing: &Standing) -> E::Value {
        let x = self.input.forward(ex, candidates, standing);
        let first = ex.dropout(x, self.dropout);
        let crossed = self.crosses.iter().fold(first, |x, cross| cross.forward(ex, first, x));
        let deep = ex.activate(first, Activation::Relu);
        let deep = self.hidden.forward(ex, deep);
        let both = ex.concat(&[crossed, deep]);
        self.head.forward(ex, both)
    }
}
