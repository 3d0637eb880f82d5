//! Outcomes put together: for each variant the mean over seeds and their spread, and how far the first is ahead.

use std::fmt;

use nar4rec_metrics::{Bootstrap, Difference, Groups};
use serde::Serialize;

use crate::{ExperimentError, Outcome};

/// A figure over seeds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Value {
    /// The mean.
    pub mean: f64,
    /// The standard deviation over seeds; nothing for one seed.
    pub deviation: Option<f64>,
}

impl Value {
    /// Of some values; nothing of none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        let deviation = (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt());
        (!values.is_empty()).then_some(Self { mean, deviation })
    }
}

/// One variant over its seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The variant.
    pub variant: String,
    /// The seeds that are done.
    pub seeds: Vec<u64>,
    /// Lines that its figures are without, because they are bad or do not fit it.
    pub skipped: u64,
    /// The figures, in the order of [`Summary::columns`].
    pub values: Vec<Option<Value>>,
    /// How far it is behind the first, in the order of [`Summary::compared`]; nothing for the first itself, and where no list has
    /// the figure.
    pub behind: Vec<Option<Behind>>,
}

/// How far a variant is behind the first in a figure, list by list.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Behind {
    /// The mean difference.
    pub mean: f64,
    /// The lower end of its 95 % interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The share of resamples in which it is not behind.
    pub not_behind: f64,
}

/// The lists that were measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct About {
    /// Their split.
    pub split: String,
    /// How many there are.
    pub lists: usize,
    /// How many of them have no relevant candidate, and so are in no ranking metric.
    pub without_positive: usize,
    /// The kind of feedback that makes an item relevant.
    pub relevance: String,
}

impl About {
    fn of(outcome: &Outcome) -> Self {
        let Outcome { split, lists, without_positive, relevance, .. } = outcome;
        Self { split: split.clone(), lists: *lists, without_positive: *without_positive, relevance: relevance.clone() }
    }
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { split, lists, without_positive, relevance } = self;
        write!(f, "{lists} lists of the {split} split, relevant = {relevance}")?;
        match without_positive {
            0 => Ok(()),
            without => write!(f, ", {without} without a relevant candidate in no ranking metric"),
        }
    }
}

/// An experiment so far.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// What was measured, of the first outcome.
    pub about: Option<About>,
    /// The figures' names.
    pub columns: Vec<String>,
    /// The figures that are compared list by list; by the first of them variants are ranked.
    pub compared: Vec<String>,
    /// The variant that ranks first.
    pub first: Option<String>,
    /// The variants, in the order of the experiment.
    pub rows: Vec<Row>,
}

/// What lists are worth on a known user, as a share of what is possible: one value for each query.
pub(crate) const OPTIMUM: &str = "optimum";
/// What the seconds of a training are called in a table.
pub(crate) const TRAINING_SECONDS: &str = "training, s";
/// What the milliseconds of one thread are called in which a list was made.
pub(crate) const LIST_MILLISECONDS: &str = "a list, ms";

/// What kind of number a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    /// Whether it is told in per cent.
    pub(crate) is_share: bool,
    /// Whether less of it is better.
    pub(crate) is_loss: bool,
    /// Decimals in a table.
    pub(crate) decimals: usize,
}

/// The form of the figure of this name.
pub(crate) fn form(name: &str) -> Form {
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    let is_loss = has(&["LogLoss", "lost", "repetition", "RMSE", TRAINING_SECONDS, LIST_MILLISECONDS]);
    let is_share = !has(&["LogLoss", "intra-list", " / list", TRAINING_SECONDS, LIST_MILLISECONDS]);
    let decimals = match name {
        TRAINING_SECONDS => 0,
        LIST_MILLISECONDS => 2,
        _ if is_share => 1,
        _ => 4,
    };
    Form { is_share, is_loss, decimals }
}

/// A figure of an outcome.
fn figure(outcome: &Outcome, name: &str) -> Option<f64> {
    match name {
        TRAINING_SECONDS => outcome.training_seconds,
        LIST_MILLISECONDS => (outcome.answered > 0).then(|| 1e3 * outcome.answering_seconds / outcome.answered as f64),
        _ => outcome.figures.get(name).copied(),
    }
}

/// The figures that come first, by how their names begin; the rest follows by name.
const FIRST: [&str; 13] = [
    OPTIMUM,
    "best proposed",
    "lost",
    "P@",
    "NDCG@",
    "MAP@",
    "F1@",
    "Recall@",
    "shown Recall@",
    "AUC",
    "shown AUC",
    "shown LogLoss",
    "shown Base",
];

