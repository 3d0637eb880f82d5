//! What holds for any evaluator and any lists: a list is judged by its items and their order, and by nothing beside it.

use nar4rec_evaluator::{Evaluator, EvaluatorConfig, FeedbackKind, Lists};
use nar4rec_features::FeatureBatch;
use nar4rec_layers::{Activation, NormPlacement};
use nar4rec_tensor::{Eager, Exec, Isa, ParameterSpec, Parameters, Purpose, Registry, Weights, Workspace};
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
    (1_usize..9, 1_usize..4, 1_usize..3, 1_usize..4, norms, activations).prop_map(
        |(head_width, heads, layers, kinds, norm, activation)| EvaluatorConfig {
            // A single number, normalised, is nothing.
            width: heads * (head_width + 1),
            heads,
            layers,
            feed_forward: 7 * heads,
            norm,
            activation,
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

/// An evaluator with so many context layers and layers, normalised in front of each sub-layer.
fn with_context(context_layers: usize, layers: usize) -> EvaluatorConfig {
    let feedback = vec![FeedbackKind::new("click", 1.0)];
    EvaluatorConfig {
        width: 8,
        heads: 2,
        feed_forward: 12,
        context_layers,
        layers,
        feedback,
        ..EvaluatorConfig::default()
    }
}

/// A list of all candidates, places apart, is read by its own layers as candidates are by context layers: one after the other
/// they are a deeper evaluator.
#[test]
fn context_layers_are_layers_over_the_candidates() {
    let (context, deeper) = (Model::new(&with_context(2, 1), Isa::detect(), 5), with_context(0, 3));
    let mut registry = Registry::default();
    let evaluator = Evaluator::new(&mut registry, &small_spec(), LIST_LENGTH, &deeper).unwrap();
    let mut parameters = Parameters::initialise(registry.finish(), 1);
    let mut given = context.weights.parameters().clone();
    let moved = |spec: &ParameterSpec| match spec.name.strip_prefix("blocks.") {
        Some(name) if name.starts_with("2.") => spec.name.replace("blocks.2.", "blocks.0."),
        Some(name) => format!("context.{name}"),
        None => spec.name.clone(),
    };
    let specs = given.specs().clone();
    let index = |name: &str| specs.iter().position(|spec| spec.name == name).unwrap_or_else(|| panic!("no {name}"));
    given.values_mut()[index("positions")].fill(0.0);
    let own: Vec<String> = parameters.specs().iter().map(moved).collect();
    assert_eq!(own.len(), specs.len());
    for (values, name) in parameters.values_mut().iter_mut().zip(&own) {
        values.clone_from(&given.values_mut()[index(name)]);
    }
    let model = |evaluator, parameters| Model {
        evaluator,
        weights: Weights::new(parameters, Isa::detect(), Purpose::Inference),
    };
    let (context, deeper) = (model(context.evaluator, given), model(evaluator, parameters));
    let batch = random_batch(&small_spec(), &[4, 6], 9);
    let lists = [vec![0, 1, 2, 3], vec![4, 5, 6, 7, 8, 9]];
    let mut workspace = Workspace::default();
    assert_eq!(context.run(&batch, &lists, &mut workspace), deeper.run(&batch, &lists, &mut workspace));
}

/// With context layers an item is judged beside those that are not in its list, but never beside those of another request.
#[test]
fn the_other_candidates_count_where_there_is_context() {
    let model = Model::new(&with_context(1, 1), Isa::detect(), 4);
    let batch = random_batch(&small_spec(), &[5, 4], 7);
    let part = |requests: &[(usize, Vec<usize>)]| rearranged(&small_spec(), &batch, requests);
    let run = |batch: &FeatureBatch| model.run(batch, &[vec![1, 0]], &mut Workspace::default());
    let whole = run(&batch);
    assert_eq!(run(&part(&[(0, (0..5).collect())])), whole);
    let turned = run(&part(&[(0, vec![0, 1, 4, 3, 2])]));
    assert!(greatest_error(&turned[0], &whole[0]) < 1e-5, "in whatever order they stand: {turned:?}, {whole:?}");
    let fewer = run(&part(&[(0, vec![0, 1])]));
    assert!(greatest_error(&fewer[0], &whole[0]) > 1e-3, "{fewer:?}, {whole:?}");
}
