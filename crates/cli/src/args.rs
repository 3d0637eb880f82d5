//! The command line: every command, argument and what its help says.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, Subcommand};
use nar4rec_data::{Day, OnBad, Split};
use nar4rec_slate::MAX_CANDIDATES;
use nar4rec_tensor::Isa;
use nar4rec_train::SystemKind;

use crate::{BUILD, data_sets::NamedFolder, failure::Misuse};

/// Rerank recommendation lists with a non-autoregressive generator and an evaluator (NAR4Rec, KDD 2024).
///
/// Try it:          nar4rec quickstart
/// On your logs:    nar4rec validate --data DIR
///                  nar4rec init-config > my.toml
///                  nar4rec train --config my.toml --data DIR --out MODEL
///                  nar4rec evaluate --model MODEL --data DIR
///                  nar4rec rerank --model MODEL --input requests.jsonl --output lists.jsonl
///
/// A data set is a folder with train, valid and test (.jsonl, .jsonl.gz or .jsonl.zst) and, if items have features of their
/// own, items; docs/data-format.md has the form of a line.
#[derive(Debug, Parser)]
#[command(name = "nar4rec", version = BUILD, verbatim_doc_comment, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) machine: MachineArgs,
}

/// What the machine gives.
#[derive(Debug, clap::Args)]
pub(crate) struct MachineArgs {
    /// Threads to use; all cores if not given. Results are the same at any number
    #[arg(long, global = true, value_name = "N", help_heading = "Machine")]
    threads: Option<usize>,
    /// Instructions to use: auto, portable, avx2, avx512 or avx512vnni
    #[arg(long, global = true, value_name = "NAME", default_value = "auto", help_heading = "Machine")]
    isa: String,
}

/// The machine as the commands use it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Machine {
    /// The instructions.
    pub(crate) isa: Isa,
}

