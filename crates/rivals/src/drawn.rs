//! Lists drawn of candidates whose worth is known, for systems that judge items by the items around them.
//!
//! Where data says of candidates that were not shown that they were not wanted, a system that has seen nothing but shown lists
//! knows only good company. It then takes a list of strangers that go well together for a good one.

use std::ops::Range;

use rand::RngExt;
use rand_pcg::Pcg64Mcg;

/// The rows whose worth is known, if one of them was not shown; otherwise none.
pub(crate) fn known_beyond(rows: Range<usize>, list: &[u32], targets: &[f32]) -> Vec<u32> {
    let known: Vec<u32> = rows.filter(|row| !targets[*row].is_nan()).map(|row| row as u32).collect();
    if known.iter().all(|row| list.contains(row)) { Vec::new() } else { known }
}

/// At most `length` of the rows without replacement, in proportion to e^z: the greatest of z + Gumbel noise, in order
/// (Plackett 1975, Luce 1959).
pub(crate) fn drawn(rows: &[u32], logits: &[f32], length: usize, rng: &mut Pcg64Mcg) -> Vec<u32> {
    let noisy = |row: &u32| {
        let uniform = 1.0 - rng.random::<f64>();
        (f64::from(logits[*row as usize]) - (-uniform.ln()).ln(), *row)
    };
    let mut noisy: Vec<(f64, u32)> = rows.iter().map(noisy).collect();
    noisy.sort_by(|a, b| b.0.total_cmp(&a.0));
    noisy.into_iter().take(length).map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn rows_are_drawn_in_proportion_and_never_twice() {
        let logits = [0.0, 9.0, 2.0_f32.ln(), 5.0_f32.ln()];
        let (rows, draws) = ([0, 2, 3], 20_000);
        let mut rng = Pcg64Mcg::seed_from_u64(1);
        let mut first = [0; 4];
        for _ in 0..draws {
            let mut list = drawn(&rows, &logits, 5, &mut rng);
            first[list[0] as usize] += 1;
            list.sort_unstable();
            assert_eq!(list, rows);
        }
        assert_eq!(drawn(&rows, &logits, 2, &mut rng).len(), 2);
        // Four standard deviations of a share of 20,000 draws are at most 4·√(0.25/20,000) = 0.014.
        for (row, share) in [(0, 0.125), (1, 0.0), (2, 0.25), (3, 0.625)] {
            let found = f64::from(first[row]) / f64::from(draws);
            assert!((found - share).abs() < 0.014, "row {row}: {found}, expected {share}");
        }
    }
}
