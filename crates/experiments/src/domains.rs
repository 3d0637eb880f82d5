//! One experiment on several data sets: does the order of the variants hold?
//!
//! ```text
//!   of each data set          its Summary; each variant's rank by the figure that ranks; of each pair of variants who is ahead
//!   of two data sets          Kendall's τ-b of the variants' figures; pairs in the same order, in reverse, not told apart
//! ```
//!
//! A pair is *told apart* on a data set if the 95 % interval of its difference, by the paired bootstrap over lists, is beyond 0.
//! τ-b looks at all pairs alike, also at those whose order is chance, so pairs that are told apart on both are counted besides.

mod report;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use nar4rec_metrics::kendall_tau_b;
use serde::Serialize;

use crate::{
    ExperimentError, Outcome, Summary,
    summary::{ByList, by_list, difference, of},
};

/// An experiment on one of several data sets.
#[derive(Debug, Clone, Serialize)]
pub struct Domain {
    /// The data set's name.
    pub name: String,
    /// What was found on it.
    pub summary: Summary,
    /// Of each row of the summary its place by [`Summary::ranked_by`], from 1; equals share one.
    pub ranks: Vec<Option<usize>>,
    /// Of each pair of rows, the first and a later one, which is ahead on these lists beyond the interval.
    #[serde(skip)]
    told_apart: Vec<(usize, usize, Ordering)>,
}

impl Domain {
    /// A data set, the summary of the outcomes on it, and those.
    ///
    /// # Errors
    /// If two rows cannot be compared list by list.
    pub fn new(name: &str, summary: Summary, outcomes: &[Outcome]) -> Result<Self, ExperimentError> {
        let values: Vec<Option<f64>> = (0..summary.rows.len()).map(|row| ranking_value(&summary, row)).collect();
        let above = |value: f64| values.iter().flatten().filter(|other| **other > value).count();
        let ranks = values.iter().map(|value| value.map(|value| 1 + above(value))).collect();
        let told_apart = told_apart(&summary, outcomes)?;
        Ok(Self { name: name.to_owned(), summary, ranks, told_apart })
    }

    /// The place of a variant among the rows.
    fn row(&self, variant: &str) -> Option<usize> {
        self.summary.rows.iter().position(|row| row.variant == variant)
    }

    /// Who of two variants is ahead beyond the interval; `Equal` if neither is.
    fn ahead(&self, [a, b]: [&str; 2]) -> Ordering {
        let (Some(a), Some(b)) = (self.row(a), self.row(b)) else { return Ordering::Equal };
        let found = self.told_apart.iter().find_map(|(first, second, ordering)| match (*first, *second) {
            pair if pair == (a, b) => Some(*ordering),
            pair if pair == (b, a) => Some(ordering.reverse()),
            _ => None,
        });
        found.unwrap_or(Ordering::Equal)
    }
}

/// The figure by which a row is ranked.
fn ranking_value(summary: &Summary, row: usize) -> Option<f64> {
    let column = summary.columns.iter().position(|name| Some(name.as_str()) == summary.ranked_by())?;
    summary.rows[row].values[column].map(|value| value.mean)
}

/// The pairs of rows whose difference is beyond its interval, and which of the two is ahead.
fn told_apart(summary: &Summary, outcomes: &[Outcome]) -> Result<Vec<(usize, usize, Ordering)>, ExperimentError> {
    let Some(ranked_by) = summary.ranked_by() else { return Ok(Vec::new()) };
    let lists: Vec<ByList> = summary.rows.iter().map(|row| by_list(of(outcomes, &row.variant), ranked_by)).collect();
    let mut found = Vec::new();
    for second in 0..lists.len() {
        for first in 0..second {
            let Some(difference) = difference(&lists[first], &lists[second])? else { continue };
            match (difference.mean.low > 0.0, difference.mean.high < 0.0) {
                (true, _) => found.push((first, second, Ordering::Greater)),
                (_, true) => found.push((first, second, Ordering::Less)),
                _ => (),
            }
        }
    }
    Ok(found)
}

/// How far the orders of the variants on two data sets agree.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// The two data sets.
    pub data: [String; 2],
    /// Variants that were measured on both.
    pub variants: usize,
    /// Kendall's τ-b of the figures that rank them; nothing where they are not told apart at all.
    pub tau: Option<f64>,
    /// Pairs of variants that are told apart on both, in the same order.
    pub agree: usize,
    /// Pairs that are told apart on both, in reverse order.
    pub disagree: usize,
    /// Pairs that are not told apart on one or both.
    pub open: usize,
}

impl Agreement {
    fn of(first: &Domain, second: &Domain) -> Result<Self, ExperimentError> {
        let of_both: Vec<(&str, f64, f64)> = (first.summary.rows.iter().enumerate())
            .filter_map(|(index, row)| {
                let other = second.row(&row.variant)?;
                Some((
                    row.variant.as_str(),
                    ranking_value(&first.summary, index)?,
                    ranking_value(&second.summary, other)?,
                ))
            })
            .collect();
        let (mut agree, mut disagree, mut open) = (0, 0, 0);
        for (index, (b, ..)) in of_both.iter().enumerate() {
            for (a, ..) in &of_both[..index] {
                match (first.ahead([a, b]), second.ahead([a, b])) {
                    (Ordering::Equal, _) | (_, Ordering::Equal) => open += 1,
                    (of_first, of_second) if of_first == of_second => agree += 1,
                    _ => disagree += 1,
                }
            }
        }
        let values = |of: fn(&(&str, f64, f64)) -> f64| of_both.iter().map(of).collect::<Vec<f64>>();
        Ok(Self {
            data: [first.name.clone(), second.name.clone()],
            variants: of_both.len(),
            tau: kendall_tau_b(&values(|v| v.1), &values(|v| v.2))?,
            agree,
            disagree,
            open,
        })
    }
}

/// An experiment on several data sets.
#[derive(Debug, Clone, Serialize)]
pub struct DomainsSummary<'a> {
    /// The data sets.
    pub domains: &'a [Domain],
    /// Each pair of them.
    pub agreements: Vec<Agreement>,
}

impl<'a> DomainsSummary<'a> {
    /// Of data sets in the order in which they are told.
    ///
    /// # Errors
    /// If a figure that ranks is not finite.
    pub fn new(domains: &'a [Domain]) -> Result<Self, ExperimentError> {
        let pairs = domains
            .iter()
            .enumerate()
            .flat_map(|(index, first)| domains[index + 1..].iter().map(move |second| (first, second)));
        let agreements = pairs.map(|(first, second)| Agreement::of(first, second)).collect::<Result<_, _>>()?;
        Ok(Self { domains, agreements })
    }

    /// The variants of all data sets, each once, in the order of the experiment.
    fn variants(&self) -> Vec<&str> {
        let mut variants: Vec<&str> = Vec::new();
        for row in self.domains.iter().flat_map(|domain| &domain.summary.rows) {
            if !variants.contains(&row.variant.as_str()) {
                variants.push(&row.variant);
            }
        }
        variants
    }
}
