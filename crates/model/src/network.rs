//! The model directory of a system that is one network, whatever that is.

use std::path::Path;
use std::sync::Arc;

use nar4rec_features::Schema;
use nar4rec_slate::Item;
use nar4rec_tensor::{ParameterSpec, Parameters};
use serde::{Serialize, de::DeserializeOwned};

use crate::contents::{Contents, Found};
use crate::{InvalidModel, Manifest, ModelError, ParameterCounts, Precision, Provenance, directory, manifest, weights};

/// A trained network with all that it takes to use it.
#[derive(Debug, Clone)]
pub struct Network<C> {
    /// The system's name.
    pub system: String,
    /// What it is made of: `config.json`.
    pub config: C,
    /// The features and their encoding.
    pub schema: Schema,
    /// The item catalog it was trained with, if there was one.
    pub items: Option<Vec<Item>>,
    /// Its numbers.
    pub parameters: Parameters,
    /// Where it comes from and how good it was found to be.
    pub provenance: Provenance,
}

impl<C: Serialize + DeserializeOwned> Network<C> {
    /// Saves it as the directory `dir`, as [`Model::save`](crate::Model::save) does.
    ///
    /// # Errors
    /// If something that is no model is at `dir`, a parameter is not finite, or writing fails.
    pub fn save(&self, dir: &Path) -> Result<(), ModelError> {
        directory::MODEL.check_target(dir)?;
        if let Some((spec, _)) = self.parameters.iter().find(|(_, numbers)| numbers.iter().any(|x| !x.is_finite())) {
            return Err(InvalidModel::from(nar4rec_tensor::ParameterError::NotFinite(spec.name.clone())).into());
        }
        let contents = Contents {
            config: &self.config,
            schema: &self.schema,
            items: self.items.as_deref(),
            weights: weights::encode([&self.parameters], Precision::F32)?,
        };
        let files = contents.files(Manifest {
            format: manifest::FORMAT_OF_NETWORKS,
            system: Some(self.system.clone()),
            parameters: ParameterCounts { network: self.parameters.count() as u64, ..ParameterCounts::default() },
            provenance: self.provenance.clone(),
            ..Manifest::default()
        });
        directory::MODEL.save(dir, &files)
    }

    /// The network of `system` in the directory `dir`; `declare` says which parameters its configuration calls for, and gives
    /// what it made of it besides.
    ///
    /// # Errors
    /// If a file is missing, truncated, changed since it was saved or of a newer format, it is another system's, or the
    /// weights do not fit.
    pub fn load<L>(
        dir: &Path,
        system: &str,
        declare: impl FnOnce(&C, &Schema) -> Result<(L, Arc<[ParameterSpec]>), InvalidModel>,
    ) -> Result<(Self, L), ModelError> {
        let Found { config, schema, items, named, provenance } = Found::at(dir, Some(system))?;
        let invalid = |problem: InvalidModel| ModelError::invalid(&dir.join(problem.file()), problem);
        let (layers, specs) = declare(&config, &schema).map_err(invalid)?;
        let parameters = Parameters::from_named(specs, named).map_err(|error| invalid(error.into()))?;
        Ok((Self { system: system.to_owned(), config, schema, items, parameters, provenance }, layers))
    }
}

#[cfg(test)]
mod tests {
    use nar4rec_tensor::{Init, Kind, Registry};

    use super::*;

    fn specs() -> Arc<[ParameterSpec]> {
        let mut registry = Registry::default();
        registry.scope("prm", |registry| registry.add("weight", [2, 3], Kind::Matrix, Init::Uniform(1.0)));
        registry.finish()
    }

    fn network() -> Network<Vec<u32>> {
        let schema = r#"{"version": 1, "score": {"mean": 0.0, "std": 1.0, "columns": ["value"]}}"#;
        Network {
            system: "prm".to_owned(),
            config: vec![1, 2],
            schema: serde_json::from_str(schema).unwrap(),
            items: None,
            parameters: Parameters::initialise(specs(), 5),
            provenance: Provenance::default(),
        }
    }

    fn load(dir: &Path, system: &str) -> Result<Network<Vec<u32>>, String> {
        let loaded = Network::load(dir, system, |_: &Vec<u32>, _| Ok(((), specs())));
        loaded.map(|(network, ())| network).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("m");
        network().save(&dir).unwrap();
        let loaded = load(&dir, "prm").unwrap();
        assert_eq!((loaded.parameters, loaded.config), (network().parameters, vec![1, 2]));
        let manifest = Manifest::read(&dir).unwrap();
        assert_eq!((manifest.format, manifest.system.as_deref()), (3, Some("prm")));
        assert_eq!((manifest.parameters.network, manifest.parameters.generator), (6, 0));
    }

    #[test]
    fn another_system_and_damage_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("m");
        network().save(&dir).unwrap();
        assert!(load(&dir, "dnn").unwrap_err().ends_with("m: a model of prm, expected one of dnn"));
        let error = crate::Model::load(&dir).unwrap_err().to_string();
        assert!(error.ends_with("m: a model of prm, expected one of nar4rec"), "{error}");
        std::fs::write(dir.join(crate::CONFIG), "[1, 3]").unwrap();
        assert!(load(&dir, "prm").unwrap_err().contains("config.json: "));
        let mut broken = network();
        broken.parameters.values_mut()[0][1] = f32::NAN;
        assert!(broken.save(&folder.path().join("x")).unwrap_err().to_string().contains("prm.weight"));
    }
}
