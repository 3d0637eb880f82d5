//! The estimators by hand, and in a world whose truth is known.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::*;

/// No resamples: the values are what is tested.
const VALUE: Bootstrap = Bootstrap { resamples: 0, seed: 0 };

fn row(reward: f64, propensity: f64, target: f64) -> LoggedAction {
    LoggedAction { reward, propensity, target }
}

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "found {found}, expected {expected}");
}

#[test]
fn estimates_by_hand() {
    let rows = [row(1.0, 0.5, 0.25), row(0.0, 0.25, 0.75), row(1.0, 0.25, 0.5)]; // weights 1/2, 3, 2
    let expected =
        [(0.5, 0.25), (0.25, 0.5), (0.75, 1.0)].map(|(of_action, of_target)| ExpectedReward { of_action, of_target });
    let log = OffPolicy::new(&rows, None).unwrap();
    close(log.logged(&VALUE).unwrap().value, 2.0 / 3.0);
    close(log.ips(&VALUE).unwrap().value, 2.5 / 3.0);
    close(log.self_normalised(&VALUE).unwrap().value, 2.5 / 5.5);
    // 0.25 + 0.5·0.5,  0.5 - 3·0.25,  1 + 2·0.25
    close(log.doubly_robust(&expected, &VALUE).unwrap().unwrap().value, (0.5 - 0.25 + 1.5) / 3.0);
    close(log.effective_sample_size(), 5.5 * 5.5 / 13.25);
    assert_eq!((log.rows(), log.largest_weight()), (3, 3.0));

    let clipped = OffPolicy::new(&rows, Some(1.5)).unwrap();
    close(clipped.ips(&VALUE).unwrap().value, 2.0 / 3.0);
    close(clipped.self_normalised(&VALUE).unwrap().value, 2.0 / 3.5);
    close(clipped.doubly_robust(&expected, &VALUE).unwrap().unwrap().value, (0.5 + 0.125 + 1.375) / 3.0);
    close(clipped.effective_sample_size(), 3.5 * 3.5 / 4.75);
}

#[test]
fn what_is_refused_names_the_row_and_the_value() {
    let message = |bad: LoggedAction| OffPolicy::new(&[row(1.0, 0.5, 0.5), bad], None).unwrap_err().to_string();
    assert_eq!(message(row(1.0, 0.0, 0.5)), "propensity of row 1 is 0, expected a probability above 0");
    assert_eq!(message(row(1.0, f64::NAN, 0.5)), "propensity of row 1 is NaN, expected a probability above 0");
    assert_eq!(message(row(1.0, 1.5, 0.5)), "propensity of row 1 is 1.5, expected a probability above 0");
    assert_eq!(message(row(1.0, 0.5, -0.1)), "target's probability in row 1 is -0.1, expected a number from 0 to 1");
    assert_eq!(message(row(f64::INFINITY, 0.5, 0.5)), "reward of row 1 is inf, expected a finite number");
    for clip in [0.0, -1.0, f64::NAN] {
        let message = OffPolicy::new(&[], Some(clip)).unwrap_err().to_string();
        assert!(message.starts_with("weights clipped at"), "{message}");
    }
    let log = OffPolicy::new(&[row(1.0, 0.5, 0.5)], None).unwrap();
    let message = log.doubly_robust(&[], &VALUE).unwrap_err().to_string();
    assert_eq!(message, "0 expected rewards for 1 rows, expected as many");
    let unknown = ExpectedReward { of_action: 0.0, of_target: f64::NAN };
    assert!(log.doubly_robust(&[unknown], &VALUE).unwrap_err().to_string().starts_with("reward of row 0 is NaN"));
}

#[test]
fn nothing_to_go_by_is_no_value() {
    let empty = OffPolicy::new(&[], None).unwrap();
    assert_eq!((empty.ips(&VALUE), empty.self_normalised(&VALUE), empty.logged(&VALUE)), (None, None, None));
    assert_eq!((empty.doubly_robust(&[], &VALUE), empty.effective_sample_size()), (Ok(None), 0.0));
    let never = OffPolicy::new(&[row(1.0, 0.5, 0.0)], None).unwrap();
    assert_eq!((never.ips(&VALUE).unwrap().value, never.self_normalised(&VALUE)), (0.0, None));
    assert_eq!(never.effective_sample_size(), 0.0);
    let tiny = OffPolicy::new(&[row(1.0, f64::MIN_POSITIVE / 16.0, 1.0), row(1.0, 1.0, 1.0)], None).unwrap();
    assert_eq!(tiny.effective_sample_size(), 1.0);
}

