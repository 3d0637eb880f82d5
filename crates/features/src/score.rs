//! The upstream score within its list: z-score and competition rank over the k candidates that have one.
//!
//! ```text
//! z_i    = (s_i - mean) / std                 population std; 0 where all scores are equal
//! rank_i = 1 - 2 |{j : s_j > s_i}| / (k - 1)  +1 for the best, ties share the better rank; 0 for k = 1
//! ```
//!
//! A z-score does not change under an affine map, so the moments are taken of scores mapped to [0, 1]: no finite
//! score can overflow there. Sums run in sorted order, so the order of the candidates changes no bit of the result.

use nar4rec_slate::Candidate;

use crate::CLIP;
use crate::schema::{ScoreColumn, ScoreFeature};

/// The scores of one list, ready to place each of them.
pub(crate) struct ListScores {
    /// From the best to the worst.
    descending: Vec<f64>,
    /// The greatest magnitude; dividing by it keeps what follows finite.
    magnitude: f64,
    /// The lowest score divided by the magnitude.
    low: f64,
    /// The highest less the lowest score, divided by the magnitude.
    range: f64,
    mean: f64,
    std: f64,
}

impl ListScores {
    /// The scores of `candidates`, in the memory of a list before.
    pub(crate) fn new(candidates: &[Candidate], memory: Vec<f64>) -> Self {
        let mut descending = memory;
        descending.clear();
        descending.extend(candidates.iter().filter_map(|candidate| candidate.score));
        descending.sort_unstable_by(|a, b| b.total_cmp(a));
        let (high, low) = (descending.first().copied().unwrap_or(0.0), descending.last().copied().unwrap_or(0.0));
        let magnitude = high.abs().max(low.abs());
        let mut list = Self { descending, magnitude, low: 0.0, range: 0.0, mean: 0.0, std: 1.0 };
        if magnitude > 0.0 {
            list.low = low / magnitude;
            list.range = high / magnitude - list.low;
        }
        if list.range > 0.0 {
            let count = list.descending.len() as f64;
            list.mean = list.descending.iter().map(|&score| list.unit(score)).sum::<f64>() / count;
            let squares: f64 = list.descending.iter().map(|&score| (list.unit(score) - list.mean).powi(2)).sum();
            list.std = (squares / count).sqrt();
        }
        list
    }

    /// Its memory, for the next list.
    pub(crate) fn into_memory(self) -> Vec<f64> {
        self.descending
    }

    /// `score` mapped to [0, 1]; only for a positive range.
    fn unit(&self, score: f64) -> f64 {
        (score / self.magnitude - self.low) / self.range
    }

    fn z_score(&self, score: f64) -> f64 {
        if self.range > 0.0 { (self.unit(score) - self.mean) / self.std } else { 0.0 }
    }

    fn rank(&self, score: f64) -> f64 {
        let higher = self.descending.partition_point(|&other| other > score);
        match self.descending.len() {
            0 | 1 => 0.0,
            count => 1.0 - 2.0 * higher as f64 / (count - 1) as f64,
        }
    }

    /// One column of one candidate.
    pub(crate) fn column(&self, feature: &ScoreFeature, column: ScoreColumn, score: Option<f64>) -> f32 {
        let Some(score) = score else {
            return f32::from(u8::from(column == ScoreColumn::Missing));
        };
        let number = match column {
            ScoreColumn::Value => (score - feature.mean) / feature.std,
            ScoreColumn::ZScore => self.z_score(score),
            ScoreColumn::Rank => self.rank(score),
            ScoreColumn::Missing => 0.0,
        };
        number.clamp(-CLIP, CLIP) as f32
    }
}

#[cfg(test)]
mod tests {
    use nar4rec_slate::Features;
    use proptest::prelude::*;

    use super::*;

    fn columns(scores: &[Option<f64>]) -> Vec<[f32; 4]> {
        let candidate = |&score: &Option<f64>| Candidate { id: String::new(), score, features: Features::new() };
        let list = ListScores::new(&scores.iter().map(candidate).collect::<Vec<_>>(), vec![9.0]);
        let all = [ScoreColumn::Value, ScoreColumn::ZScore, ScoreColumn::Rank, ScoreColumn::Missing];
        let feature = ScoreFeature { mean: 1.0, std: 2.0, columns: all.to_vec() };
        scores.iter().map(|&score| all.map(|column| list.column(&feature, column, score))).collect()
    }

    #[test]
    fn by_hand() {
        let half = 1.5_f32.sqrt();
        let expected = [[1.0, half, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0], [-1.0, -half, -1.0, 0.0]];
        for (row, expected) in columns(&[Some(3.0), Some(1.0), Some(-1.0)]).iter().zip(expected) {
            assert!(row.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{row:?} is not {expected:?}");
        }
    }

    #[test]
    fn ties_share_the_better_rank() {
        let ranks: Vec<f32> = columns(&[2.0, 5.0, 2.0, 1.0, 1.0].map(Some)).iter().map(|row| row[2]).collect();
        assert_eq!(ranks, [0.5, 1.0, 0.5, -0.5, -0.5]);
        let zeros: Vec<f32> = columns(&[Some(-0.0), Some(0.0)]).iter().map(|row| row[2]).collect();
        assert_eq!(zeros, [1.0, 1.0], "negative zero ties with zero");
    }

    #[test]
    fn a_missing_score_is_neutral_and_told() {
        assert_eq!(columns(&[None, Some(1.0), Some(3.0)])[0], [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(columns(&[None, None]), [[0.0, 0.0, 0.0, 1.0]; 2]);
        assert_eq!(columns(&[Some(1.0), None])[0], [0.0; 4], "a sole score has nothing to be compared with");
    }

    #[test]
    fn scores_that_hardly_differ_or_not_at_all() {
        assert!(columns(&[Some(0.1); 7]).iter().all(|row| row[1] == 0.0));
        let tiny = columns(&[Some(0.1), Some(0.1_f64.next_up())]);
        assert_eq!((tiny[0][1], tiny[1][1]), (-1.0, 1.0));
        let huge = columns(&[Some(f64::MAX), Some(f64::MIN)]);
        assert_eq!((huge[0][1], huge[1][1]), (1.0, -1.0));
        assert_eq!(huge[0][0], CLIP as f32);
    }

    fn finite() -> impl Strategy<Value = f64> {
        prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(scores in prop::collection::vec(-5_i32..5, 1..20)) {
            let scores: Vec<f64> = scores.into_iter().map(f64::from).collect();
            let count = scores.len() as f64;
            let mean = scores.iter().sum::<f64>() / count;
            let std = (scores.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / count).sqrt();
            let rows = columns(&scores.iter().copied().map(Some).collect::<Vec<_>>());
            for (&score, row) in scores.iter().zip(rows) {
                let z = if std > 0.0 { (score - mean) / std } else { 0.0 };
                let higher = scores.iter().filter(|&&other| other > score).count() as f64;
                let rank = if count > 1.0 { 1.0 - 2.0 * higher / (count - 1.0) } else { 0.0 };
                prop_assert!((f64::from(row[1]) - z).abs() < 1e-5, "{} is not {z}", row[1]);
                prop_assert_eq!(row[2], rank as f32);
            }
        }

        #[test]
        fn any_finite_scores_give_finite_numbers(scores in prop::collection::vec(prop::option::of(finite()), 1..20)) {
            prop_assert!(columns(&scores).iter().flatten().all(|x| x.abs() <= CLIP as f32));
        }
    }
}
