//! Diversity: how different the items of a list are, how much of the catalog a run of lists uses, and how often the run
//! says the same again.
//!
//! ```text
//! intra-list distance = mean of 1 - cos over the pairs of a list
//! item coverage       = distinct items / catalog
//! repetition          = 1 - distinct items / items                        "rep-1" of text generation
//! distinct pairs      = distinct pairs of neighbours / pairs of neighbours    "distinct-2" of text generation
//! ```

use std::collections::HashSet;
use std::hash::Hash;

/// The mean of 1 − cos over all pairs of a list's item vectors, from 0 (all alike) to 2; `None` below two items.
/// `vectors` is `[items, dim]` in row order; a vector of zeros has cosine 0 with every other.
///
/// # Panics
/// If `dim` is 0 or does not divide the length.
pub fn intra_list_distance(vectors: &[f32], dim: usize) -> Option<f64> {
    assert!(dim > 0 && vectors.len().is_multiple_of(dim), "{} numbers are no rows of {dim}", vectors.len());
    let rows: Vec<&[f32]> = vectors.chunks_exact(dim).collect();
    let pairs = rows.len() * rows.len().saturating_sub(1) / 2;
    let mut distances = 0.0;
    for (index, row) in rows.iter().enumerate() {
        distances += rows[..index].iter().map(|other| 1.0 - cosine(row, other)).sum::<f64>();
    }
    (pairs > 0).then(|| distances / pairs as f64)
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    if norms > 0.0 { (dot(a, b) / norms).clamp(-1.0, 1.0) } else { 0.0 }
}

/// The share of a catalog of `catalog` items that stands in at least one list; `None` for an empty catalog.
pub fn item_coverage<Id: Hash + Eq>(shown: impl IntoIterator<Item = Id>, catalog: usize) -> Option<f64> {
    let distinct: HashSet<Id> = shown.into_iter().collect();
    (catalog > 0).then(|| distinct.len() as f64 / catalog as f64)
}

/// The share of the places of a run's lists whose item stood in an earlier place already; `None` where there are none.
pub fn repetition<Id: Hash + Eq>(shown: impl IntoIterator<Item = Id>) -> Option<f64> {
    let (mut distinct, mut places) = (HashSet::new(), 0_usize);
    for item in shown {
        distinct.insert(item);
        places += 1;
    }
    (places > 0).then(|| 1.0 - distinct.len() as f64 / places as f64)
}

/// The share of distinct ones among all ordered pairs of adjacent items, over all lists of a run: low where lists repeat
/// one another's turns of phrase, whatever items they are made of. `None` if no list has two items.
pub fn distinct_pairs<'a, Id: Hash + Eq + 'a>(lists: impl IntoIterator<Item = &'a [Id]>) -> Option<f64> {
    let (mut distinct, mut pairs) = (HashSet::new(), 0_usize);
    for list in lists {
        distinct.extend(list.windows(2));
        pairs += list.len().saturating_sub(1);
    }
    (pairs > 0).then(|| distinct.len() as f64 / pairs as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_by_hand() {
        assert_eq!(intra_list_distance(&[1.0, 0.0, 2.0, 0.0], 2), Some(0.0));
        assert_eq!(intra_list_distance(&[1.0, 0.0, 0.0, 3.0, -1.0, 0.0], 2), Some((1.0 + 2.0 + 1.0) / 3.0));
        assert_eq!(intra_list_distance(&[0.0, 0.0, 1.0, 1.0], 2), Some(1.0));
        assert_eq!(intra_list_distance(&[1.0, 1.0], 2), None);
        assert_eq!(intra_list_distance(&[], 2), None);
    }

    #[test]
    fn coverage_counts_an_item_once() {
        assert_eq!(item_coverage(["a", "b", "a"], 4), Some(0.5));
        assert_eq!(item_coverage(Vec::<u32>::new(), 4), Some(0.0));
        assert_eq!(item_coverage(["a"], 0), None);
    }

    #[test]
    fn repetition_counts_what_came_before() {
        assert_eq!(repetition(["a", "b", "a", "a"]), Some(0.5));
        assert_eq!(repetition(["a", "b"]), Some(0.0));
        assert_eq!(repetition(Vec::<u32>::new()), None);
    }

    #[test]
    fn pairs_are_ordered_and_end_with_their_list() {
        // ab bc | ab | ba: of four pairs ab stands twice; c and a at the seam of two lists are no pair.
        let lists: [&[char]; 4] = [&['a', 'b', 'c'], &['a', 'b'], &['b', 'a'], &['c']];
        assert_eq!(distinct_pairs(lists), Some(0.75));
        assert_eq!(distinct_pairs([&['a'][..], &[]]), None);
        assert_eq!(distinct_pairs([[1, 1, 1, 1].as_slice()]), Some(1.0 / 3.0));
    }
}
