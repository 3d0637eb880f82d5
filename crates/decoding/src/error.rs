//! Everything that can be wrong with a decoding task.

/// Why there is no list.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DecodeError {
    /// A slice does not have the size that the number of candidates and positions calls for.
    #[error("{what}: {found} numbers for {candidates} candidates and {positions} positions, expected {expected}")]
    Shape {
        /// Which slice.
        what: &'static str,
        /// How many numbers it holds.
        found: usize,
        /// The number of candidates.
        candidates: usize,
        /// The number of positions.
        positions: usize,
        /// The size expected, in words.
        expected: &'static str,
    },
    /// A log-probability that is NaN or positive infinity.
    #[error("log-probability of candidate {candidate} at position {position}: {found}, expected a number or -inf")]
    NotALogProbability {
        /// The candidate (row).
        candidate: usize,
        /// The position (column).
        position: usize,
        /// The value found.
        found: f32,
    },
    /// A component of a candidate's state that is NaN or infinite.
    #[error("state of candidate {candidate}: {found}, expected finite numbers")]
    NotAState {
        /// The candidate.
        candidate: usize,
        /// The value found.
        found: f32,
    },
    /// A decoder's setting outside its range.
    #[error("{decoder}.{field}: {found}, expected {expected}")]
    Setting {
        /// The decoder's kind.
        decoder: &'static str,
        /// The field as it stands in the configuration.
        field: &'static str,
        /// The value found.
        found: f64,
        /// The range, in words.
        expected: &'static str,
    },
    /// A rule about a candidate that does not exist.
    #[error("rule about candidate {candidate}, but there are only {candidates} candidates")]
    NoSuchCandidate {
        /// The index found.
        candidate: usize,
        /// The number of candidates.
        candidates: usize,
    },
    /// A candidate that is both pinned and excluded.
    #[error("candidate {candidate} is both pinned and excluded, expected one of the two")]
    PinnedAndExcluded {
        /// The candidate.
        candidate: usize,
    },
    /// A candidate pinned more than once.
    #[error("candidate {candidate} is pinned to positions {first} and {second}, expected one pin")]
    PinnedTwice {
        /// The candidate.
        candidate: usize,
        /// The position of the earlier pin.
        first: usize,
        /// The position of the later pin.
        second: usize,
    },
    /// Two candidates pinned to one position.
    #[error("position {position} is pinned to candidates {first} and {second}, expected one pin")]
    PositionPinnedTwice {
        /// The position.
        position: usize,
        /// The candidate of the earlier pin.
        first: usize,
        /// The candidate of the later pin.
        second: usize,
    },
    /// A pin to a position that the list does not have.
    #[error("candidate {candidate} is pinned to position {position}, but the list has only {length} positions")]
    PinBeyondList {
        /// The pinned candidate.
        candidate: usize,
        /// The position, counted from zero.
        position: usize,
        /// The length of the list.
        length: usize,
    },
    /// A group that does not give values for exactly the candidates there are.
    #[error("group with values for {found} candidates, expected {candidates}")]
    GroupSize {
        /// How many candidates the group describes.
        found: usize,
        /// How many there are.
        candidates: usize,
    },
    /// A group that allows no item at all for each value.
    #[error("group with at_most 0, expected at least 1 (exclude the candidates instead)")]
    GroupAllowsNone,
    /// Rules made for another number of candidates than the scores.
    #[error("rules for {found} candidates, expected {candidates} as in the scores")]
    RulesSize {
        /// The number of candidates the rules were made for.
        found: usize,
        /// The number of candidates in the scores.
        candidates: usize,
    },
    /// No list of this length keeps the rules and avoids the impossible cells.
    #[error("no list of {length} candidates keeps the rules")]
    Unsatisfiable {
        /// The length of the list asked for.
        length: usize,
    },
    /// The search for a list that keeps the rules was given up before it ended.
    #[error("gave up the search for a list of {length} candidates that keeps the rules after {limit} steps")]
    SearchLimit {
        /// The length of the list asked for.
        length: usize,
        /// The number of steps allowed: [`SEARCH_LIMIT`](crate::SEARCH_LIMIT).
        limit: usize,
    },
}
