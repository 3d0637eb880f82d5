//! What people read: results on standard output, everything else on standard error.

use std::io::{self, Write};

use crate::failure;

/// Its name in messages.
pub(crate) const STANDARD_OUTPUT: &str = "standard output";

/// Writes a result to standard output.
///
/// # Errors
/// If standard output is closed or cannot be written.
pub(crate) fn result(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| failure::stream(STANDARD_OUTPUT, error))
}

/// Tells what is going on. If nobody listens, nothing is lost.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Tells what failed.
pub(crate) fn error(text: &str) {
    note(&format!("error: {text}"));
}

/// Tells what looks wrong and does not stop the work.
pub(crate) fn warning(text: &str) {
    note(&format!("warning: {text}"));
}
