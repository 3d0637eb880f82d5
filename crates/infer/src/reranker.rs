//! The pipeline: generate, decode, evaluate, choose.

use std::{path::Path, sync::Mutex};

use nar4rec_decoding::{ProposalConfig, Scores};
use nar4rec_evaluator::{Evaluator, FeedbackKind, Lists};
use nar4rec_features::{Catalog, EncodedRequest, Encoder, FeatureBatch, Schema};
use nar4rec_generator::Generator;
use nar4rec_model::Model;
use nar4rec_slate::{Permutation, Request};
use nar4rec_tensor::{Eager, Exec, Isa, Purpose, Weights, Workspace};
use ndarray::Array2;

use crate::{
    LoadError, Options, Ranking, RerankError, ScoredList, Trace,
    ranking::{placed, unscored},
    rules,
};

/// Requests that share one pass of the networks: enough to fill the kernels, few enough to stay in cache.
const REQUESTS_PER_PASS: usize = 16;

/// A model ready to rerank.
#[derive(Debug)]
pub struct Reranker {
    encoder: Encoder,
    catalog: Catalog,
    /// The catalog's features as they came, for constraints.
    items: rules::Catalog,
    generator: (Generator, Weights),
    evaluator: (Evaluator, Weights),
    proposals: ProposalConfig,
    /// What a unit of log P̂ of a list is worth beside its utility.
    generator_weight: f32,
    /// Memory of past calls, one for each that ran at the same time.
    scratches: Mutex<Vec<Scratch>>,
}

/// Memory of one call.
#[derive(Debug)]
struct Scratch {
    batch: FeatureBatch,
    encoded: EncodedRequest,
    generator: Workspace,
    evaluator: Workspace,
}

