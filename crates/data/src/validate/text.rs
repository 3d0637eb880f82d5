//! A validation report for people.

use std::fmt::Write as _;

use super::{FeatureReport, NumberRange, SplitReport, ValidationReport};

impl ValidationReport {
    /// The report as text, several lines, for a terminal.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for split in &self.splits {
            text += &split_text(split);
        }
        let _ = writeln!(text, "users       {}", self.users);
        let _ = write!(text, "items       {} among the candidates", self.candidate_items);
        match &self.catalog {
            Some(catalog) => {
                let _ = writeln!(text, ", {} in the catalog", catalog.items);
            }
            None => text += ", no catalog\n",
        }
        if !self.features.is_empty() {
            text += &feature_table(&self.features);
        }
        for warning in &self.warnings {
            let _ = writeln!(text, "warning: {warning}");
        }
        for error in &self.errors {
            let _ = writeln!(text, "error: {error}");
        }
        let listed = self.errors.len() as u64;
        if self.error_count > listed {
            let _ = writeln!(text, "and {} more errors", self.error_count - listed);
        }
        let _ = writeln!(text, "{} errors, {} warnings", self.error_count, self.warnings.len());
        text
    }
}

/// A `String` takes every write, so the results of writing need no look here.
fn split_text(split: &SplitReport) -> String {
    let mut text = String::new();
    let _ = write!(text, "{:<11} {} lists", split.split, split.lists);
    if let Some(range) = &split.candidates {
        let _ = write!(text, ", {} candidates", per_list(range));
    }
    if let Some(range) = &split.shown {
        let _ = write!(text, ", {} shown", per_list(range));
    }
    if let Some(share) = split.candidates_in_catalog {
        let _ = write!(text, ", {:.1} % of candidates in the catalog", 100.0 * share);
    }
    if let Some(time) = split.time {
        let _ = write!(text, ", time {} to {}", time.first, time.last);
    }
    if split.bad_lines > 0 {
        let _ = write!(text, ", {} bad lines", split.bad_lines);
    }
    text += "\n";
    for kind in &split.feedback {
        let NumberRange { count, min, mean, max } = kind.values;
        let _ = writeln!(text, "  {:<14} mean {mean:.4} on {count} shown items, {min} to {max}", kind.kind);
    }
    text
}

/// `30`, or `2 to 30 (mean 17.5)`.
fn per_list(range: &NumberRange) -> String {
    if range.min == range.max {
        return range.min.to_string();
    }
    format!("{} to {} (mean {:.1})", range.min, range.max, range.mean)
}

fn feature_table(features: &[FeatureReport]) -> String {
    let width = features.iter().map(|feature| feature.name.chars().count()).max().unwrap_or(0).max(7);
    let mut text = format!("{:<10} {:<width$} {:<18} {:>8} {:>9}\n", "level", "feature", "kind", "missing", "distinct");
    for feature in features {
        let missing = format!("{:.1} %", 100.0 * feature.missing_share);
        let FeatureReport { level, name, kind, distinct, .. } = feature;
        let _ = write!(text, "{level:<10} {name:<width$} {kind:<18} {missing:>8} {distinct:>9}");
        if let Some(NumberRange { min, mean, max, .. }) = feature.range {
            let _ = write!(text, "  {min} to {max} (mean {mean:.4})");
        }
        text += "\n";
    }
    text
}
