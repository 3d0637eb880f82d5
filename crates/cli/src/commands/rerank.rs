//! `nar4rec rerank`: requests in, lists out, a few at a time whatever their number.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
};

use anyhow::Context;
use nar4rec_data::{JsonLines, JsonLinesWriter, OnBad};
use nar4rec_infer::{Model, Options, PlacedItem, Ranking, Reranker, ScoredList};
use nar4rec_slate::{InvalidRequest, Request};
use rayon::prelude::*;
use serde::Serialize;

use super::{tell_skipped, train::beside};
use crate::{
    args::{Machine, RerankArgs},
    console::STANDARD_OUTPUT,
    failure::{self, Misuse},
    interrupt, target,
};

/// Requests held in memory, and those of one parallel part.
const READ_AHEAD: usize = 512;
const PART: usize = 16;

/// Reranks everything that comes in.
pub(crate) fn rerank(args: RerankArgs, machine: Machine) -> anyhow::Result<()> {
    let reranker = Reranker::new(Model::load(&args.model)?, machine.isa)?;
    let (length, most) = (args.length.map(|length| length as usize), reranker.list_length());
    if let Some(length) = length.filter(|length| *length > most) {
        let problem = format!("--length: {length}, expected at most {most}, the length of the model's lists");
        return Err(Misuse(problem).into());
    }
    let options = Options { length, alternatives: args.lists as usize - 1 };
    let form = Form { reranker: &reranker, explain: args.explain, options };
    form.stream(&args.input, &args.output, args.bad.policy())
}

/// Reranks the requests of a file with no more than the best list for each.
pub(crate) fn rerank_file(reranker: &Reranker, input: &Path, output: &Path) -> anyhow::Result<()> {
    Form { reranker, explain: false, options: Options::default() }.stream(input, output, OnBad::Fail)
}

/// Where the lists go.
enum Output {
    /// A file that appears when it is complete.
    File(JsonLinesWriter),
    /// Standard output, a device or a pipe: what is written is gone.
    Stream { name: String, out: BufWriter<Box<dyn Write>> },
}

impl Output {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let stream = |name: &str, out: Box<dyn Write>| Self::Stream { name: name.to_owned(), out: BufWriter::new(out) };
        if path == Path::new("-") {
            return Ok(stream(STANDARD_OUTPUT, Box::new(io::stdout())));
        }
        let name = path.display().to_string();
        if target::is_stream(path) {
            let file = File::options().write(true).open(path).with_context(|| format!("{name}: cannot open"))?;
            return Ok(stream(&name, Box::new(file)));
        }
        target::check_file("--output", path)?;
        // The file that a link leads to is replaced, not the link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        interrupt::end_without(beside(&path, ".tmp"));
        Ok(Self::File(JsonLinesWriter::create(path)?))
    }

    fn write(&mut self, answer: &Answer<'_>) -> anyhow::Result<()> {
        match self {
            Self::File(writer) => Ok(writer.write(answer)?),
            Self::Stream { name, out } => serde_json::to_writer(&mut *out, answer)
                .map_err(io::Error::from)
                .and_then(|()| out.write_all(b"\n"))
                .map_err(|error| failure::stream(name, error)),
        }
    }

    fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::File(writer) => writer.finish().map(|_| ()).map_err(Into::into),
            Self::Stream { name, mut out } => out.flush().map_err(|error| failure::stream(&name, error)),
        }
    }
}

/// How requests are answered.
struct Form<'a> {
    reranker: &'a Reranker,
    explain: bool,
    options: Options,
}

/// One line of output.
#[derive(Serialize)]
struct Answer<'a> {
    request_id: &'a str,
    #[serde(flatten)]
    best: List<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alternatives: Option<Vec<List<'a>>>,
}

/// A list in an answer.
#[derive(Serialize)]
struct List<'a> {
    list: Vec<Item<'a>>,
    utility: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_probability: Option<f32>,
}

/// An item in an answer.
#[derive(Serialize)]
struct Item<'a> {
    id: &'a str,
    index: usize,
    position: usize,
    p: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    feedback: Option<std::collections::BTreeMap<&'a str, f32>>,
}

impl Form<'_> {
    fn stream(&self, input: &Path, output: &Path, on_bad: OnBad) -> anyhow::Result<()> {
        let mut lines = JsonLines::<Request>::open(input)?.on_bad(on_bad);
        let mut output = Output::open(output)?;
        let name = lines.name().to_owned();
        loop {
            let ahead = lines.next_lines(READ_AHEAD)?;
            if ahead.is_empty() {
                break;
            }
            let (numbers, requests): (Vec<u64>, Vec<Request>) =
                ahead.into_iter().map(|line| (line.number, line.value)).unzip();
            let parts = requests.par_chunks(PART);
            let answers: Vec<_> = parts.flat_map_iter(|part| self.reranker.rerank_batch(part, self.options)).collect();
            for (number, answer) in numbers.into_iter().zip(answers) {
                match answer {
                    Ok(ranking) => output.write(&self.answer(&ranking))?,
                    Err(error) => lines.reject(number, InvalidRequest::new("", error.to_string()))?,
                }
            }
        }
        tell_skipped(&name, &lines.into_skipped());
        output.finish()
    }

    fn answer<'r>(&'r self, ranking: &'r Ranking) -> Answer<'r> {
        let alternatives = ranking.alternatives.iter().map(|list| self.list(list)).collect();
        Answer {
            request_id: &ranking.request_id,
            best: self.list(&ranking.best),
            alternatives: (self.options.alternatives > 0).then_some(alternatives),
        }
    }

    fn list<'r>(&'r self, list: &'r ScoredList) -> List<'r> {
        List {
            list: list.items.iter().map(|item| self.item(item)).collect(),
            utility: list.utility,
            log_probability: self.explain.then_some(list.log_probability),
        }
    }

    fn item<'r>(&'r self, item: &'r PlacedItem) -> Item<'r> {
        let feedback = self.reranker.feedback_kinds().zip(item.feedback.iter().copied());
        Item {
            id: &item.id,
            index: item.index,
            position: item.position,
            p: item.p,
            feedback: self.explain.then(|| feedback.collect()),
        }
    }
}
