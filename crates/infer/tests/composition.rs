//! The pipeline against a naive composition of its parts, and what the chosen list must be.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::HashSet;
use std::sync::Arc;

use nar4rec_decoding::{Decoded, Decoder, Proposals, Rules, Scores};
use nar4rec_evaluator::Lists;
use nar4rec_features::{Catalog, Encoder, FeatureBatch};
use nar4rec_infer::{FeatureValue, Isa, Model, Options, Permutation, Request, Reranker, ScoredList, Trace};
use nar4rec_layers::{FeatureEmbedding, ItemScratch};
use nar4rec_model::{Choice, ExchangeConfig};
use nar4rec_tensor::{Eager, EagerValue, Exec, Purpose, Segments, Weights, Workspace};

mod made;

/// The parts, used one at a time with nothing shared between requests and lists.
struct Parts {
    model: Model,
    encoder: Encoder,
    catalog: Catalog,
    generator: Weights,
    evaluator: Weights,
}

impl Parts {
    fn new(model: Model) -> Self {
        let encoder = Encoder::new(model.schema.clone()).unwrap();
        let catalog = Catalog::from_items(&encoder, model.items.as_ref().unwrap()).unwrap();
        let ready = |parameters: &nar4rec_tensor::Parameters| {
            Weights::new(parameters.clone(), Isa::detect(), Purpose::Inference)
        };
        let (generator, evaluator) = (ready(&model.generator.parameters), ready(&model.evaluator.parameters));
        Self { model, encoder, catalog, generator, evaluator }
    }

    fn batch(&self, request: &Request) -> FeatureBatch {
        let mut batch = FeatureBatch::new(self.encoder.spec());
        batch.push(&self.encoder.encode(request, &self.catalog).unwrap(), &self.catalog);
        batch
    }

    /// log P̂ and candidate states.
    fn generate(&self, request: &Request) -> (Vec<f32>, Vec<f32>) {
        let mut workspace = Workspace::default();
        let mut ex = Eager::new(&self.generator, &mut workspace);
        let layers = &self.model.generator.layers;
        let first = layers.first_positions(&mut Eager::new(&self.generator, &mut Workspace::default()));
        let states = states(layers.input(), &self.catalog, &mut ex, &self.generator, &self.batch(request));
        let output = layers.forward_from(&mut ex, states, &first);
        (ex.data(output.log_probabilities).to_vec(), ex.data(output.candidates).to_vec())
    }

    /// The evaluator's probabilities for one list.
    fn feedback(&self, request: &Request, list: &Permutation) -> Vec<f32> {
        let rows: Vec<u32> = list.iter().map(|index| index as u32).collect();
        let mut workspace = Workspace::default();
        let mut ex = Eager::new(&self.evaluator, &mut workspace);
        let layers = &self.model.evaluator.layers;
        let (states, _) = states(layers.input(), &self.catalog, &mut ex, &self.evaluator, &self.batch(request));
        let logits = layers.forward_from(&mut ex, states, &Lists::new([rows.as_slice()]));
        ex.data(logits).iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect()
    }

    /// What [`ScoredList`] says of a list, item by item: index, P̂ and feedback; then utility and log-probability.
    fn scored(&self, request: &Request, logs: &[f32], list: &Permutation) -> (Vec<(usize, f32, Vec<f32>)>, f32) {
        let feedback = self.feedback(request, list);
        let kinds = self.model.evaluator.layers.config().feedback.len();
        let items = list.iter().enumerate().map(|(place, index)| {
            (index, logs[index * made::LENGTH + place].exp(), feedback[place * kinds..][..kinds].to_vec())
        });
        (items.collect(), self.model.evaluator.layers.utility(&feedback))
    }
}

/// Candidate states, the items' part of them computed from the catalog.
fn states(
    input: &FeatureEmbedding,
    catalog: &Catalog,
    ex: &mut Eager<'_>,
    weights: &Weights,
    batch: &FeatureBatch,
) -> (EagerValue, Arc<Segments>) {
    let items = input.item_states(weights, &mut Workspace::default(), catalog).unwrap();
    let segments = ex.segments(batch.lengths());
    let x = input.forward_with_items(ex, (batch, &segments), &items, &mut ItemScratch::default());
    (x, segments)
}

