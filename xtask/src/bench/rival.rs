//! `rival`: PyTorch and ONNX Runtime beside ours, in turns, on the same weights and with the same answers.
//!
//! `measure export` writes a model, its inputs and our answers, `nar4rec export` its graphs; `benches/rival.py` loads them, stops
//! if an answer of its own is off, and times what it is told to. Of a turn the quickest run counts, of the turns the one in the
//! middle. Everything runs on as many threads as are said; ours, but for training, has one. Two threads need two cores that
//! nothing else uses: PyTorch's wait for each other busily.
#![allow(clippy::print_stdout, reason = "it prints a table")]

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::Context;
use clap::Args;
use serde::Deserialize;

use super::engine::{After, Engine, Program, Sampling};
use super::machine::Machine;
use super::table::{Table, duration, median};

/// What to compare with.
#[derive(Debug, Args)]
pub struct RivalOptions {
    /// A Python that has PyTorch, ONNX Runtime or both; that of `NAR4REC_PYTHON` if not given
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
    /// Only this shape
    #[arg(long, value_parser = ["kuaishou", "small", "large"])]
    shape: Option<String>,
    /// A folder that `nar4rec export` made of `target/bench/rival/SHAPE/model`; it is made if not given
    #[arg(long, value_name = "DIR", requires = "shape")]
    onnx: Option<PathBuf>,
    /// Turns of each
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Milliseconds of a turn
    #[arg(long, default_value_t = 300)]
    millis: u64,
}

const SCRIPT: &str = "benches/rival.py";
const FOLDER: &str = "target/bench/rival";

/// Shapes, and whether they are trained: a step of the large one takes ten seconds or more.
const SHAPES: [(&str, bool); 3] = [("kuaishou", true), ("small", true), ("large", false)];

/// What is timed on so many threads.
const TASKS: [(&str, usize); 6] = [
    ("generator/1", 1),
    ("generator/64", 1),
    ("evaluator/8", 1),
    ("choice/1", 1),
    ("training/1", 1),
    ("training/2", 2),
];

/// Exports, times in turns and prints.
pub(crate) fn rival(root: &Path, options: &RivalOptions) -> anyhow::Result<()> {
    let python = options.python.clone().map(PathBuf::into_os_string).or_else(|| env::var_os("NAR4REC_PYTHON"));
    let Some(python) = python else {
        println!("no rival to run: give a Python that has PyTorch or ONNX Runtime with --python or NAR4REC_PYTHON");
        return Ok(());
    };
    let program = Program::build(root, None)?;
    println!("{}\n", Machine::this(root).line());
    let mut table = Table::new(["what", "ours", "PyTorch", "ratio", "ONNX Runtime", "ratio"]);
    for (shape, is_trained) in SHAPES {
        if options.shape.as_ref().is_none_or(|wanted| wanted == shape) {
            let folder = written(root, &program, shape, is_trained)?;
            let onnx = options.onnx.clone().map_or_else(|| exported(root, &folder), Ok)?;
            for threads in if is_trained { 1..=2 } else { 1..=1 } {
                let given = Given { python: &python, folder: &folder, onnx: &onnx, threads };
                let rival = Rival::start(root, &given)?;
                if rival.hello.offers.is_empty() {
                    println!("{} has neither PyTorch nor ONNX Runtime", python.display());
                    return Ok(());
                }
                lines(&mut table, program.start()?, rival, (shape, threads), options)?;
            }
        }
    }
    println!(
        "\n{}\nA time is that of the quickest run of a turn, in the median turn; a ratio the rival's time over ours.",
        table.text().trim_end()
    );
    Ok(())
}

/// The folder of a shape's model, inputs and answers.
fn written(root: &Path, program: &Program, shape: &str, is_trained: bool) -> anyhow::Result<PathBuf> {
    let folder = root.join(FOLDER).join(shape);
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let text = folder.to_str().context("a path that is text")?;
    let training = is_trained.then_some("--training");
    program.run(&["export", shape, text].into_iter().chain(training).collect::<Vec<_>>())?;
    Ok(folder)
}

/// The graphs of the folder's model, by our own command line.
fn exported(root: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let out = folder.join("onnx");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root).args(["run", "--release", "--quiet", "--package", "nar4rec-cli", "--", "export"]);
    command.arg(folder.join("model")).args(["--format", "onnx", "--out"]).arg(&out);
    let status = command.status().context("running nar4rec export")?;
    anyhow::ensure!(status.success(), "nar4rec export: {status}");
    Ok(out)
}

/// Times what is timed on so many threads.
fn lines(
    table: &mut Table,
    mut ours: Engine,
    mut rival: Rival,
    (shape, threads): (&str, usize),
    options: &RivalOptions,
) -> anyhow::Result<()> {
    if threads == 1 {
        rival.tell(shape);
    }
    for (task, _) in TASKS.iter().filter(|(_, of)| *of == threads) {
        if rival.offers_any(task) {
            line(table, &mut ours, &mut rival, (shape, task), options)?;
        }
    }
    Ok(())
}

