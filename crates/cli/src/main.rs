//! The `nar4rec` command line.
//!
//! Exit status: 0 if all went well, 1 if something failed, 2 if the command line or a configuration file is wrong, 130 if
//! Ctrl-C ended it.

mod args;
mod bench;
mod commands;
mod console;
mod data_sets;
mod failure;
mod interrupt;
mod off_policy;
mod page;
mod table;
mod target;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

/// The program's version and the commit it is of.
const BUILD: &str = env!("NAR4REC_BUILD");

fn main() -> ExitCode {
    let args = Args::parse();
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error),
    }
}

fn run(args: Args) -> anyhow::Result<()> {
    let machine = args.machine.prepare()?;
    match args.command {
        Command::Quickstart(args) => commands::quickstart(args, machine),
        Command::InitConfig => commands::init_config(),
        Command::Validate(args) => commands::validate(args),
        Command::Schema(args) => commands::schema(args),
        Command::Train(args) => commands::train(args, machine),
        Command::Evaluate(args) => commands::evaluate(args, machine),
        Command::Rerank(args) => commands::rerank(args, machine),
        Command::Inspect(args) => commands::inspect(args),
        Command::Quantize(args) => commands::quantize(args, machine),
        Command::SetPipeline(args) => commands::set_pipeline(args),
        Command::Bench(args) => commands::bench(args, machine),
        Command::Export(args) => commands::export(args),
        Command::Convert(args) => commands::convert(args),
        Command::Experiment(args) => commands::experiment(args, machine),
        Command::OffPolicy(args) => commands::off_policy(args),
        Command::Simulate(args) => commands::simulate(args),
    }
}
