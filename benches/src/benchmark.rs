//! What can be timed.

use serde::Serialize;

use crate::{Shared, catalogue};

/// Something to run many times.
pub type Run = Box<dyn FnMut()>;

/// A benchmark whose answer was checked.
pub struct Benchmark {
    /// What one run does.
    pub work: Work,
    /// The benchmark that does the same kind of work at the greatest speed the CPU has.
    pub peak: Option<String>,
    /// One run.
    pub run: Run,
}

impl std::fmt::Debug for Benchmark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Benchmark").field("work", &self.work).field("peak", &self.peak).finish_non_exhaustive()
    }
}

/// What one run does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "unit", content = "amount", rename_all = "snake_case")]
pub enum Work {
    /// Multiplications and additions of numbers.
    Operations(f64),
    /// Bytes read and written.
    Bytes(f64),
    /// Requests or lists answered.
    Answers(f64),
}

impl Benchmark {
    /// The benchmark of this name. It has run at least once, and its answer was right.
    ///
    /// # Errors
    /// If there is no such benchmark, or the CPU lacks its instructions.
    ///
    /// # Panics
    /// If the answer is wrong.
    pub fn named(name: &str, shared: &mut Shared) -> anyhow::Result<Self> {
        catalogue::prepare(name, shared)
    }

    /// Arithmetic, and what it is a share of.
    pub(crate) fn arithmetic(operations: f64, peak: Option<String>, run: impl FnMut() + 'static) -> Self {
        Self { work: Work::Operations(operations), peak, run: Box::new(run) }
    }

    /// A pass over memory: `bytes` read and written, of `set` different ones.
    pub(crate) fn pass(bytes: usize, set: usize, run: impl FnMut() + 'static) -> Self {
        let peak = crate::kernels::peak::copy_of(set);
        Self { work: Work::Bytes(bytes as f64), peak: Some(peak), run: Box::new(run) }
    }

    /// A path of which the answers count.
    pub(crate) fn answers(count: usize, run: impl FnMut() + 'static) -> Self {
        Self { work: Work::Answers(count as f64), peak: None, run: Box::new(run) }
    }
}
