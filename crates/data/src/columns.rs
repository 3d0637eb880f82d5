//! A table as text: one row a line, columns found by the names in the first line, cells separated and never quoted.

use crate::DataError;
use crate::lines::LineReader;

/// What stands between two cells.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Separator {
    Tab,
    Comma,
}

impl Separator {
    fn character(self) -> char {
        match self {
            Self::Tab => '\t',
            Self::Comma => ',',
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Tab => "tab",
            Self::Comma => "comma",
        }
    }
}

const EMPTY: &str = "the file is empty, expected a line with the names of the columns";

/// Where each of the columns that are read stands, and how many there are.
#[derive(Debug)]
pub(crate) struct Header<const N: usize> {
    columns: [&'static str; N],
    separator: Separator,
    places: [usize; N],
    width: usize,
}

impl<const N: usize> Header<N> {
    /// Reads the first line, which has to name `columns` in any order, and may name others.
    pub(crate) fn read(
        lines: &mut LineReader,
        columns: [&'static str; N],
        separator: Separator,
    ) -> Result<Self, DataError> {
        let mut header = Self { columns, separator, places: [0; N], width: 0 };
        let has_line = lines.advance()?;
        let row = header.no_row(lines);
        if !has_line {
            return Err(row.bad("", EMPTY));
        }
        let names: Vec<&str> = row.text(lines)?.split(separator.character()).collect();
        let mut places = [0; N];
        for (place, column) in places.iter_mut().zip(columns) {
            let found = names.iter().position(|name| *name == column);
            *place = found.ok_or_else(|| {
                let (kind, columns) = (separator.name(), columns.join(", "));
                row.bad(column, &format!("no such column, expected the {kind}-separated columns {columns}"))
            })?;
        }
        (header.places, header.width) = (places, names.len());
        Ok(header)
    }

    /// The cells of the line read last.
    pub(crate) fn row<'a>(&self, lines: &'a LineReader) -> Result<Row<'a, N>, DataError> {
        let mut row = self.no_row(lines);
        let text = row.text(lines)?;
        let mut width = 0;
        for cell in text.split(self.separator.character()) {
            if let Some(column) = self.places.iter().position(|place| *place == width) {
                row.cells[column] = cell;
            }
            width += 1;
        }
        if width != self.width {
            return Err(row.bad("", &format!("found {width} columns, expected {} as in line 1", self.width)));
        }
        Ok(row)
    }

    /// The line read last, before its cells are known.
    fn no_row<'a>(&self, lines: &'a LineReader) -> Row<'a, N> {
        Row { file: lines.source().name(), line: lines.number(), columns: self.columns, cells: [""; N] }
    }
}

/// The cells of one row, in the order in which the columns were asked for.
pub(crate) struct Row<'a, const N: usize> {
    file: &'a str,
    line: u64,
    columns: [&'static str; N],
    cells: [&'a str; N],
}

impl<'a, const N: usize> Row<'a, N> {
    fn bad(&self, field: &str, problem: &str) -> DataError {
        let (file, field, problem) = (self.file.to_owned(), field.to_owned(), problem.to_owned());
        DataError::Invalid { file, line: self.line, field, problem }
    }

    fn text(&self, lines: &'a LineReader) -> Result<&'a str, DataError> {
        std::str::from_utf8(lines.line()).map_err(|error| self.bad("", &format!("{error}, expected UTF-8")))
    }

    /// An id: a cell that is not empty.
    pub(crate) fn id(&self, column: usize) -> Result<&'a str, DataError> {
        match self.cells[column] {
            "" => Err(self.bad(self.columns[column], "empty, expected an id")),
            id => Ok(id),
        }
    }

    /// What `read` makes of a cell, or an error that says what was `expected`.
    pub(crate) fn value<T>(
        &self,
        column: usize,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, DataError> {
        let cell = self.cells[column];
        read(cell).ok_or_else(|| self.bad(self.columns[column], &format!("found {cell:?}, expected {expected}")))
    }

    /// A yes or no.
    pub(crate) fn flag(&self, column: usize) -> Result<bool, DataError> {
        self.value(column, "0 or 1", |cell| match cell {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        })
    }
}
