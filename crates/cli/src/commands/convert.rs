//! `nar4rec convert`: a public log to a data set.

use nar4rec_data::{KuaiRandOptions, YandexSerpOptions, convert_kuairand, convert_yandex_serp};

use crate::{
    args::{ConvertArgs, LogArgs, YandexSerpArgs},
    console,
};

/// Converts and prints what was read and written.
pub(crate) fn convert(args: ConvertArgs) -> anyhow::Result<()> {
    let text = match args.log {
        LogArgs::Kuairand { src, out, seed } => {
            let options = KuaiRandOptions::default();
            let options = KuaiRandOptions { seed: seed.unwrap_or(options.seed), ..options };
            convert_kuairand(&src, &out, &options)?.to_text()
        }
        LogArgs::YandexSerp(args) => yandex_serp(args)?,
    };
    console::result(&text)
}

fn yandex_serp(args: YandexSerpArgs) -> anyhow::Result<String> {
    let YandexSerpArgs { src, out, slate, candidates, valid_share, most_per_query, seed } = args;
    let options = YandexSerpOptions { seed, slate, candidates, valid_share, most_per_query };
    Ok(convert_yandex_serp(&src, &out, &options)?.to_text())
}
