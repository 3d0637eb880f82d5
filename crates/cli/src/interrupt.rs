//! Ctrl-C. In training the first asks for an end with everything saved and the second ends at once; in writing a file it
//! ends at once and leaves no part of it.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::console;

/// Whether Ctrl-C was pressed.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Begins to listen. A process can do this once; if the system refuses, Ctrl-C ends the process as it always did.
    pub(crate) fn listen() -> Self {
        let flag = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&flag);
        let _ = ctrlc::set_handler(move || {
            if seen.swap(true, Ordering::SeqCst) {
                std::process::exit(130);
            }
            console::note("stopping after this step; press Ctrl-C again to stop at once");
        });
        Self(flag)
    }

    /// Whether it was pressed.
    pub(crate) fn requested(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// From now on Ctrl-C ends the process at once, without the unfinished file at `temporary`.
pub(crate) fn end_without(temporary: PathBuf) {
    let _ = ctrlc::set_handler(move || {
        // If it cannot be removed, there is nobody left to tell.
        let _ = fs::remove_file(&temporary);
        std::process::exit(130);
    });
}
