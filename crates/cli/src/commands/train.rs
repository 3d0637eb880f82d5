//! `nar4rec train`: from a data set and a configuration to a model directory.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use nar4rec_data::{DataSet, Split};
use nar4rec_experiments::ExperimentError;
use nar4rec_infer::Reranker;
use nar4rec_model::{InvalidModel, Model};
use nar4rec_train::{Config, Outcome, PrepareOptions, Prepared, Resume, SystemKind, TrainError, TrainOptions, Trained};

use super::{evaluate::measure, read_text, tell_skipped};
use crate::{
    args::{Machine, TrainArgs},
    console,
    failure::{Interrupted, Misuse},
    page, target,
    watch::{Append, Watch},
};

/// Trains, saves the model and removes the checkpoint.
pub(crate) fn train(args: TrainArgs, machine: Machine) -> anyhow::Result<()> {
    let mut config = read_config(&args.config)?;
    config.seed = args.seed.unwrap_or(config.seed);
    if let Some(report) = &args.report {
        target::check_file("--report", report)?;
    }
    let schema = args.schema.as_deref().map(read_schema).transpose()?;
    let data = DataSet::open(&args.data)?;
    let checkpoint = beside(&args.out, ".checkpoint");
    if args.resume && !checkpoint.exists() {
        console::note(&format!("{}: not there, so the run begins anew", checkpoint.display()));
    }
    let run = Run {
        data: &data,
        config: &config,
        out: &args.out,
        metrics: args.metrics.clone().unwrap_or_else(|| beside(&args.out, ".metrics.jsonl")),
        resume: if args.resume { Resume::IfPossible } else { Resume::Never },
        go_on: "go on with --resume",
    };
    let prepare = PrepareOptions { schema, on_bad: args.bad.policy() };
    if let Some(system) = args.system {
        return run.train_rival(system, prepare, machine).map_err(|error| blame_config(error, Some(&args.config)));
    }
    let (trained, watch) = run.train(prepare, machine).map_err(|error| blame_config(error, Some(&args.config)))?;
    if let Some(path) = &args.report {
        let reranker = Reranker::new(Model::load(&args.out)?, machine.isa)?;
        let evaluation = measure(&reranker, &data, Split::Valid, &relevance(&trained.model)?, args.bad.policy())?;
        let title = format!("NAR4Rec on {}", args.data.display());
        page::write(
            path,
            &page::Source {
                title,
                reranker: &reranker,
                data: &data,
                evaluation: &evaluation,
                training: Some((&trained, &watch)),
            },
        )?;
        console::note(&format!("{}: the report", path.display()));
    }
    Ok(())
}

/// A training run with its files.
pub(crate) struct Run<'a> {
    pub(crate) data: &'a DataSet,
    pub(crate) config: &'a Config,
    /// The model's directory; the checkpoint lies beside it.
    pub(crate) out: &'a Path,
    pub(crate) metrics: PathBuf,
    pub(crate) resume: Resume,
    /// How a person goes on after Ctrl-C.
    pub(crate) go_on: &'static str,
}

