//! `nar4rec train`: from a data set and a configuration to a model directory.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use nar4rec_data::{DataSet, Split};
use nar4rec_infer::Reranker;
use nar4rec_model::{InvalidModel, Model};
use nar4rec_train::{Config, Outcome, PrepareOptions, Resume, TrainError, TrainOptions, Trained};

use super::{evaluate::measure, tell_skipped};
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
    let (trained, watch) = run.train(prepare, machine).map_err(|error| blame_config(error, &args.config))?;
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
    /// Trains and saves.
    pub(crate) fn train(&self, prepare: PrepareOptions, machine: Machine) -> anyhow::Result<(Box<Trained>, Watch)> {
        self.check_names()?;
        let parent = self.out.parent().filter(|parent| !parent.as_os_str().is_empty());
        if let Some(parent) = parent {
            fs::create_dir_all(parent).with_context(|| format!("{}: cannot create", parent.display()))?;
        }
        Model::check_target(self.out)?;
        let checkpoint = beside(self.out, ".checkpoint");
        let append = if self.resume == Resume::IfPossible && checkpoint.exists() { Append::Yes } else { Append::No };
        let mut watch = Watch::new(&self.metrics, append);
        let options =
            TrainOptions { isa: machine.isa, prepare, checkpoint: Some(checkpoint.clone()), resume: self.resume };
        let outcome = nar4rec_train::train(self.data, self.config, options, &mut watch)?;
        let Outcome::Finished(trained) = outcome else {
            let text = format!("stopped; {} has what was done: {}", checkpoint.display(), self.go_on);
            return Err(Interrupted(text).into());
        };
        trained.prepared.notes.iter().for_each(|note| console::note(note));
        for (name, skipped) in &trained.prepared.skipped {
            tell_skipped(name, skipped);
        }
        trained.model.save(self.out)?;
        console::note(&format!("{}: the model", self.out.display()));
        if checkpoint.exists() {
            fs::remove_file(&checkpoint).with_context(|| format!("{}: cannot remove", checkpoint.display()))?;
        }
        Ok((trained, watch))
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

/// What only the data could show to be wrong with a configuration is misuse too.
fn blame_config(error: anyhow::Error, config: &Path) -> anyhow::Error {
    let of_config = |error: &TrainError| {
        matches!(
            error,
            TrainError::Relevance { .. } | TrainError::Invalid(InvalidModel::Config(_) | InvalidModel::TooLarge { .. })
        )
    };
    match error.downcast_ref().filter(|error| of_config(error)) {
        Some(problem) => Misuse(format!("{}: {problem}", config.display())).into(),
        None => error,
    }
}

/// Reads a configuration file; what is wrong with it is misuse.
pub(crate) fn read_config(path: &Path) -> anyhow::Result<Config> {
    let text = fs::read_to_string(path).map_err(|error| Misuse(format!("{}: cannot read: {error}", path.display())))?;
    Config::from_toml(&text).map_err(|error| Misuse(format!("{}: {error}", path.display())).into())
}

fn read_schema(path: &Path) -> anyhow::Result<nar4rec_infer::Schema> {
    let text = fs::read_to_string(path).map_err(|error| Misuse(format!("{}: cannot read: {error}", path.display())))?;
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
