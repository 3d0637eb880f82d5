//! From the Yandex result pages to a data set for reranking.
//!
//! The log is a table with one shown page a row: query, ten urls, clicks at each position. `docs/converters.md` tells the
//! same in the user's words, and the conversion writes it beside the data. In short:
//!
//! 1. A list is the first `slate` urls of a page, the candidates are the page's urls and others of the query.
//! 2. Whatever list the training part of the log shows is for training or validation, and each list is for one of the two.
//!    The test split is the pages of the test part that show any other list, so every split shows lists of its own.
//! 3. The log has no time. Features are counts over the *other* lists of training that the log shows first before this
//!    one; validation and test count all of training. So no page's own clicks are ever in its features, nor those of other
//!    showings of its list, which is how it is for the lists of the test.

mod lists;
mod log;
mod past;
mod readme;

use std::io::Read;
use std::path::Path;

use nar4rec_slate::{Candidate, Exposure, Features, Feedback, Impression, Item, Request, User};
use rand::SeedableRng as _;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

use crate::converted::{Folder, check_share, check_sizes, named};
use crate::{DataError, Source, Split, table};
use lists::Pools;
use log::{Log, Part, Serp};
use past::Past;

/// How lists, candidates and splits are formed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct YandexSerpOptions {
    /// Decides which lists are for validation, which candidates are drawn, and which pages a cap keeps.
    pub seed: u64,
    /// Shown urls per list: so many of a page's first positions.
    pub slate: usize,
    /// Candidates per list, those of the page among them; fewer where the query has fewer.
    pub candidates: usize,
    /// The greatest share of the training pages that are for validation.
    pub valid_share: f64,
    /// How many pages of a query are kept in each part of the log, drawn at random; all if none.
    pub most_per_query: Option<usize>,
}

impl Default for YandexSerpOptions {
    fn default() -> Self {
        Self { seed: 0, slate: 10, candidates: 20, valid_share: 0.1, most_per_query: None }
    }
}

impl YandexSerpOptions {
    fn check(&self) -> Result<(), DataError> {
        check_sizes(self.slate, self.candidates)?;
        check_share("valid_share", self.valid_share)?;
        if self.most_per_query == Some(0) {
            let problem = "found 0, expected at least 1".to_owned();
            return Err(DataError::Option { option: "most_per_query", problem });
        }
        Ok(())
    }

    /// The seed of what happens at a place.
    fn seed_at(&self, place: usize) -> u64 {
        self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(place as u64)
    }
}

/// What a split holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SerpCounts {
    /// Pages.
    pub serps: u64,
    /// Distinct lists.
    pub lists: u64,
    /// Pages on which the url at each position was clicked, the first position first.
    pub clicks: Vec<u64>,
}

/// What a conversion of result pages read and wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct YandexSerpSummary {
    /// Rows of the log.
    pub rows: u64,
    /// Distinct queries.
    pub queries: u64,
    /// Distinct urls, all of which are in the catalog.
    pub urls: u64,
    /// The training split.
    pub train: SerpCounts,
    /// The validation split.
    pub valid: SerpCounts,
    /// The test split.
    pub test: SerpCounts,
    /// Pages of the test part left out because the training part shows their list.
    pub lists_seen_in_training: u64,
    /// Pages left out because their query had more than [`YandexSerpOptions::most_per_query`].
    pub beyond_most_per_query: u64,
}

impl YandexSerpSummary {
    /// The summary as text, several lines.
    pub fn to_text(&self) -> String {
        let Self { rows, queries, urls, train, valid, test, .. } = self;
        let splits = [(Split::Train, train), (Split::Valid, valid), (Split::Test, test)];
        let mut text = format!("{rows} pages: {queries} queries, {urls} urls\n");
        for (split, SerpCounts { serps, lists, clicks }) in splits {
            let rates = clicks.iter().map(|&clicks| format!("{:.3}", clicks as f64 / (*serps).max(1) as f64));
            let rates = rates.collect::<Vec<_>>().join(" ");
            text += &format!("{split}: {serps} pages of {lists} lists; click rate by position {rates}\n");
        }
        text += &format!(
            "left out: {} pages of the test part whose list the training part shows, {} beyond the most per query\n",
            self.lists_seen_in_training, self.beyond_most_per_query
        );
        text
    }

    fn counts(&mut self, split: Split) -> &mut SerpCounts {
        match split {
            Split::Train => &mut self.train,
            Split::Valid => &mut self.valid,
            Split::Test => &mut self.test,
        }
    }
}

/// Converts the log at `src`, `serps.tsv` or `serps.tsv.gz` or a folder with it, into a data set in `out`.
///
/// # Errors
/// If the log cannot be read or a row is bad, if a split would be empty, if `out` already holds another data set,
/// or if it cannot be written.
pub fn convert_yandex_serp(
    src: &Path,
    out: &Path,
    options: &YandexSerpOptions,
) -> Result<YandexSerpSummary, DataError> {
    convert(Source::open(table::find(src)?)?, out, options)
}

/// The same for a log that is no file; `name` stands in messages. It may be compressed.
///
/// # Errors
/// As for [`convert_yandex_serp`].
pub fn convert_yandex_serp_reader(
    name: &str,
    log: impl Read + Send + 'static,
    out: &Path,
    options: &YandexSerpOptions,
) -> Result<YandexSerpSummary, DataError> {
    convert(Source::from_reader(name, log)?, out, options)
}

