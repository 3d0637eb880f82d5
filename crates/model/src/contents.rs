//! What every model directory holds, whatever system it is of: to files, and back.

use std::path::Path;

use nar4rec_features::Schema;
use nar4rec_slate::Item;
use serde::{Serialize, de::DeserializeOwned};

use crate::directory::NamedFile;
use crate::weights::{self, Named};
use crate::{CONFIG, ITEMS, MANIFEST, Manifest, ModelError, Provenance, SCHEMA, WEIGHTS, items, json, manifest};

/// What is written.
pub(crate) struct Contents<'a, C> {
    pub(crate) config: &'a C,
    pub(crate) schema: &'a Schema,
    pub(crate) items: Option<&'a [Item]>,
    /// The bytes of the weights' file.
    pub(crate) weights: Vec<u8>,
}

impl<C: Serialize> Contents<'_, C> {
    /// The files of a model, the manifest last; what it says of the others is filled in.
    pub(crate) fn files(self, about: Manifest) -> Vec<NamedFile> {
        let mut files =
            vec![(WEIGHTS, self.weights), (CONFIG, json::encode(self.config)), (SCHEMA, json::encode(self.schema))];
        files.extend(self.items.map(|items| (ITEMS, items::encode(items))));
        let nar4rec = env!("CARGO_PKG_VERSION").to_owned();
        let manifest = Manifest { nar4rec, files: manifest::records(&files), ..about };
        files.push((MANIFEST, manifest.encode()));
        files
    }
}

/// What is read.
pub(crate) struct Found<C> {
    pub(crate) config: C,
    pub(crate) schema: Schema,
    pub(crate) items: Option<Vec<Item>>,
    pub(crate) named: Named,
    pub(crate) provenance: Provenance,
}

impl<C: DeserializeOwned> Found<C> {
    /// The contents of the directory `dir`, which is a model of `system`; of NAR4Rec if none is named.
    pub(crate) fn at(dir: &Path, system: Option<&str>) -> Result<Self, ModelError> {
        let manifest = Manifest::read(dir)?;
        if manifest.system.as_deref() != system {
            let name = |system: Option<&str>| system.unwrap_or("nar4rec").to_owned();
            let (found, expected) = (name(manifest.system.as_deref()), name(system));
            return Err(ModelError::OtherSystem { dir: dir.to_owned(), found, expected });
        }
        let required = |name| manifest.read_file(dir, name).map(|bytes| bytes.expect("a checked manifest lists it"));
        let file = dir.join(WEIGHTS);
        Ok(Self {
            config: json::parse(&dir.join(CONFIG), &required(CONFIG)?)?,
            schema: json::parse(&dir.join(SCHEMA), &required(SCHEMA)?)?,
            items: manifest.read_file(dir, ITEMS)?.map(|bytes| items::decode(&dir.join(ITEMS), &bytes)).transpose()?,
            named: weights::decode(&required(WEIGHTS)?).map_err(|problem| ModelError::invalid(&file, problem))?,
            provenance: manifest.provenance,
        })
    }
}
