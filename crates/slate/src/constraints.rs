//! What a business asks of a list, whatever the model thinks: pins, exclusions and limits by attribute.
//!
//! ```json
//! {"pin":[{"id":"v3","position":1}], "exclude":["v9"], "at_most":[{"feature":"author","count":2}],
//!  "distinct_neighbours":["tags"]}
//! ```

use serde::{Deserialize, Serialize};

use crate::{Candidate, InvalidRequest};

/// Constraints on the list that answers one request. Ids and feature names are the request's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Constraints {
    /// Items that must stand at a position.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pin: Vec<Pin>,
    /// Ids of candidates that must not be in the list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Limits on how often a value of a feature stands in the list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub at_most: Vec<AtMost>,
    /// Features of which two adjacent items must not share a value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub distinct_neighbours: Vec<String>,
}

/// A candidate that must stand at a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The candidate's id.
    pub id: String,
    /// The position, counted from 1.
    pub position: usize,
}

/// At most `count` items of the list carry the same value of `feature`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AtMost {
    /// The feature's name: a string, a number, or a list of strings, each of which counts.
    pub feature: String,
    /// How many items may carry one value; at least 1.
    pub count: usize,
}

impl Constraints {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Checks what can be checked without features: ids exist, positions and counts begin at 1, nothing contradicts itself.
    pub(crate) fn check(&self, candidates: &[Candidate]) -> Result<(), InvalidRequest> {
        let known = |field: String, id: &str| match candidates.iter().any(|candidate| candidate.id == id) {
            true => Ok(()),
            false => Err(InvalidRequest::new(field, format!("{id:?} is no candidate, expected the id of one"))),
        };
        for (index, pin) in self.pin.iter().enumerate() {
            let field = |name: &str| format!("constraints.pin[{index}].{name}");
            known(field("id"), &pin.id)?;
            if pin.position == 0 {
                return Err(InvalidRequest::new(field("position"), "0, expected a position counted from 1"));
            }
            if self.pin[..index].iter().any(|other| other.position == pin.position) {
                let problem = format!("{} is pinned twice, expected distinct positions", pin.position);
                return Err(InvalidRequest::new(field("position"), problem));
            }
            if self.pin[..index].iter().any(|other| other.id == pin.id) {
                let problem = format!("{:?} is pinned twice, expected distinct ids", pin.id);
                return Err(InvalidRequest::new(field("id"), problem));
            }
        }
        for (index, id) in self.exclude.iter().enumerate() {
            let field = format!("constraints.exclude[{index}]");
            known(field.clone(), id)?;
            if self.pin.iter().any(|pin| pin.id == *id) {
                return Err(InvalidRequest::new(field, format!("{id:?} is pinned, expected one that is not")));
            }
        }
        match self.at_most.iter().position(|limit| limit.count == 0) {
            Some(index) => {
                let field = format!("constraints.at_most[{index}].count");
                Err(InvalidRequest::new(field, "0, expected at least 1 (exclude the candidates instead)"))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Request;

    fn read(constraints: &str) -> Result<Request, String> {
        let line = format!(
            r#"{{"request_id":"r","user":{{}},"candidates":[{{"id":"a"}},{{"id":"b"}}],"constraints":{constraints}}}"#
        );
        serde_json::from_str(&line).map_err(|error| error.to_string())
    }

    #[test]
    fn constraints_travel_with_the_request() {
        let text = r#"{"pin":[{"id":"a","position":2}],"exclude":["b"],"at_most":[{"feature":"f","count":1}],"distinct_neighbours":["f"]}"#;
        let request = read(text).unwrap();
        assert_eq!(request.constraints().pin[0].position, 2);
        let line = serde_json::to_string(&request).unwrap();
        assert!(line.ends_with(&format!(r#""constraints":{text}}}"#)), "{line}");
    }

    #[test]
    fn what_contradicts_itself_is_named() {
        for (text, message) in [
            (r#"{"pin":[{"id":"z","position":1}]}"#, r#"constraints.pin[0].id: "z" is no candidate"#),
            (r#"{"pin":[{"id":"a","position":0}]}"#, "constraints.pin[0].position: 0, expected a position counted"),
            (
                r#"{"pin":[{"id":"a","position":1},{"id":"b","position":1}]}"#,
                "constraints.pin[1].position: 1 is pinned",
            ),
            (r#"{"pin":[{"id":"a","position":1},{"id":"a","position":2}]}"#, "constraints.pin[1].id: \"a\" is pinned"),
            (r#"{"pin":[{"id":"a","position":1}],"exclude":["a"]}"#, "constraints.exclude[0]: \"a\" is pinned"),
            (r#"{"exclude":["z"]}"#, "constraints.exclude[0]: \"z\" is no candidate"),
            (r#"{"at_most":[{"feature":"f","count":0}]}"#, "constraints.at_most[0].count: 0, expected at least 1"),
            (r#"{"atmost":[]}"#, "unknown field `atmost`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
