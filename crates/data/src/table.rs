//! Tables as text, one row at a time, columns found by the names in the first line.
//!
//! A cell that is quoted whole is read without its quotes, and a separator within them does not end it; a quote anywhere
//! else is a character like others. Doubled quotes stay doubled: no column that a converter reads holds text.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::lines::{LineReader, MAX_LINE_BYTES};
use crate::{DataError, Source};

/// What stands between two cells.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Separator {
    Tab,
    Comma,
}

impl Separator {
    fn byte(self) -> u8 {
        match self {
            Self::Tab => b'\t',
            Self::Comma => b',',
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

/// A table of which the columns `names` are read, in that order.
pub(crate) struct Table<const N: usize> {
    lines: LineReader,
    separator: Separator,
    names: [&'static str; N],
    /// Where each column stands.
    places: [usize; N],
    /// How many columns there are.
    width: usize,
}

impl<const N: usize> Table<N> {
    /// Reads the names in the first line.
    pub(crate) fn new(source: Source, separator: Separator, names: [&'static str; N]) -> Result<Self, DataError> {
        let lines = LineReader::new(source, MAX_LINE_BYTES);
        let mut table = Self { lines, separator, names, places: [usize::MAX; N], width: 0 };
        let some = table.lines.advance()?;
        let row = table.uncut();
        if !some {
            return Err(row.bad("", EMPTY));
        }
        let header: Vec<&str> = Cells::of(row.text(&table.lines)?, separator).collect();
        let mut places = table.places;
        for (place, column) in places.iter_mut().zip(names) {
            let found = header.iter().position(|name| *name == column);
            *place = found.ok_or_else(|| {
                let (kind, names) = (separator.name(), names.join(", "));
                row.bad(column, &format!("no such column, expected the {kind}-separated columns {names}"))
            })?;
        }
        (table.width, table.places) = (header.len(), places);
        Ok(table)
    }

    /// The next row; none at the end.
    pub(crate) fn next_row(&mut self) -> Result<Option<Row<'_, N>>, DataError> {
        if !self.lines.advance()? {
            return Ok(None);
        }
        let mut row = self.uncut();
        let mut count = 0;
        for cell in Cells::of(row.text(&self.lines)?, self.separator) {
            for (own, place) in row.cells.iter_mut().zip(self.places) {
                if place == count {
                    *own = cell;
                }
            }
            count += 1;
        }
        if count != self.width {
            return Err(row.bad("", &format!("found {count} columns, expected {} as in line 1", self.width)));
        }
        Ok(Some(row))
    }

    /// The name for messages.
    pub(crate) fn name(&self) -> &str {
        self.lines.source().name()
    }

    /// The line read last.
    fn uncut(&self) -> Row<'_, N> {
        Row { file: self.name(), line: self.lines.number(), names: self.names, cells: [""; N] }
    }
}

/// The cells of a line.
struct Cells<'a> {
    rest: Option<&'a str>,
    separator: u8,
}

impl<'a> Cells<'a> {
    fn of(line: &'a str, separator: Separator) -> Self {
        Self { rest: Some(line), separator: separator.byte() }
    }
}

impl<'a> Iterator for Cells<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        if let Some((cell, after)) = rest.strip_prefix('"').and_then(|text| quoted(text, self.separator)) {
            self.rest = after;
            return Some(cell);
        }
        let separator = char::from(self.separator);
        let (cell, after) = rest.split_once(separator).map_or((rest, None), |(cell, after)| (cell, Some(after)));
        self.rest = after;
        Some(cell)
    }
}

/// What stands before the quote that ends a cell, and what comes after the separator behind it; none if no quote
/// does.
fn quoted(text: &str, separator: u8) -> Option<(&str, Option<&str>)> {
    let mut from = 0;
    loop {
        let end = from + text[from..].find('"')?;
        match text.as_bytes().get(end + 1) {
            None => return Some((&text[..end], None)),
            Some(byte) if *byte == separator => return Some((&text[..end], Some(&text[end + 2..]))),
            Some(b'"') => from = end + 2,
            Some(_) => return None,
        }
    }
}

