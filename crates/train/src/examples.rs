//! From a data set to what training holds in memory: a schema, a catalog and encoded impressions.
//!
//! The training split is read twice, once to infer the schema and once to encode; what stays in memory is the catalog and,
//! of each impression, its encoded features and labels.

use std::collections::BTreeMap;

use nar4rec_data::{DataError, DataSet, JsonLines, OnBad, Skipped, Split};
use nar4rec_evaluator::FeedbackKind;
use nar4rec_features::{Catalog, EncodedRequest, Encoder, FeatureError, Schema, SchemaBuilder};
use nar4rec_slate::{Impression, InvalidRequest, Item};

use crate::{Config, TrainError};

/// One impression, ready to train on.
#[derive(Debug)]
pub struct Example {
    /// The request's features.
    pub request: EncodedRequest,
    /// The candidates that were shown, in display order, at most the list length.
    pub shown: Vec<usize>,
    /// Of each shown item each kind of feedback in 0..=1, `[shown, kinds]`; NaN where it was not observed.
    pub labels: Vec<f32>,
}

impl Example {
    /// Encodes an impression.
    ///
    /// # Errors
    /// If a feature does not fit the schema.
    pub fn new(impression: &Impression, prepared: &Prepared) -> Result<Self, FeatureError> {
        let shown = &impression.shown()[..impression.shown().len().min(prepared.list_length)];
        let kinds = &prepared.feedback;
        let label = |feedback: &BTreeMap<String, f64>, kind: &FeedbackKind| {
            feedback.get(&kind.name).map_or(f32::NAN, |value| kind.label(*value))
        };
        Ok(Self {
            request: prepared.encoder.encode(impression.request(), &prepared.catalog)?,
            shown: shown.iter().map(|exposure| exposure.candidate).collect(),
            labels: shown
                .iter()
                .flat_map(|exposure| kinds.iter().map(|kind| label(&exposure.feedback, kind)))
                .collect(),
        })
    }

    /// Σ over kinds of weight · label, of each shown item; what was not observed counts for nothing.
    pub fn utilities<'a>(&'a self, kinds: &'a [FeedbackKind]) -> impl ExactSizeIterator<Item = f32> + 'a {
        self.labels.chunks_exact(kinds.len()).map(move |labels| {
            let observed = labels.iter().zip(kinds).filter(|(label, _)| !label.is_nan());
            observed.map(|(label, kind)| kind.weight * label).sum()
        })
    }

    /// Whether each shown item is relevant: its label of kind `relevance` is above zero.
    pub fn relevant<'a>(&'a self, kinds: usize, relevance: usize) -> impl ExactSizeIterator<Item = bool> + 'a {
        self.labels.chunks_exact(kinds).map(move |labels| labels[relevance] > 0.0)
    }
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
    /// Lines that were left out, by split.
    pub skipped: Vec<(Split, Skipped)>,
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
    let mut builder = SchemaBuilder::new(config.features.clone());
    let items = read_items(data, &mut builder)?;
    let found = survey(data, config, &mut builder, options.on_bad)?;
    let (schema, notes) = match options.schema {
        Some(schema) => (schema, Vec::new()),
        None => {
            let inferred = builder.finish()?;
            (inferred.schema, inferred.notes)
        }
    };
    let encoder = Encoder::new(schema)?;
    let mut catalog = Catalog::empty(&encoder);
    for item in items.iter().flatten() {
        catalog.push(&encoder, item).map_err(|source| TrainError::Item { id: item.id.clone(), source })?;
    }
    let feedback = if config.evaluator.feedback.is_empty() { found } else { config.evaluator.feedback.clone() };
    let mut prepared = Prepared {
        encoder,
        catalog,
        items,
        relevance: relevance(config, &feedback)?,
        feedback,
        list_length: config.generator.list_length,
        train: Vec::new(),
        valid: Vec::new(),
        notes,
        skipped: Vec::new(),
    };
    prepared.train = read_examples(data, Split::Train, &mut prepared, options.on_bad)?;
    prepared.valid = read_examples(data, Split::Valid, &mut prepared, options.on_bad)?;
    Ok(prepared)
}