/// Candidates of the catalog, some of which override a value, and some that it does not have.
fn mixed(request: &Request) -> Request {
    let mut candidates = request.candidates().to_vec();
    for (index, candidate) in candidates.iter_mut().enumerate() {
        match index % 5 {
            1 => drop(candidate.features.insert("year".to_owned(), FeatureValue::from(1999.0))),
            2 => drop(candidate.features.insert("genres".to_owned(), vec!["war".to_owned()].into())),
            3 => candidate.id = format!("unknown{index}"),
            _ => {}
        }
    }
    Request::new(request.request_id().to_owned(), request.user().clone(), candidates).unwrap()
}

#[test]
fn what_is_known_of_items_beforehand_changes_nothing_but_the_rounding() {
    let parts = Parts::new(made::model(8));
    for (input, weights) in [
        (parts.model.generator.layers.input(), &parts.generator),
        (parts.model.evaluator.layers.input(), &parts.evaluator),
    ] {
        for seed in 0..6 {
            let batch = parts.batch(&mixed(&made::request(seed, 5 + 7 * seed as usize)));
            let own = batch.catalog_rows.iter().filter(|row| **row == FeatureBatch::OWN_ITEM).count();
            assert!((1..batch.rows()).contains(&own), "of both kinds");
            let mut workspace = Workspace::default();
            let mut ex = Eager::new(weights, &mut workspace);
            let (known, segments) = states(input, &parts.catalog, &mut ex, weights, &batch);
            let whole = input.forward(&mut ex, &batch, &segments);
            for (a, b) in ex.data(known).iter().zip(ex.data(whole)) {
                assert!((a - b).abs() < 1e-5, "{a} beside {b}");
            }
        }
    }
}

fn items(list: &ScoredList) -> Vec<(usize, f32, Vec<f32>)> {
    list.items.iter().map(|item| (item.index, item.p, item.feedback.clone())).collect()
}

#[test]
fn reranking_is_the_composition_of_its_parts() {
    let parts = Parts::new(made::model(8));
    let reranker = made::reranker(8, |_| ());
    for (seed, candidates) in [(0, 1), (1, 4), (2, 6), (3, 7), (4, 33)] {
        let request = made::request(seed, candidates);
        let trace = reranker.trace_batch(std::slice::from_ref(&request), None).remove(0).unwrap();
        let (logs, states) = parts.generate(&request);
        assert_eq!((&trace.log_probabilities, trace.positions), (&logs, made::LENGTH));
        let scores = Scores::new(&logs, &states, candidates, made::LENGTH).unwrap();
        let pipeline = &parts.model.config.pipeline;
        let mut proposals = Proposals::default();
        let memory = &mut nar4rec_decoding::Workspace::default();
        let rules = Rules::none(candidates);
        pipeline.proposals().propose(&scores, &rules, made::LENGTH, memory, &mut proposals).unwrap();
        assert_eq!(trace.proposals.len(), proposals.len());
        let mut best: Option<(usize, f32)> = None;
        for (index, (found, expected)) in trace.proposals.iter().zip(&proposals).enumerate() {
            let (expected_items, utility) = parts.scored(&request, &logs, &expected.found.list);
            assert_eq!((items(found), found.utility), (expected_items, utility));
            assert_eq!(found.log_probability, expected.found.log_probability);
            assert_eq!(found.source, expected.decoder.name());
            let worth = utility + pipeline.generator_weight * found.log_probability;
            if best.is_none_or(|(_, most)| worth > most) {
                best = Some((index, worth));
            }
        }
        assert_eq!(trace.chosen, trace.proposals[best.unwrap().0]);
    }
}