/// Two situations, equally frequent, three actions in each.
struct World {
    logging: [[f64; 3]; 2],
    target: [[f64; 3]; 2],
    click: [[f64; 3]; 2],
}

const WORLD: World = World {
    logging: [[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]],
    target: [[0.1, 0.2, 0.7], [0.5, 0.5, 0.0]],
    click: [[0.2, 0.5, 0.3], [0.1, 0.4, 0.9]],
};

impl World {
    /// The mean over situations and logged actions.
    fn mean(&self, value: impl Fn(usize, usize) -> f64) -> f64 {
        let cells = (0..2).flat_map(|x| (0..3).map(move |a| (x, a)));
        cells.map(|(x, a)| 0.5 * self.logging[x][a] * value(x, a)).sum()
    }

    fn weight(&self, x: usize, a: usize) -> f64 {
        self.target[x][a] / self.logging[x][a]
    }

    /// What the target earns.
    fn truth(&self) -> f64 {
        self.mean(|x, a| self.weight(x, a) * self.click[x][a])
    }

    /// What a model that expects `model` of each action says of action `a`, and of the target, in situation `x`.
    fn expected(&self, model: &[[f64; 3]; 2], x: usize, a: usize) -> ExpectedReward {
        let of_target = (0..3).map(|other| self.target[x][other] * model[x][other]).sum();
        ExpectedReward { of_action: model[x][a], of_target }
    }

    /// Situations, actions and rows of a log.
    fn log(&self, rows: usize, rng: &mut Pcg64Mcg) -> (Vec<(usize, usize)>, Vec<LoggedAction>) {
        let decision = |_| {
            let x = usize::from(rng.random_bool(0.5));
            let draw: f64 = rng.random();
            let a =
                usize::from(draw > self.logging[x][0]) + usize::from(draw > self.logging[x][0] + self.logging[x][1]);
            let reward = f64::from(u8::from(rng.random_bool(self.click[x][a])));
            ((x, a), row(reward, self.logging[x][a], self.target[x][a]))
        };
        (0..rows).map(decision).unzip()
    }
}

/// The mean over many logs is the truth, within five standard errors, which are known exactly as well.
#[test]
fn ips_and_dr_are_unbiased_and_snips_nearly() {
    const LOGS: usize = 4000;
    const ROWS: usize = 40;
    let (world, truth) = (WORLD, WORLD.truth());
    // A model that is wrong everywhere: DR has the right propensities to lean on.
    let model = [[0.4, 0.4, 0.1], [0.3, 0.3, 0.3]];
    let mut rng = Pcg64Mcg::seed_from_u64(11);
    let mut sums = [0.0; 3];
    for _ in 0..LOGS {
        let (cells, rows) = world.log(ROWS, &mut rng);
        let expected: Vec<_> = cells.iter().map(|&(x, a)| world.expected(&model, x, a)).collect();
        let log = OffPolicy::new(&rows, None).unwrap();
        let dr = log.doubly_robust(&expected, &VALUE).unwrap();
        let estimates = [log.ips(&VALUE), dr, log.self_normalised(&VALUE)];
        sums.iter_mut().zip(estimates).for_each(|(sum, estimate)| *sum += estimate.unwrap().value);
    }
    let [ips, dr, snips] = sums.map(|sum| sum / LOGS as f64);
    // Clicks are 0 or 1, so the second moments of both are sums over actions and outcomes.
    let second_of_ips = world.mean(|x, a| world.weight(x, a).powi(2) * world.click[x][a]);
    let second_of_dr = world.mean(|x, a| {
        let (w, ExpectedReward { of_action, of_target }) = (world.weight(x, a), world.expected(&model, x, a));
        let square = |reward: f64| (of_target + w * (reward - of_action)).powi(2);
        world.click[x][a] * square(1.0) + (1.0 - world.click[x][a]) * square(0.0)
    });
    let five_errors = |second: f64| 5.0 * ((second - truth * truth) / (LOGS * ROWS) as f64).sqrt();
    assert!((ips - truth).abs() < five_errors(second_of_ips), "IPS {ips}, truth {truth}");
    assert!((dr - truth).abs() < five_errors(second_of_dr), "DR {dr}, truth {truth}");
    assert!((snips - truth).abs() < five_errors(second_of_ips) + 1.0 / ROWS as f64, "SNIPS {snips}, truth {truth}");
    assert!(second_of_dr < second_of_ips);
}

