//! Named parameters: declared by layers, initialised from a seed or taken from a file.

use std::{collections::BTreeMap, sync::Arc};

use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Names one parameter of a [`Registry`] and of the [`Parameters`] made from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParameterId(usize);

impl ParameterId {
    /// Its place in the registry.
    pub fn index(self) -> usize {
        self.0
    }
}

/// What a parameter is used for; it decides how it is packed, decayed and differentiated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The matrix `[out, in]` of a linear map between states: packed for products, decayed; int8 where that is asked for.
    Matrix,
    /// The matrix of the first or last map, between states and what is outside: as [`Kind::Matrix`], but always f32. Features
    /// have longer tails than states, and these maps are small.
    Edge,
    /// The matrix `[2d, d]` that makes keys and values of a memory, so many heads of them: packed by head, decayed.
    KeyValue {
        /// The number of heads.
        heads: usize,
    },
    /// A bias or gain: neither packed nor decayed.
    Vector,
    /// Rows that are looked up: an embedding table, or the position embeddings. Its gradient is kept by row; not decayed.
    Table,
}

/// How a parameter begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// Every number the same.
    Constant(f32),
    /// Uniform in −bound..bound.
    Uniform(f32),
}

/// A declared parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterSpec {
    /// Dotted path, as PyTorch names it.
    pub name: String,
    /// Rows and columns; a vector has one row.
    pub shape: [usize; 2],
    /// What it is used for.
    pub kind: Kind,
    /// How it begins.
    pub init: Init,
}

impl ParameterSpec {
    /// How many numbers it has.
    pub fn len(&self) -> usize {
        self.shape[0] * self.shape[1]
    }

    /// Whether it has no numbers.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The int8 form of its values and the scale of each row, if it can be int8.
    pub fn quantised(&self, values: &[f32]) -> Option<(Vec<i8>, Vec<f32>)> {
        (self.kind == Kind::Matrix).then(|| nar4rec_kernels::quantise_weights(values, self.shape))
    }

    /// The shape as it stands in a file: a vector has one dimension.
    pub fn file_shape(&self) -> Vec<usize> {
        match self.kind {
            Kind::Vector => vec![self.shape[1]],
            Kind::Matrix | Kind::Edge | Kind::KeyValue { .. } | Kind::Table => self.shape.to_vec(),
        }
    }
}

/// Collects the parameters of a model while its layers are made.
#[derive(Debug, Default)]
pub struct Registry {
    specs: Vec<ParameterSpec>,
    prefix: String,
}

impl Registry {
    /// Declares a parameter under the current scope.
    pub fn add(&mut self, name: &str, shape: [usize; 2], kind: Kind, init: Init) -> ParameterId {
        let name = format!("{}{name}", self.prefix);
        debug_assert!(self.specs.iter().all(|spec| spec.name != name), "parameter {name} is declared twice");
        self.specs.push(ParameterSpec { name, shape, kind, init });
        ParameterId(self.specs.len() - 1)
    }

    /// Makes `layer` with its parameters named `scope.…`.
    pub fn scope<T>(&mut self, scope: impl std::fmt::Display, layer: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.prefix.len();
        self.prefix.push_str(&format!("{scope}."));
        let made = layer(self);
        self.prefix.truncate(outer);
        made
    }

    /// What was declared, in order.
    pub fn finish(self) -> Arc<[ParameterSpec]> {
        self.specs.into()
    }
}

/// The values of all parameters of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    specs: Arc<[ParameterSpec]>,
    values: Vec<Vec<f32>>,
}

/// Why parameters do not fit a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// A parameter the model has is not given.
    #[error("parameter {0:?} is missing")]
    Missing(String),
    /// A parameter is given that the model does not have.
    #[error("parameter {0:?} belongs to no layer of this model")]
    Unknown(String),
    /// A parameter has another shape than the model's.
    #[error("parameter {name:?} has shape {found:?}, expected {expected:?}")]
    Shape {
        /// Which one.
        name: String,
        /// The shape given.
        found: Vec<usize>,
        /// The model's shape.
        expected: Vec<usize>,
    },
    /// A parameter holds NaN or infinity.
    #[error("parameter {0:?} holds a number that is not finite")]
    NotFinite(String),
}

impl Parameters {
    /// Parameters initialised from `seed`. Each draws from its own stream, named after it, so that adding a layer changes
    /// no other layer's beginning.
    pub fn initialise(specs: Arc<[ParameterSpec]>, seed: u64) -> Self {
        let values = specs.iter().map(|spec| initial(spec, seed)).collect();
        Self { specs, values }
    }

    /// Parameters from named values and their shapes.
    ///
    /// # Errors
    /// If one is missing, superfluous, of another shape or not finite.
    pub fn from_named(
        specs: Arc<[ParameterSpec]>,
        mut named: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    ) -> Result<Self, ParameterError> {
        let mut values = Vec::with_capacity(specs.len());
        for spec in specs.iter() {
            let (found, value) = named.remove(&spec.name).ok_or_else(|| ParameterError::Missing(spec.name.clone()))?;
            let expected = spec.file_shape();
            if found != expected || value.len() != spec.len() {
                return Err(ParameterError::Shape { name: spec.name.clone(), found, expected });
            }
            if value.iter().any(|x| !x.is_finite()) {
                return Err(ParameterError::NotFinite(spec.name.clone()));
            }
            values.push(value);
        }
        match named.pop_first() {
            Some((name, _)) => Err(ParameterError::Unknown(name)),
            None => Ok(Self { specs, values }),
        }
    }

