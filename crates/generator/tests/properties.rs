//! What holds for any generator and any batch: candidates have no order, and requests do not know of each other.

use nar4rec_features::FeatureBatch;
use nar4rec_generator::{CrossSource, Generator, GeneratorConfig, PositionSource};
use nar4rec_layers::{Activation, NormPlacement};
use nar4rec_tensor::{Eager, Exec, Isa, Parameters, Purpose, Registry, Weights, Workspace};
use nar4rec_testing::{greatest_error, isas, random_batch, rearranged, small_spec};
use proptest::{prelude::*, sample::select};

/// What one request gives: log P̂ `[n, m]`, candidate states `[n, d]` and position states `[m, d]`.
#[derive(Debug, Clone, PartialEq)]
struct Output {
    log_probabilities: Vec<f32>,
    candidates: Vec<f32>,
    positions: Vec<f32>,
}

/// A generator with random weights.
#[derive(Debug)]
struct Model {
    generator: Generator,
    weights: Weights,
}

impl Model {
    fn new(config: &GeneratorConfig, isa: Isa, seed: u64) -> Self {
        let mut registry = Registry::default();
        let generator = Generator::new(&mut registry, &small_spec(), config).expect("a valid configuration");
        let parameters = Parameters::initialise(registry.finish(), seed);
        Self { generator, weights: Weights::new(parameters, isa, Purpose::Inference) }
    }

    /// The output of each request. The workspace holds what earlier batches left in it, which must not matter.
    fn run(&self, batch: &FeatureBatch, workspace: &mut Workspace) -> Vec<Output> {
        let mut ex = Eager::new(&self.weights, workspace);
        let output = self.generator.forward(&mut ex, batch);
        let (m, d) = (self.generator.config().list_length, self.generator.config().width);
        let each = output.segments.iter().enumerate().map(|(request, rows)| Output {
            log_probabilities: ex.data(output.log_probabilities)[rows.start * m..rows.end * m].to_vec(),
            candidates: ex.data(output.candidates)[rows.start * d..rows.end * d].to_vec(),
            positions: ex.data(output.positions)[request * m * d..(request + 1) * m * d].to_vec(),
        });
        each.collect()
    }
}

fn any_config() -> impl Strategy<Value = GeneratorConfig> {
    let norms = select(vec![NormPlacement::Pre, NormPlacement::Post, NormPlacement::None]);
    let sources = select(vec![CrossSource::SameLayer, CrossSource::Final]);
    let positions = select(vec![PositionSource::Shared, PositionSource::Candidates]);
    let activations = select(vec![Activation::Gelu, Activation::Relu]);
    (1_usize..8, 1_usize..4, 1_usize..4, norms, sources, positions, activations).prop_map(
        |(list_length, heads, layers, norm, cross_source, positions, activation)| GeneratorConfig {
            list_length,
            // Widths and head widths of every rest by the lanes of a vector.
            width: heads * (list_length + 3),
            heads,
            layers,
            feed_forward: 7 * heads,
            norm,
            cross_source,
            positions,
            activation,
            ..GeneratorConfig::default()
        },
    )
}

fn any_model() -> impl Strategy<Value = Model> {
    (any_config(), select(isas()), any::<u64>()).prop_map(|(config, isa, seed)| Model::new(&config, isa, seed))
}

/// A request's candidates in another order.
fn any_order() -> impl Strategy<Value = Vec<usize>> {
    (1_usize..24).prop_flat_map(|n| Just((0..n).collect::<Vec<_>>()).prop_shuffle())
}

