//! Requests as the graphs' inputs, and what our own executor makes of them.

use std::collections::BTreeMap;

use nar4rec_evaluator::Lists;
use nar4rec_features::{Bags, FeatureBatch, InputSpec};
use nar4rec_model::Model;
use nar4rec_tensor::{Eager, Exec, Isa, Parameters, Purpose, Weights, Workspace};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

use crate::{
    Tensor,
    inputs::{BagInput, CANDIDATE_NUMBERS, FeatureInputs, LISTS, MASK, USER_NUMBERS},
};

/// Name → tensor.
pub type Tensors = BTreeMap<String, Tensor>;

/// What stands where there is no row.
const NOTHING: i64 = -1;

/// Requests made up for a spec: one of each number of candidates. Their numbers are in ±2, their bags hold up to three rows.
pub(crate) fn made_batch(spec: &InputSpec, lengths: &[usize]) -> FeatureBatch {
    let mut batch = FeatureBatch::new(spec);
    for length in lengths {
        batch.request_offsets.push(batch.rows() + length);
    }
    let mut rng = Pcg64Mcg::seed_from_u64(1);
    let (requests, rows) = (batch.requests(), batch.rows());
    let mut numbers = |count: usize| (0..count).map(|_| rng.random_range(-2.0..=2.0)).collect();
    batch.user_numbers = numbers(requests * spec.user_numbers);
    batch.candidate_numbers = numbers(rows * spec.candidate_numbers);
    let mut bags = |count: usize, table: usize| {
        let mut bags = Bags::default();
        for _ in 0..count {
            let ids: Vec<u32> =
                (0..rng.random_range(0..4)).map(|_| rng.random_range(0..spec.tables[table].rows as u32)).collect();
            bags.push(&ids);
        }
        bags
    };
    batch.user_bags = spec.user_bags.iter().map(|bag| bags(requests, bag.table)).collect();
    batch.candidate_bags = spec.candidate_bags.iter().map(|bag| bags(rows, bag.table)).collect();
    batch
}

impl FeatureInputs {
    /// A made batch whose categories hold one row at most.
    pub(crate) fn made_batch(&self, lengths: &[usize]) -> FeatureBatch {
        let mut batch = made_batch(&self.spec, lengths);
        let sides = [(&self.user_bags, &mut batch.user_bags), (&self.candidate_bags, &mut batch.candidate_bags)];
        for (inputs, bags) in sides {
            for (_, bags) in inputs.iter().zip(bags).filter(|(input, _)| !input.is_list) {
                let mut single = Bags::default();
                (0..bags.len()).for_each(|bag| single.push(&bags.bag(bag)[..bags.bag(bag).len().min(1)]));
                *bags = single;
            }
        }
        batch
    }

    /// A batch as inputs. Requests of fewer candidates than the longest are filled up with absent ones.
    pub(crate) fn tensors(&self, batch: &FeatureBatch) -> Tensors {
        let grid = Grid::of(batch);
        let mut tensors = Tensors::new();
        let mut insert = |name: &str, tensor| tensors.insert(name.to_owned(), tensor);
        if self.spec.candidate_numbers > 0 {
            let numbers = grid.numbers(&batch.candidate_numbers, self.spec.candidate_numbers);
            insert(CANDIDATE_NUMBERS, numbers);
        }
        if self.spec.user_numbers > 0 {
            let shape = vec![grid.requests, self.spec.user_numbers];
            insert(USER_NUMBERS, Tensor::numbers(shape, batch.user_numbers.clone()));
        }
        for (input, bags) in self.candidate_bags.iter().zip(&batch.candidate_bags) {
            insert(&input.name, ids(input, bags, &grid.rows, &[grid.requests, grid.candidates]));
        }
        let requests: Vec<Option<usize>> = (0..grid.requests).map(Some).collect();
        for (input, bags) in self.user_bags.iter().zip(&batch.user_bags) {
            insert(&input.name, ids(input, bags, &requests, &[grid.requests]));
        }
        tensors
    }
}

/// The rows of a batch in a rectangle.
pub(crate) struct Grid {
    pub(crate) requests: usize,
    pub(crate) candidates: usize,
    /// The row of the batch that stands at each place, `[requests, candidates]`.
    pub(crate) rows: Vec<Option<usize>>,
}

impl Grid {
    pub(crate) fn of(batch: &FeatureBatch) -> Self {
        let (requests, candidates) = (batch.requests(), batch.lengths().max().unwrap_or(0));
        let of_request = |request: usize| {
            let (start, end) = (batch.request_offsets[request], batch.request_offsets[request + 1]);
            (start..start + candidates).map(move |row| (row < end).then_some(row))
        };
        Self { requests, candidates, rows: (0..requests).flat_map(of_request).collect() }
    }