/// A request on its way through the pipeline.
struct Pending<'r> {
    request: &'r Request,
    /// Where it stands among the requests of the call.
    place: usize,
    trace: Trace,
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
    /// If an item of the model's catalog does not fit its schema.
    pub fn new(model: Model, isa: Isa) -> Result<Self, LoadError> {
        let encoder = Encoder::new(model.schema)?;
        let items = model.items.unwrap_or_default();
        let mut catalog = Catalog::empty(&encoder);
        for item in &items {
            catalog.push(&encoder, item).map_err(|source| LoadError::Item { id: item.id.clone(), source })?;
        }
        let ready = |parameters| Weights::new(parameters, isa, Purpose::Inference);
        Ok(Self {
            encoder,
            catalog,
            items: items.into_iter().map(|item| (item.id, item.features)).collect(),
            generator: (model.generator.layers, ready(model.generator.parameters)),
            evaluator: (model.evaluator.layers, ready(model.evaluator.parameters)),
            proposals: model.config.pipeline.proposals(),
            generator_weight: model.config.pipeline.generator_weight,
            scratches: Mutex::default(),
        })
    }

    /// The greatest number of items in a list.
    pub fn list_length(&self) -> usize {
        self.generator.0.config().list_length
    }

    /// The kinds of feedback the evaluator foretells, with their weights in a list's utility.
    pub fn feedback(&self) -> &[FeedbackKind] {
        &self.evaluator.0.config().feedback
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
    /// If a feature is of the wrong kind, or no list keeps the request's constraints.
    pub fn rerank(&self, request: &Request) -> Result<Ranking, RerankError> {
        self.rerank_with(request, Options::default())
    }

    /// The best list for one request, and what else is asked for.
    ///
    /// # Errors
    /// As [`Reranker::rerank`].
    pub fn rerank_with(&self, request: &Request, options: Options) -> Result<Ranking, RerankError> {
        let mut answers = self.rerank_batch(std::slice::from_ref(request), options);
        answers.pop().expect("one answer per request")
    }

    /// The best lists of many requests, in their order, on the caller's thread. Each is the same as if it came alone, and
    /// one that fails does not disturb the others.
    pub fn rerank_batch(&self, requests: &[Request], options: Options) -> Vec<Result<Ranking, RerankError>> {
        let traces = self.trace_batch(requests, options.length);
        let answers = requests.iter().zip(traces);
        answers.map(|(request, trace)| Ok(trace?.into_ranking(request, options.alternatives))).collect()
    }

    /// P̂ of a request, `[candidates, positions]`: every column is a distribution over the candidates.
    ///
    /// # Errors
    /// If a feature is of the wrong kind.
    pub fn probabilities(&self, request: &Request) -> Result<Array2<f32>, RerankError> {
        self.with_scratch(|scratch| {
            scratch.batch.clear();
            self.encode(request, scratch)?;
            let mut ex = Eager::new(&self.generator.1, &mut scratch.generator);
            let output = self.generator.0.forward(&mut ex, &scratch.batch);
            let probabilities = ex.data(output.log_probabilities).iter().map(|p| p.exp()).collect();
            let shape = (request.candidates().len(), self.list_length());
            Ok(Array2::from_shape_vec(shape, probabilities).expect("one row per candidate, one column per position"))
        })
    }

    /// What the evaluator says of lists of the caller's, such as the one that was shown.
    ///
    /// # Errors
    /// If a feature is of the wrong kind or a list longer than the model's.
    pub fn evaluate(&self, request: &Request, lists: &[Permutation]) -> Result<Vec<ScoredList>, RerankError> {
        let most = self.list_length();
        if let Some(list) = lists.iter().find(|list| list.len() > most) {
            let request_id = request.request_id().to_owned();
            return Err(RerankError::TooLong { request_id, length: list.len(), most });
        }
        self.with_scratch(|scratch| {
            scratch.batch.clear();
            self.encode(request, scratch)?;
            let mut scored: Vec<_> = lists.iter().map(|list| placed(request, list, |_, _| f32::NAN)).collect();
            self.score(scored.iter_mut().map(|list| (0, list)).collect(), scratch);
            Ok(scored)
        })
    }

    /// Everything that was computed for each request, with lists of `length` items or the model's length.
    pub fn trace_batch(&self, requests: &[Request], length: Option<usize>) -> Vec<Result<Trace, RerankError>> {
        let length = length.unwrap_or(usize::MAX).min(self.list_length());
        self.with_scratch(|scratch| {
            requests.chunks(REQUESTS_PER_PASS).flat_map(|pass| self.pass(pass, length, scratch)).collect()
        })
    }

    /// One pass of the networks over a few requests.
    fn pass(&self, requests: &[Request], length: usize, scratch: &mut Scratch) -> Vec<Result<Trace, RerankError>> {
        let mut failures = Vec::new();
        scratch.batch.clear();
        let mut accepted = Vec::with_capacity(requests.len());
        for (place, request) in requests.iter().enumerate() {
            match rules::resolve(request, &self.items).and_then(|rules| self.encode(request, scratch).map(|()| rules)) {
                Ok(rules) => accepted.push((place, request, rules)),
                Err(error) => failures.push((place, error)),
            }
        }
        let mut pending = Vec::with_capacity(accepted.len());
        let mut ex = Eager::new(&self.generator.1, &mut scratch.generator);
        let output = self.generator.0.forward(&mut ex, &scratch.batch);
        let (positions, states) = (self.list_length(), ex.data(output.candidates));
        let width = ex.shape(output.candidates)[1];
        for ((place, request, rules), rows) in accepted.into_iter().zip(output.segments.iter()) {
            let logs = &ex.data(output.log_probabilities)[rows.start * positions..rows.end * positions];
            let states = &states[rows.start * width..rows.end * width];
            let candidates = request.candidates().len();
            let decoded = Scores::new(logs, states, candidates, positions)
                .and_then(|scores| self.proposals.propose(&scores, &rules, length));
            match decoded {
                Ok(lists) => {
                    let proposals = lists.iter().map(|list| unscored(request, list, logs, positions)).collect();
                    let trace = Trace { log_probabilities: logs.to_vec(), positions, proposals, best: 0 };
                    pending.push((rows.start, Pending { request, place, trace }));
                }
                Err(source) => {
                    let request_id = request.request_id().to_owned();
                    failures.push((place, RerankError::Decode { request_id, source }));
                }
            }
        }
        let lists =
            pending.iter_mut().flat_map(|(row, pending)| pending.trace.proposals.iter_mut().map(|list| (*row, list)));
        self.score(lists.collect(), scratch);
        let traces = pending.into_iter().map(|(_, pending)| (pending.place, Ok(self.choose(pending))));
        let mut answers: Vec<_> =
            traces.chain(failures.into_iter().map(|(place, error)| (place, Err(error)))).collect();
        answers.sort_by_key(|(place, _)| *place);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    /// Appends a request to the batch.
    fn encode(&self, request: &Request, scratch: &mut Scratch) -> Result<(), RerankError> {
        let encoded = self.encoder.encode_into(request, &self.catalog, &mut scratch.encoded);
        encoded.map_err(|source| RerankError::Feature { request_id: request.request_id().to_owned(), source })?;
        scratch.batch.push(&scratch.encoded, &self.catalog);
        Ok(())
    }

    /// Has the evaluator score lists, each given with the first row of its request in the batch.
    fn score(&self, mut lists: Vec<(usize, &mut ScoredList)>, scratch: &mut Scratch) {
        let rows: Vec<Vec<u32>> = lists
            .iter()
            .map(|(first, list)| list.items.iter().map(|item| (first + item.index) as u32).collect())
            .collect();
        let (evaluator, weights) = &self.evaluator;
        let mut ex = Eager::new(weights, &mut scratch.evaluator);
        let batched = Lists::new(rows.iter().map(Vec::as_slice));
        let logits = evaluator.forward(&mut ex, &scratch.batch, &batched);
        let kinds = evaluator.config().feedback.len();
        for ((_, list), places) in lists.iter_mut().zip(batched.segments().iter()) {
            let logits = &ex.data(logits)[places.start * kinds..places.end * kinds];
            let probabilities: Vec<f32> = logits.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect();
            list.utility = evaluator.utility(&probabilities);
            for (item, feedback) in list.items.iter_mut().zip(probabilities.chunks_exact(kinds)) {
                item.feedback = feedback.to_vec();
            }
        }
    }

    /// Picks the list worth most; of equals the one proposed first.
    fn choose(&self, pending: Pending<'_>) -> Trace {
        let Pending { request, mut trace, .. } = pending;
        debug_assert!(trace.proposals.iter().all(|list| list.items.len() <= request.candidates().len()));
        let worth = |list: &ScoredList| list.utility + self.generator_weight * list.log_probability;
        for index in 1..trace.proposals.len() {
            if worth(&trace.proposals[index]).total_cmp(&worth(&trace.proposals[trace.best])).is_gt() {
                trace.best = index;
            }
        }
        trace
    }

    /// Runs `call` with memory of an earlier call, if there is any.
    fn with_scratch<T>(&self, call: impl FnOnce(&mut Scratch) -> T) -> T {
        let lock = || self.scratches.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let kept = lock().pop();
        let mut scratch = kept.unwrap_or_else(|| Scratch {
            batch: FeatureBatch::new(self.encoder.spec()),
            encoded: EncodedRequest::default(),
            generator: Workspace::default(),
            evaluator: Workspace::default(),
        });
        let result = call(&mut scratch);
        lock().push(scratch);
        result
    }
}