/// Rows of `columns` numbers in the order given.
fn permuted(values: &[f32], columns: usize, order: &[usize]) -> Vec<f32> {
    order.iter().flat_map(|row| &values[row * columns..][..columns]).copied().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Sums over candidates run in their order, so what is the same in the mathematics is the same up to rounding: over
    /// 20,000 models it came to at most 3.6e-6 of 1 + |number|.
    #[test]
    fn relabelling_candidates_relabels_the_output(model in any_model(), order in any_order(), seed in any::<u64>()) {
        let batch = random_batch(&small_spec(), &[order.len()], seed);
        let turned = rearranged(&small_spec(), &batch, &[(0, order.clone())]);
        let mut workspace = Workspace::default();
        let before = model.run(&batch, &mut workspace).remove(0);
        let after = model.run(&turned, &mut workspace).remove(0);
        let (m, d) = (model.generator.config().list_length, model.generator.config().width);
        let errors = [
            greatest_error(&after.log_probabilities, &permuted(&before.log_probabilities, m, &order)),
            greatest_error(&after.candidates, &permuted(&before.candidates, d, &order)),
            greatest_error(&after.positions, &before.positions),
        ];
        prop_assert!(errors.iter().all(|error| *error <= 1e-5), "{errors:?}");
    }

    /// Bit for bit: nothing that is computed for one request depends on another's rows or on where its own begin.
    #[test]
    fn a_request_alone_equals_the_same_request_in_a_batch(
        model in any_model(),
        lengths in prop::collection::vec(1_usize..24, 1..5),
        seed in any::<u64>(),
    ) {
        let batch = random_batch(&small_spec(), &lengths, seed);
        let mut workspace = Workspace::default();
        let together = model.run(&batch, &mut workspace);
        for (request, (together, length)) in together.iter().zip(lengths).enumerate() {
            let alone = rearranged(&small_spec(), &batch, &[(request, (0..length).collect())]);
            prop_assert_eq!(&model.run(&alone, &mut workspace), std::slice::from_ref(together));
        }
    }

    #[test]
    fn each_position_is_a_distribution_over_the_candidates(
        model in any_model(),
        lengths in prop::collection::vec(1_usize..24, 1..4),
        seed in any::<u64>(),
    ) {
        let batch = random_batch(&small_spec(), &lengths, seed);
        let m = model.generator.config().list_length;
        for output in model.run(&batch, &mut Workspace::default()) {
            for position in 0..m {
                let column = output.log_probabilities.iter().skip(position).step_by(m);
                let sum: f64 = column.map(|log| f64::from(*log).exp()).sum();
                prop_assert!((sum - 1.0).abs() < 1e-5, "position {position} sums to {sum}");
            }
        }
    }
}

/// Three streams with nothing in common but the request: each must reach the output, or the properties above say little.
#[test]
fn the_user_and_the_other_candidates_count() {
    let model = Model::new(&GeneratorConfig { width: 16, ..GeneratorConfig::default() }, Isa::detect(), 5);
    let mut workspace = Workspace::default();
    let batch = random_batch(&small_spec(), &[4], 1);
    let before = model.run(&batch, &mut workspace).remove(0);
    let mut other_user = batch.clone();
    other_user.user_numbers[0] += 1.0;
    let mut other_candidate = batch.clone();
    other_candidate.candidate_numbers[3] += 1.0;
    for changed in [other_user, other_candidate] {
        let after = model.run(&changed, &mut workspace).remove(0);
        // The first candidate's own features are the same in both.
        assert!(greatest_error(&after.candidates[..16], &before.candidates[..16]) > 1e-3);
        assert!(greatest_error(&after.positions, &before.positions) > 1e-4);
    }
}

/// Where logits begin far from 0, the first epochs go into making them small again.
#[test]
fn wherever_it_normalises_no_candidate_is_certain_before_it_has_learned() {
    let batch = random_batch(&small_spec(), &[24; 8], 3);
    for norm in [NormPlacement::Pre, NormPlacement::Post] {
        let config = GeneratorConfig { width: 128, heads: 4, norm, ..GeneratorConfig::default() };
        let model = Model::new(&config, Isa::detect(), 7);
        let outputs = model.run(&batch, &mut Workspace::default());
        let logs: Vec<f64> =
            outputs.iter().flat_map(|output| &output.log_probabilities).map(|log| f64::from(*log)).collect();
        // The mean surprise at any candidate; were all alike, it would be ln 24.
        let surprise = -logs.iter().sum::<f64>() / logs.len() as f64;
        assert!(surprise < 24_f64.ln() + 1.0, "{norm:?}: {surprise}");
    }
}
