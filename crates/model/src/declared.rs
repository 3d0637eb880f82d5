//! The layers that a configuration and a schema call for, with the names and shapes of their parameters.

use std::sync::Arc;

use nar4rec_evaluator::Evaluator;
use nar4rec_features::{Schema, SchemaError};
use nar4rec_generator::Generator;
use nar4rec_tensor::{ParameterSpec, Parameters, Registry};

use crate::{InvalidModel, ModelConfig, Trained, weights::Named};

/// The greatest number of parameters of generator or evaluator: 8 GiB of them. A larger model is a mistake in a schema's
/// tables far more often than a wish.
pub const MAX_PARAMETERS: u64 = 1 << 31;

/// The greatest length of an embedding table's row, which is that of a state.
const MAX_TABLE_DIM: usize = 1 << 14;

/// Layers without numbers.
pub(crate) struct Declared {
    generator: (Generator, Arc<[ParameterSpec]>),
    evaluator: (Evaluator, Arc<[ParameterSpec]>),
}

impl Declared {
    pub(crate) fn new(config: &ModelConfig, schema: &Schema) -> Result<Self, InvalidModel> {
        config.validate()?;
        check_tables(schema)?;
        let spec = schema.input_spec()?;
        let mut registry = Registry::default();
        let generator = registry.scope("generator", |registry| Generator::new(registry, &spec, &config.generator))?;
        let generator = (generator, checked("generator", registry)?);
        let mut registry = Registry::default();
        let list_length = config.generator.list_length;
        let evaluator =
            registry.scope("evaluator", |registry| Evaluator::new(registry, &spec, list_length, &config.evaluator))?;
        let evaluator = (evaluator, checked("evaluator", registry)?);
        Ok(Self { generator, evaluator })
    }

    /// With parameters at their beginning.
    pub(crate) fn initialise(self, seed: u64) -> (Trained<Generator>, Trained<Evaluator>) {
        (start(self.generator, seed), start(self.evaluator, seed))
    }

    /// With parameters from a file.
    pub(crate) fn with(self, named: Named) -> Result<(Trained<Generator>, Trained<Evaluator>), InvalidModel> {
        let (generator, evaluator) = named.into_iter().partition(|(name, _)| name.starts_with("generator."));
        Ok((filled(self.generator, generator)?, filled(self.evaluator, evaluator)?))
    }

    /// Whether these parameters could be read back for these layers.
    pub(crate) fn check(&self, generator: &Parameters, evaluator: &Parameters) -> Result<(), InvalidModel> {
        for (part, declared, parameters) in
            [("generator", &self.generator.1, generator), ("evaluator", &self.evaluator.1, evaluator)]
        {
            let fits = |(spec, numbers): (&ParameterSpec, &[f32])| numbers.len() == spec.len();
            if declared != parameters.specs() || !parameters.iter().all(fits) {
                return Err(InvalidModel::Foreign { part });
            }
            if let Some((spec, _)) = parameters.iter().find(|(_, numbers)| numbers.iter().any(|x| !x.is_finite())) {
                return Err(nar4rec_tensor::ParameterError::NotFinite(spec.name.clone()).into());
            }
        }
        Ok(())
    }
}

fn start<L>((layers, specs): (L, Arc<[ParameterSpec]>), seed: u64) -> Trained<L> {
    Trained { layers, parameters: Parameters::initialise(specs, seed) }
}

fn filled<L>((layers, specs): (L, Arc<[ParameterSpec]>), named: Named) -> Result<Trained<L>, InvalidModel> {
    Ok(Trained { layers, parameters: Parameters::from_named(specs, named)? })
}

/// Rows so long that the sum of their lengths could overflow are refused before any sum is made.
fn check_tables(schema: &Schema) -> Result<(), SchemaError> {
    match schema.tables.iter().position(|table| table.dim > MAX_TABLE_DIM) {
        Some(index) => {
            let problem = format!("{}, expected at most {MAX_TABLE_DIM}", schema.tables[index].dim);
            Err(SchemaError { field: format!("tables[{index}].dim"), problem })
        }
        None => Ok(()),
    }
}

fn checked(part: &'static str, registry: Registry) -> Result<Arc<[ParameterSpec]>, InvalidModel> {
    let specs = registry.finish();
    let size = |spec: &ParameterSpec| (spec.shape[0] as u64).saturating_mul(spec.shape[1] as u64);
    let numbers = specs.iter().map(size).fold(0, u64::saturating_add);
    if numbers > MAX_PARAMETERS { Err(InvalidModel::TooLarge { part, numbers }) } else { Ok(specs) }
}
