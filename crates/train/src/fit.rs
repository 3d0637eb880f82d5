//! The training loop, the same for every model.
//!
//! A batch is cut into shards of a few lists with about as many candidates, the shards are dealt to a fixed number of lanes, and
//! each lane adds up the gradients of its shards in order; then the lanes are added up in order. How many threads work on the
//! lanes changes nothing, so the same seed gives the same bytes at any number of them.

use nar4rec_tensor::{Isa, Parameters, Purpose, Weights};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    AdamW, AdamWConfig, Example, FitConfig, TrainError, clip_norm,
    seeds::seed_at,
    task::{Lane, Task, Validation},
};

/// Lanes of a step: an upper bound on the threads that help.
const LANES: usize = 8;
/// Lists of a shard: few enough that their states stay in the second-level cache.
const SHARD: usize = 8;

/// What happened in one epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Counted from 1.
    pub epoch: u64,
    /// The mean loss of the epoch's steps.
    pub loss: f64,
    /// What early stopping watches: more is better.
    pub objective: f64,
    /// Figures on the validation split, by name.
    pub figures: Vec<(String, f64)>,
    /// Whether this is the best epoch so far.
    pub best: bool,
}

/// Tells what training is doing.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<'a> {
    /// The generator's training begins or goes on: which lists are good.
    Threshold {
        /// τ, the utility from which a list is.
        utility: f32,
        /// How many lists reach it.
        reached: usize,
        /// Of how many.
        lists: usize,
    },
    /// A model's training begins or goes on.
    Started {
        /// Its name.
        model: &'static str,
        /// How many numbers it has to learn.
        parameters: usize,
        /// Steps that are done already, of a run that is resumed.
        done: u64,
        /// Steps in all, if it is not stopped early.
        steps: u64,
    },
    /// A step was taken.
    Step {
        /// The model's name.
        model: &'static str,
        /// Counted from 1, over all epochs.
        step: u64,
        /// The loss of its batch.
        loss: f64,
        /// The length of its gradient before clipping.
        gradient: f32,
        /// The learning rate.
        learning_rate: f32,
        /// The lists in its batch.
        lists: usize,
    },
    /// An epoch was finished and validated.
    Epoch {
        /// The model's name.
        model: &'static str,
        /// What came of it.
        record: &'a EpochRecord,
    },
    /// A model's training is done.
    Finished {
        /// The model's name.
        model: &'static str,
        /// The epoch whose parameters are kept, from 1.
        best_epoch: u64,
    },
}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Take the next step.
    Continue,
    /// Save a checkpoint and stop.
    Stop,
}

/// Watches a training run.
pub trait Observer {
    /// Called for everything that happens; the answer to a step decides whether there is another.
    fn event(&mut self, event: &Event<'_>) -> Flow;
}

/// Nobody watches.
struct Unwatched;

impl Observer for Unwatched {
    fn event(&mut self, _: &Event<'_>) -> Flow {
        Flow::Continue
    }
}

/// A training run on its way: all that a checkpoint must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    parameters: Vec<Vec<f32>>,
    optimiser: AdamW,
    /// Batches of the current epoch that are done, and the sum of their losses.
    batches_done: u64,
    loss_sum: f64,
    best: Option<Best>,
    pub(crate) history: Vec<EpochRecord>,
}

impl Progress {
    /// Steps that are done.
    #[cfg(test)]
    pub(crate) fn steps(&self) -> u64 {
        self.optimiser.steps()
    }

    /// Takes over the present parameters.
    fn keep(&mut self, weights: &Weights) {
        for (kept, (_, values)) in self.parameters.iter_mut().zip(weights.parameters().iter()) {
            kept.copy_from_slice(values);
        }
    }
}

/// The best epoch so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Best {
    epoch: u64,
    objective: f64,
    parameters: Vec<Vec<f32>>,
}

/// How a run ended.
pub(crate) enum Ended {
    /// With the best parameters, and this came of each epoch.
    Done(Vec<EpochRecord>),
    /// Stopped by the observer.
    Stopped,
}

/// The parameters as the layers read them, and memory: of each lane, and for the sum of the lanes' gradients, one of each
/// parameter's shape.
#[derive(Debug)]
pub(crate) struct Machine {
    weights: Weights,
    lanes: Vec<Lane>,
    gradients: Vec<Vec<f32>>,
}

#[cfg(test)]
impl Machine {
    /// As they are now.
    pub(crate) fn parameters(&self) -> &Parameters {
        self.weights.parameters()
    }
}

