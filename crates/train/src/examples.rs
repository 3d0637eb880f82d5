//! From a data set to what training holds in memory: a schema, a catalog and encoded impressions.
//!
//! The training split is read twice, once to infer the schema and once to encode; what stays in memory is the catalog and,
//! of each impression, its encoded features and labels.

use std::{collections::BTreeMap, sync::OnceLock};

use nar4rec_data::{DataError, DataSet, JsonLines, Line, OnBad, Skipped, Split, Tolerant};
use nar4rec_evaluator::FeedbackKind;
use nar4rec_features::{
    Catalog, EncodedRequest, Encoder, FeatureBatch, FeatureError, Schema, SchemaBuilder, SchemaError,
};
use nar4rec_generator::Generator;
use nar4rec_slate::{Exposure, Impression, InvalidRequest, Item, Request};
use nar4rec_tensor::{Eager, Exec, Weights, Workspace};
use rayon::prelude::*;

use crate::{Config, TrainError, feedback::relevance};

/// Examples that share one pass of the generator.
const LISTS_PER_PASS: usize = 16;

/// One impression, ready to train on.
#[derive(Debug)]
pub struct Example {
    /// The request's features.
    pub request: EncodedRequest,
    /// Of each candidate its place in the upstream ranker's order, from 0; as they come where there are no scores.
    pub ranks: Vec<u32>,
    /// The candidates that were shown, in display order, at most the list length.
    pub shown: Vec<usize>,
    /// Of each shown item each kind of feedback in 0..=1, `[shown, kinds]`; NaN where it was not observed.
    pub labels: Vec<f32>,
    /// What was shown below the list, if it was longer than the list length: each candidate with its labels, `[kinds]`.
    pub(crate) below: Vec<(usize, Vec<f32>)>,
    /// log P̂ of the trained generator, `[candidates, positions]`, once there is one.
    pub(crate) log_probabilities: OnceLock<Vec<f32>>,
}

impl Example {
    /// Encodes an impression.
    ///
    /// # Errors
    /// If a feature does not fit the schema.
    pub fn new(impression: &Impression, prepared: &Prepared) -> Result<Self, FeatureError> {
        let (shown, below) = impression.shown().split_at(impression.shown().len().min(prepared.list_length));
        let kinds = &prepared.feedback;
        let labels = |exposure: &Exposure| -> Vec<f32> {
            kinds.iter().map(|kind| kind.label_of(&exposure.feedback).unwrap_or(f32::NAN)).collect()
        };
        Ok(Self {
            request: prepared.encoder.encode(impression.request(), &prepared.catalog)?,
            log_probabilities: OnceLock::new(),
            ranks: ranks(impression.request()),
            shown: shown.iter().map(|exposure| exposure.candidate).collect(),
            labels: shown.iter().flat_map(labels).collect(),
            below: below.iter().map(|exposure| (exposure.candidate, labels(exposure))).collect(),
        })
    }

    /// Whether both are the same question, whatever was shown.
    fn asks_the_same(&self, other: &Self) -> bool {
        self.ranks == other.ranks && self.request == other.request
    }

    /// Every candidate that was shown, in the list or below it, with its labels.
    pub(crate) fn observed(&self, kinds: usize) -> impl Iterator<Item = (usize, &[f32])> {
        let list = self.shown.iter().copied().zip(self.labels.chunks_exact(kinds));
        list.chain(self.below.iter().map(|(candidate, labels)| (*candidate, labels.as_slice())))
    }

    /// The same with a list of `length` items, or of all candidates if there are fewer: cut, or continued by the candidates that
    /// were not shown, as they come. What the user did with the list's items is then repeated from its beginning; so this is
    /// good for measuring what a list of that length costs, and for nothing else.
    ///
    /// # Errors
    /// If a feature does not fit the schema.
    pub fn sized(impression: &Impression, prepared: &Prepared, length: usize) -> Result<Self, FeatureError> {
        let mut example = Self::new(impression, prepared)?;
        example.below.clear();
        let rest = (0..example.request.candidates()).filter(|index| !example.shown.contains(index));
        let shown: Vec<usize> = example.shown.iter().copied().chain(rest).take(length).collect();
        let count = shown.len() * prepared.feedback.len();
        example.labels = example.labels.iter().copied().cycle().take(count).collect();
        // Nothing was shown: there is nothing to repeat.
        example.labels.resize(count, f32::NAN);
        example.shown = shown;
        Ok(example)
    }

