//! Systems side by side: the same requests, the same metrics, whoever made the lists.

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
    num::NonZeroUsize,
    sync::Arc,
};

use nar4rec_data::{DataSet, Skipped, Split};
use nar4rec_metrics::{
    Bootstrap, Figures, Ideal, ListResult, RankingMetrics, ScoreKind, Summary, distinct_pairs, item_coverage,
    repetition, shown_recall,
};
use nar4rec_rivals::Ranked;
use nar4rec_slate::{Impression, InvalidRequest, Request};
use rayon::prelude::*;

use crate::{EvaluateOptions, TrainError, evaluation::question, examples::impressions, item_vectors::ItemVectors};

/// Impressions read before they are answered together, and those of one parallel part.
const READ_AHEAD: usize = 512;
const PART: usize = 16;

/// The cutoff beyond the list at which recall is told: candidates not in the list follow it by score.
pub const DEEP: NonZeroUsize = NonZeroUsize::new(10).expect("10 is not zero");

/// What a system makes of one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Its list, and its score of every candidate.
    pub ranked: Ranked,
    /// The lists it judged before it chose, each with what it takes it to be worth; empty if it makes but one. What it shows is mostly one of
    /// them, but it may be made of their items.
    pub proposals: Vec<(Vec<usize>, f32)>,
}

/// A system that can be compared with others.
pub trait Compared: Sync {
    /// Its name.
    fn name(&self) -> String;

    /// Whether it answers by chance, so that requests for the same get different answers.
    fn is_random(&self) -> bool {
        false
    }

    /// What it makes of some requests, in their order.
    fn answer(&self, requests: &[&Request], length: usize) -> Vec<Result<Answer, InvalidRequest>>;

    /// The probability of each item that was shown, in the list that was shown, to be relevant; if it predicts one.
    ///
    /// # Errors
    /// If the impression does not fit the system.
    fn predict(&self, impression: &Impression) -> Result<Option<Vec<f32>>, InvalidRequest>;
}

/// What a system makes of an impression.
type Judged = (Arc<Answer>, Option<Vec<f32>>);

/// What a system makes of some impressions. Requests for the same that follow one another are answered once: a log may have the
/// same question many times over.
fn judged(system: &dyn Compared, impressions: &[&Impression], length: usize) -> Vec<Result<Judged, InvalidRequest>> {
    let mut different: Vec<&Request> = Vec::new();
    let answered_by: Vec<usize> = impressions
        .iter()
        .map(|impression| {
            let request = impression.request();
            let again = different.last().is_some_and(|last| !system.is_random() && last.asks_the_same(request));
            if !again {
                different.push(request);
            }
            different.len() - 1
        })
        .collect();
    let answers: Vec<_> = system.answer(&different, length).into_iter().map(|answer| answer.map(Arc::new)).collect();
    impressions
        .iter()
        .zip(answered_by)
        .map(|(impression, by)| Ok((answers[by].clone()?, system.predict(impression)?)))
        .collect()
}

/// How one system did.
#[derive(Debug)]
pub struct SystemFigures {
    /// Its name.
    pub name: String,
    /// Ranking metrics of its lists, and AUC of its scores over all candidates, with intervals over lists.
    pub lists: Figures,
    /// Of the items that were shown: how many of them its first K would be, the paper's Recall@K; AUC and LogLoss of what it
    /// predicts of them, if it predicts anything.
    pub shown: Figures,
    /// The metrics of each list, for comparisons list by list; nothing where no candidate was relevant, and of a line that was
    /// left out because it does not fit one of the systems.
    pub per_list: Vec<Option<RankingMetrics>>,
    /// How different its lists are from one another.
    pub diversity: Diversity,
}

/// How different the lists of a run are from one another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Diversity {
    /// Different items in all lists, as a share of all different candidates.
    pub coverage: f64,
    /// The share of places whose item stood in an earlier place already.
    pub repetition: f64,
    /// The share of different ones among all pairs of neighbours.
    pub distinct_pairs: f64,
    /// The mean over lists of 1 − cos between two items of a list, over what the catalog says about them; nothing if it says
    /// nothing.
    pub intra_list_distance: Option<f64>,
}

