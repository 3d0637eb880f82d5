//! How long a system takes to answer, whatever is done with its answers.

use std::{sync::Mutex, time::Instant};

use nar4rec_slate::{Impression, InvalidRequest, Request};
use nar4rec_train::{Answer, Compared};

/// How long a system took.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Answering {
    /// Requests it answered; a run of the same ones is asked once.
    pub(crate) requests: usize,
    /// Seconds from requests to lists, of all threads together.
    pub(crate) seconds: f64,
}

/// A system, and how long it takes.
pub(crate) struct Stopwatch<'a> {
    system: &'a dyn Compared,
    answering: Mutex<Answering>,
}

impl<'a> Stopwatch<'a> {
    pub(crate) fn new(system: &'a dyn Compared) -> Self {
        Self { system, answering: Mutex::default() }
    }

    /// What it has taken so far.
    pub(crate) fn read(&self) -> Answering {
        *self.answering.lock().expect("nothing panics while it is held")
    }
}

impl Compared for Stopwatch<'_> {
    fn name(&self) -> String {
        self.system.name()
    }

    fn is_random(&self) -> bool {
        self.system.is_random()
    }

    fn answer(&self, requests: &[&Request], length: usize) -> Vec<Result<Answer, InvalidRequest>> {
        let begun = Instant::now();
        let answers = self.system.answer(requests, length);
        let seconds = begun.elapsed().as_secs_f64();
        let mut answering = self.answering.lock().expect("nothing panics while it is held");
        answering.requests += requests.len();
        answering.seconds += seconds;
        answers
    }

    fn predict(&self, impression: &Impression) -> Result<Option<Vec<f32>>, InvalidRequest> {
        self.system.predict(impression)
    }
}
