//! A request to rerank: a user and the candidates an upstream ranker found.

use std::collections::HashSet;

use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::{Constraints, Features, InvalidRequest, MAX_CANDIDATES};

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The user's id, if there is one. It is a feature only where the schema says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// User and context features.
    #[serde(default, skip_serializing_if = "Features::is_empty")]
    pub features: Features,
}

/// One item that may be shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// The item's id, distinct within the request.
    pub id: String,
    /// The upstream ranker's score: higher is better, any scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Features of this candidate; they win over the item catalog's.
    #[serde(default, skip_serializing_if = "Features::is_empty")]
    pub features: Features,
}

impl Candidate {
    /// What the upstream ranker orders by: −∞ without a score, and never −0, which is equal to 0.
    pub fn upstream_score(&self) -> f64 {
        self.score.map_or(f64::NEG_INFINITY, |score| score + 0.0)
    }
}

/// One line of an item catalog: features that belong to the item whatever the request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The id that candidates name.
    pub id: String,
    /// The item's features.
    #[serde(default)]
    pub features: Features,
}

/// A request to rerank. Its candidates are distinct, between one and [`MAX_CANDIDATES`], and their scores finite.
///
/// ```
/// use nar4rec_slate::Request;
/// let line = r#"{"request_id":"r1","user":{},"candidates":[{"id":"v1","score":0.3},{"id":"v2"}]}"#;
/// let request: Request = serde_json::from_str(line)?;
/// assert_eq!(request.candidates().len(), 2);
///
/// let twice = r#"{"request_id":"r1","user":{},"candidates":[{"id":"v1"},{"id":"v1"}]}"#;
/// let error = serde_json::from_str::<Request>(twice).unwrap_err().to_string();
/// assert!(error.contains("candidates[1].id"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RequestLine")]
pub struct Request {
    request_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<i64>,
    user: User,
    candidates: Vec<Candidate>,
    #[serde(skip_serializing_if = "Constraints::is_empty")]
    constraints: Constraints,
}

/// The JSON form of a request, before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestLine {
    request_id: String,
    #[serde(default)]
    timestamp: Option<i64>,
    #[serde(default)]
    user: User,
    candidates: Vec<Candidate>,
    #[serde(default)]
    constraints: Constraints,
    /// A logged impression is a request too: what was shown then is not looked at.
    #[serde(default, rename = "shown")]
    _shown: IgnoredAny,
}

impl TryFrom<RequestLine> for Request {
    type Error = InvalidRequest;

    fn try_from(line: RequestLine) -> Result<Self, Self::Error> {
        let request = Self::new(line.request_id, line.user, line.candidates)?.constrained(line.constraints)?;
        Ok(Self { timestamp: line.timestamp, ..request })
    }
}

impl Request {
    /// A checked request.
    ///
    /// # Errors
    /// If there are no candidates or more than [`MAX_CANDIDATES`], if two share an id, or if a score is not finite.
    pub fn new(request_id: impl Into<String>, user: User, candidates: Vec<Candidate>) -> Result<Self, InvalidRequest> {
        if candidates.is_empty() {
            return Err(InvalidRequest::new("candidates", "empty, expected at least one candidate"));
        }
        if candidates.len() > MAX_CANDIDATES {
            let problem = format!("{} candidates, expected at most {MAX_CANDIDATES}", candidates.len());
            return Err(InvalidRequest::new("candidates", problem));
        }
        let mut seen = HashSet::with_capacity(candidates.len());
        for (index, candidate) in candidates.iter().enumerate() {
            if !seen.insert(candidate.id.as_str()) {
                let problem = format!("{:?} stands twice, expected distinct ids", candidate.id);
                return Err(InvalidRequest::new(format!("candidates[{index}].id"), problem));
            }
            if candidate.score.is_some_and(|score| !score.is_finite()) {
                return Err(InvalidRequest::new(format!("candidates[{index}].score"), "expected a finite number"));
            }
        }
        let constraints = Constraints::default();
        Ok(Self { request_id: request_id.into(), timestamp: None, user, candidates, constraints })
    }

    /// The same request at a time (seconds since 1970).
    #[must_use]
    pub fn at(self, timestamp: i64) -> Self {
        Self { timestamp: Some(timestamp), ..self }
    }

