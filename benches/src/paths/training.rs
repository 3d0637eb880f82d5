//! Steps of the generator's training, as `nar4rec train` takes them.
//!
//! Training runs in a thread of its own and stops after every step until it is told to go on: a run of the benchmark is the
//! step in between. There are four batches to an epoch and one list to validate on, so that what an epoch ends with touches
//! one step in four and not the median. The learning rate rises so slowly that the parameters stay what they were.

use std::{
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

use anyhow::Context;
use nar4rec_data::{DataSet, JsonLinesWriter};
use nar4rec_kernels::Isa;
use nar4rec_model::{Model, PipelineConfig};
use nar4rec_slate::Request;
use nar4rec_train::{
    Config, Event, FitConfig, Flow, LossConfig, Observer, PrepareOptions, Resume, Threshold, TrainOptions,
    TrainingConfig, Weighting, train,
};
use ndarray::Array2;
use serde_json::{Value, json};

use super::numbers_of;
use crate::{
    Benchmark, Shape, noise, oracle,
    shape::{SEED, batch, default_decoders, schema},
};

/// Lists of a step.
pub(crate) const LISTS: usize = 256;

/// Batches of an epoch: the same lists over and over.
const BATCHES: usize = 4;

/// The utility from which a list is good.
pub(crate) const THRESHOLD: f32 = 3.0;

/// More epochs than there will be.
const EPOCHS: u64 = 1_000_000_000;

/// Steps of 256 lists, on so many threads.
pub(crate) fn training(shape: &Shape, threads: usize) -> anyhow::Result<Benchmark> {
    let requests = shape.requests(LISTS);
    let labels = labels(shape);
    let model = shape.fresh_model(default_decoders())?;
    let mut steps = Steps::begin(shape, &requests, &labels, threads)?;
    // Each list stands in four of the first four batches' places.
    let found: f64 = (0..BATCHES).map(|_| steps.next()).sum::<f64>() / BATCHES as f64;
    let expected = expected_loss(shape, &model, &requests, &labels);
    oracle::assert_close("loss", &[found as f32], [expected], 1e-5);
    Ok(Benchmark::answers(LISTS, move || {
        steps.next();
    }))
}

/// What users did with each shown item: 0 or 1, `[lists, m]`.
pub(crate) fn labels(shape: &Shape) -> Vec<f32> {
    noise(LISTS * shape.positions, 41).iter().map(|x| f32::from(u8::from(*x > 0.0))).collect()
}

/// The candidates shown in each list: the first ones, in this order.
pub(crate) fn shown(shape: &Shape) -> std::ops::Range<usize> {
    0..shape.positions
}

/// The mean loss of the lists (docs/method.md §2).
pub(crate) fn expected_loss(shape: &Shape, model: &Model, requests: &[Request], labels: &[f32]) -> f64 {
    let LossConfig { contrastive_weight, margin, .. } = LossConfig::default();
    let numbers = batch(requests).candidate_numbers;
    let lists = labels.chunks_exact(shape.positions).enumerate().map(|(index, labels)| {
        let numbers = numbers_of(&numbers, shape, index);
        let generated = oracle::generator(&model.generator.parameters, shape, &numbers);
        let logs = shown(shape).map(|j| generated.log_probabilities[[j, j]]);
        let of_list: f64 = match labels.iter().sum::<f32>() >= THRESHOLD {
            true => -logs.sum::<f64>(),
            false => -logs.map(|log| (1.0 - log.exp()).max(1e-5).ln()).sum::<f64>(),
        };
        let apart = hinges(&generated.candidates, f64::from(margin)) + hinges(&generated.positions, f64::from(margin));
        of_list + f64::from(contrastive_weight) * apart
    });
    lists.sum::<f64>() / requests.len() as f64
}

/// mean over i ≠ j of max(0, ρ − 1 + cos(s_i, s_j))
fn hinges(states: &Array2<f64>, margin: f64) -> f64 {
    let mut units = states.clone();
    for mut row in units.rows_mut() {
        let length = row.dot(&row).sqrt();
        row /= length;
    }
    let n = states.nrows();
    let cosines = units.dot(&units.t());
    let hinge = |((i, j), cosine): ((usize, usize), &f64)| if i == j { 0.0 } else { (margin - 1.0 + cosine).max(0.0) };
    cosines.indexed_iter().map(hinge).sum::<f64>() / (n * (n - 1)) as f64
}

/// A training run that waits after every step.
struct Steps {
    /// `None` once it was told to end.
    go: Option<SyncSender<()>>,
    losses: Receiver<f64>,
    thread: Option<JoinHandle<()>>,
    is_begun: bool,
}

impl Steps {
    fn begin(shape: &Shape, requests: &[Request], labels: &[f32], threads: usize) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        write(&dir, shape, requests, labels)?;
        let (data, config) = (DataSet::open(dir.path())?, config(shape));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let ((go, wait), (tell, losses)) = (sync_channel(0), sync_channel(0));
        let mut observer = Pause { tell, wait };
        let thread = thread::spawn(move || {
            let prepare = PrepareOptions { schema: Some(schema()), ..PrepareOptions::default() };
            let options = TrainOptions { isa: Isa::detect(), prepare, checkpoint: None, resume: Resume::Never };
            let outcome = pool.install(|| train(&data, &config, options, &mut observer));
            // The folder lives as long as it is read.
            drop(dir);
            outcome.expect("the data is valid and the rate too low to diverge");
        });
        Ok(Self { go: Some(go), losses, thread: Some(thread), is_begun: false })
    }

    /// The loss of the next step.
    fn next(&mut self) -> f64 {
        if self.is_begun {
            let go = self.go.as_ref().expect("it was not told to end");
            go.send(()).expect("training waits to go on");
        }
        self.is_begun = true;
        self.losses.recv().expect("training goes on until it is told to end")
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.go = None;
        let ended = self.thread.take().map(JoinHandle::join);
        debug_assert!(ended.is_none_or(|ended| ended.is_ok()), "training stopped in peace");
    }
}

