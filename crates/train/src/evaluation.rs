//! How good a model is on a split: the generator alone, the pipeline, the evaluator, and what they are compared with.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    num::NonZeroUsize,
};

use nar4rec_data::{DataSet, OnBad, Skipped, Split};
use nar4rec_infer::{RerankError, Reranker, ScoredList, Trace};
use nar4rec_metrics::{Bootstrap, Figures, ListResult, MetricsError, ScoreKind, Summary};
use nar4rec_rivals::Ranked;
use nar4rec_slate::{Candidate, Impression, InvalidRequest, Request};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

use crate::{TrainError, compared::shown_list, examples::impressions, seeds::seed_at};

/// Impressions read before they are evaluated together, and those of one parallel part.
const READ_AHEAD: usize = 512;
const PART: usize = 32;

/// An order that needs no model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Baseline {
    /// By the upstream ranker's score; the order given, where there is none.
    Upstream,
    /// By how often an item was shown in the training split and found relevant.
    Popularity,
    /// By chance.
    Random,
}

impl Baseline {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Upstream, Self::Popularity, Self::Random];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Upstream => "upstream",
            Self::Popularity => "popularity",
            Self::Random => "random",
        }
    }

    /// The candidates it would show, and what it orders them by.
    pub(crate) fn rank(self, request: &Request, popularity: &HashMap<String, u32>, length: usize) -> Ranked {
        let scores = self.scores(request, popularity);
        let mut list: Vec<usize> = (0..scores.len()).collect();
        list.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        list.truncate(length);
        let bounded = |score: f64| score.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32;
        Ranked { list, scores: scores.into_iter().map(bounded).collect() }
    }

    /// What it orders by, the greatest first, equals as they come; no NaN.
    fn scores(self, request: &Request, popularity: &HashMap<String, u32>) -> Vec<f64> {
        let candidates = request.candidates();
        let count = |id: &String| popularity.get(id).map_or(0.0, |count| f64::from(*count));
        match self {
            Self::Upstream => candidates.iter().map(Candidate::upstream_score).collect(),
            Self::Popularity => candidates.iter().map(|candidate| count(&candidate.id)).collect(),
            Self::Random => {
                let name = request.request_id().bytes().map(u64::from).collect::<Vec<_>>();
                let mut rng = Pcg64Mcg::seed_from_u64(seed_at(0, &name));
                candidates.iter().map(|_| f64::from(rng.random::<f32>())).collect()
            }
        }
    }
}

/// What an evaluation measured, with 95 % bootstrap intervals over lists.
#[derive(Debug)]
pub struct Evaluation {
    /// The split.
    pub split: Split,
    /// Its lists.
    pub lists: usize,
    /// The kind of feedback that makes an item relevant.
    pub relevance: String,
    /// The generator's own first list, and AUC over all candidates by their greatest P̂.
    pub generator: Figures,
    /// The list the pipeline chose.
    pub pipeline: Figures,
    /// AUC and LogLoss of the relevant kind over the items that were shown. An amount counts as positive from half of the
    /// kind's scale on.
    pub evaluator: Figures,
    /// The same for every kind.
    pub kinds: Vec<KindFigures>,
    /// Orders that need no model.
    pub baselines: Vec<(Baseline, Figures)>,
    /// Lines that were left out.
    pub skipped: Skipped,
}

/// How well the evaluator predicts one kind of feedback on the items that were shown.
#[derive(Debug)]
pub struct KindFigures {
    /// The kind's name.
    pub name: String,
    /// Shown items on which it was observed.
    pub labels: u64,
    /// Those on which it was at least half of the kind's scale.
    pub positives: u64,
    /// AUC, LogLoss and the LogLoss of always saying the mean.
    pub figures: Figures,
}

/// What an evaluation is about.
#[derive(Debug, Clone)]
pub struct EvaluateOptions {
    /// The split.
    pub split: Split,
    /// The kind of feedback that makes an item relevant.
    pub relevance: String,
    /// What to do with a bad line.
    pub on_bad: OnBad,
}

/// Scores and labels of some items.
type Scored = (Vec<f32>, Vec<bool>);

/// One impression's share of every table.
struct Judged {
    /// What was asked.
    question: u64,
    /// Whether each candidate is relevant, as 0 and 1.
    candidates: Vec<f32>,
    generator: Vec<f32>,
    scores: Vec<f32>,
    pipeline: Vec<f32>,
    baselines: Vec<(Baseline, Vec<f32>, Vec<f32>)>,
    /// For each kind the evaluator's probabilities and the labels of the shown items on which it was observed.
    kinds: Vec<Scored>,
}