/// A model, its settings and what it learns from.
pub(crate) struct Fit<'a, T> {
    pub(crate) task: &'a T,
    pub(crate) config: &'a FitConfig,
    pub(crate) examples: &'a [Example],
    pub(crate) seed: u64,
    pub(crate) isa: Isa,
}

impl<T: Task> Fit<'_, T> {
    /// The beginning of a run.
    pub(crate) fn start(&self, parameters: &Parameters) -> Progress {
        Progress {
            parameters: parameters.iter().map(|(_, values)| values.to_vec()).collect(),
            optimiser: AdamW::new(self.task.specs()),
            batches_done: 0,
            loss_sum: 0.0,
            best: None,
            history: Vec::new(),
        }
    }

    /// What works on it, with these parameters.
    pub(crate) fn machine(&self, parameters: &Parameters) -> Machine {
        Machine {
            weights: Weights::new(parameters.clone(), self.isa, Purpose::Training),
            lanes: (0..LANES).map(|_| self.task.lane()).collect(),
            gradients: self.task.specs().iter().map(|spec| vec![0.0; spec.len()]).collect(),
        }
    }

    fn batches(&self) -> u64 {
        self.examples.len().div_ceil(self.config.batch_size) as u64
    }

    fn steps(&self) -> u64 {
        self.config.epochs * self.batches()
    }

    /// Runs until the last epoch, until there is no progress, or until the observer says stop; then `parameters` are the
    /// best. `save` is called with what a checkpoint must hold.
    pub(crate) fn run(
        &self,
        mut progress: Progress,
        parameters: &mut Parameters,
        observer: &mut dyn Observer,
        mut save: impl FnMut(&Progress) -> Result<(), TrainError>,
    ) -> Result<Ended, TrainError> {
        parameters.values_mut().clone_from_slice(&progress.parameters);
        let (model, count) = (self.task.name(), parameters.count());
        let done = progress.optimiser.steps();
        observer.event(&Event::Started { model, parameters: count, done, steps: self.steps() });
        let mut machine = self.machine(parameters);
        while !self.is_finished(&progress) {
            if self.epoch(&mut progress, &mut machine, observer, &mut save)? == Flow::Stop {
                return Ok(Ended::Stopped);
            }
        }
        let best = progress.best.expect("at least one epoch was validated");
        observer.event(&Event::Finished { model, best_epoch: best.epoch });
        parameters.values_mut().clone_from_slice(&best.parameters);
        Ok(Ended::Done(progress.history))
    }

    /// What is left of an epoch, and its validation. Whatever stops it, the checkpoint was saved.
    fn epoch(
        &self,
        progress: &mut Progress,
        machine: &mut Machine,
        observer: &mut dyn Observer,
        save: &mut impl FnMut(&Progress) -> Result<(), TrainError>,
    ) -> Result<Flow, TrainError> {
        if self.batches_left(progress, machine, observer, save)? == Flow::Stop {
            return Ok(Flow::Stop);
        }
        self.finish_epoch(progress, &machine.weights)?;
        let record = progress.history.last().expect("an epoch was just recorded");
        let flow = observer.event(&Event::Epoch { model: self.task.name(), record });
        progress.keep(&machine.weights);
        save(progress)?;
        Ok(flow)
    }

    /// Every example once more, without validation or checkpoint: for measuring what that takes.
    pub(crate) fn pass(&self, progress: &mut Progress, machine: &mut Machine) -> Result<(), TrainError> {
        (progress.batches_done, progress.loss_sum) = (0, 0.0);
        self.batches_left(progress, machine, &mut Unwatched, &mut |_| Ok(())).map(drop)
    }

    /// The batches of an epoch that are not done.
    fn batches_left(
        &self,
        progress: &mut Progress,
        machine: &mut Machine,
        observer: &mut dyn Observer,
        save: &mut impl FnMut(&Progress) -> Result<(), TrainError>,
    ) -> Result<Flow, TrainError> {
        let order = self.order(progress.history.len() as u64);
        while progress.batches_done < self.batches() {
            let from = progress.batches_done as usize * self.config.batch_size;
            let to = self.examples.len().min(from + self.config.batch_size);
            let mut batch: Vec<&Example> =
                order[from..to].iter().map(|index| &self.examples[*index as usize]).collect();
            // A system that reads candidates one by one waits in each shard for the request with the most.
            batch.sort_by_key(|example| example.request.candidates());
            let event = self.step(&batch, progress, machine)?;
            let flow = observer.event(&event);
            if flow == Flow::Stop || progress.optimiser.steps().is_multiple_of(self.config.checkpoint_steps) {
                progress.keep(&machine.weights);
                save(progress)?;
            }
            if flow == Flow::Stop {
                return Ok(Flow::Stop);
            }
        }
        Ok(Flow::Continue)
    }

    fn is_finished(&self, progress: &Progress) -> bool {
        let epochs = progress.history.len() as u64;
        let best = progress.best.as_ref().map_or(0, |best| best.epoch);
        epochs >= self.config.epochs || epochs >= best + self.config.patience
    }

    /// The order of the examples in an epoch (Fisher–Yates).
    fn order(&self, epoch: u64) -> Vec<u32> {
        let mut rng = Pcg64Mcg::seed_from_u64(seed_at(self.seed, &[epoch]));
        let mut order: Vec<u32> = (0..self.examples.len() as u32).collect();
        for i in (1..order.len()).rev() {
            order.swap(i, rng.random_range(0..=i));
        }
        order
    }

    /// One step: gradients of a batch, clipped, and the optimiser's move.
    fn step<'e>(
        &self,
        batch: &[&Example],
        progress: &mut Progress,
        Machine { weights, lanes, gradients }: &mut Machine,
    ) -> Result<Event<'e>, TrainError> {
        let (step, steps) = (progress.optimiser.steps(), self.steps());
        let loss = self.gradients(batch, seed_at(self.seed, &[u64::MAX, step]), weights, lanes);
        self.reduce(lanes, gradients);
        let (gradient, factor) = clip_norm(self.isa, gradients, self.config.clip_norm);
        if !loss.is_finite() || !gradient.is_finite() {
            return Err(self.diverged(step + 1));
        }
        let warmup = (f64::from(self.config.warmup) * steps as f64).ceil() as u64;
        let learning_rate = self.config.learning_rate * self.config.decay.share(step, steps, warmup);
        let adam = AdamWConfig { weight_decay: self.config.weight_decay, ..AdamWConfig::default() };
        weights.update(|parameters| {
            progress.optimiser.step(self.isa, adam, learning_rate, parameters, (gradients, factor));
        });
        progress.batches_done += 1;
        progress.loss_sum += loss;
        Ok(Event::Step { model: self.task.name(), step: step + 1, loss, gradient, learning_rate, lists: batch.len() })
    }

    /// The loss of a batch, its gradients spread over the lanes.
    fn gradients(&self, batch: &[&Example], seed: u64, weights: &Weights, lanes: &mut [Lane]) -> f64 {
        let scale = self.task.scale(batch);
        let losses: Vec<f64> = lanes
            .par_iter_mut()
            .enumerate()
            .map(|(index, lane)| {
                lane.gradients.clear();
                let shards = batch.chunks(SHARD).enumerate().skip(index).step_by(LANES);
                shards
                    .map(|(shard, examples)| {
                        self.task.loss(weights, examples, scale, seed_at(seed, &[shard as u64]), lane)
                    })
                    .sum()
            })
            .collect();
        losses.iter().sum()
    }

    /// Adds up the lanes' gradients, in order.
    fn reduce(&self, lanes: &[Lane], sums: &mut [Vec<f32>]) {
        sums.par_iter_mut().enumerate().for_each(|(index, sum)| {
            sum.fill(0.0);
            lanes.iter().for_each(|lane| lane.gradients.add_to(self.isa, index, sum));
        });
    }

    /// Validates an epoch. Parameters that are no numbers any more are never kept.
    fn finish_epoch(&self, progress: &mut Progress, weights: &Weights) -> Result<(), TrainError> {
        let finite = |(_, values): (_, &[f32])| values.iter().all(|value| value.is_finite());
        if !weights.parameters().iter().all(finite) {
            return Err(self.diverged(progress.optimiser.steps()));
        }
        let Validation { objective, figures } = self.task.validate(weights);
        if !objective.is_finite() || !figures.iter().all(|(_, figure)| figure.is_finite()) {
            return Err(self.diverged(progress.optimiser.steps()));
        }
        let epoch = progress.history.len() as u64 + 1;
        let best = progress.best.as_ref().is_none_or(|best| objective > best.objective);
        if best {
            let parameters = weights.parameters().iter().map(|(_, values)| values.to_vec()).collect();
            progress.best = Some(Best { epoch, objective, parameters });
        }
        let loss = progress.loss_sum / progress.batches_done as f64;
        progress.history.push(EpochRecord { epoch, loss, objective, figures, best });
        (progress.batches_done, progress.loss_sum) = (0, 0.0);
        Ok(())
    }

    fn diverged(&self, step: u64) -> TrainError {
        TrainError::Diverged { model: self.task.name(), step }
    }
}
