//! A model in memory, and its way to the disk and back.

use std::path::Path;

use nar4rec_evaluator::Evaluator;
use nar4rec_features::Schema;
use nar4rec_generator::Generator;
use nar4rec_slate::Item;
use nar4rec_tensor::Parameters;

use crate::declared::Declared;
use crate::directory::{self, NamedFile};
use crate::{
    CONFIG, ITEMS, InvalidModel, MANIFEST, Manifest, ModelConfig, ModelError, ParameterCounts, Precision, Provenance,
    SCHEMA, WEIGHTS, items, json, manifest, weights,
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
        let mut files = vec![
            (WEIGHTS, weights::encode([generator, evaluator], self.config.precision)?),
            (CONFIG, json::encode(&self.config)),
            (SCHEMA, json::encode(&self.schema)),
        ];
        files.extend(self.items.as_ref().map(|items| (ITEMS, items::encode(items))));
        let manifest = Manifest {
            format: manifest::format_of(self.config.precision),
            nar4rec: env!("CARGO_PKG_VERSION").to_owned(),
            parameters: ParameterCounts { generator: generator.count() as u64, evaluator: evaluator.count() as u64 },
            provenance: self.provenance.clone(),
            files: manifest::records(&files),
        };
        files.push((MANIFEST, manifest.encode()));
        Ok(files)
    }

    /// The model in the directory `dir`.
    ///
    /// # Errors
    /// If a file is missing, truncated, changed since it was saved or of a newer format, or the weights do not fit the
    /// configuration and the schema.
    pub fn load(dir: &Path) -> Result<Self, ModelError> {
        let manifest = Manifest::read(dir)?;
        let required = |name| manifest.read_file(dir, name).map(|bytes| bytes.expect("a checked manifest lists it"));
        let config: ModelConfig = json::parse(&dir.join(CONFIG), &required(CONFIG)?)?;
        let schema: Schema = json::parse(&dir.join(SCHEMA), &required(SCHEMA)?)?;
        let items = manifest.read_file(dir, ITEMS)?.map(|bytes| items::decode(&dir.join(ITEMS), &bytes)).transpose()?;
        let invalid = |problem: InvalidModel| ModelError::invalid(&dir.join(problem.file()), problem);
        let declared = Declared::new(&config, &schema).map_err(invalid)?;
        let named = weights::decode(&required(WEIGHTS)?).map_err(invalid)?;
        let (generator, evaluator) = declared.with(named).map_err(invalid)?;
        Ok(Self { config, schema, items, generator, evaluator, provenance: manifest.provenance })
    }
}
