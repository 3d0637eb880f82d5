//! A rival, loaded and ready for requests.

use std::path::Path;

use nar4rec_evaluator::Lists;
use nar4rec_features::{Catalog, EncodedRequest, Encoder, FeatureBatch};
use nar4rec_model::InvalidModel;
use nar4rec_rivals::{Candidates, Ranked, Rival, SystemKind};
use nar4rec_slate::{InvalidRequest, Permutation, Request};
use nar4rec_tensor::{Isa, Purpose, Weights, Workspace};

use super::model::{RivalConfig, load};
use crate::{TrainError, examples::ranks};

/// A system that NAR4Rec is compared with, ready to rank.
#[derive(Debug)]
pub struct RivalRanker {
    kind: SystemKind,
    config: RivalConfig,
    rival: Box<dyn Rival>,
    weights: Weights,
    encoder: Encoder,
    catalog: Catalog,
}

impl RivalRanker {
    /// The system `kind` from its model directory.
    ///
    /// # Errors
    /// If the model cannot be read, or an item of its catalog does not fit its schema.
    pub fn load(kind: SystemKind, dir: &Path, isa: Isa) -> Result<Self, TrainError> {
        let (network, rival) = load(kind, dir)?;
        let encoder = Encoder::new(network.schema).map_err(InvalidModel::from)?;
        let mut catalog = Catalog::empty(&encoder);
        for item in network.items.iter().flatten() {
            catalog.push(&encoder, item).map_err(|source| TrainError::Item { id: item.id.clone(), source })?;
        }
        let weights = Weights::new(network.parameters, isa, Purpose::Inference);
        Ok(Self { kind, config: network.config, rival, weights, encoder, catalog })
    }

    /// Which system it is.
    pub fn kind(&self) -> SystemKind {
        self.kind
    }

    /// The greatest number of items in a list.
    pub fn list_length(&self) -> usize {
        self.config.list_length
    }

    /// The kind of feedback that made an item relevant in its training.
    pub fn relevance(&self) -> &str {
        &self.config.relevance
    }

    /// What it makes of each of some requests. One that fails does not disturb the others.
    pub fn rank(&self, requests: &[Request], length: usize) -> Vec<Result<Ranked, InvalidRequest>> {
        let mut batch = FeatureBatch::new(self.encoder.spec());
        let mut places = Vec::new();
        let encoded: Vec<_> = requests.iter().map(|request| self.encode(request)).collect();
        for (encoded, request) in encoded.iter().zip(requests) {
            if let Ok(encoded) = encoded {
                batch.push(encoded, &self.catalog);
                places.extend(ranks(request));
            }
        }
        let candidates = Candidates { batch: &batch, ranks: &places };
        let ranked = self.rival.rank(&self.weights, &mut Workspace::default(), candidates, length);
        let mut ranked = ranked.into_iter();
        let answers = encoded
            .into_iter()
            .map(|encoded| encoded.map(|_| ranked.next().expect("every request that was encoded is ranked")));
        answers.collect()
    }

    /// The probability that each item of a list is wanted where it stands; nothing if the system predicts none.
    ///
    /// # Errors
    /// If a feature does not fit the schema.
    pub fn probabilities(&self, request: &Request, list: &Permutation) -> Result<Option<Vec<f32>>, InvalidRequest> {
        let mut batch = FeatureBatch::new(self.encoder.spec());
        batch.push(&self.encode(request)?, &self.catalog);
        let places = ranks(request);
        let candidates = Candidates { batch: &batch, ranks: &places };
        let mut lists = Lists::default();
        lists.push(list.iter().map(|index| index as u32));
        Ok(self.rival.probabilities(&self.weights, &mut Workspace::default(), candidates, &lists))
    }

    fn encode(&self, request: &Request) -> Result<EncodedRequest, InvalidRequest> {
        if *request.constraints() != nar4rec_slate::Constraints::default() {
            let problem = format!("{} keeps none, expected a request without", self.kind.name());
            return Err(InvalidRequest::new("constraints", problem));
        }
        self.encoder
            .encode(request, &self.catalog)
            .map_err(|error| InvalidRequest::new("", format!("request {:?}: {error}", request.request_id())))
    }
}
