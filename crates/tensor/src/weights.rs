//! Parameters ready for use: every matrix packed for the products it takes part in.

use nar4rec_kernels::{Isa, Matrix, PackedMatrix, QuantisedMatrix};

use crate::{Kind, ParameterId, Parameters, forward::View};

/// What weights are packed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Forward passes only.
    Inference,
    /// Forward passes only, in int8 between states.
    Int8,
    /// Forward and backward passes.
    Training,
}

/// Parameters and their packed forms. The two never disagree: changing parameters goes through [`Weights::update`].
#[derive(Debug)]
pub struct Weights {
    parameters: Parameters,
    isa: Isa,
    purpose: Purpose,
    packed: Vec<Packed>,
}

/// One parameter, packed.
#[derive(Debug, Default)]
enum Packed {
    /// It takes part in no product.
    #[default]
    Not,
    Linear(PackedLinear),
    Int8(QuantisedMatrix),
    KeyValue(PackedKeyValue),
}

/// Wᵀ, the right operand of x·Wᵀ.
#[derive(Debug, Clone, Copy)]
pub enum Factor<'a> {
    /// In f32.
    F32(&'a PackedMatrix),
    /// In int8.
    Int8(&'a QuantisedMatrix),
}

impl Factor<'_> {
    /// The columns of the product.
    pub fn columns(self) -> usize {
        match self {
            Self::F32(packed) => packed.columns(),
            Self::Int8(packed) => packed.columns(),
        }
    }
}

/// A matrix W `[out, in]`.
#[derive(Debug, Default)]
pub struct PackedLinear {
    /// Wᵀ `[in, out]`, the right operand of x·Wᵀ.
    pub forward: PackedMatrix,
    /// W `[out, in]`, the right operand of d_y·W; empty unless made for training.
    pub backward: PackedMatrix,
}

/// A matrix W = [W_k; W_v] `[2d, d]` of keys and values, d = heads · h.
#[derive(Debug, Default)]
pub struct PackedKeyValue {
    /// W: the rows of head i are W_k,i and, d further on, W_v,i.
    pub rows: PackedMatrix,
    /// W_v,iᵀ `[d, h]` of each head.
    pub values: Vec<PackedMatrix>,
    /// W_k,iᵀ `[d, h]` of each head; empty unless made for training.
    pub keys: Vec<PackedMatrix>,
}

impl PackedKeyValue {
    /// The number of heads.
    pub fn heads(&self) -> usize {
        self.values.len()
    }
}

impl Weights {
    /// Packs `parameters` for `isa`.
    pub fn new(parameters: Parameters, isa: Isa, purpose: Purpose) -> Self {
        let packed = parameters.specs().iter().map(|spec| match spec.kind {
            Kind::Vector | Kind::Table => Packed::Not,
            Kind::Matrix if purpose == Purpose::Int8 => Packed::Int8(QuantisedMatrix::default()),
            Kind::Matrix | Kind::Edge => Packed::Linear(PackedLinear::default()),
            Kind::KeyValue { heads } => Packed::KeyValue(PackedKeyValue::new(heads, purpose)),
        });
        let mut weights = Self { packed: packed.collect(), parameters, isa, purpose };
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
        for ((spec, values), packed) in self.parameters.iter().zip(&mut self.packed) {
            let [rows, columns] = spec.shape;
            match packed {
                Packed::Not => {}
                Packed::Linear(packed) => {
                    packed.pack(self.isa, Matrix::new(values, rows, columns, columns), self.purpose);
                }
                Packed::Int8(packed) => *packed = QuantisedMatrix::new(self.isa, values, spec.shape),
                Packed::KeyValue(packed) => packed.pack(self.isa, View { data: values, columns }),
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

    /// The matrix of a linear map, in whichever form forward passes use.
    ///
    /// # Panics
    /// If the parameter is of another kind, which is a defect of the layer that declared it.
    pub fn factor(&self, id: ParameterId) -> Factor<'_> {
        match &self.packed[id.index()] {
            Packed::Int8(packed) => Factor::Int8(packed),
            _ => Factor::F32(&self.linear(id).forward),
        }
    }

    /// The matrix of a linear map in f32.
    ///
    /// # Panics
    /// If the parameter is of another kind or in int8, which is a defect of whoever asks.
    pub fn linear(&self, id: ParameterId) -> &PackedLinear {
        match &self.packed[id.index()] {
            Packed::Linear(packed) => packed,
            other => panic!("a linear map's matrix was declared as {other:?}"),
        }
    }

    /// The matrix of keys and values.
    ///
    /// # Panics
    /// If the parameter is of another kind, which is a defect of the layer that declared it.
    pub fn key_value(&self, id: ParameterId) -> &PackedKeyValue {
        match &self.packed[id.index()] {
            Packed::KeyValue(packed) => packed,
            other => panic!("a matrix of keys and values was declared as {other:?}"),
        }
    }
}

impl PackedLinear {
    fn pack(&mut self, isa: Isa, matrix: Matrix<'_>, purpose: Purpose) {
        self.forward.repack(isa, matrix.transposed());
        if purpose == Purpose::Training {
            self.backward.repack(isa, matrix);
        }
    }
}

impl PackedKeyValue {
    fn new(heads: usize, purpose: Purpose) -> Self {
        let empty = |count| vec![PackedMatrix::default(); count];
        let keys = if purpose == Purpose::Training { heads } else { 0 };
        Self { rows: PackedMatrix::default(), values: empty(heads), keys: empty(keys) }
    }

    fn pack(&mut self, isa: Isa, weight: View<'_>) {
        let d = weight.columns;
        let width = d / self.heads();
        let head = |part: usize, index: usize| {
            let first = part * d + index * width;
            weight.matrix(&(first..first + width)).transposed()
        };
        self.rows.repack(isa, weight.matrix(&(0..2 * d)));
        self.keys.iter_mut().enumerate().for_each(|(index, packed)| packed.repack(isa, head(0, index)));
        self.values.iter_mut().enumerate().for_each(|(index, packed)| packed.repack(isa, head(1, index)));
    }
}