/// Without sampling, proposals are the decoders' lists one after another, each list where it comes first.
#[test]
fn proposals_are_the_lists_of_each_decoder() {
    let deterministic: Vec<Decoder> = made::decoders()
        .into_iter()
        .filter(|decoder| !matches!(decoder, Decoder::Sample(_) | Decoder::Gumbel(_)))
        .collect();
    let parts = Parts::new(made::model(9));
    let reranker = made::reranker(9, |model| model.config.pipeline.decoders.clone_from(&deterministic));
    for seed in 0..10 {
        let request = made::request(seed, 12);
        let (logs, states) = parts.generate(&request);
        let scores = Scores::new(&logs, &states, 12, made::LENGTH).unwrap();
        let mut expected: Vec<(&str, Vec<usize>)> = Vec::new();
        let mut memory = nar4rec_decoding::Workspace::default();
        for decoder in &deterministic {
            for Decoded { list, .. } in decoder.decode(&scores, &Rules::none(12), 4, 0, &mut memory).unwrap() {
                if expected.iter().all(|(_, known)| known != list.as_slice()) {
                    expected.push((decoder.name(), list.as_slice().to_vec()));
                }
            }
        }
        let trace = reranker.trace_batch(&[request], Some(4)).remove(0).unwrap();
        let indices = |list: &ScoredList| list.items.iter().map(|item| item.index).collect();
        let found: Vec<_> = trace.proposals.iter().map(|list| (list.source, indices(list))).collect();
        assert_eq!(found, expected);
    }
}

fn worth(list: &ScoredList, weight: f32) -> f32 {
    list.utility + weight * list.log_probability
}

#[test]
fn the_best_list_is_worth_most_and_the_alternatives_follow_in_order() {
    let mut bests = Vec::new();
    for weight in [0.0, 0.05, 10.0] {
        let reranker = made::reranker(5, |model| model.config.pipeline.generator_weight = weight);
        for seed in 0..20 {
            let request = made::request(seed, 20);
            let trace = reranker.trace_batch(std::slice::from_ref(&request), None).remove(0).unwrap();
            let Trace { mut proposals, chosen, .. } = trace;
            assert!(proposals.iter().all(|list| worth(list, weight) <= worth(&chosen, weight)));
            proposals.remove(proposals.iter().position(|list| *list == chosen).unwrap());
            let options = Options { alternatives: 100, ..Options::default() };
            let ranking = reranker.rerank_with(&request, options).unwrap();
            assert_eq!(ranking.best, chosen);
            proposals.sort_by(|a, b| worth(b, weight).total_cmp(&worth(a, weight)));
            assert_eq!(ranking.alternatives, proposals);
            let few = reranker.rerank_with(&request, Options { alternatives: 2, ..options }).unwrap();
            assert_eq!(few.alternatives, proposals[..2]);
            bests.push((weight, ranking.best.source));
        }
    }
    // At a great weight the most probable list wins, which the exact decoder or one before it found; at none it need not.
    let sources = |weight: f32| bests.iter().filter(move |(other, _)| *other == weight).map(|(_, source)| *source);
    assert!(sources(10.0).all(|source| !["sample", "gumbel", "contrastive"].contains(&source)));
    assert!(sources(0.0).any(|source| ["sample", "gumbel", "contrastive"].contains(&source)));
}

#[test]
fn of_lists_worth_the_same_the_first_proposed_is_best() {
    let reranker = made::reranker(5, |model| {
        model.config.pipeline.generator_weight = 0.0;
        model.evaluator.parameters.values_mut().iter_mut().flatten().for_each(|number| *number = 0.0);
    });
    for seed in 0..10 {
        let request = made::request(seed, 15);
        let trace = reranker.trace_batch(std::slice::from_ref(&request), None).remove(0).unwrap();
        assert!(trace.proposals.len() > 3);
        assert!(trace.proposals.iter().all(|list| list.utility == trace.proposals[0].utility));
        assert_eq!((&trace.chosen, trace.proposals[0].source), (&trace.proposals[0], "greedy"));
        let ranking = reranker.rerank_with(&request, Options { alternatives: 9, length: None }).unwrap();
        assert_eq!(ranking.alternatives, trace.proposals[1..][..ranking.alternatives.len()]);
    }
}