/// Times one task, and puts it into the table.
fn line(
    table: &mut Table,
    ours: &mut Engine,
    rival: &mut Rival,
    (shape, task): (&str, &str),
    options: &RivalOptions,
) -> anyhow::Result<()> {
    let names = ["torch", "onnx"].map(|who| format!("{who} {task}"));
    let (kind, count) = task.split_once('/').context("a task has a number")?;
    let name = format!("{kind}/{shape}/{count}");
    let mut times: [Vec<f64>; 3] = Default::default();
    for _ in 0..options.rounds.max(1) {
        let sampling = Sampling { millis: options.millis, samples: 1, after: After::Keep };
        times[0].push(ours.time(&name, sampling)?.least);
        for (name, times) in names.iter().zip(&mut times[1..]) {
            times.extend(rival.time(name, options.millis)?);
        }
    }
    ours.time(&name, Sampling { millis: 0, samples: 1, after: After::Drop })?;
    let cell = |times: &Vec<f64>| if times.is_empty() { String::new() } else { duration(median(times)) };
    table.push([
        format!("{shape} {}", words(task)),
        cell(&times[0]),
        cell(&times[1]),
        ratio(&times[1], &times[0]),
        cell(&times[2]),
        ratio(&times[2], &times[0]),
    ]);
    Ok(())
}

/// The median of the ratios of neighbours in time.
fn ratio(theirs: &[f64], ours: &[f64]) -> String {
    if theirs.is_empty() {
        return String::new();
    }
    format!("{:.2}×", median(&theirs.iter().zip(ours).map(|(theirs, ours)| theirs / ours).collect::<Vec<_>>()))
}

/// What a task is, in words.
fn words(task: &str) -> &str {
    match task {
        "generator/1" => "generator, 1 request",
        "generator/64" => "generator, 64 requests",
        "evaluator/8" => "evaluator, 8 lists",
        "choice/1" => "generate, decode 8, evaluate, choose",
        "training/1" => "training step of 256 lists",
        "training/2" => "the same, 2 threads",
        _ => task,
    }
}

/// What the script is given.
struct Given<'a> {
    python: &'a OsString,
    folder: &'a Path,
    onnx: &'a Path,
    threads: usize,
}

/// The script's first line.
#[derive(Debug, Deserialize)]
struct Hello {
    offers: Vec<String>,
    versions: BTreeMap<String, String>,
    /// How far its answers are from ours.
    errors: BTreeMap<String, f64>,
}

/// The script's answer.
#[derive(Debug, Deserialize)]
struct Answer {
    least: f64,
}

/// The script, running.
struct Rival {
    child: Child,
    /// `None` once it was told to end.
    ask: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    hello: Hello,
}

impl Rival {
    fn start(root: &Path, given: &Given<'_>) -> anyhow::Result<Self> {
        let mut command = Command::new(given.python);
        command.current_dir(root).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.arg(SCRIPT).arg(given.folder).arg("--threads").arg(given.threads.to_string());
        command.arg("--onnx").arg(given.onnx);
        // Forces NumPy's library into kernels of another CPU where it is set.
        command.env_remove("OPENBLAS_CORETYPE");
        let mut child = command.spawn().with_context(|| format!("running {}", given.python.display()))?;
        let ask = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().context("its output is piped")?);
        let mut line = String::new();
        if answers.read_line(&mut line)? == 0 {
            anyhow::bail!("{SCRIPT}: {}, it says above why", child.wait()?);
        }
        let hello = serde_json::from_str(&line).with_context(|| format!("what {SCRIPT} says: {line}"))?;
        Ok(Self { child, ask, answers, hello })
    }

    /// Prints what it runs and how well it agrees.
    fn tell(&self, shape: &str) {
        let Hello { versions, errors, .. } = &self.hello;
        let versions: Vec<String> = versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
        let greatest = errors.values().copied().fold(0.0, f64::max);
        println!("{shape}: {}; answers differ from ours by at most {greatest:.0e}", versions.join(", "));
    }

    fn offers_any(&self, task: &str) -> bool {
        self.hello.offers.iter().any(|offer| offer.split_once(' ').is_some_and(|(_, offered)| offered == task))
    }

    /// The quickest run of what it is asked for, if it offers that.
    fn time(&mut self, what: &str, millis: u64) -> anyhow::Result<Option<f64>> {
        if !self.hello.offers.iter().any(|offer| offer == what) {
            return Ok(None);
        }
        let asked = serde_json::json!({"what": what, "seconds": millis as f64 / 1e3});
        let ask = self.ask.as_mut().context("the script was told to end")?;
        let _ = writeln!(ask, "{asked}").and_then(|()| ask.flush());
        let mut line = String::new();
        anyhow::ensure!(self.answers.read_line(&mut line)? > 0, "{SCRIPT} ended at {what}");
        let answer: Answer = serde_json::from_str(&line).with_context(|| format!("what {SCRIPT} says: {line}"))?;
        Ok(Some(answer.least))
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        self.ask = None;
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_script_says_is_read() {
        let hello = r#"{"offers": ["torch choice/1"], "versions": {"torch": "2.9"}, "errors": {"torch choice": 5e-7}}"#;
        let hello: Hello = serde_json::from_str(hello).unwrap();
        assert_eq!((hello.offers.len(), hello.versions["torch"].as_str()), (1, "2.9"));
        let answer: Answer = serde_json::from_str(r#"{"least": 1, "median": 2, "samples": 3}"#).unwrap();
        assert_eq!(answer.least, 1.0);
    }

    #[test]
    fn ratios_are_of_neighbours() {
        assert_eq!(ratio(&[2.0, 6.0, 30.0], &[1.0, 2.0, 10.0]), "3.00×");
        assert_eq!(ratio(&[], &[1.0]), "");
    }

    #[test]
    fn every_task_has_words() {
        assert!(TASKS.iter().all(|(task, _)| words(task) != *task));
    }
}
