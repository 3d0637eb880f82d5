//! Systems that NAR4Rec is compared with, in training: which of their epochs is kept.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod made;

use std::num::NonZeroUsize;

use nar4rec_data::{DataSet, OnBad, Split};
use nar4rec_tensor::Isa;
use nar4rec_train::{
    Compared, Config, EpochRecord, EvaluateOptions, Event, Flow, Kept, Observer, PrepareOptions, Resume, RivalRanker,
    SystemKind, TrainOptions, TrainedRival, compare, train_rival,
};

/// Looks on.
struct Quiet;

impl Observer for Quiet {
    fn event(&mut self, _: &Event<'_>) -> Flow {
        Flow::Continue
    }
}

fn trained(kind: SystemKind, data: &DataSet, kept: Kept) -> TrainedRival {
    let mut config = Config { relevance: Some("like".to_owned()), ..made::config() };
    config.training.kept = kept;
    // So fast that epochs are not one better than the other.
    (config.training.system.epochs, config.training.system.learning_rate) = (6, 0.1);
    let options = TrainOptions {
        isa: Isa::detect(),
        prepare: PrepareOptions::default(),
        checkpoint: None,
        resume: Resume::Never,
    };
    train_rival(kind, data, &config, options, &mut Quiet).unwrap().unwrap()
}

fn figures(history: &[EpochRecord], name: &str) -> Vec<f64> {
    let figures = history.iter().flat_map(|record| &record.figures);
    figures.filter(|(figure, _)| figure == name).map(|(_, value)| *value).collect()
}

#[test]
fn the_epoch_that_is_kept_is_the_best_by_what_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    made::write(dir.path(), 120);
    let data = DataSet::open(dir.path()).unwrap();

    let by_forecasts = trained(SystemKind::Dnn, &data, Kept::Forecasts);
    let losses = figures(&by_forecasts.history, "LogLoss");
    assert_eq!(losses.len(), by_forecasts.history.len());
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    // The kept network has that loss, measured as experiments measure it.
    let model = dir.path().join("model");
    by_forecasts.network.save(&model).unwrap();
    let ranker = RivalRanker::load(SystemKind::Dnn, &model, Isa::detect()).unwrap();
    let options = EvaluateOptions { split: Split::Valid, relevance: "like".to_owned(), on_bad: OnBad::Fail };
    let length = NonZeroUsize::new(made::LENGTH).unwrap();
    let measured = compare(&[&ranker as &dyn Compared], length, &data, &options, |_, _, _| {}).unwrap();
    let found = measured.systems[0].shown.get("LogLoss").unwrap().value;
    assert!((found - least).abs() < 1e-6, "{found}, of {losses:?}");

    let by_lists = trained(SystemKind::Dnn, &data, Kept::Lists);
    assert!(figures(&by_lists.history, "LogLoss").is_empty());
    let kept = |history: &[EpochRecord]| history.iter().rposition(|record| record.best).unwrap();
    let ndcg = figures(&by_lists.history, "NDCG@3");
    assert!(ndcg.iter().all(|value| *value <= ndcg[kept(&by_lists.history)]), "{ndcg:?}");

    // One that predicts nothing is kept by its lists.
    let prm = trained(SystemKind::Prm, &data, Kept::Forecasts);
    let ndcg = figures(&prm.history, "NDCG@3");
    assert!(ndcg.iter().all(|value| *value <= ndcg[kept(&prm.history)]), "{ndcg:?}");
    assert!(figures(&prm.history, "LogLoss").is_empty());
}
