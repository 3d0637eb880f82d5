//! A report as a table for people.

use super::report::{Comparison, Figure, Report, Row};

/// Click rates in per cent with their 95 % intervals.
pub(crate) fn to_text(report: &Report) -> String {
    let mut text = "click rates in per cent, with 95 % intervals\n".to_owned();
    if let Some(clip) = report.clip {
        text.push_str(&format!("weights above {clip} count as {clip}\n"));
    }
    report.comparisons.iter().for_each(|comparison| self::comparison(comparison, &mut text));
    text
}

fn comparison(Comparison { campaign, target, log, rows }: &Comparison, text: &mut String) {
    text.push_str(&format!("\n{campaign}: {target} predicted from the log of {log}\n"));
    text.push_str(&format!("{:<10}{:>8}{:>10}{:>9}", "position", "rows", "effective", "weight"));
    for column in [&format!("{log}, logged"), "IPS", "SNIPS", "doubly robust", &format!("{target}, measured")] {
        text.push_str(&format!("{column:>20}"));
    }
    text.push('\n');
    rows.iter().for_each(|row| self::row(row, text));
}

fn row(row: &Row, text: &mut String) {
    let position = row.position.map_or("all".to_owned(), |position| position.to_string());
    let Row { rows, effective_rows, largest_weight, .. } = row;
    text.push_str(&format!("{position:<10}{rows:>8}{effective_rows:>10.0}{largest_weight:>9.1}"));
    for figure in [row.logged, row.ips, row.snips, row.doubly_robust, row.measured] {
        let percent = |Figure { value, interval: [low, high] }: Figure| {
            format!("{:.2} [{:.2}, {:.2}]", 100.0 * value, 100.0 * low, 100.0 * high)
        };
        text.push_str(&format!("{:>20}", figure.map_or("–".to_owned(), percent)));
    }
    text.push('\n');
}
