//! Whole training runs: they learn, and what they end in depends on seed, data and configuration alone.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod made;

use std::{
    fs,
    path::{Path, PathBuf},
};

use nar4rec_data::{DataSet, OnBad, Split};
use nar4rec_infer::Reranker;
use nar4rec_tensor::Isa;
use nar4rec_train::{
    Baseline, Config, EvaluateOptions, Event, Flow, Observer, Outcome, PrepareOptions, Resume, TrainError,
    TrainOptions, Trained, evaluate, train,
};
use tempfile::TempDir;

/// Stops after some steps, counted over both models; never if `None`.
#[derive(Default)]
struct Stopper {
    steps: usize,
    stop_after: Option<usize>,
    /// The same for epochs.
    epochs: usize,
    stop_after_epoch: Option<usize>,
    losses: Vec<(&'static str, f64)>,
    /// Where to copy the checkpoint after every step, as a kill would leave it.
    spy: Option<(PathBuf, PathBuf)>,
}

impl Observer for Stopper {
    fn event(&mut self, event: &Event<'_>) -> Flow {
        if let Event::Step { model, loss, .. } = event {
            self.steps += 1;
            self.losses.push((model, *loss));
            if let Some((from, to)) = &self.spy
                && from.exists()
            {
                fs::copy(from, to.join(self.steps.to_string())).unwrap();
            }
            if self.stop_after == Some(self.steps) {
                return Flow::Stop;
            }
        }
        if let Event::Epoch { .. } = event {
            self.epochs += 1;
            if self.stop_after_epoch == Some(self.epochs) {
                return Flow::Stop;
            }
        }
        Flow::Continue
    }
}

struct Place {
    dir: TempDir,
}

impl Place {
    fn new(lists: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        made::write(dir.path(), lists);
        Self { dir }
    }

    fn data(&self) -> DataSet {
        DataSet::open(self.dir.path()).unwrap()
    }

    fn checkpoint(&self) -> PathBuf {
        self.dir.path().join("run.checkpoint")
    }

    fn run(&self, config: &Config, resume: Resume, observer: &mut Stopper) -> Result<Outcome, TrainError> {
        let options = TrainOptions {
            isa: Isa::detect(),
            prepare: PrepareOptions::default(),
            checkpoint: Some(self.checkpoint()),
            resume,
        };
        train(&self.data(), config, options, observer)
    }

    fn finish(&self, config: &Config, resume: Resume) -> Box<Trained> {
        match self.run(config, resume, &mut Stopper::default()).unwrap() {
            Outcome::Finished(trained) => trained,
            Outcome::Interrupted => panic!("nothing stopped it"),
        }
    }

    /// The bytes of every file of the saved model.
    fn saved(&self, trained: &Trained) -> Vec<(String, Vec<u8>)> {
        let dir = self.dir.path().join("model");
        trained.model.save(&dir).unwrap();
        files(&dir)
    }
}

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let read = |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
    let mut files: Vec<_> = entries.map(read).collect();
    files.sort();
    files
}

#[test]
fn training_learns_what_users_like() {
    let place = Place::new(400);
    let mut observer = Stopper::default();
    let mut config = made::config();
    config.training.generator.epochs = 12;
    let Outcome::Finished(trained) = place.run(&config, Resume::Never, &mut observer).unwrap() else {
        panic!("nothing stopped it")
    };
    let of = |model: &str| -> Vec<f64> {
        observer.losses.iter().filter(|(name, _)| *name == model).map(|(_, loss)| *loss).collect()
    };
    for model in ["generator", "evaluator"] {
        let losses = of(model);
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        let (early, late) = (mean(&losses[..5]), mean(&losses[losses.len() - 5..]));
        assert!(late < 0.95 * early, "{model}: {early} to {late}");
    }
    let reranker = Reranker::new(trained.model, Isa::detect()).unwrap();
    let options = EvaluateOptions { split: Split::Test, relevance: "like".to_owned(), on_bad: OnBad::Fail };
    let evaluation = evaluate(&reranker, &place.data(), &options, |_| {}).unwrap();
    let ndcg = |figures: &nar4rec_metrics::Figures| figures.get("NDCG@3").unwrap().value;
    let random = evaluation.baselines.iter().find(|(baseline, _)| *baseline == Baseline::Random).unwrap();
    let (ours, chance) = (ndcg(&evaluation.generator), ndcg(&random.1));
    assert!(ours > 1.8 * chance, "the colour decides, and it can be learned: {ours}, by chance {chance}");
    assert_eq!(evaluation.lists, 100);
}

#[test]
fn threads_change_no_byte() {
    let place = Place::new(120);
    let bytes = [1, 2, 8].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| place.saved(&place.finish(&made::config(), Resume::Never)))
    });
    assert!(bytes[0] == bytes[1] && bytes[1] == bytes[2]);
    let other = place.saved(&place.finish(&Config { seed: 2, ..made::config() }, Resume::Never));
    assert!(other != bytes[0], "the seed decides");
}

