//! Tables as text and as Markdown.

use std::fmt::Write;

/// Rows of cells below a row of titles. The first column is to the left, the others to the right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Table {
    titles: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these titles.
    pub(crate) fn new<const N: usize>(titles: [&str; N]) -> Self {
        Self { titles: titles.map(str::to_owned).to_vec(), rows: Vec::new() }
    }

    /// Appends a row.
    pub(crate) fn push<const N: usize>(&mut self, cells: [String; N]) {
        debug_assert_eq!(N, self.titles.len());
        self.rows.push(cells.to_vec());
    }

    /// For a terminal.
    pub(crate) fn text(&self) -> String {
        let widths = self.widths();
        let line = |cells: &Vec<String>| {
            let cells = cells.iter().zip(&widths).enumerate().map(|(column, (cell, width))| pad(cell, *width, column));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
        };
        std::iter::once(&self.titles).chain(&self.rows).map(line).collect()
    }

    /// For a document.
    pub(crate) fn markdown(&self) -> String {
        let widths = self.widths();
        let line = |cells: &Vec<String>| {
            let cells = cells.iter().zip(&widths).enumerate().map(|(column, (cell, width))| pad(cell, *width, column));
            format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
        };
        let rule = widths.iter().enumerate().map(|(column, width)| match column {
            0 => "-".repeat(width + 2),
            _ => "-".repeat(width + 1) + ":",
        });
        let mut out = line(&self.titles);
        let _ = writeln!(out, "|{}|", rule.collect::<Vec<_>>().join("|"));
        out.extend(self.rows.iter().map(line));
        out
    }

    fn widths(&self) -> Vec<usize> {
        let rows = || std::iter::once(&self.titles).chain(&self.rows);
        let widest = |column: usize| rows().map(|row| row[column].chars().count()).max().unwrap_or(0).max(1);
        (0..self.titles.len()).map(widest).collect()
    }
}

fn pad(cell: &str, width: usize, column: usize) -> String {
    if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
}

/// A time of so many nanoseconds, with three digits that count.
pub(crate) fn duration(nanoseconds: f64) -> String {
    let (number, unit) = match nanoseconds {
        x if x < 1e3 => (x, "ns"),
        x if x < 1e6 => (x / 1e3, "µs"),
        x if x < 1e9 => (x / 1e6, "ms"),
        x => (x / 1e9, "s"),
    };
    format!("{} {unit}", digits(number))
}

/// Three digits that count.
pub(crate) fn digits(number: f64) -> String {
    let places = match number.abs() {
        x if x < 9.995 => 2,
        x if x < 99.95 => 1,
        _ => 0,
    };
    format!("{number:.places$}")
}

/// The number in the middle, the greater of two.
pub(crate) fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The geometric mean.
pub(crate) fn geometric_mean(numbers: &[f64]) -> f64 {
    (numbers.iter().map(|x| x.ln()).sum::<f64>() / numbers.len() as f64).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(["name", "time", ""]);
        table.push(["a".to_owned(), "12 µs".to_owned(), String::new()]);
        table.push(["longer".to_owned(), "3 s".to_owned(), "*".to_owned()]);
        assert_eq!(table.text(), "name     time\na       12 µs\nlonger    3 s  *\n");
        let expected =
            "| name   |  time |   |\n|--------|------:|--:|\n| a      | 12 µs |   |\n| longer |   3 s | * |\n";
        assert_eq!(table.markdown(), expected);
    }

    #[test]
    fn times_have_three_digits() {
        let times = [9.994, 9.996, 99.96, 999.4, 1e3, 123_456.0, 1.5e7, 2.5e9].map(duration);
        assert_eq!(times, ["9.99 ns", "10.0 ns", "100 ns", "999 ns", "1.00 µs", "123 µs", "15.0 ms", "2.50 s"]);
    }

    #[test]
    fn means() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert!(median(&[]).is_nan());
        assert!((geometric_mean(&[2.0, 8.0]) - 4.0).abs() < 1e-12);
    }
}
