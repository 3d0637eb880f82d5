//! From judged queries to a log: candidates, shown lists, feedback, and the truth beside them.
//!
//! ```text
//! S1–S5 ─ per query ─┬─ candidates: the upstream ranker's best ─ lists: Plackett–Luce ─ feedback: the known user
//!                    └─ truth.jsonl.gz: relevance and standardised features of each candidate
//! ```
//!
//! With [`SplitBy::Queries`] a query's section says its split: S1 to S3 train, S4 valid, S5 test. With [`SplitBy::Sessions`] the
//! sessions of every query are cut in order, and a candidate's id is `QUERY:DOCUMENT`: of the 14,384 documents of MQ2008, 572 are
//! judged for several queries and 110 of these differently, so the document's own id could not say how relevant it is. As such an
//! item is of one query only, its features stand once, in the catalog, and not again in every session.
//!
//! Features stand as they stand in the files, without those that are the same everywhere, and relevance nowhere in the log. Candidates stand
//! in the upstream order.

use std::collections::HashSet;
use std::mem;
use std::path::Path;

use nar4rec_data::{DataSetWriter, Split, write_text};
use nar4rec_slate::{Candidate, Exposure, Features, Impression, Item, Request, User};
use serde::{Deserialize, Serialize};

use crate::letor::{Document, JudgedQuery, LetorQueries, SECTIONS};
use crate::query::{Query, QueryLine, TrueCandidate};
use crate::seeds::rng_at;
use crate::{KnownUser, SimulatorConfig, SimulatorError, SplitBy, plackett_luce, readme};

/// The stem of the truth's file.
pub(crate) const TRUTH: &str = "truth";

/// The stem of the catalog's file, where there is one.
const ITEMS: &str = "items";

/// The description of a simulation.
pub(crate) const DESCRIPTION: &str = "simulator.json";

/// The form of [`DESCRIPTION`] that this code writes and reads.
pub(crate) const FORMAT: u32 = 1;

/// What `simulator.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Description {
    pub(crate) format: u32,
    pub(crate) config: SimulatorConfig,
    pub(crate) summary: SimulationSummary,
}

/// What a simulation read and wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulationSummary {
    /// Judged documents read.
    pub documents: u64,
    /// Queries read.
    pub queries: u64,
    /// Queries left out because they have too few documents.
    pub queries_too_small: u64,
    /// Queries cut to the most candidates.
    pub queries_cut: u64,
    /// Queries in the log none of whose candidates is relevant.
    pub queries_without_relevance: u64,
    /// Candidates over all queries in the log.
    pub candidates: u64,
    /// Queries with lists in the log, by split: train, valid, test. Where sessions are split, every split has all.
    pub queries_by_split: [u64; 3],
    /// Lists in the log, by split: train, valid, test.
    pub lists_by_split: [u64; 3],
    /// The features that candidates carry.
    pub features: Vec<String>,
}

/// The split of a section: the first fold of MQ2008.
fn split_of_section(section: usize) -> Split {
    match section {
        0..=2 => Split::Train,
        3 => Split::Valid,
        _ => Split::Test,
    }
}

/// The split of a session of a query whose sessions are cut: the last tenth, rounded down but at least one, is test, the tenth
/// before it valid.
fn split_of_session(session: u64, sessions: u64) -> Split {
    let tenth = (sessions / 10).max(1);
    match sessions - session {
        left if left <= tenth => Split::Test,
        left if left <= 2 * tenth => Split::Valid,
        _ => Split::Train,
    }
}

/// Simulates a log from the sections of MQ2008 in `mq2008` and writes it, with its truth, to `out`. `progress` is told after
/// every query how many lists are written.
///
/// # Errors
/// If the configuration is out of range, a section cannot be read or a line of it is bad, if `out` already holds a data set in
/// another form, or if it cannot be written.
pub fn simulate(
    mq2008: &Path,
    out: &Path,
    config: &SimulatorConfig,
    progress: impl FnMut(u64),
) -> Result<SimulationSummary, SimulatorError> {
    config.validate()?;
    let queries = read(mq2008, config.user.greatest_relevance)?;
    let summary = match config.split {
        SplitBy::Queries => write(queries, out, [TRUTH], config, progress)?,
        SplitBy::Sessions => write(queries, out, [TRUTH, ITEMS], config, progress)?,
    };
    let description = Description { format: FORMAT, config: config.clone(), summary };
    let text = serde_json::to_string_pretty(&description)
        .map_err(|error| SimulatorError::Description { file: DESCRIPTION.to_owned(), problem: error.to_string() })?;
    write_text(&out.join(DESCRIPTION), &(text + "\n"))?;
    Ok(description.summary)
}

