//! From requests to encoded rows, by a schema.
//!
//! The names in the schema and the strings in its dictionaries are resolved once, in [`Encoder::new`]. After that a
//! request costs one walk over its features and one catalog lookup per candidate, and memory only for the rows that come
//! out.

use nar4rec_slate::{Candidate, FeatureValue, Features, Item, Request, User};

use crate::columns::Columns;
use crate::encoded::{EncodedRequest, ItemRef};
use crate::schema::{Schema, ScoreFeature};
use crate::score::ListScores;
use crate::{Catalog, FeatureError, InputSpec, SchemaError};

mod level;

pub(crate) use level::number_as_text;
use level::{Level, Lookup, Row};

/// Encodes items and requests by one schema. It holds no state: share it freely between threads.
#[derive(Debug)]
pub struct Encoder {
    schema: Schema,
    spec: InputSpec,
    score: Option<ScoreFeature>,
    user: Level,
    item: Level,
    candidate: Level,
    tables: Vec<Lookup>,
}

/// Memory that encoding uses between its steps: keep one and pass it to each call, and after the first few requests nothing
/// is allocated.
#[derive(Debug, Default)]
pub struct EncodeScratch {
    /// Empty between requests.
    values: Vec<Option<&'static FeatureValue>>,
    scores: Vec<f64>,
}

/// What stays the same over the candidates of one request.
struct Context<'r> {
    catalog: &'r Catalog,
    scores: Option<ListScores>,
    /// Room for the values of one candidate.
    values: Vec<Option<&'r FeatureValue>>,
}

/// An empty vector in the memory of another, of references that live as long as they must. Elements of one layout are
/// collected in place.
fn emptied<'a>(mut values: Vec<Option<&FeatureValue>>) -> Vec<Option<&'a FeatureValue>> {
    values.clear();
    values.into_iter().map(|_| None).collect()
}

impl Encoder {
    /// An encoder by a schema.
    ///
    /// # Errors
    /// If the schema is not valid, see [`Schema::validate`].
    pub fn new(schema: Schema) -> Result<Self, SchemaError> {
        let spec = schema.input_spec()?;
        let level = |features| Level::new(features, |name| schema.table_index(name));
        Ok(Self {
            spec,
            score: schema.score.clone(),
            user: level(&schema.user),
            item: level(&schema.item),
            candidate: level(&schema.candidate),
            tables: schema.tables.iter().map(Lookup::new).collect(),
            schema,
        })
    }

    /// The schema it encodes by.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What comes out of it.
    pub fn spec(&self) -> &InputSpec {
        &self.spec
    }

    /// One request, encoded into as little memory as it needs.
    ///
    /// `catalog` must have been filled with this encoder.
    ///
    /// # Errors
    /// If a feature in the schema has a value of another kind or a number that is not finite. Features that are not
    /// in the schema are not looked at.
    pub fn encode(&self, request: &Request, catalog: &Catalog) -> Result<EncodedRequest, FeatureError> {
        let mut out = EncodedRequest::default();
        self.encode_into(request, catalog, &mut out, &mut EncodeScratch::default())?;
        out.shrink_to_fit();
        Ok(out)
    }