impl Diversity {
    /// Of lists of items that nothing is known about, where `offered` different items stood among their candidates.
    pub fn of<Id: Hash + Eq>(lists: &[Vec<Id>], offered: usize) -> Self {
        let items = || lists.iter().flatten();
        Self {
            coverage: item_coverage(items(), offered).unwrap_or(0.0),
            repetition: repetition(items()).unwrap_or(0.0),
            distinct_pairs: distinct_pairs(lists.iter().map(Vec::as_slice)).unwrap_or(0.0),
            intra_list_distance: None,
        }
    }
}

/// Systems side by side.
#[derive(Debug)]
pub struct Comparison {
    /// The split.
    pub split: Split,
    /// Its lists.
    pub lists: usize,
    /// The kind of feedback that makes an item relevant.
    pub relevance: String,
    /// The systems, in the order given.
    pub systems: Vec<SystemFigures>,
    /// Of each list what was asked, as [`SystemFigures::per_list`]: lists of one question are resampled together.
    pub questions: Vec<u64>,
    /// Lines that were left out.
    pub skipped: Skipped,
}

/// Measures systems on a split. `each` sees every impression, with the systems' answers in their order and how many
/// impressions there were before.
///
/// # Errors
/// If the split cannot be read, or a line does not fit one of the systems.
pub fn compare(
    systems: &[&dyn Compared],
    length: NonZeroUsize,
    data: &DataSet,
    options: &EvaluateOptions,
    mut each: impl FnMut(usize, &Impression, &[Arc<Answer>]),
) -> Result<Comparison, TrainError> {
    let mut lines = impressions(data, options.split, &[])?.on_bad(options.on_bad);
    let mut tables: Vec<Table> = systems.iter().map(|_| Table::new(length)).collect();
    let vectors = ItemVectors::of(data, options.on_bad)?;
    let (mut lists, mut offered, mut questions) = (0, HashMap::new(), Vec::new());
    loop {
        let ahead = lines.next_lines(READ_AHEAD)?;
        if ahead.is_empty() {
            break;
        }
        let judged: Vec<_> = ahead
            .par_chunks(PART)
            .flat_map_iter(|part| {
                let part: Vec<&Impression> = part.iter().map(|line| &line.value).collect();
                let mut judged: Vec<_> =
                    systems.iter().map(|system| judged(*system, &part, length.get()).into_iter()).collect();
                let of_each = part.iter().map(|_| -> Result<(Vec<_>, Vec<_>), InvalidRequest> {
                    judged.iter_mut().map(|of| of.next().expect("one for each impression")).collect()
                });
                of_each.collect::<Vec<_>>()
            })
            .collect();
        for (line, judged) in ahead.iter().zip(judged) {
            let question = question(line.value.request());
            questions.push(question);
            match judged {
                Ok((answers, predicted)) => {
                    let seen = Seen::new(question, &line.value, &options.relevance, &mut offered);
                    for (table, (answer, predicted)) in tables.iter_mut().zip(answers.iter().zip(&predicted)) {
                        table.push(&seen, answer, predicted.as_deref())?;
                        let ids = answer
                            .ranked
                            .list
                            .iter()
                            .map(|index| line.value.request().candidates()[*index].id.as_str());
                        table.distances.extend(vectors.distance(ids));
                    }
                    each(lists, &line.value, &answers);
                    lists += 1;
                }
                Err(problem) => {
                    lines.reject(line.number, problem)?;
                    tables.iter_mut().for_each(|table| table.per_list.push(None));
                }
            }
        }
    }
    let name = lines.name().to_owned();
    let skipped = lines.into_skipped();
    if lists == 0 {
        return Err(TrainError::Empty { file: name, bad: skipped.count });
    }
    let bootstrap = Bootstrap::default();
    let finished = systems.iter().zip(tables);
    let systems = finished.map(|(system, table)| table.finish(system.name(), offered.len(), &bootstrap)).collect();
    Ok(Comparison { split: options.split, lists, relevance: options.relevance.clone(), systems, questions, skipped })
}