#[test]
fn by_items_those_worth_most_in_all_lists_are_shown() {
    let chosen_by = |choice| made::reranker(8, |model| model.config.pipeline.choice = choice);
    let (by_items, by_list) = (chosen_by(Choice::Items), chosen_by(Choice::List));
    let weight = made::model(8).config.pipeline.generator_weight;
    let indices = |list: &ScoredList| list.items.iter().map(|item| item.index).collect::<Vec<usize>>();
    let mut new = 0;
    for seed in 0..20 {
        let request = made::request(seed, 1 + 2 * seed as usize);
        let traced =
            |reranker: &Reranker| reranker.trace_batch(std::slice::from_ref(&request), None).remove(0).unwrap();
        let (trace, other) = (traced(&by_items), traced(&by_list));
        assert_eq!(trace.proposals, other.proposals, "judged alike");

        let chosen = &trace.chosen;
        let expected = made::worths(&trace, weight);
        let expected = &expected[..made::LENGTH.min(expected.len())];
        assert_eq!(indices(chosen), expected.iter().map(|(index, ..)| *index).collect::<Vec<_>>());
        for (place, (item, (index, _, feedback))) in chosen.items.iter().zip(expected).enumerate() {
            assert_eq!(item.position, place + 1);
            assert_eq!(item.p, trace.log_probabilities[index * trace.positions + place].exp());
            if chosen.source != "composed" {
                continue;
            }
            let close = item.feedback.iter().zip(feedback).all(|(a, b)| (a - b).abs() < 1e-5);
            assert!(close, "{:?} beside {feedback:?}", item.feedback);
        }
        let utility: f32 = chosen.items.iter().map(|item| item.feedback[0] - 0.3 * item.feedback[1]).sum();
        let logs: f32 = chosen.items.iter().map(|item| item.p.ln()).sum();
        assert!((chosen.utility - utility).abs() < 1e-5 && (chosen.log_probability - logs).abs() < 1e-3);
        let proposed = trace.proposals.iter().find(|list| indices(list) == indices(chosen));
        match proposed {
            Some(judged) => assert_eq!(chosen, judged, "what was judged is shown as it was"),
            None => assert_eq!(chosen.source, "composed"),
        }
        new += usize::from(proposed.is_none());

        let ranking = by_items.rerank_with(&request, Options { alternatives: 99, length: None }).unwrap();
        assert_eq!(&ranking.best, chosen);
        let mut others = trace.proposals.clone();
        others.retain(|list| indices(list) != indices(chosen));
        others.sort_by(|a, b| worth(b, weight).total_cmp(&worth(a, weight)));
        assert_eq!(ranking.alternatives, others);
        assert_eq!(
            by_items.rerank_batch(std::slice::from_ref(&request), Options::default())[0].as_ref().unwrap().best,
            *chosen
        );

        // Lists of the caller's are judged and nothing else.
        let given = Permutation::new(indices(&trace.proposals[0]), request.candidates().len()).unwrap();
        let judged = by_items.evaluate(&request, std::slice::from_ref(&given)).unwrap();
        assert_eq!((judged.len(), indices(&judged[0])), (1, given.as_slice().to_vec()));
    }
    assert!(new > 5, "only {new} of 20 lists were none of those proposed");
}

/// Whether two lists of the same length differ in one item, or in the places of two.
fn are_next(a: &[usize], b: &[usize]) -> bool {
    let changed: Vec<usize> = (0..a.len()).filter(|place| a[*place] != b[*place]).collect();
    match changed[..] {
        [place] => !a.contains(&b[place]),
        [one, other] => (a[one], a[other]) == (b[other], b[one]),
        _ => false,
    }
}

