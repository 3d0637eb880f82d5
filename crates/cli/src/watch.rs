//! Watches a training run: a progress bar on a terminal, plain lines elsewhere, and every step as JSON Lines.

use std::{
    fs::File,
    io::{self, BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use nar4rec_train::{EpochRecord, Event, Flow, Observer};
use serde_json::json;

use crate::{console, interrupt::Interrupt};

/// Between two plain lines.
const QUIET: Duration = Duration::from_secs(10);

/// The observer of the command line.
pub(crate) struct Watch {
    interrupt: Interrupt,
    metrics: Metrics,
    bar: Option<ProgressBar>,
    pace: Pace,
    last_line: Instant,
    /// The losses of all steps, by model, for the report.
    pub(crate) losses: Vec<(&'static str, Vec<(u64, f64)>)>,
}

/// How fast the present model's training goes.
#[derive(Debug)]
struct Pace {
    since: Instant,
    first: u64,
    steps: u64,
    lists: usize,
}

/// The file of metrics, opened when there is something to write; the first failure ends it and is told once.
struct Metrics {
    path: PathBuf,
    append: Append,
    file: Option<BufWriter<File>>,
}

impl Metrics {
    /// Opens the file: a new one, or at the end of one that is there.
    fn open(&mut self) {
        let mut options = File::options();
        options.create(true);
        match self.append {
            Append::Yes => options.append(true),
            Append::No => options.write(true).truncate(true),
        };
        match options.open(&self.path) {
            Ok(file) => self.file = Some(BufWriter::new(file)),
            Err(error) => console::warning(&format!("{}: cannot write metrics: {error}", self.path.display())),
        }
        self.append = Append::Yes;
    }

    fn write(&mut self, line: &serde_json::Value) {
        let Some(file) = &mut self.file else { return };
        if let Err(error) = writeln!(file, "{line}").and_then(|()| file.flush()) {
            console::warning(&format!("{}: cannot write metrics: {error}", self.path.display()));
            self.file = None;
        }
    }
}

impl Watch {
    /// A watch that records metrics in `path`: a new file, or at the end of one that is there if the run is resumed.
    pub(crate) fn new(path: &Path, append: Append) -> Self {
        Self::until(Interrupt::listen(), path, append)
    }

    /// The same where somebody listens already.
    pub(crate) fn until(interrupt: Interrupt, path: &Path, append: Append) -> Self {
        let now = Instant::now();
        Self {
            interrupt,
            metrics: Metrics { path: path.to_owned(), append, file: None },
            bar: None,
            pace: Pace { since: now, first: 0, steps: 0, lists: 0 },
            last_line: now,
            losses: Vec::new(),
        }
    }

    /// Nothing is left to save: Ctrl-C ends the process again. Whether it was pressed before.
    pub(crate) fn ends(&self) -> bool {
        self.interrupt.ends();
        self.interrupt.requested()
    }

    fn started(&mut self, model: &'static str, parameters: usize, done: u64, steps: u64) {
        self.pace = Pace { since: Instant::now(), first: done, steps, lists: 0 };
        self.losses.push((model, Vec::new()));
        self.metrics.open();
        let resumed = if done > 0 { format!(", going on after step {done}") } else { String::new() };
        console::note(&format!("{model}: {parameters} parameters, {steps} steps{resumed}"));
        if io::stderr().is_terminal() {
            let bar = ProgressBar::new(steps).with_position(done);
            let style = ProgressStyle::with_template("{prefix} {bar:32} {pos}/{len} {msg} {eta} left");
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar.set_prefix(model);
            bar.reset_eta();
            self.bar = Some(bar);
        }
    }

    fn step(&mut self, model: &str, step: u64, loss: f64, lists: usize) {
        self.pace.lists += lists;
        let seconds = self.pace.since.elapsed().as_secs_f64().max(1e-9);
        let rate = self.pace.lists as f64 / seconds;
        match &self.bar {
            Some(bar) => {
                bar.set_position(step);
                bar.set_message(format!("loss {loss:.4}, {rate:.0} lists/s"));
            }
            None if self.last_line.elapsed() >= QUIET => {
                let left = seconds / (step - self.pace.first) as f64 * (self.pace.steps - step) as f64;
                let steps = self.pace.steps;
                console::note(&format!(
                    "{model}: step {step}/{steps}, loss {loss:.4}, {rate:.0} lists/s, {left:.0} s left"
                ));
                self.last_line = Instant::now();
            }
            None => {}
        }
    }

    fn epoch(&mut self, model: &str, record: &EpochRecord) {
        let figures: Vec<String> = record.figures.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
        let best = if record.best { ", best so far" } else { "" };
        let (epoch, loss) = (record.epoch, record.loss);
        let line = format!("{model}: epoch {epoch}, loss {loss:.4}, valid {}{best}", figures.join(", "));
        match &self.bar {
            Some(bar) => bar.suspend(|| console::note(&line)),
            None => console::note(&line),
        }
        self.last_line = Instant::now();
    }

    fn finished(&mut self, model: &str, best_epoch: u64) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        let seconds = self.pace.since.elapsed().as_secs_f64();
        console::note(&format!("{model}: done in {seconds:.0} s, epoch {best_epoch} is kept"));
    }
}

/// Whether a file of metrics is continued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Append {
    Yes,
    No,
}

impl Observer for Watch {
    fn event(&mut self, event: &Event<'_>) -> Flow {
        match *event {
            Event::Threshold { utility, reached, lists } => {
                console::note(&format!("generator: {reached} of {lists} lists reach τ, a utility of {utility}"));
                self.metrics.open();
                let line = json!({"event": "threshold", "utility": utility, "reached": reached, "lists": lists});
                self.metrics.write(&line);
            }
            Event::Started { model, parameters, done, steps } => {
                self.started(model, parameters, done, steps);
                // Of a run that was killed, steps after `done` stand above this line; they are taken again.
                let line = json!({"event": "started", "model": model, "parameters": parameters, "done": done,
                    "steps": steps});
                self.metrics.write(&line);
            }
            Event::Step { model, step, loss, gradient, learning_rate, lists } => {
                self.step(model, step, loss, lists);
                if let Some((_, losses)) = self.losses.last_mut() {
                    losses.push((step, loss));
                }
                let line = json!({"event": "step", "model": model, "step": step, "loss": loss, "gradient_norm": gradient,
                    "learning_rate": learning_rate, "lists": lists});
                self.metrics.write(&line);
            }
            Event::Epoch { model, record } => {
                self.epoch(model, record);
                let figures: serde_json::Map<_, _> =
                    record.figures.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
                let line = json!({"event": "epoch", "model": model, "epoch": record.epoch, "loss": record.loss,
                    "valid": figures, "best": record.best});
                self.metrics.write(&line);
            }
            Event::Finished { model, best_epoch } => {
                self.finished(model, best_epoch);
                self.metrics.write(&json!({"event": "finished", "model": model, "best_epoch": best_epoch}));
            }
        }
        if self.interrupt.requested() { Flow::Stop } else { Flow::Continue }
    }
}
