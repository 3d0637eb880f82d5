//! A model in memory, and its way to the disk and back.

use std::path::Path;

use nar4rec_evaluator::Evaluator;
use nar4rec_features::Schema;
use nar4rec_generator::Generator;
use nar4rec_slate::Item;
use nar4rec_tensor::Parameters;

use crate::contents::{Contents, Found};
use crate::declared::Declared;
use crate::directory::{self, NamedFile};
use crate::{
    InvalidModel, Manifest, ModelConfig, ModelError, ParameterCounts, Precision, Provenance, manifest, weights,
};

/// Layers and their numbers.
#[derive(Debug, Clone)]
pub struct Trained<L> {
    /// The layers, which know their parameters by id.
    pub layers: L,
    /// The parameters that the layers declared.
    pub parameters: Parameters,
}

/// Everything that reranking needs, and where it comes from.
#[derive(Debug, Clone)]
pub struct Model {
    /// What it is made of and how it is used.
    pub config: ModelConfig,
    /// The features and their encoding.
    pub schema: Schema,
    /// The item catalog it was trained with, if there was one.
    pub items: Option<Vec<Item>>,
    /// The matching model.
    pub generator: Trained<Generator>,
    /// The list model.
    pub evaluator: Trained<Evaluator>,
    /// Where it comes from and how good it was found to be.
    pub provenance: Provenance,
}

impl Model {
    /// A model at its beginning: parameters drawn from `seed`, no items.
    ///
    /// # Errors
    /// If the configuration cannot be built, the schema contradicts itself, or the model would be absurdly large.
    pub fn build(config: ModelConfig, schema: Schema, seed: u64) -> Result<Self, InvalidModel> {
        let (generator, evaluator) = Declared::new(&config, &schema)?.initialise(seed);
        let provenance = Provenance { seed, ..Provenance::default() };
        Ok(Self { config, schema, items: None, generator, evaluator, provenance })
    }

    /// The same model to be served in int8: its matrices are what their eight-bit form stands for.
    #[must_use]
    pub fn narrowed(mut self) -> Self {
        self.config.precision = Precision::Int8;
        self.generator.parameters = self.generator.parameters.narrowed();
        self.evaluator.parameters = self.evaluator.parameters.narrowed();
        self
    }

    /// Whether a model may be saved at `dir`: there is nothing, an empty directory, or another model.
    ///
    /// # Errors
    /// If something else is there.
    pub fn check_target(dir: &Path) -> Result<(), ModelError> {
        directory::MODEL.check_target(dir)
    }

    /// Saves the model as the directory `dir`, in place of the model that is there, if one is. Files in the directory that
    /// are not the model's stay in it.
    ///
    /// # Errors
    /// If something that is no model is at `dir`, or the parameters are not finite or not those of the configuration, or
    /// writing fails. What was at `dir` is then still there, and nothing half-written.
    pub fn save(&self, dir: &Path) -> Result<(), ModelError> {
        directory::MODEL.check_target(dir)?;
        directory::MODEL.save(dir, &self.files()?)
    }

    /// The files of the model, the manifest last.
    fn files(&self) -> Result<Vec<NamedFile>, InvalidModel> {
        let (generator, evaluator) = (&self.generator.parameters, &self.evaluator.parameters);
        Declared::new(&self.config, &self.schema)?.check(generator, evaluator)?;
        let contents = Contents {
            config: &self.config,
            schema: &self.schema,
            items: self.items.as_deref(),
            weights: weights::encode([generator, evaluator], self.config.precision)?,
        };
        Ok(contents.files(Manifest {
            format: manifest::format_of(self.config.precision),
            parameters: ParameterCounts {
                generator: generator.count() as u64,
                evaluator: evaluator.count() as u64,
                network: 0,
            },
            provenance: self.provenance.clone(),
            ..Manifest::default()
        }))
    }

    /// The model in the directory `dir`.
    ///
    /// # Errors
    /// If a file is missing, truncated, changed since it was saved or of a newer format, or the weights do not fit the
    /// configuration and the schema.
    pub fn load(dir: &Path) -> Result<Self, ModelError> {
        let found: Found<ModelConfig> = Found::at(dir, None)?;
        let invalid = |problem: InvalidModel| ModelError::invalid(&dir.join(problem.file()), problem);
        let declared = Declared::new(&found.config, &found.schema).map_err(invalid)?;
        let (generator, evaluator) = declared.with(found.named).map_err(invalid)?;
        let Found { config, schema, items, provenance, .. } = found;
        Ok(Self { config, schema, items, generator, evaluator, provenance })
    }
}
