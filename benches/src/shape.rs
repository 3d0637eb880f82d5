//! The shapes that benchmarks are named after, and the models and requests of each.

use std::{fmt, str::FromStr, sync::Arc};

use anyhow::Context;
use nar4rec_decoding::{Contrastive, Decoder, ProposalConfig};
use nar4rec_evaluator::{EvaluatorConfig, FeedbackKind};
use nar4rec_features::{Catalog, Encoder, Feature, FeatureBatch, NumberFeature, SCHEMA_VERSION, Schema};
use nar4rec_generator::GeneratorConfig;
use nar4rec_model::{Model, ModelConfig, PipelineConfig, Precision};
use nar4rec_slate::{Candidate, Features, Request, User};
use nar4rec_tensor::Kind;

use crate::noise;

/// Numbers of a candidate.
pub(crate) const NUMBERS: usize = 32;

/// What parameters are drawn from.
pub(crate) const SEED: u64 = 11;

/// The sizes of a model and its requests. The evaluator is of the generator's make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    /// n: candidates of a request.
    pub candidates: usize,
    /// m: places of a list.
    pub positions: usize,
    /// d.
    pub width: usize,
    /// L.
    pub layers: usize,
    /// Attention heads.
    pub heads: usize,
    /// Inner width of the feed-forward layers.
    pub feed_forward: usize,
}

/// The shapes that have a name.
pub const NAMED: [(&str, Shape); 3] = [
    ("kuaishou", Shape { candidates: 60, positions: 6, width: 128, layers: 2, heads: 4, feed_forward: 512 }),
    ("small", Shape { candidates: 20, positions: 6, width: 64, layers: 1, heads: 4, feed_forward: 256 }),
    ("large", Shape { candidates: 200, positions: 20, width: 256, layers: 3, heads: 4, feed_forward: 1024 }),
];

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMED.iter().find(|(_, shape)| shape == self) {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "n{}-m{}-d{}-l{}", self.candidates, self.positions, self.width, self.layers),
        }
    }
}

impl FromStr for Shape {
    type Err = anyhow::Error;

    /// A name, or sizes: `n60-m6-d128-l2`, of four heads and a feed-forward layer four times as wide.
    fn from_str(text: &str) -> anyhow::Result<Self> {
        if let Some((_, shape)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(*shape);
        }
        let sizes: Option<Vec<usize>> = (text.split('-').zip(["n", "m", "d", "l"]))
            .map(|(part, letter)| part.strip_prefix(letter)?.parse().ok().filter(|size| *size > 0))
            .collect();
        match sizes.as_deref() {
            Some(&[candidates, positions, width, layers]) if text.split('-').count() == 4 => {
                Ok(Self { candidates, positions, width, layers, heads: 4, feed_forward: 4 * width })
            }
            _ => anyhow::bail!("shape {text:?}, expected kuaishou, small, large or sizes such as n60-m6-d128-l2"),
        }
    }
}

impl Shape {
    /// The generator's configuration. Nothing is dropped, so that a training step has one answer.
    pub(crate) fn generator(&self) -> GeneratorConfig {
        GeneratorConfig {
            list_length: self.positions,
            width: self.width,
            layers: self.layers,
            heads: self.heads,
            feed_forward: self.feed_forward,
            dropout: 0.0,
            ..GeneratorConfig::default()
        }
    }

    /// The evaluator's configuration.
    pub(crate) fn evaluator(&self) -> EvaluatorConfig {
        EvaluatorConfig {
            width: self.width,
            layers: self.layers,
            heads: self.heads,
            feed_forward: self.feed_forward,
            dropout: 0.0,
            feedback: vec![FeedbackKind::new("click", 1.0)],
            ..EvaluatorConfig::default()
        }
    }

    /// A model with the decoders given whose parameters are all drawn at random, also those that training begins with at zero
    /// or one.
    pub(crate) fn model(&self, decoders: Vec<Decoder>) -> anyhow::Result<Model> {
        let mut model = self.fresh_model(decoders)?;
        for parameters in [&mut model.generator.parameters, &mut model.evaluator.parameters] {
            let specs = Arc::clone(parameters.specs());
            let vectors = specs.iter().zip(parameters.values_mut()).filter(|(spec, _)| spec.kind == Kind::Vector);
            for (seed, (spec, values)) in vectors.enumerate() {
                values.iter_mut().zip(noise(spec.len(), seed as u32)).for_each(|(value, noise)| *value += 0.1 * noise);
            }
        }
        Ok(model)
    }

    /// A model as training begins with it.
    pub(crate) fn fresh_model(&self, decoders: Vec<Decoder>) -> anyhow::Result<Model> {
        let pipeline = PipelineConfig { decoders, ..PipelineConfig::default() };
        let (generator, evaluator) = (self.generator(), self.evaluator());
        let config = ModelConfig {
            generator,
            evaluator,
            pipeline,
            precision: Precision::F32,
            training: serde_json::Value::Null,
        };
        Model::build(config, schema(), SEED).with_context(|| format!("a model of shape {self}"))
    }