/// One impression, and what users did with it.
struct Seen {
    /// What was asked.
    question: u64,
    /// The number of each candidate's item among all of the run.
    items: Vec<u32>,
    /// Whether each candidate is relevant, as 0 and 1.
    relevance: Vec<f32>,
    labels: Vec<bool>,
    /// Each shown candidate and whether it is relevant; nothing if that was not observed.
    shown: Vec<(usize, Option<bool>)>,
}

impl Seen {
    /// `offered` numbers the items of the run, and gets those that are new.
    fn new(question: u64, impression: &Impression, kind: &str, offered: &mut HashMap<String, u32>) -> Self {
        let candidates = impression.request().candidates();
        let mut number = |id: &String| {
            let next = offered.len() as u32;
            offered.get(id).copied().unwrap_or_else(|| *offered.entry(id.clone()).or_insert(next))
        };
        let items = candidates.iter().map(|candidate| number(&candidate.id)).collect();
        let mut relevance = vec![0.0; candidates.len()];
        let mut shown = Vec::new();
        for exposure in impression.shown() {
            let observed = exposure.feedback.get(kind).map(|value| *value > 0.0);
            relevance[exposure.candidate] = f32::from(u8::from(observed.unwrap_or(false)));
            shown.push((exposure.candidate, observed));
        }
        Self { question, items, labels: relevance.iter().map(|relevance| *relevance > 0.0).collect(), relevance, shown }
    }
}

/// One system's figures in the making.
struct Table {
    length: NonZeroUsize,
    lists: Summary,
    shown: Summary,
    per_list: Vec<Option<RankingMetrics>>,
    /// The items of each list, by their numbers.
    produced: Vec<Vec<u32>>,
    /// How far apart the items of each list are, where that is known.
    distances: Vec<f64>,
}

impl Table {
    fn new(length: NonZeroUsize) -> Self {
        Self {
            length,
            lists: Summary::new(length, ScoreKind::Ranking),
            shown: Summary::new(length, ScoreKind::Probability),
            per_list: Vec::new(),
            produced: Vec::new(),
            distances: Vec::new(),
        }
    }

    fn push(&mut self, seen: &Seen, answer: &Answer, predicted: Option<&[f32]>) -> Result<(), TrainError> {
        let Ranked { list, scores } = &answer.ranked;
        let relevance = |list: &[usize]| list.iter().map(|index| seen.relevance[*index]).collect::<Vec<f32>>();
        let of_list = relevance(list);
        let ideal = Ideal::new(&seen.relevance)?;
        let metrics =
            |cutoff, list: &[f32]| ideal.as_ref().map(|ideal| RankingMetrics::at(cutoff, list, ideal)).transpose();
        // Of lists as deep it is among the list's own metrics.
        let deep = match self.length == DEEP {
            true => None,
            false => metrics(DEEP, &relevance(&continued(list, scores, DEEP.get())))?,
        };
        let name = format!("Recall@{DEEP}");
        let recall: Vec<(&str, f64)> = deep.map(|metrics| (name.as_str(), metrics.recall)).into_iter().collect();
        let group = Some(seen.question);
        self.lists.push(&ListResult {
            group,
            list: &of_list,
            candidates: &seen.relevance,
            scores,
            labels: &seen.labels,
            others: &recall,
        })?;
        self.per_list.push(metrics(self.length, &of_list)?);
        self.push_shown(seen, &answer.ranked, predicted)?;
        self.produced.push(list.iter().map(|index| seen.items[*index]).collect());
        Ok(())
    }

    /// What there is to say of the items that were shown.
    fn push_shown(&mut self, seen: &Seen, ranked: &Ranked, predicted: Option<&[f32]>) -> Result<(), TrainError> {
        let shown: Vec<usize> = seen.shown.iter().map(|(candidate, _)| *candidate).collect();
        let recalls = BTreeSet::from([self.length, DEEP]).into_iter().filter_map(|cutoff| {
            let ranking = continued(&ranked.list, &ranked.scores, cutoff.get());
            Some((format!("Recall@{cutoff}"), shown_recall(&ranking, &shown, cutoff)?))
        });
        let recalls: Vec<(String, f64)> = recalls.collect();
        let others: Vec<(&str, f64)> = recalls.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let predicted = predicted.unwrap_or_default().iter().zip(&seen.shown);
        let (scores, labels): (Vec<f32>, Vec<bool>) =
            predicted.filter_map(|(p, (_, label))| Some((*p, (*label)?))).unzip();
        let group = Some(seen.question);
        self.shown.push(&ListResult {
            scores: &scores,
            labels: &labels,
            group,
            others: &others,
            ..ListResult::default()
        })?;
        Ok(())
    }

