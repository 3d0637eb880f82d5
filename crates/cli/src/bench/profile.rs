//! Where the time of a rerank goes: its stages one by one, and the layers of both networks.
//!
//! The networks run here as they do in `nar4rec_infer`, over weights of their own, so that each step can be timed. What the
//! whole rerank takes beyond the steps is the rest: checks, constraints, choosing and writing the answer.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use anyhow::Context;
use nar4rec_decoding::{ProposalConfig, Proposals, Rules, Scores};
use nar4rec_evaluator::{Evaluator, Lists};
use nar4rec_features::{Catalog, EncodeScratch, EncodedRequest, Encoder, FeatureBatch};
use nar4rec_generator::{FirstPositions, Generator};
use nar4rec_infer::Reranker;
use nar4rec_model::Model;
use nar4rec_slate::Request;
use nar4rec_tensor::{Eager, Exec, Isa, Operation, Watch, Watched, Weights, Workspace};

use super::{
    layers::LayerClock,
    pace::{Pace, timed},
    report::{Layers, Profile, Stages},
};

/// Requests that run whole before the same run in steps, so that both find their own memory in the caches.
const ROUND: usize = 32;

/// A model taken apart.
pub(crate) struct Profiler {
    encoder: Encoder,
    catalog: Catalog,
    generator: (Generator, Weights),
    /// What the generator computes once for all requests.
    first_positions: FirstPositions,
    evaluator: (Evaluator, Weights),
    proposals: ProposalConfig,
}

/// What a pass uses again.
struct Memory {
    batch: FeatureBatch,
    encoded: (EncodedRequest, EncodeScratch),
    networks: [Workspace; 2],
    decoding: (nar4rec_decoding::Workspace, Proposals),
    lists: Lists,
}

/// Encode, generator, decode, evaluator.
type Steps = [Duration; 4];

/// Is told and tells nothing.
struct Silent;

impl Watch for Silent {
    fn begin(&mut self) {}

    fn end(&mut self, _: Operation) {}
}

impl Profiler {
    /// Takes a model apart.
    pub(crate) fn new(model: Model, isa: Isa) -> anyhow::Result<Self> {
        let Model { config, schema, items, generator, evaluator, .. } = model;
        let encoder = Encoder::new(schema)?;
        let ready = |parameters| Weights::new(parameters, isa, config.precision.purpose());
        let (generator, evaluator) =
            ((generator.layers, ready(generator.parameters)), (evaluator.layers, ready(evaluator.parameters)));
        let mut once = Workspace::default();
        Ok(Self {
            catalog: Catalog::from_items(&encoder, items.iter().flatten())?,
            encoder,
            first_positions: generator.0.first_positions(&mut Eager::new(&generator.1, &mut once)),
            generator,
            evaluator,
            proposals: config.pipeline.proposals(),
        })
    }

    /// The profile of these requests, one at a time on this thread.
    pub(crate) fn profile(&self, reranker: &Reranker, requests: &[Request], pace: &Pace) -> anyhow::Result<Profile> {
        let mut memory = self.memory();
        pace.warm_up(|number| self.pass(&requests[number % requests.len()], &mut memory, [Silent, Silent]).map(drop))?;
        Ok(Profile {
            stages: self.stages(reranker, requests, pace, &mut memory)?,
            layers: self.layers(requests, pace, &mut memory)?,
        })
    }

    /// What each stage takes.
    fn stages(
        &self,
        reranker: &Reranker,
        requests: &[Request],
        pace: &Pace,
        memory: &mut Memory,
    ) -> anyhow::Result<Stages> {
        let (mut whole, mut steps, mut count) = (Duration::ZERO, Steps::default(), 0);
        let rounds: Vec<&[Request]> = requests.chunks(ROUND).collect();
        let mut round = |number: usize| -> anyhow::Result<()> {
            let some = rounds[number % rounds.len()];
            for request in some {
                whole += timed(reranker, request)?;
            }
            for request in some {
                let times = self.pass(request, memory, [Silent, Silent])?;
                steps.iter_mut().zip(times).for_each(|(sum, time)| *sum += time);
            }
            count += some.len() as u32;
            Ok(())
        };
        pace.run(pace.time, &mut round)?;
        Ok(Stages::new(whole, steps, count))
    }

    /// What each layer takes.
    fn layers(&self, requests: &[Request], pace: &Pace, memory: &mut Memory) -> anyhow::Result<Layers> {
        let networks = [("generator", &self.generator.1), ("evaluator", &self.evaluator.1)];
        let mut clocks = networks.map(|(name, weights)| LayerClock::new(name, weights.parameters().specs()));
        let mut count = 0;
        pace.run(pace.time, |number| {
            clocks.iter_mut().for_each(LayerClock::start);
            count += 1;
            self.pass(&requests[number % requests.len()], memory, clocks.each_mut()).map(drop)
        })?;
        let [generator, evaluator] = clocks.map(|clock| clock.rows(count));
        Ok(Layers { generator, evaluator })
    }

    fn memory(&self) -> Memory {
        Memory {
            batch: FeatureBatch::new(self.encoder.spec()),
            encoded: Default::default(),
            networks: Default::default(),
            decoding: Default::default(),
            lists: Lists::default(),
        }
    }

    /// One request through all stages, but for its constraints.
    fn pass<W: Watch>(
        &self,
        request: &Request,
        memory: &mut Memory,
        [of_generator, of_evaluator]: [W; 2],
    ) -> anyhow::Result<Steps> {
        let Memory {
            batch,
            encoded: (encoded, encoding),
            networks: [first, second],
            decoding: (workspace, proposals),
            lists,
        } = memory;
        let mut lap = Lap(Instant::now());
        batch.clear();
        self.encoder.encode_into(black_box(request), &self.catalog, encoded, encoding)?;
        batch.push(encoded, &self.catalog);
        let encode = lap.next();

        let (generator, weights) = &self.generator;
        let mut ex = Watched { inner: Eager::new(weights, first), watch: of_generator };
        let output = generator.forward_from(&mut ex, batch, &self.first_positions);
        let generate = lap.next();

        let (n, m) = (request.candidates().len(), generator.config().list_length);
        let scores = Scores::new(ex.data(output.log_probabilities), ex.data(output.candidates), n, m)?;
        let proposed = self.proposals.propose(&scores, &Rules::none(n), m, workspace, proposals);
        proposed.context("the profile cannot decode a request")?;
        let decode = lap.next();

        lists.clear();
        proposals.iter().for_each(|list| lists.push(list.found.list.iter().map(|index| index as u32)));
        lap.next();
        let (evaluator, weights) = &self.evaluator;
        let mut ex = Watched { inner: Eager::new(weights, second), watch: of_evaluator };
        black_box(evaluator.forward(&mut ex, batch, lists));
        Ok([encode, generate, decode, lap.next()])
    }
}

/// The time since the last look.
struct Lap(Instant);

impl Lap {
    fn next(&mut self) -> Duration {
        let now = Instant::now();
        now - std::mem::replace(&mut self.0, now)
    }
}
