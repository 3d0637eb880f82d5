//! Ctrl-C. Where work can be saved, the first asks for that and the second ends at once; in writing a file it ends at once and
//! leaves no part of it; elsewhere it ends at once.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc, Mutex, Once, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::console;

/// What Ctrl-C does.
enum Does {
    /// Ends the process.
    End,
    /// Asks for an end, and from then on ends the process.
    Ask(Interrupt),
    /// Ends the process without the unfinished file that is there.
    EndWithout(PathBuf),
}

/// What it does at present: a process has one handler, for good.
static DOES: Mutex<Does> = Mutex::new(Does::End);

/// From now on Ctrl-C does this; if the system refuses, it ends the process as it always did.
fn from_now_on(does: Does) {
    static HANDLER: Once = Once::new();
    *DOES.lock().unwrap_or_else(PoisonError::into_inner) = does;
    HANDLER.call_once(|| drop(ctrlc::set_handler(pressed)));
}

/// Ctrl-C was pressed. This runs on a thread of its own.
fn pressed() {
    let mut does = DOES.lock().unwrap_or_else(PoisonError::into_inner);
    match &*does {
        Does::Ask(interrupt) => {
            interrupt.0.store(true, Ordering::SeqCst);
            console::note("stopping at the next step; press Ctrl-C again to stop at once");
            *does = Does::End;
        }
        Does::End => std::process::exit(130),
        Does::EndWithout(temporary) => {
            // If it cannot be removed, there is nobody left to tell.
            let _ = fs::remove_file(temporary);
            std::process::exit(130);
        }
    }
}

/// Whether Ctrl-C was pressed.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Begins to listen: from now on the first Ctrl-C asks for an end.
    pub(crate) fn listen() -> Self {
        let interrupt = Self(Arc::new(AtomicBool::new(false)));
        from_now_on(Does::Ask(interrupt.clone()));
        interrupt
    }

    /// Whether it was pressed.
    pub(crate) fn requested(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Ends the listening: nothing is left to save, and Ctrl-C ends the process.
    pub(crate) fn ends(&self) {
        from_now_on(Does::End);
    }
}

/// From now on Ctrl-C ends the process at once, without the unfinished file at `temporary`.
pub(crate) fn end_without(temporary: PathBuf) {
    from_now_on(Does::EndWithout(temporary));
}
