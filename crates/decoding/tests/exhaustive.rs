//! Every decoder against its definition, worked out by trying all lists of problems with up to seven candidates.

mod oracle;

use nar4rec_decoding::{Beam, Contrastive, DecodeError, Decoded, Decoder, Greedy, KBest};
use oracle::{Case, cases_with_pins_inside};
use proptest::prelude::*;

/// The lists of an oracle, or the error that a decoder must give.
fn expected<T>(case: &Case, found: Vec<T>) -> Result<Vec<T>, DecodeError> {
    if found.is_empty() { Err(DecodeError::Unsatisfiable { length: case.length() }) } else { Ok(found) }
}

fn lists(decoded: Result<Vec<Decoded>, DecodeError>) -> Result<Vec<Vec<usize>>, DecodeError> {
    Ok(decoded?.into_iter().map(|found| found.list.as_slice().to_vec()).collect())
}

fn cosine(case: &Case, a: usize, b: usize) -> f64 {
    let width = case.states.len() / case.candidates;
    let state = |c: usize| case.states[c * width..][..width].iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    let (a, b) = (state(a), state(b));
    let norms = dot(&a, &a).sqrt() * dot(&b, &b).sqrt();
    if norms == 0.0 { 0.0 } else { dot(&a, &b) / norms }
}

/// (1-α) P̂ - α max cos, as it is written.
fn contrastive_key(case: &Case, alpha: f64, list: &[usize], candidate: usize) -> f64 {
    let likeness = list.iter().map(|&y| cosine(case, candidate, y)).reduce(f64::max).unwrap_or(0.0);
    (1.0 - alpha) * case.log_p(candidate, list.len()).exp() - alpha * likeness
}

/// Position by position: the shortlist by its key, then the others by probability; the first that can be completed.
fn contrastive(case: &Case, alpha: f64, top_k: usize) -> Option<(Vec<usize>, f64)> {
    let complete = case.lists();
    let (mut list, mut score) = (Vec::new(), 0.0);
    complete.first()?;
    while list.len() < case.length() {
        let key = |&candidate: &usize| contrastive_key(case, alpha, &list, candidate);
        let mut open: Vec<usize> = (0..case.candidates).filter(|&c| is_open(case, &list, c)).collect();
        open.sort_by(|&a, &b| case.log_p(b, list.len()).total_cmp(&case.log_p(a, list.len())));
        let size = top_k.min(open.len());
        open[..size].sort_by(|a, b| key(b).total_cmp(&key(a)));
        let extended = |candidate| [list.as_slice(), &[candidate]].concat();
        let is_completable = |&c: &usize| complete.iter().any(|full| full.starts_with(&extended(c)));
        let chosen = open.into_iter().find(is_completable)?;
        score += key(&chosen);
        list.push(chosen);
    }
    Some((list, score))
}

/// Whether `candidate` after `list` breaks no rule together with the pins that follow.
fn is_open(case: &Case, list: &[usize], candidate: usize) -> bool {
    let mut places = vec![None; case.length()];
    case.pins.iter().for_each(|&(pinned, position)| places[position] = Some(pinned));
    let is_free = places[list.len()].is_none_or(|pinned| pinned == candidate);
    list.iter().chain([&candidate]).enumerate().for_each(|(position, &c)| places[position] = Some(c));
    is_free && case.keeps(&places)
}

