//! Forward passes of generator and evaluator, from encoded features to their last values.

use std::hint::black_box;

use nar4rec_evaluator::Lists;
use nar4rec_features::FeatureBatch;
use nar4rec_infer::Reranker;
use nar4rec_kernels::Isa;
use nar4rec_tensor::{Eager, Exec, Purpose, Weights, Workspace};

use super::{TOLERANCE, numbers_of};
use crate::{
    Benchmark, Shape,
    kernels::float_peak,
    oracle,
    shape::{batch, default_decoders},
};

/// How far log P̂ may be from f64 where matrices are of eight-bit integers.
const INT8_TOLERANCE: f64 = 0.02;

/// The generator on so many requests as inference runs it: in passes, with what depends on no request computed beforehand.
pub(crate) fn generator(shape: &Shape, requests: usize) -> anyhow::Result<Benchmark> {
    generator_for(Purpose::Inference, TOLERANCE, shape, requests)
}

/// The generator with matrices of eight-bit integers.
pub(crate) fn generator_int8(shape: &Shape, requests: usize) -> anyhow::Result<Benchmark> {
    generator_for(Purpose::Int8, INT8_TOLERANCE, shape, requests)
}

fn generator_for(purpose: Purpose, tolerance: f64, shape: &Shape, requests: usize) -> anyhow::Result<Benchmark> {
    let (isa, model) = (Isa::detect(), shape.model(default_decoders())?);
    let (layers, parameters) = (model.generator.layers, model.generator.parameters);
    let per_pass = Reranker::new(shape.model(default_decoders())?, isa)?.requests_per_pass(shape.candidates);
    let passes: Vec<FeatureBatch> = shape.requests(requests).chunks(per_pass).map(batch).collect();
    let weights = Weights::new(parameters, isa, purpose);

    let mut workspace = Workspace::default();
    let first = layers.first_positions(&mut Eager::new(&weights, &mut workspace));
    let generate = move |ex: &mut Eager<'_>, batch: &FeatureBatch| {
        let segments = ex.segments(batch.lengths());
        let x = layers.input().forward(ex, batch, &segments);
        layers.forward_from(ex, (x, segments), &first).log_probabilities
    };
    for batch in [passes.first(), passes.last()].into_iter().flatten() {
        let mut ex = Eager::new(&weights, &mut workspace);
        let output = generate(&mut ex, batch);
        let found = ex.data(output).chunks_exact(shape.candidates * shape.positions);
        for (request, found) in found.enumerate() {
            let numbers = numbers_of(&batch.candidate_numbers, shape, request);
            let expected = oracle::generator(weights.parameters(), shape, &numbers).log_probabilities;
            oracle::assert_close("log P̂", found, expected, tolerance);
        }
    }
    Ok(Benchmark::arithmetic(shape.generator_operations(requests), float_peak(isa), move || {
        for batch in &passes {
            let mut ex = Eager::new(&weights, &mut workspace);
            let output = generate(&mut ex, black_box(batch));
            black_box(ex.data(output));
        }
    }))
}

/// The evaluator on so many lists of one request.
pub(crate) fn evaluator(shape: &Shape, count: usize) -> anyhow::Result<Benchmark> {
    let (isa, model) = (Isa::detect(), shape.model(default_decoders())?);
    let (layers, parameters) = (model.evaluator.layers, model.evaluator.parameters);
    let batch = batch(&shape.requests(1));
    let weights = Weights::new(parameters, isa, Purpose::Inference);
    let chosen = some_lists(shape, count);
    let mut lists = Lists::default();
    chosen.iter().for_each(|list| lists.push(list.iter().map(|index| *index as u32)));

    let mut workspace = Workspace::default();
    let mut ex = Eager::new(&weights, &mut workspace);
    let logits = layers.forward(&mut ex, &batch, &lists);
    for (list, logits) in chosen.iter().zip(ex.data(logits).chunks_exact(shape.positions)) {
        let found: Vec<f32> = logits.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect();
        let numbers = numbers_of(&batch.candidate_numbers, shape, 0);
        let expected = oracle::evaluator(weights.parameters(), shape, &numbers, list);
        oracle::assert_close("evaluator", &found, expected, TOLERANCE);
    }
    Ok(Benchmark::arithmetic(shape.evaluator_operations(count), float_peak(isa), move || {
        let mut ex = Eager::new(&weights, &mut workspace);
        let logits = layers.forward(&mut ex, black_box(&batch), &lists);
        black_box(ex.data(logits));
    }))
}

/// Lists of candidates, each beginning where the one before ends.
pub(crate) fn some_lists(shape: &Shape, count: usize) -> Vec<Vec<usize>> {
    let list = |index: usize| (0..shape.positions).map(|j| (index * shape.positions + j) % shape.candidates).collect();
    (0..count).map(list).collect()
}
