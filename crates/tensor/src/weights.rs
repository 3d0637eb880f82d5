//! Parameters ready for use: every matrix packed for the products it takes part in.

use nar4rec_kernels::{Isa, Matrix, PackedMatrix};

use crate::{Kind, ParameterId, Parameters, forward::View};

/// What weights are packed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Forward passes only.
    Inference,
    /// Forward and backward passes.
    Training,
}

/// Parameters and their packed forms. The two never disagree: changing parameters goes through [`Weights::update`].
#[derive(Debug)]
pub struct Weights {
    parameters: Parameters,
    isa: Isa,
    purpose: Purpose,
    /// Wᵀ `[in, out]`, the right operand of x·Wᵀ.
    forward: Vec<PackedMatrix>,
    /// W `[out, in]`, the right operand of d_y·W.
    backward: Vec<PackedMatrix>,
}

impl Weights {
    /// Packs `parameters` for `isa`.
    pub fn new(parameters: Parameters, isa: Isa, purpose: Purpose) -> Self {
        let empty = vec![PackedMatrix::default(); parameters.specs().len()];
        let mut weights = Self { parameters, isa, purpose, forward: empty.clone(), backward: empty };
        weights.pack();
        weights
    }

    /// Changes the parameters and packs them again.
    pub fn update<T>(&mut self, change: impl FnOnce(&mut Parameters) -> T) -> T {
        let result = change(&mut self.parameters);
        self.pack();
        result
    }

    fn pack(&mut self) {
        for (index, (spec, values)) in self.parameters.iter().enumerate() {
            if spec.kind != Kind::Matrix {
                continue;
            }
            let [out, input] = spec.shape;
            let matrix = Matrix::new(values, out, input, input);
            self.forward[index].repack(self.isa, matrix.transposed());
            if self.purpose == Purpose::Training {
                self.backward[index].repack(self.isa, matrix);
            }
        }
    }

    /// The parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// A parameter as a matrix.
    pub fn table(&self, id: ParameterId) -> View<'_> {
        View { data: self.parameters.get(id), columns: self.parameters.specs()[id.index()].shape[1] }
    }

    /// The parameters, for good.
    pub fn into_parameters(self) -> Parameters {
        self.parameters
    }

    /// The instruction set they are packed for.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Wᵀ packed, for x·Wᵀ.
    pub fn forward(&self, id: ParameterId) -> &PackedMatrix {
        &self.forward[id.index()]
    }

    /// W packed, for d_y·W; empty unless made for training.
    pub fn backward(&self, id: ParameterId) -> &PackedMatrix {
        &self.backward[id.index()]
    }
}
