//! Several requests side by side, as the layers consume them: ragged, without padding.
//!
//! Shapes, for B requests with R candidates together, U and C the widths of [`InputSpec`]: `user_numbers` `[B, U]`,
//! `candidate_numbers` `[R, C]`, each of `user_bags` B bags, each of `candidate_bags` R bags. The candidates of
//! request b are the rows `request_offsets[b]..request_offsets[b + 1]`.

use crate::{Catalog, Columns, EncodedRequest, InputSpec};

/// Bags of table rows: bag i holds `ids[offsets[i]..offsets[i + 1]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bags {
    /// Where each bag starts, and at the end the number of ids.
    pub offsets: Vec<u32>,
    /// Table rows.
    pub ids: Vec<u32>,
}

impl Default for Bags {
    fn default() -> Self {
        Self { offsets: vec![0], ids: Vec::new() }
    }
}

impl Bags {
    /// The number of bags.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there are no bags.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The ids in one bag.
    pub fn bag(&self, index: usize) -> &[u32] {
        &self.ids[self.offsets[index] as usize..self.offsets[index + 1] as usize]
    }

    /// Appends a bag.
    pub fn push(&mut self, ids: &[u32]) {
        self.ids.extend_from_slice(ids);
        self.offsets.push(u32::try_from(self.ids.len()).expect("fewer than 2^32 ids fit a batch"));
    }

    /// Removes the bags and keeps the buffers.
    pub fn clear(&mut self) {
        self.offsets.truncate(1);
        self.ids.clear();
    }
}

/// A batch of requests. Cleared and filled again it allocates nothing, once it has held as much before.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureBatch {
    /// Where the rows of each request start, and at the end the number of rows. `[B + 1]`
    pub request_offsets: Vec<usize>,
    /// `[B, U]`
    pub user_numbers: Vec<f32>,
    /// `[R, C]`
    pub candidate_numbers: Vec<f32>,
    /// The catalog's row of each candidate, or [`FeatureBatch::OWN_ITEM`] for one that does not have its item columns from
    /// there. `[R]`
    pub catalog_rows: Vec<u32>,
    /// For each of the user's bag features, B bags.
    pub user_bags: Vec<Bags>,
    /// For each of a candidate's bag features, R bags.
    pub candidate_bags: Vec<Bags>,
    /// See [`InputSpec::products`].
    products: Vec<(usize, usize)>,
    /// C, for the checks.
    candidate_width: usize,
}

impl FeatureBatch {
    /// Where a catalog row is expected: the candidate's item columns are its own.
    pub const OWN_ITEM: u32 = u32::MAX;

    /// An empty batch for inputs of this shape.
    pub fn new(spec: &InputSpec) -> Self {
        Self {
            request_offsets: vec![0],
            user_numbers: Vec::new(),
            candidate_numbers: Vec::new(),
            catalog_rows: Vec::new(),
            user_bags: vec![Bags::default(); spec.user_bags.len()],
            candidate_bags: vec![Bags::default(); spec.candidate_bags.len()],
            products: spec.products.clone(),
            candidate_width: spec.candidate_numbers,
        }
    }

    /// Removes the requests and keeps the buffers.
    pub fn clear(&mut self) {
        self.request_offsets.truncate(1);
        self.user_numbers.clear();
        self.candidate_numbers.clear();
        self.catalog_rows.clear();
        self.user_bags.iter_mut().chain(&mut self.candidate_bags).for_each(Bags::clear);
    }

    /// Appends a request with all its candidates. `catalog` is the one it was encoded with.
    pub fn push(&mut self, request: &EncodedRequest, catalog: &Catalog) {
        self.push_rows(request, catalog, 0..request.candidates());
    }

    /// Appends a request with only these of its candidates, in this order. What a candidate's columns say about its
    /// list, such as the rank of its score, stays what it is among all candidates of the request.
    pub fn push_selection(&mut self, request: &EncodedRequest, catalog: &Catalog, candidates: &[usize]) {
        self.push_rows(request, catalog, candidates.iter().copied());
    }

    fn push_rows(&mut self, request: &EncodedRequest, catalog: &Catalog, candidates: impl Iterator<Item = usize>) {
        self.user_numbers.extend_from_slice(request.user().numbers(0));
        push_bags(&mut self.user_bags, request.user(), 0);
        let before = self.rows();
        let mut rows = 0;
        for candidate in candidates {
            self.push_candidate(request, catalog, candidate);
            rows += 1;
        }
        self.request_offsets.push(before + rows);
        debug_assert_eq!(self.candidate_numbers.len(), self.rows() * self.candidate_width);
    }

    fn push_candidate(&mut self, request: &EncodedRequest, catalog: &Catalog, candidate: usize) {
        let (items, item) = request.item(catalog, candidate);
        self.catalog_rows.push(request.catalog_row(candidate).unwrap_or(Self::OWN_ITEM));
        let start = self.candidate_numbers.len();
        self.candidate_numbers.extend_from_slice(request.rows().numbers(candidate));
        self.candidate_numbers.extend_from_slice(items.numbers(item));
        let user = request.user().numbers(0);
        for &(left, right) in &self.products {
            let product = user[left] * self.candidate_numbers[start + right];
            self.candidate_numbers.push(product);
        }
        let (own, shared) = self.candidate_bags.split_at_mut(request.rows().bags());
        push_bags(own, request.rows(), candidate);
        push_bags(shared, items, item);
    }

    /// The rows of each request.
    pub fn request_rows(&self) -> impl ExactSizeIterator<Item = std::ops::Range<usize>> + '_ {
        self.request_offsets.windows(2).map(|bounds| bounds[0]..bounds[1])
    }

    /// The number of requests, B.
    pub fn requests(&self) -> usize {
        self.request_offsets.len() - 1
    }

    /// The number of candidates of all requests together, R.
    pub fn rows(&self) -> usize {
        self.request_offsets[self.requests()]
    }

    /// The number of candidates of each request, in order.
    pub fn lengths(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.request_rows().map(|rows| rows.len())
    }
}

fn push_bags(bags: &mut [Bags], columns: &Columns, row: usize) {
    debug_assert_eq!(bags.len(), columns.bags());
    for (index, bags) in bags.iter_mut().enumerate() {
        bags.push(columns.bag(row, index));
    }
}

#[cfg(test)]
mod tests;
