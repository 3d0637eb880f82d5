//! The lift of one system over another where each served lists of its own, as in an A/B test.
//!
//! ```text
//! lift = (Σ_q b_q / Σ_q n_q^b) / (Σ_q a_q / Σ_q n_q^a) − 1        a_q, b_q: what the systems earned on their lists of query q
//! ```
//!
//! Lists of one query are alike: they have the same candidates, and a system may show the same list again and again. Lists are
//! therefore not resampled one by one, which would take every repetition for new evidence, but queries, each with all lists that
//! either system has of it. The same query is hard or easy for both systems, so drawing it for both at once leaves that common
//! part out, as the paired bootstrap does; an interval of two independent samples would contain it twice.
//!
//! The interval is for other queries of the same kind, served by the same systems. It does not know that systems trained anew
//! would be others.

use crate::{Bootstrap, Estimate, MetricsError};

/// What a system earned on its lists of one query.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    /// The number of lists.
    pub lists: u64,
    /// What they earned together.
    pub sum: f64,
}

impl Bootstrap {
    /// How much more the second system earned with a list than the first, as a share of what the first did, with its 95% interval
    /// over queries. Each element has what the two earned on the lists of one query. `None` where a system has no list, or the first
    /// earned nothing; a resample of which that is true is left out.
    ///
    /// ```
    /// use nar4rec_metrics::{Bootstrap, Tally};
    /// let of = |lists, sum| Tally { lists, sum };
    /// // 12 of 4 lists against 10 of 5: 3 against 2.
    /// let queries = [[of(2, 4.0), of(1, 3.0)], [of(3, 6.0), of(3, 9.0)]];
    /// let lift = Bootstrap::default().lift(&queries)?.expect("both have lists");
    /// assert!([lift.value, lift.low, lift.high].iter().all(|lift| (lift - 0.5).abs() < 1e-12));
    /// # Ok::<(), nar4rec_metrics::MetricsError>(())
    /// ```
    ///
    /// # Errors
    /// If a sum is not finite.
    pub fn lift(&self, queries: &[[Tally; 2]]) -> Result<Option<Estimate>, MetricsError> {
        for (index, query) in queries.iter().enumerate() {
            if let Some(Tally { sum: value, .. }) = query.iter().find(|tally| !tally.sum.is_finite()) {
                return Err(MetricsError::Value { index, value: *value });
            }
        }
        Ok(self.estimate(queries.len(), |counts| {
            let [first, second] = [0, 1].map(|system| mean(queries.iter().map(|query| query[system]).zip(counts)));
            let (first, second) = (first?, second?);
            (first > 0.0).then(|| second / first - 1.0)
        }))
    }
}