    /// Σ over kinds of weight · label, of each shown item; what was not observed counts for nothing.
    pub fn utilities<'a>(&'a self, kinds: &'a [FeedbackKind]) -> impl ExactSizeIterator<Item = f32> + 'a {
        self.labels.chunks_exact(kinds.len()).map(move |labels| utility(labels, kinds))
    }

    /// The utility of each shown item as a share of the greatest an item can have, in 0..=1; NaN where nothing that counts was
    /// observed of it.
    pub fn worths<'a>(&'a self, kinds: &'a [FeedbackKind]) -> impl ExactSizeIterator<Item = f32> + 'a {
        self.labels.chunks_exact(kinds.len()).map(move |labels| worth(labels, kinds))
    }
}

/// The examples of each question, where the same one is asked several times in a row: a model answers it once.
pub(crate) fn questions(examples: &[Example]) -> Vec<&[Example]> {
    examples.chunk_by(Example::asks_the_same).collect()
}

fn utility(labels: &[f32], kinds: &[FeedbackKind]) -> f32 {
    let observed = labels.iter().zip(kinds).filter(|(label, _)| !label.is_nan());
    observed.map(|(label, kind)| kind.weight * label).sum()
}

/// The utility of an item with these labels as a share of the greatest there can be, in 0..=1; NaN if no kind that counts was
/// observed.
pub(crate) fn worth(labels: &[f32], kinds: &[FeedbackKind]) -> f32 {
    let greatest: f32 = kinds.iter().map(|kind| kind.weight.max(0.0)).sum();
    if greatest <= 0.0 {
        // Where no kind is worth anything, no item has a share of it.
        return 0.0;
    }
    let mut counted = labels.iter().zip(kinds).filter(|(_, kind)| kind.weight != 0.0);
    match counted.all(|(label, _)| label.is_nan()) {
        true => f32::NAN,
        false => (utility(labels, kinds) / greatest).clamp(0.0, 1.0),
    }
}

/// The place of each candidate in the upstream ranker's order, from 0; among equals and without scores as they come.
pub(crate) fn ranks(request: &Request) -> Vec<u32> {
    let mut ranks = vec![0; request.candidates().len()];
    request.upstream_order().into_iter().zip(0..).for_each(|(index, rank)| ranks[index] = rank);
    ranks
}

/// A data set ready to train on.
#[derive(Debug)]
pub struct Prepared {
    /// Encodes requests by the schema.
    pub encoder: Encoder,
    /// The item catalog, encoded.
    pub catalog: Catalog,
    /// The item catalog as it came, to be stored with the model.
    pub items: Option<Vec<Item>>,
    /// The kinds of feedback, in the order of labels.
    pub feedback: Vec<FeedbackKind>,
    /// Which of them makes an item relevant.
    pub relevance: usize,
    /// Lists are cut to this.
    pub list_length: usize,
    /// The training impressions.
    pub train: Vec<Example>,
    /// The validation impressions.
    pub valid: Vec<Example>,
    /// What the schema inference had to say.
    pub notes: Vec<String>,
    /// Lines that were left out, by the name of what they belong to: `items` or a split.
    pub skipped: Vec<(&'static str, Skipped)>,
}

impl Prepared {
    /// Notes what a trained generator makes of every example, for an evaluator that learns from what it proposes.
    pub(crate) fn propose(&self, generator: &Generator, weights: &Weights) {
        [&self.train, &self.valid].into_iter().for_each(|examples| self.propose_for(examples, generator, weights));
    }

