//! What can be wrong: a value that does not fit the schema, or a schema that does not fit itself.

/// A feature value that does not fit the schema, or the values seen before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: found {found}, expected {expected}")]
pub struct FeatureError {
    /// The field as it stands in the JSON, such as `candidates[3].features.duration`.
    pub field: String,
    /// What stands there.
    pub found: String,
    /// What was expected.
    pub expected: String,
}

impl FeatureError {
    /// The same error, one level further out: `prefix` is put before the field.
    #[must_use]
    pub(crate) fn within(self, prefix: &str) -> Self {
        Self { field: format!("{prefix}{}", self.field), ..self }
    }
}

/// A schema that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct SchemaError {
    /// The field as it stands in the schema's JSON, such as `user[2].std`.
    pub field: String,
    /// What is wrong and what was expected.
    pub problem: String,
}

impl SchemaError {
    pub(crate) fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}
