//! What one arm did on a day: its lists shown, the feedback on them, and what both are worth.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::fs;
use std::path::PathBuf;

use nar4rec_data::{DataError, DataSet, JsonLines, JsonLinesWriter, Split};
use nar4rec_simulator::{Query, Traffic, Truth, Visit};
use nar4rec_slate::{Exposure, Impression, Permutation};
use nar4rec_train::Diversity;
use serde::{Deserialize, Serialize};

use super::{DayCell, serving::Serving};
use crate::{ExperimentError, Store, Watcher, oracle::Oracle, outcome::of_diversity, store::disk, summary::OPTIMUM};

/// The figure that says how much of a day's lists stood in yesterday's.
pub(super) const CARRIED_OVER: &str = "carried over";

/// The last of [`Day::measures`].
pub(super) const UTILITY: &str = "utility";

/// What one arm did on a day, as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Day {
    /// The arm's name.
    pub arm: String,
    /// The seed.
    pub seed: u64,
    /// The day, from 1.
    pub day: u64,
    /// Lists it showed.
    pub lists: u64,
    /// Metric → value.
    pub figures: BTreeMap<String, f64>,
    /// What is summed up for the lift: every kind of feedback, and the utility.
    pub measures: Vec<String>,
    /// Query → what was earned with the lists of it.
    pub queries: BTreeMap<String, QueryTally>,
    /// The expected value of each measure of a list, over all queries alike: what the arm would earn on average, had it all traffic.
    pub expected: Vec<f64>,
    /// The configuration it was trained and run with.
    pub config: String,
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let optimum = self.figures.get(OPTIMUM).map_or(f64::NAN, |share| 100.0 * share);
        write!(f, "{}: {} lists, optimum {optimum:.1} %", self.arm, self.lists)?;
        let figures = self.measures.iter().filter_map(|measure| self.figures.get_key_value(&per_list(measure)));
        figures.into_iter().try_for_each(|(name, value)| write!(f, ", {name} {value:.4}"))
    }
}

/// What was earned with the lists of a query.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryTally {
    /// The number of lists.
    pub lists: u64,
    /// Of each measure the sum over lists: of feedback as it was given, of the utility as it is expected.
    pub sums: Vec<f64>,
}

/// The files in which is kept what an arm shows.
pub(super) struct DayLog {
    folder: PathBuf,
    day: u64,
    form: String,
}

impl DayLog {
    /// That of an arm's day, in the form of the data's train split.
    pub(super) fn of(cell: &DayCell<'_>, store: &Store, data: &DataSet) -> Result<Self, ExperimentError> {
        let folder = store.folder().join("logs").join(format!("{}-s{}", cell.arm.name, cell.seed));
        fs::create_dir_all(&folder).map_err(|source| disk(&folder, "write", source))?;
        let Some(form) = data.form(Split::Train) else {
            let problem = "no train split, expected one to train on".to_owned();
            return Err(DataError::Folder { folder: data.folder().display().to_string(), problem }.into());
        };
        Ok(Self { folder, day: cell.day, form: form.to_owned() })
    }

    fn file(&self, day: u64) -> PathBuf {
        self.folder.join(format!("day-{day}{}", self.form))
    }

    /// The files of the days before.
    pub(super) fn before(&self) -> Vec<PathBuf> {
        (1..self.day).map(|day| self.file(day)).collect()
    }

    /// The items that were shown for each query the day before.
    fn yesterday(&self, truth: &Truth) -> Result<Shown, ExperimentError> {
        let mut shown = Shown::new();
        if self.day == 1 {
            return Ok(shown);
        }
        for line in JsonLines::<Impression>::open(self.file(self.day - 1))? {
            let impression = line?.value;
            let candidates = impression.request().candidates();
            let items = shown.entry(truth.query(impression.request().request_id())?.id().to_owned()).or_default();
            items.extend(impression.shown().iter().map(|exposure| candidates[exposure.candidate].id.clone()));
        }
        Ok(shown)
    }
}

/// Query → items.
type Shown = HashMap<String, HashSet<String>>;

