//! Memory that calls reuse, so that after the first few nothing is allocated any more.

use std::sync::{Mutex, PoisonError};

use nar4rec_decoding::Proposals;
use nar4rec_evaluator::Lists;
use nar4rec_features::{EncodeScratch, EncodedRequest, FeatureBatch, InputSpec};
use nar4rec_layers::ItemScratch;
use nar4rec_tensor::Workspace;

use crate::considered::Considered;

/// The memory of one call.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub(crate) batch: FeatureBatch,
    pub(crate) encoded: EncodedRequest,
    pub(crate) encoding: EncodeScratch,
    pub(crate) items: ItemScratch,
    pub(crate) generator: Workspace,
    pub(crate) evaluator: Workspace,
    pub(crate) decoding: nar4rec_decoding::Workspace,
    pub(crate) proposals: Proposals,
    pub(crate) lists: Lists,
    /// One for each request of the pass.
    pub(crate) considered: nar4rec_decoding::Pool<Considered>,
}

impl Scratch {
    fn new(spec: &InputSpec) -> Self {
        Self {
            batch: FeatureBatch::new(spec),
            encoded: EncodedRequest::default(),
            encoding: EncodeScratch::default(),
            items: ItemScratch::default(),
            generator: Workspace::default(),
            evaluator: Workspace::default(),
            decoding: nar4rec_decoding::Workspace::default(),
            proposals: Proposals::default(),
            lists: Lists::default(),
            considered: nar4rec_decoding::Pool::default(),
        }
    }
}

/// The memory of calls that have returned: as many as ever ran at the same time.
#[derive(Debug, Default)]
pub(crate) struct Pool(Mutex<Vec<Scratch>>);

impl Pool {
    /// Runs `call` with memory of an earlier call, or with new memory for inputs of this shape. The memory of a call that
    /// panics is lost and nothing else.
    pub(crate) fn lend<T>(&self, spec: &InputSpec, call: impl FnOnce(&mut Scratch) -> T) -> T {
        // Nothing but a push or a pop is done under the lock: what it guards is whole even if it is poisoned.
        let idle = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let mut scratch = kept.unwrap_or_else(|| Scratch::new(spec));
        let result = call(&mut scratch);
        idle().push(scratch);
        result
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn memory_is_kept_unless_its_call_panics() {
        let (pool, spec) = (Pool::default(), InputSpec::default());
        let idle = || pool.0.lock().unwrap().len();
        pool.lend(&spec, |_| pool.lend(&spec, |_| assert_eq!(idle(), 0)));
        assert_eq!(idle(), 2);
        pool.lend(&spec, |_| assert_eq!(idle(), 1));
        let panicked = catch_unwind(AssertUnwindSafe(|| pool.lend(&spec, |_| panic!("on purpose"))));
        assert!(panicked.is_err());
        assert_eq!(idle(), 1);
    }

    #[test]
    fn a_poisoned_pool_goes_on() {
        let (pool, spec) = (Pool::default(), InputSpec::default());
        pool.lend(&spec, |_| ());
        let poison = || {
            let _guard = pool.0.lock();
            panic!("on purpose")
        };
        assert!(catch_unwind(AssertUnwindSafe(poison)).is_err());
        assert!(pool.0.is_poisoned());
        assert_eq!(pool.lend(&spec, |_| 7), 7);
    }
}