/// Where the model predicts every reward and situations are as frequent as in the world, nothing is left to chance.
#[test]
fn dr_with_an_exact_model_is_the_truth_whatever_was_logged() {
    let cells: Vec<(usize, usize)> = (0..60).map(|i| (i % 2, i * i % 3)).collect();
    let rows: Vec<_> =
        cells.iter().map(|&(x, a)| row(WORLD.click[x][a], WORLD.logging[x][a], WORLD.target[x][a])).collect();
    let expected: Vec<_> = cells.iter().map(|&(x, a)| WORLD.expected(&WORLD.click, x, a)).collect();
    for clip in [None, Some(0.7)] {
        let log = OffPolicy::new(&rows, clip).unwrap();
        close(log.doubly_robust(&expected, &VALUE).unwrap().unwrap().value, WORLD.truth());
    }
    // And where every action was wrongly logged as certain.
    let rows: Vec<_> = rows.iter().map(|&row| LoggedAction { propensity: 1.0, ..row }).collect();
    let log = OffPolicy::new(&rows, None).unwrap();
    close(log.doubly_robust(&expected, &VALUE).unwrap().unwrap().value, WORLD.truth());
    assert!((log.ips(&VALUE).unwrap().value - WORLD.truth()).abs() > 0.05);
}

#[test]
fn snips_moves_with_the_rewards_and_ips_with_the_mean_weight_besides() {
    let rows = WORLD.log(200, &mut Pcg64Mcg::seed_from_u64(5)).1;
    let shifted: Vec<_> = rows.iter().map(|&row| LoggedAction { reward: row.reward + 10.0, ..row }).collect();
    let (log, shifted) = (OffPolicy::new(&rows, None).unwrap(), OffPolicy::new(&shifted, None).unwrap());
    let bootstrap = Bootstrap { resamples: 100, seed: 3 };
    let (before, after) = (log.self_normalised(&bootstrap).unwrap(), shifted.self_normalised(&bootstrap).unwrap());
    for (before, after) in [(before.value, after.value), (before.low, after.low), (before.high, after.high)] {
        assert!((after - before - 10.0).abs() < 1e-9, "{before} and {after}");
    }
    let mean_weight = rows.iter().map(|row| row.target / row.propensity).sum::<f64>() / rows.len() as f64;
    let moved = shifted.ips(&VALUE).unwrap().value - log.ips(&VALUE).unwrap().value;
    assert!((moved - 10.0 * mean_weight).abs() < 1e-9 && (mean_weight - 1.0).abs() > 1e-4, "{moved} {mean_weight}");
}

#[test]
fn the_target_that_acted_itself_has_its_own_mean() {
    let rows = WORLD.log(100, &mut Pcg64Mcg::seed_from_u64(6)).1;
    let rows: Vec<_> = rows.iter().map(|&row| LoggedAction { target: row.propensity, ..row }).collect();
    let (log, bootstrap) = (OffPolicy::new(&rows, None).unwrap(), Bootstrap::default());
    assert_eq!(log.ips(&bootstrap), log.logged(&bootstrap));
    assert_eq!(log.self_normalised(&bootstrap), log.logged(&bootstrap));
    close(log.effective_sample_size(), 100.0);
}

/// Of 200 logs of 400 rows about 190 intervals hold the truth; fewer than 180 would be worse than four standard errors.
#[test]
fn intervals_hold_the_truth_about_as_often_as_they_say() {
    let (mut rng, bootstrap) = (Pcg64Mcg::seed_from_u64(7), Bootstrap { resamples: 300, seed: 1 });
    let holds = |estimate: Estimate| usize::from((estimate.low..=estimate.high).contains(&WORLD.truth()));
    let (mut ips, mut snips) = (0, 0);
    for _ in 0..200 {
        let log = OffPolicy::new(&WORLD.log(400, &mut rng).1, None).unwrap();
        ips += holds(log.ips(&bootstrap).unwrap());
        snips += holds(log.self_normalised(&bootstrap).unwrap());
    }
    assert!(ips >= 178 && snips >= 178, "{ips} and {snips} of 200");
}
