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