/// Measures a model on a split. `progress` is told after every part how many lists are done.
///
/// # Errors
/// If the split cannot be read or a line does not fit the model.
pub fn evaluate(
    reranker: &Reranker,
    data: &DataSet,
    options: &EvaluateOptions,
    mut progress: impl FnMut(usize),
) -> Result<Evaluation, TrainError> {
    let popularity = popularity(data, &options.relevance, options.on_bad)?;
    let judge = Judge { reranker, relevance: &options.relevance, popularity: &popularity };
    let kinds: Vec<String> = reranker.feedback_kinds().map(str::to_owned).collect();
    let Some(relevant) = kinds.iter().position(|kind| *kind == options.relevance) else {
        return Err(TrainError::Relevance { found: options.relevance.clone(), expected: kinds });
    };
    let mut lines = impressions(data, options.split, reranker.feedback())?.on_bad(options.on_bad);
    let mut tables = Tables::new(reranker.list_length(), kinds.len());
    loop {
        let ahead = lines.next_lines(READ_AHEAD)?;
        if ahead.is_empty() {
            break;
        }
        let judged: Vec<_> = ahead
            .par_chunks(PART)
            .flat_map_iter(|part| {
                let impressions: Vec<&Impression> = part.iter().map(|line| &line.value).collect();
                judge.part(&impressions)
            })
            .collect();
        for (line, judged) in ahead.iter().zip(judged) {
            match judged {
                Ok(judged) => tables.push(&judged)?,
                Err(problem) => lines.reject(line.number, problem)?,
            }
        }
        progress(tables.lists);
    }
    let name = lines.name().to_owned();
    let skipped = lines.into_skipped();
    if tables.lists == 0 {
        return Err(TrainError::Empty { file: name, bad: skipped.count });
    }
    Ok(tables.finish(options, &kinds, relevant, skipped))
}

/// How often each item was shown in the training split and found relevant; empty without a training split.
pub(crate) fn popularity(data: &DataSet, relevance: &str, on_bad: OnBad) -> Result<HashMap<String, u32>, TrainError> {
    let mut counts = HashMap::new();
    if !data.has(Split::Train) {
        return Ok(counts);
    }
    for line in data.impressions(Split::Train)?.on_bad(on_bad) {
        let impression = line?.value;
        for exposure in impression.shown() {
            if exposure.feedback.get(relevance).is_some_and(|value| *value > 0.0) {
                let id = &impression.request().candidates()[exposure.candidate].id;
                *counts.entry(id.clone()).or_insert(0) += 1;
            }
        }
    }
    Ok(counts)
}

/// What judging an impression needs.
struct Judge<'a> {
    reranker: &'a Reranker,
    relevance: &'a str,
    popularity: &'a HashMap<String, u32>,
}

impl Judge<'_> {
    fn part(&self, impressions: &[&Impression]) -> Vec<Result<Judged, InvalidRequest>> {
        let requests: Vec<_> = impressions.iter().map(|impression| impression.request().clone()).collect();
        let traces = self.reranker.trace_batch(&requests, None);
        let judged = impressions
            .iter()
            .zip(traces)
            .map(|(impression, trace)| self.one(impression, &trace.map_err(|error| refused(&error))?));
        judged.collect()
    }

    fn one(&self, impression: &Impression, trace: &Trace) -> Result<Judged, InvalidRequest> {
        let request = impression.request();
        let mut candidates = vec![0.0; request.candidates().len()];
        for exposure in impression.shown() {
            let relevant = exposure.feedback.get(self.relevance).is_some_and(|value| *value > 0.0);
            candidates[exposure.candidate] = f32::from(u8::from(relevant));
        }
        let of = |list: &ScoredList| list.items.iter().map(|item| candidates[item.index]).collect();
        let scores = greatest_log_probabilities(trace);
        let length = self.reranker.list_length();
        let baselines = Baseline::ALL.map(|baseline| {
            let Ranked { list, scores } = baseline.rank(request, self.popularity, length);
            (baseline, list.into_iter().map(|index| candidates[index]).collect(), scores)
        });
        let (generator, pipeline) = (of(&trace.proposals[0]), of(&trace.chosen));
        let kinds = self.kinds(impression)?;
        let question = question(request);
        Ok(Judged { question, candidates, generator, scores, pipeline, baselines: baselines.into(), kinds })
    }

    /// The evaluator on the list that was shown, cut to the model's length.
    fn kinds(&self, impression: &Impression) -> Result<Vec<Scored>, InvalidRequest> {
        let list = shown_list(impression, self.reranker.list_length())?;
        let scored = self.reranker.evaluate(impression.request(), &[list]).map_err(|error| refused(&error))?;
        let kinds = self.reranker.feedback().iter().enumerate().map(|(index, kind)| {
            let items = scored[0].items.iter().zip(impression.shown());
            let observed = items.filter_map(|(item, exposure)| {
                let label = kind.label(*exposure.feedback.get(&kind.name)?);
                Some((item.feedback[index], label >= 0.5))
            });
            observed.unzip()
        });
        Ok(kinds.collect())
    }
}

