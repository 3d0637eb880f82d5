//! A variant's model: trained where there is none yet, and loaded to answer.

use std::{io, path::Path};

use nar4rec_data::{DataSet, OnBad};
use nar4rec_infer::{Model, Reranker};
use nar4rec_tensor::Isa;
use nar4rec_train::{
    BaselineRanker, Compared, Config, Nar4rec, Observer, PrepareOptions, Resume, RivalRanker, SystemKind, TrainError,
    TrainOptions, train, train_rival,
};

use crate::{ExperimentError, Subject, Watcher, store::disk};

/// What models are trained on, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trainer<'a> {
    /// The data.
    pub(crate) data: &'a DataSet,
    /// What to do with a bad line.
    pub(crate) on_bad: OnBad,
    /// The instructions to use.
    pub(crate) isa: Isa,
}

impl Trainer<'_> {
    /// Has a model at `path` if there is none yet.
    pub(crate) fn trained(
        &self,
        subject: Subject,
        config: &Config,
        path: &Path,
        watcher: &mut dyn Watcher,
    ) -> Result<Training, ExperimentError> {
        let beside = |ending: &str| {
            let mut name = path.file_name().unwrap_or_default().to_owned();
            name.push(ending);
            path.with_file_name(name)
        };
        let checkpoint = beside(".checkpoint");
        if path.exists() {
            // One that was left behind would make a model come back that is removed to be trained anew.
            removed(&checkpoint)?;
            return Ok(Training::Here);
        }
        let goes_on = checkpoint.exists();
        let options = TrainOptions {
            isa: self.isa,
            prepare: PrepareOptions { schema: None, on_bad: self.on_bad },
            checkpoint: Some(checkpoint.clone()),
            resume: Resume::IfPossible,
        };
        let mut observer = watcher.training(&beside(".metrics.jsonl"), goes_on);
        let finished = match subject {
            Subject::Rival(kind) => self.rival(kind, config, options, observer.as_mut(), path),
            _ => self.nar4rec(config, options, observer.as_mut(), path),
        };
        drop(observer);
        let finished = finished.map_err(|error| match error {
            ExperimentError::Train(TrainError::OtherRun(file)) => {
                ExperimentError::File { file, problem: "a checkpoint of another configuration or data set".to_owned() }
            }
            ExperimentError::Train(TrainError::Checkpoint(problem)) if problem.is_of_content() => {
                unusable(&checkpoint, problem)
            }
            other => other,
        })?;
        if !finished {
            return Ok(Training::Stopped);
        }
        removed(&checkpoint)?;
        Ok(if goes_on { Training::WentOn } else { Training::Whole })
    }

    fn rival(
        &self,
        kind: SystemKind,
        config: &Config,
        options: TrainOptions,
        observer: &mut dyn Observer,
        path: &Path,
    ) -> Result<bool, ExperimentError> {
        let Some(trained) = train_rival(kind, self.data, config, options, observer)? else { return Ok(false) };
        trained.network.save(path)?;
        Ok(true)
    }

    fn nar4rec(
        &self,
        config: &Config,
        options: TrainOptions,
        observer: &mut dyn Observer,
        path: &Path,
    ) -> Result<bool, ExperimentError> {
        let nar4rec_train::Outcome::Finished(trained) = train(self.data, config, options, observer)? else {
            return Ok(false);
        };
        trained.model.save(path)?;
        Ok(true)
    }

    /// Gives a subject to `used`, ready to answer. The configuration says what makes an item relevant.
    pub(crate) fn loaded<T>(
        &self,
        (subject, model): (Subject, Option<&Path>),
        config: &Config,
        used: impl FnOnce(&dyn Compared) -> Result<T, ExperimentError>,
    ) -> Result<T, ExperimentError> {
        let relevance = relevance(config);
        match (subject, model) {
            (Subject::Baseline(baseline), _) => {
                used(&BaselineRanker::new(baseline, self.data, relevance, self.on_bad)?)
            }
            (Subject::Rival(kind), Some(path)) => {
                used(&RivalRanker::load(kind, path, self.isa).map_err(|problem| unusable(path, problem))?)
            }
            (Subject::Nar4rec, Some(path)) => {
                let mut model = Model::load(path).map_err(|problem| unusable(path, problem))?;
                model.config.pipeline = config.pipeline.clone();
                let reranker = Reranker::new(model, self.isa).map_err(|problem| unusable(path, problem))?;
                used(&Nar4rec::new(&reranker, relevance)?)
            }
            (Subject::Rival(_) | Subject::Nar4rec, None) => unreachable!("all but baselines have a model"),
        }
    }
}