/// Writes the log and its truth; and the features of items to the second of the other files, if there is one.
fn write<const N: usize>(
    queries: Vec<(usize, JudgedQuery)>,
    out: &Path,
    others: [&str; N],
    config: &SimulatorConfig,
    mut progress: impl FnMut(u64),
) -> Result<SimulationSummary, SimulatorError> {
    let mut files = DataSetWriter::create(out, others, &[DESCRIPTION])?;
    let moments = Moments::of(queries.iter().flat_map(|(_, query)| &query.documents));
    let mut summary = SimulationSummary {
        documents: queries.iter().map(|(_, query)| query.documents.len() as u64).sum(),
        queries: queries.len() as u64,
        features: moments.names.iter().flatten().cloned().collect(),
        ..Default::default()
    };
    let log = Log { config, user: KnownUser::new(config.user.clone())?, moments };
    for (section, judged) in queries {
        if judged.documents.len() < config.least_candidates {
            summary.queries_too_small += 1;
            continue;
        }
        summary.queries_cut += u64::from(judged.documents.len() > config.most_candidates);
        let mut found = log.find(&judged);
        if let Some(catalog) = files.others.get_mut(1) {
            for candidate in &mut found.candidates {
                catalog.write(&Item { id: candidate.id.clone(), features: mem::take(&mut candidate.features) })?;
            }
        }
        let only = (config.split == SplitBy::Queries).then(|| split_of_section(section));
        let splits: Vec<Split> = (0..config.sessions)
            .map(|session| only.unwrap_or_else(|| split_of_session(session, config.sessions)))
            .collect();
        summary.count(&splits, &found);
        let line = QueryLine { query: judged.id, split: only, candidates: found.truth };
        files.others[0].write(&line)?;
        let query = Query::new(line.query, line.candidates);
        for (session, split) in splits.into_iter().enumerate() {
            files.splits[split as usize].write(&log.impression(&query, &found.candidates, session as u64)?)?;
        }
        progress(summary.lists_by_split.iter().sum());
    }
    files.finish(&readme::readme(config, &summary))?;
    Ok(summary)
}

/// All queries with their sections, section by section.
fn read(folder: &Path, greatest_relevance: u32) -> Result<Vec<(usize, JudgedQuery)>, SimulatorError> {
    let (mut queries, mut seen) = (Vec::new(), HashSet::new());
    for (section, name) in SECTIONS.iter().enumerate() {
        let mut found = LetorQueries::section(folder, name, greatest_relevance)?.after(seen);
        for query in found.by_ref() {
            queries.push((section, query?));
        }
        seen = found.into_seen();
    }
    Ok(queries)
}

impl SimulationSummary {
    /// Counts a query whose sessions have these splits.
    fn count(&mut self, splits: &[Split], found: &Found) {
        self.candidates += found.truth.len() as u64;
        self.queries_without_relevance += u64::from(found.truth.iter().all(|candidate| candidate.relevance == 0));
        for split in Split::ALL {
            let lists = splits.iter().filter(|at| **at == split).count() as u64;
            self.queries_by_split[split as usize] += u64::from(lists > 0);
            self.lists_by_split[split as usize] += lists;
        }
    }

    /// Queries in the log.
    pub(crate) fn queries_in_log(&self) -> u64 {
        self.queries - self.queries_too_small
    }

    /// The summary as text, several lines.
    pub fn to_text(&self) -> String {
        let [train, valid, test] = self.lists_by_split;
        let [train_queries, valid_queries, test_queries] = self.queries_by_split;
        format!(
            "{} queries with {} judged documents; {} with too few documents left out, {} cut, {} without a relevant one\n\
             {} lists: {train} train of {train_queries} queries, {valid} valid of {valid_queries}, {test} test of {test_queries}; \
             {:.1} candidates a query, {} features\n",
            self.queries,
            self.documents,
            self.queries_too_small,
            self.queries_cut,
            self.queries_without_relevance,
            train + valid + test,
            self.candidates as f64 / self.queries_in_log().max(1) as f64,
            self.features.len()
        )
    }
}

/// The candidates of a query, in the upstream order, as the log and as the truth have them.
struct Found {
    candidates: Vec<Candidate>,
    truth: Vec<TrueCandidate>,
}