    /// Rows of numbers, zeros for those that are absent.
    fn numbers(&self, data: &[f32], columns: usize) -> Tensor {
        let zeros = vec![0.0; columns];
        let row = |row: &Option<usize>| row.map_or(&zeros[..], |row| &data[row * columns..][..columns]);
        let numbers = self.rows.iter().flat_map(|at| row(at).iter().copied()).collect();
        Tensor::numbers(vec![self.requests, self.candidates, columns], numbers)
    }

    /// Which candidates there are.
    fn mask(&self) -> Tensor {
        Tensor::truths(vec![self.requests, self.candidates], self.rows.iter().map(Option::is_some).collect())
    }

    /// Lists of rows of the batch as lists of rows of the rectangle, all as long as the longest.
    fn lists(&self, lists: &[Vec<u32>]) -> Tensor {
        let places = lists.iter().map(Vec::len).max().unwrap_or(0);
        let row = |row: &u32| self.rows.iter().position(|at| *at == Some(*row as usize));
        let at = |list: &Vec<u32>, place: usize| list.get(place).and_then(row).map_or(NOTHING, |row| row as i64);
        let all = lists.iter().flat_map(|list| (0..places).map(move |place| at(list, place)));
        Tensor::integers(vec![lists.len(), places], all.collect())
    }
}

/// The rows of a table that each bag names, in the shape `outer` and, for lists, one dimension more.
fn ids(input: &BagInput, bags: &Bags, rows: &[Option<usize>], outer: &[usize]) -> Tensor {
    let bag = |row: &Option<usize>| row.map_or(&[][..], |row| bags.bag(row));
    let length = if input.is_list { rows.iter().map(|row| bag(row).len()).max().unwrap_or(0) } else { 1 };
    let padded = |row| (0..length).map(move |at| bag(row).get(at).map_or(NOTHING, |id| i64::from(*id)));
    let mut shape = outer.to_vec();
    shape.extend(input.is_list.then_some(length));
    Tensor::integers(shape, rows.iter().flat_map(padded).collect())
}

/// What a graph is given and what it should give.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Run {
    /// By the names of the inputs.
    pub inputs: Tensors,
    /// By the names of the outputs.
    pub outputs: Tensors,
}

/// A batch through the generator: the outputs are those of the candidates there are, row by row.
pub(crate) fn generator(model: &Model, features: &FeatureInputs, batch: &FeatureBatch, mask: bool) -> Run {
    let (layers, config) = (&model.generator.layers, model.generator.layers.config());
    let (m, d) = (config.list_length, config.width);
    let weights = weights(&model.generator.parameters);
    let mut workspace = Workspace::default();
    let mut ex = Eager::new(&weights, &mut workspace);
    let output = layers.forward(&mut ex, batch);
    let grid = Grid::of(batch);
    let mut inputs = features.tensors(batch);
    inputs.extend(mask.then(|| (MASK.to_owned(), grid.mask())));
    let outputs = [
        ("log_probabilities", grid.numbers(ex.data(output.log_probabilities), m)),
        ("candidates", grid.numbers(ex.data(output.candidates), d)),
        ("positions", Tensor::numbers(vec![grid.requests, m, d], ex.data(output.positions).to_vec())),
    ];
    Run { inputs, outputs: outputs.map(|(name, tensor)| (name.to_owned(), tensor)).into() }
}

/// Lists of the rows of a batch through the evaluator.
pub(crate) fn evaluator(model: &Model, features: &FeatureInputs, batch: &FeatureBatch, lists: &[Vec<u32>]) -> Run {
    let layers = &model.evaluator.layers;
    let kinds = layers.config().feedback.len();
    let weights = weights(&model.evaluator.parameters);
    let mut workspace = Workspace::default();
    let mut ex = Eager::new(&weights, &mut workspace);
    let logits = layers.forward(&mut ex, batch, &Lists::new(lists.iter().map(Vec::as_slice)));
    let mut rest = ex.data(logits);
    let tensor = Grid::of(batch).lists(lists);
    let places = tensor.shape[1];
    let (mut probabilities, mut utility) = (Vec::new(), Vec::new());
    for list in lists {
        let own = rest.split_off(..list.len() * kinds).expect("logits for each place of each list");
        let mut own: Vec<f32> = own.iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).collect();
        utility.push(layers.utility(&own));
        own.resize(places * kinds, 0.0);
        probabilities.extend(own);
    }
    let mut inputs = features.tensors(batch);
    inputs.insert(LISTS.to_owned(), tensor);
    let outputs = [
        ("probabilities", Tensor::numbers(vec![lists.len(), places, kinds], probabilities)),
        ("utility", Tensor::numbers(vec![lists.len()], utility)),
    ];
    Run { inputs, outputs: outputs.map(|(name, tensor)| (name.to_owned(), tensor)).into() }
}

/// Ready to run with instructions that every CPU has, so that a sample is the same wherever it is made.
fn weights(parameters: &Parameters) -> Weights {
    let isa = Isa::named("portable").expect("every cpu runs portable code");
    Weights::new(parameters.clone(), isa, Purpose::Inference)
}