    /// The declarations, in the order of the values.
    pub fn specs(&self) -> &Arc<[ParameterSpec]> {
        &self.specs
    }

    /// The numbers of one parameter, row-major.
    pub fn get(&self, id: ParameterId) -> &[f32] {
        &self.values[id.0]
    }

    /// Every parameter with its declaration.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&ParameterSpec, &[f32])> + '_ {
        self.specs.iter().zip(self.values.iter().map(Vec::as_slice))
    }

    /// The numbers of every parameter, to change.
    pub fn values_mut(&mut self) -> &mut [Vec<f32>] {
        &mut self.values
    }

    /// With every matrix that can be int8 replaced by what its int8 form stands for.
    #[must_use]
    pub fn narrowed(mut self) -> Self {
        for (spec, values) in self.specs.iter().zip(&mut self.values) {
            if let Some((numbers, scales)) = spec.quantised(values) {
                *values = dequantised(&numbers, &scales);
            }
        }
        self
    }

    /// How many numbers there are in all.
    pub fn count(&self) -> usize {
        self.values.iter().map(Vec::len).sum()
    }
}

/// What quantised rows stand for, one scale a row.
pub fn dequantised(numbers: &[i8], scales: &[f32]) -> Vec<f32> {
    let width = numbers.len().checked_div(scales.len()).unwrap_or(0).max(1);
    let rows = numbers.chunks_exact(width).zip(scales);
    rows.flat_map(|(row, scale)| row.iter().map(move |q| f32::from(*q) * scale)).collect()
}

fn initial(spec: &ParameterSpec, seed: u64) -> Vec<f32> {
    match spec.init {
        Init::Constant(value) => vec![value; spec.len()],
        Init::Uniform(bound) => {
            let mut rng = Pcg64Mcg::seed_from_u64(stream(&spec.name, seed));
            (0..spec.len()).map(|_| uniform(&mut rng, bound)).collect()
        }
    }
}

fn uniform(rng: &mut impl Rng, bound: f32) -> f32 {
    rng.random_range(-1.0_f32..1.0) * bound
}

/// A seed that depends on the parameter's name: FNV-1a over its bytes, beginning at the seed.
fn stream(name: &str, seed: u64) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    name.bytes().fold(OFFSET ^ seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn specs() -> Arc<[ParameterSpec]> {
        let mut registry = Registry::default();
        registry.scope("a", |registry| {
            registry.add("weight", [2, 3], Kind::Matrix, Init::Uniform(0.5));
            registry.scope(0, |registry| registry.add("bias", [1, 2], Kind::Vector, Init::Constant(1.0)));
        });
        registry.finish()
    }

    #[test]
    fn names_follow_the_scopes_and_values_the_seed() {
        let parameters = Parameters::initialise(specs(), 7);
        let names: Vec<_> = parameters.iter().map(|(spec, _)| spec.name.clone()).collect();
        assert_eq!(names, ["a.weight", "a.0.bias"]);
        assert_eq!(parameters, Parameters::initialise(specs(), 7));
        assert_ne!(parameters, Parameters::initialise(specs(), 8));
        assert!(parameters.get(ParameterId(0)).iter().all(|x| x.abs() <= 0.5));
        assert_eq!(parameters.get(ParameterId(1)), [1.0, 1.0]);
        assert_eq!(parameters.count(), 8);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        type Named = BTreeMap<String, (Vec<usize>, Vec<f32>)>;
        let named = || -> Named {
            Named::from([
                ("a.weight".to_owned(), (vec![2, 3], vec![0.0; 6])),
                ("a.0.bias".to_owned(), (vec![2], vec![0.0; 2])),
            ])
        };
        assert!(Parameters::from_named(specs(), named()).is_ok());
        let message = |change: &dyn Fn(&mut Named)| {
            let mut named = named();
            change(&mut named);
            Parameters::from_named(specs(), named).unwrap_err().to_string()
        };
        assert_eq!(message(&|n| drop(n.remove("a.weight"))), "parameter \"a.weight\" is missing");
        let extra = |n: &mut Named| drop(n.insert("b".into(), (vec![], vec![])));
        assert_eq!(message(&extra), "parameter \"b\" belongs to no layer of this model");
        let turned = |n: &mut Named| n.get_mut("a.weight").unwrap().0 = vec![3, 2];
        assert_eq!(message(&turned), "parameter \"a.weight\" has shape [3, 2], expected [2, 3]");
        let nan = |n: &mut Named| n.get_mut("a.0.bias").unwrap().1[1] = f32::NAN;
        assert_eq!(message(&nan), "parameter \"a.0.bias\" holds a number that is not finite");
    }
}