    /// So many requests with numbers drawn at random.
    pub(crate) fn requests(&self, count: usize) -> Vec<Request> {
        let numbers = noise(count * self.candidates * NUMBERS, 21);
        let requests = numbers.chunks_exact(self.candidates * NUMBERS).enumerate();
        requests.map(|(index, numbers)| request(&format!("r{index}"), numbers)).collect()
    }

    /// Multiplications and additions of the generator for so many requests.
    pub(crate) fn generator_operations(&self, requests: usize) -> f64 {
        let Self { candidates: n, positions: m, width: d, layers, heads, feed_forward: f } = *self;
        let candidate_layer = 8 * n * d * d + 4 * n * n * d + 4 * n * d * f;
        let cross = 8 * m * d * d + 4 * m * heads * n * d;
        let self_attention = 8 * m * d * d + 4 * m * m * d;
        let position_layer = cross + 4 * m * d * f;
        let ends = 2 * n * NUMBERS * d + 2 * n * m * d;
        // Positions are the same for all requests until they read candidates, so the first layer's attention is shared.
        let each = layers * (candidate_layer + position_layer) + (layers - 1) * self_attention + ends;
        (requests * each + self_attention) as f64
    }

    /// Multiplications and additions of the evaluator for so many lists of one request.
    pub(crate) fn evaluator_operations(&self, lists: usize) -> f64 {
        let Self { candidates: n, positions: m, width: d, layers, feed_forward: f, .. } = *self;
        let layer = 8 * m * d * d + 4 * m * m * d + 4 * m * d * f;
        (2 * n * NUMBERS * d + lists * (layers * layer + 2 * m * d)) as f64
    }
}

/// The decoders of a model as it comes.
pub(crate) fn default_decoders() -> Vec<Decoder> {
    ProposalConfig::default().decoders
}

/// The α of the eight contrastive decoders that are compared with other implementations.
pub(crate) const ALPHAS: [f64; 8] = [0.0, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64];

/// Eight contrastive decoders.
pub(crate) fn contrastive_decoders() -> Vec<Decoder> {
    ALPHAS.map(|alpha| Decoder::Contrastive(Contrastive { alpha, top_k: None })).to_vec()
}

/// Numbers of a candidate that are taken as they are, and nothing else.
pub(crate) fn schema() -> Schema {
    let feature = |index: usize| {
        Feature::Number(NumberFeature {
            name: feature_name(index),
            transform: Default::default(),
            mean: 0.0,
            std: 1.0,
            missing: Default::default(),
            indicator: false,
        })
    };
    Schema {
        version: SCHEMA_VERSION,
        score: None,
        user: Vec::new(),
        item: Vec::new(),
        candidate: (0..NUMBERS).map(feature).collect(),
        products: Vec::new(),
        interactions: Vec::new(),
        tables: Vec::new(),
    }
}

pub(crate) fn feature_name(index: usize) -> String {
    format!("f{index:02}")
}

fn request(id: &str, numbers: &[f32]) -> Request {
    let candidates = numbers.chunks_exact(NUMBERS).enumerate().map(|(index, numbers)| {
        let features: Features =
            numbers.iter().enumerate().map(|(index, x)| (feature_name(index), f64::from(*x).into())).collect();
        Candidate { id: format!("v{index}"), score: None, features }
    });
    Request::new(id, User::default(), candidates.collect()).expect("distinct candidates without scores")
}

/// Requests as the networks read them.
pub(crate) fn batch(requests: &[Request]) -> FeatureBatch {
    let encoder = Encoder::new(schema()).expect("the schema is valid");
    let catalog = Catalog::empty(&encoder);
    let mut batch = FeatureBatch::new(encoder.spec());
    for request in requests {
        let encoded = encoder.encode(request, &catalog).expect("the request has what the schema names");
        batch.push(&encoded, &catalog);
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_sizes_are_read_back() {
        for (name, shape) in NAMED {
            assert_eq!((name.parse::<Shape>().unwrap(), shape.to_string().as_str()), (shape, name));
        }
        let other = Shape { candidates: 61, ..NAMED[0].1 };
        assert_eq!(other.to_string(), "n61-m6-d128-l2");
        assert_eq!(other.to_string().parse::<Shape>().unwrap(), other);
        for bad in ["", "medium", "n60-m6-d128", "n60-m6-d128-l0", "m6-n60-d128-l2", "n60-m6-d128-l2-h4"] {
            assert!(bad.parse::<Shape>().unwrap_err().to_string().contains("expected kuaishou"), "{bad}");
        }
    }

    #[test]
    fn a_batch_holds_the_numbers_of_its_requests() {
        let batch = batch(&NAMED[1].1.requests(2));
        assert_eq!((batch.requests(), batch.rows()), (2, 40));
        assert_eq!(batch.candidate_numbers, noise(40 * NUMBERS, 21));
    }
}
