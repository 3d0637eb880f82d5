//! `nar4rec quickstart`: the whole method on the bundled data, from log to report.

use std::{fs, path::Path, time::Instant};

use anyhow::Context;
use nar4rec_data::{DataSet, KuaiRandOptions, OnBad, Split, convert_kuairand_reader};
use nar4rec_infer::{Model, Reranker};
use nar4rec_train::{Config, PrepareOptions, Resume};

use super::{
    evaluate::measure,
    rerank::rerank_file,
    train::{Run, beside, relevance},
};
use crate::{
    args::{Machine, QuickstartArgs},
    console, page, table,
};

/// The KuaiRand like/hate sample, CC BY-SA 4.0; see data/kuairand27k_likehate/README.md.
const LOG: &[u8] = include_bytes!("../../../../data/kuairand27k_likehate/processed_standard_kcore_15.tsv.gz");
const LOG_NAME: &str = "the bundled KuaiRand sample";
/// A small model that trains in about a minute.
const CONFIG: &str = include_str!("../../../../configs/quickstart.toml");

/// Converts, trains, evaluates, reranks and reports.
pub(crate) fn quickstart(args: QuickstartArgs, machine: Machine) -> anyhow::Result<()> {
    let begin = Instant::now();
    let [data_dir, model_dir] = ["data", "model"].map(|name| args.out.join(name));
    let [lists, report] = ["reranked.jsonl", "report.html"].map(|name| args.out.join(name));
    fs::create_dir_all(&data_dir).with_context(|| format!("{}: cannot create", data_dir.display()))?;
    console::note("1/4 converting the bundled log: real short-video views with several kinds of feedback");
    convert_kuairand_reader(LOG_NAME, LOG, &data_dir, &KuaiRandOptions::default())?;
    let data = DataSet::open(&data_dir)?;

    console::note("2/4 training generator and evaluator");
    let config = Config::from_toml(CONFIG)?;
    let metrics = beside(&model_dir, ".metrics.jsonl");
    let run = Run {
        data: &data,
        config: &config,
        out: &model_dir,
        metrics,
        resume: Resume::IfPossible,
        go_on: "run the quickstart again to go on",
    };
    let (trained, watch) = run.train(PrepareOptions::default(), machine)?;

    console::note("3/4 measuring on lists the model has not seen");
    let reranker = Reranker::new(Model::load(&model_dir)?, machine.isa)?;
    let evaluation = measure(&reranker, &data, Split::Test, &relevance(&trained.model)?, OnBad::Fail)?;

    console::note("4/4 reranking the test requests and writing the report");
    let requests = data.path(Split::Test).context("the converted data has a test split")?;
    rerank_file(&reranker, requests, &lists)?;
    let source = page::Source {
        title: "NAR4Rec quickstart".to_owned(),
        reranker: &reranker,
        data: &data,
        evaluation: &evaluation,
        training: Some((&trained, &watch)),
    };
    page::write(&report, &source)?;

    console::result(&format!("{}\n{}", table::to_text(&evaluation), next_steps(&args.out)))?;
    console::note(&format!("done in {:.0} s", begin.elapsed().as_secs_f64()));
    Ok(())
}

fn next_steps(out: &Path) -> String {
    let out = out.display();
    format!(
        "open     {out}/report.html\n\
         see      nar4rec inspect {out}/model\n\
         rerank   nar4rec rerank --model {out}/model --input {out}/data/test.jsonl.gz --output - --explain\n\
         yours    nar4rec init-config > my.toml, then nar4rec train --config my.toml --data DIR --out MODEL\n"
    )
}
