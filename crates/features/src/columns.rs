//! Encoded rows of one level: numbers, and bags of table rows.
//!
//! Shapes: numbers `[rows, numbers]` row-major; bags ragged, `[rows, bags]` row-major as ends into one list of ids,
//! so that a table of any width is three allocations. A bag is one category (none or one id) or one list (any number
//! of ids).

/// How many number columns and bags a row has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) numbers: usize,
    pub(crate) bags: usize,
}

/// Encoded rows of one level.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Columns {
    shape: Shape,
    rows: usize,
    numbers: Vec<f32>,
    /// Where each bag ends in `ids`; it starts where the one before ends.
    ends: Vec<u32>,
    ids: Vec<u32>,
}

impl Columns {
    pub(crate) fn new(shape: Shape) -> Self {
        Self { shape, ..Self::default() }
    }

    /// Forgets the rows and takes another shape; keeps the buffers.
    pub(crate) fn reset(&mut self, shape: Shape) {
        self.shape = shape;
        self.rows = 0;
        self.discard_unfinished_row();
    }

    pub(crate) fn reserve(&mut self, rows: usize) {
        self.numbers.reserve(rows * self.shape.numbers);
        self.ends.reserve(rows * self.shape.bags);
    }

    pub(crate) fn shrink_to_fit(&mut self) {
        self.numbers.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.ids.shrink_to_fit();
    }

    pub(crate) fn push_number(&mut self, number: f32) {
        debug_assert!(number.is_finite());
        self.numbers.push(number);
    }

    pub(crate) fn push_id(&mut self, id: u32) {
        self.ids.push(id);
    }

    pub(crate) fn end_bag(&mut self) {
        self.ends.push(u32::try_from(self.ids.len()).expect("fewer than 2^32 ids fit one table of columns"));
    }

    pub(crate) fn end_row(&mut self) {
        self.rows += 1;
        debug_assert_eq!(self.numbers.len(), self.rows * self.shape.numbers);
        debug_assert_eq!(self.ends.len(), self.rows * self.shape.bags);
    }

    /// Takes back what was pushed since the last [`Self::end_row`].
    pub(crate) fn discard_unfinished_row(&mut self) {
        self.numbers.truncate(self.rows * self.shape.numbers);
        self.ends.truncate(self.rows * self.shape.bags);
        self.ids.truncate(self.ends.last().map_or(0, |&end| end as usize));
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The numbers of one row.
    pub fn numbers(&self, row: usize) -> &[f32] {
        &self.numbers[row * self.shape.numbers..][..self.shape.numbers]
    }

    /// How many bags a row has.
    pub fn bags(&self) -> usize {
        self.shape.bags
    }

    /// The ids in one bag of one row.
    pub fn bag(&self, row: usize, bag: usize) -> &[u32] {
        debug_assert!(bag < self.shape.bags);
        let index = row * self.shape.bags + bag;
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.ids[start..self.ends[index] as usize]
    }

    #[cfg(test)]
    pub(crate) fn heap_bytes(&self) -> usize {
        4 * (self.numbers.capacity() + self.ends.capacity() + self.ids.capacity())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_rows() -> Columns {
        let mut columns = Columns::new(Shape { numbers: 1, bags: 2 });
        for (number, bags) in [(0.5, [&[7, 8][..], &[]]), (1.5, [&[], &[9]])] {
            columns.push_number(number);
            for bag in bags {
                bag.iter().for_each(|&id| columns.push_id(id));
                columns.end_bag();
            }
            columns.end_row();
        }
        columns
    }

    #[test]
    fn rows_and_bags_come_back_as_pushed() {
        let columns = two_rows();
        assert_eq!((columns.rows(), columns.numbers(0), columns.numbers(1)), (2, &[0.5][..], &[1.5][..]));
        let bags: Vec<&[u32]> =
            (0..2).flat_map(|row| (0..2).map(move |bag| (row, bag))).map(|(r, b)| columns.bag(r, b)).collect();
        assert_eq!(bags, [&[7, 8][..], &[], &[], &[9]]);
    }

    #[test]
    fn an_unfinished_row_leaves_nothing_behind() {
        let mut columns = two_rows();
        columns.push_number(2.0);
        columns.push_id(1);
        columns.end_bag();
        columns.push_id(2);
        columns.discard_unfinished_row();
        assert_eq!(columns, two_rows());
    }

    #[test]
    fn rows_without_columns_are_counted() {
        let mut columns = Columns::new(Shape::default());
        columns.end_row();
        assert_eq!((columns.rows(), columns.numbers(0).len()), (1, 0));
    }
}
