//! The whole way of a request as a service goes it: features, generator, decoders, evaluator, choice.

use std::hint::black_box;

use nar4rec_infer::{Options, Ranking, Reranker};
use nar4rec_kernels::Isa;
use nar4rec_model::Model;

use super::{TOLERANCE, numbers_of};
use crate::{
    Benchmark, Shape, oracle,
    shape::{batch, default_decoders},
};

/// So many requests; one alone takes the call that is made for it.
pub(crate) fn rerank(shape: &Shape, count: usize) -> anyhow::Result<Benchmark> {
    let model = shape.model(default_decoders())?;
    let requests = shape.requests(count);
    let reranker = Reranker::new(model.clone(), Isa::detect())?;
    let batch = batch(&requests);
    let rankings = reranker.rerank_batch(&requests, Options::default());
    for (index, ranking) in rankings.into_iter().enumerate().filter(|(index, _)| [0, count - 1].contains(index)) {
        check(&ranking?, &model, shape, &numbers_of(&batch.candidate_numbers, shape, index));
    }
    if let [request] = requests.as_slice() {
        let request = request.clone();
        return Ok(Benchmark::answers(1, move || {
            black_box(reranker.rerank(black_box(&request)).expect("it was answered before"));
        }));
    }
    Ok(Benchmark::answers(count, move || {
        black_box(reranker.rerank_batch(black_box(&requests), Options::default()));
    }))
}

/// That generator and evaluator say of the best list what the oracle says.
fn check(ranking: &Ranking, model: &Model, shape: &Shape, numbers: &ndarray::Array2<f64>) {
    let list: Vec<usize> = ranking.best.items.iter().map(|item| item.index).collect();
    let logs = oracle::generator(&model.generator.parameters, shape, numbers).log_probabilities;
    let log: f64 = list.iter().enumerate().map(|(position, index)| logs[[*index, position]]).sum();
    let utility = oracle::evaluator(&model.evaluator.parameters, shape, numbers, &list).sum();
    let found = [ranking.best.log_probability, ranking.best.utility];
    oracle::assert_close("log P̂ and utility of the best list", &found, [log, utility], TOLERANCE);
}
