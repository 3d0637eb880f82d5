//! Every decoder against its definition, worked out by trying all lists of problems with up to seven candidates.

mod oracle;

use nar4rec_decoding::{Beam, Contrastive, DecodeError, Decoded, Decoder, Dpp, Greedy, KBest};
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

/// The key of a candidate after a list.
type Key<'a> = &'a dyn Fn(&[usize], usize) -> f64;

/// What can be placed after `list`, in order of preference: the shortlist by its key, then the others by probability.
fn preferred(case: &Case, complete: &[Vec<usize>], (key, top_k): (Key, usize), list: &[usize]) -> Vec<usize> {
    let mut open: Vec<usize> = (0..case.candidates).filter(|&c| is_open(case, list, c)).collect();
    open.sort_by(|&a, &b| case.log_p(b, list.len()).total_cmp(&case.log_p(a, list.len())));
    let size = top_k.min(open.len());
    open[..size].sort_by(|&a, &b| key(list, b).total_cmp(&key(list, a)));
    let extended = |candidate| [list, &[candidate]].concat();
    open.retain(|&c| complete.iter().any(|full| full.starts_with(&extended(c))));
    open
}

/// Position by position the candidate that is preferred.
fn contrastive(case: &Case, alpha: f64, top_k: usize) -> Option<(Vec<usize>, f64)> {
    let complete = case.lists();
    let (mut list, mut score) = (Vec::new(), 0.0);
    complete.first()?;
    let key = |list: &[usize], candidate: usize| contrastive_key(case, alpha, list, candidate);
    while list.len() < case.length() {
        let chosen = *preferred(case, &complete, (&key, top_k), &list).first()?;
        score += key(&list, chosen);
        list.push(chosen);
    }
    Some((list, score))
}

/// log det of the kernel of `list`, by elimination: cosines shrunk by 1e-4 beside a diagonal of ones.
fn log_determinant(case: &Case, list: &[usize]) -> f64 {
    let entry = |a: usize, b: usize| if a == b { 1.0 } else { (1.0 - 1e-4) * cosine(case, a, b) };
    let mut rows: Vec<Vec<f64>> = list.iter().map(|&a| list.iter().map(|&b| entry(a, b)).collect()).collect();
    let mut sum = 0.0;
    while let Some(pivot) = rows.pop() {
        let last = pivot[rows.len()];
        sum += last.ln();
        for row in &mut rows {
            let factor = row[pivot.len() - 1] / last;
            row.iter_mut().zip(&pivot).for_each(|(number, above)| *number -= factor * above);
            row.pop();
        }
    }
    sum
}

/// log P̂ + α log of the quotient of determinants, as it is written.
fn dpp_key(case: &Case, alpha: f64, list: &[usize], candidate: usize) -> f64 {
    let extended = [list, &[candidate]].concat();
    case.log_p(candidate, list.len()) + alpha * (log_determinant(case, &extended) - log_determinant(case, list))
}

/// `found` prefers at each position a candidate that is preferred, within what f32 cosines are off.
fn assert_dpp(case: &Case, Dpp { alpha, top_k }: Dpp, found: &Decoded) -> Result<(), TestCaseError> {
    let (list, complete) = (found.list.as_slice(), case.lists());
    let key = |list: &[usize], candidate: usize| dpp_key(case, alpha, list, candidate);
    let mut score = 0.0;
    for (position, &chosen) in list.iter().enumerate() {
        let before = &list[..position];
        let first = preferred(case, &complete, (&key, top_k.unwrap_or(usize::MAX)), before)[0];
        let (found, best) = (key(before, chosen), key(before, first));
        prop_assert!((found - best).abs() < 1e-2 * (alpha + 1e-9), "{chosen} {found} for {first} {best} in {list:?}");
        score += found;
    }
    prop_assert!((f64::from(found.score) - score).abs() < 1e-2 * alpha + 1e-5, "{found:?} {score}");
    let whole = case.value(list) + alpha * log_determinant(case, list);
    prop_assert!((score - whole).abs() < 1e-6, "keys add up to {score}, the list is worth {whole}");
    Ok(())
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
    fn dpp_is_its_formula(case in cases_with_pins_inside(7), alpha in 0.0..=2.0, top_k in prop::option::of(1_usize..9)) {
        let dpp = Dpp { alpha, top_k };
        match (case.decode(Decoder::Dpp(dpp), 0), expected(&case, case.lists())) {
            (Ok(found), Ok(_)) => assert_dpp(&case, dpp, &found[0])?,
            (found, lists) => prop_assert_eq!(found.err(), lists.err()),
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
