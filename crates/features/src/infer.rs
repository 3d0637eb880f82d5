//! A schema from data: one pass over the catalog and the impressions, in bounded memory.
//!
//! A feature of the user is at user level. A feature of a candidate is at item level if the catalog has it for any
//! item, and at candidate level otherwise. Its kind is the kind of its values, which must agree over the whole data.

use std::collections::BTreeMap;

use nar4rec_slate::{Candidate, FeatureValue, Features, Impression, Item, Request};

use crate::encoder::number_as_text;
use crate::{FeatureError, SchemaError, Transform};

mod finish;
mod moments;
mod options;
mod vocabulary;

pub use finish::Inferred;
pub use options::{IdFeature, SchemaOptions};

use moments::Moments;
use vocabulary::Vocabulary;

/// Sees the training data line by line and infers a schema from it.
///
/// After an error the line counts as far as it was read; go on with the next or give up.
#[derive(Debug)]
pub struct SchemaBuilder {
    options: SchemaOptions,
    requests: u64,
    candidates: u64,
    items: u64,
    user: BTreeMap<String, Observed>,
    /// Features of candidates and of catalog items, which share their names.
    item: BTreeMap<String, Observed>,
    /// Strings by feature name: a user's and an item's feature of one name share a table.
    vocabularies: BTreeMap<String, Vocabulary>,
    /// Ids of candidates, counted, and of the catalog, noted.
    item_ids: Vocabulary,
    user_ids: Vocabulary,
    score: Moments,
}

/// What was seen of one feature at one level.
#[derive(Debug, Default)]
struct Observed {
    kind: Option<Kind>,
    moments: Moments,
    /// How many values the catalog has.
    in_catalog: u64,
    /// How many values stand on requests or candidates.
    inline: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Category,
    List,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Catalog,
    Inline,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Category => "a string",
            Self::List => "a list of strings",
        }
    }
}

impl SchemaBuilder {
    /// A builder that has seen nothing.
    pub fn new(options: SchemaOptions) -> Self {
        Self {
            options,
            requests: 0,
            candidates: 0,
            items: 0,
            user: BTreeMap::new(),
            item: BTreeMap::new(),
            vocabularies: BTreeMap::new(),
            item_ids: Vocabulary::default(),
            user_ids: Vocabulary::default(),
            score: Moments::default(),
        }
    }

    /// Sees a line of the item catalog.
    ///
    /// # Errors
    /// If a value is of another kind than before or a number is not finite; the error names the field and both kinds.
    pub fn observe_item(&mut self, item: &Item) -> Result<(), FeatureError> {
        self.items += 1;
        self.item_ids.note(&item.id);
        let mut level =
            LevelView { options: &self.options, seen: &mut self.item, vocabularies: &mut self.vocabularies };
        level.observe(&item.features, Place::Catalog)
    }

    /// Sees an impression.
    ///
    /// # Errors
    /// As [`Self::observe_item`].
    pub fn observe(&mut self, impression: &Impression) -> Result<(), FeatureError> {
        self.observe_request(impression.request())
    }

    /// Sees a request.
    ///
    /// # Errors
    /// As [`Self::observe_item`].
    pub fn observe_request(&mut self, request: &Request) -> Result<(), FeatureError> {
        self.requests += 1;
        let user = request.user();
        if let (IdFeature::Include, Some(id)) = (self.options.user_id, &user.id) {
            self.user_ids.push(id);
        }
        let mut level =
            LevelView { options: &self.options, seen: &mut self.user, vocabularies: &mut self.vocabularies };
        level.observe(&user.features, Place::Inline).map_err(|error| error.within("user."))?;
        for (index, candidate) in request.candidates().iter().enumerate() {
            self.observe_candidate(candidate).map_err(|error| error.within(&format!("candidates[{index}].")))?;
        }
        Ok(())
    }

    fn observe_candidate(&mut self, candidate: &Candidate) -> Result<(), FeatureError> {
        self.candidates += 1;
        self.item_ids.push(&candidate.id);
        if let Some(score) = candidate.score {
            self.score.push(score);
        }
        let mut level =
            LevelView { options: &self.options, seen: &mut self.item, vocabularies: &mut self.vocabularies };
        level.observe(&candidate.features, Place::Inline)
    }

    /// The schema of what was seen.
    ///
    /// # Errors
    /// If nothing seen can be an input of a candidate, or an option leads to a schema that is not valid.
    pub fn finish(self) -> Result<Inferred, SchemaError> {
        finish::finish(&self)
    }
}

/// One level's features while a line is seen.
struct LevelView<'a> {
    options: &'a SchemaOptions,
    seen: &'a mut BTreeMap<String, Observed>,
    vocabularies: &'a mut BTreeMap<String, Vocabulary>,
}

impl LevelView<'_> {
    fn observe(&mut self, features: &Features, place: Place) -> Result<(), FeatureError> {
        features.iter().try_for_each(|(name, value)| self.observe_value(name, value, place))
    }

    fn observe_value(&mut self, name: &str, value: &FeatureValue, place: Place) -> Result<(), FeatureError> {
        let seen = entry(self.seen, name);
        let Some(kind) = self.options.kind(name, value) else { return Ok(()) };
        let known = *seen.kind.get_or_insert(kind);
        if known != kind {
            return Err(mismatch(name, value.kind(), format!("{} as on the lines before", known.name())));
        }
        match value {
            FeatureValue::Missing => {}
            FeatureValue::Number(number) if !number.is_finite() => {
                return Err(mismatch(name, &number.to_string(), "a finite number".to_owned()));
            }
            FeatureValue::Number(number) if kind == Kind::Category => {
                entry(self.vocabularies, name).push(&number_as_text(*number));
            }
            FeatureValue::Number(number) => seen.moments.push(self.options.transform(name).apply(*number)),
            FeatureValue::Text(text) => entry(self.vocabularies, name).push(text),
            FeatureValue::List(list) => {
                let vocabulary = entry(self.vocabularies, name);
                list.iter().for_each(|text| vocabulary.push(text));
            }
        }
        match place {
            Place::Catalog => seen.in_catalog += 1,
            Place::Inline => seen.inline += 1,
        }
        Ok(())
    }
}

fn mismatch(name: &str, found: &str, expected: String) -> FeatureError {
    FeatureError { field: format!("features.{name}"), found: found.to_owned(), expected }
}

impl SchemaOptions {
    /// What kind of feature a value makes; a missing one makes none.
    fn kind(&self, name: &str, value: &FeatureValue) -> Option<Kind> {
        match value {
            FeatureValue::Missing => None,
            FeatureValue::Number(_) if self.categories.contains(name) => Some(Kind::Category),
            FeatureValue::Number(_) => Some(Kind::Number),
            FeatureValue::Text(_) => Some(Kind::Category),
            FeatureValue::List(_) => Some(Kind::List),
        }
    }

    fn transform(&self, name: &str) -> Transform {
        if self.log1p.contains(name) { Transform::Log1p } else { Transform::Identity }
    }
}

/// The value under a name, made if it is not there; the name is copied only then.
fn entry<'m, T: Default>(map: &'m mut BTreeMap<String, T>, name: &str) -> &'m mut T {
    if !map.contains_key(name) {
        map.insert(name.to_owned(), T::default());
    }
    map.get_mut(name).expect("the entry was there or has just been made")
}

#[cfg(test)]
mod tests;
