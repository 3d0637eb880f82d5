//! The item catalog, encoded: one row of item-level columns per item, found by id.

use std::collections::HashMap;

use nar4rec_slate::Item;

use crate::{Columns, Encoder, FeatureError};

/// Encoded items. Row 0 is the item of which nothing is known: every value missing.
///
/// Rows are only ever appended, so an [`crate::EncodedRequest`] stays valid while a catalog grows.
#[derive(Debug, Clone)]
pub struct Catalog {
    rows: HashMap<Box<str>, u32>,
    columns: Columns,
}

impl Catalog {
    /// The row of an item of which nothing is known.
    pub(crate) const UNKNOWN: usize = 0;

    /// A catalog without items, for an encoder's schema.
    pub fn empty(encoder: &Encoder) -> Self {
        Self { rows: HashMap::new(), columns: encoder.missing_item() }
    }

    /// A catalog of these items.
    ///
    /// # Errors
    /// As [`Self::push`]; the field begins with the item's place, as in `items[3].features.year`.
    pub fn from_items<'a>(encoder: &Encoder, items: impl IntoIterator<Item = &'a Item>) -> Result<Self, FeatureError> {
        let mut catalog = Self::empty(encoder);
        for (index, item) in items.into_iter().enumerate() {
            catalog.push(encoder, item).map_err(|error| error.within(&format!("items[{index}].")))?;
        }
        Ok(catalog)
    }

    /// Adds an item, encoded by the encoder that this catalog was made for.
    ///
    /// # Errors
    /// If the id is there already, or a feature has a value of another kind than the schema's. The catalog is then as
    /// before.
    pub fn push(&mut self, encoder: &Encoder, item: &Item) -> Result<(), FeatureError> {
        if self.rows.contains_key(item.id.as_str()) {
            let found = format!("{:?} a second time", item.id);
            return Err(FeatureError { field: "id".into(), found, expected: "distinct ids".into() });
        }
        let row = u32::try_from(self.columns.rows()).expect("fewer than 2^32 items fit a catalog");
        encoder.encode_catalog_item(item, &mut self.columns)?;
        self.rows.insert(item.id.as_str().into(), row);
        Ok(())
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The row of an item among [`Self::columns`].
    pub fn row(&self, id: &str) -> Option<usize> {
        self.rows.get(id).map(|&row| row as usize)
    }

    /// The encoded items.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }
}
