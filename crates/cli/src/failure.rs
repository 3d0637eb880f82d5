//! How a failure is told, and which exit status it has.

use std::{io, process::ExitCode};

use nar4rec_data::DataError;

use crate::console;

/// A mistake on the command line or in a configuration file: exit status 2.
#[derive(Debug)]
pub(crate) struct Misuse(pub(crate) String);

impl std::fmt::Display for Misuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misuse {}

/// Stopped by Ctrl-C, with everything saved: exit status 130, as shells have it.
#[derive(Debug)]
pub(crate) struct Interrupted(pub(crate) String);

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Interrupted {}

/// Prints the error with its causes and gives the exit status.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if error.is::<Interrupted>() {
        console::note(&error.to_string());
        return ExitCode::from(130);
    }
    // Causes that the message above them already tells are not told twice.
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(&cause);
        }
    }
    let mut misuse = error.is::<Misuse>();
    if let Some(DataError::Option { option, problem }) = error.downcast_ref() {
        // As it is called on the command line.
        (text, misuse) = (format!("--{}: {problem}", option.replace('_', "-")), true);
    }
    console::error(&text);
    if misuse { ExitCode::from(2) } else { ExitCode::FAILURE }
}

/// An error in writing to standard output or another stream; whoever read it may have gone.
pub(crate) fn stream(name: &str, error: io::Error) -> anyhow::Error {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return anyhow::anyhow!("{name}: closed by its reader before everything was written");
    }
    anyhow::Error::new(error).context(format!("{name}: cannot write"))
}
