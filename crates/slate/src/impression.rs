//! A logged request: what was shown and what the user did.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::{Candidate, InvalidRequest, Request, User};

/// Feedback by kind, such as `click` → 1 or `play_seconds` → 12.5. A kind that is absent was not observed.
pub type Feedback = BTreeMap<String, f64>;

/// One shown candidate and the feedback on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Exposure {
    /// Index into the request's candidates.
    pub candidate: usize,
    /// What the user did with it; every value is finite.
    pub feedback: Feedback,
}

/// A request with the list that was shown, in display order. The shown candidates are distinct and at least one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "ImpressionLine")]
pub struct Impression {
    request: Request,
    shown: Vec<Exposure>,
}

/// The JSON form of an impression, before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImpressionLine {
    request_id: String,
    #[serde(default)]
    timestamp: Option<i64>,
    #[serde(default)]
    user: User,
    candidates: Vec<Candidate>,
    shown: Vec<ShownLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShownLine {
    id: String,
    #[serde(default)]
    feedback: Feedback,
}

impl TryFrom<ImpressionLine> for Impression {
    type Error = InvalidRequest;

    fn try_from(line: ImpressionLine) -> Result<Self, Self::Error> {
        let request = Request::new(line.request_id, line.user, line.candidates)?;
        let request = match line.timestamp {
            Some(timestamp) => request.at(timestamp),
            None => request,
        };
        let index: HashMap<&str, usize> =
            request.candidates().iter().enumerate().map(|(i, candidate)| (candidate.id.as_str(), i)).collect();
        let mut shown = Vec::with_capacity(line.shown.len());
        for (place, exposure) in line.shown.into_iter().enumerate() {
            let Some(&candidate) = index.get(exposure.id.as_str()) else {
                let problem = format!("{:?} is no candidate, expected the id of one", exposure.id);
                return Err(InvalidRequest::new(format!("shown[{place}].id"), problem));
            };
            shown.push(Exposure { candidate, feedback: exposure.feedback });
        }
        Self::new(request, shown)
    }
}

impl Impression {
    /// A checked impression.
    ///
    /// # Errors
    /// If nothing was shown, a shown index is no candidate or stands twice, or a feedback value is not finite.
    pub fn new(request: Request, shown: Vec<Exposure>) -> Result<Self, InvalidRequest> {
        if shown.is_empty() {
            return Err(InvalidRequest::new("shown", "empty, expected at least one shown item"));
        }
        let mut taken = vec![false; request.candidates().len()];
        for (place, exposure) in shown.iter().enumerate() {
            let Some(taken) = taken.get_mut(exposure.candidate) else {
                let problem =
                    format!("{} is no candidate, expected an index below the number of them", exposure.candidate);
                return Err(InvalidRequest::new(format!("shown[{place}]"), problem));
            };
            if std::mem::replace(taken, true) {
                let id = &request.candidates()[exposure.candidate].id;
                let problem = format!("{id:?} stands twice, expected distinct ids");
                return Err(InvalidRequest::new(format!("shown[{place}].id"), problem));
            }
            if let Some((kind, _)) = exposure.feedback.iter().find(|(_, value)| !value.is_finite()) {
                return Err(InvalidRequest::new(format!("shown[{place}].feedback.{kind}"), "expected a finite number"));
            }
        }
        Ok(Self { request, shown })
    }

    /// The request that was answered.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The request that was answered, for good.
    pub fn into_request(self) -> Request {
        self.request
    }

    /// What was shown, in display order.
    pub fn shown(&self) -> &[Exposure] {
        &self.shown
    }
}

impl Serialize for Impression {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Line<'a> {
            #[serde(flatten)]
            request: &'a Request,
            shown: Vec<ShownLine>,
        }
        let candidates = self.request.candidates();
        let shown = self.shown.iter().map(|exposure| ShownLine {
            id: candidates[exposure.candidate].id.clone(),
            feedback: exposure.feedback.clone(),
        });
        Line { request: &self.request, shown: shown.collect() }.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(shown: &str) -> Result<Impression, String> {
        let line =
            format!(r#"{{"request_id":"r","user":{{}},"candidates":[{{"id":"a"}},{{"id":"b"}}],"shown":{shown}}}"#);
        serde_json::from_str(&line).map_err(|error| error.to_string())
    }

    #[test]
    fn shown_items_are_candidates_in_display_order() {
        let impression = read(r#"[{"id":"b","feedback":{"click":1}},{"id":"a"}]"#).unwrap();
        assert_eq!(impression.shown()[0].candidate, 1);
        assert_eq!(impression.shown()[0].feedback["click"], 1.0);
        assert!(impression.shown()[1].feedback.is_empty());
        let line = serde_json::to_string(&impression).unwrap();
        assert_eq!(serde_json::from_str::<Impression>(&line).unwrap(), impression);
    }

    #[test]
    fn what_is_refused_names_the_field() {
        assert!(read("[]").unwrap_err().contains("shown: empty"));
        assert!(read(r#"[{"id":"z"}]"#).unwrap_err().contains("shown[0].id: \"z\" is no candidate"));
        assert!(read(r#"[{"id":"a"},{"id":"a"}]"#).unwrap_err().contains("shown[1].id: \"a\" stands twice"));
    }
}