    /// The same for some examples.
    pub(crate) fn propose_for(&self, examples: &[Example], generator: &Generator, weights: &Weights) {
        examples.par_chunks(LISTS_PER_PASS).for_each(|examples| {
            let mut batch = FeatureBatch::new(self.encoder.spec());
            examples.iter().for_each(|example| batch.push(&example.request, &self.catalog));
            let mut workspace = Workspace::default();
            let mut ex = Eager::new(weights, &mut workspace);
            let output = generator.forward(&mut ex, &batch);
            let positions = generator.config().list_length;
            for (example, rows) in examples.iter().zip(output.segments.iter()) {
                let logs = &ex.data(output.log_probabilities)[rows.start * positions..rows.end * positions];
                example.log_probabilities.get_or_init(|| logs.to_vec());
            }
        });
    }
}

/// How a data set is prepared.
#[derive(Debug, Default)]
pub struct PrepareOptions {
    /// A schema to use instead of inferring one.
    pub schema: Option<Schema>,
    /// What to do with a bad line.
    pub on_bad: OnBad,
}

/// Reads a data set's catalog, training and validation split.
///
/// # Errors
/// If a file cannot be read, a line is bad (unless bad lines are skipped), or the schema does not fit.
pub fn prepare(data: &DataSet, config: &Config, options: PrepareOptions) -> Result<Prepared, TrainError> {
    for split in [Split::Train, Split::Valid] {
        // A split that is not there is told before a long file is read.
        data.impressions(split)?;
    }
    let mut reading = Reading::new(options.schema, config);
    let items = ItemLines::read(data, &mut reading, options.on_bad)?;
    let found = survey(data, config, &mut reading, options.on_bad)?;
    let (schema, notes) = reading.finish()?;
    let encoder = Encoder::new(schema)?;
    let feedback = if config.evaluator.feedback.is_empty() { found } else { config.evaluator.feedback.clone() };
    let mut prepared = Prepared {
        catalog: Catalog::empty(&encoder),
        encoder,
        items: None,
        relevance: relevance(data, config, &feedback)?,
        feedback,
        list_length: config.generator.list_length,
        train: Vec::new(),
        valid: Vec::new(),
        notes,
        skipped: Vec::new(),
    };
    if let Some(items) = items {
        items.encode(&mut prepared)?;
    }
    prepared.train = read_examples(data, Split::Train, &mut prepared, options.on_bad)?;
    prepared.notes.extend(cut_lists(&prepared));
    prepared.valid = read_examples(data, Split::Valid, &mut prepared, options.on_bad)?;
    Ok(prepared)
}

/// Where the schema comes from.
pub(crate) enum Reading {
    /// The caller: the data only has to fit it.
    Given(Schema),
    /// The data.
    Inferred(Box<SchemaBuilder>),
}

impl Reading {
    pub(crate) fn new(schema: Option<Schema>, config: &Config) -> Self {
        schema.map_or_else(|| Self::Inferred(SchemaBuilder::new(config.features.clone()).into()), Self::Given)
    }

    fn item(&mut self, item: &Item) -> Result<(), FeatureError> {
        match self {
            Self::Given(_) => Ok(()),
            Self::Inferred(builder) => builder.observe_item(item),
        }
    }

    fn impression(&mut self, impression: &Impression) -> Result<(), FeatureError> {
        match self {
            Self::Given(_) => Ok(()),
            Self::Inferred(builder) => builder.observe(impression),
        }
    }

    /// The schema and what its inference had to say.
    fn finish(self) -> Result<(Schema, Vec<String>), SchemaError> {
        match self {
            Self::Given(schema) => Ok((schema, Vec::new())),
            Self::Inferred(builder) => builder.finish().map(|inferred| (inferred.schema, inferred.notes)),
        }
    }
}

/// The item catalog with its line numbers, so that an item that does not fit the schema can be told by its line.
struct ItemLines {
    lines: Tolerant<Item>,
    items: Vec<Line<Item>>,
}

impl ItemLines {
    fn read(data: &DataSet, reading: &mut Reading, on_bad: OnBad) -> Result<Option<Self>, DataError> {
        let Some(lines) = data.items()? else { return Ok(None) };
        let mut lines = lines.on_bad(on_bad);
        let mut items = Vec::new();
        while let Some(line) = lines.next().transpose()? {
            match reading.item(&line.value) {
                Ok(()) => items.push(line),
                Err(error) => lines.reject(line.number, invalid(error))?,
            }
        }
        Ok(Some(Self { lines, items }))
    }

