//! A model ready to rerank, and what can be asked of it.

mod pass;

use std::path::Path;

use nar4rec_decoding::ProposalConfig;
use nar4rec_evaluator::{Evaluator, FeedbackKind};
use nar4rec_features::{Catalog, Encoder, Schema};
use nar4rec_generator::{FirstPositions, Generator};
use nar4rec_layers::{FeatureEmbedding, ItemStates};
use nar4rec_model::{Choice, ExchangeConfig, InvalidModel, Model};
use nar4rec_slate::{Item, Permutation, Request};
use nar4rec_tensor::{Eager, Isa, ParameterError, Parameters, Weights, Workspace};
use ndarray::Array2;

use crate::{
    LoadError, Observer, Options, Ranking, RerankError, ScoredList, Trace, considered::Considered, rules::Attributes,
    scratch::Pool,
};
use pass::{Footprint, Wanted, passes};

/// Layers and their weights, packed.
#[derive(Debug)]
struct Network<L> {
    layers: L,
    weights: Weights,
    /// What is known of the catalog's items beforehand.
    items: Option<ItemStates>,
}

/// A model ready to rerank.
///
/// It is `Send + Sync`; calls run on the caller's thread, side by side, and the same request always gets the same answer.
/// A request may have as many candidates as there can be, [`MAX_CANDIDATES`](nar4rec_slate::MAX_CANDIDATES).
#[derive(Debug)]
pub struct Reranker {
    encoder: Encoder,
    catalog: Catalog,
    /// The catalog's features as they came, for constraints.
    attributes: Attributes,
    generator: Network<Generator>,
    evaluator: Network<Evaluator>,
    /// What the generator computes before it sees a request.
    first_positions: FirstPositions,
    proposals: ProposalConfig,
    /// What a unit of log P̂ of a list is worth beside its utility.
    generator_weight: f32,
    choice: Choice,
    exchanges: ExchangeConfig,
    scratches: Pool,
}

impl Reranker {
    /// Loads a model directory, to run with the fastest instructions of this CPU.
    ///
    /// # Errors
    /// If a file is missing, damaged, of a newer format or does not fit the others.
    pub fn load(dir: impl AsRef<Path>) -> Result<Self, LoadError> {
        Self::new(Model::load(dir.as_ref())?, Isa::detect())
    }

    /// Makes a model ready to run with the given instructions.
    ///
    /// # Errors
    /// If the model's configuration or schema contradicts itself, a parameter is not finite, or an item of its catalog
    /// does not fit the schema.
    pub fn new(model: Model, isa: Isa) -> Result<Self, LoadError> {
        let Model { config, schema, items, generator, evaluator, .. } = model;
        config.validate().map_err(InvalidModel::from)?;
        let encoder = Encoder::new(schema).map_err(InvalidModel::from)?;
        let items = items.unwrap_or_default();
        let purpose = config.precision.purpose();
        let ready = |parameters: Parameters| check_finite(&parameters).map(|()| Weights::new(parameters, isa, purpose));
        let catalog = catalog(&encoder, &items)?;
        let mut workspace = Workspace::default();
        let mut beforehand =
            |input: &FeatureEmbedding, weights: &Weights| input.item_states(weights, &mut workspace, &catalog);
        let weights = ready(generator.parameters)?;
        let known = beforehand(generator.layers.input(), &weights);
        let generator = Network { layers: generator.layers, weights, items: known };
        let weights = ready(evaluator.parameters)?;
        let known = beforehand(evaluator.layers.input(), &weights);
        let evaluator = Network { layers: evaluator.layers, weights, items: known };
        Ok(Self {
            catalog,
            attributes: Attributes::new(encoder.schema(), items),
            encoder,
            first_positions: generator.layers.first_positions(&mut Eager::new(&generator.weights, &mut workspace)),
            generator,
            evaluator,
            proposals: config.pipeline.proposals(),
            generator_weight: config.pipeline.generator_weight,
            choice: config.pipeline.choice,
            exchanges: config.pipeline.exchanges,
            scratches: Pool::default(),
        })
    }

    /// The greatest number of items in a list.
    pub fn list_length(&self) -> usize {
        self.generator.layers.config().list_length
    }

    /// How many requests of so many candidates share a pass of the networks: a batch of more is cut, for beyond it the
    /// states leave the cache.
    pub fn requests_per_pass(&self, candidates: usize) -> usize {
        self.footprint().requests(candidates)
    }

    /// The kinds of feedback the evaluator predicts, with their weights in a list's utility.
    pub fn feedback(&self) -> &[FeedbackKind] {
        &self.evaluator.layers.config().feedback
    }