impl Summary {
    /// The figure by whose mean over lists variants are ranked.
    pub fn ranked_by(&self) -> Option<&str> {
        self.compared.first().map(String::as_str)
    }

    /// Of outcomes.
    ///
    /// # Errors
    /// If outcomes of one experiment are of different lists.
    pub fn new(outcomes: &[Outcome]) -> Result<Self, ExperimentError> {
        for outcome in outcomes {
            alike(outcome, &outcomes[0])?;
        }
        let mut variants: Vec<&str> = Vec::new();
        for outcome in outcomes {
            if !variants.contains(&outcome.variant.as_str()) {
                variants.push(&outcome.variant);
            }
        }
        let columns = columns(outcomes);
        let compared = compared(outcomes, &columns);
        // Of each variant the values by list of each figure that is compared.
        let values = |variant: &&str| -> Vec<ByList> {
            compared.iter().map(|figure| by_list(of(outcomes, variant), figure)).collect()
        };
        let values: Vec<Vec<ByList>> = variants.iter().map(values).collect();
        let mean = |index: usize| {
            let known: Vec<f64> =
                values[index].first().into_iter().flat_map(|by| &by.values).copied().flatten().collect();
            Value::of(&known).map_or(0.0, |value| value.mean)
        };
        let first = (0..variants.len()).rev().max_by(|a, b| mean(*a).total_cmp(&mean(*b)));
        let row = |(index, variant): (usize, &&str)| {
            let best = first.filter(|first| *first != index).map(|first| &values[first]);
            let behind = |place: usize| -> Result<Option<Behind>, ExperimentError> {
                let Some(best) = best else { return Ok(None) };
                Ok(difference(&best[place], &values[index][place])?.map(Behind::from))
            };
            let behind: Result<_, ExperimentError> = (0..compared.len()).map(behind).collect();
            Ok(Row {
                variant: (*variant).to_owned(),
                seeds: of(outcomes, variant).map(|outcome| outcome.seed).collect(),
                skipped: of(outcomes, variant).map(|outcome| outcome.skipped).max().unwrap_or(0),
                values: columns.iter().map(|name| value(of(outcomes, variant), name)).collect(),
                behind: behind?,
            })
        };
        let rows: Result<_, ExperimentError> = variants.iter().enumerate().map(row).collect();
        let about = outcomes.first().map(About::of);
        Ok(Self { about, columns, first: first.map(|first| variants[first].to_owned()), rows: rows?, compared })
    }
}

impl From<Difference> for Behind {
    fn from(Difference { mean, not_above }: Difference) -> Self {
        Self { mean: mean.value, low: mean.low, high: mean.high, not_behind: not_above }
    }
}

/// The figures that are compared: what is possible on a known user, else how relevant items are ordered and how many there are.
fn compared(outcomes: &[Outcome], columns: &[String]) -> Vec<String> {
    let is_by_list = |name: &&String| outcomes.iter().any(|outcome| outcome.per_list.contains_key(*name));
    let find = |start: &str| columns.iter().filter(is_by_list).find(|name| name.starts_with(start)).cloned();
    match find(OPTIMUM) {
        Some(optimum) => vec![optimum],
        None => ["NDCG@", "P@"].into_iter().filter_map(find).collect(),
    }
}

/// The outcomes of a variant.
pub(crate) fn of<'a>(outcomes: &'a [Outcome], variant: &'a str) -> impl Iterator<Item = &'a Outcome> {
    outcomes.iter().filter(move |outcome| outcome.variant == variant)
}

fn value<'a>(outcomes: impl Iterator<Item = &'a Outcome>, name: &str) -> Option<Value> {
    Value::of(&outcomes.filter_map(|outcome| figure(outcome, name)).collect::<Vec<_>>())
}

/// The names of all figures.
fn columns(outcomes: &[Outcome]) -> Vec<String> {
    let mut names: Vec<String> = outcomes.iter().flat_map(|outcome| outcome.figures.keys().cloned()).collect();
    names.sort();
    names.dedup();
    let place = |name: &String| FIRST.iter().position(|first| name.starts_with(first)).unwrap_or(FIRST.len());
    names.sort_by_key(place);
    let times = [TRAINING_SECONDS, LIST_MILLISECONDS].map(str::to_owned);
    names.extend(times.into_iter().filter(|name| outcomes.iter().any(|outcome| figure(outcome, name).is_some())));
    names
}

