//! Off-policy estimates of what whole lists earn, where the truth is known: a ranker that explores logs lists with the
//! probability of each, and another one is estimated from that log.

#![allow(clippy::unwrap_used, reason = "a test may")]

use nar4rec_metrics::{Bootstrap, Estimate, ExpectedReward, LoggedAction, OffPolicy};
use nar4rec_simulator::{KindConfig, KnownUser, Query, TrueCandidate, UserConfig, plackett_luce};
use nar4rec_slate::Permutation;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

const CANDIDATES: usize = 5;
const LENGTH: usize = 3;
const ROWS: usize = 400;
const LOGS: usize = 200;

/// Some queries, and two rankers that draw lists of each by its scores.
struct World {
    user: KnownUser,
    queries: Vec<Query>,
    logging: Vec<[f64; CANDIDATES]>,
    target: Vec<[f64; CANDIDATES]>,
    lists: Vec<Permutation>,
}

impl World {
    /// The logging ranker knows nothing of relevance; the target does, and errs.
    fn new() -> Self {
        let mut rng = Pcg64Mcg::seed_from_u64(5);
        let candidate = |index: usize, rng: &mut Pcg64Mcg| TrueCandidate {
            id: index.to_string(),
            relevance: rng.random_range(0..3),
            vector: vec![rng.random(), rng.random::<f32>() - 0.5],
        };
        let query = |index: usize, rng: &mut Pcg64Mcg| {
            Query::new(index.to_string(), (0..CANDIDATES).map(|item| candidate(item, rng)).collect())
        };
        let queries: Vec<Query> = (0..4).map(|index| query(index, &mut rng)).collect();
        let mut scores = |of_relevance: f64, query: &Query| {
            [0, 1, 2, 3, 4].map(|item| of_relevance * f64::from(query.relevance()[item]) + rng.random::<f64>())
        };
        let logging = queries.iter().map(|query| scores(0.0, query)).collect();
        let target = queries.iter().map(|query| scores(0.6, query)).collect();
        Self { user: KnownUser::new(UserConfig::default()).unwrap(), queries, logging, target, lists: all_lists() }
    }

    /// What the target earns of a list, exactly: the mean over queries, and over its lists of each.
    fn truth(&self) -> f64 {
        let asked = self.queries.iter().zip(&self.target);
        let earned = asked.map(|(query, scores)| self.mean(scores, |list| self.user.utility(query, list)));
        earned.sum::<f64>() / self.queries.len() as f64
    }

    /// The mean of something over the lists that are drawn by these scores.
    fn mean(&self, scores: &[f64], of: impl Fn(&Permutation) -> f64) -> f64 {
        self.lists.iter().map(|list| probability(scores, list) * of(list)).sum()
    }

    /// A log of the logging ranker, and what a reward model expects that knows of clicks but not of what tires.
    fn log(&self, rng: &mut Pcg64Mcg) -> (Vec<LoggedAction>, Vec<ExpectedReward>) {
        let row = |_| {
            let at = rng.random_range(0..self.queries.len());
            let (query, logging, target) = (&self.queries[at], &self.logging[at], &self.target[at]);
            let list = plackett_luce(logging, 1.0, LENGTH, rng);
            let feedback = self.user.sample(query, &list, rng);
            let kinds = &self.user.config().feedback;
            let earned = |kind: &KindConfig| -> f64 {
                kind.weight * feedback.iter().map(|place| place[&kind.name]).sum::<f64>()
            };
            let model = |list: &Permutation| -> f64 {
                let worth = |(place, item): (usize, usize)| {
                    self.user.config().examination.at(place) * self.user.worth(query.relevance()[item])
                };
                list.iter().enumerate().map(worth).sum()
            };
            let action = LoggedAction {
                reward: kinds.iter().map(earned).sum(),
                propensity: probability(logging, &list),
                target: probability(target, &list),
            };
            (action, ExpectedReward { of_action: model(&list), of_target: self.mean(target, model) })
        };
        (0..ROWS).map(row).unzip()
    }
}

/// Every list of [`LENGTH`] candidates.
fn all_lists() -> Vec<Permutation> {
    let longer = |lists: Vec<Vec<usize>>, _| {
        let continued = lists.iter().flat_map(|list: &Vec<usize>| {
            (0..CANDIDATES).filter(|item| !list.contains(item)).map(|item| [list.as_slice(), &[item]].concat())
        });
        continued.collect()
    };
    let lists: Vec<Vec<usize>> = (0..LENGTH).fold(vec![Vec::new()], longer);
    lists.into_iter().map(|list| Permutation::new(list, CANDIDATES).unwrap()).collect()
}

/// Π_j exp(score of the j-th) / Σ exp(scores of those not placed before it)
fn probability(scores: &[f64], list: &Permutation) -> f64 {
    let mut left: f64 = scores.iter().map(|score| score.exp()).sum();
    let mut probability = 1.0;
    for item in list.iter() {
        probability *= scores[item].exp() / left;
        left -= scores[item].exp();
    }
    probability
}

/// Estimates of many logs: their mean, the standard error of that, and how many intervals held the truth.
#[derive(Default)]
struct Found {
    values: Vec<f64>,
    held: usize,
}

impl Found {
    fn push(&mut self, Estimate { value, low, high }: Estimate, truth: f64) {
        self.values.push(value);
        self.held += usize::from((low..=high).contains(&truth));
    }

    fn mean_and_error(&self) -> [f64; 2] {
        let count = self.values.len() as f64;
        let mean = self.values.iter().sum::<f64>() / count;
        let variance = self.values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        [mean, (variance / count).sqrt()]
    }
}

/// The means are the truth within four standard errors, and of 200 intervals about 190 hold it; fewer than 178 would be worse
/// than four standard errors.
#[test]
fn what_another_ranker_would_earn_is_found_from_the_log_of_one_that_explores() {
    let (world, bootstrap) = (World::new(), Bootstrap { resamples: 300, seed: 1 });
    for scores in world.logging.iter().chain(&world.target) {
        assert!((world.mean(scores, |_| 1.0) - 1.0).abs() < 1e-12, "a list is drawn");
    }
    let (truth, mut rng) = (world.truth(), Pcg64Mcg::seed_from_u64(9));
    let (mut logged, mut found) = (0.0, [(); 3].map(|()| Found::default()));
    for _ in 0..LOGS {
        let (rows, expected) = world.log(&mut rng);
        let log = OffPolicy::new(&rows, None).unwrap();
        let doubly_robust = log.doubly_robust(&expected, &bootstrap).unwrap();
        let estimates = [log.ips(&bootstrap), log.self_normalised(&bootstrap), doubly_robust];
        found.iter_mut().zip(estimates).for_each(|(found, estimate)| found.push(estimate.unwrap(), truth));
        logged += log.logged(&bootstrap).unwrap().value / LOGS as f64;
    }
    let [ips, snips, dr] = &found;
    for (name, found) in [("IPS", ips), ("SNIPS", snips), ("DR", dr)] {
        let [mean, error] = found.mean_and_error();
        assert!((mean - truth).abs() < 4.0 * error, "{name}: {mean} ± {error}, truth {truth}");
        assert!(found.held >= 178, "{name}: {} of {LOGS} intervals hold the truth", found.held);
        // The log's own mean is another figure, and would not do.
        assert!(truth - logged > 20.0 * error, "{name}: logged {logged}, truth {truth} ± {error}");
    }
    let [of_ips, of_dr] = [ips, dr].map(|found| found.mean_and_error()[1]);
    assert!(of_dr < of_ips, "a model that knows something makes the error smaller: {of_dr}, {of_ips}");
}