    /// The figures; `offered` items stood among candidates.
    fn finish(self, name: String, offered: usize, bootstrap: &Bootstrap) -> SystemFigures {
        let intra_list_distance =
            (!self.distances.is_empty()).then(|| self.distances.iter().sum::<f64>() / self.distances.len() as f64);
        SystemFigures {
            name,
            lists: self.lists.finish(bootstrap),
            shown: self.shown.finish(bootstrap),
            per_list: self.per_list,
            diversity: Diversity { intra_list_distance, ..Diversity::of(&self.produced, offered) },
        }
    }
}

/// The list, and after it the other candidates by score, cut to `length`.
fn continued(list: &[usize], scores: &[f32], length: usize) -> Vec<usize> {
    let rest = Ranked::greatest(scores, scores.len()).list.into_iter().filter(|index| !list.contains(index));
    list.iter().copied().chain(rest).take(length).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use nar4rec_slate::{Candidate, Exposure, Features, Feedback, User};

    use super::*;

    /// Keeps the ids of what it was asked.
    struct Asked {
        ids: Mutex<Vec<String>>,
        is_random: bool,
    }

    impl Compared for Asked {
        fn name(&self) -> String {
            "asked".to_owned()
        }

        fn is_random(&self) -> bool {
            self.is_random
        }

        fn answer(&self, requests: &[&Request], _: usize) -> Vec<Result<Answer, InvalidRequest>> {
            self.ids.lock().unwrap().extend(requests.iter().map(|request| request.request_id().to_owned()));
            let answer = |request: &&Request| match request.candidates()[0].id.as_str() {
                "bad" => Err(InvalidRequest::new("candidates", "bad")),
                id => {
                    let scores = vec![id.len() as f32];
                    Ok(Answer { ranked: Ranked { list: vec![0], scores }, proposals: Vec::new() })
                }
            };
            requests.iter().map(answer).collect()
        }

        fn predict(&self, impression: &Impression) -> Result<Option<Vec<f32>>, InvalidRequest> {
            Ok(Some(vec![impression.request().request_id().len() as f32]))
        }
    }

    #[test]
    fn a_question_that_follows_itself_is_answered_once_and_by_chance_each_time() {
        let impression = |id: &str, item: &str| {
            let candidate = Candidate { id: item.to_owned(), score: None, features: Features::new() };
            let request = Request::new(id, User::default(), vec![candidate]).unwrap();
            Impression::new(request, vec![Exposure { candidate: 0, feedback: Feedback::new() }]).unwrap()
        };
        let impressions =
            [("1", "a"), ("02", "a"), ("3", "bb"), ("4", "bad"), ("5", "bad"), ("006", "bb"), ("7", "bb")]
                .map(|(id, item)| impression(id, item));
        let impressions: Vec<&Impression> = impressions.iter().collect();
        for (is_random, expected) in [(false, "1 3 4 006"), (true, "1 02 3 4 5 006 7")] {
            let system = Asked { ids: Mutex::default(), is_random };
            let found: Vec<_> = judged(&system, &impressions, 1)
                .into_iter()
                .map(|judged| judged.ok().map(|(answer, predicted)| (answer.ranked.scores[0], predicted.unwrap()[0])))
                .collect();
            let of = |score, id| Some((score, id));
            let bad = None;
            assert_eq!(found, [of(1.0, 1.0), of(1.0, 2.0), of(2.0, 1.0), bad, bad, of(2.0, 3.0), of(2.0, 1.0)]);
            assert_eq!(system.ids.into_inner().unwrap().join(" "), expected);
        }
    }
}