/// What is wrong with a model or a checkpoint of the folder, and what to do about it.
fn unusable(path: &Path, problem: impl std::error::Error + Send + Sync + 'static) -> ExperimentError {
    ExperimentError::Unusable { path: path.to_owned(), problem: problem.into() }
}

/// Removes a checkpoint, if it is there.
fn removed(checkpoint: &Path) -> Result<(), ExperimentError> {
    match std::fs::remove_file(checkpoint) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk(checkpoint, "write", error)),
        _ => Ok(()),
    }
}

/// The kind of feedback that makes an item relevant, whoever is measured, where data have decided what they decide.
pub(crate) fn relevance(config: &Config) -> &str {
    config.relevance.as_deref().expect("a configuration with the feedback of its data")
}

/// What became of a training.
pub(crate) enum Training {
    /// The model was there.
    Here,
    /// It ran from beginning to end.
    Whole,
    /// It went on from a checkpoint.
    WentOn,
    /// It was stopped.
    Stopped,
}

#[cfg(test)]
mod tests {
    use nar4rec_train::Config;

    use super::*;
    use crate::made::{self, Counter};

    #[test]
    fn a_checkpoint_that_was_left_behind_brings_no_model_back() {
        let dir = tempfile::tempdir().expect("a test's folder can be made");
        made::lists(dir.path());
        let data = DataSet::open(dir.path()).expect("it is a data set");
        let trainer = Trainer { data: &data, on_bad: OnBad::default(), isa: Isa::detect() };
        let (model, config) = (dir.path().join("dnn"), made::config());
        let (checkpoint, mut counter) = (dir.path().join("dnn.checkpoint"), Counter::default());
        let mut trained = |config: &Config| {
            trainer
                .trained(Subject::Rival(SystemKind::Dnn), config, &model, &mut counter)
                .map_err(|error| error.to_string())
        };
        assert!(matches!(trained(&config), Ok(Training::Whole)) && !checkpoint.exists());
        std::fs::write(&checkpoint, "as after a kill between saving the model and removing this")
            .expect("it can be written");
        assert!(matches!(trained(&config), Ok(Training::Here)) && !checkpoint.exists());
        assert_eq!(counter.trainings, 1);
    }

    #[test]
    fn a_damaged_model_or_checkpoint_is_named_with_what_to_do() {
        let dir = tempfile::tempdir().expect("a test's folder can be made");
        made::lists(dir.path());
        let data = DataSet::open(dir.path()).expect("it is a data set");
        let trainer = Trainer { data: &data, on_bad: OnBad::default(), isa: Isa::detect() };
        let config = made::config().with_feedback_of(&data, OnBad::default()).expect("the made lists have feedback");
        let model = dir.path().join("model");
        for subject in [Subject::Nar4rec, Subject::Rival(SystemKind::Dnn)] {
            let checkpoint = dir.path().join("model.checkpoint");
            std::fs::write(&checkpoint, "no checkpoint").expect("it can be written");
            let junk = trainer.trained(subject, &config, &model, &mut Counter::default()).err().map(|e| e.to_string());
            let remove = format!("; remove {} to have it made anew", checkpoint.display());
            assert!(junk.as_ref().is_some_and(|junk| junk.ends_with(&remove)), "{junk:?}");
            std::fs::remove_file(&checkpoint).expect("it is there");

            std::fs::create_dir(&model).expect("it is not there");
            let half = trainer.loaded((subject, Some(&model)), &config, |_| Ok(())).err().map(|e| e.to_string());
            let remove = format!("; remove {} to have it made anew", model.display());
            assert!(half.as_ref().is_some_and(|half| half.ends_with(&remove)), "{half:?}");
            std::fs::remove_dir(&model).expect("it is empty");
        }
    }
}
