//! `nar4rec convert`: a public log to a data set.

use std::time::{Duration, Instant};

use nar4rec_data::{
    AvitoOptions, KuaiRandOptions, MovieLensOptions, YandexSerpOptions, convert_avito, convert_kuairand,
    convert_movielens, convert_yandex_serp,
};

use super::tell_skipped;
use crate::{
    args::{AvitoArgs, ConvertArgs, LogArgs, YandexSerpArgs},
    console,
};

/// Between two lines that say how far it is.
const QUIET: Duration = Duration::from_secs(10);

/// Converts and prints what was read and written.
pub(crate) fn convert(args: ConvertArgs) -> anyhow::Result<()> {
    let text = match args.log {
        LogArgs::Kuairand { src, out, seed } => {
            let options = KuaiRandOptions::default();
            let options = KuaiRandOptions { seed: seed.unwrap_or(options.seed), ..options };
            convert_kuairand(&src, &out, &options)?.to_text()
        }
        LogArgs::Movielens { src, out, slate, candidates, seed } => {
            convert_movielens(&src, &out, &MovieLensOptions { seed, slate, candidates })?.to_text()
        }
        LogArgs::YandexSerp(args) => yandex_serp(args)?,
        LogArgs::Avito(args) => avito(args)?,
    };
    console::result(&text)
}

fn yandex_serp(args: YandexSerpArgs) -> anyhow::Result<String> {
    let YandexSerpArgs { src, out, slate, candidates, valid_share, most_per_query, seed } = args;
    let options = YandexSerpOptions { seed, slate, candidates, valid_share, most_per_query };
    Ok(convert_yandex_serp(&src, &out, &options)?.to_text())
}

fn avito(args: AvitoArgs) -> anyhow::Result<String> {
    let AvitoArgs { src, out, slate, history, known_clicks, first_day, train_days, valid_days, .. } = args;
    let AvitoArgs { test_days, user_share, seed, bad, .. } = args;
    let options =
        AvitoOptions { slate, history, known_clicks, first_day, train_days, valid_days, test_days, user_share, seed };
    let mut last = Instant::now();
    let converted = convert_avito(&src, &out, &options, bad.policy(), &mut |progress| {
        if last.elapsed() >= QUIET {
            console::note(&format!("{}: {} done", progress.step, progress.done));
            last = Instant::now();
        }
    });
    let (summary, skipped) = converted?;
    tell_skipped(&src.display().to_string(), &skipped);
    Ok(summary.to_text())
}