impl MachineArgs {
    /// Starts the threads and picks the instructions.
    pub(crate) fn prepare(&self) -> anyhow::Result<Machine> {
        if self.threads == Some(0) {
            return Err(Misuse("--threads: 0, expected at least 1".to_owned()).into());
        }
        rayon::ThreadPoolBuilder::new().num_threads(self.threads.unwrap_or(0)).build_global()?;
        let isa = Isa::named(&self.isa).map_err(|error| Misuse(format!("--isa: {error}")))?;
        Ok(Machine { isa })
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compare systems and variants over several seeds: tables with spread and intervals; resumable
    Experiment(ExperimentArgs),
    /// Train, evaluate, rerank and report on the bundled data, in about a minute
    Quickstart(QuickstartArgs),
    /// Print a configuration with every field, its default and what it does
    InitConfig,
    /// Check every line of a data set; count, and say what is wrong and where
    Validate(ValidateArgs),
    /// Print the features found in a data set, to edit and to give to train --schema
    Schema(SchemaArgs),
    /// Train generator and evaluator
    Train(TrainArgs),
    /// Measure a model on a split
    Evaluate(EvaluateArgs),
    /// Rerank requests, one JSON object a line
    Rerank(RerankArgs),
    /// Show what a model is: sizes, features, training data, metrics
    Inspect(InspectArgs),
    /// Give a model the [pipeline] of a configuration: other decoders, without training again
    SetPipeline(SetPipelineArgs),
    /// Put a model into int8: matrices four times smaller, the generator about twice as fast with VNNI; measures what that costs
    /// on your data
    Quantize(QuantizeArgs),
    /// Measure what a model costs on this CPU: latency, throughput, and where the time goes
    ///
    /// Three tables: how long one request takes on one thread, by its number of
    /// candidates; how many requests a second that makes, by batch size and threads;
    /// which part of a rerank, and which layer of the networks, takes the time.
    ///
    /// On your logs:       nar4rec bench --model MODEL --data DIR
    /// On your requests:   nar4rec bench --model MODEL --input requests.jsonl
    /// On made requests:   nar4rec bench --model MODEL
    /// Under steady load:  nar4rec bench --model MODEL --data DIR --steady 60
    ///
    /// Made requests have the features that the model knows, drawn at random.
    /// Close other programs first: what they take is measured too.
    /// Ctrl-C prints what was measured so far.
    #[command(verbatim_doc_comment)]
    Bench(BenchArgs),
    /// Write generator and evaluator as ONNX graphs, for another runtime
    ///
    /// DIR gets
    ///   generator.onnx   features → log P of each candidate at each position, and states
    ///   evaluator.onnx   features and lists → feedback at each place, utility of each list
    ///   inputs.json      every input: name, type, shape, which feature it is, its encoding
    ///   schema.json      the model's schema, with what is in its tables
    ///   sample.json      a request as inputs, and the outputs that a runtime should give for it
    ///
    /// Requests, candidates, lists and places may be of any number when a graph is run. Decoding,
    /// business rules and the choice of a list are not in the graphs; see docs/onnx.md.
    ///
    /// nar4rec export MODEL --out exported
    /// nar4rec export MODEL --out exported --data DIR --mask
    #[command(verbatim_doc_comment)]
    Export(ExportArgs),
    /// Convert a public log to a data set
    Convert(ConvertArgs),
    /// Estimate what a policy earns from the log of another, and compare with what it earned
    ///
    /// Reads the Open Bandit logs: of each campaign in DIR the log of the policy random, to
    /// which all items are alike, and that of bts, Thompson sampling. For each position the
    /// table has the click rate of one policy predicted from the log of the other, by inverse
    /// propensity scoring (IPS), the same self-normalised (SNIPS) and doubly robust, beside
    /// what it measured in its own log. Effective rows say how many rows of the policy's own
    /// log tell as much; weight is the greatest of a single row.
    ///
    /// The policy bts is taken as the shares of items in its log, random as equal shares.
    ///
    /// nar4rec off-policy --open-bandit open_bandit
    /// nar4rec off-policy --open-bandit open_bandit --clip 10 --json
    #[command(verbatim_doc_comment)]
    OffPolicy(OffPolicyArgs),
    /// Simulate a log of a user whose mind is known, so that what any list is worth is known too
    ///
    /// Queries, documents, features and relevance are those of MQ2008 (LETOR 4.0): the folder with
    /// S1.txt to S5.txt, plain or .gz. A stated user looks at positions, is attracted by relevance,
    /// tires of what is alike, and clicks; an imperfect ranker shows the lists. DIR gets
    ///   train, valid, test   a data set like any other: sections S1 to S3, S4, S5; or, with
    ///                        split = "sessions", the first, next and last sessions of every query
    ///   truth.jsonl.gz       relevance of every candidate, for measuring and not for training
    ///   simulator.json       every parameter
    ///
    /// Then the best possible list of every test query is found, and what was shown is measured
    /// by it. docs/simulator.md has the formulae, and a configuration with every field.
    ///
    /// nar4rec simulate --mq2008 MQ2008 --out DIR
    /// nar4rec train --config my.toml --data DIR --out MODEL
    #[command(verbatim_doc_comment)]
    Simulate(SimulateArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct QuickstartArgs {
    /// Where data, model, lists and report go
    #[arg(long, value_name = "DIR", default_value = "nar4rec-quickstart")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ValidateArgs {
    /// The data set's folder
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SchemaArgs {
    /// The data set's folder
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// The configuration whose [features] to follow
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) bad: BadLines,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TrainArgs {
    /// The configuration; `nar4rec init-config` prints one
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Train a system that NAR4Rec is compared with, made as [systems] of the configuration says: dnn, dcn, prm, edge_rerank,
    /// pier or seq2slate
    #[arg(long, value_name = "NAME")]
    pub(crate) system: Option<SystemKind>,
    /// The data set's folder
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Where the model goes; a model that is there is replaced when the new one is complete
    #[arg(long, value_name = "MODEL")]
    pub(crate) out: PathBuf,
    /// Go on from the checkpoint of a run that was stopped (MODEL.checkpoint)
    #[arg(long)]
    pub(crate) resume: bool,
    /// Use this seed instead of the configuration's
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Use these features instead of inferring them; `nar4rec schema` prints some to edit
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,
    /// Where every step and epoch is recorded as JSON Lines; MODEL.metrics.jsonl if not given
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,
    /// Write an HTML report of the training run and the validation split
    #[arg(long, value_name = "FILE", conflicts_with = "system")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) bad: BadLines,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExperimentArgs {
    #[command(subcommand)]
    pub(crate) command: ExperimentCommand,
}

/// What to do with experiments.
#[derive(Debug, Subcommand)]
pub(crate) enum ExperimentCommand {
    /// The experiments there are, with their variants
    List,
    /// Run one: train what is missing, measure it, tell it; the same command goes on where it was stopped or killed
    Run(ExperimentRunArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExperimentRunArgs {
    /// The experiment; `nar4rec experiment list` has them
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// The configuration that its variants change; every default if not given
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The data set's folder; or, several times, --data NAME=DIR: each has then its folder NAME in --out, besides a joint report
    #[arg(long, value_name = "[NAME=]DIR", required = true)]
    pub(crate) data: Vec<NamedFolder>,
    /// Where models, outcomes and reports are kept
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Seeds, from the configuration's on; of `speed` the rounds
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub(crate) seeds: u64,
    /// Only these variants, separated by commas; of `online` the arms, the control first [default there: edge_rerank,nar4rec]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) systems: Vec<String>,
    /// Which split is measured: train, valid or test; of `online` the split whose queries are asked
    #[arg(long, value_name = "SPLIT", default_value = "test")]
    pub(crate) split: Split,
    /// Only of `online`: how many days; more can be added later [default: 7]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub(crate) days: Option<u64>,
    /// Only of `online`: requests a day, over all arms [default: a tenth of the lists in the train split]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) daily_lists: Option<u64>,
    #[command(flatten)]
    pub(crate) bad: BadLines,
}

#[derive(Debug, clap::Args)]
pub(crate) struct EvaluateArgs {
    /// The model's directory
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: PathBuf,
    /// The data set's folder
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Which split: train, valid or test
    #[arg(long, value_name = "SPLIT", default_value = "test")]
    pub(crate) split: Split,
    /// Try the [pipeline] of this configuration instead of the model's
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// Write an HTML report
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) bad: BadLines,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RerankArgs {
    /// The model's directory
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: PathBuf,
    /// Requests, one a line; plain, gzip or zstd; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// Where the lists go, one a line in the order of the requests; .gz and .zst are compressed; - for standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// How many lists to return for each request, the best first
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) lists: u32,
    /// How many items each list has, at most the model's list length
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) length: Option<u32>,
    /// Add to each item what the evaluator predicts, and to each list its log-probability
    #[arg(long)]
    pub(crate) explain: bool,
    #[command(flatten)]
    pub(crate) bad: BadLines,
}

#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    /// The model's directory
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,
    /// Print the manifest as JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SetPipelineArgs {
    /// The model's directory
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: PathBuf,
    /// The configuration whose [pipeline] to take; `nar4rec evaluate --config` tries it first
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct QuantizeArgs {
    /// The directory of a model in f32
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,
    /// The data set's folder: both forms of the model are measured on it
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Where the model in int8 goes
    #[arg(long, value_name = "MODEL")]
    pub(crate) out: PathBuf,
    /// Which split to measure on: train, valid or test
    #[arg(long, value_name = "SPLIT", default_value = "test")]
    pub(crate) split: Split,
    #[command(flatten)]
    pub(crate) bad: BadLines,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// The model's directory
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: PathBuf,
    /// Take the requests from this data set; without it and --input they are made from the model's features
    #[arg(long, value_name = "DIR", conflicts_with = "input")]
    pub(crate) data: Option<PathBuf>,
    /// Which split of the data set: train, valid or test
    #[arg(long, value_name = "SPLIT", default_value = "test")]
    pub(crate) split: Split,
    /// Take the requests from this file, one a line; plain, gzip or zstd; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    /// Numbers of candidates to measure; requests of the data are cut or filled with candidates of others
    #[arg(long, value_name = "N,N,…", value_delimiter = ',', default_value = "10,20,60,200,400", value_parser = candidates)]
    pub(crate) candidates: Vec<usize>,
    /// Seconds for each row of the tables, after a warm-up of a quarter of that
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds)]
    pub(crate) seconds: Duration,
    /// Instead of the tables: one thread at full load for so long, in windows of 5 seconds, and the memory it holds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) steady: Option<Duration>,
    /// Decides which requests are made
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) bad: BadLines,
}

/// A time to measure for.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| *seconds > 0.0 && *seconds <= 1e6);
    let duration = seconds.map(Duration::from_secs_f64).filter(|duration| !duration.is_zero());
    duration.ok_or_else(|| "expected a number of seconds greater than 0".to_owned())
}