struct Log<'a> {
    config: &'a SimulatorConfig,
    user: KnownUser,
    moments: Moments,
}

impl Log<'_> {
    fn find(&self, query: &JudgedQuery) -> Found {
        let mut rng = rng_at(self.config.seed, "upstream", &query.id, 0);
        let mut scored: Vec<(f64, &Document)> = query
            .documents
            .iter()
            .map(|document| {
                let standardised = self.moments.standardise(&document.features);
                (self.config.upstream.score(&standardised, &mut rng), document)
            })
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        scored.truncate(self.config.most_candidates);
        let id = |document: &Document| match self.config.split {
            SplitBy::Queries => document.id.clone(),
            SplitBy::Sessions => format!("{}:{}", query.id, document.id),
        };
        let candidate = |&(score, document): &(f64, &Document)| Candidate {
            id: id(document),
            score: Some(score),
            features: self.moments.features(&document.features),
        };
        let truth = |&(_, document): &(f64, &Document)| TrueCandidate {
            id: id(document),
            relevance: document.relevance,
            vector: self.moments.vector(&document.features),
        };
        Found { candidates: scored.iter().map(candidate).collect(), truth: scored.iter().map(truth).collect() }
    }

    fn impression(&self, query: &Query, candidates: &[Candidate], session: u64) -> Result<Impression, SimulatorError> {
        let SimulatorConfig { seed, temperature, list_length, .. } = *self.config;
        let scores: Vec<f64> = candidates.iter().map(|candidate| candidate.score.unwrap_or_default()).collect();
        let list = plackett_luce(&scores, temperature, list_length, &mut rng_at(seed, "list", query.id(), session));
        let feedback = self.user.sample(query, &list, &mut rng_at(seed, "feedback", query.id(), session));
        let shown = list.iter().zip(feedback).map(|(candidate, feedback)| Exposure { candidate, feedback }).collect();
        let wrong = |source| SimulatorError::Query { query: query.id().to_owned(), source };
        let request = Request::new(request_id(query.id(), session), User::default(), candidates.to_vec());
        Impression::new(request.map_err(wrong)?, shown).map_err(wrong)
    }
}

/// The id of a request: `QUERY/SESSION`.
fn request_id(query: &str, session: u64) -> String {
    format!("{query}/{session}")
}

/// The query of a request with this id; a query's own id is its own.
pub(crate) fn query_of(request_id: &str) -> &str {
    request_id.rsplit_once('/').map_or(request_id, |(query, _)| query)
}

/// Mean and standard deviation of each feature over all documents.
struct Moments {
    mean: Vec<f64>,
    deviation: Vec<f64>,
    /// The names that features have in the log; none for one that is the same everywhere.
    names: Vec<Option<String>>,
}

impl Moments {
    fn of<'d>(documents: impl Iterator<Item = &'d Document> + Clone) -> Self {
        let width = documents.clone().next().map_or(0, |document| document.features.len());
        let count = documents.clone().count().max(1) as f64;
        let over = |value: &dyn Fn(&Document) -> f64| documents.clone().map(value).sum::<f64>() / count;
        let mean: Vec<f64> = (0..width).map(|at| over(&|document| document.features[at])).collect();
        let deviation: Vec<f64> =
            (0..width).map(|at| over(&|document| (document.features[at] - mean[at]).powi(2)).sqrt()).collect();
        let varies = |at: usize| {
            let mut values = documents.clone().map(|document| document.features[at]);
            let first = values.next();
            values.any(|value| Some(value) != first)
        };
        let names = (0..width).map(|at| varies(at).then(|| format!("f{:02}", at + 1))).collect();
        Self { mean, deviation, names }
    }

    /// Every feature in standard deviations from its mean; 0 where all are the same.
    fn standardise(&self, features: &[f64]) -> Vec<f64> {
        let standardised = |at: usize| match self.names[at] {
            Some(_) => (features[at] - self.mean[at]) / self.deviation[at],
            None => 0.0,
        };
        (0..features.len()).map(standardised).collect()
    }

    /// The features that differ, standardised.
    fn vector(&self, features: &[f64]) -> Vec<f32> {
        let standardised = self.standardise(features).into_iter();
        standardised.zip(&self.names).filter(|(_, name)| name.is_some()).map(|(value, _)| value as f32).collect()
    }

    /// The features that differ, as they stand in the file.
    fn features(&self, features: &[f64]) -> Features {
        let named = self.names.iter().zip(features);
        named.filter_map(|(name, &value)| Some((name.clone()?, value.into()))).collect()
    }
}