    /// The same request, answered only by lists that keep `constraints`.
    ///
    /// # Errors
    /// If they name something that is no candidate, or contradict themselves.
    pub fn constrained(self, constraints: Constraints) -> Result<Self, InvalidRequest> {
        constraints.check(&self.candidates)?;
        Ok(Self { constraints, ..self })
    }

    /// The caller's name for this request; it comes back with the answer.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Seconds since 1970, if known.
    pub fn timestamp(&self) -> Option<i64> {
        self.timestamp
    }

    /// Whether another request is for the same: the same user, candidates and constraints, whenever and under whatever id.
    pub fn asks_the_same(&self, other: &Self) -> bool {
        self.user == other.user && self.candidates == other.candidates && self.constraints == other.constraints
    }

    /// Who asks.
    pub fn user(&self) -> &User {
        &self.user
    }

    /// What the list must keep.
    pub fn constraints(&self) -> &Constraints {
        &self.constraints
    }

    /// The candidates, in the order given.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// The candidates' indices in the upstream ranker's order: by falling score, equals as they come.
    pub fn upstream_order(&self) -> Vec<usize> {
        let score = |index: usize| self.candidates[index].upstream_score();
        let mut order: Vec<usize> = (0..self.candidates.len()).collect();
        order.sort_by(|a, b| score(*b).total_cmp(&score(*a)));
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(id: &str, score: Option<f64>) -> Candidate {
        Candidate { id: id.into(), score, features: Features::new() }
    }

    fn problem(candidates: Vec<Candidate>) -> String {
        Request::new("r", User::default(), candidates).unwrap_err().to_string()
    }

    #[test]
    fn what_is_refused_names_the_field() {
        assert!(problem(vec![]).starts_with("candidates: empty"));
        assert!(problem(vec![candidate("a", None), candidate("a", None)]).starts_with("candidates[1].id: \"a\""));
        assert!(problem(vec![candidate("a", Some(f64::NAN))]).starts_with("candidates[0].score"));
        assert!(problem(vec![candidate("a", Some(f64::INFINITY))]).starts_with("candidates[0].score"));
        let many = (0..=MAX_CANDIDATES).map(|i| candidate(&i.to_string(), None)).collect();
        assert!(problem(many).contains("4097 candidates, expected at most 4096"));
    }

    #[test]
    fn equal_scores_stand_as_they_come_and_none_at_all_last() {
        let scores = [None, Some(-0.0), Some(0.0), Some(f64::MIN), Some(2.0), None, Some(-0.0)];
        let candidates = scores.iter().enumerate().map(|(index, score)| candidate(&index.to_string(), *score));
        let request = Request::new("r", User::default(), candidates.collect()).unwrap();
        assert_eq!(request.upstream_order(), [4, 1, 2, 6, 3, 0, 5]);
    }

    #[test]
    fn an_unknown_field_is_an_error() {
        let line = r#"{"request_id":"r","user":{},"candidates":[{"id":"a","scor":1}]}"#;
        assert!(serde_json::from_str::<Request>(line).unwrap_err().to_string().contains("scor"));
    }

    #[test]
    fn a_logged_impression_is_a_request_too() {
        let line = r#"{"request_id":"r","user":{},"candidates":[{"id":"a"}],"shown":[{"id":"a","feedback":{"x":1}}]}"#;
        assert_eq!(serde_json::from_str::<Request>(line).unwrap().candidates().len(), 1);
    }

    #[test]
    fn json_round_trips() {
        let line = r#"{"request_id":"r","timestamp":7,"user":{"id":"u","features":{"age":25.0}},"candidates":[{"id":"a","score":0.5}]}"#;
        let request: Request = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_string(&request).unwrap(), line);
    }

    #[test]
    fn requests_for_the_same_may_differ_in_their_id_alone() {
        let request = |id: &str, candidates| Request::new(id, User::default(), candidates).unwrap();
        let (one, two) = (candidate("a", Some(0.5)), candidate("b", None));
        let asked = request("r", vec![one.clone(), two.clone()]);
        assert!(asked.asks_the_same(&request("s", vec![one.clone(), two.clone()])));
        assert!(!asked.asks_the_same(&request("r", vec![two.clone(), one.clone()])));
        assert!(!asked.asks_the_same(&request("r", vec![candidate("a", Some(0.4)), two])));
        assert!(!asked.asks_the_same(&request("r", vec![one])));
    }
}