/// A number of candidates that a request may have.
fn candidates(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (1..=MAX_CANDIDATES).contains(count));
    count.ok_or_else(|| format!("expected a whole number of candidates from 1 to {MAX_CANDIDATES}"))
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// The model's directory; one in int8 is written in f32, with the weights that int8 left
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,
    /// In which format
    #[arg(long, value_enum, default_value_t = Format::Onnx)]
    pub(crate) format: Format,
    /// Where the files go: a new or empty directory, or an earlier export, which is replaced when the new one is complete
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Take the first request of this data set (test, else valid, else train) as the sample, instead of a made one
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Add an input that says which candidates there are, so that requests of different sizes fit in one batch
    #[arg(long)]
    pub(crate) mask: bool,
}

/// A format of other runtimes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// ONNX, opset 20: ONNX Runtime 1.17 or later, and what else reads it
    Onnx,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ConvertArgs {
    #[command(subcommand)]
    pub(crate) log: LogArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LogArgs {
    /// The KuaiRand-27K like/hate sample: real short-video views with several kinds of feedback
    Kuairand {
        /// The log, .tsv or .tsv.gz, or the folder it is in
        #[arg(value_name = "SRC")]
        src: PathBuf,
        /// Where the data set goes
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Decides which candidates are drawn
        #[arg(long, value_name = "N")]
        seed: Option<u64>,
    },
    /// MovieLens-1M: ratings of films, formed into lists of 6 out of 50 candidates
    Movielens {
        /// The folder with ratings.dat, users.dat and movies.dat, plain or compressed
        #[arg(value_name = "SRC")]
        src: PathBuf,
        /// Where the data set goes
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Shown films per list
        #[arg(long, value_name = "N", default_value_t = 6)]
        slate: usize,
        /// Candidates per list: the shown films and others that the user never rated
        #[arg(long, value_name = "N", default_value_t = 50)]
        candidates: usize,
        /// Decides which candidates are drawn
        #[arg(long, value_name = "N", default_value_t = 0)]
        seed: u64,
    },
    /// Result pages of Yandex with their clicks: query, ten urls, lists never shown in training as the test
    YandexSerp(YandexSerpArgs),
    /// Avito Context Ad Clicks (Kaggle 2015): search pages of five ads, the user's pages before as history, split by days
    Avito(AvitoArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct AvitoArgs {
    /// The folder with SearchInfo, trainSearchStream, AdsInfo, UserInfo and Category (.tsv, .tsv.gz or .tsv.zst), or
    /// database.sqlite (if built with the feature `sqlite`)
    #[arg(value_name = "SRC")]
    pub(crate) src: PathBuf,
    /// Where the data set goes; files that wait for a later pass lie there meanwhile
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Shown ads per list: a page with more or fewer is no list
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) slate: usize,
    /// How many of the user's pages before a list make its history
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) history: usize,
    /// The least number of ads of a list for which a click or none is recorded
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) known_clicks: usize,
    /// The first day of training; pages before it are history only
    #[arg(long, value_name = "DAY", default_value = "2015-04-28")]
    pub(crate) first_day: Day,
    /// Days for training and validation
    #[arg(long, value_name = "N", default_value_t = 21)]
    pub(crate) train_days: u32,
    /// How many of them, the last, are for validation
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) valid_days: u32,
    /// Days after these that are the test split
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) test_days: u32,
    /// The share of users, drawn at random, whose pages are converted
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    pub(crate) user_share: f64,
    /// Decides which users are drawn
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) bad: BadLines,
}

