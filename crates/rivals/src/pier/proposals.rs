//! Which lists are proposed: all of them, or those a beam finds by the scores of items alone.
//!
//! ```text
//!   value(list) = Σ_j w_j p_j        p: what the item tower predicts of each item alone, w: the places' discounts
//! ```
//!
//! A beam as wide as there are permutations drops none, so both come of one loop, and come in order: greatest value first,
//! among equals as their candidates come.

use crate::candidates::discount;

/// The longest lists of which all permutations may be proposed.
const MOST_PLACES: usize = 5;

/// n!/(n − m)!, if that is a number.
pub(super) fn permutations(n: usize, m: usize) -> Option<usize> {
    (n - m + 1..=n).try_fold(1_usize, usize::checked_mul)
}

/// Lists of `length` of the candidates with these scores, greatest value first: all of them if they are short and at most
/// `enumerated`, otherwise what a beam of this width finds. No list is longer than there are candidates.
pub(super) fn proposed(scores: &[f32], length: usize, enumerated: usize, beam: usize) -> Vec<Vec<u32>> {
    let length = length.min(scores.len());
    let all = permutations(scores.len(), length).filter(|all| length <= MOST_PLACES && *all <= enumerated);
    best(scores, length, all.unwrap_or(beam))
}

/// A beam search for the lists of the greatest value.
///
/// Beams and candidates are both in order, so few continuations can be among the greatest: with the e-th candidate that beam b
/// does not hold yet (b and e from 0), those of beams 0..=b with candidates up to their (e − place)-th are worth as much or
/// more, as a beam holds `place` candidates. If they are more than the width, this one is not kept.
fn best(scores: &[f32], length: usize, width: usize) -> Vec<Vec<u32>> {
    let mut order: Vec<u32> = (0..scores.len() as u32).collect();
    order.sort_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize]));
    let mut beams: Vec<(f32, Vec<u32>)> = vec![(0.0, Vec::new())];
    let mut longer: Vec<Longer> = Vec::new();
    for place in 0..length {
        longer.clear();
        for (beam, (value, list)) in beams.iter().enumerate() {
            let rest = (0..order.len()).filter(|at| !list.contains(&order[*at]));
            let with =
                |next: usize| Longer { value: value + discount(place) * scores[order[next] as usize], beam, next };
            longer.extend(rest.take(place + width / (beam + 1)).map(with));
        }
        keep_greatest(&mut longer, width);
        let grown = longer.iter().map(|Longer { value, beam, next }| {
            let list = beams[*beam].1.iter().copied().chain([order[*next]]);
            (*value, list.collect())
        });
        beams = grown.collect();
    }
    beams.into_iter().map(|(_, list)| list).collect()
}

/// A beam and one more candidate.
#[derive(Debug, Clone, Copy)]
struct Longer {
    value: f32,
    beam: usize,
    /// A place in the order of candidates.
    next: usize,
}

/// Puts the `width` of the greatest values first, in order, and drops the others.
fn keep_greatest(longer: &mut Vec<Longer>, width: usize) {
    let order = |a: &Longer, b: &Longer| b.value.total_cmp(&a.value).then((a.beam, a.next).cmp(&(b.beam, b.next)));
    if longer.len() > width {
        longer.select_nth_unstable_by(width, order);
        longer.truncate(width);
    }
    longer.sort_unstable_by(order);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every list of `length` of n candidates, in the order of their numbers.
    fn naive(n: u32, length: usize) -> Vec<Vec<u32>> {
        if length == 0 {
            return vec![Vec::new()];
        }
        let shorter = naive(n, length - 1).into_iter();
        shorter
            .flat_map(|list| {
                (0..n).filter(|c| !list.contains(c)).map(|c| [&list[..], &[c]].concat()).collect::<Vec<_>>()
            })
            .collect()
    }

    fn value(scores: &[f32], list: &[u32]) -> f32 {
        list.iter().enumerate().map(|(place, c)| discount(place) * scores[*c as usize]).sum()
    }

    #[test]
    fn enumeration_is_every_permutation_once() {
        for (n, m) in [(0, 0), (1, 1), (3, 1), (3, 3), (4, 2), (6, 4), (5, 5)] {
            let scores: Vec<f32> = (0..n).map(|i| (i as f32 * 1.7).sin()).collect();
            let mut found = proposed(&scores, m, 1000, 1);
            assert_eq!(Some(found.len()), permutations(n, m));
            assert!(found.windows(2).all(|two| value(&scores, &two[0]) >= value(&scores, &two[1])), "greatest first");
            found.sort_unstable();
            assert_eq!(found, naive(n as u32, m));
        }
    }

    #[test]
    fn what_is_too_much_is_left_to_the_beam() {
        let scores = [0.1, 0.9, 0.5, 0.3, 0.2, 0.6];
        assert_eq!(proposed(&scores, 3, 119, 7).len(), 7, "120 permutations");
        assert_eq!(proposed(&scores, 3, 120, 7).len(), 120);
        assert_eq!(proposed(&scores, 6, 720, 7).len(), 7, "six places");
        assert_eq!(proposed(&scores, 9, 720, 1), [[1, 5, 2, 3, 4, 0]], "a beam of one sorts");
        assert_eq!(permutations(400, 200), None);
        assert_eq!(proposed(&[], 3, 10, 10), [[0; 0]]);
    }

    #[test]
    fn a_full_beam_is_exhaustive_search() {
        let scores: Vec<f32> = (0..5).map(|i| (i as f32 * 2.3).cos()).collect();
        let mut all = naive(5, 3);
        all.sort_by(|a, b| value(&scores, b).total_cmp(&value(&scores, a)));
        assert_eq!(proposed(&scores, 3, 1, 60), all);
        assert_eq!(proposed(&scores, 3, 1, 10)[0], all[0], "discounts that fall make the greedy list the best");
    }

    #[test]
    fn no_beam_that_would_be_kept_is_left_out() {
        for (n, m, width) in [(9, 4, 1), (9, 4, 5), (12, 6, 30), (7, 7, 50), (20, 3, 200)] {
            let scores: Vec<f32> = (0..n).map(|i| ((i * i) as f32 * 0.37).sin()).collect();
            let mut beams = vec![Vec::new()];
            for _ in 0..m {
                let longer = beams.iter().flat_map(|list: &Vec<u32>| {
                    let rest = (0..n as u32).filter(|c| !list.contains(c));
                    rest.map(|c| [&list[..], &[c]].concat()).collect::<Vec<_>>()
                });
                let mut longer: Vec<Vec<u32>> = longer.collect();
                longer.sort_by(|a, b| value(&scores, b).total_cmp(&value(&scores, a)));
                longer.truncate(width);
                beams = longer;
            }
            let values = |lists: &[Vec<u32>]| lists.iter().map(|list| value(&scores, list)).collect::<Vec<_>>();
            assert_eq!(values(&proposed(&scores, m, 1, width)), values(&beams));
        }
    }

    #[test]
    fn equals_come_in_the_order_of_candidates() {
        assert_eq!(proposed(&[0.5; 3], 2, 1, 3), [[0, 1], [0, 2], [1, 0]]);
    }
}