fn convert(source: Source, out: &Path, options: &YandexSerpOptions) -> Result<YandexSerpSummary, DataError> {
    options.check()?;
    let name = source.name().to_owned();
    let mut log = Log::read(source, options.slate)?;
    let beyond_most_per_query = log.cap(options);
    let conversion = Conversion { log: &log, options, pools: Pools::new(&log), splits: lists::splits(&log, options) };
    let (serps, lists_seen_in_training) = conversion.serps();
    if let Some(split) = Split::ALL.into_iter().find(|split| serps[*split as usize].is_empty()) {
        let in_training = conversion.splits.iter().filter(|split| **split != Split::Test).count();
        if split != Split::Test && in_training > 1 {
            let problem = format!("found {}, which leaves no list for the {split} split", options.valid_share);
            return Err(DataError::Option { option: "valid_share", problem });
        }
        let problem = format!("no page is left for the {split} split, expected pages of several lists in both parts");
        return Err(DataError::Invalid { file: name, line: log.rows + 1, field: String::new(), problem });
    }
    let mut summary = YandexSerpSummary {
        rows: log.rows,
        queries: log.queries.len() as u64,
        urls: log.urls.len() as u64,
        lists_seen_in_training,
        beyond_most_per_query,
        ..Default::default()
    };
    let mut files = Folder::create(out)?;
    for url in &log.urls {
        files.write_item(&Item { id: url.clone(), features: Features::new() })?;
    }
    conversion.write(&serps, &mut files, &mut summary)?;
    files.finish(&readme::readme(options, &summary))?;
    Ok(summary)
}

struct Conversion<'a> {
    log: &'a Log,
    options: &'a YandexSerpOptions,
    pools: Pools,
    /// The split of each list.
    splits: Vec<Split>,
}

impl Conversion<'_> {
    /// The pages of each split, as indices: list after list in the order in which the log shows them first. And how many of
    /// the test part show a list of training.
    fn serps(&self) -> ([Vec<Vec<usize>>; 3], u64) {
        let (mut of_list, mut order) = (vec![Vec::new(); self.splits.len()], Vec::new());
        let mut seen = 0;
        for (place, serp) in self.log.serps.iter().enumerate() {
            let list = self.log.list(serp);
            if serp.part == Part::Test && self.splits[list] != Split::Test {
                seen += 1;
                continue;
            }
            if of_list[list].is_empty() {
                order.push(list);
            }
            of_list[list].push(place);
        }
        let mut serps = [Vec::new(), Vec::new(), Vec::new()];
        for list in order {
            serps[self.splits[list] as usize].push(std::mem::take(&mut of_list[list]));
        }
        (serps, seen)
    }

    fn write(
        &self,
        serps: &[Vec<Vec<usize>>; 3],
        files: &mut Folder,
        summary: &mut YandexSerpSummary,
    ) -> Result<(), DataError> {
        let mut past = Past::default();
        for split in Split::ALL {
            let counts = summary.counts(split);
            counts.clicks = vec![0; self.options.slate];
            for list in &serps[split as usize] {
                counts.lists += 1;
                for &place in list {
                    let serp = &self.log.serps[place];
                    counts.serps += 1;
                    for (clicks, &clicked) in counts.clicks.iter_mut().zip(&serp.clicked) {
                        *clicks += u64::from(clicked);
                    }
                    files.write(split, &self.impression(place, &past))?;
                }
                if split == Split::Train {
                    list.iter().for_each(|&place| past.add(self.log, &self.log.serps[place]));
                }
            }
        }
        Ok(())
    }

    /// One page as it is written: what was known before its list, and what was clicked.
    fn impression(&self, place: usize, past: &Past) -> Impression {
        let Self { log, options, .. } = self;
        let serp = &log.serps[place];
        let page = log.page(serp);
        let mut rng = Pcg64Mcg::seed_from_u64(options.seed_at(place));
        let candidates = self.pools.candidates(log, serp, options.candidates, &mut rng);
        let listed = candidates.iter().map(|&url| {
            let (score, features) = past.known(page.query, url);
            Candidate { id: log.urls[url].clone(), score: Some(score), features }
        });
        let query = log.queries[page.query].as_str().into();
        let user = User { id: None, features: named([("query", query)]) };
        let id = format!("{}-{}", serp.part.name(), serp.number);
        let request = Request::new(id, user, listed.collect()).expect("urls of a page and its pool are distinct");
        let shown = page.urls[..options.slate].iter().enumerate().map(|(position, url)| {
            let candidate = candidates.iter().position(|candidate| candidate == url);
            Exposure { candidate: candidate.expect("shown urls are candidates"), feedback: feedback(serp, position) }
        });
        Impression::new(request, shown.collect()).expect("the urls of a page are distinct")
    }
}

fn feedback(serp: &Serp, position: usize) -> Feedback {
    let kinds = [("click", serp.clicked[position]), ("last_click", serp.last_click == Some(position))];
    kinds.into_iter().map(|(kind, given)| (kind.to_owned(), f64::from(u8::from(given)))).collect()
}

#[cfg(test)]
mod tests;