/// What a list earned on average, where each query counts so often; `None` of no lists.
fn mean<'a>(tallies: impl Iterator<Item = (Tally, &'a u32)>) -> Option<f64> {
    let (mut lists, mut sum) = (0.0, 0.0);
    for (tally, &count) in tallies {
        lists += f64::from(count) * tally.lists as f64;
        sum += f64::from(count) * tally.sum;
    }
    (lists > 0.0).then(|| sum / lists)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    use super::*;

    fn tally(lists: u64, sum: f64) -> Tally {
        Tally { lists, sum }
    }

    #[test]
    fn it_is_what_writing_every_resample_out_gives() {
        let queries: Vec<[Tally; 2]> = (0..40_u32)
            .map(|q| [tally(u64::from(q % 4), f64::from(q % 7)), tally(u64::from(q % 3), f64::from(q % 5))])
            .collect();
        let bootstrap = Bootstrap { resamples: 401, seed: 9 };
        let found = bootstrap.lift(&queries).unwrap().unwrap();
        let mut rng = Pcg64Mcg::seed_from_u64(9);
        let mut lifts: Vec<f64> = (0..401)
            .map(|_| {
                let drawn: Vec<usize> = (0..40).map(|_| rng.random_range(0..40_u32) as usize).collect();
                let mean = |system: usize| {
                    let sum: f64 = drawn.iter().map(|&q| queries[q][system].sum).sum();
                    sum / drawn.iter().map(|&q| queries[q][system].lists).sum::<u64>() as f64
                };
                mean(1) / mean(0) - 1.0
            })
            .collect();
        lifts.sort_by(f64::total_cmp);
        // Quantiles of 401 values stand on whole places: 10 and 390 of 0 to 400.
        assert!((found.low - lifts[10]).abs() < 1e-12 && (found.high - lifts[390]).abs() < 1e-12, "{found:?}");
    }

    /// Queries that earn between 0.1 and 0.9 a list, the second system 1.1 times as much on average, more on some queries than on
    /// others. Every list is shown `repeated` times, with as much earned each time.
    fn made(seed: u64, repeated: u64) -> Vec<[Tally; 2]> {
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let mut query = || {
            let level = 0.1 + 0.8 * rng.random::<f64>();
            let lift = 1.1 + 0.4 * (rng.random::<f64>() - 0.5);
            [level, level * lift].map(|mean| {
                let lists = rng.random_range(3..8_u64);
                let earned = (0..lists).map(|_| mean * 2.0 * rng.random::<f64>()).sum::<f64>();
                tally(lists * repeated, earned * repeated as f64)
            })
        };
        (0..120).map(|_| query()).collect()
    }

    /// How many of 300 intervals contain the true lift.
    fn covered(intervals: impl Fn(u64) -> Estimate) -> usize {
        (0..300).map(intervals).filter(|found| found.low <= 0.1 && 0.1 <= found.high).count()
    }

    #[test]
    fn nineteen_of_twenty_intervals_contain_the_true_lift() {
        let bootstrap = Bootstrap { resamples: 400, seed: 1 };
        // The standard deviation of a share of 0.95 among 300 is 0.0126: four of it are 15 intervals.
        let of_queries = covered(|seed| bootstrap.lift(&made(seed, 1)).unwrap().unwrap());
        assert!((270..=300).contains(&of_queries), "{of_queries}");
        let repeated = covered(|seed| bootstrap.lift(&made(seed, 20)).unwrap().unwrap());
        assert_eq!(repeated, of_queries, "a list shown twenty times is no more evidence than shown once");
    }

    #[test]
    fn resampling_lists_one_by_one_would_take_repetitions_for_evidence() {
        let bootstrap = Bootstrap { resamples: 200, seed: 1 };
        let lists = |seed: u64| -> Vec<[Tally; 2]> {
            let alone = |[first, second]: [Tally; 2]| {
                let of = |tally: Tally, place: usize| {
                    let mut pair = [Tally::default(); 2];
                    pair[place] = Tally { lists: 1, sum: tally.sum / tally.lists as f64 };
                    vec![pair; tally.lists as usize]
                };
                [of(first, 0), of(second, 1)].concat()
            };
            made(seed, 8).into_iter().flat_map(alone).collect()
        };
        let few = (0..20).map(|seed| bootstrap.lift(&lists(seed)).unwrap().unwrap());
        let few = few.filter(|found| found.low <= 0.1 && 0.1 <= found.high).count();
        assert!(few < 17, "{few} of 20");
    }

    #[test]
    fn what_both_systems_share_of_a_query_is_left_out() {
        let queries: Vec<[Tally; 2]> =
            (1..30_u32).map(|q| [tally(2, 2.0 * f64::from(q)), tally(3, 3.6 * f64::from(q))]).collect();
        let found = Bootstrap::default().lift(&queries).unwrap().unwrap();
        assert!([found.value, found.low, found.high].iter().all(|lift| (lift - 0.2).abs() < 1e-9), "{found:?}");
    }

    #[test]
    fn nothing_to_compare_with_is_no_lift() {
        let lift = |queries: &[[Tally; 2]]| Bootstrap::default().lift(queries).unwrap();
        assert_eq!(lift(&[]), None);
        assert_eq!(lift(&[[tally(0, 0.0), tally(1, 1.0)]]), None);
        assert_eq!(lift(&[[tally(1, 0.0), tally(1, 1.0)]]), None);
        assert_eq!(lift(&[[tally(1, 1.0), tally(0, 0.0)]]), None);
        let error = Bootstrap::default().lift(&[[tally(1, f64::NAN), tally(1, 1.0)]]).unwrap_err().to_string();
        assert_eq!(error, "value 0 is NaN, expected a finite number");
    }
}