    /// Fills the catalog.
    fn encode(mut self, prepared: &mut Prepared) -> Result<(), DataError> {
        let mut kept = Vec::with_capacity(self.items.len());
        for line in self.items {
            match prepared.catalog.push(&prepared.encoder, &line.value) {
                Ok(()) => kept.push(line.value),
                Err(error) => self.lines.reject(line.number, invalid(error))?,
            }
        }
        prepared.items = Some(kept);
        prepared.skipped.push(("items", self.lines.into_skipped()));
        Ok(())
    }
}

/// The first pass over the training split: a schema to infer sees every request; the kinds of feedback come back, an
/// amount that exceeds 1 with its greatest value as scale.
pub(crate) fn survey(
    data: &DataSet,
    config: &Config,
    reading: &mut Reading,
    on_bad: OnBad,
) -> Result<Vec<FeedbackKind>, TrainError> {
    let mut lines = impressions(data, Split::Train, &config.evaluator.feedback)?.on_bad(on_bad);
    let mut greatest: BTreeMap<String, f64> = BTreeMap::new();
    let mut read = 0;
    while let Some(line) = lines.next().transpose()? {
        if let Err(error) = reading.impression(&line.value) {
            lines.reject(line.number, invalid(error))?;
            continue;
        }
        read += 1;
        for (kind, value) in line.value.shown().iter().flat_map(|exposure| &exposure.feedback) {
            let most = greatest.entry(kind.clone()).or_insert(1.0);
            *most = most.max(*value);
        }
    }
    if read == 0 {
        return Err(TrainError::Empty { file: lines.name().to_owned(), bad: lines.skipped().count });
    }
    let kind = |(name, most)| FeedbackKind { scale: most as f32, ..FeedbackKind::new(name, 1.0) };
    Ok(greatest.into_iter().map(kind).collect())
}

/// The impressions of a split, whose feedback is of known kinds, if any are known.
pub(crate) fn impressions(
    data: &DataSet,
    split: Split,
    kinds: &[FeedbackKind],
) -> Result<JsonLines<Impression>, DataError> {
    let lines = data.impressions(split)?;
    if kinds.is_empty() {
        return Ok(lines);
    }
    let known = kinds.iter().map(|kind| kind.name.clone()).collect();
    Ok(lines.with_check(nar4rec_data::known_feedback_kinds(known)))
}

/// Reads a split to its end for a bad line, which is better told before hours of training than after.
///
/// # Errors
/// If it cannot be read, or a line is bad.
pub fn read_through(data: &DataSet, split: Split, config: &Config) -> Result<(), DataError> {
    impressions(data, split, &config.evaluator.feedback)?.try_for_each(|line| line.map(drop))
}

fn invalid(error: FeatureError) -> InvalidRequest {
    InvalidRequest::new(error.field, format!("found {}, expected {}", error.found, error.expected))
}

/// The first `count` impressions of a split that fit, or all if there are fewer.
///
/// # Errors
/// If the split cannot be read, a line is bad (unless bad lines are skipped), or none fits.
pub fn first_impressions(
    (data, split): (&DataSet, Split),
    count: usize,
    prepared: &Prepared,
    on_bad: OnBad,
) -> Result<Vec<Impression>, TrainError> {
    let mut lines = impressions(data, split, &prepared.feedback)?.on_bad(on_bad);
    let mut found = Vec::new();
    while found.len() < count
        && let Some(line) = lines.next().transpose()?
    {
        match Example::new(&line.value, prepared) {
            Ok(_) => found.push(line.value),
            Err(error) => lines.reject(line.number, invalid(error))?,
        }
    }
    match found.is_empty() {
        true => Err(TrainError::Empty { file: lines.name().to_owned(), bad: lines.skipped().count }),
        false => Ok(found),
    }
}

/// Says so if lists were cut, as whoever set the list length may not have meant that.
fn cut_lists(Prepared { train, list_length, .. }: &Prepared) -> Option<String> {
    let cut = train.iter().filter(|example| !example.below.is_empty()).count();
    let longest = train.iter().map(|example| example.shown.len() + example.below.len()).max()?;
    (cut > 0).then(|| {
        format!(
            "train: {cut} of {} lists are longer than generator.list_length = {list_length}, the longest has {longest} items: what \
             stood below is no part of the lists that are learned from",
            train.len()
        )
    })
}

fn read_examples(
    data: &DataSet,
    split: Split,
    prepared: &mut Prepared,
    on_bad: OnBad,
) -> Result<Vec<Example>, TrainError> {
    let mut lines = impressions(data, split, &prepared.feedback)?.on_bad(on_bad);
    let mut examples = Vec::new();
    while let Some(line) = lines.next().transpose()? {
        match Example::new(&line.value, prepared) {
            Ok(example) => examples.push(example),
            Err(error) => lines.reject(line.number, invalid(error))?,
        }
    }
    if examples.is_empty() {
        return Err(TrainError::Empty { file: lines.name().to_owned(), bad: lines.skipped().count });
    }
    prepared.skipped.push((split.name(), lines.into_skipped()));
    Ok(examples)
}
