//! Takes the time of one row, on a thread of its own.

use std::time::Instant;

use nar4rec_infer::{Options, Ranking, RerankError, Reranker};
use nar4rec_slate::Permutation;
use nar4rec_tensor::Isa;
use nar4rec_train::{Config, Example, Part, Prepared, TrainError, Untrained, untrained_model};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{Lists, SpeedRow, Timed, Timing, answer};
use crate::ExperimentError;

/// Numbers of requests that may share a pass of inference, of which the fastest is taken.
const PER_PASS: [usize; 5] = [1, 4, 16, 64, 256];

/// Requests that this is tried on, and run before times are taken.
const TRIED: usize = 256;

/// One thread and its instructions.
pub(super) struct Clock {
    thread: ThreadPool,
    isa: Isa,
}

/// A row's configuration, data and lists.
type Given<'a> = (&'a Config, &'a Lists, &'a [Example]);

impl Clock {
    pub(super) fn new(isa: Isa) -> Result<Self, ExperimentError> {
        let thread = ThreadPoolBuilder::new().num_threads(1).build();
        let failed = |error| ExperimentError::Answer { row: "thread".to_owned(), problem: format!("{error}") };
        Ok(Self { thread: thread.map_err(failed)?, isa })
    }

    /// Reading the features of all requests.
    pub(super) fn features(&self, timing: Timing, row: &SpeedRow, lists: &Lists) -> Result<Timing, ExperimentError> {
        self.thread.install(|| {
            lists.examples(row)?;
            let begun = Instant::now();
            let read = lists.examples(row)?;
            let inference_seconds = begun.elapsed().as_secs_f64();
            drop(read);
            Ok(Timing { inference_seconds, ..timing })
        })
    }

    /// A rival, or the generator by itself.
    pub(super) fn network(
        &self,
        timing: Timing,
        row: &SpeedRow,
        (config, Lists { prepared, .. }, examples): Given<'_>,
    ) -> Result<Timing, ExperimentError> {
        let part = match row.system.timed {
            Timed::Rival(kind) => Part::Rival(kind),
            Timed::Features | Timed::Generator | Timed::Pipeline => Part::Generator,
        };
        self.thread.install(|| {
            let mut system = Untrained::new(part, prepared, config, self.isa)?;
            let length = config.generator.list_length;
            let few = &examples[..examples.len().min(TRIED)];
            let tried = PER_PASS.map(|per_pass| {
                // The first time it takes its memory.
                system.lists((&few[..few.len().min(2 * per_pass)], prepared), length, per_pass);
                let begun = Instant::now();
                system.lists((few, prepared), length, per_pass);
                (begun.elapsed(), per_pass)
            });
            let single = tried.iter().find(|(_, per_pass)| *per_pass == 1).map(|(taken, _)| taken.as_secs_f64());
            let single_seconds = single.map(|seconds| seconds * examples.len() as f64 / few.len() as f64);
            let (_, per_pass) = tried.into_iter().min().expect("there are several");
            let begun = Instant::now();
            let lists = system.lists((examples, prepared), length, per_pass);
            let inference_seconds = begun.elapsed().as_secs_f64();
            check(&lists, examples, length).map_err(|problem| answer(row, problem))?;
            let training_seconds = Some(pass(&mut system, examples, prepared)?);
            Ok(Timing { training_seconds, inference_seconds, single_seconds, per_pass: Some(per_pass), ..timing })
        })
    }

    /// All of NAR4Rec: from request to list, and the training of generator and evaluator.
    pub(super) fn pipeline(
        &self,
        timing: Timing,
        row: &SpeedRow,
        (config, Lists { prepared, requests, .. }, examples): Given<'_>,
    ) -> Result<Timing, ExperimentError> {
        self.thread.install(|| {
            let reranker = Reranker::new(untrained_model(prepared, config)?, self.isa)?;
            let few = &requests[..requests.len().min(TRIED)];
            reranker.rerank_batch(few, Options::default());
            let begun = Instant::now();
            let rankings = reranker.rerank_batch(requests, Options::default());
            let inference_seconds = begun.elapsed().as_secs_f64();
            let (mut memory, begun) = (Ranking::default(), Instant::now());
            for request in requests {
                reranker.rerank_into(request, Options::default(), &mut memory).map_err(|error| answer(row, error))?;
            }
            let single_seconds = Some(begun.elapsed().as_secs_f64());
            let list = |ranking: Result<Ranking, RerankError>| -> Result<Vec<usize>, RerankError> {
                Ok(ranking?.best.items.iter().map(|item| item.index).collect())
            };
            let lists: Result<Vec<_>, RerankError> = rankings.into_iter().map(list).collect();
            let lists = lists.map_err(|error| answer(row, error))?;
            check(&lists, examples, reranker.list_length()).map_err(|problem| answer(row, problem))?;
            let mut training_seconds = 0.0;
            for part in [Part::Generator, Part::Evaluator] {
                training_seconds += pass(&mut Untrained::new(part, prepared, config, self.isa)?, examples, prepared)?;
            }
            Ok(Timing { training_seconds: Some(training_seconds), inference_seconds, single_seconds, ..timing })
        })
    }
}

/// Seconds of one pass of training, after another over a few lists.
fn pass(system: &mut Untrained, examples: &[Example], prepared: &Prepared) -> Result<f64, TrainError> {
    system.train(&examples[..examples.len().min(TRIED)], prepared)?;
    let begun = Instant::now();
    system.train(examples, prepared)?;
    Ok(begun.elapsed().as_secs_f64())
}

/// Whether each list has as many of its request's candidates as it should, and none twice.
fn check(lists: &[Vec<usize>], examples: &[Example], length: usize) -> Result<(), String> {
    if lists.len() != examples.len() {
        return Err(format!("{} lists, expected {}", lists.len(), examples.len()));
    }
    for (place, (list, example)) in lists.iter().zip(examples).enumerate() {
        let candidates = example.request.candidates();
        let expected = length.min(candidates);
        if list.len() != expected {
            return Err(format!("list {place} has {} items, expected {expected}", list.len()));
        }
        Permutation::new(list.clone(), candidates).map_err(|error| format!("list {place}: {error}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use nar4rec_data::DataSet;
    use nar4rec_train::{PrepareOptions, prepare};

    use super::*;
    use crate::made;

    #[test]
    fn wrong_answers_are_told() {
        assert_eq!(check(&[vec![1]], &[], 1).unwrap_err(), "1 lists, expected 0");
        assert!(check(&[], &[], 1).is_ok());
        let dir = tempfile::tempdir().expect("a test's folder can be made");
        made::lists(dir.path());
        let data = DataSet::open(dir.path()).expect("it is a data set");
        let prepared = prepare(&data, &made::config(), PrepareOptions::default()).expect("it can be read");
        let told = |list: &[usize]| check(&[list.to_vec()], &prepared.train[..1], 3);
        assert!(told(&[2, 0, 1]).is_ok());
        assert_eq!(told(&[2, 0]).unwrap_err(), "list 0 has 2 items, expected 3");
        assert!(told(&[2, 0, 2]).unwrap_err().starts_with("list 0: "));
    }
}
