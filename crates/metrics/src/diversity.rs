//! Diversity: how different the items of a list are, and how much of the catalog a run of lists uses.

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
}