#[test]
fn a_run_that_was_stopped_ends_in_the_same_bytes() {
    let place = Place::new(120);
    let whole = place.saved(&place.finish(&made::config(), Resume::Never));
    // Four steps an epoch: within the first epoch, at its end, in the last, and in the evaluator's training.
    for stops in [vec![1], vec![4], vec![11], vec![14], vec![3, 5, 8]] {
        let mut resume = Resume::Never;
        for stop in &stops {
            let mut observer = Stopper { stop_after: Some(*stop), ..Stopper::default() };
            assert!(matches!(place.run(&made::config(), resume, &mut observer).unwrap(), Outcome::Interrupted));
            resume = Resume::IfPossible;
        }
        assert!(place.saved(&place.finish(&made::config(), Resume::IfPossible)) == whole, "stopped after {stops:?}");
    }
}

#[test]
fn a_run_that_was_stopped_between_epochs_ends_in_the_same_bytes() {
    let place = Place::new(60);
    let whole = place.saved(&place.finish(&made::config(), Resume::Never));
    // The third epoch is the generator's last and the fifth the evaluator's.
    for epoch in 1..=5 {
        let mut observer = Stopper { stop_after_epoch: Some(epoch), ..Stopper::default() };
        let stopped = place.run(&made::config(), Resume::Never, &mut observer).unwrap();
        assert!(matches!(stopped, Outcome::Interrupted));
        let trained = place.finish(&made::config(), Resume::IfPossible);
        assert_eq!((trained.generator.len(), trained.evaluator.len()), (3, 2));
        assert!(place.saved(&trained) == whole, "stopped after epoch {epoch}");
    }
}

#[test]
fn a_run_that_was_killed_ends_in_the_same_bytes() {
    let place = Place::new(120);
    let copies = tempfile::tempdir().unwrap();
    let spy = Some((place.checkpoint(), copies.path().to_owned()));
    let mut observer = Stopper { spy, ..Stopper::default() };
    let Outcome::Finished(trained) = place.run(&made::config(), Resume::Never, &mut observer).unwrap() else {
        panic!("nothing stopped it")
    };
    let whole = place.saved(&trained);
    for step in [6, 9, 13, 17] {
        fs::copy(copies.path().join(step.to_string()), place.checkpoint()).unwrap();
        assert!(place.saved(&place.finish(&made::config(), Resume::IfPossible)) == whole, "killed after step {step}");
    }
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let place = Place::new(40);
    let mut observer = Stopper { stop_after: Some(1), ..Stopper::default() };
    place.run(&made::config(), Resume::Never, &mut observer).unwrap();
    let other = Config { seed: 2, ..made::config() };
    let error = place.run(&other, Resume::IfPossible, &mut Stopper::default()).unwrap_err();
    assert!(matches!(error, TrainError::OtherRun(_)), "{error}");
    made::write(place.dir.path(), 44);
    let error = place.run(&made::config(), Resume::IfPossible, &mut Stopper::default()).unwrap_err();
    assert!(error.to_string().contains("another configuration or data set"), "{error}");
}

#[test]
fn a_loss_that_runs_away_is_told() {
    let place = Place::new(40);
    let mut config = made::config();
    config.training.generator.learning_rate = 10.0;
    config.training.generator.clip_norm = 1e30;
    config.training.generator.epochs = 200;
    config.training.generator.patience = 200;
    config.generator.norm = serde_json::from_str("\"none\"").unwrap();
    let error = place.run(&config, Resume::Never, &mut Stopper::default()).unwrap_err();
    assert!(error.to_string().starts_with("generator: the loss is not finite at step"), "{error}");
}

#[test]
fn parameters_that_are_no_numbers_are_never_kept() {
    let place = Place::new(24);
    let mut diverged = 0;
    for epochs in 1..=8 {
        let mut config = made::config();
        for fit in [&mut config.training.generator, &mut config.training.evaluator] {
            (fit.epochs, fit.learning_rate, fit.clip_norm, fit.patience) = (epochs, 10.0, 1e30, 100);
        }
        config.generator.norm = serde_json::from_str("\"none\"").unwrap();
        config.evaluator.norm = config.generator.norm;
        match place.run(&config, Resume::Never, &mut Stopper::default()) {
            Err(TrainError::Diverged { .. }) => diverged += 1,
            Err(error) => panic!("{error}"),
            Ok(Outcome::Interrupted) => panic!("nothing stopped it"),
            Ok(Outcome::Finished(trained)) => {
                let [generator, evaluator] = [trained.model.generator.parameters, trained.model.evaluator.parameters];
                let mut numbers = generator.iter().chain(evaluator.iter()).flat_map(|(_, values)| values.to_vec());
                assert!(numbers.all(f32::is_finite), "after {epochs} epochs of one step");
            }
        }
    }
    assert!(diverged > 0, "the check would see nothing");
}

#[test]
fn the_best_epoch_is_kept_and_patience_ends_a_run() {
    let place = Place::new(80);
    let mut config = made::config();
    config.training.generator.epochs = 60;
    config.training.generator.patience = 2;
    let trained = place.finish(&config, Resume::Never);
    let history = &trained.generator;
    assert!(history.len() < 60, "validation cannot improve for ever");
    let best = history.iter().max_by(|a, b| a.objective.total_cmp(&b.objective)).unwrap();
    let kept = history.iter().rfind(|record| record.best).unwrap();
    assert_eq!(kept.objective, best.objective);
    assert_eq!(history.len() as u64, kept.epoch + 2);
    let recorded = &trained.model.provenance.metrics["generator.valid"]["NDCG@3"];
    assert_eq!(*recorded, Some(kept.objective), "the figures of the epoch that is kept");
}