    /// The same as [`Self::encode`], into buffers that are used again. After an error `out` is an empty request.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn encode_into(
        &self,
        request: &Request,
        catalog: &Catalog,
        out: &mut EncodedRequest,
        scratch: &mut EncodeScratch,
    ) -> Result<(), FeatureError> {
        self.clear(out);
        let encoded = self.fill(request, catalog, out, scratch);
        if encoded.is_err() {
            self.clear(out);
        }
        encoded
    }

    fn clear(&self, out: &mut EncodedRequest) {
        out.user.reset(self.user.shape());
        let mut shape = self.candidate.shape();
        shape.numbers += self.score.as_ref().map_or(0, |score| score.columns.len());
        out.rows.reset(shape);
        out.items.clear();
        out.own_items.reset(self.item.shape());
    }

    fn fill(
        &self,
        request: &Request,
        catalog: &Catalog,
        out: &mut EncodedRequest,
        scratch: &mut EncodeScratch,
    ) -> Result<(), FeatureError> {
        let memory = std::mem::take(&mut scratch.scores);
        let scores = self.score.as_ref().map(|_| ListScores::new(request.candidates(), memory));
        let mut context = Context { catalog, scores, values: emptied(std::mem::take(&mut scratch.values)) };
        let encoded = self.fill_from(request, &mut context, out);
        scratch.values = emptied(context.values);
        scratch.scores = context.scores.map(ListScores::into_memory).unwrap_or_default();
        encoded
    }

    fn fill_from<'r>(
        &self,
        request: &'r Request,
        context: &mut Context<'r>,
        out: &mut EncodedRequest,
    ) -> Result<(), FeatureError> {
        let candidates = request.candidates();
        out.rows.reserve(candidates.len());
        out.items.reserve(candidates.len());
        self.encode_user(request.user(), context, &mut out.user).map_err(|error| error.within("user."))?;
        for (index, candidate) in candidates.iter().enumerate() {
            self.encode_candidate(candidate, context, out)
                .and_then(|()| self.encode_item(candidate, context, out))
                .map_err(|error| error.within(&format!("candidates[{index}].")))?;
        }
        Ok(())
    }

    fn encode_user<'r>(
        &self,
        user: &'r User,
        context: &mut Context<'r>,
        out: &mut Columns,
    ) -> Result<(), FeatureError> {
        self.user.gather(&user.features, &mut context.values);
        self.user.encode(&self.tables, &Row { id: user.id.as_deref(), values: &context.values, under: None }, out)
    }

    fn encode_candidate<'r>(
        &self,
        candidate: &'r Candidate,
        context: &mut Context<'r>,
        out: &mut EncodedRequest,
    ) -> Result<(), FeatureError> {
        if let (Some(feature), Some(scores)) = (&self.score, &context.scores) {
            for &column in &feature.columns {
                out.rows.push_number(scores.column(feature, column, candidate.score));
            }
        }
        self.candidate.gather(&candidate.features, &mut context.values);
        let row = Row { id: Some(&candidate.id), values: &context.values, under: None };
        self.candidate.encode(&self.tables, &row, &mut out.rows)
    }

    /// A candidate that adds nothing to its catalog row is a reference to it; any other has an item row of its own.
    fn encode_item<'r>(
        &self,
        candidate: &'r Candidate,
        context: &mut Context<'r>,
        out: &mut EncodedRequest,
    ) -> Result<(), FeatureError> {
        let known = context.catalog.row(&candidate.id);
        let overrides = self.item.gather(&candidate.features, &mut context.values);
        if !overrides && (known.is_some() || !self.item.reads_id()) {
            out.items.push(ItemRef::catalog(known.unwrap_or(Catalog::UNKNOWN)));
            return Ok(());
        }
        let under = known.map(|row| (context.catalog.columns(), row));
        let row = Row { id: Some(&candidate.id), values: &context.values, under };
        self.item.encode(&self.tables, &row, &mut out.own_items)?;
        out.items.push(ItemRef::own(out.own_items.rows() - 1));
        Ok(())
    }

    /// Appends the row of a catalog item.
    pub(crate) fn encode_catalog_item(&self, item: &Item, out: &mut Columns) -> Result<(), FeatureError> {
        let mut values = Vec::new();
        self.item.gather(&item.features, &mut values);
        let row = Row { id: Some(&item.id), values: &values, under: None };
        let encoded = self.item.encode(&self.tables, &row, out);
        if encoded.is_err() {
            out.discard_unfinished_row();
        }
        encoded
    }

    /// Item columns whose only row has every value missing.
    pub(crate) fn missing_item(&self) -> Columns {
        let (nothing, mut values) = (Features::new(), Vec::new());
        self.item.gather(&nothing, &mut values);
        let mut columns = Columns::new(self.item.shape());
        self.item
            .encode(&self.tables, &Row { id: None, values: &values, under: None }, &mut columns)
            .expect("a row without values has none that could be wrong");
        columns
    }
}

#[cfg(test)]
mod tests;
