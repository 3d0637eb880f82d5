//! What the counts say about mistakes that no single line shows.

use std::collections::BTreeSet;

use super::{SplitReport, ValidationReport};
use crate::Split;

/// Seconds since 1970 reach this in the year 5138; milliseconds passed it in 1973.
const SURELY_MILLISECONDS: i64 = 100_000_000_000;

pub(super) fn warnings(report: &ValidationReport) -> Vec<String> {
    let mut warnings = Vec::new();
    for split in Split::ALL {
        match report.splits.iter().find(|found| found.split == split) {
            None => warnings.push(format!("{split}: there is no such split")),
            Some(found) => of_split(found, &mut warnings),
        }
    }
    times(&report.splits, &mut warnings);
    kinds(&report.splits, &mut warnings);
    if let Some(first) = &report.first_repeated_request {
        let count = report.repeated_requests;
        warnings.push(format!("request_id: {count} lines repeat an earlier request_id, the first is {first}"));
    }
    if report.catalog.as_ref().is_some_and(|catalog| catalog.items == 0) {
        warnings.push("items: the catalog is empty".to_owned());
    }
    if report.names_left_out {
        warnings.push("features: there are too many names to look at all of them; are ids used as names?".to_owned());
    }
    warnings
}

fn of_split(split: &SplitReport, warnings: &mut Vec<String>) {
    let name = split.split;
    if split.lists == 0 {
        warnings.push(format!("{name}: no lists"));
        return;
    }
    let counts = [
        (split.lists_without_time, "have no timestamp"),
        (split.lists_without_score, "have no score on any candidate"),
        (split.lists_partly_scored, "have a score on some candidates and none on others"),
        (split.lists_without_choice, "show all their candidates, so that only the order can be learnt from them"),
        (split.lists_without_feedback, "have no feedback on any shown item"),
    ];
    for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
        warnings.push(format!("{name}: {count} of {} lists {what}", split.lists));
    }
    if split.time.is_some_and(|time| time.last >= SURELY_MILLISECONDS) {
        warnings.push(format!("{name}: timestamps look like milliseconds, expected seconds since 1970"));
    }
    if let Some(share) = split.candidates_in_catalog.filter(|share| *share < 1.0) {
        warnings.push(format!("{name}: {:.2} % of the candidates are not in the catalog", 100.0 * (1.0 - share)));
    }
    if split.kinds_left_out {
        warnings.push(format!("{name}: there are too many kinds of feedback to look at all of them"));
    }
}

/// A split that starts before the one before it ends lets a model learn from the future.
fn times(splits: &[SplitReport], warnings: &mut Vec<String>) {
    for (index, later) in splits.iter().enumerate() {
        for earlier in &splits[..index] {
            let (Some(before), Some(after)) = (earlier.time, later.time) else { continue };
            if before.last > after.first {
                let (earlier, later) = (earlier.split, later.split);
                warnings.push(format!(
                    "{later} starts at {}, before {earlier} ends at {}: the figures are not those of a forecast",
                    after.first, before.last
                ));
            }
        }
    }
}

fn kinds(splits: &[SplitReport], warnings: &mut Vec<String>) {
    let of = |split: &SplitReport| split.feedback.iter().map(|found| found.kind.clone()).collect::<BTreeSet<_>>();
    let all: BTreeSet<String> = splits.iter().flat_map(of).collect();
    for split in splits.iter().filter(|split| split.lists > 0) {
        let found = of(split);
        for kind in all.difference(&found) {
            warnings.push(format!("{}: feedback `{kind}` never occurs, but does in another split", split.split));
        }
    }
}