/// Checks that two outcomes are of the same lists.
fn alike(outcome: &Outcome, other: &Outcome) -> Result<(), ExperimentError> {
    let lists = |outcome: &Outcome| outcome.per_list.values().map(Vec::len).max().unwrap_or(0).to_string();
    let differs = [
        ("split", outcome.split.clone(), other.split.clone()),
        ("relevance", outcome.relevance.clone(), other.relevance.clone()),
        ("number of lists", lists(outcome), lists(other)),
    ];
    match differs.into_iter().find(|(_, found, expected)| found != expected) {
        None => Ok(()),
        Some((what, found, expected)) => {
            let names = [outcome, other].map(|outcome| format!("outcomes/{}-s{}.json", outcome.variant, outcome.seed));
            Err(ExperimentError::Mixed { names, what, found, expected })
        }
    }
}

/// A figure of each list, or of each query of a known user.
#[derive(Debug, Clone, Default)]
pub(crate) struct ByList {
    /// The figure, where there is one.
    values: Vec<Option<f64>>,
    /// What each list was asked for; nothing where there is one value for each question.
    questions: Vec<u32>,
}

/// The mean over outcomes of a figure of each list, where it has one in all of them.
pub(crate) fn by_list<'a>(outcomes: impl Iterator<Item = &'a Outcome>, name: &str) -> ByList {
    let outcomes: Vec<&Outcome> = outcomes.collect();
    let columns: Vec<&Vec<Option<f64>>> = outcomes.iter().filter_map(|outcome| outcome.per_list.get(name)).collect();
    let lists = columns.first().map_or(0, |column| column.len());
    let mean = |list: usize| {
        let values: Option<Vec<f64>> = columns.iter().map(|column| column.get(list).copied().flatten()).collect();
        values.map(|values| values.iter().sum::<f64>() / values.len() as f64)
    };
    let of_lists = outcomes.first().filter(|_| name != OPTIMUM);
    let questions = of_lists.map_or_else(Vec::new, |outcome| outcome.questions.clone());
    ByList { values: (0..lists).map(mean).collect(), questions }
}

