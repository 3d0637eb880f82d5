//! The program `measure`: built, started, asked.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, bail};
use cargo_metadata::Message;
use regex::Regex;
use serde::{Deserialize, Serialize};

/// The time a benchmark took, as `measure` tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Timed {
    pub(crate) name: String,
    /// Nanoseconds of a run in the quickest sample.
    pub(crate) least: f64,
    /// In the one in the middle.
    pub(crate) median: f64,
    /// In the slowest.
    pub(crate) greatest: f64,
    pub(crate) samples: usize,
    pub(crate) unit: Unit,
    /// How much a run does.
    pub(crate) amount: f64,
    /// The benchmark whose speed is the most there is.
    pub(crate) peak: Option<String>,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    Operations,
    Bytes,
    Answers,
}

impl Timed {
    /// Billions a second.
    pub(crate) fn speed(&self) -> f64 {
        self.amount / self.median
    }
}

/// How to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sampling {
    /// About so long.
    pub(crate) millis: u64,
    /// No fewer samples than this.
    pub(crate) samples: usize,
    /// Whether the same will be asked for again.
    pub(crate) after: After,
}

/// What becomes of a benchmark after it was timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// Its memory is freed.
    Drop,
    /// It stays ready.
    Keep,
}

/// The program, built.
#[derive(Debug, Clone)]
pub(crate) struct Program(PathBuf);

impl Program {
    /// Builds it from the sources at a root. `target` is where cargo builds, if not where it does anyway.
    pub(crate) fn build(root: &Path, target: Option<&Path>) -> anyhow::Result<Self> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.current_dir(root).stdout(Stdio::piped());
        command.args(["build", "--release", "--package", "nar4rec-benches", "--bin", "measure"]);
        command.arg("--message-format=json-render-diagnostics");
        if let Some(target) = target {
            command.arg("--target-dir").arg(target);
        }
        let mut child = command.spawn().context("running cargo build")?;
        let output = BufReader::new(child.stdout.take().context("its output is piped")?);
        let mut executable = None;
        for message in Message::parse_stream(output) {
            if let Message::CompilerArtifact(artifact) = message? {
                executable = artifact.executable.filter(|_| artifact.target.name == "measure").or(executable);
            }
        }
        anyhow::ensure!(child.wait()?.success(), "`measure` could not be built in {}", root.display());
        Ok(Self(executable.context("cargo built no program")?.into()))
    }

    /// Copies it to where no later build replaces it.
    pub(crate) fn copied_to(&self, path: PathBuf) -> anyhow::Result<Self> {
        std::fs::copy(&self.0, &path).with_context(|| format!("writing {}", path.display()))?;
        Ok(Self(path))
    }

    /// The names it lists that a filter lets pass.
    pub(crate) fn names(&self, filter: Option<&Regex>) -> anyhow::Result<Vec<String>> {
        let output = Command::new(&self.0).arg("list").output().with_context(|| self.0.display().to_string())?;
        anyhow::ensure!(output.status.success(), "{}: {}", self.0.display(), output.status);
        let names = String::from_utf8(output.stdout)?;
        let passes = |name: &&str| filter.is_none_or(|filter| filter.is_match(name));
        Ok(names.lines().filter(passes).map(str::to_owned).collect())
    }

    /// Runs another of its tasks to the end.
    pub(crate) fn run(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let status = Command::new(&self.0).args(arguments).status().with_context(|| self.0.display().to_string())?;
        anyhow::ensure!(status.success(), "measure {}: {status}", arguments.join(" "));
        Ok(())
    }

    /// Starts it.
    pub(crate) fn start(&self) -> anyhow::Result<Engine> {
        let mut command = Command::new(&self.0);
        let mut child = command.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let ask = child.stdin.take().context("its input is piped")?;
        let answers = BufReader::new(child.stdout.take().context("its output is piped")?);
        Ok(Engine { child, ask: Some(ask), answers })
    }
}

/// The program, running.
#[derive(Debug)]
pub(crate) struct Engine {
    child: Child,
    /// `None` once it was told to end.
    ask: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Engine {
    /// Times a benchmark.
    ///
    /// # Errors
    /// If there is no such benchmark or its answer is wrong; the program has then said why.
    pub(crate) fn time(&mut self, name: &str, sampling: Sampling) -> anyhow::Result<Timed> {
        let Sampling { millis, samples, after } = sampling;
        let keep = after == After::Keep;
        let asked = serde_json::json!({"name": name, "millis": millis, "samples": samples, "keep": keep});
        let ask = self.ask.as_mut().context("the program was told to end")?;
        // If it has ended, that shows when no answer comes.
        let _ = writeln!(ask, "{asked}").and_then(|()| ask.flush());
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            bail!("benchmark {name} failed: {}", self.child.wait()?);
        }
        serde_json::from_str(&line).with_context(|| format!("what `measure` says: {line}"))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // At the end of its input it ends.
        self.ask = None;
        let _ = self.child.wait();
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An operation count and times of which the median is `median`.
    pub(crate) fn timed(name: &str, median: f64, amount: f64, peak: Option<&str>) -> Timed {
        Timed {
            name: name.to_owned(),
            least: median - 1.0,
            median,
            greatest: median + 2.0,
            samples: 3,
            unit: Unit::Operations,
            amount,
            peak: peak.map(str::to_owned),
        }
    }

    #[test]
    fn what_measure_prints_is_read() {
        let line = r#"{"name":"a/b","least":1.0,"median":2.0,"greatest":3.5,"samples":4,"unit":"bytes","amount":8.0,"peak":null}"#;
        let timed: Timed = serde_json::from_str(line).unwrap();
        assert_eq!((timed.unit, timed.speed(), timed.samples), (Unit::Bytes, 4.0, 4));
        assert_eq!(serde_json::to_string(&timed).unwrap(), line);
    }
}