/// Tells each loss and waits.
struct Pause {
    tell: SyncSender<f64>,
    wait: Receiver<()>,
}

impl Observer for Pause {
    fn event(&mut self, event: &Event<'_>) -> Flow {
        let Event::Step { loss, .. } = event else { return Flow::Continue };
        match self.tell.send(*loss).is_ok() && self.wait.recv().is_ok() {
            true => Flow::Continue,
            false => Flow::Stop,
        }
    }
}

fn config(shape: &Shape) -> Config {
    let fit = FitConfig { epochs: EPOCHS, patience: EPOCHS, checkpoint_steps: EPOCHS, ..FitConfig::default() };
    let loss = LossConfig {
        utility_threshold: Threshold::Value(THRESHOLD),
        weighting: Weighting::List,
        ..LossConfig::default()
    };
    Config {
        seed: SEED,
        generator: shape.generator(),
        evaluator: shape.evaluator(),
        pipeline: PipelineConfig::default(),
        training: TrainingConfig { loss, generator: fit, ..TrainingConfig::default() },
        ..Config::default()
    }
}

/// Writes the data set: the lists four times for training, the first one for validation.
fn write(dir: &tempfile::TempDir, shape: &Shape, requests: &[Request], labels: &[f32]) -> anyhow::Result<()> {
    for (split, lists, copies) in [("train", requests.len(), BATCHES), ("valid", 1, 1)] {
        let mut writer = JsonLinesWriter::create(dir.path().join(format!("{split}.jsonl")))?;
        for copy in 0..copies {
            for (request, labels) in requests.iter().zip(labels.chunks_exact(shape.positions)).take(lists) {
                writer.write(&impression(&format!("{split}{copy}"), request, labels)?)?;
            }
        }
        writer.finish()?;
    }
    Ok(())
}

fn impression(prefix: &str, request: &Request, labels: &[f32]) -> anyhow::Result<Value> {
    let mut line = serde_json::to_value(request)?;
    let object = line.as_object_mut().context("a request is an object")?;
    let shown: Vec<Value> = (request.candidates().iter().zip(labels))
        .map(|(candidate, label)| json!({"id": candidate.id, "feedback": {"click": label}}))
        .collect();
    object.insert("request_id".to_owned(), json!(format!("{prefix}-{}", request.request_id())));
    object.insert("shown".to_owned(), Value::Array(shown));
    Ok(line)
}