#[derive(Debug, clap::Args)]
pub(crate) struct YandexSerpArgs {
    /// The log, serps.tsv or serps.tsv.gz, or the folder it is in
    #[arg(value_name = "SRC")]
    pub(crate) src: PathBuf,
    /// Where the data set goes
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// How many of a page's first urls are its list
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) slate: usize,
    /// Candidates per list: the page's urls and others of the query
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) candidates: usize,
    /// The greatest share of the training pages that are for validation
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    pub(crate) valid_share: f64,
    /// Keep so many pages of each query in each part of the log, drawn at random; all if not given
    #[arg(long, value_name = "N")]
    pub(crate) most_per_query: Option<usize>,
    /// Decides which lists are for validation, which candidates are drawn and which pages are kept
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
}

#[derive(Debug, clap::Args)]
pub(crate) struct OffPolicyArgs {
    /// The folder of the logs: random_men.csv.gz, bts_men.csv.gz …, or random/men/men.csv … as published
    #[arg(long, value_name = "DIR")]
    pub(crate) open_bandit: PathBuf,
    /// Let no weight count for more than this
    #[arg(long, value_name = "WEIGHT", value_parser = weight)]
    pub(crate) clip: Option<f64>,
    /// Decides the resamples of the intervals
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Print one JSON object instead of tables
    #[arg(long)]
    pub(crate) json: bool,
}

/// A greatest weight.
fn weight(text: &str) -> Result<f64, String> {
    let weight = text.parse().ok().filter(|weight: &f64| weight.is_finite() && *weight > 0.0);
    weight.ok_or_else(|| "expected a number greater than 0".to_owned())
}

#[derive(Debug, clap::Args)]
pub(crate) struct SimulateArgs {
    /// The folder with S1.txt to S5.txt of MQ2008, plain or .gz
    #[arg(long, value_name = "DIR")]
    pub(crate) mq2008: PathBuf,
    /// Where the data set and its truth go; a simulation that is there is replaced when the new one is complete
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// User, upstream ranker and exploration, in TOML; the defaults if not given
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Decides every draw, instead of the configuration's
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Lists shown for each query, instead of the configuration's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) sessions: Option<u64>,
}

#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct BadLines {
    /// Leave bad lines out and count them, instead of stopping at the first
    #[arg(long)]
    skip_bad: bool,
}

impl BadLines {
    pub(crate) fn policy(self) -> OnBad {
        if self.skip_bad { OnBad::Skip } else { OnBad::Fail }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Args::command().debug_assert();
    }
}
