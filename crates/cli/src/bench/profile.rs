//! Where the time of a rerank goes: its stages one by one, and the layers of both networks.
//!
//! The networks run here as they do in `nar4rec_infer`, over weights of their own, so that each step can be timed. What the
//! whole rerank takes beyond the steps is the rest: checks, constraints, choosing and writing the answer.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use nar4rec_decoding::{ProposalConfig, Proposals, Rules, Scores};
use nar4rec_evaluator::{Evaluator, Lists};
use nar4rec_features::{Catalog, EncodeScratch, EncodedRequest, Encoder, FeatureBatch};
use nar4rec_generator::{FirstPositions, Generator};
use nar4rec_infer::Reranker;
use nar4rec_layers::{FeatureEmbedding, ItemScratch, ItemStates};
use nar4rec_model::Model;
use nar4rec_slate::Request;
use nar4rec_tensor::{Eager, EagerValue, Exec, Isa, Operation, Segments, Watch, Watched, Weights, Workspace};

use super::{
    layers::{INPUT, LayerClock},
    pace::{Pace, timed},
    report::{Layers, Profile, Stages},
};

/// Requests that run whole before the same run in steps, so that both find their own memory in the caches.
const ROUND: usize = 32;

/// A model taken apart.
pub(crate) struct Profiler {
    encoder: Encoder,
    catalog: Catalog,
    generator: Network<Generator>,
    /// What the generator computes once for all requests.
    first_positions: FirstPositions,
    evaluator: Network<Evaluator>,
    proposals: ProposalConfig,
}

/// A network, its numbers, and what it makes of the catalog's items beforehand.
struct Network<L> {
    layers: L,
    weights: Weights,
    items: Option<ItemStates>,
}