/// The share of the places of today's lists whose item was shown for the same query the day before, over the lists of queries for
/// which anything was. `None` where there is no such list.
pub(super) fn carried_over<'a>(
    today: impl Iterator<Item = (&'a str, &'a [&'a str])>,
    yesterday: &Shown,
) -> Option<f64> {
    let (mut places, mut again) = (0_usize, 0_usize);
    for (query, list) in today {
        if let Some(shown) = yesterday.get(query) {
            places += list.len();
            again += list.iter().filter(|item| shown.contains(**item)).count();
        }
    }
    (places > 0).then(|| again as f64 / places as f64)
}

/// Serves the visits of a day, keeps what is shown in the day's log, and measures it.
pub(super) fn served<'a>(
    serving: &Serving<'_>,
    (truth, traffic): (&'a Truth, &Traffic<'a>),
    visits: &[Visit<'a>],
    (log, watcher): (&DayLog, &mut dyn Watcher),
) -> Result<Day, ExperimentError> {
    let kinds = &truth.user().config().feedback;
    let measures: Vec<String> = kinds.iter().map(|kind| kind.name.clone()).chain([UTILITY.to_owned()]).collect();
    let mut oracle = Oracle::new(truth);
    let mut writer = JsonLinesWriter::create(log.file(log.day))?;
    let mut lists: Vec<Vec<&str>> = Vec::with_capacity(visits.len());
    let mut queries: BTreeMap<String, QueryTally> = BTreeMap::new();
    let asked: Vec<(String, &Query)> = visits.iter().map(|visit| (visit.request_id(), visit.query)).collect();
    serving.answer(&asked, |place, asked, answer| {
        let visit = &visits[place];
        oracle.judge(&asked, answer);
        let list = permutation(&answer.ranked.list, visit.query);
        let feedback = traffic.feedback(visit, &list);
        let tally = queries.entry(visit.query.id().to_owned()).or_default();
        tally.lists += 1;
        tally.sums.resize(measures.len(), 0.0);
        for (sum, kind) in tally.sums.iter_mut().zip(kinds) {
            *sum += feedback.iter().filter_map(|feedback| feedback.get(&kind.name)).sum::<f64>();
        }
        tally.sums[kinds.len()] += truth.user().utility(visit.query, &list);
        lists.push(list.iter().map(|item| visit.query.ids()[item].as_str()).collect());
        let shown = list.iter().zip(feedback).map(|(candidate, feedback)| Exposure { candidate, feedback }).collect();
        let impression = Impression::new(asked, shown).expect("a permutation of the candidates");
        writer.write(&impression)?;
        watcher.measured(place + 1);
        Ok(())
    })?;
    writer.finish()?;
    let mut figures = oracle.judged()?;
    let offered: BTreeSet<&str> = visits.iter().flat_map(|visit| visit.query.ids()).map(String::as_str).collect();
    figures.extend(of_diversity(Diversity::of(&lists, offered.len())));
    let shown = visits.iter().zip(&lists).map(|(visit, list)| (visit.query.id(), list.as_slice()));
    figures.extend(carried_over(shown, &log.yesterday(truth)?).map(|share| (CARRIED_OVER.to_owned(), share)));
    for (at, kind) in kinds.iter().enumerate().filter(|_| !visits.is_empty()) {
        let sum: f64 = queries.values().map(|tally| tally.sums[at]).sum();
        figures.insert(per_list(&kind.name), sum / visits.len() as f64);
    }
    let expected = expected(serving, (truth, traffic), log.day)?;
    Ok(Day { lists: visits.len() as u64, figures, measures, queries, expected, ..Day::default() })
}

fn permutation(list: &[usize], query: &Query) -> Permutation {
    Permutation::new(list.to_vec(), query.candidates()).expect("a system's lists are of distinct candidates")
}

/// The figure that says how much feedback of a kind a list has on average.
pub(super) fn per_list(kind: &str) -> String {
    format!("{kind} / list")
}

/// The expected value of every measure, over one list of each query.
fn expected(
    serving: &Serving<'_>,
    (truth, traffic): (&Truth, &Traffic<'_>),
    day: u64,
) -> Result<Vec<f64>, ExperimentError> {
    let queries = traffic.queries();
    let kinds = truth.user().config().feedback.len();
    let mut sums = vec![0.0; kinds + 1];
    let asked: Vec<(String, &Query)> =
        queries.iter().map(|query| (format!("{}/d{day}-all", query.id()), *query)).collect();
    serving.answer(&asked, |place, _, answer| {
        let list = permutation(&answer.ranked.list, queries[place]);
        for probabilities in truth.user().probabilities(queries[place], &list) {
            sums.iter_mut().zip(probabilities.kinds).for_each(|(sum, probability)| *sum += probability);
        }
        sums[kinds] += truth.user().utility(queries[place], &list);
        Ok(())
    })?;
    Ok(sums.into_iter().map(|sum| sum / queries.len() as f64).collect())
}