/// The cells of one row, in the order of the table's columns.
pub(crate) struct Row<'a, const N: usize> {
    file: &'a str,
    line: u64,
    names: [&'static str; N],
    /// The cells.
    pub(crate) cells: [&'a str; N],
}

impl<'a, const N: usize> Row<'a, N> {
    /// A row that stands in no text; `line` is its number.
    #[cfg(feature = "sqlite")]
    pub(crate) fn of(file: &'a str, line: u64, names: [&'static str; N], cells: [&'a str; N]) -> Self {
        Self { file, line, names, cells }
    }

    fn text(&self, lines: &'a LineReader) -> Result<&'a str, DataError> {
        std::str::from_utf8(lines.line()).map_err(|error| self.bad("", &format!("{error}, expected UTF-8")))
    }

    /// What is wrong with the row, or with a field of it.
    pub(crate) fn bad(&self, field: &str, problem: &str) -> DataError {
        let (file, field, problem) = (self.file.to_owned(), field.to_owned(), problem.to_owned());
        DataError::Invalid { file, line: self.line, field, problem }
    }

    /// What is wrong with a cell.
    pub(crate) fn unexpected(&self, column: usize, expected: &str) -> DataError {
        self.bad(self.names[column], &format!("found {:?}, expected {expected}", self.cells[column]))
    }

    /// A cell that is not empty.
    pub(crate) fn id(&self, column: usize) -> Result<&'a str, DataError> {
        match self.cells[column] {
            "" => Err(self.bad(self.names[column], "empty, expected an id")),
            id => Ok(id),
        }
    }

    /// What `read` makes of a cell; `expected` says what that is.
    pub(crate) fn value<T>(
        &self,
        column: usize,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, DataError> {
        read(self.cells[column]).ok_or_else(|| self.unexpected(column, expected))
    }

    /// A cell as the type asked for; `expected` says what that is.
    pub(crate) fn parsed<T: std::str::FromStr>(&self, column: usize, expected: &str) -> Result<T, DataError> {
        self.value(column, expected, |cell| cell.parse().ok())
    }

    /// A cell that is 0 or 1.
    pub(crate) fn flag(&self, column: usize) -> Result<bool, DataError> {
        self.value(column, "0 or 1", |cell| match cell {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        })
    }
}

/// Names by index, in the order of their first row.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) names: Vec<String>,
    index: HashMap<String, usize>,
}

impl Names {
    pub(crate) fn index(&mut self, name: &str) -> usize {
        if let Some(&index) = self.index.get(name) {
            return index;
        }
        self.names.push(name.to_owned());
        self.index.insert(name.to_owned(), self.names.len() - 1);
        self.names.len() - 1
    }
}

/// The one table in a folder; a file is itself.
pub(crate) fn find(src: &Path) -> Result<PathBuf, DataError> {
    if !src.is_dir() {
        return Ok(src.to_owned());
    }
    let problem = |problem: String| DataError::Folder { folder: src.display().to_string(), problem };
    let entries = fs::read_dir(src).map_err(|error| problem(error.to_string()))?;
    let is_table = |path: &PathBuf| {
        let name = path.to_string_lossy();
        [".tsv", ".tsv.gz", ".tsv.zst"].iter().any(|ending| name.ends_with(ending))
    };
    let mut tables: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_table).collect();
    match (tables.pop(), tables.len()) {
        (Some(table), 0) => Ok(table),
        (None, _) => Err(problem("no log, expected a .tsv or .tsv.gz file".to_owned())),
        (Some(_), others) => Err(problem(format!("{} .tsv files, expected one", others + 1))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Result<Vec<[String; 2]>, DataError> {
        separated(text, Separator::Tab)
    }

    fn separated(text: &str, separator: Separator) -> Result<Vec<[String; 2]>, DataError> {
        let source = Source::from_reader("t.tsv", std::io::Cursor::new(text.to_owned()))?;
        let mut table = Table::new(source, separator, ["b", "a"])?;
        let mut rows = Vec::new();
        while let Some(row) = table.next_row()? {
            rows.push(row.cells.map(str::to_owned));
        }
        Ok(rows)
    }

    #[test]
    fn columns_are_found_by_name() {
        assert_eq!(rows("a\tc\tb\n1\t2\t3\n\n4\t\t\r\n").unwrap(), [["3", "1"], ["", "4"]]);
        assert_eq!(rows("\u{feff}a\tb\r\n").unwrap(), [[""; 2]; 0]);
    }

    #[test]
    fn cells_quoted_whole_lose_their_quotes() {
        assert_eq!(rows("\"a\"\tb\n\"1\t2\"\t\"\"\n").unwrap(), [["", "1\t2"]]);
        assert_eq!(rows("a\tb\n\"x\"\"\t\"\"y\"\t1\n").unwrap(), [["1", "x\"\"\t\"\"y"]]);
        for free in ["\"x\" y", "x \"y\"", "\"x", "\""] {
            assert_eq!(rows(&format!("a\tb\n{free}\t1\n")).unwrap(), [["1", free]]);
        }
    }

    #[test]
    fn commas_separate_where_they_are_said_to() {
        let text = "a,b\n1\t2,3\n\"x,y\",\"z\"\n";
        assert_eq!(separated(text, Separator::Comma).unwrap(), [["3", "1\t2"], ["z", "x,y"]]);
        let message = separated("a\tb\n", Separator::Comma).unwrap_err().to_string();
        assert_eq!(message, "t.tsv:1: b: no such column, expected the comma-separated columns b, a");
    }

    #[test]
    fn what_is_no_table_is_told() {
        let message = |text| rows(text).unwrap_err().to_string();
        assert_eq!(message(""), format!("t.tsv:1: {EMPTY}"));
        assert_eq!(message("a\n"), "t.tsv:1: b: no such column, expected the tab-separated columns b, a");
        assert_eq!(message("a\tb\n1\n"), "t.tsv:2: found 1 columns, expected 2 as in line 1");
    }
}
