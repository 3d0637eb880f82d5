//! Every system runs and trains with its initial weights.

use nar4rec_evaluator::FeedbackKind;
use nar4rec_slate::{Impression, Permutation};

use super::*;
use crate::task::tests::{LINES, small};

fn impressions() -> Vec<Impression> {
    LINES.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every network there is.
fn parts() -> impl Iterator<Item = Part> {
    SystemKind::ALL.into_iter().map(Part::Rival).chain([Part::Generator, Part::Evaluator])
}

#[test]
fn sized_lists_are_cut_or_continued() {
    let (prepared, _) = small();
    let [first, ..] = &impressions()[..] else { panic!("three lists") };
    let sized = |length| Example::sized(first, &prepared, length).unwrap();
    assert_eq!((sized(1).shown, sized(1).labels), (vec![1], vec![1.0, 0.0]));
    let longest = sized(9);
    assert_eq!(longest.shown, [1, 3, 0, 2]);
    assert_eq!(longest.labels, [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
}

#[test]
fn what_was_shown_is_labelled_so_without_the_log_saying_it() {
    let (mut prepared, _) = small();
    let [first, ..] = &impressions()[..] else { panic!("three lists") };
    let labels = Example::new(first, &prepared).unwrap().labels;
    prepared.feedback.push(FeedbackKind::new(FeedbackKind::SHOWN, 0.25));
    let with: Vec<f32> = labels.chunks_exact(2).flat_map(|kinds| [kinds[0], kinds[1], 1.0]).collect();
    assert_eq!(Example::new(first, &prepared).unwrap().labels, with);
}

#[test]
fn lists_are_permutations_however_many_share_a_pass() {
    let (prepared, _) = small();
    let impressions = impressions();
    for part in parts().filter(|part| *part != Part::Evaluator) {
        for length in [1, 3, 4] {
            let mut config = crate::task::tests::config();
            config.generator.list_length = length;
            let examples: Vec<Example> =
                impressions.iter().map(|shown| Example::sized(shown, &prepared, length).unwrap()).collect();
            let mut system = Untrained::new(part, &prepared, &config, Isa::detect()).unwrap();
            let lists = system.lists((&examples, &prepared), length, 1);
            assert_eq!(lists.len(), 3);
            assert!(lists.iter().all(|list| list.len() == length), "{part:?}: {lists:?}");
            assert!(lists.iter().all(|list| Permutation::new(list.clone(), 4).is_ok()), "{part:?}: {lists:?}");
            assert_eq!(system.lists((&examples, &prepared), length, 2), lists, "{part:?}");
            system.train(&examples, &prepared).unwrap();
            assert_eq!(system.lists((&examples, &prepared), length, 3), lists, "{part:?}: its weights are the initial");
        }
    }
}

#[test]
fn training_goes_on_from_pass_to_pass_and_hardly_moves() {
    let (prepared, _) = small();
    let config = crate::task::tests::config();
    for part in parts() {
        let mut system = Untrained::new(part, &prepared, &config, Isa::detect()).unwrap();
        for _ in 0..3 {
            system.train(&prepared.train, &prepared).unwrap();
        }
        let (progress, machine) = system.training.as_ref().unwrap();
        assert_eq!(progress.steps(), 3, "{part:?}: all examples fit one batch");
        let moved = machine.parameters().iter().zip(system.parameters.iter());
        let greatest = moved
            .flat_map(|((_, now), (_, then))| now.iter().zip(then).map(|(now, then)| (now - then).abs()))
            .fold(0.0, f32::max);
        assert!(greatest > 0.0 && greatest < 1e-6, "{part:?}: {greatest}");
    }
}