/// The `width` most probable beginnings of complete lists, lengthened position by position.
fn beam(case: &Case, width: usize) -> Vec<Vec<usize>> {
    let complete = case.lists();
    let mut kept = if complete.is_empty() { vec![] } else { vec![vec![]] };
    for length in 1..=case.length() {
        let mut next: Vec<Vec<usize>> = complete.iter().map(|list| list[..length].to_vec()).collect();
        next.sort();
        next.dedup();
        next.retain(|list| kept.contains(&list[..length - 1].to_vec()));
        next.sort_by(|a, b| case.value(b).total_cmp(&case.value(a)));
        next.truncate(width);
        kept = next;
    }
    kept
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn contrastive_is_its_formula(case in cases_with_pins_inside(7), alpha in 0.0..=1.0, top_k in 1_usize..9) {
        let found = case.decode(Decoder::Contrastive(Contrastive { alpha, top_k: Some(top_k) }), 0);
        let by_formula = expected(&case, contrastive(&case, alpha, top_k).into_iter().collect());
        match (found, by_formula) {
            (Ok(found), Ok(by_formula)) => {
                prop_assert_eq!(found[0].list.as_slice(), &by_formula[0].0);
                prop_assert!((f64::from(found[0].score) - by_formula[0].1).abs() < 1e-5);
            }
            (found, by_formula) => prop_assert_eq!(found.err(), by_formula.err()),
        }
    }

    #[test]
    fn greedy_takes_the_most_probable_that_can_be_completed(case in cases_with_pins_inside(7)) {
        prop_assert_eq!(lists(case.decode(Decoder::Greedy(Greedy {}), 0)), expected(&case, beam(&case, 1)));
    }

    #[test]
    fn beam_keeps_the_most_probable_beginnings(case in cases_with_pins_inside(6), width in 1_usize..6) {
        let found = case.decode(Decoder::Beam(Beam { width, lists: width }), 0);
        prop_assert_eq!(lists(found), expected(&case, beam(&case, width)));
    }

    #[test]
    fn a_full_beam_is_exhaustive(case in cases_with_pins_inside(6)) {
        let found = case.decode(Decoder::Beam(Beam { width: 720, lists: 720 }), 0);
        assert_ranked(&case, found, usize::MAX)?;
    }

    /// Asking for more lists than there are gives all of them, sorted, none twice.
    #[test]
    fn k_best_is_sorting_all_lists(case in cases_with_pins_inside(6)) {
        let found = case.decode(Decoder::KBest(KBest { lists: 1000 }), 0);
        assert_ranked(&case, found, usize::MAX)?;
    }

    #[test]
    fn the_first_of_k_best_has_the_greatest_product(case in cases_with_pins_inside(7), most in 1_usize..4) {
        let found = case.decode(Decoder::KBest(KBest { lists: most }), 0);
        assert_ranked(&case, found, most)?;
    }
}

/// `found` are the `most` most probable of all lists in order, or the error that says there are none. Sums that differ
/// only in rounding may stand in either order.
fn assert_ranked(case: &Case, found: Result<Vec<Decoded>, DecodeError>, most: usize) -> Result<(), TestCaseError> {
    let (found, ranked) = match (found, expected(case, case.ranked())) {
        (Ok(found), Ok(ranked)) => (found, ranked),
        (found, ranked) => {
            prop_assert_eq!(found.err(), ranked.err());
            return Ok(());
        }
    };
    prop_assert_eq!(found.len(), most.min(ranked.len()));
    for (found, (value, _)) in found.iter().zip(&ranked) {
        prop_assert_eq!(f64::from(found.log_probability), f64::from(*value as f32));
        prop_assert_eq!(found.score, found.log_probability);
    }
    let mut lists: Vec<_> = found.iter().map(|found| found.list.as_slice()).collect();
    lists.sort();
    lists.dedup();
    prop_assert_eq!(lists.len(), found.len());
    prop_assert!(lists.iter().all(|list| ranked.iter().any(|(_, other)| other == list)));
    Ok(())
}

/// Equal sums come in some fixed order; every list still comes once, and sums never increase.
#[test]
fn k_best_on_ties_repeats_nothing() {
    let log_probabilities = [-1.0, -2.0, -1.0, -1.0, -1.0, -2.0, -2.0, -1.0, -1.0, -1.0, -1.0, -1.0].to_vec();
    let (candidates, positions) = (4, 3);
    let plain = Case {
        candidates,
        positions,
        asked: 3,
        log_probabilities,
        states: vec![],
        pins: vec![],
        excluded: vec![],
        groups: vec![],
    };
    let found = plain.decode(Decoder::KBest(KBest { lists: 99 }), 0).unwrap();
    assert!(found.is_sorted_by(|a, b| a.score >= b.score));
    let mut found: Vec<_> = found.into_iter().map(|found| found.list.as_slice().to_vec()).collect();
    found.sort();
    assert_eq!(found, plain.lists());
}
