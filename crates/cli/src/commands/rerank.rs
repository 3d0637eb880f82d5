//! `nar4rec rerank`: requests in, lists out, a few at a time whatever their number.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use anyhow::Context;
use nar4rec_data::{JsonLines, JsonLinesWriter, OnBad};
use nar4rec_infer::{Model, Options, PlacedItem, Ranking, Reranker, ScoredList};
use nar4rec_slate::{InvalidRequest, Request};
use nar4rec_train::{Ranked, RivalRanker, SystemKind};
use rayon::prelude::*;
use serde::Serialize;

use super::tell_skipped;
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
    if let Some(system) = nar4rec_train::system_at(&args.model)? {
        return rerank_with(system, &args, machine);
    }
    let reranker = Reranker::new(Model::load(&args.model)?, machine.isa)?;
    let length = length_within(&args, reranker.list_length())?;
    let options = Options { length, alternatives: args.lists as usize - 1 };
    let form = Form { reranker: &reranker, explain: args.explain, options };
    form.stream(&args.input, &args.output, args.bad.policy())
}

/// The length asked for, which the model's lists must have room for.
fn length_within(args: &RerankArgs, most: usize) -> Result<Option<usize>, Misuse> {
    let length = args.length.map(|length| length as usize);
    match length.filter(|length| *length > most) {
        Some(length) => {
            let problem = format!("--length: {length}, expected at most {most}, the length of the model's lists");
            Err(Misuse(problem))
        }
        None => Ok(length),
    }
}

/// Reranks with a system that NAR4Rec is compared with, which makes one list for each request and explains nothing.
fn rerank_with(system: SystemKind, args: &RerankArgs, machine: Machine) -> anyhow::Result<()> {
    for (option, given) in [("--lists", args.lists > 1), ("--explain", args.explain)] {
        if given {
            let problem = format!("{option}: {} is a {}", args.model.display(), system.name());
            return Err(Misuse(format!("{problem}, expected a model of nar4rec")).into());
        }
    }
    let ranker = RivalRanker::load(system, &args.model, machine.isa)?;
    let length = length_within(args, ranker.list_length())?.unwrap_or(ranker.list_length());
    let rank = |part: &[Request]| {
        let named = part.iter().zip(ranker.rank(part, length));
        let answers =
            named.map(|(request, ranked)| Ok(RankedAnswer::new(request, &ranked.map_err(|e| e.to_string())?)));
        answers.collect()
    };
    stream((&args.input, &args.output), args.bad.policy(), rank, |output, answer| output.write(answer))
}

/// One line of output of a system that NAR4Rec is compared with.
#[derive(Serialize)]
struct RankedAnswer {
    request_id: String,
    list: Vec<RankedItem>,
}

/// An item of it.
#[derive(Serialize)]
struct RankedItem {
    id: String,
    index: usize,
    position: usize,
    score: f32,
}

impl RankedAnswer {
    fn new(request: &Request, ranked: &Ranked) -> Self {
        let item = |(place, &index): (usize, &usize)| RankedItem {
            id: request.candidates()[index].id.clone(),
            index,
            position: place + 1,
            score: ranked.scores[index],
        };
        let list = ranked.list.iter().enumerate().map(item).collect();
        Self { request_id: request.request_id().to_owned(), list }
    }
}

/// Answers the requests of a file, a few at a time; `rerank` is asked for parts of them in parallel.
fn stream<A: Send>(
    (input, output): (&Path, &Path),
    on_bad: OnBad,
    rerank: impl Fn(&[Request]) -> Vec<Result<A, String>> + Sync,
    write: impl Fn(&mut Output, &A) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
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
        let answers: Vec<_> = requests.par_chunks(PART).flat_map_iter(&rerank).collect();
        for (number, answer) in numbers.into_iter().zip(answers) {
            match answer {
                Ok(answer) => write(&mut output, &answer)?,
                Err(problem) => lines.reject(number, InvalidRequest::new("", problem))?,
            }
        }
    }
    tell_skipped(&name, &lines.into_skipped());
    output.finish()
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
        let path = nar4rec_model::followed(path).with_context(|| format!("{name}: cannot write"))?;
        interrupt::end_without(JsonLinesWriter::unfinished(&path));
        Ok(Self::File(JsonLinesWriter::create(path)?))
    }

    fn write(&mut self, answer: &impl Serialize) -> anyhow::Result<()> {
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
        let rerank = |part: &[Request]| {
            let answers = self.reranker.rerank_batch(part, self.options).into_iter();
            answers.map(|answer| answer.map_err(|error| error.to_string())).collect()
        };
        stream((input, output), on_bad, rerank, |output, ranking| output.write(&self.answer(ranking)))
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
