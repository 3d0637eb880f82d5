//! What is refused at the door.

/// Why numbers cannot be measured.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MetricsError {
    /// A score is NaN or infinite, so it has no place in an order.
    #[error("score {index} is {value}, expected a finite number")]
    Score {
        /// Where it stands.
        index: usize,
        /// What stands there.
        value: f32,
    },
    /// A probability is NaN or outside 0..=1.
    #[error("probability {index} is {value}, expected a number from 0 to 1")]
    Probability {
        /// Where it stands.
        index: usize,
        /// What stands there.
        value: f32,
    },
    /// A relevance is NaN, infinite or negative.
    #[error("relevance {index} is {value}, expected a finite number of at least 0")]
    Relevance {
        /// Where it stands.
        index: usize,
        /// What stands there.
        value: f32,
    },
    /// A further value of a list is NaN or infinite.
    #[error("{name:?} is {value}, expected a finite number")]
    Other {
        /// The metric's name.
        name: String,
        /// Its value for the list.
        value: f64,
    },
    /// Two slices that run in parallel differ in length.
    #[error("{scores} scores but {labels} labels, expected as many of each")]
    Lengths {
        /// The number of scores.
        scores: usize,
        /// The number of labels.
        labels: usize,
    },
    /// A probability with which an action was logged that is NaN, 0, negative or above 1.
    #[error("propensity of row {row} is {value}, expected a probability above 0")]
    Propensity {
        /// The row of the log, from 0.
        row: usize,
        /// What stands there.
        value: f64,
    },
    /// A target policy's probability that is NaN or outside 0..=1.
    #[error("target's probability in row {row} is {value}, expected a number from 0 to 1")]
    Target {
        /// The row of the log, from 0.
        row: usize,
        /// What stands there.
        value: f64,
    },
    /// A reward, earned or expected, that is NaN or infinite.
    #[error("reward of row {row} is {value}, expected a finite number")]
    Reward {
        /// The row of the log, from 0.
        row: usize,
        /// What stands there.
        value: f64,
    },
    /// A limit of weights that would leave none, or is no number.
    #[error("weights clipped at {value}, expected a number above 0")]
    Clip {
        /// The limit found.
        value: f64,
    },
    /// Not an expected reward for each row of a log.
    #[error("{found} expected rewards for {rows} rows, expected as many")]
    Expectations {
        /// The number of rows.
        rows: usize,
        /// The number of expected rewards.
        found: usize,
    },
    /// Two rows of values that are not of the same lists or systems.
    #[error("{first} values in the first row but {second} in the second, expected as many in each")]
    Pairs {
        /// The number of values in the first row.
        first: usize,
        /// The number of values in the second row.
        second: usize,
    },
    /// One of them is NaN or infinite.
    #[error("value {index} is {value}, expected a finite number")]
    Value {
        /// Where it stands, from 0.
        index: usize,
        /// The value found.
        value: f64,
    },
    /// The produced list is more relevant than its candidates allow: it repeats an item or belongs to another request.
    #[error("the list's {place}. best relevance is {found}, but its candidates allow at most {allowed}")]
    BeyondIdeal {
        /// Which of the list's relevances, from 1, in falling order.
        place: usize,
        /// What it is.
        found: f32,
        /// What the candidates have at that place.
        allowed: f32,
    },
}
