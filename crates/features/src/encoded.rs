//! One encoded request: compact enough to keep a training set of them in memory.
//!
//! A candidate costs its own columns and four bytes that point to its item in the catalog. Only a candidate whose
//! item is not in the catalog, or who overrides one of its values, carries item columns of its own.

use crate::{Catalog, Columns};

/// A request as numbers and table rows. It belongs to the [`Catalog`] that it was encoded with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EncodedRequest {
    /// One row.
    pub(crate) user: Columns,
    /// A row per candidate: the score's columns, then the candidate level.
    pub(crate) rows: Columns,
    /// Where each candidate's item columns are.
    pub(crate) items: Vec<ItemRef>,
    /// Item columns that are not the catalog's.
    pub(crate) own_items: Columns,
}

/// A row of the catalog, or a row of the request's own item columns; the highest bit says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ItemRef(u32);

impl ItemRef {
    const OWN: u32 = 1 << 31;

    pub(crate) fn catalog(row: usize) -> Self {
        Self(Self::low_bits(row))
    }

    pub(crate) fn own(row: usize) -> Self {
        Self(Self::low_bits(row) | Self::OWN)
    }

    fn low_bits(row: usize) -> u32 {
        u32::try_from(row).ok().filter(|&row| row < Self::OWN).expect("a catalog has fewer than 2^31 rows")
    }
}

impl EncodedRequest {
    /// The number of candidates.
    pub fn candidates(&self) -> usize {
        self.items.len()
    }

    /// The user's columns: one row.
    pub fn user(&self) -> &Columns {
        &self.user
    }

    /// The candidates' own columns, a row each.
    pub fn rows(&self) -> &Columns {
        &self.rows
    }

    /// The catalog's row of a candidate that adds nothing to it.
    pub fn catalog_row(&self, candidate: usize) -> Option<u32> {
        let ItemRef(bits) = self.items[candidate];
        (bits & ItemRef::OWN == 0).then_some(bits)
    }

    /// The item columns of a candidate, and which row of them.
    pub fn item<'a>(&'a self, catalog: &'a Catalog, candidate: usize) -> (&'a Columns, usize) {
        let ItemRef(bits) = self.items[candidate];
        if bits & ItemRef::OWN == 0 {
            (catalog.columns(), bits as usize)
        } else {
            (&self.own_items, (bits & !ItemRef::OWN) as usize)
        }
    }

    pub(crate) fn shrink_to_fit(&mut self) {
        self.items.shrink_to_fit();
        for columns in [&mut self.user, &mut self.rows, &mut self.own_items] {
            columns.shrink_to_fit();
        }
    }
}