/// The difference of two figures over the lists that have both.
pub(crate) fn difference(first: &ByList, second: &ByList) -> Result<Option<Difference>, ExperimentError> {
    let (mut a, mut b, mut groups) = (Vec::new(), Vec::new(), Vec::new());
    for (list, both) in first.values.iter().zip(&second.values).enumerate() {
        let (Some(of_first), Some(of_second)) = both else { continue };
        a.push(*of_first);
        b.push(*of_second);
        groups.push(first.questions.get(list).copied().unwrap_or(list as u32));
    }
    Ok(Bootstrap::default().difference(&a, &b, &Groups::of(groups))?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn outcome(variant: &str, seed: u64, ndcg: [f64; 4]) -> Outcome {
        let mean = ndcg.iter().sum::<f64>() / 4.0;
        let precision = if variant == "a" { 0.3 } else { 0.25 };
        Outcome {
            variant: variant.to_owned(),
            seed,
            lists: 5,
            answered: 4,
            answering_seconds: 0.5,
            figures: BTreeMap::from([
                ("NDCG@6".to_owned(), mean),
                ("AUC".to_owned(), 0.5),
                ("P@6".to_owned(), precision),
            ]),
            per_list: BTreeMap::from([
                ("NDCG@6".to_owned(), ndcg.into_iter().map(Some).chain([None]).collect::<Vec<_>>()),
                ("P@6".to_owned(), vec![Some(precision); 5]),
            ]),
            ..Outcome::default()
        }
    }

    #[test]
    fn means_deviations_and_differences() {
        let outcomes = [
            outcome("a", 1, [0.1, 0.2, 0.3, 0.4]),
            outcome("b", 1, [0.2, 0.3, 0.4, 0.5]),
            outcome("a", 2, [0.3, 0.4, 0.5, 0.6]),
            outcome("b", 2, [0.4, 0.5, 0.6, 0.7]),
        ];
        let summary = Summary::new(&outcomes).unwrap();
        assert_eq!(summary.columns, ["P@6", "NDCG@6", "AUC", "a list, ms"]);
        // 0.5 seconds for the 4 that were asked.
        assert_eq!(summary.rows[0].values[3].map(|value| value.mean), Some(125.0));
        let [a, b] = &summary.rows[..] else { panic!("two variants") };
        assert_eq!((a.variant.as_str(), a.seeds.as_slice()), ("a", &[1, 2][..]));
        let ndcg = a.values[1].unwrap();
        assert!((ndcg.mean - 0.35).abs() < 1e-12 && (ndcg.deviation.unwrap() - 0.02_f64.sqrt()).abs() < 1e-12);
        // b is better by 0.1 on every list.
        let [Some(ndcg), Some(precision)] = a.behind[..] else { panic!("two figures are compared") };
        assert!([ndcg.mean, ndcg.low, ndcg.high].iter().all(|value| (value - 0.1).abs() < 1e-9), "{ndcg:?}");
        assert!((precision.mean + 0.05).abs() < 1e-9, "in P the other is ahead: {precision:?}");
        assert_eq!((ndcg.not_behind, precision.not_behind), (0.0, 1.0));
        assert_eq!((summary.compared, summary.first), (vec!["NDCG@6".into(), "P@6".into()], Some("b".to_owned())));
        assert_eq!(b.behind, [None, None]);
    }

    #[test]
    fn on_a_known_user_what_is_possible_is_compared() {
        let mut outcomes = [outcome("a", 1, [0.5; 4]), outcome("b", 1, [0.25; 4])];
        for (outcome, optimum) in outcomes.iter_mut().zip([0.75, 0.875]) {
            outcome.figures.insert("optimum".to_owned(), optimum);
            outcome.per_list.insert("optimum".to_owned(), vec![Some(optimum); 5]);
        }
        let Summary { compared, first, rows, .. } = Summary::new(&outcomes).unwrap();
        assert_eq!((compared, first.as_deref()), (vec!["optimum".to_owned()], Some("b")));
        assert_eq!(rows[0].behind[0].map(|behind| behind.mean), Some(0.125));
    }

    #[test]
    fn nothing_is_summed_up_as_nothing() {
        let summary = Summary::new(&[]).unwrap();
        assert!(summary.rows.is_empty() && summary.columns.is_empty() && summary.about.is_none());
    }

    #[test]
    fn outcomes_of_different_lists_are_refused() {
        let refused = |change: fn(&mut Outcome)| {
            let mut other = outcome("b", 1, [0.0; 4]);
            change(&mut other);
            Summary::new(&[outcome("a", 2, [0.1; 4]), other]).unwrap_err().to_string()
        };
        let end = " as of outcomes/a-s2.json; remove it to have it made anew";
        for (message, expected) in [
            (refused(|other| "valid".clone_into(&mut other.split)), "split valid, expected "),
            (refused(|other| "like".clone_into(&mut other.relevance)), "relevance like, expected "),
            (
                refused(|other| other.per_list.values_mut().for_each(|of| of.truncate(3))),
                "number of lists 3, expected 5",
            ),
        ] {
            assert_eq!(message, format!("outcomes/b-s1.json: {expected}{end}"));
        }
    }

    #[test]
    fn lists_of_one_question_are_no_new_evidence() {
        let width = |questions: Vec<u32>| {
            let outcomes = [("a", [0.4, 0.2, 0.5, 0.6]), ("b", [0.3, 0.3, 0.3, 0.3])];
            let outcomes =
                outcomes.map(|(variant, ndcg)| Outcome { questions: questions.clone(), ..outcome(variant, 1, ndcg) });
            let behind = Summary::new(&outcomes).unwrap().rows[1].behind[0].unwrap();
            behind.high - behind.low
        };
        assert!(width(vec![0, 1, 2, 3, 4]) > 0.1 && width(vec![7; 5]) == 0.0, "one question asked five times");
        assert_eq!(width(vec![5, 1, 2, 3, 4]), width(Vec::new()), "each by itself");
    }

    #[test]
    fn a_list_that_one_system_leaves_out_is_no_part_of_their_difference() {
        let (first, mut second) = (outcome("a", 1, [0.4, 0.4, 0.4, 0.4]), outcome("b", 1, [0.3, 0.3, 0.3, 0.3]));
        second.per_list.get_mut("NDCG@6").unwrap()[1] = None;
        let summary = Summary::new(&[first, second]).unwrap();
        let behind = summary.rows[1].behind[0].unwrap();
        assert!((behind.mean - 0.1).abs() < 1e-9 && (behind.high - 0.1).abs() < 1e-9, "{behind:?}");
    }
}
