//! A small model with random weights, and requests for it: all made from seeds.
//!
//! Items have a year and genres in the catalog; candidates add an author and a price of their own. The schema is inferred
//! from a log of such requests.

#![allow(dead_code, reason = "each test uses some of it")]

use nar4rec_decoding::{Beam, Contrastive, Decoder, Dpp, Greedy, Gumbel, KBest, Sample};
use nar4rec_evaluator::{EvaluatorConfig, FeedbackKind};
use nar4rec_features::{Schema, SchemaBuilder, SchemaOptions};
use nar4rec_generator::GeneratorConfig;
use nar4rec_infer::{
    Candidate, Constraints, FeatureValue, Features, Isa, Item, MAX_CANDIDATES, Model, PlacedItem, Request, Reranker,
    Trace, User,
};
use nar4rec_model::{ModelConfig, PipelineConfig, Precision};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// m of the model.
pub(crate) const LENGTH: usize = 6;

const GENRES: [&str; 5] = ["comedy", "crime", "drama", "romance", "war"];

fn text(text: &str) -> FeatureValue {
    FeatureValue::from(text)
}

/// The catalog: more items than a request may have candidates, some without genres.
pub(crate) fn items() -> Vec<Item> {
    let mut rng = Pcg64Mcg::seed_from_u64(1);
    let item = |number: usize| {
        let genres = GENRES.into_iter().filter(|_| rng.random_bool(0.3)).map(str::to_owned).collect::<Vec<_>>();
        let year = FeatureValue::from(f64::from(rng.random_range(1950_u16..2020)));
        let features = [("genres".to_owned(), genres.into()), ("year".to_owned(), year)];
        Item { id: format!("v{number}"), features: Features::from(features) }
    };
    (0..MAX_CANDIDATES + 100).map(item).collect()
}

/// A request with `candidates` distinct candidates, drawn from `seed`.
pub(crate) fn request(seed: u64, candidates: usize) -> Request {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let mut numbers: Vec<usize> = (0..MAX_CANDIDATES + 100).collect();
    let (numbers, _) = numbers.partial_shuffle(&mut rng, candidates);
    let candidates = numbers.iter().map(|number| {
        let author = text(&format!("a{}", rng.random_range(0..4)));
        let price = FeatureValue::from(rng.random_range(0.5..20.0));
        let features = Features::from([("author".to_owned(), author), ("price".to_owned(), price)]);
        Candidate { id: format!("v{number}"), score: rng.random_bool(0.9).then(|| rng.random()), features }
    });
    let candidates = candidates.collect();
    let age = FeatureValue::from(f64::from(rng.random_range(12_u8..90)));
    let recent: Vec<String> = (0..rng.random_range(0..5)).map(|_| format!("v{}", rng.random_range(0..300))).collect();
    let features = Features::from([("age".to_owned(), age), ("recent".to_owned(), recent.into())]);
    Request::new(format!("r{seed}"), User { id: None, features }, candidates).unwrap()
}

/// The same request under constraints, given as JSON.
pub(crate) fn constrained(request: Request, constraints: &str) -> Request {
    request.constrained(serde_json::from_str::<Constraints>(constraints).unwrap()).unwrap()
}

/// The schema of such items and requests.
pub(crate) fn schema() -> Schema {
    let mut builder = SchemaBuilder::new(SchemaOptions { min_count: 1, id_dim: 6, ..SchemaOptions::default() });
    items().iter().for_each(|item| builder.observe_item(item).unwrap());
    (0..40).for_each(|seed| builder.observe_request(&request(seed, 20)).unwrap());
    builder.finish().unwrap().schema
}

/// Every decoder there is.
pub(crate) fn decoders() -> Vec<Decoder> {
    vec![
        Decoder::Greedy(Greedy {}),
        Decoder::Contrastive(Contrastive { alpha: 0.1, top_k: Some(8) }),
        Decoder::Dpp(Dpp { alpha: 0.3, top_k: None }),
        Decoder::Beam(Beam { width: 3, lists: 2 }),
        Decoder::Sample(Sample { lists: 2, ..Sample::default() }),
        Decoder::Gumbel(Gumbel { temperature: 1.0, lists: 3 }),
        Decoder::KBest(KBest { lists: 4 }),
    ]
}

/// A model of a few thousand numbers, drawn from `seed`.
pub(crate) fn model(seed: u64) -> Model {
    let (width, heads, feed_forward) = (12, 2, 20);
    let feedback = vec![FeedbackKind::new("click", 1.0), FeedbackKind::new("hide", -0.3)];
    let config = ModelConfig {
        generator: GeneratorConfig { list_length: LENGTH, width, heads, feed_forward, ..GeneratorConfig::default() },
        evaluator: EvaluatorConfig {
            width,
            layers: 1,
            heads,
            feed_forward,
            likeness: 5,
            feedback,
            ..Default::default()
        },
        pipeline: PipelineConfig { seed: 3, generator_weight: 0.05, decoders: decoders(), ..PipelineConfig::default() },
        precision: Precision::F32,
        training: serde_json::Value::Null,
    };
    Model { items: Some(items()), ..Model::build(config, schema(), seed).unwrap() }
}

/// A model changed in some way, ready to rerank.
pub(crate) fn reranker(seed: u64, change: impl FnOnce(&mut Model)) -> Reranker {
    let mut model = model(seed);
    change(&mut model);
    Reranker::new(model, Isa::detect()).unwrap()
}

/// What each item is worth, the naive way: the means over all the lists it stands in, by the list of places where it was judged.
pub(crate) fn worths(trace: &Trace, weight: f32) -> Vec<(usize, f32, Vec<f32>)> {
    let judged =
        |index: usize| trace.proposals.iter().flat_map(|list| &list.items).filter(move |item| item.index == index);
    let candidates = trace.log_probabilities.len() / trace.positions;
    let worths = (0..candidates).filter(|index| judged(*index).next().is_some()).map(|index| {
        let mean = |of: &dyn Fn(&PlacedItem) -> f32| judged(index).map(of).sum::<f32>() / judged(index).count() as f32;
        let feedback: Vec<f32> = (0..2).map(|kind| mean(&|item| item.feedback[kind])).collect();
        (index, feedback[0] - 0.3 * feedback[1] + weight * mean(&|item| item.p.ln()), feedback)
    });
    let mut worths: Vec<_> = worths.collect();
    worths.sort_by(|a, b| b.1.total_cmp(&a.1));
    worths
}

/// All lists with one item exchanged, or two in each other's place.
pub(crate) fn next_to(list: &[usize], candidates: usize) -> Vec<Vec<usize>> {
    let cells = (0..list.len()).flat_map(|place| (0..candidates).map(move |item| (place, item)));
    let exchanged = cells.map(|(place, item)| {
        let mut next = list.to_vec();
        match list.iter().position(|known| *known == item) {
            Some(other) => next.swap(place, other),
            None => next[place] = item,
        }
        next
    });
    exchanged.collect()
}

/// The ids of the best list.
pub(crate) fn best_ids(reranker: &Reranker, request: &Request) -> Vec<String> {
    reranker.rerank(request).unwrap().best.items.into_iter().map(|item| item.id).collect()
}