/// A number that requests share who ask the same: their lists are resampled together.
pub(crate) fn question(request: &Request) -> u64 {
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(request.user()).expect("a user is plain data").hash(&mut hasher);
    for candidate in request.candidates() {
        (candidate.id.as_str(), candidate.score.map(f64::to_bits)).hash(&mut hasher);
    }
    hasher.finish()
}

/// Of each candidate its greatest log P̂.
pub(crate) fn greatest_log_probabilities(trace: &Trace) -> Vec<f32> {
    let rows = trace.log_probabilities.chunks_exact(trace.positions);
    rows.map(|row| row.iter().copied().fold(f32::NEG_INFINITY, f32::max)).collect()
}

/// Why a line has no figures; the message names request and field.
pub(crate) fn refused(error: &RerankError) -> InvalidRequest {
    InvalidRequest::new("", error.to_string())
}

/// The tables being filled.
struct Tables {
    lists: usize,
    generator: Summary,
    pipeline: Summary,
    baselines: Vec<(Baseline, Summary)>,
    /// With the labels seen and the positives among them.
    kinds: Vec<(Summary, u64, u64)>,
}

impl Tables {
    fn new(length: usize, kinds: usize) -> Self {
        let cutoff = NonZeroUsize::new(length).expect("a model's list length is at least 1");
        let ranking = || Summary::new(cutoff, ScoreKind::Ranking);
        Self {
            lists: 0,
            generator: ranking(),
            pipeline: ranking(),
            baselines: Baseline::ALL.map(|baseline| (baseline, ranking())).into(),
            kinds: (0..kinds).map(|_| (Summary::new(cutoff, ScoreKind::Probability), 0, 0)).collect(),
        }
    }

    fn push(&mut self, judged: &Judged) -> Result<(), MetricsError> {
        let labels: Vec<bool> = judged.candidates.iter().map(|relevant| *relevant > 0.0).collect();
        let candidates = judged.candidates.as_slice();
        let group = Some(judged.question);
        let row = |list, scores| ListResult { list, candidates, scores, labels: &labels, group, others: &[] };
        self.generator.push(&row(&judged.generator, &judged.scores))?;
        self.pipeline.push(&ListResult { list: &judged.pipeline, candidates, group, ..ListResult::default() })?;
        for ((_, summary), (_, list, scores)) in self.baselines.iter_mut().zip(&judged.baselines) {
            summary.push(&row(list, scores))?;
        }
        for ((summary, seen, positives), (scores, labels)) in self.kinds.iter_mut().zip(&judged.kinds) {
            *seen += labels.len() as u64;
            *positives += labels.iter().filter(|label| **label).count() as u64;
            summary.push(&ListResult { scores, labels, group, ..ListResult::default() })?;
        }
        self.lists += 1;
        Ok(())
    }

    fn finish(self, options: &EvaluateOptions, kinds: &[String], relevant: usize, skipped: Skipped) -> Evaluation {
        let bootstrap = Bootstrap::default();
        let kinds: Vec<KindFigures> = kinds
            .iter()
            .zip(self.kinds)
            .map(|(name, (summary, labels, positives))| KindFigures {
                name: name.clone(),
                labels,
                positives,
                figures: summary.finish(&bootstrap),
            })
            .collect();
        Evaluation {
            split: options.split,
            lists: self.lists,
            relevance: options.relevance.clone(),
            generator: self.generator.finish(&bootstrap),
            pipeline: self.pipeline.finish(&bootstrap),
            evaluator: kinds[relevant].figures.clone(),
            kinds,
            baselines: self
                .baselines
                .into_iter()
                .map(|(baseline, summary)| (baseline, summary.finish(&bootstrap)))
                .collect(),
            skipped,
        }
    }
}
