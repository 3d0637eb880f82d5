//! What holds for any evaluator and any lists: a list is judged by its items and their order, and by nothing beside it.

use nar4rec_evaluator::{Evaluator, EvaluatorConfig, FeedbackKind, Lists};
use nar4rec_features::FeatureBatch;
use nar4rec_layers::{Activation, NormPlacement};
use nar4rec_tensor::{Eager, Exec, Isa, Parameters, Purpose, Registry, Weights, Workspace};
use nar4rec_testing::{greatest_error, isas, random_batch, rearranged, small_spec};
use proptest::{prelude::*, sample::select};

const LIST_LENGTH: usize = 7;

/// An evaluator with random weights.
#[derive(Debug)]
struct Model {
    evaluator: Evaluator,
    weights: Weights,
}

impl Model {
    fn new(config: &EvaluatorConfig, isa: Isa, seed: u64) -> Self {
        let mut registry = Registry::default();
        let evaluator =
            Evaluator::new(&mut registry, &small_spec(), LIST_LENGTH, config).expect("a valid configuration");
        let parameters = Parameters::initialise(registry.finish(), seed);
        Self { evaluator, weights: Weights::new(parameters, isa, Purpose::Inference) }
    }

    /// The logits of each list, `[places, kinds]`. The workspace holds what earlier batches left in it, which must not matter.
    fn run(&self, batch: &FeatureBatch, lists: &[Vec<u32>], workspace: &mut Workspace) -> Vec<Vec<f32>> {
        let lists = Lists::new(lists.iter().map(Vec::as_slice));
        let mut ex = Eager::new(&self.weights, workspace);
        let logits = self.evaluator.forward(&mut ex, batch, &lists);
        let kinds = self.kinds();
        let of = |places: std::ops::Range<usize>| ex.data(logits)[places.start * kinds..places.end * kinds].to_vec();
        lists.segments().iter().map(of).collect()
    }

    fn kinds(&self) -> usize {
        self.evaluator.config().feedback.len()
    }
}

fn any_config() -> impl Strategy<Value = EvaluatorConfig> {
    let norms = select(vec![NormPlacement::Pre, NormPlacement::Post, NormPlacement::None]);
    let activations = select(vec![Activation::Gelu, Activation::Relu]);
    let likeness = select(vec![0, 1, 5]);
    (1_usize..9, 1_usize..4, 1_usize..3, 1_usize..4, norms, activations, likeness).prop_map(
        |(head_width, heads, layers, kinds, norm, activation, likeness)| EvaluatorConfig {
            // A single number, normalised, is nothing.
            width: heads * (head_width + 1),
            heads,
            layers,
            feed_forward: 7 * heads,
            norm,
            activation,
            likeness,
            feedback: (0..kinds).map(|kind| FeedbackKind::new(format!("kind{kind}"), 1.0)).collect(),
            ..EvaluatorConfig::default()
        },
    )
}

fn any_model() -> impl Strategy<Value = Model> {
    (any_config(), select(isas()), any::<u64>()).prop_map(|(config, isa, seed)| Model::new(&config, isa, seed))
}

/// Numbers of candidates, and lists over the rows of all of them; a list may be empty.
fn any_lists() -> impl Strategy<Value = (Vec<usize>, Vec<Vec<u32>>)> {
    prop::collection::vec(1_usize..12, 1..5).prop_flat_map(|lengths| {
        let rows = lengths.iter().sum::<usize>() as u32;
        let list = prop::collection::vec(0..rows, 0..=LIST_LENGTH);
        (Just(lengths), prop::collection::vec(list, 1..6))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Bit for bit: nothing that is computed for one list depends on another or on where its own places begin.
    #[test]
    fn a_list_alone_equals_the_same_list_in_a_batch(
        model in any_model(),
        (lengths, lists) in any_lists(),
        seed in any::<u64>(),
    ) {
        let batch = random_batch(&small_spec(), &lengths, seed);
        let mut workspace = Workspace::default();
        let together = model.run(&batch, &lists, &mut workspace);
        for (list, together) in lists.iter().zip(&together) {
            prop_assert_eq!(together.len(), list.len() * model.kinds());
            let alone = model.run(&batch, std::slice::from_ref(list), &mut workspace);
            prop_assert_eq!(&alone, std::slice::from_ref(together));
        }
    }

    /// A batch of all candidates with lists of rows equals a batch that holds only what is listed, in the order of the list.
    #[test]
    fn rows_that_are_not_listed_do_not_count(
        model in any_model(),
        order in (1_usize..12).prop_flat_map(|n| Just((0..n).collect::<Vec<usize>>()).prop_shuffle()),
        most in 1..=LIST_LENGTH,
        seed in any::<u64>(),
    ) {
        let list = &order[..most.min(order.len())];
        let batch = random_batch(&small_spec(), &[3, order.len()], seed);
        let rows: Vec<u32> = list.iter().map(|candidate| 3 + *candidate as u32).collect();
        let only = rearranged(&small_spec(), &batch, &[(1, list.to_vec())]);
        let in_order: Vec<u32> = (0..list.len() as u32).collect();
        let mut workspace = Workspace::default();
        let of_all = model.run(&batch, &[rows], &mut workspace);
        prop_assert_eq!(of_all, model.run(&only, &[in_order], &mut workspace));
    }

    /// The same items in another order are another list. Were positions ignored, only rounding would be left, some 1e-6;
    /// embeddings of ±0.1 typically make 1e-2 of it, and by chance seldom less than 1e-3.
    #[test]
    fn the_order_of_a_list_counts(norm in select(vec![NormPlacement::Pre, NormPlacement::None]), seed in any::<u64>()) {
        let feedback = vec![FeedbackKind::new("click", 1.0)];
        let model = Model::new(&EvaluatorConfig { norm, feedback, ..EvaluatorConfig::default() }, Isa::detect(), seed);
        let batch = random_batch(&small_spec(), &[4], seed);
        let logits = model.run(&batch, &[vec![0, 1, 2, 3], vec![3, 2, 1, 0]], &mut Workspace::default());
        let turned: Vec<f32> = logits[1].iter().rev().copied().collect();
        prop_assert!(greatest_error(&logits[0], &turned) > 2e-5, "{logits:?}");
    }
}

/// Items are judged by their neighbours: the first place of two lists that begin alike.
#[test]
fn the_other_items_of_a_list_count() {
    let feedback = vec![FeedbackKind::new("click", 1.0)];
    let model = Model::new(&EvaluatorConfig { feedback, ..EvaluatorConfig::default() }, Isa::detect(), 3);
    let batch = random_batch(&small_spec(), &[5], 3);
    let logits = model.run(&batch, &[vec![0, 1], vec![0, 4], vec![0]], &mut Workspace::default());
    assert!((logits[0][0] - logits[1][0]).abs() > 1e-3 && (logits[0][0] - logits[2][0]).abs() > 1e-3, "{logits:?}");
}