/// What a pass uses again.
struct Memory {
    batch: FeatureBatch,
    encoded: (EncodedRequest, EncodeScratch),
    networks: [Workspace; 2],
    decoding: (nar4rec_decoding::Workspace, Proposals),
    lists: Lists,
    items: ItemScratch,
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
        let catalog = Catalog::from_items(&encoder, items.iter().flatten())?;
        let mut workspace = Workspace::default();
        let ready = |parameters| Weights::new(parameters, isa, config.precision.purpose());
        let weights = ready(generator.parameters);
        let items = generator.layers.input().item_states(&weights, &mut workspace, &catalog);
        let generator = Network { layers: generator.layers, weights, items };
        let weights = ready(evaluator.parameters);
        let items = evaluator.layers.input().item_states(&weights, &mut workspace, &catalog);
        let evaluator = Network { layers: evaluator.layers, weights, items };
        Ok(Self {
            first_positions: generator.layers.first_positions(&mut Eager::new(&generator.weights, &mut workspace)),
            encoder,
            catalog,
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

    /// What each stage takes: of each request the quickest run counts, for what else the machine does only adds.
    fn stages(
        &self,
        reranker: &Reranker,
        requests: &[Request],
        pace: &Pace,
        memory: &mut Memory,
    ) -> anyhow::Result<Stages> {
        let mut best: Vec<Option<(Duration, Steps)>> = vec![None; requests.len()];
        let rounds: Vec<usize> = (0..requests.len()).step_by(ROUND).collect();
        pace.run(pace.time, |number| -> anyhow::Result<()> {
            let start = rounds[number % rounds.len()];
            let some = &requests[start..requests.len().min(start + ROUND)];
            let whole: Vec<Duration> = some.iter().map(|request| timed(reranker, request)).collect::<Result<_, _>>()?;
            for ((request, whole), best) in some.iter().zip(whole).zip(&mut best[start..]) {
                let steps = self.pass(request, memory, [Silent, Silent])?;
                *best = Some(best.map_or((whole, steps), |known| quicker(known, (whole, steps))));
            }
            Ok(())
        })?;
        let seen: Vec<&(Duration, Steps)> = best.iter().flatten().collect();
        let whole = seen.iter().map(|(whole, _)| *whole).sum();
        let steps = [0, 1, 2, 3].map(|step| seen.iter().map(|(_, steps)| steps[step]).sum());
        Ok(Stages::new(whole, steps, seen.len() as u32))
    }

    /// What each layer takes.
    fn layers(&self, requests: &[Request], pace: &Pace, memory: &mut Memory) -> anyhow::Result<Layers> {
        let networks = [("generator", &self.generator.weights), ("evaluator", &self.evaluator.weights)];
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
            items: ItemScratch::default(),
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
            items,
        } = memory;
        let mut lap = Lap(Instant::now());
        batch.clear();
        self.encoder.encode_into(black_box(request), &self.catalog, encoded, encoding)?;
        batch.push(encoded, &self.catalog);
        let encode = lap.next();

        let Network { layers: generator, weights, items: known } = &self.generator;
        let mut ex = Watched { inner: Eager::new(weights, first), watch: of_generator };
        let states = self::states(generator.input(), known.as_ref(), &mut ex, batch, items);
        let output = generator.forward_from(&mut ex, states, &self.first_positions);
        let generate = lap.next();

        let (n, m) = (request.candidates().len(), generator.config().list_length);
        let scores = Scores::new(ex.data(output.log_probabilities), ex.data(output.candidates), n, m)?;
        let proposed = self.proposals.propose(&scores, &Rules::none(n), m, workspace, proposals);
        proposed.context("the profile cannot decode a request")?;
        let decode = lap.next();

        lists.clear();
        proposals.iter().for_each(|list| lists.push(list.found.list.iter().map(|index| index as u32)));
        lap.next();
        let Network { layers: evaluator, weights, items: known } = &self.evaluator;
        let mut ex = Watched { inner: Eager::new(weights, second), watch: of_evaluator };
        let (states, _) = self::states(evaluator.input(), known.as_ref(), &mut ex, batch, items);
        black_box(evaluator.forward_from(&mut ex, states, lists));
        Ok([encode, generate, decode, lap.next()])
    }
}

/// The states of a request's candidates, with what is known of their items beforehand, as one operation of the layer
/// [`INPUT`], and the segment that they are.
fn states<W: Watch>(
    input: &FeatureEmbedding,
    known: Option<&ItemStates>,
    ex: &mut Watched<Eager<'_>, W>,
    batch: &FeatureBatch,
    scratch: &mut ItemScratch,
) -> (EagerValue, Arc<Segments>) {
    let segments = ex.segments(batch.lengths());
    let Some(known) = known else { return (input.forward(ex, batch, &segments), segments) };
    ex.watch.begin();
    let states = input.forward_with_items(&mut ex.inner, (batch, &segments), known, scratch);
    ex.watch.end(Operation { name: INPUT, parameter: None, flops: 0 });
    (states, segments)
}

/// The quicker of two runs of a request, whole and in steps.
fn quicker(known: (Duration, Steps), new: (Duration, Steps)) -> (Duration, Steps) {
    let total = |steps: &Steps| steps.iter().sum::<Duration>();
    let steps = if total(&new.1) < total(&known.1) { new.1 } else { known.1 };
    (known.0.min(new.0), steps)
}

/// The time since the last look.
struct Lap(Instant);

impl Lap {
    fn next(&mut self) -> Duration {
        let now = Instant::now();
        now - std::mem::replace(&mut self.0, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quicker_run_counts_whole_and_in_steps() {
        let run = |whole, steps: [u64; 4]| (Duration::from_micros(whole), steps.map(Duration::from_micros));
        assert_eq!(quicker(run(9, [1, 2, 3, 1]), run(10, [2, 2, 1, 1])), run(9, [2, 2, 1, 1]));
        assert_eq!(quicker(run(9, [1, 1, 1, 1]), run(8, [0, 9, 0, 0])), run(8, [1, 1, 1, 1]));
    }
}
