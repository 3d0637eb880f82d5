//! What is true of the candidates of a query: how relevant each is, and how alike any two are.

use std::collections::HashMap;

use nar4rec_data::Split;
use nar4rec_slate::Permutation;
use serde::{Deserialize, Serialize};

use crate::SimulatorError;

/// A candidate as the truth has it; a line of `truth.jsonl.gz` has all of a query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrueCandidate {
    /// The candidate's id in the log.
    pub id: String,
    /// The judges' grade.
    pub relevance: u32,
    /// Its standardised features, whose cosine says how alike two candidates are.
    pub vector: Vec<f32>,
}

/// A line of `truth.jsonl.gz`. The candidates stand in the order of the requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryLine {
    pub(crate) query: String,
    /// The split that has all of its sessions; none where every split has some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) split: Option<Split>,
    pub(crate) candidates: Vec<TrueCandidate>,
}

/// A query: its candidates, n of them, their relevance, and the likeness `[n, n]` of any two.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    id: String,
    ids: Vec<String>,
    relevance: Vec<u32>,
    likeness: Vec<f64>,
}

impl Query {
    /// A query with these candidates. Their likeness is the cosine of their vectors where it is positive, and 0 elsewhere: a
    /// vector of zeros is like no other.
    pub fn new(id: impl Into<String>, candidates: Vec<TrueCandidate>) -> Self {
        let n = candidates.len();
        let mut likeness = vec![0.0; n * n];
        for (a, first) in candidates.iter().enumerate() {
            for (b, second) in candidates.iter().enumerate() {
                likeness[a * n + b] = cosine(&first.vector, &second.vector).max(0.0);
            }
        }
        let relevance = candidates.iter().map(|candidate| candidate.relevance).collect();
        let ids = candidates.into_iter().map(|candidate| candidate.id).collect();
        Self { id: id.into(), ids, relevance, likeness }
    }

    /// The query's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The candidates' ids, in the order of the requests.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// n.
    pub fn candidates(&self) -> usize {
        self.ids.len()
    }

    /// Each candidate's grade of relevance.
    pub fn relevance(&self) -> &[u32] {
        &self.relevance
    }

    /// How alike two candidates are, from 0 to 1.
    pub fn likeness(&self, a: usize, b: usize) -> f64 {
        self.likeness[a * self.ids.len() + b]
    }

    /// The likeness of a candidate to each.
    pub(crate) fn likeness_to(&self, candidate: usize) -> &[f64] {
        let n = self.ids.len();
        &self.likeness[candidate * n..(candidate + 1) * n]
    }

    /// The list of the candidates with these ids.
    ///
    /// # Errors
    /// If one is no candidate or stands twice.
    pub fn list<Id: AsRef<str>>(&self, ids: &[Id]) -> Result<Permutation, SimulatorError> {
        let places: HashMap<&str, usize> = self.ids.iter().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
        let place = |id: &Id| {
            places
                .get(id.as_ref())
                .copied()
                .ok_or_else(|| SimulatorError::UnknownItem { query: self.id.clone(), item: id.as_ref().to_owned() })
        };
        let indices = ids.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        self.checked(indices)
    }

    /// The list of these candidates.
    pub(crate) fn checked(&self, indices: Vec<usize>) -> Result<Permutation, SimulatorError> {
        let list = Permutation::new(indices, self.candidates());
        list.map_err(|source| SimulatorError::List { query: self.id.clone(), source })
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    if norms > 0.0 { (dot(a, b) / norms).clamp(-1.0, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likeness_is_the_positive_part_of_the_cosine() {
        let candidate =
            |id: &str, vector: [f32; 2]| TrueCandidate { id: id.into(), relevance: 0, vector: vector.into() };
        let query = Query::new(
            "q",
            vec![
                candidate("a", [1.0, 0.0]),
                candidate("b", [3.0, 4.0]),
                candidate("c", [-1.0, 0.0]),
                candidate("d", [0.0; 2]),
            ],
        );
        assert_eq!([0, 1, 2, 3].map(|b| query.likeness(0, b)), [1.0, 0.6, 0.0, 0.0]);
        assert_eq!(query.likeness(1, 0), query.likeness(0, 1));
        assert_eq!(query.list(&["c", "a"]).unwrap().as_slice(), [2, 0]);
        assert_eq!(query.list(&["x"]).unwrap_err().to_string(), "query \"q\": no candidate \"x\"");
        assert!(query.list(&["a", "a"]).unwrap_err().to_string().starts_with("query \"q\": position 1 holds"));
    }
}
