//! The layers that a configuration and a schema call for, with the names and shapes of their parameters.

use std::sync::Arc;

use nar4rec_evaluator::Evaluator;
use nar4rec_features::{InputSpec, Schema, SchemaError};
use nar4rec_generator::Generator;
use nar4rec_layers::ConfigError;
use nar4rec_tensor::{ParameterSpec, Parameters, Registry};

use crate::{InvalidModel, ModelConfig, Trained, weights::Named};

/// The greatest number of parameters of a network: 8 GiB of them. A larger model is a mistake in a schema's
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
        let list_length = config.generator.list_length;
        Ok(Self {
            generator: declare("generator", schema, |registry, spec| {
                registry.scope("generator", |registry| Generator::new(registry, spec, &config.generator))
            })?,
            evaluator: declare("evaluator", schema, |registry, spec| {
                registry.scope("evaluator", |registry| Evaluator::new(registry, spec, list_length, &config.evaluator))
            })?,
        })
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

/// Layers for the features of a schema, and the parameters that they declare. `part` is what an error calls them.
///
/// # Errors
/// If the schema contradicts itself or has a table with too long rows, the layers cannot be built, or there would be more
/// than [`MAX_PARAMETERS`].
pub fn declare<L>(
    part: &'static str,
    schema: &Schema,
    layers: impl FnOnce(&mut Registry, &InputSpec) -> Result<L, ConfigError>,
) -> Result<(L, Arc<[ParameterSpec]>), InvalidModel> {
    check_tables(schema)?;
    let mut registry = Registry::default();
    let layers = layers(&mut registry, &schema.input_spec()?)?;
    let specs = registry.finish();
    let size = |spec: &ParameterSpec| (spec.shape[0] as u64).saturating_mul(spec.shape[1] as u64);
    let numbers = specs.iter().map(size).fold(0, u64::saturating_add);
    if numbers > MAX_PARAMETERS { Err(InvalidModel::TooLarge { part, numbers }) } else { Ok((layers, specs)) }
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