impl Run<'_> {
    /// Trains NAR4Rec and saves it.
    pub(crate) fn train(&self, prepare: PrepareOptions, machine: Machine) -> anyhow::Result<(Box<Trained>, Watch)> {
        let (options, mut watch) = self.start(prepare, machine)?;
        let Outcome::Finished(trained) = nar4rec_train::train(self.data, self.config, options, &mut watch)? else {
            return Err(self.interrupted().into());
        };
        tell_prepared(&trained.prepared);
        trained.model.save(self.out)?;
        self.finish(&watch)?;
        Ok((trained, watch))
    }

    /// Trains a system that NAR4Rec is compared with and saves it.
    pub(crate) fn train_rival(
        &self,
        system: SystemKind,
        prepare: PrepareOptions,
        machine: Machine,
    ) -> anyhow::Result<()> {
        let (options, mut watch) = self.start(prepare, machine)?;
        let trained = nar4rec_train::train_rival(system, self.data, self.config, options, &mut watch)?;
        let trained = trained.ok_or_else(|| self.interrupted())?;
        tell_prepared(&trained.prepared);
        trained.network.save(self.out)?;
        self.finish(&watch)
    }

    /// Checks the names and opens what a run writes to.
    fn start(&self, prepare: PrepareOptions, machine: Machine) -> anyhow::Result<(TrainOptions, Watch)> {
        self.check_names()?;
        let parent = self.out.parent().filter(|parent| !parent.as_os_str().is_empty());
        if let Some(parent) = parent {
            fs::create_dir_all(parent).with_context(|| format!("{}: cannot create", parent.display()))?;
        }
        Model::check_target(self.out)?;
        let checkpoint = self.checkpoint();
        let append = if self.resume == Resume::IfPossible && checkpoint.exists() { Append::Yes } else { Append::No };
        let watch = Watch::new(&self.metrics, append);
        Ok((TrainOptions { isa: machine.isa, prepare, checkpoint: Some(checkpoint), resume: self.resume }, watch))
    }

    /// The model is saved: the checkpoint is of no more use, and Ctrl-C need not wait for anything.
    fn finish(&self, watch: &Watch) -> anyhow::Result<()> {
        console::note(&format!("{}: the model", self.out.display()));
        let checkpoint = self.checkpoint();
        if checkpoint.exists() {
            fs::remove_file(&checkpoint).with_context(|| format!("{}: cannot remove", checkpoint.display()))?;
        }
        match watch.ends() {
            true => Err(Interrupted(format!("stopped; {} is complete", self.out.display())).into()),
            false => Ok(()),
        }
    }

    fn checkpoint(&self) -> PathBuf {
        beside(self.out, ".checkpoint")
    }

    fn interrupted(&self) -> Interrupted {
        Interrupted(format!("stopped; {} has what was done: {}", self.checkpoint().display(), self.go_on))
    }

    /// Refuses names with which the model could not be saved in the end.
    fn check_names(&self) -> Result<(), Misuse> {
        if self.out.file_name().is_none() {
            let problem = format!("--out: {} ends in no name, expected a directory to make", self.out.display());
            return Err(Misuse(problem));
        }
        if self.metrics.starts_with(self.out) {
            let problem = format!("--metrics: {} is in the model's directory, expected", self.metrics.display());
            return Err(Misuse(format!("{problem} a file outside {}", self.out.display())));
        }
        Ok(())
    }
}

/// Tells what the preparation of the data had to say.
pub(crate) fn tell_prepared(prepared: &Prepared) {
    prepared.notes.iter().for_each(|note| console::note(note));
    for (name, skipped) in &prepared.skipped {
        tell_skipped(name, skipped);
    }
}

/// What only the data could show to be wrong with a configuration is misuse too.
pub(crate) fn blame_config(error: anyhow::Error, config: Option<&Path>) -> anyhow::Error {
    let of_training = match error.downcast_ref() {
        Some(ExperimentError::Train(error)) => Some(error),
        _ => error.downcast_ref(),
    };
    let of_config = |error: &TrainError| {
        matches!(
            error,
            TrainError::Relevance { .. } | TrainError::Invalid(InvalidModel::Config(_) | InvalidModel::TooLarge { .. })
        )
    };
    match (of_training.filter(|error| of_config(error)), config) {
        (Some(problem), Some(config)) => Misuse(format!("{}: {problem}", config.display())).into(),
        (Some(problem), None) => Misuse(problem.to_string()).into(),
        (None, _) => error,
    }
}

/// Reads a configuration file if there is one; otherwise everything has its default.
pub(crate) fn config_or_default(path: Option<&Path>) -> anyhow::Result<Config> {
    path.map_or_else(|| Ok(Config::default()), read_config)
}

/// Reads a configuration file; what is wrong with it is misuse.
pub(crate) fn read_config(path: &Path) -> anyhow::Result<Config> {
    let text = read_text(path)?;
    Config::from_toml(&text).map_err(|error| Misuse(format!("{}: {error}", path.display())).into())
}

fn read_schema(path: &Path) -> anyhow::Result<nar4rec_infer::Schema> {
    let text = read_text(path)?;
    let schema: nar4rec_infer::Schema =
        serde_json::from_str(&text).map_err(|error| Misuse(format!("{}: {error}", path.display())))?;
    schema.validate().map_err(|error| Misuse(format!("{}: {error}", path.display())))?;
    Ok(schema)
}

/// The kind of feedback that makes an item relevant to a model's metrics.
pub(crate) fn relevance(model: &Model) -> anyhow::Result<String> {
    let config: Config = serde_json::from_value(model.config.training.clone())
        .context("the model's training configuration is not one of this version")?;
    config.relevance.context("the model's training configuration names no relevance")
}

/// `path` with `ending` added to its name.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(ending);
    path.with_file_name(name)
}