/// The best list is one that no exchange of an item makes worth more, found in the steps that lead there.
#[test]
fn by_exchanges_the_list_worth_most_is_improved_until_none_next_to_it_is_worth_more() {
    let weight = made::model(8).config.pipeline.generator_weight;
    let exchanging = |rounds, candidates| {
        made::reranker(8, |model| model.config.pipeline.exchanges = ExchangeConfig { rounds, candidates })
    };
    let [none, one, swaps, all] = [(0, 99), (1, 99), (1, 0), (99, 99)].map(|(rounds, most)| exchanging(rounds, most));
    let indices = |list: &ScoredList| list.items.iter().map(|item| item.index).collect::<Vec<usize>>();
    let (mut improved, mut longest) = (0, 0);
    for seed in 0..15 {
        let candidates = 1 + 2 * seed as usize;
        let request = made::request(seed, candidates);
        let traced =
            |reranker: &Reranker| reranker.trace_batch(std::slice::from_ref(&request), None).remove(0).unwrap();
        let [start, step, swapped, end] = [&none, &one, &swaps, &all].map(traced);

        // One step: the lists next to the best, and the best of all.
        let (first, further) = step.proposals.split_at(start.proposals.len());
        assert_eq!(first, start.proposals);
        assert!(further.iter().all(|list| list.source == "exchanged"));
        let from = indices(&start.chosen);
        let distinct: HashSet<Vec<usize>> = step.proposals.iter().map(indices).collect();
        assert_eq!(distinct.len(), step.proposals.len());
        let length = from.len();
        let next = distinct.iter().filter(|list| are_next(&from, list)).count();
        assert_eq!(next, length * (candidates - length) + length * length.saturating_sub(1) / 2);
        assert!(further.iter().all(|list| are_next(&from, &indices(list))));
        let most = step.proposals.iter().map(|list| worth(list, weight)).max_by(f32::total_cmp).unwrap();
        assert_eq!(worth(&step.chosen, weight), most);
        assert!(swapped.proposals[start.proposals.len()..].iter().all(|list| {
            let (mut items, mut known) = (indices(list), from.clone());
            items.sort_unstable();
            known.sort_unstable();
            items == known
        }));

        // All of them: nothing next to the last is worth more, whatever the caller asks about.
        let last = indices(&end.chosen);
        let neighbours = made::next_to(&last, candidates).into_iter();
        let neighbours: Vec<Permutation> = neighbours.map(|list| Permutation::new(list, candidates).unwrap()).collect();
        let judged = all.evaluate(&request, &neighbours).unwrap();
        assert!(judged.iter().all(|list| worth(list, weight) <= worth(&end.chosen, weight)));
        assert!(worth(&end.chosen, weight) >= worth(&step.chosen, weight));
        improved += usize::from(step.chosen != start.chosen);
        longest = longest.max(end.proposals.len());
        let ranking = all.rerank_with(&request, Options { alternatives: 3, length: None }).unwrap();
        assert_eq!(ranking.best, end.chosen);
    }
    assert!(improved > 5 && longest > 200, "{improved}, {longest}");
}

#[test]
fn probabilities_are_one_distribution_per_position() {
    let reranker = made::reranker(5, |_| ());
    for candidates in [1, 2, 5, 6, 60, 400] {
        let request = made::request(7, candidates);
        let p = reranker.probabilities(&request).unwrap();
        assert_eq!(p.dim(), (candidates, made::LENGTH));
        for column in p.columns() {
            assert!((column.iter().map(|p| f64::from(*p)).sum::<f64>() - 1.0).abs() < 1e-5);
        }
        let best = reranker.rerank(&request).unwrap().best;
        assert!(best.items.iter().all(|item| item.p == p[[item.index, item.position - 1]]));
    }
}

#[test]
fn a_list_of_the_callers_is_judged_as_a_proposal_is() {
    let reranker = made::reranker(5, |_| ());
    let request = made::request(4, 20);
    let trace = reranker.trace_batch(std::slice::from_ref(&request), None).remove(0).unwrap();
    let permutation = |list: &ScoredList| {
        Permutation::new(list.items.iter().map(|item| item.index).collect(), request.candidates().len()).unwrap()
    };
    let lists: Vec<Permutation> = trace.proposals.iter().map(permutation).collect();
    let judged = reranker.evaluate(&request, &lists).unwrap();
    let expected: Vec<_> = trace.proposals.into_iter().map(|list| ScoredList { source: "given", ..list }).collect();
    assert_eq!(judged, expected);
    assert_eq!(reranker.evaluate(&request, &[]).unwrap(), []);
}

#[test]
fn the_names_of_feedback_are_in_its_order() {
    let reranker: Reranker = made::reranker(5, |_| ());
    assert_eq!(reranker.feedback_kinds().collect::<Vec<_>>(), ["click", "hide"]);
    assert_eq!(reranker.feedback()[1].weight, -0.3);
    let best = reranker.rerank(&made::request(0, 9)).unwrap().best;
    let utility: f32 = best.items.iter().map(|item| item.feedback[0] - 0.3 * item.feedback[1]).sum();
    assert!((best.utility - utility).abs() < 1e-6);
}
