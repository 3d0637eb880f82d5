//! What a reranker loses, and where: in proposing lists, in choosing among them, in predicting what they are worth.

/// The utilities that a reranker's regret on a query is made of.
///
/// ```text
/// optimum ── generator's error ── best proposed ── evaluator's error ── chosen
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regret {
    /// Of the best list that is known.
    pub optimum: f64,
    /// No list is worth more than this; it is `optimum` where that is proven.
    pub bound: f64,
    /// Of the best of the lists that were proposed, the chosen one among them.
    pub best_proposed: f64,
    /// Of the list that was chosen.
    pub chosen: f64,
}

impl Regret {
    /// What no choice among the proposed lists could have won.
    pub fn generator_error(&self) -> f64 {
        self.optimum - self.best_proposed
    }

    /// What a better choice among the proposed lists would have won.
    pub fn evaluator_error(&self) -> f64 {
        self.best_proposed - self.chosen
    }

    /// Both together.
    pub fn total(&self) -> f64 {
        self.optimum - self.chosen
    }

    /// The mean of each utility, so that the errors of the mean are the mean errors; `None` if there are none.
    ///
    /// ```
    /// use nar4rec_simulator::Regret;
    /// let one = Regret { optimum: 4.0, bound: 4.0, best_proposed: 3.0, chosen: 3.0 };
    /// let other = Regret { optimum: 2.0, bound: 2.0, best_proposed: 2.0, chosen: 1.0 };
    /// let mean = Regret::mean(&[one, other]).expect("of two");
    /// assert_eq!((mean.generator_error(), mean.evaluator_error(), mean.total()), (0.5, 0.5, 1.0));
    /// ```
    pub fn mean(regrets: &[Self]) -> Option<Self> {
        let mean = |part: fn(&Self) -> f64| regrets.iter().map(part).sum::<f64>() / regrets.len() as f64;
        (!regrets.is_empty()).then(|| Self {
            optimum: mean(|regret| regret.optimum),
            bound: mean(|regret| regret.bound),
            best_proposed: mean(|regret| regret.best_proposed),
            chosen: mean(|regret| regret.chosen),
        })
    }
}

/// How well an evaluator predicts what lists are worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ForecastError {
    /// The number of lists.
    pub lists: usize,
    /// The mean of predicted − true utility.
    pub mean_error: f64,
    /// The root of the mean of its square.
    pub rmse: f64,
    /// Spearman's rank correlation, equal values sharing their ranks; none if all predictions or all truths are equal.
    pub rank_correlation: Option<f64>,
}

impl ForecastError {
    /// Compares the predicted with the true utility of lists; `None` if there are none. Over lists of one query the rank
    /// correlation says how well an evaluator can choose; over many queries, how well it tells good queries from bad ones too.
    ///
    /// ```
    /// use nar4rec_simulator::ForecastError;
    /// let error = ForecastError::of(&[1.0, 2.0, 4.0], &[1.5, 1.0, 3.0]).expect("of three lists");
    /// assert_eq!((error.mean_error, error.rank_correlation), (0.5, Some(0.5)));
    /// ```
    ///
    /// # Panics
    /// If the numbers of predictions and truths differ.
    pub fn of(predicted: &[f64], truth: &[f64]) -> Option<Self> {
        assert_eq!(predicted.len(), truth.len(), "a prediction for each list");
        if truth.is_empty() {
            return None;
        }
        let lists = truth.len();
        let errors = || predicted.iter().zip(truth).map(|(predicted, truth)| predicted - truth);
        let mean_error = errors().sum::<f64>() / lists as f64;
        let rmse = (errors().map(|error| error * error).sum::<f64>() / lists as f64).sqrt();
        Some(Self { lists, mean_error, rmse, rank_correlation: correlation(&ranks(predicted), &ranks(truth)) })
    }
}

/// The rank of each value, from 0; equal values have the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for same in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = first as f64 + (same.len() - 1) as f64 / 2.0;
        same.iter().for_each(|&at| ranks[at] = rank);
        first += same.len();
    }
    ranks
}

/// Pearson's correlation; none if one side does not vary.
fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let covariance = |x: &[f64], mean_x: f64, y: &[f64], mean_y: f64| {
        x.iter().zip(y).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>()
    };
    let variances = covariance(a, mean_a, a, mean_a) * covariance(b, mean_b, b, mean_b);
    (variances > 0.0).then(|| covariance(a, mean_a, b, mean_b) / variances.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_ranks() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [2.5, 0.0, 2.5, 1.0]);
        assert!(ranks(&[]).is_empty());
    }

    #[test]
    fn rank_correlation_is_that_of_spearman() {
        let correlation = |a: &[f64], b: &[f64]| ForecastError::of(a, b).unwrap().rank_correlation;
        assert_eq!(correlation(&[1.0, 2.0, 3.0], &[10.0, 100.0, 1000.0]), Some(1.0));
        assert_eq!(correlation(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]), Some(-1.0));
        assert_eq!(correlation(&[1.0, 1.0], &[1.0, 2.0]), None);
        // scipy.stats.spearmanr([1, 2, 2, 4], [1, 3, 2, 4])
        assert!(
            (correlation(&[1.0, 2.0, 2.0, 4.0], &[1.0, 3.0, 2.0, 4.0]).unwrap() - 0.948_683_298_050_513_8).abs()
                < 1e-12
        );
        assert_eq!(ForecastError::of(&[], &[]), None);
    }
}