/// The item catalog, which the schema builder sees too.
fn read_items(data: &DataSet, builder: &mut SchemaBuilder) -> Result<Option<Vec<Item>>, DataError> {
    let Some(lines) = data.items()? else { return Ok(None) };
    let mut lines = lines.on_bad(OnBad::Fail);
    let mut items = Vec::new();
    while let Some(line) = lines.next().transpose()? {
        match builder.observe_item(&line.value) {
            Ok(()) => items.push(line.value),
            Err(error) => lines.reject(line.number, invalid(error))?,
        }
    }
    Ok(Some(items))
}

/// The first pass over the training split: the schema builder sees every request; the kinds of feedback come back, an
/// amount that exceeds 1 with its greatest value as scale.
fn survey(
    data: &DataSet,
    config: &Config,
    builder: &mut SchemaBuilder,
    on_bad: OnBad,
) -> Result<Vec<FeedbackKind>, DataError> {
    let mut lines = impressions(data, Split::Train, &config.evaluator.feedback)?.on_bad(on_bad);
    let mut greatest: BTreeMap<String, f64> = BTreeMap::new();
    while let Some(line) = lines.next().transpose()? {
        if let Err(error) = builder.observe(&line.value) {
            lines.reject(line.number, invalid(error))?;
            continue;
        }
        for (kind, value) in line.value.shown().iter().flat_map(|exposure| &exposure.feedback) {
            let most = greatest.entry(kind.clone()).or_insert(1.0);
            *most = most.max(*value);
        }
    }
    let kind = |(name, most)| FeedbackKind { scale: most as f32, ..FeedbackKind::new(name, 1.0) };
    Ok(greatest.into_iter().map(kind).collect::<Vec<FeedbackKind>>())
}

/// The impressions of a split, whose feedback is of known kinds (if any are known) and not negative.
fn impressions(data: &DataSet, split: Split, kinds: &[FeedbackKind]) -> Result<JsonLines<Impression>, DataError> {
    let lines = data.impressions(split)?.with_check(|line| not_negative(&line.value));
    if kinds.is_empty() {
        return Ok(lines);
    }
    let known = kinds.iter().map(|kind| kind.name.clone()).collect();
    Ok(lines.with_check(nar4rec_data::known_feedback_kinds(known)))
}

fn not_negative(impression: &Impression) -> Result<(), InvalidRequest> {
    for (place, exposure) in impression.shown().iter().enumerate() {
        if let Some((kind, value)) = exposure.feedback.iter().find(|(_, value)| **value < 0.0) {
            let field = format!("shown[{place}].feedback.{kind}");
            return Err(InvalidRequest::new(field, format!("found {value}, expected a number of at least 0")));
        }
    }
    Ok(())
}

fn invalid(error: FeatureError) -> InvalidRequest {
    InvalidRequest::new(error.field, format!("found {}, expected {}", error.found, error.expected))
}

/// The kind of feedback that makes an item relevant.
fn relevance(config: &Config, feedback: &[FeedbackKind]) -> Result<usize, TrainError> {
    let Some(name) = &config.relevance else {
        // The first of those with the greatest weight.
        let best = (0..feedback.len()).rev().max_by(|a, b| feedback[*a].weight.total_cmp(&feedback[*b].weight));
        return best.ok_or(TrainError::NoFeedback);
    };
    let found = feedback.iter().position(|kind| kind.name == *name);
    found.ok_or_else(|| TrainError::Relevance {
        found: name.clone(),
        expected: feedback.iter().map(|kind| kind.name.clone()).collect(),
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
        return Err(TrainError::Empty { split });
    }
    prepared.skipped.push((split, lines.into_skipped()));
    Ok(examples)
}
