//! What feedback there is, and which kind of it makes an item relevant.

use nar4rec_data::{DataSet, OnBad, Split};
use nar4rec_evaluator::{EvaluatorConfig, FeedbackKind};

use crate::{
    Config, TrainError,
    examples::{Reading, survey},
};

impl Config {
    /// The configuration with what the data decide: the kinds of feedback, if none is given, and which of them makes an item
    /// relevant. The training split is read only for the former.
    ///
    /// # Errors
    /// If the training split cannot be read, a line of it is bad (unless bad lines are skipped), it has no feedback, or none of
    /// the relevant kind.
    pub fn with_feedback_of(&self, data: &DataSet, on_bad: OnBad) -> Result<Self, TrainError> {
        let feedback = match self.evaluator.feedback.as_slice() {
            [] => survey(data, self, &mut Reading::new(None, self), on_bad)?,
            given => given.to_vec(),
        };
        let relevance = feedback[relevance(data, self, &feedback)?].name.clone();
        let evaluator = EvaluatorConfig { feedback, ..self.evaluator.clone() };
        Ok(Self { relevance: Some(relevance), evaluator, ..self.clone() })
    }
}

/// The kind of feedback that makes an item relevant: not that it was shown, or there would be nothing to judge lists by.
pub(crate) fn relevance(data: &DataSet, config: &Config, feedback: &[FeedbackKind]) -> Result<usize, TrainError> {
    let fit = || feedback.iter().enumerate().filter(|(_, kind)| kind.name != FeedbackKind::SHOWN);
    let Some(name) = &config.relevance else {
        // The first of those with the greatest weight.
        let best = fit().rev().max_by(|(_, a), (_, b)| a.weight.total_cmp(&b.weight)).map(|(index, _)| index);
        let file = || data.path(Split::Train).unwrap_or(data.folder()).display().to_string();
        return best.ok_or_else(|| TrainError::NoFeedback { file: file() });
    };
    let found = fit().find(|(_, kind)| kind.name == *name).map(|(index, _)| index);
    found.ok_or_else(|| TrainError::Relevance {
        found: name.clone(),
        expected: fit().map(|(_, kind)| kind.name.clone()).collect(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use std::fs;

    use super::*;

    fn config(text: &str) -> Config {
        Config::from_toml(text).unwrap()
    }

    #[test]
    fn the_data_decide_what_is_not_given() {
        let dir = tempfile::tempdir().unwrap();
        let train = r#"{"request_id":"r","candidates":[{"id":"a"},{"id":"b"}],"shown":[{"id":"a","feedback":{"seconds":30,"like":1}},{"id":"b","feedback":{"click":0}}]}"#;
        fs::write(dir.path().join("train.jsonl"), train).unwrap();
        let data = DataSet::open(dir.path()).unwrap();
        let found = |text: &str| config(text).with_feedback_of(&data, OnBad::Fail);

        let silent = found("").unwrap();
        let kinds: Vec<_> = silent.evaluator.feedback.iter().map(|kind| (kind.name.as_str(), kind.scale)).collect();
        assert_eq!(kinds, [("click", 1.0), ("like", 1.0), ("seconds", 30.0)]);
        assert_eq!(silent.relevance.as_deref(), Some("click"), "the first of equals");
        assert_eq!(found("relevance = \"like\"").unwrap().relevance.as_deref(), Some("like"));
        let unknown = found("relevance = \"love\"").unwrap_err().to_string();
        assert!(unknown.starts_with("relevance: \"love\" is no kind of feedback here"), "{unknown}");

        // Of given kinds that of the greatest weight, and nothing is read.
        fs::write(dir.path().join("train.jsonl"), "{").unwrap();
        let given = "[evaluator]\nfeedback = [{ name = \"click\" }, { name = \"like\", weight = 2.0 }]";
        let resolved = found(given).unwrap();
        assert_eq!(resolved, Config { relevance: Some("like".into()), ..config(given) });
        assert!(found("").is_err());

        // That an item was shown makes it relevant under no circumstances.
        let shown = "[evaluator]\nfeedback = [{ name = \"shown\", weight = 3.0 }, { name = \"like\" }]";
        assert_eq!(found(shown).unwrap().relevance.as_deref(), Some("like"));
        let named = found(&format!("relevance = \"shown\"\n{shown}")).unwrap_err().to_string();
        assert!(named.ends_with("expected one of [\"like\"]"), "{named}");
    }
}
