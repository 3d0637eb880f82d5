//! House rules and developer tasks of the workspace, as a library so that the tests and `cargo xtask` share them.
//!
//! A rule takes text and gives [`Finding`]s; it touches no file, so that each has fixtures which keep and which break it.

pub mod bench;
pub mod check;
pub mod evaluation;
pub mod layers;
pub mod source;
pub mod tidy;

use std::fmt;
use std::path::Path;

/// One place that breaks a rule, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, from the root of the repository.
    pub path: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl Finding {
    /// A finding at a line of a file.
    pub fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// The root of the repository this was compiled in.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate is a folder of the repository")
}

/// Findings, one per line.
pub fn list(findings: &[impl fmt::Display]) -> String {
    findings.iter().map(|finding| format!("\n{finding}")).collect()
}

/// No findings, or an error that lists them.
///
/// # Errors
/// If there is a finding.
pub fn none_of(findings: &[impl fmt::Display]) -> anyhow::Result<()> {
    anyhow::ensure!(findings.is_empty(), "{} found{}", findings.len(), list(findings));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_listed_with_their_places() {
        none_of(&[""; 0]).unwrap();
        let findings = [Finding::new("a.rs", 3, "mend it"), Finding::new("b.rs", 1, "delete it")];
        let message = none_of(&findings).unwrap_err().to_string();
        assert_eq!(message, "2 found\na.rs:3: mend it\nb.rs:1: delete it");
    }
}
