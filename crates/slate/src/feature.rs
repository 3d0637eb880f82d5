//! Feature values as they come from outside, before a schema gives them meaning.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Named feature values of a user, an item or a candidate. A name that is absent and a name with `null` are both missing.
pub type Features = BTreeMap<String, FeatureValue>;

/// One feature value: a number, a string, a list of strings, or missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a number, a string, a list of strings, true, false or null")]
pub enum FeatureValue {
    /// `null`: known to be missing.
    Missing,
    /// `true` and `false` count as the numbers 1 and 0.
    #[serde(deserialize_with = "bool_as_number")]
    Number(f64),
    /// A category.
    Text(String),
    /// A set or a history of categories, in the order given.
    List(Vec<String>),
}

impl FeatureValue {
    /// What it is, for messages: `"a number"`, `"a string"`, `"a list of strings"`, `"null"`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Missing => "null",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list of strings",
        }
    }
}

fn bool_as_number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Raw {
        Flag(bool),
        Number(f64),
    }
    Ok(match Raw::deserialize(deserializer)? {
        Raw::Flag(flag) => f64::from(u8::from(flag)),
        Raw::Number(number) => number,
    })
}

impl From<f64> for FeatureValue {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for FeatureValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Vec<String>> for FeatureValue {
    fn from(list: Vec<String>) -> Self {
        Self::List(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_back_as_written() {
        for (json, value) in [
            ("null", FeatureValue::Missing),
            ("1.5", FeatureValue::Number(1.5)),
            ("3", FeatureValue::Number(3.0)),
            ("true", FeatureValue::Number(1.0)),
            ("\"a\"", FeatureValue::Text("a".into())),
            ("[\"a\",\"b\"]", FeatureValue::List(vec!["a".into(), "b".into()])),
            ("[]", FeatureValue::List(vec![])),
        ] {
            assert_eq!(serde_json::from_str::<FeatureValue>(json).unwrap(), value, "{json}");
        }
    }

    #[test]
    fn other_json_is_refused_with_what_was_expected() {
        for json in ["{}", "[1]", "[null]"] {
            let message = serde_json::from_str::<FeatureValue>(json).unwrap_err().to_string();
            assert!(message.contains("expected a number, a string"), "{message}");
        }
    }
}