    /// The names of the kinds of feedback that [`crate::PlacedItem::feedback`] is about, in its order.
    pub fn feedback_kinds(&self) -> impl ExactSizeIterator<Item = &str> + '_ {
        self.feedback().iter().map(|kind| kind.name.as_str())
    }

    /// The features the model reads.
    pub fn schema(&self) -> &Schema {
        self.encoder.schema()
    }

    /// The best list for one request.
    ///
    /// # Errors
    /// If a feature is of the wrong kind, no list keeps the request's constraints, or the model gives no finite numbers.
    pub fn rerank(&self, request: &Request) -> Result<Ranking, RerankError> {
        self.rerank_with(request, Options::default())
    }

    /// The best list for one request, and what else is asked for.
    ///
    /// # Errors
    /// As [`Reranker::rerank`].
    pub fn rerank_with(&self, request: &Request, options: Options) -> Result<Ranking, RerankError> {
        let mut ranking = Ranking::default();
        self.rerank_into(request, options, &mut ranking).map(|()| ranking)
    }

    /// As [`Reranker::rerank_with`], into a ranking whose memory is used again. Keep one per thread: once it and the reranker
    /// have seen requests as large (and with `exchanges` as many lists), a request without constraints allocates nothing.
    ///
    /// # Errors
    /// As [`Reranker::rerank`]; `ranking` is then as before.
    pub fn rerank_into(&self, request: &Request, options: Options, ranking: &mut Ranking) -> Result<(), RerankError> {
        self.rerank_observed(request, options, ranking, &mut ())
    }

    /// As [`Reranker::rerank_into`], telling `observer` what happens as it happens: for profiles.
    ///
    /// # Errors
    /// As [`Reranker::rerank_into`].
    pub fn rerank_observed(
        &self,
        request: &Request,
        options: Options,
        ranking: &mut Ranking,
        observer: &mut impl Observer,
    ) -> Result<(), RerankError> {
        self.consider(request, self.proposals(options.length), observer, |considered| {
            considered.answer(request, options.alternatives, ranking);
        })
    }

    /// The best lists of many requests, in their order, on the caller's thread. Each is the same as if it came alone, and
    /// one that fails does not disturb the others.
    pub fn rerank_batch(&self, requests: &[Request], options: Options) -> Vec<Result<Ranking, RerankError>> {
        self.consider_batch(requests, self.proposals(options.length), |considered, request| {
            let mut ranking = Ranking::default();
            considered.answer(request, options.alternatives, &mut ranking);
            ranking
        })
    }

    /// Everything that is computed for each request on the way to its best list, with lists of `length` items or the
    /// model's length. As with [`Reranker::rerank_batch`], each is the same as if it came alone.
    pub fn trace_batch(&self, requests: &[Request], length: Option<usize>) -> Vec<Result<Trace, RerankError>> {
        self.consider_batch(requests, self.proposals(length), |considered, request| considered.trace(request))
    }

    /// P̂ of a request, `[candidates, positions]`: every column is a distribution over the candidates. Constraints are not
    /// looked at.
    ///
    /// # Errors
    /// If a feature is of the wrong kind, or the model gives no finite numbers.
    pub fn probabilities(&self, request: &Request) -> Result<Array2<f32>, RerankError> {
        self.consider(request, Wanted::Nothing, &mut (), |considered| {
            let (logs, positions) = considered.log_probabilities();
            let p = logs.iter().map(|log| log.exp()).collect();
            let shape = (request.candidates().len(), positions);
            Array2::from_shape_vec(shape, p).expect("one row per candidate, one column per position")
        })
    }

    /// What the model says of lists of the caller's, such as the one that was shown. They need not keep the request's
    /// constraints.
    ///
    /// # Errors
    /// If a feature is of the wrong kind, a list is longer than the model's or about other candidates, or the model gives
    /// no finite numbers.
    pub fn evaluate(&self, request: &Request, lists: &[Permutation]) -> Result<Vec<ScoredList>, RerankError> {
        self.consider(request, Wanted::Given(lists), &mut (), |considered| considered.scored_lists(request))
    }

    /// How much of the cache a request wants.
    fn footprint(&self) -> Footprint {
        let (generator, evaluator) = (self.generator.layers.config(), self.evaluator.layers.config());
        Footprint::new(generator, evaluator, self.proposals.most_lists(), self.exchanges)
    }

    /// The decoders' lists, with `length` items or the model's length.
    fn proposals(&self, length: Option<usize>) -> Wanted<'static> {
        let most = self.list_length();
        Wanted::Proposals(length.map_or(most, |length| length.min(most)))
    }

    /// One request through the networks, and what `answer` makes of it.
    fn consider<T>(
        &self,
        request: &Request,
        wanted: Wanted<'_>,
        observer: &mut impl Observer,
        answer: impl FnOnce(&mut Considered) -> T,
    ) -> Result<T, RerankError> {
        self.scratches.lend(self.encoder.spec(), |scratch| {
            self.pass(std::slice::from_ref(request), wanted, scratch, observer);
            let considered = scratch.considered.as_mut_slice().first_mut().expect("one for each request");
            considered.sound(request).map(answer)
        })
    }

    /// Many requests through the networks, a pass at a time.
    fn consider_batch<T>(
        &self,
        requests: &[Request],
        wanted: Wanted<'_>,
        answer: impl Fn(&mut Considered, &Request) -> T,
    ) -> Vec<Result<T, RerankError>> {
        self.scratches.lend(self.encoder.spec(), |scratch| {
            let mut answers = Vec::with_capacity(requests.len());
            for requests in passes(requests, self.footprint()) {
                self.pass(requests, wanted, scratch, &mut ());
                let considered = scratch.considered.as_mut_slice().iter_mut().zip(requests);
                answers.extend(considered.map(|(considered, request)| {
                    considered.sound(request).map(|considered| answer(considered, request))
                }));
            }
            answers
        })
    }
}

/// The encoded catalog.
fn catalog(encoder: &Encoder, items: &[Item]) -> Result<Catalog, LoadError> {
    let mut catalog = Catalog::empty(encoder);
    for item in items {
        catalog.push(encoder, item).map_err(|source| LoadError::Item { id: item.id.clone(), source })?;
    }
    Ok(catalog)
}

/// A model that was not loaded from a directory has been through no door yet.
fn check_finite(parameters: &Parameters) -> Result<(), InvalidModel> {
    match parameters.iter().find(|(_, numbers)| numbers.iter().any(|number| !number.is_finite())) {
        Some((spec, _)) => Err(ParameterError::NotFinite(spec.name.clone()).into()),
        None => Ok(()),
    }
}
